"""RESOLVE: what became of a message whose outcome is unknown. It is never sent again blindly.

| the other side | what is done |
|---|---|
| can be asked | asked; absent for `settle_reads` looks over `settle_window_s`: void, new number |
| recognises repetitions | the identical bytes again, same number, after asking where that is possible |
| neither, or no longer | parked: an operator finds out, with the log as evidence (`delivery.park`) |

Absence counts only over time, since reads may be stale and a gateway may pass a request on seconds after
it gave an error.  What comes in even later cannot be prevented by anybody; `delivery.reconcile` finds it.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.faults import FAULTS
from connectors.protocols import SystemUnreachable
from delivery.answers import fits, take_receipt, unknown
from delivery.run import Run
from delivery.sending import CONFLICT, conflicts, send_again
from delivery.states import after
from ledger.audit import append
from ledger.engine import Transaction
from ledger.messages import Message, exchanges, log_answer, message_of, set_message
from ledger.outbox import items_of_batch, keys_of_batch, set_item
from schemas.errors import DrawbridgeError


def resolve(run: Run, message: Message) -> None:
    """One step towards knowing; the message says itself when the next one is due (`next_try_at`)."""
    with run.ledger.read() as tx:
        refused_again = any(entry.outcome == "refused" for entry in exchanges(tx, message.batch_no))
        disputed = conflicts(tx, message.batch_no) >= run.policy.conflicts
    capability = run.channel.capability
    may_repeat = capability.recognises(age_s(run, message)) and not refused_again
    if disputed:
        park(run, message, _code_of_dispute(run, message))
    elif capability.can_query:
        _ask(run, message, may_repeat)
    elif may_repeat:
        if not _given_up_on_rows(run, message):
            send_again(run, message)
    else:
        park(run, message, "DB-DELIVERY-025" if refused_again else "DB-DELIVERY-020")


def age_s(run: Run, message: Message) -> float:
    """Seconds since the message may first have reached the other side."""
    return (run.clock.now() - message.sent_at).total_seconds()


def ask(run: Run, message: Message) -> bool:
    """Asks what the other side holds of a message and records the answer; returns whether it holds it.

    What it says it does not hold, and what it cannot say, is left to the caller; a receipt for other bytes
    is no answer.
    """
    run.reach(9)
    try:
        receipt = run.channel.query(message.batch_no)
    except DrawbridgeError as error:
        unknown(run, message, "query", "unreachable", error)
        return True
    run.reach(9)
    if receipt is None:
        run.answered()
        return False
    with run.ledger.read() as tx:
        members = keys_of_batch(tx, message.batch_no)
    if not fits(message, members, receipt):
        unknown(run, message, "query", CONFLICT, SystemUnreachable("DB-DELIVERY-021"))
        return True
    if not take_receipt(run, message, receipt, "query"):
        _note_missing_rows(run, message)
    return True


def park(run: Run, message: Message, code: str) -> None:
    """Hands what is unknown in a message over to an operator; nothing more is sent of it by itself."""
    with run.write() as tx:
        error = DrawbridgeError(code)
        parked = [
            i for i in items_of_batch(tx, message.batch_no) if i.state in ("sending", "pending", "ready")
        ]
        for item in parked:
            set_item(tx, item, state=after("park", item), code=code, reason=error.zh)
        set_message(tx, message.batch_no, state="parked", next_try_at=None)
        rows = [[item.key, item.version] for item in parked]
        append(tx, "parked", message.subject, {"code": code, "items": rows}, run.now())


def note_absence(run: Run, message: Message) -> bool:
    """Records one look that found nothing; returns whether there were enough of them over enough time."""
    with run.write() as tx:
        log_answer(tx, message.batch_no, "query", "absent", None, "", run.clock.now(), repeats=True)
        return _count_look(run, tx, message)


def void(run: Run, message: Message) -> None:
    """The message was proved absent: its items may go out in another one, with a new number."""
    with run.write() as tx:
        items = [item for item in items_of_batch(tx, message.batch_no) if item.state == "sending"]
        for item in items:
            state = after("prove-absent", item)
            set_item(tx, item, state=state, batch_no=None, attempt=item.attempt + 1)
        set_message(tx, message.batch_no, state="void", closed_at=run.now(), next_try_at=None)
        facts = {"why": "absent", "items": [[item.key, item.version] for item in items]}
        append(tx, "message-void", message.subject, facts, run.now())
        run.reach(10)
    run.reach(10)


def _ask(run: Run, message: Message, may_repeat: bool) -> None:
    if ask(run, message):
        return
    if may_repeat:
        # Not held as far as it says: the identical bytes, which it recognises if the answer was stale.
        send_again(run, message)
    elif note_absence(run, message):
        void(run, message)


def _count_look(run: Run, tx: Transaction, message: Message) -> bool:
    """Counts a look that did not find what was looked for, and says when the next one makes sense.

    The looks are spread over the window, so that a clock that jumps cannot make them all at once.
    """
    current = message_of(tx, message.batch_no) or message
    capability, now = run.channel.capability, run.clock.now()
    since = now if current.absent_since is None else min(current.absent_since, now)
    reads = current.absent_reads + 1
    step_s = capability.settle_window_s / max(1, capability.settle_reads - 1)
    set_message(
        tx,
        message.batch_no,
        absent_reads=reads,
        absent_since=since,
        next_try_at=run.soon(max(step_s, run.policy.backoff_s)),
    )
    window = timedelta(seconds=capability.settle_window_s)
    return reads >= capability.settle_reads and now - since >= window


def _note_missing_rows(run: Run, message: Message) -> None:
    """The message is held, but some of its rows are not mentioned: after enough looks an operator asks."""
    with run.write() as tx:
        enough = _count_look(run, tx, message)
    if enough:
        park(run, message, "DB-DELIVERY-023")


def _given_up_on_rows(run: Run, message: Message) -> bool:
    """Whether so many repetitions were answered without mentioning some rows that an operator has to ask."""
    with run.ledger.read() as tx:
        receipts = [entry for entry in exchanges(tx, message.batch_no) if entry.outcome == "receipt"]
    if len(receipts) < max(2, run.channel.capability.settle_reads):
        return False
    park(run, message, "DB-DELIVERY-023")
    return True


def _code_of_dispute(run: Run, message: Message) -> str:
    with run.ledger.read() as tx:
        codes = [entry.code or "" for entry in exchanges(tx, message.batch_no) if entry.outcome == CONFLICT]
    duplicates = all(code.rpartition("-")[2] == FAULTS["duplicate"].number for code in codes)
    return "DB-DELIVERY-022" if duplicates else "DB-DELIVERY-021"
