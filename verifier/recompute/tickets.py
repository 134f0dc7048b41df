"""Tickets, winners, reserves and replacements of stage `objects` (§3.1, §3.3, §3.4)."""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Any, NamedTuple

from verifier.recompute.table import Unfit

_SHOWN = 10
"""A certificate lists at least so many reserves of each stratum."""


class Ticket(NamedTuple):
    """An object with its ticket as 64 hex digits, which sort as the number does; then by id."""

    ticket: str
    object_id: str
    stratum: str
    uscc: str


def ticket_of(key: bytes, object_id: str) -> str:
    """The ticket of an object under key("object"), as 64 hex digits."""
    return sha256(key + object_id.encode()).hexdigest()


def lowest(lines: Iterable[Sequence[bytes]], key: bytes, keep: Mapping[str, int]) -> dict[str, list[Ticket]]:
    """The `keep[stratum]` lowest tickets of each stratum, in order.

    `lines` are those of eligible.tsv, many at a time.  Each stratum has a heap with its worst ticket on top,
    which a better one drives out.  Two ids with one ticket would be a collision of SHA-256: the order of
    ids, which then decides, is seen to in the final sort alone.
    """
    heaps: dict[bytes, list[tuple[int, bytes]]] = {name.encode(): [] for name in keep}
    free = {name.encode(): number for name, number in keep.items()}
    for some in lines:
        for line in some:
            object_id, stratum, _ = line.split(b"\t")
            ticket = int.from_bytes(sha256(key + object_id).digest(), "big")
            heap = heaps[stratum]
            if free[stratum]:
                free[stratum] -= 1
                heapq.heappush(heap, (-ticket, line))
            elif heap and ticket < -heap[0][0]:
                heapq.heapreplace(heap, (-ticket, line))
    return {
        name.decode(): sorted(
            Ticket(f"{-negative:064x}", *line.decode().split("\t")) for negative, line in heap
        )
        for name, heap in heaps.items()
    }


class Drawn(NamedTuple):
    """What is drawn: winners of all strata in ticket order, and each stratum's reserves in order."""

    winners: list[Ticket]
    reserves: dict[str, list[Ticket]]


def draw(kept: Mapping[str, Sequence[Ticket]], seats: Mapping[str, int]) -> Drawn:
    """Winners and reserves from the lowest tickets of each stratum."""
    winners = sorted(one for name, tickets in kept.items() for one in tickets[: seats[name]])
    return Drawn(winners, {name: list(tickets[seats[name] :]) for name, tickets in kept.items()})


def replacements(drawn: Drawn, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the objections of these entries lead to, in the form of the certificate's `replacements`.

    Raises Unfit where batch numbers fall, where an entry replaces an object that does not stand, and for an
    object named twice in one batch.
    """
    standing = {one.object_id: (one, one.stratum) for one in drawn.winners}
    left = {name: list(reversed(queue)) for name, queue in drawn.reserves.items()}
    heads = sorted((queue[-1], name) for name, queue in left.items() if queue)
    recorded: list[dict[str, Any]] = []
    latest = 0
    for batch, members in groupby(entries, key=lambda entry: int(entry["batch"])):
        if batch < latest:
            raise Unfit(f"a batch from {latest} on", batch)
        latest = batch
        objections: dict[str, Mapping[str, Any]] = {}
        for entry in members:
            if entry["object_id"] not in standing or entry["object_id"] in objections:
                raise Unfit("an object that stands, once in a batch", entry["object_id"])
            objections[entry["object_id"]] = entry
        for object_id in sorted(objections, key=lambda one: standing[one][0]):
            _, stratum = standing.pop(object_id)
            chosen = _next(left, heads, stratum)
            if chosen:
                standing[chosen.object_id] = (chosen, stratum)
            decided = {name: objections[object_id][name] for name in ("reason", "decided_by", "at")}
            by, uscc = (chosen.object_id, chosen.uscc) if chosen else (None, None)
            recorded.append({"object_id": object_id, "by": by, "uscc": uscc, "batch": batch, **decided})
    return recorded


def _next(left: Mapping[str, list[Ticket]], heads: list[tuple[Ticket, str]], stratum: str) -> Ticket | None:
    """Takes the first unused reserve of the stratum, else of all; `heads` has the first of each, in order."""
    own = left[stratum]
    if not own and not heads:
        return None
    head = (own[-1], stratum) if own else heads[0]
    heads.remove(head)
    queue = left[head[1]]
    queue.pop()
    if queue:
        insort(heads, (queue[-1], head[1]))
    return head[0]


def reserves_shown(drawn: Drawn, recorded: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The reserves that a certificate lists: the first ten of each stratum, or as many as were used."""
    used = {entry["by"] for entry in recorded}
    return {
        name: [one.object_id for one in queue[: max(_SHOWN, sum(one.object_id in used for one in queue))]]
        for name, queue in drawn.reserves.items()
    }
