"""publish-results: delivers due and approved results to the publicity system, each once."""

from __future__ import annotations

from collections import Counter

from prefect import flow

from flows.alerts import look_after_failure
from flows.decisions.resuming import not_before
from flows.exchange.delivering import deliver_all, sent_elsewhere
from flows.exchange.publishing import OPEN_STATES, RECORD, STATES, queue_due, standing_of
from flows.exchange.restored import unlock
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.artifacts import table
from flows.telling.stage_names import TITLES
from schemas.campaign import Campaign
from schemas.codes import PublicationMode
from schemas.errors import DrawbridgeError


def step(site: Site, campaign: Campaign) -> Outcome:
    """Queues what is complete and approved, sends what is not accepted, asks for what is pending."""
    if campaign.publication is PublicationMode.PUSH:
        if site.profile.platform.feeds_publicity:
            raise DrawbridgeError("DB-RUN-007")
        queue_due(site, campaign)
        unlock(site, campaign)
        deliver_all(site, campaign, site.connections.channels(campaign.task_id).records, "publish-records")
    standing = standing_of(site, campaign)
    counts = Counter(record.state for record in standing)
    settled = all(record.settled for record in standing)
    # What another run is sending now is not stuck: it says itself how that ends.
    elsewhere = any(counts[state] for state in _STUCK) and sent_elsewhere(site, campaign, RECORD)
    facts: dict[str, object] = {
        "mode": campaign.publication.value,
        "due": len(standing),
        "published": counts["published"],
        "withheld": counts["withheld"] + counts["withdrawn"],
        "rejected": counts["rejected"],
        "open": sum(1 for record in standing if not record.settled),
        "stuck": 0 if elsewhere else sum(counts[state] for state in _STUCK),
    }
    line = f"应公示 {len(standing)} 已公示 {counts['published']} 不予公示 {counts['withheld']}"
    if counts["rejected"]:
        line += f" 被退回 {counts['rejected']}"
    report = table(("状态", "户"), [(label, counts[key]) for key, label in STATES.items() if counts[key]])
    report += f"\n\n已公示的 {counts['published']} 户不再报送。"
    if any(counts[state] for state in _STUCK):
        report += _ELSEWHERE if elsewhere else _AGAIN
    waiting = (
        None
        if settled
        else "、".join(f"{STATES[key]} {count} 户" for key, count in counts.items() if key in OPEN_STATES)
        + (f"；{_BUSY}" if elsewhere else not_before(site, campaign, RECORD))
    )
    return Outcome(settled, line, facts, waiting, report)


# What the next try sends or asks for by itself: nobody decides, the other side did not answer as it should.
_STUCK = ("ready", "sending")
_AGAIN = "未受理的由下次运行自动继续，也可以在本页点 Retry：只报送尚未受理的。"
_BUSY = "另一次运行正在报送"
_ELSEWHERE = f"{_BUSY}，本次运行没有报送；它若中断，由下次运行接管。"

STAGE = Stage("publish", TITLES["publish"], step, after="push")


@flow(
    name="publish-results",
    description="把结果齐全且已审批的记录报送公示系统：只报送尚未受理的，结果不明的先查询，从不盲目重发。",
    flow_run_name=run_name("公示"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def publish_results(campaign: str | None = None, strict: bool = True) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is.

    `strict`: what the publicity system did not take makes the run fail, so that an operator sees it; its
    Retry sends what is missing and nothing else.  Raises DrawbridgeError DB-RUN-030.
    """
    found = await run_stage(STAGE, campaign)
    stuck = sum(int(facts.get("stuck", 0)) for facts in found.values() if isinstance(facts, dict))
    if strict and stuck:
        raise DrawbridgeError("DB-RUN-030", count=stuck)
    return found
