"""The departments' answers on drawn objects, whoever drew them: pulled, kept, weighed, told."""

from __future__ import annotations

from flows.decisions.confirmed import decision_on
from flows.exchange.delivering import deliver_all, items_of
from flows.site import Site
from flows.stage import Outcome
from flows.telling.artifacts import table
from ledger.confirmations import confirmations, dispatches, record_confirmations, record_dispatch
from rules.confirmation import Decision
from rules.deadlines import confirmation_deadline
from schemas.campaign import Campaign


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
    return decision_on(campaign, drawn, recorded)


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
