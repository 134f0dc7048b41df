"""Fair draws, simulated: the yardstick that all tests without a closed form share.

The generator is numpy's PCG64 from a seed that the report states, so that the
same files give the same report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.special import gammaincinv, gammaln

from draw.audit.distributions import Floats

T = TypeVar("T")
Ints = npt.NDArray[np.int64]
Chosen = npt.NDArray[np.bool_]
"""One row per draw, one column per position of the list: whether it was drawn."""

SEED = 20191
"""Where nothing else is said."""

MOST, LEAST = 40_000, 5_000
"""Simulated draws per size of draw; fewer where the list is long."""

_CELLS = 150_000_000
_BATCH_CELLS = 2_000_000
WIDTHS = (1, 2, 3)
"""Neighbouring distances that are looked at together: a step that slips by one, or takes turns."""

RESAMPLED = 50
"""Up to so many draws a series is compared with sums of simulated draws, beyond with a limiting law."""

Progress = Callable[[int, int], None]
Key = tuple[object, ...]


@dataclass(frozen=True)
class Partition:
    """A division of the list into classes. `of`: the class of each position."""

    kind: str
    label: str
    classes: tuple[str, ...]
    of: Ints

    def count(self, places: Ints) -> Ints:
        """How many of these places, a place as often as it is there, are in each class."""
        counts: Ints = np.bincount(self.of[places], minlength=len(self.classes))
        return counts


@dataclass(frozen=True)
class Reference:
    """What fair draws of one size give. `step`, `evenness`: sorted; `tally`: drawn by class."""

    step: Floats
    evenness: Floats
    tally: npt.NDArray[np.int32]


def choose(rng: np.random.Generator, strata: Ints, sizes: Sequence[int], rows: int) -> Chosen:
    """Fair draws: in each stratum every set of its size is equally likely, strata apart.

    Floyd's algorithm (Bentley and Floyd 1987) on all rows at once; beyond half of a stratum it is the rest
    that is drawn.
    """
    chosen = np.zeros((rows, len(strata)), dtype=bool)
    every = np.arange(rows)
    for stratum, size in enumerate(sizes):
        members = np.flatnonzero(strata == stratum)
        total = len(members)
        rest = 2 * size > total
        part = np.zeros((rows, total), dtype=bool)
        for last in range(total - (total - size if rest else size), total):
            picked = rng.integers(0, last + 1, rows)
            picked[part[every, picked]] = last
            part[every, picked] = True
        chosen[:, members] = ~part if rest else part
    return chosen


def distance_counts(chosen: Chosen) -> Ints:
    """For each row and distance 1, 2, … below half of the list: pairs of drawn ones so far apart."""
    size = chosen.shape[1]
    spectrum = fft.rfft(chosen.astype(np.float32), axis=1)
    counts = fft.irfft(spectrum.real**2 + spectrum.imag**2, n=size, axis=1)
    kept: Ints = np.rint(counts[:, 1 : (size + 1) // 2]).astype(np.int64)
    return kept


def widest(counts: Ints) -> list[Ints]:
    """For each width of window: the greatest number of pairs in it, by row."""
    best = []
    window = counts
    for width in WIDTHS:
        if width > 1:
            window = window[:, : counts.shape[1] - width + 1] + counts[:, width - 1 :]
        best.append(window.max(axis=1))
    return best


def rarity(size: int, drawn: int, width: int, pairs: npt.ArrayLike) -> Floats:
    """How unusual so many pairs in one window are: minus the log of their Poisson probability."""
    mean = max(width * drawn * (drawn - 1) / (size - 1), 1e-9)
    many = np.maximum(np.asarray(pairs, float), np.ceil(mean))
    score: Floats = mean - many * np.log(mean) + gammaln(many + 1)
    return score


def step_scores(chosen: Chosen) -> Floats:
    """How much one distance, or two or three neighbouring ones, recurs among the drawn: by row."""
    size, drawn = chosen.shape[1], int(chosen[0].sum())
    best = widest(distance_counts(chosen))
    scores = [rarity(size, drawn, width, pairs) for width, pairs in zip(WIDTHS, best, strict=True)]
    result: Floats = np.max(scores, axis=0)
    return result


def evenness_scores(positions: Ints, size: int) -> Floats:
    """The sum of squared gaps around the circle: small for an even spread, great for clusters."""
    gaps = np.diff(positions, axis=1).astype(float)
    wrap = (positions[:, 0] + size - positions[:, -1]).astype(float)
    squares: Floats = (gaps**2).sum(axis=1) + wrap**2
    return squares


def tally(positions: Ints, partitions: Sequence[Partition]) -> npt.NDArray[np.int32]:
    """Drawn by class for each row of positions, the classes of all partitions side by side."""
    rows = len(positions)
    parts = [np.zeros((rows, 0), dtype=np.int32)]
    for partition in partitions:
        width = len(partition.classes)
        keys = partition.of[positions] + np.arange(rows)[:, None] * width
        parts.append(np.bincount(keys.ravel(), minlength=rows * width).reshape(rows, width).astype(np.int32))
    return np.concatenate(parts, axis=1)


def positions_of(chosen: Chosen) -> Ints:
    """The positions of each row, rising; all rows have equally many."""
    return np.nonzero(chosen)[1].reshape(len(chosen), -1)


class FairDraws:
    """Fair draws from one list, simulated once for each number drawn and kept."""

    def __init__(
        self,
        strata: Ints,
        partitions: Sequence[Partition],
        *,
        seed: int = SEED,
        designs: int = 1,
        most: int = MOST,
        progress: Progress | None = None,
    ) -> None:
        self.strata, self.partitions, self.seed = strata, tuple(partitions), seed
        self.count = int(np.clip(_CELLS // len(strata) // designs, LEAST, most))
        self._progress = progress
        self._kept: dict[tuple[int, ...], Reference] = {}
        self._once: dict[Key, Any] = {}

    @cached_property
    def strata_sizes(self) -> tuple[int, ...]:
        """Objects by stratum."""
        return tuple(int(n) for n in np.bincount(self.strata))

    def reference(self, sizes: tuple[int, ...]) -> Reference:
        """The statistics of `count` fair draws with `sizes` drawn by stratum."""
        if sizes not in self._kept:
            self._kept[sizes] = self._simulate(sizes)
        return self._kept[sizes]

    def once(self, key: Key, compute: Callable[[], T]) -> T:
        """What `compute` gives, computed once for each key: null distributions of series of one design."""
        if key not in self._once:
            self._once[key] = compute()
        kept: T = self._once[key]
        return kept

    def _simulate(self, sizes: tuple[int, ...]) -> Reference:
        rng = np.random.default_rng([self.seed, *sizes])
        size = len(self.strata)
        batch = max(16, _BATCH_CELLS // size)
        steps, evens, tallies = [], [], []
        for start in range(0, self.count, batch):
            rows = min(batch, self.count - start)
            chosen = choose(rng, self.strata, sizes, rows)
            positions = positions_of(chosen)
            steps.append(step_scores(chosen) if size >= 8 else np.zeros(rows))
            evens.append(evenness_scores(positions, size))
            tallies.append(tally(positions, self.partitions))
            if self._progress is not None:
                self._progress(start + rows, self.count)
        return Reference(
            np.sort(np.concatenate(steps)), np.sort(np.concatenate(evens)), np.concatenate(tallies)
        )


def at_least(reference: Floats, observed: float) -> float:
    """p-value against simulated draws, taken from above: the 95 % upper limit of the chance, given the count.

    So the noise of the simulation does not add to the false alarms, and with nothing beyond the observed one
    p is about 3 / simulated, never 0 (Garwood 1936).
    """
    return _upper(len(reference) - int(np.searchsorted(reference, observed - 1e-9, "left")), len(reference))


def at_most(reference: Floats, observed: float) -> float:
    """The same for small values."""
    return _upper(int(np.searchsorted(reference, observed + 1e-9, "right")), len(reference))


def _upper(count: int, simulated: int) -> float:
    return min(1.0, float(gammaincinv(count + 1, 0.95)) / simulated)
