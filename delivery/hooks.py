"""Where a delivery says what it is about to do: the points of the kill-point catalogue, and a counter.

| no. | the delivery stands |
|---|---|
| 1 | before the transaction that writes the intent |
| 2 | after it, before the first byte is sent |
| 3, 4 | inside the request: body half sent; committed there, reply lost (reached by a channel under test) |
| 5 | the reply is read, nothing of it recorded |
| 6 | before the commit of the transaction that records it, and with it the next intents |
| 7 | after that commit |
| 8 | between two messages: an answer is read, the next one is about to be begun |
| 9 | before, and again after, asking what became of a message |
| 10 | before, and again after, the commit that declares a message void |
| 11 | a delayed receipt is in, not applied |
| 12 | a reconciliation is half done |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# Kind of write -> the letter of its points: T push, B publish; X for documents of the draw and all others.
_LETTER = {"form": "T", "record": "B"}


def _nothing(_: object) -> None:
    return None


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Hooks:
    """`reach` is told each point by its name (`B5`), `sent` how many records were put on the wire.

    `under_way` is told 1 when a message is handed to the network, and -1 when that is over; `is_ending` says
    whether nothing more may leave, because whoever calls is to end.
    """

    reach: Callable[[str], None] = _nothing
    sent: Callable[[int], None] = _nothing
    under_way: Callable[[int], None] = _nothing
    is_ending: Callable[[], bool] = _never


SILENT = Hooks()
"""Hooks that tell nobody."""


def point(kind: str, number: int) -> str:
    """Name of a point for one kind of write."""
    return f"{_LETTER.get(kind, 'X')}{number}"
