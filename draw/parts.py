"""A list read in parts, by anybody in any order, and put together again (§2, §3).

A *part* is a run of lines of eligible.tsv.  What is found in it is enough to go on without it: how
many objects of each stratum, the subtrees of the Merkle tree that lie within it, its first and
last id, and every line whose ticket is low enough.  Neighbours join into a larger part, and the
part that is the whole list gives the same root, sizes and lowest tickets as one reader of the whole.

What is low enough is said by a *bound* per stratum on the first eight bytes of a ticket.  A bound
only decides what is kept.  Whether it was enough is counted afterwards, exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import NamedTuple

from draw.frozen import ELIGIBLE, check_eligible_line, listed_stratum, out_of_order
from draw.lines import read_lines
from draw.merkle import Subtree, append_subtree, leaf_hash, root_over, subtrees_of
from draw.objects import Seats, Ticket
from draw.seed import key

EVERYTHING = (1 << 64) - 1
"""The bound that keeps every ticket."""


class Kept(NamedTuple):
    """A ticket and the line it belongs to; no two lines share an id, so these sort by ticket, then by id."""

    ticket: bytes
    line: bytes


@dataclass(frozen=True)
class Question:
    """What is asked of each part: the seed, and the bound of each listed stratum, in the listed order."""

    seed: bytes
    bounds: Mapping[str, int]


@dataclass(frozen=True)
class Part:
    """What was found in `count` lines from index `start` (from 0) on; `first` and `last` are ids, or empty.

    `sizes` and `kept` have every listed stratum; `kept` is in file order.
    """

    start: int
    count: int
    sizes: dict[str, int]
    subtrees: list[Subtree]
    first: bytes
    last: bytes
    kept: dict[str, list[Kept]]


ReadBlock = Callable[[bytes, int, Question], Part]
"""`read_part`, or what gives the same answer."""


def read_part(block: bytes, start: int, question: Question) -> Part:
    """What is in a block of whole lines, of which the first has index `start`.

    Refuses what `frozen.scan_eligible` refuses within these lines, with the line's number in the whole list.
    """
    prefix = hashlib.sha256(key(question.seed, "object"))
    bounds = {name.encode(): bound for name, bound in question.bounds.items()}
    sizes, kept = dict.fromkeys(bounds, 0), {name: list[Kept]() for name in bounds}
    leaves, count, first, last = [], 0, b"", b""
    for line in read_lines(block, ELIGIBLE, first_line=start + 1):
        count += 1
        last = check_eligible_line(line, start + count, last)
        stratum = listed_stratum(line, start + count, bounds)
        first = first or last
        sizes[stratum] += 1
        leaves.append(leaf_hash(line))
        hasher = prefix.copy()
        hasher.update(last)
        ticket = hasher.digest()
        if int.from_bytes(ticket[:8]) <= bounds[stratum]:
            kept[stratum].append(Kept(ticket, line))
    return Part(
        start,
        count,
        {name.decode(): size for name, size in sizes.items()},
        subtrees_of(leaves, start),
        first,
        last,
        {name.decode(): found for name, found in kept.items()},
    )


def joined(parts: Iterable[Part], question: Question) -> Part:
    """Neighbouring parts, left to right, as one.

    Refuses ids that do not rise from one to the next (DB-DRAW-034, 035).  Raises ValueError for parts
    that are no neighbours.
    """
    kept = {name: list[Kept]() for name in question.bounds}
    sizes = dict.fromkeys(question.bounds, 0)
    subtrees: list[Subtree] = []
    start, end, first, last = -1, -1, b"", b""
    for part in parts:
        if start < 0:
            start = end = part.start
        if part.start != end:
            raise ValueError(f"a part from {part.start} on does not follow one that ends at {end}")
        if not part.count:
            continue
        if part.first <= last:
            out_of_order(part.first == last, ELIGIBLE, end + 1)
        first, last = first or part.first, part.last
        for subtree in part.subtrees:
            append_subtree(subtrees, subtree, end)
            end += subtree.size
        for name, found in part.kept.items():
            sizes[name] += part.sizes[name]
            kept[name] += found
    return Part(max(start, 0), end - start, sizes, subtrees, first, last, kept)


def root_of(whole: Part) -> str:
    """The RFC 9162 §2.1.1 root of the whole list (a part from index 0 on), as hex."""
    return root_over([subtree.node for subtree in whole.subtrees])


def lowest_of(whole: Part, keep: Mapping[str, int]) -> dict[str, list[Ticket]]:
    """The `keep[stratum]` lowest tickets of each stratum, in order; all have been kept, see `enough`."""
    lowest: dict[str, list[Ticket]] = {}
    for name, size in keep.items():
        tickets = lowest[name] = []
        for ticket, line in sorted(whole.kept[name])[:size]:
            object_id, stratum, uscc = line.decode().split("\t")
            tickets.append(Ticket(ticket, object_id, stratum, uscc))
    return lowest


def enough(whole: Part, keep: Mapping[str, int]) -> bool:
    """Whether the bounds kept `keep[stratum]` tickets of each stratum or more: then the lowest are there."""
    return all(len(whole.kept[name]) >= size for name, size in keep.items())


def bounds_for(seated: Sequence[Seats], spare: int) -> dict[str, int]:
    """Bounds under which each stratum almost surely keeps its seats and `spare` more.

    `seated` are the seats as they are, or as they would be by an estimate of the sizes.  One tenth
    more than needed, and eight standard deviations of that number, are allowed for.
    """
    bounds = {}
    for name, size, _, drawn in seated:
        wanted = drawn + spare
        wanted += wanted // 10 + 8 * (isqrt(wanted) + 1)
        bounds[name] = EVERYTHING if wanted >= size else wanted * EVERYTHING // size
    return bounds
