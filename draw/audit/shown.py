"""What the pictures of a report show, as plain numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from draw.audit.distributions import gap_counts
from draw.audit.listing import Series


class Gaps(NamedTuple):
    """Gaps between neighbouring drawn objects over all draws: their number by class, and what chance gives.

    A class is `(from, to)`, both included; the list is a circle.
    """

    classes: tuple[tuple[int, int], ...]
    observed: tuple[int, ...]
    expected: tuple[float, ...]


def gaps(series: Series, most: int = 40) -> Gaps:
    """Up to `most` classes of equal width, the last one for all longer gaps."""
    found = [np.diff(np.append(draw, draw[0] + series.size)) for draw in series.draws]
    every = np.concatenate(found)
    usual = max(2, -(-3 * series.size * len(series.draws) // every.size))
    width = max(1, -(-usual // most))
    count = -(-usual // width)
    longest = series.size
    expected = np.zeros(longest)
    for draw in series.draws:
        expected += gap_counts(series.size, len(draw), longest)
    number = np.minimum((every - 1) // width, count)
    observed = np.bincount(number, minlength=count + 1)
    place = np.minimum(np.arange(longest) // width, count)
    means = np.bincount(place, weights=expected, minlength=count + 1)
    classes = [(n * width + 1, (n + 1) * width) for n in range(count)] + [(count * width + 1, longest)]
    return Gaps(tuple(classes), tuple(int(n) for n in observed), tuple(float(n) for n in means))


def times_drawn(series: Series) -> tuple[list[int], list[float]]:
    """How many objects were drawn 0, 1, 2, … times, and how many that would be by chance."""
    times = np.bincount(np.concatenate(series.draws), minlength=series.size)
    most = int(times.max()) + 2
    expected = np.zeros(most + 1)
    for stratum, total in enumerate(series.stratum_sizes):
        chances = np.zeros(most + 1)
        chances[0] = 1
        for draw in series.draws:
            rate = series.counts(draw)[stratum] / total
            moved = np.append(0, chances[:-1]) * rate
            moved[-1] += chances[-1] * rate
            chances = chances * (1 - rate) + moved
        expected += total * chances
    observed = np.bincount(times, minlength=most + 1)
    return [int(n) for n in observed], [float(n) for n in expected]
