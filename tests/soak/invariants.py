"""What must hold when all is quiet, judged by the mock's own record of what it accepted.

Numbers are those of the reliability reference §3.  Each check gives the sentences of what is broken; an
empty list is what one wants.  I5 and I6 belong to the draw and to forms being made, I11 to the flows.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from delivery.park import parked
from delivery.states import MOVES
from ledger.audit import AuditEvent, events, verify_audit
from ledger.engine import Ledger
from ledger.messages import Message, messages_in
from ledger.outbox import STATES, OutboxItem, outbox_items
from tests.soak.material import MARK, SECRET, TASK

MESSAGE_STATES = ("ready", "sending", "pending", "done", "void", "parked")
Write = Mapping[str, Any]
Id = tuple[str, int]


@dataclass(frozen=True)
class Seen:
    """Both records side by side: ours, and the mock's writes of the schedule's keys."""

    ledger: Ledger
    kind: str
    due: frozenset[Id]
    not_approved: frozenset[Id]
    writes: Sequence[Write]
    items: Sequence[OutboxItem]
    messages: Mapping[str, Message]
    listed: frozenset[Id]
    events: Sequence[AuditEvent]

    @cached_property
    def _writes(self) -> Mapping[Id, list[Write]]:
        found: dict[Id, list[Write]] = {}
        for write in self.writes:
            found.setdefault((write["key"], write["version"]), []).append(write)
        return found

    def writes_of(self, one: Id) -> list[Write]:
        return self._writes.get(one, [])


def look(
    ledger: Ledger, kind: str, due: frozenset[Id], not_approved: frozenset[Id], writes: Sequence[Write]
) -> Seen:
    """Reads what the ledger says at this moment."""
    with ledger.read() as tx:
        return Seen(
            ledger=ledger,
            kind=kind,
            due=due,
            not_approved=not_approved,
            writes=writes,
            items=outbox_items(tx, kind, TASK),
            messages={m.batch_no: m for m in messages_in(tx, kind, TASK, MESSAGE_STATES)},
            listed=frozenset((one.item.key, one.item.version) for one in parked(tx, kind, TASK)),
            events=events(tx),
        )


def lost(seen: Seen) -> list[str]:
    """I2: each due item is accepted, rejected with a code, or listed for the operator."""
    states = {(item.key, item.version): item for item in seen.items}
    waiting = {key for key, _ in seen.listed}
    found = []
    for one in sorted(seen.due):
        item = states.get(one)
        if item is None:
            found.append(f"{one} is not in the ledger")
        elif item.state == "accepted" or (item.state == "rejected" and item.code):
            continue
        elif one in seen.listed or (item.state == "ready" and item.key in waiting):
            continue  # a correction waits for the decision on the version before it
        elif item.state == "void" and (one[0], one[1] + 1) in seen.due:
            continue
        else:
            found.append(f"{one} is {item.state}, batch {item.batch_no}, code {item.code}")
    return found


def doubled(seen: Seen) -> list[str]:
    """I1: accepted at most once on the platform; what it took in and then rejected may come again."""
    counts = Counter((w["key"], w["version"]) for w in seen.writes if w["state"] != "rejected")
    return [f"{one} was accepted {count} times" for one, count in sorted(counts.items()) if count > 1]


def _i3(seen: Seen) -> Iterator[str]:
    """Ours says accepted exactly where the platform has it, with its receipt and these bytes."""
    for item in seen.items:
        held = [w for w in seen.writes_of((item.key, item.version)) if w["state"] != "rejected"]
        if item.state == "accepted":
            if not held:
                yield f"{item.key} v{item.version} is accepted here and not held there"
            elif item.receipt_no not in {write["receiptNo"] for write in held}:
                yield f"{item.key} v{item.version} has receipt {item.receipt_no}, not {held[0]['receiptNo']}"
        elif item.state in ("rejected", "void", "held", "withheld") and held:
            yield f"{item.key} v{item.version} is {item.state} here and held there"
    newest: dict[str, int] = {}
    for write in seen.writes:
        if write["version"] < newest.get(write["key"], 0):
            yield f"{write['key']} v{write['version']} came there after v{newest[write['key']]}"
        newest[write["key"]] = max(write["version"], newest.get(write["key"], 0))


def _i4(seen: Seen) -> Iterator[str]:
    """Nothing that was not approved; and the bytes there are those frozen here."""
    ours = {(item.key, item.version) for item in seen.items}
    bodies = {number: hashlib.sha256(message.body).hexdigest() for number, message in seen.messages.items()}
    for write in seen.writes:
        one = (write["key"], write["version"])
        if one in seen.not_approved or one not in ours:
            yield f"{one} was published without an approval"
        if bodies.get(write["batchNo"]) != write["digest"]:
            yield f"{one} has other bytes there than message {write['batchNo']} here"


def _i7(seen: Seen) -> Iterator[str]:
    """The chain is whole, its events alone give every item's state, every message has its intent."""
    verdict = verify_audit(seen.ledger.engine)
    if verdict.broken_at is not None:
        yield f"the audit chain is broken at {verdict.broken_at}: {verdict.reason}"
    told = replay(seen.events)
    for item in seen.items:
        state = told.get((item.key, item.version))
        if state != item.state:
            yield f"{item.key} v{item.version} is {item.state}, its events say {state}"
    intents = Counter(event.subject for event in seen.events if event.kind == "intent")
    for number, message in seen.messages.items():
        if intents[message.subject] != 1:
            yield f"message {number} has {intents[message.subject]} intents"
    for event in seen.events:
        if event.kind == "intent" and event.subject.partition("/")[2] not in seen.messages:
            yield f"{event.subject} has an intent and no message"


