"""All tests on one list and its draws, Holm's correction, and what each test would have noticed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from draw.audit import places, rounds
from draw.audit.coverage import ISSUER, REMAINDERS, TENTHS, coverage, partitions_of
from draw.audit.fair import MOST, SEED, FairDraws, Partition, Progress
from draw.audit.hard import Finding, hard_checks
from draw.audit.listing import Drawn, Listing, Series, Visit, place
from draw.audit.outcome import Outcome
from draw.audit.pairs import recurring, recurring_power
from draw.audit.unfair import ALTERNATIVES, OF_TRAITS
from schemas.errors import DrawbridgeError

LEVEL = 0.01
TRIALS = 100
"""Draws or series with a defect that a statement of power rests on."""

MOST_DRAWS_FOR_POWER = 20
_MOST_PLACES_FOR_POWER = 100_000

Test = Callable[[Series, FairDraws], Outcome | None]


class Power(NamedTuple):
    """Of `trials` series of `draws` draws with the named defect, `noticed` were below the corrected level."""

    defect: str
    noticed: int
    trials: int
    draws: int


@dataclass(frozen=True)
class Judged:
    """A test with its p-value after Holm's correction; `flagged` if that is not above the level."""

    outcome: Outcome
    adjusted: float
    flagged: bool
    power: Power | None


@dataclass(frozen=True)
class Judgement:
    """What an audit found. `not_made`: tests for which there was too little to go by."""

    series: Series
    names: tuple[str, ...]
    hard: tuple[Finding, ...]
    tests: tuple[Judged, ...]
    not_made: tuple[str, ...]
    stratified: bool
    level: float
    seed: int
    simulated: int

    @property
    def broken(self) -> tuple[Finding, ...]:
        """Hard checks that failed."""
        return tuple(finding for finding in self.hard if finding.state == "failed")

    @property
    def unlikely(self) -> tuple[Judged, ...]:
        """Tests that chance alone would hardly give."""
        return tuple(test for test in self.tests if test.flagged)

    @property
    def compatible(self) -> bool:
        """Nothing broken and nothing flagged."""
        return not self.broken and not self.unlikely


_SINGLE: dict[str, Test] = {
    "step": places.step,
    "segment": lambda series, fair: places.segment(series),
    "evenness": places.evenness,
    "trend": places.trend,
    TENTHS: partial(coverage, kind=TENTHS),
    REMAINDERS: partial(coverage, kind=REMAINDERS),
}
_SERIES: dict[str, Test] = {
    "never_reached": lambda series, fair: places.never_reached(series),
    "repeats": lambda series, fair: rounds.repeats(series),
    "untouched": lambda series, fair: rounds.untouched(series),
    "favour": lambda series, fair: rounds.favour(series),
}


def tests_for(listing: Listing, series: Series) -> dict[str, Test]:
    """The tests that are tried: of places always, of traits as the list has them, of rounds for a series."""
    traits = [*listing.traits, ISSUER]
    of_traits: dict[str, Test] = {name: partial(coverage, kind=name) for name in traits}
    return {**_SINGLE, **of_traits, **(_SERIES if len(series.draws) > 1 else {})}


def prepare(
    listing: Listing,
    series: Series,
    *,
    seed: int = SEED,
    most: int = MOST,
    progress: Progress | None = None,
) -> FairDraws:
    """Fair draws for this list and the numbers drawn; simulated when a test first asks for them.

    `most`: simulated draws at the most for each number drawn.
    """
    designs = len({series.counts(draw) for draw in series.draws})
    partitions = partitions_of(listing, series)
    return FairDraws(series.strata, partitions, seed=seed, designs=designs, most=most, progress=progress)


def outcomes(
    listing: Listing, series: Series, fair: FairDraws, visits: Sequence[Visit] = ()
) -> dict[str, Outcome | None]:
    """Every test by name; None where there is too little to go by."""
    found = {name: test(series, fair) for name, test in tests_for(listing, series).items()}
    if visits:
        found["pairs"] = recurring(visits, fair.seed)
    return found


def holm(values: Sequence[float]) -> list[float]:
    """p-values adjusted for their number (Holm 1979): the chance of any false alarm stays below the level."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    adjusted = [1.0] * len(values)
    least = 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = least
    return adjusted


def judge(
    listing: Listing,
    draws: Sequence[Drawn],
    *,
    visits: Sequence[Visit] = (),
    ratio: str | None = None,
    minimum: int | None = None,
    level: float = LEVEL,
    seed: int = SEED,
    fair: FairDraws | None = None,
    with_power: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> Judgement:
    """The audit: hard checks, tests, correction, power.

    `level`: chance of a false alarm per report of fair draws.  `fair`: what `prepare` gave for the same list
    and numbers drawn, so that several reports share it.  `progress`: hears the phase ("fair", "power"), how
    far, of how much.  Raises DrawbridgeError DB-CHANCE-001 to -005 for the lists, -008 for the level.
    """
    if not 0 < level <= 0.2:
        raise DrawbridgeError("DB-CHANCE-008", level=level)
    series = place(listing, draws)
    hear = progress or (lambda phase, done, total: None)
    fair = fair or prepare(listing, series, seed=seed, progress=partial(hear, "fair"))
    found = outcomes(listing, series, fair, visits)
    made = {name: outcome for name, outcome in found.items() if outcome is not None}
    adjusted = holm([outcome.p for outcome in made.values()])
    powers: dict[str, Power | None] = {}
    for number, name in enumerate(made):
        hear("power", number, len(made))
        if with_power:
            powers[name] = _power(listing, series, fair, name, level / len(made), visits)
    tests = [
        Judged(outcome, corrected, corrected <= level, powers.get(name))
        for (name, outcome), corrected in zip(made.items(), adjusted, strict=True)
    ]
    return Judgement(
        series=series,
        names=tuple(draw.name for draw in draws),
        hard=tuple(hard_checks(listing, draws, ratio=ratio, minimum=minimum)),
        tests=tuple(tests),
        not_made=tuple(name for name in found if name not in made and name != ISSUER),
        stratified=listing.strata is not None,
        level=level,
        seed=fair.seed,
        simulated=fair.count,
    )


def _power(
    listing: Listing, series: Series, fair: FairDraws, name: str, level: float, visits: Sequence[Visit]
) -> Power | None:
    """How often the test notices its defect at the level of Holm's first step, so from below."""
    if name == "pairs":
        return Power(
            "half_kept", recurring_power(visits, fair.seed, level, TRIALS), TRIALS, len(series.draws)
        )
    defect, make = ALTERNATIVES.get(name, OF_TRAITS)
    test = tests_for(listing, series)[name]
    most = max(1, min(MOST_DRAWS_FOR_POWER, _MOST_PLACES_FOR_POWER // series.size))
    shown = Series(series.size, series.strata, series.draws[:most])
    partition = _partition(fair, name)
    rng = np.random.default_rng([fair.seed, 5])
    noticed = 0
    for _ in range(TRIALS):
        outcome = test(Series(series.size, series.strata, make(rng, shown, partition)), fair)
        noticed += outcome is not None and outcome.p <= level
    return Power(defect, noticed, TRIALS, len(shown.draws))


def _partition(fair: FairDraws, name: str) -> Partition | None:
    return next((one for one in fair.partitions if one.kind == name), None)
