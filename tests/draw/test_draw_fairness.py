"""Equal chances (draw-spec, "What it promises", 2): simulated draws against exact distributions.

4,000 draws of each kind here, 100,000 with DRAWBRIDGE_SCALE=full; the simulation is
bench/draw_fairness.py, its seeds are hashed counters, so that a run that passes passes again.
Each test would fail a fair draw with a chance of LEVEL = 0.001, all its counts together.
"""

from __future__ import annotations

import itertools
import math
import os
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import pytest

from bench import draw_fairness
from bench.draw_fairness import LEVEL, Band, banded, smallest_p, uniform_p

DRAWS = 100_000 if os.environ.get("DRAWBRIDGE_SCALE") == "full" else 4_000


def outside(bands: list[Band]) -> list[object]:
    """What happened too rarely or too often, with its count and what is allowed."""
    return [
        (band.name, one, count, band.least, band.greatest)
        for band in bands
        for one, count in band.counts.items()
        if not band.least <= count <= band.greatest
    ]


def test_each_object_of_a_stratum_is_drawn_and_held_in_reserve_equally_often() -> None:
    drawn, reserves = draw_fairness.objects_bands(DRAWS)
    assert [(band.name, len(band.counts), band.chance) for band in drawn] == [
        ("A", 15, 1 / 15), ("B", 9, 2 / 9), ("C", 8, 3 / 8), ("D", 4, 3 / 4)
    ]  # fmt: skip
    assert outside(drawn) == []
    assert outside(reserves) == []
    assert min(smallest_p(drawn), smallest_p(reserves)) >= LEVEL
    assert sum(sum(band.counts.values()) for band in drawn) == 9 * DRAWS


def test_with_nothing_barred_each_object_meets_each_group_and_each_inspector_joins_each() -> None:
    pairs, seats = draw_fairness.inspectors_bands(DRAWS)
    assert [len(band.counts) for band in (*pairs, *seats)] == [13 * 5, 12 * 5, 15 * 5]
    assert outside(pairs) == []
    assert outside(seats) == []
    assert sum(pairs[0].counts.values()) == 13 * DRAWS


def test_where_all_groups_are_barred_each_is_chosen_and_each_substitute_comes_equally_often() -> None:
    bands = draw_fairness.barred_bands(DRAWS)
    assert bands[0].draws > DRAWS / 2
    assert outside(bands) == []


@pytest.mark.parametrize(
    ("counts_of", "cells"),
    [(draw_fairness.sample_counts, math.comb(6, 2) * math.comb(4, 2)), (draw_fairness.assignment_counts, 90)],
)
def test_every_sample_and_every_assignment_of_a_small_instance_occurs_equally_often(
    counts_of: Callable[[int], tuple[Counter[object], list[object]]], cells: int
) -> None:
    counts, possible = counts_of(DRAWS)
    assert len(set(possible)) == cells
    assert set(counts) == set(possible)
    assert uniform_p(counts, possible) >= LEVEL


# --- the measure itself ---------------------------------------------------------------------------------


def test_the_band_is_the_exact_binomial_one() -> None:
    """Against sums of fractions: at most LEVEL/2 lies beyond each end; one count more would be too much."""
    draws, chance = 120, Fraction(3, 8)
    (band,) = banded([("", float(chance), draws, {"a": 45})])
    chances = [math.comb(draws, k) * chance**k * (1 - chance) ** (draws - k) for k in range(draws + 1)]
    share = Fraction(LEVEL) / 2
    assert sum(chances[: band.least]) <= share < sum(chances[: band.least + 1])
    assert sum(chances[band.greatest + 1 :]) <= share < sum(chances[band.greatest :])


def test_unfair_ways_are_told_from_fair_ones() -> None:
    """Otherwise the tests above could pass whatever is drawn."""
    draws = 4_000
    assert draw_fairness.inclusion_of(draw_fairness.swap_with_any, draws) < LEVEL
    assert draw_fairness.inclusion_of(draw_fairness.coin_sort, draws) < LEVEL
    assert draw_fairness.samples_of(draw_fairness.fixed_step, draws) == 0  # most samples never occur
    assert draw_fairness.dealt_out(draws) < LEVEL
    fair = draw_fairness.inclusion_of(lambda chance, size: chance.sample(range(size), size), draws)
    assert fair >= LEVEL


def test_one_object_that_is_drawn_a_tenth_too_often_lies_outside() -> None:
    (band,) = banded([("", 0.25, 100_000, dict.fromkeys(range(36), 25_000))])
    assert outside([band._replace(counts={"P": 25_000})]) == []
    assert outside([band._replace(counts={"P": 27_500})]) == [("", "P", 27_500, band.least, band.greatest)]


def test_a_sample_that_cannot_be_is_no_chance() -> None:
    samples = [frozenset(pair) for pair in itertools.combinations("abc", 2)]
    assert uniform_p(dict.fromkeys(samples, 100), samples) == 1.0
    assert uniform_p({**dict.fromkeys(samples, 100), frozenset("ad"): 1}, samples) == 0.0
