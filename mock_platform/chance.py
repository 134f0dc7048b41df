"""Seeded, reproducible chance: each decision has its label, so that neither order nor restart matters."""

from __future__ import annotations

import hashlib
import random


def chance(seed: int, *labels: object) -> random.Random:
    """A generator of its own for one decision, from the seed and the decision's labels."""
    text = "\x1f".join([str(seed), *(str(label) for label in labels)])
    return random.Random(hashlib.sha256(text.encode("utf-8")).digest())
