"""How many objects each stratum draws (§3.2), in exact fractions and without giving out seats one by one.

Seat s+1 of a stratum that weighs w = ratio · size has the claim w / s.  The seats beyond the minima are the
highest claims of all strata together, the first listed among equals.  A threshold above which fewer claims
lie than there are seats is halved towards them until hardly any claim is left to choose, and these are
taken one by one.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple


class Stratum(NamedTuple):
    """A stratum as listed: its share, an exact fraction above zero, and how many objects it has."""

    ratio: Fraction
    size: int


def minima(strata: Sequence[Stratum]) -> list[int]:
    """⌈ratio · size⌉ of each stratum."""
    return [ceil(one.ratio * one.size) for one in strata]


def drawn(strata: Sequence[Stratum], ratio: Fraction) -> list[int]:
    """Seats of each stratum; together at least ⌈ratio · N⌉."""
    least = minima(strata)
    weights = [one.ratio * one.size for one in strata]
    more = ceil(ratio * sum(one.size for one in strata)) - sum(least)
    if more <= 0:
        return least

    def above(threshold: Fraction) -> list[int]:
        """Seats of each stratum when every claim above the threshold is met."""
        return [
            min(one.size, max(low, ceil(weight / threshold)))
            for one, low, weight in zip(strata, least, weights, strict=True)
        ]

    low, high = (
        Fraction(0),
        max(weights) + 1,
    )  # no claim is above `high`; more claims than needed are above `low`
    seats = list(least)
    while True:
        middle = (low + high) / 2
        found = above(middle)
        if sum(found) - sum(least) > more:
            low = middle
        else:
            high, seats = middle, found
        missing = more - (sum(seats) - sum(least))
        if missing <= len(strata):
            break
    claims = [(-weights[h] / seats[h], h) for h, one in enumerate(strata) if seats[h] < one.size]
    heapq.heapify(claims)
    for _ in range(missing):
        _, h = heapq.heappop(claims)
        seats[h] += 1
        if seats[h] < strata[h].size:
            heapq.heappush(claims, (-weights[h] / seats[h], h))
    return seats
