"""Merkle trees of RFC 9162 §2.1: the root of a list, and the proof that a line is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple


def leaf_hash(line: bytes) -> bytes:
    """Hash of one entry, RFC 9162 §2.1.1: H(00 ‖ line)."""
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node, RFC 9162 §2.1.1: H(01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class RootHasher:
    """The root of a list that is read once, line by line.

    Holds one hash per perfect subtree, so the memory grows with the logarithm
    of the number of lines.
    """

    def __init__(self) -> None:
        self._count = 0
        self._subtrees: list[bytes] = []  # left to right, sizes strictly falling powers of two

    def add(self, line: bytes) -> None:
        """Append the next line, without its line feed."""
        node = hashlib.sha256(b"\x00" + line).digest()
        count = self._count
        while count & 1:
            node = hashlib.sha256(b"\x01" + self._subtrees.pop() + node).digest()
            count >>= 1
        self._subtrees.append(node)
        self._count += 1

    def root(self) -> str:
        """The root over the lines so far, as hex; of no lines, the hash of nothing."""
        return root_over(self._subtrees)


def root_over(subtrees: Sequence[bytes]) -> str:
    """The root of a list from its perfect subtrees, largest first, as hex; of none, the hash of nothing."""
    if not subtrees:
        return hashlib.sha256(b"").hexdigest()
    node = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        node = node_hash(left, node)
    return node.hex()


class Subtree(NamedTuple):
    """A perfect subtree: `size` leaves, a power of two, from an index that `size` divides; and its hash."""

    size: int
    node: bytes


def subtrees_of(leaves: Sequence[bytes], start: int) -> list[Subtree]:
    """The largest perfect subtrees within leaf hashes that begin at index `start`, left to right."""
    left: list[Subtree] = []
    right: list[Subtree] = []
    level, size = list(leaves), 1
    while level:
        if start & 1:
            left.append(Subtree(size, level.pop(0)))
            start += 1
        if len(level) & 1:
            right.append(Subtree(size, level.pop()))
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        start, size = start >> 1, size << 1
    return left + right[::-1]


def append_subtree(subtrees: list[Subtree], subtree: Subtree, at: int) -> None:
    """Put a subtree that begins at leaf `at` behind the others, as often as two halves make a whole."""
    size, node = subtree
    while at // size & 1 and subtrees and subtrees[-1].size == size:
        node = node_hash(subtrees.pop().node, node)
        at, size = at - size, 2 * size
    subtrees.append(Subtree(size, node))


def merkle_root(lines: Iterable[bytes]) -> str:
    """The RFC 9162 §2.1.1 Merkle tree hash over lines without line feeds, as hex."""
    hasher = RootHasher()
    for line in lines:
        hasher.add(line)
    return hasher.root()


def inclusion_path(lines: Sequence[bytes], index: int) -> list[str]:
    """The RFC 9162 §2.1.3.1 inclusion path of the line at `index` (from 0), leaf to root, as hex.

    Raises `IndexError` for an index outside the list.
    """
    if not 0 <= index < len(lines):
        raise IndexError(index)
    level = [leaf_hash(line) for line in lines]
    path: list[str] = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling].hex())
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])  # a last odd node moves up as it is
        level, index = above, index // 2
    return path


def root_from_path(line: bytes, index: int, count: int, path: Sequence[str]) -> str | None:
    """The root that line, index, number of lines and path lead to (RFC 9162 §2.1.3.2).

    None if the path has not the length that index and count prescribe.
    """
    if not 0 <= index < count:
        return None
    node, last = leaf_hash(line), count - 1
    for step in path:
        if last == 0:
            return None
        sibling = bytes.fromhex(step)
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return node.hex() if last == 0 else None
