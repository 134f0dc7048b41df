"""Draws that look right one by one and are not random: from each stratum as many as a fair draw takes.

Each picker is given a reproducible chance, the objects of one stratum in the order of the list, and how
many are drawn; it returns their places.  What no fair draw can do (an object twice, too few …) is in
`platform_shown`.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Picker = Callable[[Random, Sequence[str], int], list[int]]

_REDRAWS = 40


def _head(rng: Random, ids: Sequence[str], count: int) -> list[int]:
    return list(range(count))


def _fixed_step(rng: Random, ids: Sequence[str], count: int) -> list[int]:
    """Every k-th from a start below k: objects beyond count·k can never be drawn."""
    step = max(1, len(ids) // max(1, count))
    start = rng.randrange(step)
    return [start + step * number for number in range(count)]


def _block(rng: Random, ids: Sequence[str], count: int) -> list[int]:
    start = rng.randrange(len(ids) - count + 1)
    return list(range(start, start + count))


def _head_biased(rng: Random, ids: Sequence[str], count: int) -> list[int]:
    """`ORDER BY` a comparison that is itself drawn by lot: the sort leaves the first ones near the front."""
    places = list(range(len(ids)))
    places.sort(key=functools.cmp_to_key(lambda one, other: -1 if rng.random() < 0.5 else 1))
    return sorted(places[:count])


def _favoured(object_id: str) -> bool:
    """A tenth of all objects, always the same."""
    return hashlib.sha256(object_id.encode("utf-8")).digest()[0] < 26


def _favoured_tenth(rng: Random, ids: Sequence[str], count: int) -> list[int]:
    places = [place for place, object_id in enumerate(ids) if not _favoured(object_id)]
    if len(places) < count:
        places = list(range(len(ids)))
    return sorted(rng.sample(places, count))


def _redrawn(rng: Random, ids: Sequence[str], count: int) -> list[int]:
    """Drawn again and again, the sample with the fewest friends in it is kept."""
    samples = [sorted(rng.sample(range(len(ids)), count)) for _ in range(_REDRAWS)]
    return min(samples, key=lambda sample: sum(_favoured(ids[place]) for place in sample))


PICKERS: dict[str, Picker] = {
    "head": _head,
    "fixed-step": _fixed_step,
    "block": _block,
    "head-biased": _head_biased,
    "favoured-tenth": _favoured_tenth,
    "redrawn": _redrawn,
}


def pick(
    variant: str, rng: Random, eligible: Sequence[tuple[str, str, str]], result: dict[str, Any]
) -> list[dict[str, str]]:
    """The winners as this variant draws them, as many of each stratum as the fair `result` has."""
    taken = []
    for stratum in result["strata"]:
        rows = [row for row in eligible if row[1] == stratum["name"]]
        places = PICKERS[variant](rng, [row[0] for row in rows], stratum["drawn"])
        taken += [
            {
                "object_id": rows[place][0],
                "ticket": result["tickets"][rows[place][0]],
                "stratum": stratum["name"],
                "uscc": rows[place][2],
            }
            for place in places
        ]
    return taken
