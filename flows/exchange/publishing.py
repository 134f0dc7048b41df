"""Which enterprises' results are due for publication, and where each of them stands.

One record per enterprise and task.  Its version counts what was queued for it: as long as
nothing but the same content was queued, it is the same version; a result that changed after its
record was queued makes the next version, a correction (U), and that needs an approval of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from delivery.queue import Due, Item
from flows.exchange.delivering import items_of, queue
from flows.paper.visits import Visits, visits_of
from flows.site import Books, Site
from ledger.approvals import ApprovalRow, approvals
from ledger.many_records import no_cycles
from ledger.registered import registered
from rules.deadlines import publication_deadline
from rules.publication import publication_record, withheld_reason
from schemas.campaign import Campaign
from schemas.codes import PublicationMode
from schemas.publication import PublicationRecord
from schemas.uscc import is_market_entity

APPROVAL = "publication"
RECORD = "record"
"""Kind of what is published, in the outbox."""
# The exchange has nothing of a record in these states.
_HELD_BY_NOBODY = frozenset({"held", "ready", "void", "withheld", "rejected"})
_SETTLED = frozenset({"published", "rejected", "withheld", "awaited", "withdrawn"})
# State of the item in the outbox -> how people see the record.
_SEEN = {
    "held": "ready",
    "ready": "ready",
    "sending": "sending",
    "pending": "pending",
    "accepted": "published",
    "rejected": "rejected",
    "parked": "parked",
    "void": "ready",
    "withheld": "withheld",
}


# The same, where the newest item takes the record back; refused, the record stands as it was.
_SEEN_WITHDRAWAL = {"accepted": "withdrawn", "rejected": "published"}


# State of an enterprise's publication, and how people call it.
STATES = {
    "incomplete": "结果不齐",
    "unreviewed": "待审核",
    "returned": "审核退回",
    "unlisted": "名录缺主体身份代码",
    "ready": "待报送",
    "sending": "已报送，结果不明",
    "pending": "公示系统处理中",
    "published": "已公示",
    "awaited": "待平台归集",
    "rejected": "被公示系统退回",
    "withheld": "不予公示",
    "withdrawing": "撤回中",
    "withdrawn": "已撤回",
    "parked": "结果不明，待人工核定",
}
OPEN_STATES = frozenset(STATES) - {"published", "rejected", "withheld", "awaited", "withdrawn"}


@dataclass(frozen=True)
class Standing:
    """One enterprise of the campaign: its record (None while results are missing) and the record's state.

    `reason` says why it is withheld, returned or rejected; `completed_at` is UTC.
    """

    uscc: str
    ent_name: str
    state: str
    record: PublicationRecord | None = None
    reason: str | None = None
    completed_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Whether nothing more happens to it by itself."""
        return self.state in _SETTLED


def record_id(task_id: str, uscc: str) -> str:
    """The record's stable id."""
    return f"{task_id}-{uscc}"


def records_of(site: Books, campaign: Campaign, visits: Visits) -> dict[str, PublicationRecord]:
    """What would be published of every complete enterprise, with the version it would have."""
    return _records(site, campaign, visits, latest_items(site, campaign))


def _records(
    site: Books, campaign: Campaign, visits: Visits, latest: dict[str, Item]
) -> dict[str, PublicationRecord]:
    if not visits.complete:
        return {}
    with site.ledger.read() as tx:
        owners = registered(tx, site.source)
    with no_cycles():
        return {
            uscc: _versioned(
                publication_record(
                    campaign,
                    visits.forms[uscc],
                    visits.by_enterprise[uscc],
                    prip_id=owners[uscc].prip_id if uscc in owners else None,
                    record_id=record_id(campaign.task_id, uscc),
                    ent_name=owners[uscc].ent_name if uscc in owners else None,
                ),
                latest.get(record_id(campaign.task_id, uscc)),
            )
            for uscc in visits.complete
        }


