"""What all flows have in common: a step is tried until it is done or its waiting time is over.

A step is a plain function of site and campaign.  It asks the ledger what is open, does that,
records what came back, and says where the stage stands; it can be called any number of times.
`perform` repeats it while it waits for people, keeps the stage's row in the ledger and tells
the listener.  Nothing here needs Prefect: `in_task` makes a task run of a batch only where a
flow run is under way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TypeVar

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from flows.artifacts import write_artifact
from flows.logs import bound, log_as_json
from flows.reporting import LogReporter, is_heard, listening, reporter
from flows.site import Site, open_site, resolve_campaign
from ledger.campaigns import campaigns, record_stage, stages
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """Where a stage stands.

    `line` is what a person reads in the terminal, `facts` what a program reads, `report` the
    Markdown that an operator reads in the UI.  `wake` asks to leave the stage although it is not
    done, because another stage has something urgent to do.
    """

    done: bool
    line: str
    facts: dict[str, object] = field(default_factory=dict)
    waiting_for: str | None = None
    report: str = ""
    wake: bool = False


Step = Callable[[Site, Campaign], Outcome]


@dataclass(frozen=True)
class Stage:
    """One stage of a campaign: its key in the ledger, its Chinese title, its step, and what comes before."""

    key: str
    title: str
    step: Step
    after: str | None = None


def perform(site: Site, campaign: Campaign, stage: Stage) -> Outcome:
    """Repeats the stage's step until it is done or `max_wait_s` of wall time passed without progress.

    Errors of the step pass through after the stage is recorded as failed with the error's code.
    """
    started = last_change = time.monotonic()
    last: tuple[str, str | None] | None = None
    reporter().stage_started(stage.title)
    while True:
        with bound(campaign=campaign.task_id, stage=stage.key):
            outcome = _attempt(site, campaign, stage)
        if (outcome.line, outcome.waiting_for) != last:
            last_change, last = time.monotonic(), (outcome.line, outcome.waiting_for)
        if outcome.done or outcome.wake or time.monotonic() - last_change >= site.settings.max_wait_s:
            break
        reporter().waiting(outcome.waiting_for or stage.title)
        site.sleep(site.settings.poll_s)
    reporter().stage_ended(stage.title, outcome.line, time.monotonic() - started, done=outcome.done)
    write_artifact(
        f"{stage.key}-{campaign.task_id}",
        _artifact(campaign, stage, outcome),
        f"{stage.title} · {campaign.short_name}",
    )
    return outcome


def _attempt(site: Site, campaign: Campaign, stage: Stage) -> Outcome:
    before = _open_before(site, campaign, stage)
    if before is not None:
        return Outcome(False, "前一环节尚未完成", waiting_for=before)
    try:
        outcome = stage.step(site, campaign)
    except DrawbridgeError as error:
        _record(site, campaign, stage, Outcome(False, str(error)), failed=error.code)
        raise
    except Exception as error:
        _record(site, campaign, stage, Outcome(False, type(error).__name__), failed="DB-CLI-005")
        raise
    _record(site, campaign, stage, outcome)
    return outcome


def _open_before(site: Site, campaign: Campaign, stage: Stage) -> str | None:
    if stage.after is None:
        return None
    with site.ledger.read() as tx:
        row = stages(tx, campaign.task_id).get(stage.after)
    return None if row is not None and row.state == "done" else "前一环节完成"


def _record(
    site: Site, campaign: Campaign, stage: Stage, outcome: Outcome, failed: str | None = None
) -> None:
    with site.ledger.write() as tx:
        record_stage(
            tx,
            campaign.task_id,
            stage.key,
            done=outcome.done,
            facts=outcome.facts,
            waiting_for=outcome.waiting_for,
            now=site.now(),
            failed=failed,
        )


def _artifact(campaign: Campaign, stage: Stage, outcome: Outcome) -> str:
    head = f"# {stage.title}\n\n{campaign.name}（{campaign.document_no or campaign.task_id}）\n\n"
    state = "**已完成**" if outcome.done else f"**等待：{outcome.waiting_for or '下次运行继续'}**"
    return f"{head}{state}  {outcome.line}\n\n{outcome.report}\n"


def in_task(name: str, batch: Callable[[], T]) -> T:
    """Runs one batch, as a Prefect task run called `name` (ASCII) where a flow run is under way.

    No result is kept or cached: whether a batch still has to run is the ledger's to say.
    """
    if FlowRunContext.get() is None:
        return batch()
    return task(name=name, cache_policy=NO_CACHE, persist_result=False)(batch)()


def run_name(title: str) -> Callable[[], str]:
    """How a stage's runs are called: by the campaign they were started for, or for all."""

    def named() -> str:
        return f"{title} · {flow_run.parameters.get('campaign') or '全部任务'}"

    return named


async def run_stage(stage: Stage, campaign_name: str | None) -> dict[str, object]:
    """The body of a stage's flow: the named campaign, or every campaign whose turn the stage is.

    The work is done in a thread, so that the run's heartbeat goes on.  Returns facts by task id.
    """
    return await asyncio.to_thread(_run_stage, stage, campaign_name)


def _run_stage(stage: Stage, campaign_name: str | None) -> dict[str, object]:
    with heard(), open_site() as site:
        log_as_json(site.home)
        if campaign_name is not None:
            chosen = [resolve_campaign(site.ledger, campaign_name, site.now())]
        else:
            with site.ledger.read() as tx:
                known = campaigns(tx)
            chosen = [campaign for campaign in known if _open_before(site, campaign, stage) is None]
        return {
            campaign.task_id: {"done": outcome.done, "waiting_for": outcome.waiting_for, **outcome.facts}
            for campaign in chosen
            for outcome in [perform(site, campaign, stage)]
        }


def heard() -> listening | nullcontext[None]:
    """Lets Prefect's log hear the run where nobody else listens."""
    if is_heard() or FlowRunContext.get() is None:
        return nullcontext()
    logger = get_run_logger()
    return listening(LogReporter(logger))
