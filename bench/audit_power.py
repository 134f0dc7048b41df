"""What the statistical audit notices, after how many draws, and how often it is wrong about fair ones.

    python -m bench.audit_power [small|full]

Draws of 41 out of 408 with a named defect are judged by the whole report at its default level; printed is the
power of the report for each number of draws, and the fewest from which on it is 0.9 or more.  Fair draws of
five designs are judged the same way.  The seed is fixed: the same numbers come out again.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key

import numpy as np
import numpy.typing as npt

from draw.audit.fair import FairDraws
from draw.audit.hard import hard_checks
from draw.audit.judgement import LEVEL, holm, outcomes, prepare
from draw.audit.listing import Drawn, Listing, place

SEED = 4
SIZE, DRAWN = 408, 41
POWER = 0.9
DRAWS = {
    "small": (1, 2, 3, 6, 10, 15, 25, 40, 60, 80),
    "full": (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80),
}
TRIALS = {"small": 60, "full": 400}
FAIR = {"small": 400, "full": 4_000}
REDRAWS = 10
Rng = np.random.Generator
Ints = npt.NDArray[np.int64]
Draw = Sequence[int] | Ints


@dataclass(frozen=True)
class Defect:
    """How a series of draws is made, from a generator and their number; `limit`: draws that must suffice.

    `known`: the list says which class an object is of (of eight), and class 0 is the one favoured.
    """

    name: str
    limit: int
    make: Callable[[Rng, int], list[Draw]]
    known: bool = False
    numbered: bool = False


def fair(rng: Rng) -> Ints:
    """One fair draw."""
    return rng.permutation(SIZE)[:DRAWN]


def each(make: Callable[[Rng], Draw]) -> Callable[[Rng, int], list[Draw]]:
    """Draws that have nothing to do with each other."""
    return lambda rng, count: [make(rng) for _ in range(count)]


def fixed_step(rng: Rng) -> Draw:
    """Any start from which the floor of the interval reaches all; the tail is never reached."""
    step = SIZE // DRAWN
    return rng.integers(step) + step * np.arange(DRAWN)


def wrapped_step(rng: Rng) -> Draw:
    """Any start, any step, over the end and on from the head, passing over what is drawn already."""
    step, at = int(rng.integers(1, SIZE)), int(rng.integers(SIZE))
    taken: list[int] = []
    while len(taken) < DRAWN:
        while at in taken:
            at = (at + 1) % SIZE
        taken.append(at)
        at = (at + step) % SIZE
    return taken


def slipping_step(rng: Rng) -> Draw:
    """A fixed step over pages of 50 rows, one too many at each new page."""
    step = SIZE // DRAWN - 1
    at, taken = int(rng.integers(step)), list[int]()
    for _ in range(DRAWN):
        taken.append(at)
        slip = (at + step) // 50 > at // 50
        at += step + slip
    return [one % SIZE for one in taken]


def alternating_step(rng: Rng) -> Draw:
    """The interval 9.95 rounded down each time, from any start."""
    return ((rng.random() + np.arange(DRAWN)) * SIZE / DRAWN).astype(np.int64)


def jittered_step(rng: Rng) -> Draw:
    """A step of 9, each place moved by one to either side or not at all."""
    return 1 + rng.integers(8) + 9 * np.arange(DRAWN) + rng.integers(-1, 2, DRAWN)


def first(rng: Rng) -> Draw:
    """The first of the list."""
    return np.arange(DRAWN)


def block(rng: Rng) -> Draw:
    """A block anywhere, over the end if need be."""
    return (int(rng.integers(SIZE)) + np.arange(DRAWN)) % SIZE


def two_blocks(rng: Rng) -> Draw:
    """Two blocks."""
    half, start = DRAWN // 2, int(rng.integers(SIZE))
    other = start + half + int(rng.integers(1, SIZE - DRAWN))
    places = np.concatenate((start + np.arange(half), other + np.arange(DRAWN - half)))
    return places % SIZE


def with_replacement(rng: Rng) -> Draw:
    """Each from the whole list again."""
    return rng.integers(0, SIZE, DRAWN)


def _coin(rng: Rng) -> Callable[[int, int], int]:
    flips = iter(rng.integers(0, 2, 10_000).tolist())
    return lambda one, other: 1 if next(flips) else -1


def timsort_shuffle(rng: Rng) -> Draw:
    """`sort(() => random() - 0.5)` in the sort of today's browsers and of Java, which Python has too."""
    return sorted(range(SIZE), key=cmp_to_key(_coin(rng)))[:DRAWN]


def insertion_shuffle(rng: Rng) -> Draw:
    """The same with insertion sort."""
    coin, placed = _coin(rng), list[int]()
    for one in range(SIZE):
        at = len(placed)
        while at and coin(0, 0) > 0:
            at -= 1
        placed.insert(at, one)
    return placed[:DRAWN]


