"""Sending: the intent is committed before the first byte, the bytes are frozen with it.

A second send of the same message happens only where nothing can have come of the first, or where the
other side recognises the repetition by the batch number (`Capability.recognises`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from connectors.faults import FAULTS
from connectors.protocols import Ambiguous, NotSent, Outgoing, Refused
from delivery.answers import fits, not_executed, refused, take_receipt, unknown
from delivery.run import Run
from delivery.states import after
from ledger.audit import append
from ledger.engine import Transaction
from ledger.messages import Message, add_message, exchanges, message_of, set_message
from ledger.outbox import OutboxItem, items_of_batch, keys_of_batch, outbox_items, set_item, set_items
from schemas.errors import DrawbridgeError

CONFLICT = "conflict"
"""Outcome in the log: the other side speaks of other bytes, or says duplicate and gives no receipt."""


def batch_number(kind: str, task_id: str, items: Sequence[OutboxItem]) -> str:
    """The message's number: a function of its content and of how often each item's message was void.

    So two runners cannot give one content two numbers, and a new number means that the old one is void.
    """
    lines = [f"{kind}\t{task_id}\n"]
    lines += [f"{item.key}\t{item.version}\t{item.payload_digest}\t{item.attempt}\n" for item in items]
    return f"{task_id}-{hashlib.sha256(''.join(lines).encode()).hexdigest()[:40]}"


def begin(run: Run, planned: Sequence[tuple[str, int]]) -> tuple[Message, list[tuple[str, int]]] | None:
    """Writes the intent for the planned items that may still go, and says which; None: none of them may.

    A record that cannot be written in the other side's form is rejected here, with the encoder's code.
    """
    run.reach(1)
    with run.write() as tx:
        wanted = set(planned)
        found = {
            (item.key, item.version): item
            for item in outbox_items(tx, run.kind, run.task_id, {key for key, _ in planned})
            if (item.key, item.version) in wanted and item.state == "ready" and item.batch_no is None
        }
        chosen = [found[one] for one in planned if one in found]
        chosen, body, batch_no = _encoded(run, tx, chosen)
        if not chosen:
            return None
        message = add_message(
            tx,
            batch_no,
            run.kind,
            run.task_id,
            run.channel.system,
            body,
            [(item.key, item.version) for item in chosen],
            created_at=run.now(),
            wall=run.clock.now(),
        )
        set_items(tx, chosen, state=after("intend", *chosen), batch_no=batch_no, code=None, reason=None)
        rows = [[item.key, item.version] for item in chosen]
        append(tx, "intent", message.subject, {"body": message.body_digest, "items": rows}, run.now())
    return message, [(item.key, item.version) for item in chosen]


def send_first(run: Run, message: Message, members: Collection[tuple[str, int]]) -> bool:
    """Sends a message whose intent was just committed; returns whether nothing of it is in doubt."""
    return _exchange(run, message, members, seen_before=False)


def send_again(run: Run, message: Message) -> None:
    """Sends the identical bytes once more, after committing that it does."""
    run.reach(1)
    with run.write() as tx:
        current = message_of(tx, message.batch_no)
        if current is None or current.state not in ("ready", "sending", "pending"):
            return
        seen_before = current.is_unknown
        set_message(
            tx,
            message.batch_no,
            state="pending" if current.state == "pending" else "sending",
            sends=current.sends + 1,
            absent_reads=0,
            absent_since=None,
            # Since when the other side may know the number: its memory for it may be short.
            sent_at=current.sent_at if seen_before else run.clock.now(),
            next_try_at=None,
        )
        again = [item for item in items_of_batch(tx, message.batch_no) if item.state == "ready"]
        set_items(tx, again, state=after("repeat", *again))
        facts = {"sends": current.sends + 1, "items": [[item.key, item.version] for item in again]}
        append(tx, "sent-again", message.subject, facts, run.now())
        members = keys_of_batch(tx, message.batch_no)
    _exchange(run, message, members, seen_before=seen_before)


def _exchange(run: Run, message: Message, members: Collection[tuple[str, int]], *, seen_before: bool) -> bool:
    run.keep_lease()
    run.reach(2)
    try:
        receipt = run.channel.send(message.batch_no, message.body)
        if not fits(message, members, receipt):
            raise Ambiguous("DB-DELIVERY-021")
    except NotSent as error:
        not_executed(run, message, error, error.retry_after_s)
        return False
    except Refused as error:
        run.on_the_wire(len(members))
        if seen_before:  # says nothing about the send before
            unknown(run, message, "send", "refused", error)
        else:
            refused(run, message, error)
        return False
    except Ambiguous as error:
        run.on_the_wire(len(members))
        unknown(run, message, "send", CONFLICT if _speaks_of_another(error) else "unknown", error)
        return False
    run.on_the_wire(len(members))
    return take_receipt(run, message, receipt, "send")


def _speaks_of_another(error: Ambiguous) -> bool:
    """Whether the other side answered about this number, but not with the receipt of these bytes."""
    numbers = (FAULTS["duplicate"].number, FAULTS["receipt"].number)
    return error.code == "DB-DELIVERY-021" or error.code.rpartition("-")[2] in numbers


def conflicts(tx: Transaction, batch_no: str) -> int:
    """How often the other side spoke of other bytes under this number."""
    return sum(1 for entry in exchanges(tx, batch_no) if entry.outcome == CONFLICT)


def _encoded(run: Run, tx: Transaction, chosen: Sequence[OutboxItem]) -> tuple[list[OutboxItem], bytes, str]:
    kept = list(chosen)
    if not kept:
        return [], b"", ""
    try:
        return kept, *_bytes_of(run, kept)
    except DrawbridgeError as error:
        if len(kept) == 1:
            _reject(run, tx, kept[0], error)
            return [], b"", ""
    for item in list(kept):
        try:
            _bytes_of(run, [item])
        except DrawbridgeError as error:
            _reject(run, tx, item, error)
            kept.remove(item)
    return (kept, *_bytes_of(run, kept)) if kept else ([], b"", "")


def _bytes_of(run: Run, items: Sequence[OutboxItem]) -> tuple[bytes, str]:
    batch_no = batch_number(run.kind, run.task_id, items)
    outgoing = [Outgoing(item.key, item.version, item.payload) for item in items]
    return run.channel.encode(batch_no, outgoing, run.now()), batch_no


def _reject(run: Run, tx: Transaction, item: OutboxItem, error: DrawbridgeError) -> None:
    state = after("unwritable", item)
    set_item(tx, item, state=state, code=error.code, reason=error.zh, settled_at=run.now())
    facts = {"key": item.key, "version": item.version, "code": error.code}
    append(tx, "unwritable", f"{run.kind}/{run.task_id}", facts, run.now())
    run.settled(1)
