"""What an answer does to a message and its items. Every change and its audit event are one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectors.protocols import NotSent, Refused
from delivery.run import Run
from delivery.states import MOVES, after
from ledger.audit import Event, append, append_all
from ledger.engine import Transaction
from ledger.messages import (
    Message,
    Standing,
    log_answer,
    log_answers,
    message_of,
    set_message,
    set_messages,
    standing,
)
from ledger.outbox import ItemState, answer_items, items_of_batch, set_item, set_items, states_in
from schemas.errors import DrawbridgeError
from schemas.publication import Receipt, ReplyState, RowReply

_MOVE_OF_REPLY = {
    ReplyState.ACCEPTED: "accept",
    ReplyState.REJECTED: "reject",
    ReplyState.PENDING: "wait",
}
HELD_BACK = "DB-DELIVERY-027"
"""A message that did not leave because an earlier one was not answered as it should be."""

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
    """Records a receipt that fits; returns whether all rows are answered."""
    run.reach(5)
    with run.write() as tx:
        taken = take_receipts(run, tx, [(message, receipt)], act)
        append_all(tx, taken.events, run.now())
        run.reach(6)
    run.reach(7)
    run.answered()
    run.settled(taken.settled)
    return not taken.in_doubt


@dataclass(frozen=True)
class Taken:
    """What receipts changed. `settled`: rows accepted or rejected now; `in_doubt`: one is still unknown."""

    events: Sequence[Event]
    settled: int
    in_doubt: bool


def take_receipts(run: Run, tx: Transaction, taken: Sequence[tuple[Message, Receipt]], act: str) -> Taken:
    """Writes what receipts that fit say: each row's state, and the messages'.

    Rows that a receipt does not mention stay unknown; what was settled before stays as it was.  The events
    are to be committed with it.
    """
    if not taken:
        return Taken([], 0, False)
    numbers = [message.batch_no for message, _ in taken]
    if act == "send":
        answers = [(message.batch_no, receipt.model_dump_json()) for message, receipt in taken]
        log_answers(tx, answers, act, "receipt", None, run.clock.now())
    else:
        for message, receipt in taken:
            answer = receipt.model_dump_json()
            log_answer(tx, message.batch_no, act, "receipt", None, answer, run.clock.now(), repeats=True)
    current = standing(tx, numbers)
    held: dict[str | None, list[ItemState]] = {}
    for item in states_in(tx, numbers):
        held.setdefault(item.batch_no, []).append(item)
    answered: list[tuple[ItemState, dict[str, object]]] = []
    changes: list[tuple[str, dict[str, object]]] = []
    events: list[Event] = []
    states: set[str] = set()
    for message, receipt in taken:
        now = current[message.batch_no]
        if act == "query" and now.state == "pending":
            run.reach(11)
        rows, told, after_it = _answered(run, held.get(message.batch_no, []), receipt)
        answered += rows
        state = now.state
        if now.state in _OPEN_MESSAGE:
            state, values = _settled(run, now, after_it)
            changes.append((message.batch_no, values))
        states.add(state)
        if told:
            events.append(Event("answered", message.subject, {"act": act, "state": state, "items": told}))
    answer_items(tx, answered)
    set_messages(tx, changes)
    settled = sum(new["state"] in ("accepted", "rejected") for _, new in answered)
    return Taken(events, settled, "sending" in states)


def _answered(
    run: Run, items: Sequence[ItemState], receipt: Receipt
) -> tuple[list[tuple[ItemState, dict[str, object]]], list[list[str | int | None]], set[str]]:
    """What a receipt changes of a message's items, how the audit chain tells it, and all states after it."""
    replies, now = {row.key: row for row in receipt.rows}, run.now()
    changed: list[tuple[ItemState, dict[str, object]]] = []
    told: list[list[str | int | None]] = []
    states: set[str] = set()
    for item in items:
        reply = replies.get(item.key)
        if reply is None or item.state not in _UNSETTLED or reply.state.value == item.state:
            states.add(item.state)
            continue
        state = after(_MOVE_OF_REPLY[reply.state], item)
        states.add(state)
        values: dict[str, object] = {
            "state": state,
            "receipt_no": reply.receipt_no or item.receipt_no,
            "code": _code(reply),
            "reason": reply.text,
            "settled_at": None if state == "pending" else now,
        }
        changed.append((item, values))
        told.append([item.key, item.version, state, reply.receipt_no or _code(reply)])
    return changed, told, states


def _code(reply: RowReply) -> str | None:
    return None if reply.code is None else reply.code[:40]


def _settled(run: Run, message: Standing, states: Collection[str]) -> tuple[str, dict[str, object]]:
    """The message's state follows from its items: unknown before pending before done."""
    state = next((one for one in _UNSETTLED if one in states), "done")
    values: dict[str, object] = {"state": state, "next_try_at": None}
    if state == "done":
        values["closed_at"] = run.now()
    elif state == "sending":
        values["next_try_at"] = run.soon(run.backoff(message.sends))
    else:
        values |= {"absent_reads": 0, "absent_since": None, "next_try_at": run.next_look(message.sends)}
    return state, values


def not_executed(run: Run, message: Message, error: NotSent) -> None:
    """The last send certainly came to nothing: the same bytes may go again under the same number."""
    # What was held back by another message says nothing of the line.
    until = run.hold_until if error.code == HELD_BACK else run.set_back(error.code, error.retry_after_s)
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
