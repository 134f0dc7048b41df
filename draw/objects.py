"""Stage `objects`: tickets, seats, winners, reserves, replacements (§3).

A ticket is a hash of the object's id under a key that nobody could know when
the list was frozen.  The lowest tickets of each stratum win.  Tickets merge:
the first n of a union are among the first n of each part, so that shards draw
apart and the result is the same.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from draw.seed import key
from draw.text import RATIO_UNIT, parse_ratio
from schemas.errors import DrawbridgeError

RESERVES_SHOWN = 10
"""A certificate lists at least so many reserves of each stratum, if there are so many."""


class Seats(NamedTuple):
    """How many objects a stratum has, must have drawn at least, and has drawn."""

    name: str
    size: int
    minimum: int
    drawn: int


class Ticket(NamedTuple):
    """An object with its ticket (32 bytes); compares by ticket, then by id."""

    ticket: bytes
    object_id: str
    stratum: str
    uscc: str


class Objection(NamedTuple):
    """An accepted objection to a drawn object: why, decided by which role (never a name), and when."""

    object_id: str
    reason: str
    decided_by: str
    at: str


class Replacement(NamedTuple):
    """What an objection led to; `by` and `uscc` are None where no reserve was left anywhere."""

    object_id: str
    by: str | None
    uscc: str | None
    batch: int
    reason: str
    decided_by: str
    at: str


def at_least(ratio: str, size: int) -> int:
    """⌈ratio · size⌉, exactly."""
    return -(-parse_ratio(ratio) * size // RATIO_UNIT)


def seats(strata: Sequence[tuple[str, str, int]], ratio: str) -> list[Seats]:
    """How many objects each stratum draws; `strata` are `(name, ratio, size)` as listed (§3.2).

    Minima first.  While all together have fewer than ⌈ratio · N⌉, one more goes
    to the stratum with an undrawn object whose ratio · size / seats is greatest,
    the first listed among equals: Adams' divisor method, from the minima on.
    """
    minima = [at_least(share, size) for _, share, size in strata]
    drawn = list(minima)
    weights = [parse_ratio(share) * size for _, share, size in strata]
    open_strata = [h for h, (_, _, size) in enumerate(strata) if drawn[h] < size]
    for _ in range(at_least(ratio, sum(size for _, _, size in strata)) - sum(minima)):
        best = open_strata[0]
        for h in open_strata[1:]:
            if weights[h] * drawn[best] > weights[best] * drawn[h]:
                best = h
        drawn[best] += 1
        if drawn[best] == strata[best][2]:
            open_strata.remove(best)
    return [Seats(name, size, minima[h], drawn[h]) for h, (name, _, size) in enumerate(strata)]


def ticket_of(seed: bytes, object_id: str) -> bytes:
    """ticket(o) = H(key("object") ‖ object_id), to be read as a big-endian number; bytes compare alike."""
    return hashlib.sha256(key(seed, "object") + object_id.encode()).digest()


def lowest_tickets(lines: Iterable[bytes], seed: bytes, keep: Mapping[str, int]) -> dict[str, list[Ticket]]:
    """The `keep[stratum]` lowest tickets of each stratum, in order; of a whole list or of one shard of it.

    `lines` are lines of eligible.tsv without LF, every stratum being in `keep`.
    Memory grows with what is kept, not with the number of lines.
    """
    prefix = hashlib.sha256(key(seed, "object"))
    limits = {name.encode(): size for name, size in keep.items()}
    kept: dict[bytes, list[tuple[bytes, bytes]]] = {name: [] for name in limits}
    # A ticket above the bound of its stratum cannot be kept any more.
    bounds = {name: b"\xff" * 33 if size else b"" for name, size in limits.items()}
    for line in lines:
        object_id, stratum, _ = line.split(b"\t", 2)
        hasher = prefix.copy()
        hasher.update(object_id)
        ticket = hasher.digest()
        if ticket <= bounds[stratum]:
            heap = kept[stratum]
            heap.append((ticket, line))
            if len(heap) >= 2 * limits[stratum] + 1000:
                heap.sort(key=_ticket_then_id)
                del heap[limits[stratum] :]
                bounds[stratum] = heap[-1][0]
    return {
        name.decode(): [_ticket(*item) for item in sorted(heap, key=_ticket_then_id)[: limits[name]]]
        for name, heap in kept.items()
    }


def _ticket_then_id(item: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    return item[0], item[1].split(b"\t", 1)[0]


def _ticket(ticket: bytes, line: bytes) -> Ticket:
    object_id, stratum, uscc = line.decode().split("\t")
    return Ticket(ticket, object_id, stratum, uscc)


def merge_shards(
    shards: Iterable[Mapping[str, Sequence[Ticket]]], keep: Mapping[str, int]
) -> dict[str, list[Ticket]]:
    """The lowest tickets of a list from those of its shards, each drawn with the same `keep`."""
    parts = list(shards)
    return {
        name: list(heapq.merge(*(part.get(name, ()) for part in parts)))[:size] for name, size in keep.items()
    }


def winners(lowest: Mapping[str, Sequence[Ticket]], seated: Sequence[Seats]) -> list[Ticket]:
    """The winners of all strata in one ticket order."""
    return sorted(ticket for seat in seated for ticket in lowest[seat.name][: seat.drawn])


def replace(
    lowest: Mapping[str, Sequence[Ticket]],
    seated: Sequence[Seats],
    batches: Sequence[Sequence[Objection]],
) -> list[Replacement]:
    """What the accepted objections lead to, in the order in which they are recorded (§3.4).

    A batch is all objections decided at one closing of confirmations; it is
    processed in ticket order of the replaced objects.  Each is replaced by the
    first unused reserve of its stratum, with none left by the first over all
    strata, with none anywhere by nobody.  A replacement keeps the stratum of the
    object first drawn.  `lowest` must reach `seats.drawn` plus one reserve per
    objection in each stratum, or all there are.

    Refuses an object that is not (or no longer) among the drawn (DB-DRAW-080)
    and one named twice in a batch (081).
    """
    reserves = {seat.name: iter(lowest[seat.name][seat.drawn :]) for seat in seated}
    head = {name: next(queue, None) for name, queue in reserves.items()}
    standing = {ticket.object_id: ticket for ticket in winners(lowest, seated)}
    origin = {ticket.object_id: ticket.stratum for ticket in standing.values()}
    recorded: list[Replacement] = []
    for number, batch in enumerate(batches, 1):
        objections: dict[str, Objection] = {}
        for objection in batch:
            if objection.object_id not in standing:
                raise DrawbridgeError("DB-DRAW-080", object_id=objection.object_id, batch=number)
            if objection.object_id in objections:
                raise DrawbridgeError("DB-DRAW-081", object_id=objection.object_id, batch=number)
            objections[objection.object_id] = objection
        for replaced in sorted(standing[object_id] for object_id in objections):
            stratum = origin[replaced.object_id]
            chosen = head[stratum] or min((first for first in head.values() if first), default=None)
            del standing[replaced.object_id]
            if chosen is not None:
                head[chosen.stratum] = next(reserves[chosen.stratum], None)
                standing[chosen.object_id] = chosen
                origin[chosen.object_id] = stratum
            _, reason, decided_by, at = objections[replaced.object_id]
            by, uscc = (chosen.object_id, chosen.uscc) if chosen else (None, None)
            recorded.append(Replacement(replaced.object_id, by, uscc, number, reason, decided_by, at))
    return recorded


def reserves_shown(
    lowest: Mapping[str, Sequence[Ticket]], seated: Sequence[Seats], replacements: Sequence[Replacement]
) -> dict[str, list[str]]:
    """The reserves that the certificate lists: the first max(10, used) of each stratum, or all if fewer."""
    used = {replacement.by for replacement in replacements}
    shown = {}
    for seat in seated:
        queue = lowest[seat.name][seat.drawn :]
        count = sum(ticket.object_id in used for ticket in queue)
        shown[seat.name] = [ticket.object_id for ticket in queue[: max(RESERVES_SHOWN, count)]]
    return shown
