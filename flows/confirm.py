"""confirm-entities: the departments compare and confirm; accepted objections are replaced by reserves."""

from __future__ import annotations

from prefect import flow

from draw.certificate import parse_certificate, standing_objects
from draw.compute import correct_objects
from draw.frozen import ELIGIBLE
from draw.objects import Objection
from flows.artifacts import table
from flows.ceremony import keep_certificates, post_draw, time_text
from flows.delivering import deliver_all, items_of
from flows.site import Site
from flows.stage import Outcome, Stage, run_stage
from ledger.confirmations import (
    Replacement,
    confirmations,
    dispatches,
    record_confirmations,
    record_dispatch,
    record_replacements,
)
from ledger.draws import RecordedRound, record_correction, round_in_force
from rules.confirmation import Decision, decide_confirmations
from rules.deadlines import confirmation_deadline
from schemas.campaign import Campaign
from schemas.codes import DrawMode

_DECIDED_BY = "县领导小组办公室"


def step(site: Site, campaign: Campaign) -> Outcome:
    """Takes the answers that have come in; silence never confirms."""
    if campaign.draw is DrawMode.VERIFY:
        from flows.platform_draw import confirm_platform_objects

        return confirm_platform_objects(site, campaign)
    with site.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, "objects")
    if round_ is None or round_.certificate is None:
        return Outcome(False, "尚未抽取", waiting_for="抽取对象")
    document = parse_certificate(round_.certificate, "objects")
    drawn = [object_id for object_id, _ in standing_objects(document)]
    decision = answers_on(site, campaign, drawn)
    if not decision.open and decision.to_replace:
        _replace(site, campaign, round_, decision)
        return step(site, campaign)
    return outcome_of(site, campaign, drawn, decision, len(document["replacements"]))


def answers_on(site: Site, campaign: Campaign, drawn: list[str]) -> Decision:
    """Hands on what was confirmed here, pulls what the departments have said so far, and decides."""
    channel = site.connections.channels(campaign.task_id).confirmations
    if items_of(site, campaign, channel.kind):
        deliver_all(site, campaign, channel, "post-confirmations")
    state = site.connections.platform.confirmations(campaign.task_id)
    with site.ledger.write() as tx:
        if state.dispatched_at is not None:
            known = dispatches(tx, campaign.task_id)
            if state.dispatched_at not in known.values():
                record_dispatch(tx, campaign.task_id, len(known), state.dispatched_at, site.now())
        record_confirmations(tx, campaign.task_id, state.rows, "platform", site.now())
        recorded = confirmations(tx, campaign.task_id)
    return decide_confirmations(
        drawn,
        [department.code for department in campaign.departments],
        [row.confirmation for row in recorded if row.origin == "platform"],
        [row.confirmation for row in recorded if row.origin == "local"],
    )


def _replace(site: Site, campaign: Campaign, round_: RecordedRound, decision: Decision) -> None:
    """One batch: every accepted objection, replaced by the next reserves in a correcting certificate."""
    now = site.now()
    batch = [
        Objection(object_id, reason, _DECIDED_BY, time_text(now)) for object_id, reason in decision.to_replace
    ]
    certificate = correct_objects(round_.certificate or b"", round_.files[ELIGIBLE], batch)
    added = [
        entry
        for entry in parse_certificate(certificate, "objects")["replacements"]
        if entry["object_id"] in {objection.object_id for objection in batch}
    ]
    with site.ledger.write() as tx:
        record_replacements(
            tx,
            campaign.task_id,
            max(entry["batch"] for entry in added),
            [
                Replacement(e["batch"], e["object_id"], e["by"], e["reason"], e["decided_by"], now)
                for e in added
            ],
            now,
        )
        record_correction(tx, round_, certificate, now)
    keep_certificates(site, campaign, "objects")
    post_draw(site, campaign, "objects")


def outcome_of(
    site: Site, campaign: Campaign, drawn: list[str], decision: Decision, replaced: int
) -> Outcome:
    """How far the confirmations are, department by department, and whom they wait for until when."""
    with site.ledger.read() as tx:
        sent = dispatches(tx, campaign.task_id)
    open_by = {
        department.name: sum(1 for _, code in decision.open if code == department.code)
        for department in campaign.departments
    }
    rows = [(name, len(drawn), len(drawn) - count, count) for name, count in open_by.items()]
    line = " ".join(f"{name} {total - count}/{total}" for name, total, _, count in rows)
    if replaced:
        line += f"（异议成立 {replaced}，已递补 {replaced}）"
    waiting = None
    if decision.open or not sent:
        names = "、".join(name for name, count in open_by.items() if count)
        waiting = f"{names or '平台派发'} 确认"
        if sent:
            limit = confirmation_deadline(max(sent.values()), campaign.confirm_working_days)
            waiting += f"（期限 {limit.on:%m月%d日}）"
    facts: dict[str, object] = {
        "drawn": len(drawn),
        "confirmed": len(decision.confirmed),
        "open": len(decision.open),
        "replaced": replaced,
        "objections_refused": len(decision.refused),
        "conflicts": len(decision.conflicts),
    }
    report = table(("部门", "应确认", "已确认", "未确认"), rows)
    done = bool(sent) and not decision.open and not decision.to_replace and not decision.conflicts
    if decision.conflicts and waiting is None:
        waiting = "领导小组办公室裁定本地与平台不一致的确认"
    return Outcome(done, line, facts, waiting, report)


STAGE = Stage("confirm", "部门确认", step, after="draw")


@flow(
    name="confirm-entities",
    description="收集各部门一个工作日内的比对和确认；异议成立的由候补依次递补，再由各部门确认。",
    flow_run_name="部门确认 · {campaign}",
)
async def confirm_entities(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is."""
    return await run_stage(STAGE, campaign)
