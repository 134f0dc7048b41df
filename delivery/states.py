"""The state table of an item: each change, what it starts from, and its event in the audit chain.

The code takes the next state from here and nowhere else; docs/reliability.md shows the same table, and a
test replays the audit chain by it.  What the states mean is said in `ledger.outbox.STATES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.outbox import ItemState, OutboxItem


@dataclass(frozen=True)
class Move:
    """A change of state. `before` empty: the item is new; `event`: kind of the audit event that tells it."""

    before: tuple[str, ...]
    after: str
    event: str
    why: str


MOVES: Mapping[str, Move] = {
    "queue": Move((), "held", "queued", "it is due and waits for an approval"),
    "queue-approved": Move((), "ready", "queued", "it is due and needs no approval, or has it"),
    "approve": Move(("held",), "ready", "released", "the approval is in force"),
    "return": Move(("ready",), "held", "taken-out", "the approval was taken back before sending"),
    "withhold": Move(("held", "ready"), "withheld", "taken-out", "decided: not to be published"),
    "replace": Move(("held", "ready"), "void", "taken-out", "a later version was queued before sending"),
    "intend": Move(("ready",), "sending", "intent", "bytes frozen, number derived, intent committed"),
    "repeat": Move(("ready",), "sending", "sent-again", "the same bytes, of which none was executed"),
    "not-executed": Move(("sending",), "ready", "not-executed", "no connection, 429, 503 with a time"),
    "accept": Move(("sending", "pending"), "accepted", "answered", "a receipt for these bytes says so"),
    "reject": Move(("sending", "pending"), "rejected", "answered", "a receipt for these bytes says why"),
    "wait": Move(("sending",), "pending", "answered", "received, decided later"),
    "refuse": Move(("sending",), "rejected", "refused", "refused alone, at the first send"),
    "separate": Move(("sending",), "ready", "refused", "refused with others: each goes out alone"),
    "unwritable": Move(("ready",), "rejected", "unwritable", "it cannot be written in the other side's form"),
    "prove-absent": Move(("sending",), "ready", "message-void", "absent in enough looks over the window"),
    "give-up": Move(("ready",), "ready", "message-void", "frozen with one that is taken out, not executed"),
    "park": Move(("sending", "pending", "ready"), "parked", "parked", "no program can find it out"),
    "confirm-delivered": Move(("parked",), "accepted", "operator-decided", "two people: it is held there"),
    "confirm-absent": Move(("parked",), "ready", "operator-decided", "two people: it is not held there"),
    "take-over": Move(
        ("held", "ready", "parked", "rejected"),
        "accepted",
        "taken-over",
        "two people: held there, forgotten here",
    ),
}
"""By name; in the order in which docs/reliability.md shows them."""


def after(move: str, *items: OutboxItem | ItemState) -> str:
    """The state that a move leads to. Raises LookupError if one of the items cannot make it: a mistake."""
    found = MOVES[move]
    for item in items:
        if item.state not in found.before:
            raise LookupError(f"{move}: {item.key} v{item.version} is {item.state}")
    return found.after
