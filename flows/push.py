"""push-forms: delivers one form per enterprise to the platform, or checks the platform's own."""

from __future__ import annotations

from prefect import flow

from flows.alerts import look_after_failure
from flows.decisions.resuming import not_before
from flows.exchange.delivering import deliver_all, due_forms
from flows.exchange.platform_forms import check_platform_forms
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.artifacts import table
from flows.telling.stage_names import TITLES
from schemas.campaign import Campaign
from schemas.codes import FormMode


def step(site: Site, campaign: Campaign) -> Outcome:
    """Sends only what is not accepted yet; what has an unknown outcome is asked for, never sent blindly."""
    if campaign.forms is FormMode.CHECK:
        return check_platform_forms(site, campaign)
    due_forms(site, campaign)
    channel = site.connections.channels(campaign.task_id).forms
    counts = deliver_all(site, campaign, channel, "push-forms")
    facts: dict[str, object] = {
        "mode": "push",
        "due": counts.due,
        "accepted": counts.accepted,
        "rejected": counts.rejected,
        "unknown": counts.unknown,
    }
    line = f"一企一表 {counts.accepted}/{counts.due}"
    if counts.rejected:
        line += f"，被退回 {counts.rejected}"
    if counts.unknown:
        line += f"，结果不明 {counts.unknown}"
    settled = counts.accepted + counts.rejected == counts.due
    report = table(
        ("应派发", "已受理", "被退回", "结果不明"),
        [(counts.due, counts.accepted, counts.rejected, counts.unknown)],
    )
    waiting = None if settled else "平台受理其余的一企一表" + not_before(site, campaign, channel.kind)
    return Outcome(settled, line, facts, waiting, report)


STAGE = Stage("push", TITLES["push"], step, after="assign")


@flow(
    name="push-forms",
    description="向平台派发一企一表，只派发尚未受理的；或核对平台自行派发的表。",
    flow_run_name=run_name("派发"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def push_forms(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is."""
    return await run_stage(STAGE, campaign)
