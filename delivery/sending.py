"""Sending: what is planned goes out window by window, each intent committed before the first byte.

A second send of the same message happens only where nothing can have come of the first, or where the
other side recognises the repetition by the batch number (`Capability.recognises`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from connectors.protocols import Ambiguous, NotSent, Refused
from delivery.answers import not_executed, refused, take_receipt, take_receipts, unknown
from delivery.flight import Flight, Landed, Members, exchange, speaks_of_another
from delivery.intents import Draft, Overtaken, Planned, drafts, intend
from delivery.run import Run
from delivery.states import after
from ledger.audit import append, append_all
from ledger.engine import Transaction
from ledger.messages import Message, exchanges, message_of, set_message
from ledger.outbox import items_of_batch, keys_of_batch, set_items
from schemas.publication import Receipt

CONFLICT = "conflict"
"""Outcome in the log: the other side speaks of other bytes, or says duplicate and gives no receipt."""


def send_all(run: Run, planned: deque[Planned]) -> None:
    """Sends what is planned, in this order, until all of it is answered or something is in doubt.

    Takes from `planned` what it looked at.
    """
    landed: list[Landed] = []
    in_doubt = False
    with Flight(run) as flight:
        while landed or flight.open or (planned and not in_doubt):
            receipts = [(one.message, one.receipt) for one in landed if one.receipt is not None]
            in_doubt = in_doubt or len(receipts) < len(landed) or run.hooks.is_ending()
            if receipts:
                run.answered()
            room = 0 if in_doubt else max(0, min(run.width - flight.open, len(planned)))
            next_ones = drafts(run, [planned.popleft() for _ in range(room)])
            launched, some_in_doubt = _turn(run, receipts, next_ones)
            in_doubt = in_doubt or some_in_doubt
            if next_ones and not launched:  # overtaken: planned anew, the nearest deadline first again
                planned.clear()
            for one in landed:
                _failed(run, one, seen_before=False)
            flight.launch(launched)
            landed = flight.landed()


def _turn(
    run: Run, receipts: Sequence[tuple[Message, Receipt]], next_ones: Sequence[Draft]
) -> tuple[list[tuple[Message, Members]], bool]:
    """Records receipts and the next intents, in one transaction.

    Returns the messages that may leave now, and whether some row of a receipt is in doubt.
    """
    if not receipts and not next_ones:
        return [], False
    for _ in receipts:
        run.reach(5)
    if receipts and next_ones:
        run.reach(8)
    if next_ones:
        run.reach(1)
    try:
        with run.write() as tx:
            taken = take_receipts(run, tx, receipts, "send")
            messages, events = intend(run, tx, next_ones)
            append_all(tx, [*taken.events, *events], run.now())
            if receipts:
                run.reach(6)
    except Overtaken:  # somebody decided on an item in between: it is planned again, or not
        return _turn(run, receipts, [])
    if receipts:
        run.reach(7)
        run.settled(taken.settled)
    members = [draft.members for draft in next_ones]
    return list(zip(messages, members, strict=True)), taken.in_doubt


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
    run.keep_lease()
    run.reach(2)
    landed = exchange(run, message, members)
    landed.count(run)
    if landed.receipt is not None:
        take_receipt(run, message, landed.receipt, "send")
    else:
        _failed(run, landed, seen_before=seen_before)


def _failed(run: Run, landed: Landed, *, seen_before: bool) -> None:
    """Records a send that brought no receipt. `seen_before`: it may not have been the message's first."""
    message, error = landed.message, landed.error
    if isinstance(error, NotSent):
        not_executed(run, message, error)
    elif isinstance(error, Refused) and not seen_before:
        refused(run, message, error)
    elif isinstance(error, Refused):  # says nothing about the send before
        unknown(run, message, "send", "refused", error)
    elif isinstance(error, Ambiguous):
        unknown(run, message, "send", CONFLICT if speaks_of_another(error) else "unknown", error)


def conflicts(tx: Transaction, batch_no: str) -> int:
    """How often the other side spoke of other bytes under this number."""
    return sum(1 for entry in exchanges(tx, batch_no) if entry.outcome == CONFLICT)
