"""Formulas against counting every draw there is, and bounds against what they bound."""

from __future__ import annotations

from itertools import combinations, pairwise, product

import numpy as np
import pytest

from draw.audit.distributions import (
    convolved,
    empty_segment,
    gap_counts,
    never_drawn,
    overlap,
    repeated_distance,
    two_sided,
)
from draw.audit.fair import choose, distance_counts, widest
from draw.audit.listing import Series
from draw.audit.places import longest_gap
from draw.audit.rounds import favour, repeats, untouched


def every_draw(size: int, drawn: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    return [np.array(one, dtype=np.int64) for one in combinations(range(size), drawn)]


def series(size: int, *draws: object) -> Series:
    placed = tuple(np.sort(np.array(draw, dtype=np.int64)) for draw in draws)
    return Series(size, np.zeros(size, dtype=np.int64), placed)


def test_overlap_is_what_counting_gives() -> None:
    fixed = {0, 1, 2}
    counted = np.bincount([len(fixed.intersection(one.tolist())) for one in every_draw(8, 4)])
    assert overlap(8, 3, 4) == pytest.approx(counted / counted.sum())


def test_never_drawn_is_what_counting_three_draws_gives() -> None:
    left = [
        6 - len(set().union(*(one.tolist() for one in three)))
        for three in product(every_draw(6, 2), repeat=3)
    ]
    counted = np.bincount(left, minlength=7)
    assert never_drawn(6, [2, 2, 2]) == pytest.approx(counted / counted.sum())


def test_the_expected_number_of_long_empty_stretches_is_what_counting_gives() -> None:
    size, drawn = 11, 4
    for length in range(1, 8):
        stretches = [
            int((np.diff(np.append(one, one[0] + size)) - 1 >= length).sum())
            for one in every_draw(size, drawn)
        ]
        formula = empty_segment(np.zeros(size, dtype=np.int64), [[drawn]], length)
        assert formula == pytest.approx(min(1.0, float(np.mean(stretches))))


def test_with_strata_the_stretch_is_judged_by_what_each_stratum_draws() -> None:
    strata = np.array([0] * 6 + [1] * 5)
    draws = [np.array([*a, *(6 + b)]) for a in every_draw(6, 1) for b in every_draw(5, 4)]
    for length in range(1, 7):
        stretches = [int((np.diff(np.append(one, one[0] + 11)) - 1 >= length).sum()) for one in draws]
        assert empty_segment(strata, [[1, 4]], length) == pytest.approx(min(1.0, float(np.mean(stretches))))


def test_gaps_are_what_counting_gives() -> None:
    every = [np.diff(np.append(one, one[0] + 9)) for one in every_draw(9, 3)]
    counted = np.bincount(np.concatenate(every), minlength=10)[1:] / len(every)
    assert gap_counts(9, 3, 9) == pytest.approx(counted)


def test_pairs_at_a_distance_are_what_counting_gives() -> None:
    one = np.array([0, 1, 4, 9, 11])
    row = np.zeros((1, 13), dtype=bool)
    row[0, one] = True
    expected = [sum((place + distance) % 13 in one for place in one) for distance in range(1, 7)]
    assert distance_counts(row)[0].tolist() == expected
    windows = [max(expected), max(a + b for a, b in pairwise(expected))]
    assert [int(best[0]) for best in widest(distance_counts(row))][:2] == windows


@pytest.mark.parametrize("width", [1, 2, 3])
def test_the_bound_of_recurring_distances_lies_above_what_happens(width: int) -> None:
    chosen = choose(np.random.default_rng(1), np.zeros(60, dtype=np.int64), [12], 4_000)
    best = widest(distance_counts(chosen))[width - 1]
    for pairs in range(int(best.min()), int(best.max()) + 1):
        assert repeated_distance(60, [60], [12], width, pairs) >= float((best >= pairs).mean())


def test_the_bound_is_small_enough_to_be_of_use() -> None:
    assert repeated_distance(408, [408], [41], 1, 40) < 1e-9


def test_the_longest_gap_may_run_over_the_end() -> None:
    assert longest_gap(np.array([3, 4, 6]), 10) == (7, 6)


def test_a_sum_of_counts() -> None:
    coin = np.array([0.5, 0.5])
    assert convolved([coin, coin]) == pytest.approx([0.25, 0.5, 0.25])
    assert two_sided(np.array([0.25, 0.5, 0.25]), 0) == 0.5


def test_moments_of_meetings_are_exact() -> None:
    """All series of three draws of 2 of 5: the law has their mean, its tail is near theirs."""
    meetings = []
    for three in product(every_draw(5, 2), repeat=3):
        times = np.bincount(np.concatenate(three), minlength=5)
        meetings.append(int((times * (times - 1) // 2).sum()))
    outcome = favour(series(5, [0, 1], [0, 1], [0, 1]))
    assert outcome is not None
    assert outcome.facts["expected"] == pytest.approx(np.mean(meetings))
    assert outcome.facts["meetings"] == 6
    assert outcome.p == pytest.approx(2 * np.mean(np.array(meetings) >= 6), rel=0.5)


def test_the_fitted_law_is_right_in_the_tail() -> None:
    """Of 2,000 fair series of fifteen draws of 20 of 120, about twenty have a p below 1 %."""
    rng = np.random.default_rng(2)
    small = 0
    for _ in range(2_000):
        drawn = choose(rng, np.zeros(120, dtype=np.int64), [20], 15)
        outcome = favour(series(120, *(np.flatnonzero(row) for row in drawn)))
        small += outcome is not None and outcome.p <= 0.01
    assert 7 <= small <= 36


def test_rounds_say_what_they_counted() -> None:
    three = series(10, [0, 1, 2], [2, 3, 4], [2, 3, 9])
    again, never = repeats(three), untouched(three)
    assert again is not None
    assert never is not None
    assert again.facts["again"] == 3
    assert again.facts["expected"] == pytest.approx(2 * 0.9)
    assert never.facts["never"] == 4
    assert never.facts["expected"] == pytest.approx(10 * 0.7**3)
    assert repeats(series(10, [0, 1])) is None


def test_fair_draws_are_fair() -> None:
    """Every pair of four comes up equally often, also where the rest is drawn; strata keep theirs."""
    for drawn in (2, 3):
        rows = choose(np.random.default_rng(3), np.zeros(4, dtype=np.int64), [drawn], 12_000)
        codes = np.bincount(rows @ (1 << np.arange(4)), minlength=16)
        seen = codes[codes > 0]
        expected = 12_000 / len(every_draw(4, drawn))
        assert len(seen) == len(every_draw(4, drawn))
        assert float(((seen - expected) ** 2 / expected).sum()) < 20
    strata = np.array([0, 1, 0, 1, 1])
    rows = choose(np.random.default_rng(4), strata, [1, 2], 50)
    assert (rows[:, strata == 0].sum(axis=1) == 1).all()
    assert (rows[:, strata == 1].sum(axis=1) == 2).all()
