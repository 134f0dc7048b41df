"""One number out of all contributions, and the keys that are made of it (§2)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from draw.text import SPEC


def seal(campaign: str, stage: str, round_: int, contributor: str, value: str) -> str:
    """The commitment of a contributor to its value, bound to campaign, stage, round and contributor.

    `value` is the text of 64 lower-case hex digits.  Returns 64 hex digits.
    """
    parts = (SPEC + "/contribution", campaign, stage, str(round_), contributor, value)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def draw_seed(commitment_digest: str, values: Iterable[str]) -> bytes:
    """The seed, 32 bytes: H(P"/seed" ‖ 00 ‖ C ‖ H(value₁) ‖ … ), values in the order of `contributors`."""
    hasher = hashlib.sha256((SPEC + "/seed").encode() + b"\0" + bytes.fromhex(commitment_digest))
    for value in values:
        hasher.update(hashlib.sha256(value.encode()).digest())
    return hasher.digest()


def key(seed: bytes, label: str) -> bytes:
    """key(label) = H(P"/"label ‖ 00 ‖ seed), 32 bytes."""
    return hashlib.sha256(f"{SPEC}/{label}".encode() + b"\0" + seed).digest()
