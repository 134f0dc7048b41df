"""The Merkle tree hash of RFC 9162 §2.1.1, in blocks.

A block of a power of two of leaves is a complete subtree of the tree, wherever it stands; so the list is
taken in blocks, each made to its root at once, and the tree over these roots is the tree over the leaves.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

_BLOCK = 4096


class BlockTree:
    """Takes leaves, gives the root; holds one block of leaves and 32 bytes for each block before."""

    def __init__(self) -> None:
        self._leaves: list[bytes] = []
        self._roots: list[bytes] = []

    def add(self, leaves: Iterable[bytes]) -> None:
        """More leaves, as the bytes that they stand for."""
        self._leaves += [sha256(b"\0" + leaf).digest() for leaf in leaves]
        while len(self._leaves) >= _BLOCK:
            self._roots.append(_upwards(self._leaves[:_BLOCK]))
            del self._leaves[:_BLOCK]

    def root(self) -> str:
        """The root so far, as 64 hex digits; of no leaves it is the hash of nothing."""
        last = [_upwards(self._leaves)] if self._leaves else []
        roots = self._roots + last
        return (_upwards(roots) if roots else sha256().digest()).hex()


def _upwards(level: list[bytes]) -> bytes:
    """The root above these nodes: pairs are joined, level by level; one left over moves up as it is."""
    while len(level) > 1:
        odd = level[len(level) & ~1 :]
        level = [sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)] + odd
    return level[0]
