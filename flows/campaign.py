"""run-campaign: all stages of one campaign, from the first open one, waiting where people must act."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping

from prefect import flow, tags

from flows import assign, collect, confirm, draw, publish, push, reconcile, report, sync
from flows.alerts import look_after_failure
from flows.site import Site, open_site, resolve_campaign
from flows.stage import Stage, heard, perform
from flows.telling.run_marks import mark_run, names_of, tags_of
from flows.telling.run_page import write_campaign_page
from ledger.campaigns import stages
from schemas.campaign import Campaign

# In the order of the notice's 工作程序 (五(三) 1-7).
STAGES: tuple[Stage, ...] = (
    sync.STAGE,
    draw.STAGE,
    confirm.STAGE,
    assign.STAGE,
    push.STAGE,
    collect.STAGE,
    publish.STAGE,
    reconcile.STAGE,
    report.STAGE,
)

_FLOWS: Mapping[str, Callable[[str], Awaitable[dict[str, object]]]] = {
    "sync": sync.sync_directories,
    "draw": draw.draw_entities,
    "confirm": confirm.confirm_entities,
    "assign": assign.assign_inspectors,
    "push": push.push_forms,
    "collect": collect.collect_results,
    "reconcile": reconcile.reconcile_publication,
    "report": report.report_statistics,
}


def open_stages(site: Site, campaign: Campaign) -> list[Stage]:
    """The stages that are not done, in order."""
    with site.ledger.read() as tx:
        known = stages(tx, campaign.task_id)
    return [stage for stage in STAGES if stage.key not in known or known[stage.key].state != "done"]


def run_here(site: Site, campaign: Campaign) -> None:
    """Runs the open stages in this process, without Prefect."""
    for stage in _rounds(site, campaign):
        perform(site, campaign, stage)


def _rounds(site: Site, campaign: Campaign) -> Iterator[Stage]:
    """Which stage comes next: the first open one; publication takes turns with collecting.

    Results trickle in over weeks while each has a legal date of its own, so what is collected
    and approved is published before the rest is waited for.  Ends when the first open stage is
    tried and still waits.
    """
    while True:
        remaining = open_stages(site, campaign)
        if not remaining:
            return
        stage = remaining[0]
        before = _state(site, campaign)
        yield stage
        if stage.key == collect.STAGE.key:
            yield publish.STAGE
        if stage not in open_stages(site, campaign):
            continue
        # Only collecting is tried again after others had their turn; a stage that waits has waited enough.
        if stage.key != collect.STAGE.key or _state(site, campaign) == before:
            return


def _state(site: Site, campaign: Campaign) -> object:
    with site.ledger.read() as tx:
        return {
            key: (row.state, row.facts, row.waiting_for) for key, row in stages(tx, campaign.task_id).items()
        }


def _came_of(facts: object) -> str:
    """What a stage's run says of one campaign, in a word."""
    if not isinstance(facts, Mapping):
        return "没有轮到"
    return "已完成" if facts["done"] else f"等待：{facts['waiting_for'] or '下次运行自动继续'}"


@flow(
    name="run-campaign",
    description="一次抽查任务的全过程，从第一个未完成的环节继续；需要各方办理时等待，都已完成时不写入任何内容。",
    flow_run_name="任务 · {campaign}",
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def run_campaign(campaign: str) -> dict[str, object]:
    """All stages as one flow; each stage is a flow run of its own."""
    with heard(), open_site() as site:
        chosen = await asyncio.to_thread(resolve_campaign, site.ledger, campaign, site.now())
        await asyncio.to_thread(mark_run, "任务", names_of([chosen]), tags=tags_of(chosen))
        still_open = {stage.key for stage in open_stages(site, chosen)}
        done_before = [stage.title for stage in STAGES if stage.key not in still_open]
        tried: dict[str, str] = {}
        with tags(*tags_of(chosen)):
            for stage in _rounds(site, chosen):
                if stage is publish.STAGE:  # what was not taken is tried again; the rest goes on
                    found = await publish.publish_results(chosen.task_id, strict=False)
                else:
                    found = await _FLOWS[stage.key](chosen.task_id)
                tried[stage.title] = _came_of(found.get(chosen.task_id))
        await asyncio.to_thread(write_campaign_page, site, chosen, done_before, tried)
        with site.ledger.read() as tx:
            return {key: row.facts for key, row in stages(tx, chosen.task_id).items()}
