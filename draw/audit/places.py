"""Tests of where in the list the drawn ones stand.

Each answers for one draw or for a series: the most unusual draw, corrected for the number of draws, and the
series as a whole, whichever is more unusual, corrected for having looked twice.  The sum over a series is
compared with sums of simulated draws, for more than fifty draws with the normal law.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtr

from draw.audit.distributions import Floats, empty_segment, repeated_distance
from draw.audit.fair import (
    RESAMPLED,
    WIDTHS,
    FairDraws,
    at_least,
    at_most,
    choose,
    distance_counts,
    evenness_scores,
    rarity,
    widest,
)
from draw.audit.listing import Positions, Series
from draw.audit.outcome import Method, Outcome

Size = tuple[int, ...]


def step(series: Series, fair: FairDraws) -> Outcome | None:
    """One distance, or two or three neighbouring ones, that recurs too often: step, block, slips.

    The list is a circle, so that a step that runs over its end is one.  p is simulated; where no simulated
    draw comes near, Chernoff's bound.
    """
    draws = [draw for draw in series.draws if len(draw) >= 3 and series.size - len(draw) >= 2]
    if not draws or series.size < 8:
        return None
    scores, bounds = [], []
    for draw in draws:
        score = _step_score(series, draw)
        bound = 0.0
        reference = fair.reference(series.counts(draw)).step
        if score > reference[-1]:
            bound = _bound(series, draw)
        scores.append(score)
        bounds.append(bound)
    singles = [
        min(at_least(fair.reference(series.counts(draw)).step, score), bound or 1.0)
        for draw, score, bound in zip(draws, scores, bounds, strict=True)
    ]
    worst = int(np.argmin(singles))
    sums = {series.counts(draw): fair.reference(series.counts(draw)).step for draw in draws}
    p = _combined(singles, _sum_upper(scores, [series.counts(draw) for draw in draws], "step", sums, fair))
    distance, width, pairs = best_distance(series, draws[worst])
    n = len(draws[worst])
    facts: dict[str, object] = {
        "draw": _index(series, draws[worst]),
        "distance": distance,
        "width": width,
        "pairs": pairs,
        "drawn": n,
        "expected": width * n * (n - 1) / (series.size - 1),
    }
    return Outcome("step", p, "bound" if 0 < bounds[worst] <= singles[worst] else "simulated", facts)


def best_distance(series: Series, draw: Positions) -> tuple[int, int, int]:
    """The window of distances that stands out most: its first distance, its width, the pairs in it."""
    counts = distance_counts(_row(series, draw))
    best = widest(counts)
    scores = [float(rarity(series.size, len(draw), w, b[0])) for w, b in zip(WIDTHS, best, strict=True)]
    width = WIDTHS[int(np.argmax(scores))]
    windows = np.convolve(counts[0], np.ones(width, dtype=np.int64), "valid")
    return int(np.argmax(windows)) + 1, width, int(windows.max())


def _row(series: Series, draw: Positions) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    row = np.zeros((1, series.size), dtype=bool)
    row[0, draw] = True
    return row


def _step_score(series: Series, draw: Positions) -> float:
    best = widest(distance_counts(_row(series, draw)))
    return max(float(rarity(series.size, len(draw), w, b[0])) for w, b in zip(WIDTHS, best, strict=True))


def _bound(series: Series, draw: Positions) -> float:
    """The chance that some window of some width holds so many pairs, from above: Boole over the widths."""
    best = widest(distance_counts(_row(series, draw)))
    counts = series.counts(draw)
    bounds = [
        repeated_distance(series.size, series.stratum_sizes, counts, width, int(pairs[0]))
        for width, pairs in zip(WIDTHS, best, strict=True)
    ]
    return min(1.0, len(WIDTHS) * min(bounds))


def segment(series: Series) -> Outcome | None:
    """The longest stretch of the list without a drawn object, in one draw: first N, block, tail."""
    draws = [draw for draw in series.draws if len(draw) < series.size]
    if not draws:
        return None
    singles, places = [], []
    for draw in draws:
        start, length = longest_gap(draw, series.size)
        places.append((start, length))
        singles.append(empty_segment(series.strata, [series.counts(draw)], length) if length else 1.0)
    worst = int(np.argmin(singles))
    start, length = places[worst]
    facts: dict[str, object] = {"draw": _index(series, draws[worst]), "start": start, "length": length}
    return Outcome("segment", min(1.0, len(draws) * min(singles)), "exact", facts)


def never_reached(series: Series) -> Outcome | None:
    """The longest stretch of the list from which no draw of the series took anything."""
    if len(series.draws) < 2:
        return None
    ever = np.unique(np.concatenate(series.draws))
    start, length = longest_gap(ever, series.size)
    counts = [series.counts(draw) for draw in series.draws]
    p = empty_segment(series.strata, counts, length) if length else 1.0
    return Outcome("never_reached", p, "exact", {"start": start, "length": length})


def longest_gap(draw: Positions, size: int) -> tuple[int, int]:
    """Where the longest run of undrawn neighbours begins, and its length; the list is a circle."""
    gaps = np.diff(np.append(draw, draw[0] + size)) - 1
    longest = int(np.argmax(gaps))
    return int((draw[longest] + 1) % size), int(gaps[longest])


def evenness(series: Series, fair: FairDraws) -> Outcome | None:
    """Gaps that vary too little (spread by hand, one from each stretch) or too much (taken in clusters)."""
    draws = [draw for draw in series.draws if 3 <= len(draw) < series.size]
    if not draws:
        return None
    references = [fair.reference(series.counts(draw)).evenness for draw in draws]
    scores = [float(evenness_scores(draw[None, :], series.size)[0]) for draw in draws]
    low = [at_most(reference, score) for reference, score in zip(references, scores, strict=True)]
    high = [at_least(reference, score) for reference, score in zip(references, scores, strict=True)]
    sizes = [series.counts(draw) for draw in draws]
    by_size = dict(zip(sizes, references, strict=True))
    negated = {size: -reference[::-1] for size, reference in by_size.items()}
    small = _combined(low, _sum_upper([-score for score in scores], sizes, "even", negated, fair))
    great = _combined(high, _sum_upper(scores, sizes, "clustered", by_size, fair))
    worst = int(np.argmin(low if small < great else high))
    facts: dict[str, object] = {
        "draw": _index(series, draws[worst]),
        "even": small < great,
        "deviation": _deviation(draws[worst], series.size),
        "expected": _expected_deviation(references[worst], len(draws[worst]), series.size),
    }
    return Outcome("evenness", min(1.0, 2 * min(small, great)), "simulated", facts)


def _deviation(draw: Positions, size: int) -> float:
    gaps = np.diff(np.append(draw, draw[0] + size))
    return float(gaps.std())


def _expected_deviation(reference: Floats, drawn: int, size: int) -> float:
    mean = size / drawn
    return math.sqrt(max(0.0, float(np.median(reference)) / drawn - mean**2))


def trend(series: Series, fair: FairDraws) -> Outcome | None:
    """Drawn ones nearer to the head of the list, or to its end, than chance puts them: the rank-sum test.

    The sum of all positions over all draws has an exactly known mean and variance; with thirty drawn or
    more the normal law is used, else simulated draws.
    """
    standard = _standard_sum(series, np.arange(series.size, dtype=float))
    if standard is None:
        return None
    method: Method = "normal"
    p = 2 * float(ndtr(-abs(standard)))
    if series.total < 30:
        p, method = _simulated_trend(series, fair, standard), "simulated"
    mean = float(np.concatenate(series.draws).mean())
    facts: dict[str, object] = {"mean": mean + 1, "expected": _fair_mean(series) + 1, "head": standard < 0}
    return Outcome("trend", min(1.0, p), method, facts)


def _moments(series: Series, scores: Floats) -> tuple[float, float]:
    """Mean and variance of the sum of the drawn ones' scores over fair draws."""
    mean = variance = 0.0
    for stratum, total in enumerate(series.stratum_sizes):
        inside = scores[series.strata == stratum]
        for draw in series.draws:
            n = series.counts(draw)[stratum]
            mean += n * float(inside.mean())
            if total > 1:
                variance += n * (1 - n / total) * float(inside.var(ddof=1))
    return mean, variance


