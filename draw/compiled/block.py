"""One block of eligible.tsv, read in machine code: the same answer as `parts.read_part`.

What the compiled scan does not know for certain to be in order it marks, and the marked lines are
checked one by one in `frozen`: texts beyond ASCII pass there, faults are named there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from draw.compiled.sha256 import LANES, TILE, Words, digest_at, digest_each, digests_at, node_each, word_at
from draw.frozen import check_eligible_line
from draw.merkle import Subtree
from draw.parts import Kept, Part, Question, read_part
from draw.seed import key
from draw.text import ID_LIMIT_BYTES

_AS_IT_STANDS, _LEAF = (
    0xFFFFFFFF,
    0x00FFFFFF,
)  # a leaf's message begins with 00, laid over the byte before the line
_MARGIN = 64  # bytes before and behind the text, so that whole words can be read at both ends

_PLAIN, _TAB, _LF, _OTHER = range(4)
_KINDS = np.full(256, _OTHER, np.uint8)
_KINDS[32:127] = _PLAIN
_KINDS[9], _KINDS[10] = _TAB, _LF

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]


@njit(nogil=True, cache=True)
def _lower(text: Bytes, one: int, one_end: int, other: int, other_end: int) -> bool:
    """Whether the bytes from `one` come before those from `other`."""
    while one + 4 <= one_end and other + 4 <= other_end and word_at(text, one) == word_at(text, other):
        one += 4
        other += 4
    while one < one_end and other < other_end:
        if text[one] != text[other]:
            return bool(text[one] < text[other])
        one += 1
        other += 1
    return one == one_end and other < other_end


@njit(nogil=True, cache=True)
def _listed(text: Bytes, begin: int, end: int, names: Bytes, name_ends: Ints) -> int:
    """Which of the listed names stands there; −1 if none."""
    name = 0
    for index in range(len(name_ends)):
        if name_ends[index] - name == end - begin:
            same = 0
            while begin + same < end and names[name + same] == text[begin + same]:
                same += 1
            if begin + same == end:
                return index
        name = name_ends[index]
    return -1


@njit(nogil=True, cache=True)
def _scan(
    text: Bytes, at: int, names: Bytes, name_ends: Ints, begins: Ints, ends: Ints, id_ends: Ints, strata: Ints
) -> Ints:
    """Where each line begins and ends, its id ends, and its stratum; returns the lines to be looked at again.

    A line is in order if it has three columns of printable ASCII (the second: a listed name), none
    empty or with a blank at its ends, id and uscc not too long, and an id above the one before.
    """
    marked = np.empty(len(begins), np.int32)
    marks = 0
    for line in range(len(begins)):
        begin, tabs, first_tab, second_tab, plain = at, 0, at, at, True
        while True:
            kind = _KINDS[text[at]]
            if kind != _PLAIN:
                if kind == _LF:
                    break
                if kind == _TAB:
                    tabs += 1
                    if tabs == 1:
                        first_tab = at
                    else:
                        second_tab = at
                elif tabs != 1:
                    plain = False
            at += 1
        begins[line], ends[line], id_ends[line] = begin, at, first_tab
        stratum = _listed(text, first_tab + 1, second_tab, names, name_ends)
        strata[line] = stratum
        if (
            not plain
            or tabs != 2
            or stratum < 0
            or not 0 < first_tab - begin <= ID_LIMIT_BYTES
            or not 0 < at - second_tab - 1 <= ID_LIMIT_BYTES
            or text[begin] == 32
            or text[first_tab - 1] == 32
            or text[second_tab + 1] == 32
            or text[at - 1] == 32
            or (line > 0 and not _lower(text, begins[line - 1], id_ends[line - 1], begin, first_tab))
        ):
            marked[marks] = line
            marks += 1
        at += 1
    return marked[:marks]


@njit(nogil=True, cache=True)
def _low_enough(
    tickets: Words, strata: Ints, bounds: npt.NDArray[np.uint64], sizes: npt.NDArray[np.int64]
) -> Ints:
    """The lines whose ticket is not above the bound of its stratum; counts the strata into `sizes`."""
    kept = np.empty(len(strata), np.int32)
    count = 0
    for line in range(len(strata)):
        at = line // LANES * TILE + line % LANES
        sizes[strata[line]] += 1
        ticket = np.uint64(tickets[at]) << np.uint64(32) | np.uint64(tickets[at + LANES])
        if ticket <= bounds[strata[line]]:
            kept[count] = line
            count += 1
    return kept[:count]


def read_block(block: bytes, start: int, question: Question) -> Part:
    """What is in a block of whole lines, of which the first has index `start`; as `parts.read_part`."""
    if not block.endswith(b"\n"):
        return read_part(block, start, question)  # which refuses, unless nothing is in it
    count = block.count(b"\n")
    text = np.empty(_MARGIN + len(block) + _MARGIN, np.uint8)  # what stands in the margins does not matter
    text[_MARGIN : _MARGIN + len(block)] = np.frombuffer(block, np.uint8)
    names = [name.encode() for name in question.bounds]
    begins, ends, id_ends, strata = (np.empty(count, np.int32) for _ in range(4))
    marked = _scan(
        text,
        _MARGIN,
        np.frombuffer(b"".join(names), np.uint8),
        np.cumsum([len(name) for name in names], dtype=np.int32),
        begins,
        ends,
        id_ends,
        strata,
    )

    def line(index: int) -> bytes:
        return block[begins[index] - _MARGIN : ends[index] - _MARGIN]

    def object_id(index: int) -> bytes:
        return block[begins[index] - _MARGIN : id_ends[index] - _MARGIN]

    for index in marked.tolist():
        if strata[index] < 0:
            return read_part(block, start, question)  # which refuses, since no such stratum is listed
        check_eligible_line(line(index), start + index + 1, object_id(index - 1) if index else b"")

    key_words = np.frombuffer(key(question.seed, "object"), ">u4").astype(np.uint32)
    tickets = digest_each(text, begins, id_ends - begins, key_words, _AS_IT_STANDS)
    bounds = np.array(list(question.bounds.values()), np.uint64)
    sizes = np.zeros(len(names), np.int64)
    low = _low_enough(tickets, strata, bounds, sizes)
    kept: list[list[Kept]] = [[] for _ in names]
    for index, stratum, ticket in zip(
        low.tolist(), strata[low].tolist(), digests_at(tickets, low), strict=True
    ):
        kept[stratum].append(Kept(ticket, line(index)))
    return Part(
        start,
        count,
        dict(zip(question.bounds, sizes.tolist(), strict=True)),
        tree_of(text, begins, ends, start),
        object_id(0),
        object_id(count - 1),
        dict(zip(question.bounds, kept, strict=True)),
    )


def tree_of(text: Bytes, begins: Ints, ends: Ints, start: int) -> list[Subtree]:
    """The subtrees of the lines between these places, as `merkle.subtrees_of` finds them."""
    nodes = digest_each(text, begins - 1, ends - begins + 1, np.empty(0, np.uint32), _LEAF)
    left: list[Subtree] = []
    right: list[Subtree] = []
    size, count = 1, len(begins)
    while count:
        first = start & 1
        if first:
            left.append(Subtree(size, digest_at(nodes, 0)))
        if (count - first) & 1:
            right.append(Subtree(size, digest_at(nodes, count - 1)))
        count = (count - first) // 2
        if count:
            nodes = node_each(nodes, first, count)
        start, size = (start + first) >> 1, size << 1
    return left + right[::-1]
