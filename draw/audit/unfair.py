"""Draws with a named defect: what the tests are there to notice, for stating their power.

Every defect keeps the numbers drawn by stratum, so that it is judged by the same fair draws.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from draw.audit.distributions import Floats
from draw.audit.fair import Ints, Partition
from draw.audit.listing import Series

Defect = Callable[[np.random.Generator, Series, Partition | None], tuple[Ints, ...]]

_NEVER = 1e-12


def by_weight(rng: np.random.Generator, series: Series, counts: tuple[int, ...], weights: Floats) -> Ints:
    """Drawn one after the other with these chances, in each stratum (Efraimidis and Spirakis 2006)."""
    keys = rng.exponential(size=series.size) / weights
    parts = []
    for stratum, n in enumerate(counts):
        members = np.flatnonzero(series.strata == stratum)
        parts.append(members[np.argsort(keys[members], kind="stable")[:n]])
    return np.sort(np.concatenate(parts))


def _weighted(make: Callable[[np.random.Generator, Series, Partition | None], Floats]) -> Defect:
    def draws(rng: np.random.Generator, series: Series, partition: Partition | None) -> tuple[Ints, ...]:
        weights = make(rng, series, partition)
        return tuple(by_weight(rng, series, series.counts(draw), weights) for draw in series.draws)

    return draws


def _each(make: Callable[[np.random.Generator, int, int], Ints]) -> Defect:
    """A defect of single draws: which of a stratum's `total` members, by their order, are the `n` drawn."""

    def draws(rng: np.random.Generator, series: Series, partition: Partition | None) -> tuple[Ints, ...]:
        result = []
        for draw in series.draws:
            parts = [
                np.flatnonzero(series.strata == stratum)[make(rng, series.stratum_sizes[stratum], n)]
                for stratum, n in enumerate(series.counts(draw))
                if n
            ]
            result.append(np.sort(np.concatenate(parts)))
        return tuple(result)

    return draws


def _step(rng: np.random.Generator, total: int, n: int) -> Ints:
    return (int(rng.integers(total)) + np.arange(n) * (total // n)) % total


def _spread(rng: np.random.Generator, total: int, n: int) -> Ints:
    ends = np.arange(n + 1) * total // n
    return rng.integers(ends[:-1], ends[1:])


def _half(rng: np.random.Generator, series: Series, partition: Partition | None) -> Floats:
    return np.where(np.arange(series.size) < series.size // 2, 1.0, _NEVER)


def _head(rng: np.random.Generator, series: Series, partition: Partition | None) -> Floats:
    return np.where(np.arange(series.size) < series.size // 4, 2.0, 1.0)


def _tenth_of_list(rng: np.random.Generator, series: Series, partition: Partition | None) -> Floats:
    tenth = np.arange(series.size) * 10 // series.size
    return np.where(tenth == rng.integers(10), 2.0, 1.0)


def _even(rng: np.random.Generator, series: Series, partition: Partition | None) -> Floats:
    return np.where(np.arange(series.size) % 2 == rng.integers(2), 1.0, _NEVER)


def _tail(rng: np.random.Generator, series: Series, partition: Partition | None) -> Floats:
    return np.where(np.arange(series.size) < series.size - max(1, series.size * 32 // 1000), 1.0, _NEVER)


def _chosen_tenth(weight: float) -> Callable[[np.random.Generator, Series, Partition | None], Floats]:
    def weights(rng: np.random.Generator, series: Series, partition: Partition | None) -> Floats:
        result = np.ones(series.size)
        result[rng.permutation(series.size)[: series.size // 10]] = weight
        return result

    return weights


def _spared_class(rng: np.random.Generator, series: Series, partition: Partition | None) -> Floats:
    """The largest class of a trait has half the chance of the others."""
    if partition is None:
        return np.ones(series.size)
    largest = int(np.bincount(partition.of).argmax())
    return np.where(partition.of == largest, 0.5, 1.0)


def _rotation(rng: np.random.Generator, series: Series, partition: Partition | None) -> tuple[Ints, ...]:
    """Who was drawn last time is left out this time."""
    result: list[Ints] = []
    for draw in series.draws:
        weights = np.ones(series.size)
        if result:
            weights[result[-1]] = _NEVER
        result.append(by_weight(rng, series, series.counts(draw), weights))
    return tuple(result)


ALTERNATIVES: dict[str, tuple[str, Defect]] = {
    "step": ("fixed_step", _each(_step)),
    "segment": ("first_half", _weighted(_half)),
    "evenness": ("one_per_stretch", _each(_spread)),
    "trend": ("head_doubled", _weighted(_head)),
    "tenths": ("tenth_doubled", _weighted(_tenth_of_list)),
    "remainders": ("every_other", _weighted(_even)),
    "never_reached": ("tail_unreachable", _weighted(_tail)),
    "repeats": ("rotation", _rotation),
    "untouched": ("tenth_never", _weighted(_chosen_tenth(_NEVER))),
    "favour": ("some_doubled", _weighted(_chosen_tenth(2.0))),
}
"""For each test the defect by which its power is stated: a name for the words, and how to draw so."""

OF_TRAITS: tuple[str, Defect] = ("class_halved", _weighted(_spared_class))
"""The same for the tests of traits."""