def merge_shuffle(rng: Rng) -> Draw:
    """The same with a plain merge sort."""
    coin = _coin(rng)

    def halves(part: list[int]) -> list[int]:
        if len(part) < 2:
            return part
        left, right = halves(part[: len(part) // 2]), halves(part[len(part) // 2 :])
        merged: list[int] = []
        while left and right:
            merged.append((left if coin(0, 0) < 0 else right).pop(0))
        return merged + left + right

    return halves(list(range(SIZE)))[:DRAWN]


def swapping_shuffle(rng: Rng) -> Draw:
    """Four hundred swaps of two places: not enough to mix as many, the head stays in front."""
    places = np.arange(SIZE)
    for one, other in rng.integers(0, SIZE, (400, 2)):
        places[[one, other]] = places[[other, one]]
    return places[:DRAWN]


def tenth_never(rng: Rng, count: int) -> list[Draw]:
    """A tenth of the list, anywhere in it, is taken out before each draw."""
    left = rng.permutation(SIZE)[SIZE // 10 :]
    return [rng.choice(left, DRAWN, replace=False) for _ in range(count)]


def class_never(rng: Rng, count: int) -> list[Draw]:
    """The same where the tenth is a class that the list names: nearly an eighth."""
    left = np.flatnonzero(classes() != 0)
    return [rng.choice(left, DRAWN, replace=False) for _ in range(count)]


def tail_never(rng: Rng, count: int) -> list[Draw]:
    """The last 3.2 %, as with the step 33 through 12,000, never comes up."""
    return [rng.permutation(SIZE - 13)[:DRAWN] for _ in range(count)]


def classes() -> Ints:
    """Eight classes, scattered over the list the same way each time."""
    return np.random.default_rng(8).integers(0, 8, SIZE)


def redrawn(liked: Callable[[Rng], Ints]) -> Callable[[Rng, int], list[Draw]]:
    """Of ten draws the one with the fewest of those that somebody wants spared."""

    def make(rng: Rng, count: int) -> list[Draw]:
        spared = liked(rng)
        made = list[Draw]()
        for _ in range(count):
            tries = [fair(rng) for _ in range(REDRAWS)]
            made.append(min(tries, key=lambda one: int(np.isin(one, spared).sum())))
        return made

    return make


def hidden_tenth(rng: Rng) -> Ints:
    """Forty objects that nothing in the list tells from others."""
    return rng.permutation(SIZE)[: SIZE // 10]


def hidden_quarter(rng: Rng) -> Ints:
    """A hundred and two of them."""
    return rng.permutation(SIZE)[: SIZE // 4]


def named_class(rng: Rng) -> Ints:
    """The objects of class 0."""
    return np.flatnonzero(classes() == 0)


DEFECTS = (
    Defect("fixed step 9, any start, tail unreachable", 1, each(fixed_step)),
    Defect("any step and start, over the end", 1, each(wrapped_step)),
    Defect("fixed step, one too many at each page", 1, each(slipping_step)),
    Defect("step of 9 and 10 in turn", 1, each(alternating_step)),
    Defect("step of 9, each off by one at most", 1, each(jittered_step)),
    Defect("first 41", 1, each(first)),
    Defect("one block anywhere", 1, each(block)),
    Defect("two blocks", 1, each(two_blocks)),
    Defect("with replacement", 2, each(with_replacement)),
    Defect("sort by random()-0.5, timsort", 10, each(timsort_shuffle)),
    Defect("sort by random()-0.5, insertion sort", 1, each(insertion_shuffle)),
    Defect("sort by random()-0.5, merge sort", 60, each(merge_shuffle)),
    Defect("400 random swaps, then the first 41", 10, each(swapping_shuffle)),
    Defect("last 3.2 % never drawn", 10, tail_never),
    Defect("a scattered tenth never drawn", 25, tenth_never),
    Defect("a named class (1/8) never drawn", 6, class_never, known=True),
    Defect("redrawn 10 times, a named class spared", 15, redrawn(named_class), known=True),
    Defect("redrawn 10 times, a scattered quarter spared", 80, redrawn(hidden_quarter)),
    Defect("redrawn 10 times, a scattered tenth spared", 80, redrawn(hidden_tenth)),
    Defect("redrawn, the platform numbers its draws", 3, each(fair), numbered=True),
)


def listing(known: bool) -> Listing:
    """The 408 objects, with or without a column that tells classes."""
    traits = {"township": [str(n) for n in classes()]} if known else {}
    return Listing([f"object-{n:03}" for n in range(SIZE)], traits=traits)


class Judge:
    """Whole reports, the simulated fair draws shared between all reports of one design."""

    def __init__(self, of: Listing) -> None:
        self._listing = of
        self._design: tuple[object, ...] = ()
        self._fair: FairDraws | None = None

    def flags(self, draws: Sequence[Draw], serials: Sequence[int] | None = None) -> bool:
        """Whether the report of these draws says anything but "compatible with chance"."""
        ids = self._listing.ids
        named = [
            Drawn(f"{n}", [ids[place] for place in draw], serials[n] if serials else None)
            for n, draw in enumerate(draws)
        ]
        if any(finding.state == "failed" for finding in hard_checks(self._listing, named)):
            return True
        series = place(self._listing, named)
        design = tuple(series.counts(draw) for draw in series.draws)
        if self._fair is None or design != self._design:
            self._design, self._fair = design, prepare(self._listing, series)
        found = outcomes(self._listing, series, self._fair).values()
        return min(holm([one.p for one in found if one is not None])) <= LEVEL


def power(defect: Defect, judge: Judge, count: int, trials: int) -> float:
    """The share of series of `count` draws that are flagged."""
    rng = np.random.default_rng([SEED, DEFECTS.index(defect), count])
    flagged = 0
    for _ in range(trials):
        serials = None
        if defect.numbered:
            serials = np.cumsum(rng.geometric(1 / REDRAWS, count)).tolist()
        flagged += judge.flags(defect.make(rng, count), serials)
    return flagged / trials


def powers(defect: Defect, scale: str) -> dict[int, float]:
    """Power by number of draws, until it was 0.9 or more for two numbers in a row."""
    judge, found = Judge(listing(defect.known)), dict[int, float]()
    for count in DRAWS[scale]:
        found[count] = power(defect, judge, count, TRIALS[scale])
        if sum(value >= POWER for value in list(found.values())[-2:]) == 2:
            break
    return found


def needed(found: dict[int, float]) -> int | None:
    """The fewest draws from which on the power is 0.9 or more."""
    enough: int | None = None
    for count in sorted(found, reverse=True):
        if found[count] < POWER:
            break
        enough = count
    return enough


def _mixed(rng: Rng, size: int, strata: bool) -> Listing:
    traits = {
        "township": [str(n) for n in rng.integers(0, 8, size)],
        "size": [str(n) for n in rng.geometric(0.5, size)],
        "registered": [str(n) for n in np.arange(size) * 5 // size],
    }
    grades = ["ABCD"[n] for n in rng.choice(4, size, p=[0.5, 0.3, 0.15, 0.05])] if strata else None
    return Listing([f"object-{n:05}" for n in range(size)], grades, traits)


FAIR_DESIGNS = (
    ("1 draw of 41 of 408", 408, (41,), False, False),
    ("1 draw of 41 of 408, three traits, four strata", 408, (41,), True, True),
    ("10 draws of 41 of 408, three traits", 408, (41,) * 10, True, False),
    ("3 draws of 12, 15 and 9 of 100, strata", 100, (12, 15, 9), False, True),
    ("60 draws of 20 of 300, three traits", 300, (20,) * 60, True, False),
)


def false_alarms(size: int, sizes: Sequence[int], traits: bool, strata: bool, reports: int) -> float:
    """The share of reports of fair draws that flag something."""
    rng = np.random.default_rng([SEED, size, len(sizes), traits, strata])
    of = _mixed(rng, size, strata)
    of = of if traits else Listing(of.ids, of.strata)
    groups = np.unique(of.strata or ["all"] * size, return_inverse=True)[1]
    shares = np.bincount(groups) / size
    judge, alarms = Judge(of), 0
    for _ in range(reports):
        draws = []
        for n in sizes:
            parts = [
                rng.permutation(np.flatnonzero(groups == group))[: max(1, round(n * share))]
                for group, share in enumerate(shares)
            ]
            draws.append(np.concatenate(parts))
        alarms += judge.flags(draws)
    return alarms / reports


def run(scale: str) -> Iterator[dict[str, object]]:
    """One line per design of fair draws and per defect. `ratio`: what is allowed / what was found."""
    total = 0.0
    for name, size, sizes, traits, strata in FAIR_DESIGNS:
        rate = false_alarms(size, sizes, traits, strata, FAIR[scale])
        total += rate / len(FAIR_DESIGNS)
        yield _line(f"audit.false_alarms: {name}", FAIR[scale], rate, None, {})
    yield _line("audit.false_alarms", FAIR[scale] * len(FAIR_DESIGNS), total, 0.01, {})
    for defect in DEFECTS:
        found = powers(defect, scale)
        by_draws = {str(count): value for count, value in found.items()}
        yield _line(f"audit.draws_needed: {defect.name}", DRAWN, needed(found), defect.limit, by_draws)


def _line(
    name: str, size: int, ours: float | None, limit: float | None, by_draws: dict[str, float]
) -> dict[str, object]:
    met = None if limit is None else ours is not None and ours <= limit
    ratio = None if limit is None or ours is None else limit / ours if ours else None
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line: dict[str, object] = {"name": name, "size": size, "ours": ours, "peers": {}, "limit": limit}
    line |= {"ratio": ratio, "target": 1.0, "met": met, "rss_mb": round(used)}
    return line | ({"power": by_draws} if by_draws else {})


if __name__ == "__main__":
    for figure in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(figure, ensure_ascii=False), flush=True)