def standing_of(site: Books, campaign: Campaign, visits: Visits | None = None) -> list[Standing]:
    """Every enterprise of the campaign, in the order of the forms."""
    visits = visits or visits_of(site, campaign)
    latest = latest_items(site, campaign)
    records = _records(site, campaign, visits, latest)
    decisions = decisions_on(site, campaign, records)
    return [
        _standing(campaign, visits, uscc, records.get(uscc), decisions.get(uscc), latest)
        for uscc in visits.forms
    ]


def queue_due(site: Site, campaign: Campaign) -> None:
    """Queues the records that are approved in the version they have now."""
    visits = visits_of(site, campaign)
    due = [
        Due(one.record.record_id, one.record.version, one.record.model_dump_json(), last_day(campaign, one))
        for one in standing_of(site, campaign, visits)
        if one.record is not None and one.state == "ready"
    ]
    queue(site, campaign, RECORD, due, approved=False)


def decisions_on(
    site: Books, campaign: Campaign, records: dict[str, PublicationRecord]
) -> dict[str, ApprovalRow]:
    """The recorded decision on each record's present version, where there is one."""
    with site.ledger.read() as tx:
        known = {
            (row.subject_key, row.subject_version): row for row in approvals(tx, campaign.task_id, APPROVAL)
        }
    found = {uscc: known.get((record.record_id, record.version)) for uscc, record in records.items()}
    return {uscc: decision for uscc, decision in found.items() if decision is not None}


def last_day(campaign: Campaign, one: Standing) -> date | None:
    """The legal last day of its publication (Shanghai)."""
    if one.completed_at is None:
        return None
    return publication_deadline(one.completed_at, campaign.publish_working_days).on


def _standing(
    campaign: Campaign,
    visits: Visits,
    uscc: str,
    record: PublicationRecord | None,
    decision: ApprovalRow | None,
    latest: dict[str, Item],
) -> Standing:
    name = visits.forms[uscc].ent_name
    if record is None:
        return Standing(uscc, name, "incomplete")
    item = latest.get(record.record_id)
    reason = withheld_reason(uscc, visits.by_enterprise[uscc]) or (
        None if decision is None else decision.reason
    )
    if item is not None and item.version == record.version and item.state not in ("held", "withheld"):
        state, reason = _SEEN[item.state], item.reason or item.code
        if record.operation == "D":
            state = _SEEN_WITHDRAWAL.get(item.state, "withdrawing")
            reason = f"撤回被拒：{reason}" if item.state == "rejected" else reason
    elif not is_market_entity(uscc):
        state = "withheld"
    elif decision is None:
        state = "unreviewed"
    elif decision.decision != "approved":
        state = decision.decision
    elif record.prip_id is None:
        state, reason = "unlisted", "名录没有主体身份代码，补上后用 --resync 重新同步"
    else:
        state = "ready" if campaign.publication is PublicationMode.PUSH else "awaited"
    return Standing(uscc, name, state, record, reason, visits.complete[uscc])


def latest_items(site: Books, campaign: Campaign, state: str | None = None) -> dict[str, Item]:
    """The newest version of every record that was queued, of those in one state if given, by its id."""
    latest: dict[str, Item] = {}
    for item in items_of(site, campaign, RECORD):
        if state is not None and item.state != state:
            continue
        if item.key not in latest or item.version > latest[item.key].version:
            latest[item.key] = item
    return latest


def _versioned(record: PublicationRecord, last: Item | None) -> PublicationRecord:
    """The record with the version and operation that follow from what was queued last."""
    if last is None:
        return record
    queued = PublicationRecord.model_validate_json(last.payload)
    same = queued.model_copy(update={"version": 1, "operation": "I"}) == record
    if same:
        return queued
    if queued.operation == "D":  # taken back, it begins anew; refused, what stands is corrected
        operation = "I" if last.state == "accepted" else "U"
        return record.model_copy(update={"version": last.version + 1, "operation": operation})
    if last.state in _HELD_BY_NOBODY:  # the correction is still the first record
        return record.model_copy(update={"version": last.version + 1, "operation": queued.operation})
    return record.model_copy(update={"version": last.version + 1, "operation": "U"})