def _fair_mean(series: Series) -> float:
    return _moments(series, np.arange(series.size, dtype=float))[0] / series.total


def _standard_sum(series: Series, scores: Floats) -> float | None:
    mean, variance = _moments(series, scores)
    if variance <= 0:
        return None
    observed = sum(float(scores[draw].sum()) for draw in series.draws)
    return (observed - mean) / math.sqrt(variance)


def _simulated_trend(series: Series, fair: FairDraws, standard: float) -> float:
    scores = np.arange(series.size, dtype=float)
    mean, variance = _moments(series, scores)
    sizes = [series.counts(draw) for draw in series.draws]
    rows = min(fair.count, 20_000)

    def simulate() -> Floats:
        rng = np.random.default_rng([fair.seed, 1])
        sums = np.sum([choose(rng, series.strata, size, rows) @ scores for size in sizes], axis=0)
        return np.sort(np.abs(sums - mean) / math.sqrt(variance))

    return at_least(fair.once(("trend", *sizes), simulate), abs(standard))


def _combined(singles: Sequence[float], together: float | None) -> float:
    worst = min(1.0, len(singles) * min(singles))
    return worst if together is None else min(1.0, 2 * min(worst, together))


def _sum_upper(
    scores: Sequence[float],
    sizes: Sequence[Size],
    name: str,
    references: Mapping[Size, Floats],
    fair: FairDraws,
) -> float | None:
    """The chance of so large a sum over the series; None for a single draw."""
    if len(scores) == 1:
        return None
    total = sum(scores)
    if len(scores) <= RESAMPLED:
        rng = np.random.default_rng([fair.seed, 2])
        sums = fair.once(
            ("sum", name, *sizes),
            lambda: np.sort(np.sum([rng.permutation(references[size]) for size in sizes], axis=0)),
        )
        return at_least(sums, total)
    mean = sum(float(references[size].mean()) for size in sizes)
    # The mean of a reference is itself uncertain, and draws of one size share it.
    variance = sum(
        float(references[size].var()) * (times + times**2 / len(references[size]))
        for size, times in Counter(sizes).items()
    )
    return float(ndtr((mean - total) / math.sqrt(variance))) if variance > 0 else 1.0


def _index(series: Series, draw: Positions) -> int:
    return next(index for index, one in enumerate(series.draws) if one is draw)
