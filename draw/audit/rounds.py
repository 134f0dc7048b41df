"""Tests over a series: objects drawn again, objects never drawn, more of the same than chance gives.

All three look from both sides: a rule that leaves out who was drawn lately shows as too few repeats.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.special import gammainc, gammaincc

from draw.audit.distributions import Floats, convolved, never_drawn, overlap, two_sided
from draw.audit.listing import Series
from draw.audit.outcome import Outcome


def repeats(series: Series) -> Outcome | None:
    """Objects drawn again in the very next draw, over all neighbouring draws: exact.

    Neighbouring overlaps of independent draws are independent of each other, each hypergeometric.
    """
    if len(series.draws) < 2:
        return None
    sizes = tuple(series.counts(draw) for draw in series.draws)
    pmf, expected = _neighbours(series.stratum_sizes, sizes)
    observed = sum(len(np.intersect1d(a, b, assume_unique=True)) for a, b in pairwise(series.draws))
    return Outcome("repeats", two_sided(pmf, observed), "exact", {"again": observed, "expected": expected})


def untouched(series: Series) -> Outcome | None:
    """Objects that no draw took: exact, by the occupancy chain of each stratum."""
    if len(series.draws) < 2:
        return None
    pmf = _never(series.stratum_sizes, tuple(series.counts(draw) for draw in series.draws))
    ever = np.unique(np.concatenate(series.draws))
    observed = series.size - len(ever)
    expected = float(pmf @ np.arange(len(pmf)))
    facts = {"never": observed, "expected": expected, "size": series.size, "draws": len(series.draws)}
    return Outcome("untouched", two_sided(pmf, observed), "exact", facts)


@lru_cache(maxsize=64)
def _neighbours(strata: tuple[int, ...], draws: tuple[tuple[int, ...], ...]) -> tuple[Floats, float]:
    parts = [
        overlap(*sizes) for one, other in pairwise(draws) for sizes in zip(strata, one, other, strict=True)
    ]
    return convolved(parts), sum(float(part @ np.arange(len(part))) for part in parts)


@lru_cache(maxsize=64)
def _never(strata: tuple[int, ...], draws: tuple[tuple[int, ...], ...]) -> Floats:
    parts = [never_drawn(total, [draw[stratum] for draw in draws]) for stratum, total in enumerate(strata)]
    return convolved(parts)


def favour(series: Series) -> Outcome | None:
    """Whether the same objects come again and again: the number of (object, pair of draws) that meet.

    It is the dispersion of how often each object was drawn.  Mean, variance and third moment over fair draws
    are exact: with the centred indicators of draw j having covariance v_j (I - 1/N) N/(N-1), v = p(1-p), the
    moments are traces of products of two and three of these matrices.  Between them a shifted gamma law.
    """
    if len(series.draws) < 3:
        return None
    mean = variance = third = 0.0
    for stratum, total in enumerate(series.stratum_sizes):
        if total < 2:
            continue
        rates = np.array([series.counts(draw)[stratum] for draw in series.draws]) / total
        spread = rates * (1 - rates)
        stretch = total / (total - 1)
        # Power sums give the sums over pairs and triples of draws.
        first, second, cubes = spread.sum(), (spread**2).sum(), (spread**3).sum()
        triples = (first**3 - 3 * first * second + 2 * cubes) / 6
        mean += total * (rates.sum() ** 2 - (rates**2).sum()) / 2
        variance += (first**2 - second) / 2 * stretch**2 * (total - 1)
        third += 6 * triples * stretch**3 * (total - 1) + _third_of_pairs(rates, total)
    times = np.bincount(np.concatenate(series.draws), minlength=series.size)
    observed = int((times * (times - 1) // 2).sum())
    if variance <= 0:
        return None
    lower, upper = _gamma_tails(observed, mean, variance, third)
    facts = {
        "meetings": observed,
        "expected": float(mean),
        "most": int(times.max()),
        "mean": float(times.mean()),
    }
    return Outcome("favour", min(1.0, 2 * min(lower, upper)), "fitted", facts)


def _third_of_pairs(rates: Floats, total: int) -> float:
    """The sum over pairs of draws of the third central moment of their overlap (hypergeometric)."""
    if total < 3:
        return 0.0
    skew = rates * (1 - rates) * (1 - 2 * rates)
    pairs = (skew.sum() ** 2 - (skew**2).sum()) / 2
    return float(pairs * total * (total / (total - 1)) * (total / (total - 2)))


def _gamma_tails(observed: int, mean: float, variance: float, third: float) -> tuple[float, float]:
    """Lower and upper tail at a whole number of a shifted gamma law with these moments, by half a step."""
    if third <= 1e-12 * variance**1.5:
        below = (observed + 0.5 - mean) / math.sqrt(2 * variance)
        above = (observed - 0.5 - mean) / math.sqrt(2 * variance)
        return 0.5 * math.erfc(-below), 0.5 * math.erfc(above)
    shape = 4 * variance**3 / third**2
    scale = third / (2 * variance)
    start = mean - shape * scale
    below, above = (observed + 0.5 - start) / scale, (observed - 0.5 - start) / scale
    return float(gammainc(shape, max(below, 0.0))), float(gammaincc(shape, max(above, 0.0)))
