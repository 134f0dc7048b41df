"""Taking over what the ledger forgot: the other side holds a record that ours knows nothing of.

After a ledger was restored from a backup of before the last sending, reconciliation shows such records as
`unexpected`.  Sending them again would double them.  Two people look at what is held there and take it
over: the item is accepted, with the receipt number that it has there, and nothing is sent.  The whole act is
one transaction with its event in the audit chain.
"""

from __future__ import annotations

from datetime import datetime

from delivery.park import check_deciders, close_if_decided
from delivery.queue import Due, deadline_of, void_unsent_message
from delivery.states import MOVES, after
from ledger.audit import append
from ledger.engine import Transaction
from ledger.messages import log_answer
from ledger.outbox import add_items, item_of, set_item
from ledger.texts import digest_of
from schemas.errors import DrawbridgeError


def take_over(
    tx: Transaction,
    kind: str,
    task_id: str,
    held: Due,
    *,
    receipt_no: str,
    by_role: str,
    second_role: str,
    reason: str,
    now: datetime,
    wall: datetime,
) -> None:
    """The other side holds `held` (its key, version and the record as we would send it): it is accepted.

    An item that was queued again meanwhile, or even rejected as a duplicate, must be the same content.  One
    that is frozen in a message of which nothing was executed leaves it; the others go out in another.  The
    same again is no news.

    Raises DrawbridgeError DB-DELIVERY-001 (other content is queued under this version), -006 (it is withheld,
    void, or accepted with another receipt), -007 (it may be on the way: resolve first), -011 (two different
    roles), -012 (reason or receipt number missing).
    """
    item = item_of(tx, kind, task_id, held.key, held.version)
    if item is not None and (item.state, item.receipt_no) == ("accepted", receipt_no):
        return
    check_deciders(by_role, second_role, reason, receipt_no)
    if item is None:
        row = (held.key, held.version, held.payload, deadline_of(held.deadline))
        add_items(tx, kind, task_id, after("queue"), [row], now)
        facts = {"state": "held", "items": [[held.key, held.version, digest_of(held.payload)]]}
        append(tx, "queued", f"{kind}/{task_id}", facts, now)
        item = item_of(tx, kind, task_id, held.key, held.version)
        if item is None:
            raise LookupError(held.key)
    if item.payload_digest != digest_of(held.payload):
        raise DrawbridgeError("DB-DELIVERY-001", key=item.key, version=item.version)
    if item.state in ("sending", "pending"):
        raise DrawbridgeError("DB-DELIVERY-007", key=item.key, version=item.version)
    if item.state not in MOVES["take-over"].before:
        raise DrawbridgeError("DB-DELIVERY-006", key=item.key, version=item.version, state=item.state)
    if item.state == "ready" and item.batch_no is not None:
        void_unsent_message(tx, item.batch_no, now)
    batch_no = item.batch_no if item.state == "parked" else None
    state = after("take-over", item)
    set_item(tx, item, state=state, receipt_no=receipt_no, batch_no=batch_no, settled_at=now)
    set_item(tx, item, code=None, reason=reason)
    if batch_no is not None:
        log_answer(tx, batch_no, "operator", "delivered", None, reason, wall)
        close_if_decided(tx, batch_no, now)
    taken: dict[str, object] = {
        "key": item.key,
        "version": item.version,
        "from": item.state,
        "receipt_no": receipt_no,
    }
    taken |= {"by_role": by_role, "second_role": second_role, "reason": reason}
    append(tx, "taken-over", f"{kind}/{task_id}", taken, now)
