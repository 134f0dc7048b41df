"""What an answer does to a message and its items. Every change and its audit event are one transaction."""

from __future__ import annotations

from collections.abc import Collection

from connectors.protocols import Refused
from delivery.run import Run
from delivery.states import MOVES, after
from ledger.audit import append
from ledger.engine import Transaction
from ledger.messages import Message, log_answer, message_of, set_message
from ledger.outbox import OutboxItem, answer_items, items_of_batch, set_item, set_items
from schemas.errors import DrawbridgeError
from schemas.publication import Receipt, ReplyState, RowReply

_MOVE_OF_REPLY = {
    ReplyState.ACCEPTED: "accept",
    ReplyState.REJECTED: "reject",
    ReplyState.PENDING: "wait",
}
_UNSETTLED = ("sending", "pending")
_OPEN_MESSAGE = ("ready", "sending", "pending")


def fits(message: Message, members: Collection[tuple[str, int]], receipt: Receipt) -> bool:
    """Whether a receipt speaks of these very bytes, and of no row that was not in them, and of none twice.

    `members`: key and version of what is in the message now.
    """
    keys = [row.key for row in receipt.rows]
    return (
        receipt.batch_no == message.batch_no
        and receipt.digest == message.body_digest
        and len(set(keys)) == len(keys)
        and (not members or set(keys) <= {key for key, _ in members})
    )


def take_receipt(run: Run, message: Message, receipt: Receipt, act: str) -> bool:
    """Records a receipt that fits: each row's state, and the message's.

    Returns whether all rows are answered.  Rows that it does not mention stay unknown; what was settled
    before stays as it was.
    """
    run.reach(5)
    with run.write() as tx:
        current = _current(tx, message)
        log_answer(
            tx,
            message.batch_no,
            act,
            "receipt",
            None,
            receipt.model_dump_json(),
            run.clock.now(),
            repeats=act == "query",
        )
        if act == "query" and current.state == "pending":
            run.reach(11)
        changed, states = _apply(tx, run, current, receipt)
        state = current.state
        if current.state in _OPEN_MESSAGE:
            state = _settle_message(tx, run, current, states)
        if changed:
            facts = {"act": act, "state": state, "items": changed}
            append(tx, "answered", message.subject, facts, run.now())
        run.reach(6)
    run.reach(7)
    run.answered()
    run.settled(sum(1 for row in changed if row[2] in ("accepted", "rejected")))
    return state != "sending"


def _apply(
    tx: Transaction, run: Run, message: Message, receipt: Receipt
) -> tuple[list[list[str | int | None]], set[str]]:
    """What changed, and the states that the message's items are in now."""
    replies, now = {row.key: row for row in receipt.rows}, run.now()
    changed: list[list[str | int | None]] = []
    answered: list[tuple[OutboxItem, dict[str, object]]] = []
    states: set[str] = set()
    for item in items_of_batch(tx, message.batch_no):
        reply = replies.get(item.key)
        if reply is None or item.state not in _UNSETTLED or reply.state.value == item.state:
            states.add(item.state)
            continue
        state = after(_MOVE_OF_REPLY[reply.state], item)
        values: dict[str, object] = {
            "state": state,
            "receipt_no": reply.receipt_no or item.receipt_no,
            "code": _code(reply),
            "reason": reply.text,
            "settled_at": None if state == "pending" else now,
        }
        states.add(state)
        answered.append((item, values))
        changed.append([item.key, item.version, state, reply.receipt_no or _code(reply)])
    answer_items(tx, answered)
    return changed, states


def _code(reply: RowReply) -> str | None:
    return None if reply.code is None else reply.code[:40]


def _settle_message(tx: Transaction, run: Run, message: Message, states: Collection[str]) -> str:
    """The message's state follows from its items: unknown before pending before done."""
    state = next((one for one in _UNSETTLED if one in states), "done")
    values: dict[str, object] = {"state": state, "next_try_at": None}
    if state == "done":
        values["closed_at"] = run.now()
    elif state == "sending":
        values["next_try_at"] = run.soon(run.backoff(message.sends))
    else:
        values |= {"absent_reads": 0, "absent_since": None, "next_try_at": run.next_look(message.sends)}
    set_message(tx, message.batch_no, **values)
    return state


def not_executed(run: Run, message: Message, error: DrawbridgeError, asked_s: float | None) -> None:
    """The last send certainly came to nothing: the same bytes may go again under the same number."""
    until = run.set_back(error.code, asked_s)
    with run.write() as tx:
        log_answer(
            tx, message.batch_no, "send", "not-sent", error.code, str(error), run.clock.now(), repeats=True
        )
        current = _current(tx, message)
        never = current.sends <= current.tries + 1
        set_message(
            tx,
            message.batch_no,
            tries=current.tries + 1,
            state="ready" if never else current.state,
            next_try_at=until,
        )
        items = items_of_batch(tx, message.batch_no) if never else []
        returned = [item for item in items if item.state == "sending"]
        set_items(tx, returned, state=after("not-executed", *returned))
        facts = {"code": error.code, "items": [[item.key, item.version] for item in returned]}
        append(tx, "not-executed", message.subject, facts, run.now())


def unknown(run: Run, message: Message, act: str, outcome: str, error: DrawbridgeError) -> None:
    """Nothing is known of the last send, or the question was not answered: looked at again later."""
    asked = error.facts.get("retry_after_s")
    until = run.set_back(error.code, asked if isinstance(asked, float) else None)
    with run.write() as tx:
        log_answer(
            tx,
            message.batch_no,
            act,
            outcome,
            error.code,
            str(error),
            run.clock.now(),
            repeats=outcome == "unreachable",
        )
        set_message(tx, message.batch_no, next_try_at=until)
        if act == "send":
            append(tx, "unknown", message.subject, {"code": error.code}, run.now())


def refused(run: Run, message: Message, error: Refused) -> None:
    """The other side refused a message that it never saw before: nothing of it is held.

    An item that was refused alone is rejected.  Several in one message go out again each in a message of its
    own, so that one faulty record does not take the others with it.
    """
    run.answered()
    code = str(error.facts.get("answer_code") or error.code)[:40]
    reason = str(error.facts.get("answer_text") or error.zh)
    run.reach(5)
    with run.write() as tx:
        log_answer(tx, message.batch_no, "send", "refused", error.code, str(error), run.clock.now())
        items = [item for item in items_of_batch(tx, message.batch_no) if item.state == "sending"]
        alone = len(items) == 1
        for item in items:
            if alone:
                state = after("refuse", item)
                set_item(tx, item, state=state, code=code, reason=reason, settled_at=run.now())
            else:
                state = after("separate", item)
                set_item(
                    tx, item, state=state, batch_no=None, attempt=item.attempt + 1, code=code, reason=reason
                )
        set_message(
            tx,
            message.batch_no,
            state="done" if alone else "void",
            closed_at=run.now(),
            next_try_at=None,
        )
        state = MOVES["refuse" if alone else "separate"].after
        rows = [[item.key, item.version, state, code] for item in items]
        append(tx, "refused", message.subject, {"code": error.code, "items": rows}, run.now())
        run.reach(6)
    run.reach(7)
    run.settled(1 if alone else 0)


def _current(tx: Transaction, message: Message) -> Message:
    found = message_of(tx, message.batch_no)
    if found is None:
        raise LookupError(message.batch_no)
    return found
