"""What is due, and what may go: queueing, approvals, withholding.

    held --approved--> ready --delivery.deliver--> …
      |                  |
      +----withheld------+---> withheld(reason)         a later version queued: void

An item is one version of one record; its payload is fixed from the moment it is queued, so that what
was approved is what is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from delivery.states import after
from ledger.approvals import approvals
from ledger.audit import append
from ledger.engine import Transaction
from ledger.messages import message_of, set_message
from ledger.outbox import (
    OutboxItem,
    add_items,
    item_counts,
    item_of,
    items_of_batch,
    outbox_items,
    set_item,
    set_items,
)
from ledger.texts import digest_of
from schemas.errors import DrawbridgeError

APPROVAL = "publication"
"""Kind of subject under which approvals of items are recorded (`ledger.approvals`)."""

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_UNSENT = ("held", "ready")


@dataclass(frozen=True)
class Due:
    """One record that is due: our key, its version, the record as JSON text.

    `deadline`: the legal last day (a Shanghai date) or an aware moment; None: none.
    """

    key: str
    version: int
    payload: str
    deadline: date | datetime | None = None


Item = OutboxItem
"""One version of one record, its state (`ledger.outbox.STATES`), and what was said of it."""


def enqueue(
    tx: Transaction, kind: str, task_id: str, due: Sequence[Due], now: datetime, *, approved: bool
) -> int:
    """Queues records: `ready`, or `held` until they are approved. Returns how many are new.

    The same again is no news, but for a deadline that was computed anew.  A new version makes an earlier
    one that was never sent void.  Raises DrawbridgeError DB-DELIVERY-001 for a known version with another
    payload, -004 for a version older than one that is queued.
    """
    known: dict[str, dict[int, OutboxItem]] = {}
    for item in outbox_items(tx, kind, task_id, {one.key for one in due}):
        known.setdefault(item.key, {})[item.version] = item
    fresh: list[tuple[str, int, str, datetime | None]] = []
    for one in due:
        versions = known.setdefault(one.key, {})
        recorded = versions.get(one.version)
        if recorded is not None:
            if recorded.payload_digest != digest_of(one.payload):
                raise DrawbridgeError("DB-DELIVERY-001", key=one.key, version=one.version)
            if recorded.deadline != deadline_of(one.deadline):
                set_item(tx, recorded, deadline=deadline_of(one.deadline))
            continue
        newest = max(versions, default=0)
        if newest > one.version:
            raise DrawbridgeError("DB-DELIVERY-004", key=one.key, version=one.version, newer=newest)
        for earlier in versions.values():
            if earlier.state in _UNSENT:
                reason = DrawbridgeError("DB-DELIVERY-005", newer=one.version).zh
                _take_out(tx, earlier, "replace", reason, now)
        fresh.append((one.key, one.version, one.payload, deadline_of(one.deadline)))
        versions[one.version] = _as_item(kind, task_id, one)
    state = after("queue-approved" if approved else "queue")
    add_items(tx, kind, task_id, state, fresh, now)
    if fresh:
        rows = [[key, version, digest_of(payload)] for key, version, payload, _ in fresh]
        append(tx, "queued", f"{kind}/{task_id}", {"state": state, "items": rows}, now)
    return len(fresh)


def apply_approvals(tx: Transaction, kind: str, task_id: str, now: datetime) -> None:
    """Moves what is not sent yet to where the decisions in force put it (notice 五(三)7: 审批后公示).

    Approved: ready.  Withheld (依法不予公示): withheld with the reason, for good; another decision takes
    another version.  Returned, or approval taken back before sending: held.
    """
    decisions = {(row.subject_key, row.subject_version): row for row in approvals(tx, task_id, APPROVAL)}
    if not decisions:
        return
    released: list[OutboxItem] = []
    for item in outbox_items(tx, kind, task_id):
        decision = decisions.get((item.key, item.version))
        if decision is None or item.state not in _UNSENT:
            continue
        if decision.decision == "withheld":
            _take_out(tx, item, "withhold", decision.reason or "", now)
        elif decision.decision == "approved" and item.state == "held":
            released.append(item)
        elif decision.decision == "returned" and item.state == "ready":
            _take_out(tx, item, "return", decision.reason or "", now)
    set_items(tx, released, state=after("approve", *released), reason=None)
    if released:
        rows = [[item.key, item.version] for item in released]
        append(tx, "released", f"{kind}/{task_id}", {"items": rows}, now)


def withhold(
    tx: Transaction, kind: str, task_id: str, key: str, version: int, reason: str, now: datetime
) -> None:
    """Takes one record out before it is sent; the same again is no news.

    Raises DrawbridgeError DB-DELIVERY-002 once it was sent or may have been, -003 if there is none.
    """
    item = item_of(tx, kind, task_id, key, version)
    if item is None:
        raise DrawbridgeError("DB-DELIVERY-003", key=key, version=version)
    if item.state == "withheld":
        return
    if item.state not in _UNSENT:
        raise DrawbridgeError("DB-DELIVERY-002", key=key, version=version, state=item.state)
    _take_out(tx, item, "withhold", reason, now)


def items(tx: Transaction, kind: str, task_id: str) -> list[Item]:
    """Every item of one kind, by key and version."""
    return outbox_items(tx, kind, task_id)


def counts(tx: Transaction, kind: str, task_id: str) -> dict[str, int]:
    """How many items of one kind are in each state that occurs."""
    return item_counts(tx, kind, task_id)


def deadline_of(due: date | datetime | None) -> datetime | None:
    """The moment after which a deadline is missed, UTC: a date ends at midnight in Shanghai."""
    if due is None or isinstance(due, datetime):
        return None if due is None else due.astimezone(UTC)
    return datetime.combine(due + timedelta(days=1), time(), _SHANGHAI).astimezone(UTC)


def void_unsent_message(tx: Transaction, batch_no: str, now: datetime) -> None:
    """Gives up a message that certainly was not executed: its items may go out in another one."""
    set_message(tx, batch_no, state="void", closed_at=now, next_try_at=None)
    remaining = items_of_batch(tx, batch_no)
    for item in remaining:
        set_item(tx, item, state=after("give-up", item), batch_no=None, attempt=item.attempt + 1)
    message = message_of(tx, batch_no)
    if message is not None:
        rows = [[item.key, item.version] for item in remaining]
        append(tx, "message-void", message.subject, {"why": "not-executed", "items": rows}, now)


def _take_out(tx: Transaction, item: OutboxItem, move: str, reason: str, now: datetime) -> None:
    state = after(move, item)
    if item.batch_no is not None:  # frozen in a message with others, which certainly was not executed
        void_unsent_message(tx, item.batch_no, now)
    settled = None if state == "held" else now
    set_item(tx, item, state=state, batch_no=None, reason=reason or None, code=None, settled_at=settled)
    facts = {"key": item.key, "version": item.version, "from": item.state, "to": state}
    append(tx, "taken-out", f"{item.kind}/{item.task_id}", facts, now)


def _as_item(kind: str, task_id: str, due: Due) -> OutboxItem:
    """An item that is about to be written, so that one call may hold several versions of it."""
    return OutboxItem(
        kind,
        task_id,
        due.key,
        due.version,
        "new",
        due.payload,
        digest_of(due.payload),
        deadline_of(due.deadline),
        0,
        None,
        None,
        None,
        None,
    )
