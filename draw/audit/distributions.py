"""Exact distributions of what fair draws do, and bounds where no closed form is known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

Floats = npt.NDArray[np.float64]
_NEGLIGIBLE = 1e-18
_LEFT_OUT = 1e-13


def log_choose(n: npt.ArrayLike, k: npt.ArrayLike) -> Floats:
    """log of "n choose k", -inf where there is no way."""
    top, bottom = np.broadcast_arrays(np.asarray(n, float), np.asarray(k, float))
    possible = (bottom >= 0) & (bottom <= top)
    safe_top, safe_bottom = np.where(possible, top, 0.0), np.where(possible, bottom, 0.0)
    value = gammaln(safe_top + 1) - gammaln(safe_bottom + 1) - gammaln(safe_top - safe_bottom + 1)
    return np.where(possible, value, -np.inf)


def two_sided(pmf: Floats, observed: int) -> float:
    """Twice the smaller tail of a distribution on 0, 1, …, not above 1; not below what was left out of it."""
    lower, upper = float(pmf[: observed + 1].sum()), float(pmf[observed:].sum())
    return min(1.0, 2 * max(min(lower, upper), _LEFT_OUT))


def overlap(size: int, first: int, second: int) -> Floats:
    """How many objects two independent draws of these sizes have in common (hypergeometric)."""
    ways = np.arange(min(first, second) + 1)
    logs = log_choose(first, ways) + log_choose(size - first, second - ways) - log_choose(size, second)
    return np.exp(logs)


def convolved(parts: Iterable[Floats]) -> Floats:
    """The distribution of a sum of independent counts."""
    total = np.ones(1)
    for part in parts:
        last = np.flatnonzero(part > _NEGLIGIBLE)[-1]
        total = np.convolve(total, part[: last + 1])
    return total


def never_drawn(size: int, draws: Sequence[int]) -> Floats:
    """How many of `size` objects no draw takes, each draw `n` of them (an occupancy chain, exactly).

    States whose probability is below 1e-18 are left out, so that the sum is 1 to about 1e-14.
    """
    states: npt.NDArray[np.int64] = np.array([size])
    chances: Floats = np.ones(1)
    for n in draws:
        # Of the `left` objects that were never drawn, `taken` are drawn now; the likely numbers do.
        spread = 10 * math.sqrt(max(n, 1)) + 10
        mean = states * n / size
        low = max(0, int(mean.min() - spread))
        taken = np.arange(low, min(n, int(mean.max() + spread)) + 1)
        left = states.reshape(-1, 1)
        logs = log_choose(left, taken) + log_choose(size - left, n - taken) - log_choose(size, n)
        moved = np.exp(logs) * chances[:, None]
        remaining = left - taken
        kept = moved > _NEGLIGIBLE
        pmf = np.bincount(remaining[kept].ravel(), weights=moved[kept].ravel(), minlength=size + 1).astype(
            float
        )
        states = np.flatnonzero(pmf).astype(np.int64)
        chances = pmf[states]
    every: Floats = np.zeros(size + 1)
    every[states] = chances
    return every


def empty_segment(strata: npt.NDArray[np.int64], draws: Sequence[Sequence[int]], length: int) -> float:
    """A bound on the chance that somewhere `length` neighbours in a row, or more, are never drawn.

    The list is a circle, its end joined to its head.  `draws`: for each draw the number drawn by stratum.
    The bound is the expected number of such segments, each counted where it begins, after an object that was
    drawn; for rare segments it is the chance itself.
    """
    size = len(strata)
    if length >= size:
        return 0.0
    amounts: dict[tuple[int, ...], int] = {}
    for draw in draws:
        amounts[tuple(draw)] = amounts.get(tuple(draw), 0) + 1
    totals = np.bincount(strata)
    shorter, longer = np.zeros(size), np.zeros(size)
    for stratum, total in enumerate(totals):
        twice = np.concatenate(([0], np.cumsum(np.tile(strata == stratum, 2))))
        starts = np.arange(1, size + 1)  # the object before a start is inside the doubled list
        inside = twice[starts + length] - twice[starts]
        with_one_before = twice[starts + length] - twice[starts - 1]
        for amount, times in amounts.items():
            every = log_choose(int(total), amount[stratum])
            shorter += times * (log_choose(total - inside, amount[stratum]) - every)
            longer += times * (log_choose(total - with_one_before, amount[stratum]) - every)
    return min(1.0, float((np.exp(shorter) - np.exp(longer)).sum()))


def repeated_distance(
    size: int, strata_sizes: Sequence[int], drawn: Sequence[int], width: int, pairs: int
) -> float:
    """A bound on the chance that some `width` neighbouring distances hold `pairs` pairs of drawn ones.

    Distances are taken around the circle.  Chernoff's bound for independent inclusion with the largest of the
    strata's probabilities, by the transfer matrix of a cycle; conditioned on the numbers drawn by dividing by
    the probability of these numbers; Hölder's inequality over the window, Boole's over all windows.
    """
    rates = [n / total for n, total in zip(drawn, strata_sizes, strict=True)]
    rate = max(rates)
    if not 0 < rate < 1:
        return 1.0
    exactly = sum(
        float(log_choose(total, n)) + n * math.log(r) + (total - n) * math.log1p(-r)
        for n, total, r in zip(drawn, strata_sizes, rates, strict=True)
        if 0 < r < 1
    )
    tilt = np.exp(np.linspace(0.01, 6, 300))
    root = np.sqrt((1 - rate + rate * tilt) ** 2 - 4 * rate * (1 - rate) * (tilt - 1))
    larger, smaller = (1 - rate + rate * tilt + root) / 2, (1 - rate + rate * tilt - root) / 2
    worst = np.full(len(tilt), -np.inf)
    for cycles in (d for d in range(1, size // 2) if size % d == 0):
        around = size // cycles
        if around > 2:
            sums = around * np.log(larger) + np.log1p((smaller / larger) ** around)
            worst = np.maximum(worst, cycles * sums)
    exponent = float((worst - np.log(tilt) * pairs / width).min())
    return min(1.0, math.exp(min(0.0, exponent - exactly + math.log(size / 2))))


def gap_counts(size: int, drawn: int, longest: int) -> Floats:
    """How many of the gaps around the circle measure 1, 2, … `longest` on average in a fair draw."""
    if drawn < 2:
        return np.zeros(longest)
    gaps = np.arange(1, longest + 1)
    logs = log_choose(size - gaps - 1, drawn - 2) - log_choose(size - 1, drawn - 1)
    result: Floats = drawn * np.exp(logs)
    return result
