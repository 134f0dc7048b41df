"""Merkle trees of RFC 9162 §2.1: the root of a list, and the proof that a line is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


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
        if not self._subtrees:
            return hashlib.sha256(b"").hexdigest()
        node = self._subtrees[-1]
        for left in reversed(self._subtrees[:-1]):
            node = node_hash(left, node)
        return node.hex()


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