def replay(history: Sequence[AuditEvent]) -> dict[Id, str]:
    """Each item's state, from the audit events alone, by the state table; a move it lacks ends in `?`."""
    states: dict[Id, str] = {}
    for event in history:
        for one, state in _told(event):
            moves = [move for move in MOVES.values() if (move.event, move.after) == (event.kind, state)]
            before = states.get(one)
            fits = any(before in move.before or (before is None and not move.before) for move in moves)
            states[one] = state if fits else f"{before} -> {state} by {event.kind}?"
    return states


def _told(event: AuditEvent) -> Iterator[tuple[Id, str]]:
    """The items that an event speaks of, and the state that it gives them."""
    facts = event.facts
    if event.kind in ("taken-out", "unwritable", "operator-decided", "taken-over"):
        yield (facts["key"], facts["version"]), _ONE_ITEM[event.kind](facts)
    elif event.kind == "queued":
        yield from (((row[0], row[1]), facts["state"]) for row in facts["items"])
    elif event.kind in ("answered", "refused"):
        yield from (((row[0], row[1]), row[2]) for row in facts["items"])
    elif event.kind in _SEVERAL:
        yield from (((row[0], row[1]), _SEVERAL[event.kind]) for row in facts["items"])


_SEVERAL = {
    move.event: move.after
    for move in MOVES.values()
    if move.event in ("intent", "sent-again", "not-executed", "message-void", "released", "parked")
}
_ONE_ITEM: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "taken-out": lambda facts: str(facts["to"]),
    "unwritable": lambda facts: "rejected",
    "operator-decided": lambda facts: "accepted" if facts["found"] == "delivered" else "ready",
    "taken-over": lambda facts: "accepted",
}


def _i8(seen: Seen) -> Iterator[str]:
    """due = accepted + rejected + listed + waiting behind a listed one; and nothing is in no state."""
    states = Counter(item.state for item in seen.items)
    unknown = set(states) - set(STATES)
    if unknown:
        yield f"states that nobody knows: {sorted(unknown)}"
    out = sum(states[s] for s in ("held", "withheld", "void"))
    settled = sum(states[s] for s in ("accepted", "rejected", "parked", "ready"))
    if settled + out != len(seen.items):
        yield f"counts do not add up: {dict(states)}"
    accepted_there = {(w["key"], w["version"]) for w in seen.writes if w["state"] != "rejected"}
    listed_or_open = {(i.key, i.version) for i in seen.items if i.state in ("accepted", "parked", "ready")}
    if not accepted_there <= listed_or_open:
        yield f"held there and not counted here: {sorted(accepted_there - listed_or_open)}"


def _i9(seen: Seen) -> Iterator[str]:
    """No name and no secret in the audit chain and in the reasons."""
    for event in seen.events:
        text = str(dict(event.facts))
        if MARK in text or SECRET in text:
            yield f"event {event.seq} ({event.kind}) says more than it may"
    yield from (f"{item.key}: its reason names it" for item in seen.items if MARK in (item.reason or ""))


CHECKS: dict[str, Callable[[Seen], Iterator[str]]] = {
    "I3 what is accepted here is held there": _i3,
    "I4 only what was approved, byte for byte": _i4,
    "I7 one event for each change": _i7,
    "I8 counts add up": _i8,
    "I9 no name, no secret": _i9,
}
ANY_TIME = ("I4 only what was approved, byte for byte", "I7 one event for each change")
"""These hold after every run, quiet or not."""


def broken(seen: Seen, names: Sequence[str] = tuple(CHECKS)) -> list[str]:
    """Every sentence of the checks with these names."""
    return [f"{name}: {sentence}" for name in names for sentence in CHECKS[name](seen)]
