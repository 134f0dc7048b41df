"""What no program can find out: parked items, the evidence on them, and what an operator decides.

Two roles decide together (经办, 复核), with a reason; what they decide is in the audit chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from delivery.states import after
from ledger.audit import append
from ledger.engine import Transaction
from ledger.messages import Exchanged, Message, exchanges, log_answer, message_of, set_message
from ledger.outbox import OutboxItem, item_of, items_of_batch, outbox_items, set_item
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Parked:
    """An item of unknown outcome, the message that it was in, and everything that came back about that."""

    item: OutboxItem
    message: Message
    evidence: Sequence[Exchanged]


def parked(tx: Transaction, kind: str, task_id: str) -> list[Parked]:
    """Everything of one kind that waits for an operator, by key and version."""
    found: list[Parked] = []
    for item in outbox_items(tx, kind, task_id):
        message = None if item.batch_no is None else message_of(tx, item.batch_no)
        if item.state == "parked" and message is not None:
            found.append(Parked(item, message, exchanges(tx, message.batch_no)))
    return found


def confirm_delivered(
    tx: Transaction,
    kind: str,
    task_id: str,
    key: str,
    version: int,
    *,
    receipt_no: str,
    by_role: str,
    second_role: str,
    reason: str,
    now: datetime,
    wall: datetime,
) -> None:
    """The other side holds the record: accepted, with the receipt number that it gave the operator.

    The same again is no news. Raises DrawbridgeError DB-DELIVERY-003 (no such item), -010 (not parked),
    -011 (two different roles), -012 (reason or receipt number missing).
    """
    item = _item(tx, kind, task_id, key, version)
    if item.state == "accepted" and item.receipt_no == receipt_no:
        return
    _check(item, by_role, second_role, reason, receipt_no)
    state = after("confirm-delivered", item)
    set_item(tx, item, state=state, receipt_no=receipt_no, code=None, reason=reason, settled_at=now)
    _record(tx, item, "delivered", receipt_no, by_role, second_role, reason, now, wall)


def confirm_absent(
    tx: Transaction,
    kind: str,
    task_id: str,
    key: str,
    version: int,
    *,
    by_role: str,
    second_role: str,
    reason: str,
    now: datetime,
    wall: datetime,
) -> None:
    """The other side does not hold the record: it may go out again, in a message with a new number.

    Raises as `confirm_delivered`; for an item that is `ready` already it is no news.
    """
    item = _item(tx, kind, task_id, key, version)
    if item.state == "ready":
        return
    _check(item, by_role, second_role, reason, "none")
    state = after("confirm-absent", item)
    set_item(tx, item, state=state, batch_no=None, attempt=item.attempt + 1, code=None, reason=None)
    _record(tx, item, "absent", "", by_role, second_role, reason, now, wall)


def _item(tx: Transaction, kind: str, task_id: str, key: str, version: int) -> OutboxItem:
    item = item_of(tx, kind, task_id, key, version)
    if item is None:
        raise DrawbridgeError("DB-DELIVERY-003", key=key, version=version)
    return item


def _check(item: OutboxItem, by_role: str, second_role: str, reason: str, receipt_no: str) -> None:
    if item.state != "parked":
        raise DrawbridgeError("DB-DELIVERY-010", key=item.key, version=item.version, state=item.state)
    check_deciders(by_role, second_role, reason, receipt_no)


def check_deciders(by_role: str, second_role: str, reason: str, receipt_no: str) -> None:
    """Two different roles decide, with a reason and a receipt number.

    Raises DrawbridgeError DB-DELIVERY-011 or -012.
    """
    if not by_role.strip() or not second_role.strip() or by_role.strip() == second_role.strip():
        raise DrawbridgeError("DB-DELIVERY-011")
    if not reason.strip() or not receipt_no.strip():
        raise DrawbridgeError("DB-DELIVERY-012")


def close_if_decided(tx: Transaction, batch_no: str, now: datetime) -> None:
    """Closes a parked message when nothing in it waits for a decision any more."""
    states = {item.state for item in items_of_batch(tx, batch_no)}
    if "parked" not in states:
        set_message(tx, batch_no, state="done" if "accepted" in states else "void", closed_at=now)


def _record(
    tx: Transaction,
    item: OutboxItem,
    outcome: str,
    receipt_no: str,
    by_role: str,
    second_role: str,
    reason: str,
    now: datetime,
    wall: datetime,
) -> None:
    batch_no = item.batch_no or ""
    log_answer(tx, batch_no, "operator", outcome, item.code, reason, wall)
    close_if_decided(tx, batch_no, now)
    facts = {"key": item.key, "version": item.version, "found": outcome, "receipt_no": receipt_no}
    facts |= {"by_role": by_role, "second_role": second_role, "reason": reason}
    append(tx, "operator-decided", f"{item.kind}/{batch_no}", facts, now)
