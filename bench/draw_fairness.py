"""100,000 draws by the draw's own functions: does everybody have the chance that §3 and §4 promise?

    python -m bench.draw_fairness              one JSON line per question (SCALE=small|full)
    python -m bench.draw_fairness --table      the counts behind them, as in docs/draw-fairness.md

Each draw has a seed of its own, made by `draw.seed` from a sealed value (a hashed counter) and a
public number, so that every run finds the same.  Counts are compared with their exact binomial
distribution, two-sided, corrected for the number of counts (Bonferroni); samples of small
instances with a chi-squared test.  A question is answered by the smallest corrected p-value,
which must not be below LEVEL.  Its peers are other ways to draw, asked the same question.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import resource
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cmp_to_key
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from draw.frozen import ForbiddenPair, FrozenObjects, freeze_objects
from draw.seed import draw_seed
from draw.stages import draw_inspectors, draw_objects

LEVEL = 0.001
"""The chance that a fair draw would fail one question."""

DRAWS = {"small": 10_000, "full": 100_000}

Counts = Mapping[Any, int]


class Band(NamedTuple):
    """How often each of some equal things happened, and how often a fair draw lets it happen."""

    name: str
    chance: float
    draws: int
    counts: Counts
    least: int
    greatest: int


def seed(number: int) -> bytes:
    """The seed of the number-th draw: a sealed value and a public number under one commitment."""
    value = hashlib.sha256(b"fairness/%d" % number).hexdigest()
    return draw_seed(hashlib.sha256(b"fairness").hexdigest(), [value, f"{number:06d}"])


def smallest_p(bands: Iterable[Band]) -> float:
    """The smallest two-sided binomial p-value of all counts, times their number (Bonferroni)."""
    found: list[float] = []
    for band in bands:
        counts = np.array(list(band.counts.values()))
        below = stats.binom.cdf(counts, band.draws, band.chance)
        above = stats.binom.sf(counts - 1, band.draws, band.chance)
        found += (2 * np.minimum(below, above)).tolist()
    return min(1.0, min(found) * len(found))


def banded(parts: Iterable[tuple[str, float, int, Counts]]) -> list[Band]:
    """The parts with the least and greatest count that LEVEL, shared among all their counts, allows."""
    listed = list(parts)
    share = LEVEL / 2 / sum(len(counts) for *_, counts in listed)
    return [
        Band(
            name,
            chance,
            draws,
            counts,
            int(stats.binom.ppf(share, draws, chance)),
            int(stats.binom.isf(share, draws, chance)),
        )
        for name, chance, draws, counts in listed
    ]


def uniform_p(counts: Counts, cells: Iterable[Hashable]) -> float:
    """The p-value of the chi-squared test that all cells are equally likely; 0 if something else occurred."""
    listed = list(cells)
    if set(counts) - set(listed):
        return 0.0
    return float(stats.chisquare([counts.get(cell, 0) for cell in listed]).pvalue)


# --- stage `objects`: 36 objects in four strata, three seats beyond the minima -----------------------------

STRATA = {"A": ("0.05", 15), "B": ("0.1", 9), "C": ("0.2", 8), "D": ("0.5", 4)}
RATIO = "0.25"


def _frozen(strata: Mapping[str, tuple[str, int]]) -> FrozenObjects:
    names = [name for name, (_, size) in strata.items() for _ in range(size)]
    ids = [f"清水保〔2023〕{n}号" if n % 5 == 0 else f"91130534{n * 7919:010d}" for n in range(len(names))]
    return freeze_objects([(one, name, one) for one, name in zip(ids, names, strict=True)], list(strata))


def _promised(strata: Mapping[str, tuple[str, int]], ratio: str, frozen: FrozenObjects) -> dict[str, Any]:
    return {
        "strata": [{"name": name, "ratio": share} for name, (share, _) in strata.items()],
        "ratio": ratio,
        "eligible": {"count": frozen.count, "sha256": frozen.sha256, "root": frozen.root},
    }


def drawn_objects(
    draws: int, strata: Mapping[str, tuple[str, int]] = STRATA, ratio: str = RATIO
) -> Iterator[dict[str, Any]]:
    """What each draw drew: the members of the certificate."""
    frozen = _frozen(strata)
    promised, eligible = _promised(strata, ratio, frozen), frozen.files["eligible.tsv"]
    for number in range(draws):
        yield draw_objects(promised, seed(number), eligible, frozen.sizes, [])


def objects_bands(draws: int) -> tuple[list[Band], list[Band]]:
    """Of each object of each stratum: how often drawn, and how often the first reserve."""
    everybody: dict[str, list[str]] = {name: [] for name in STRATA}
    for line in _frozen(STRATA).files["eligible.tsv"].decode().splitlines():
        object_id, stratum, _ = line.split("\t")
        everybody[stratum].append(object_id)
    won: Counter[str] = Counter()
    next_up: Counter[str] = Counter()
    seated: list[dict[str, Any]] = []
    for drawn in drawn_objects(draws):
        won.update(winner["object_id"] for winner in drawn["winners"])
        next_up.update(queue[0] for queue in drawn["reserves"].values())
        seated = drawn["strata"]
    return (
        banded(
            (s["name"], s["drawn"] / s["size"], draws, {one: won[one] for one in everybody[s["name"]]})
            for s in seated
        ),
        banded(
            (s["name"], 1 / s["size"], draws, {one: next_up[one] for one in everybody[s["name"]]})
            for s in seated
        ),
    )


# --- stage `inspectors`: 13 visits, five groups of two departments, nothing barred -------------------------

GROUPS, VISITS = 5, 13
DEPARTMENTS = {"SW": (2, 12), "应急": (3, 15)}


def _stage(groups: int, departments: Mapping[str, tuple[int, int]]) -> tuple[Any, dict[str, list[str]]]:
    promised = {
        "departments": [{"code": code, "team": team} for code, (team, _) in departments.items()],
        "groups": groups,
    }
    return promised, {
        code: [f"{code}{n:02d}" for n in range(size)] for code, (_, size) in departments.items()
    }


def _visits(count: int) -> list[str]:
    return [f"91130534{n * 7919:010d}" for n in range(count)]


def drawn_inspectors(
    draws: int,
    visits: int,
    groups: int,
    departments: Mapping[str, tuple[int, int]],
    forbidden: Iterable[tuple[str, str]] = (),
) -> Iterator[dict[str, Any]]:
    """What each draw drew: the members of the certificate."""
    promised, rosters = _stage(groups, departments)
    pairs, listed = [ForbiddenPair(*pair, "relative") for pair in forbidden], _visits(visits)
    for number in range(draws):
        yield draw_inspectors(promised, seed(number), listed, rosters, pairs, [])


def inspectors_bands(draws: int) -> tuple[list[Band], list[Band]]:
    """How often each object went to each group, and each inspector into each group."""
    pairs: Counter[Hashable] = Counter()
    seats: Counter[Hashable] = Counter()
    for drawn in drawn_inspectors(draws, VISITS, GROUPS, DEPARTMENTS):
        pairs.update((visit, group) for visit, group in drawn["assignment"])
        for group, team in drawn["teams"].items():
            seats.update((one, group) for members in team.values() for one in members)
    numbers = range(1, GROUPS + 1)
    every_pair = {pair: pairs[pair] for pair in itertools.product(_visits(VISITS), numbers)}
    _, rosters = _stage(GROUPS, DEPARTMENTS)
    return (
        banded([("object and group", 1 / GROUPS, draws, every_pair)]),
        banded(
            (
                code,
                team / size,
                draws,
                {(i, str(g)): seats[i, str(g)] for i in rosters[code] for g in numbers},
            )
            for code, (team, size) in DEPARTMENTS.items()
        ),
    )


def barred_bands(draws: int) -> list[Band]:
    """An object that four of ten may visit: its group where all are barred, and the first substitute."""
    one, department = _visits(3)[0], {"SW": (2, 10)}
    forbidden = [(one, f"SW{n:02d}") for n in range(6)]
    groups: Counter[Hashable] = Counter(dict.fromkeys((1, 2, 3), 0))
    first: Counter[Hashable] = Counter({f"SW{n:02d}": 0 for n in range(6, 10)})
    for drawn in drawn_inspectors(draws, 3, 3, department, forbidden):
        if drawn["substitutes"]:
            groups[drawn["substitutes"][0]["group"]] += 1
            first[drawn["substitutes"][0]["by"]] += 1
    barred = groups.total()
    return banded([("group", 1 / 3, barred, groups), ("first substitute", 1 / 4, barred, first)])


# --- all samples of small instances ------------------------------------------------------------------------

SMALL = {"A": ("0.2", 6), "B": ("0.25", 4)}
"""Minima 2 and 1; the fourth seat, of ⌈0.4 · 10⌉, goes to A or B by Adams, the first listed."""


def sample_counts(draws: int) -> tuple[Counts, list[Hashable]]:
    """How often each set of winners was drawn, and all that there are."""
    found: Counter[Hashable] = Counter()
    drawn: dict[str, Any] = {}
    for drawn in drawn_objects(draws, SMALL, "0.4"):
        found[frozenset(winner["object_id"] for winner in drawn["winners"])] += 1
    rows = [line.split("\t") for line in _frozen(SMALL).files["eligible.tsv"].decode().splitlines()]
    parts = [
        itertools.combinations([one for one, stratum, _ in rows if stratum == seat["name"]], seat["drawn"])
        for seat in drawn["strata"]
    ]
    return found, [frozenset(itertools.chain(*sets)) for sets in itertools.product(*parts)]


def assignment_counts(draws: int) -> tuple[Counts, list[Hashable]]:
    """How often each assignment of five objects to three groups was drawn, and all that are balanced."""
    listed = _visits(5)
    found: Counter[Hashable] = Counter()
    for drawn in drawn_inspectors(draws, 5, 3, {"SW": (2, 6)}):
        group_of = dict(drawn["assignment"])
        found[tuple(group_of[visit] for visit in listed)] += 1
    balanced = [
        c for c in itertools.product((1, 2, 3), repeat=5) if sorted(map(c.count, (1, 2, 3))) == [1, 2, 2]
    ]
    return found, list(balanced)


# --- other ways to draw, asked the same ---------------------------------------------------------------------


def coin_sort(chance: random.Random, size: int) -> list[int]:
    """What `sort(() => Math.random() - 0.5)` does."""
    return sorted(range(size), key=cmp_to_key(lambda a, b: chance.choice((-1, 1))))


def swap_with_any(chance: random.Random, size: int) -> list[int]:
    """The shuffle that swaps every place with any place."""
    order = list(range(size))
    for place in range(size):
        other = chance.randrange(size)
        order[place], order[other] = order[other], order[place]
    return order


def fixed_step(chance: random.Random, size: int) -> list[int]:
    """Every third from a random start, round and round; three samples there are in all of nine."""
    start = chance.randrange(size)
    return [(start + 3 * place) % size for place in range(size)]


Shuffle = Callable[[random.Random, int], list[int]]


def inclusion_of(shuffle: Shuffle, draws: int) -> float:
    """The p-value of each of 36 being equally often among the first nine."""
    chance, won = random.Random(1), Counter(dict.fromkeys(range(36), 0))
    for _ in range(draws):
        won.update(shuffle(chance, 36)[:9])
    return smallest_p(banded([("", 9 / 36, draws, won)]))


def samples_of(shuffle: Shuffle, draws: int) -> float:
    """The p-value of all samples of three out of nine being equally likely."""
    chance = random.Random(1)
    found: Counts = Counter(frozenset(shuffle(chance, 9)[:3]) for _ in range(draws))
    return uniform_p(found, [frozenset(sample) for sample in itertools.combinations(range(9), 3)])


def dealt_out(draws: int) -> float:
    """Objects shuffled well and dealt round: what is left over always goes to the first groups."""
    chance, pairs = random.Random(1), Counter(itertools.product(range(VISITS), range(GROUPS)))
    pairs.subtract(list(pairs))
    for _ in range(draws):
        order = chance.sample(range(VISITS), VISITS)
        pairs.update((one, place % GROUPS) for place, one in enumerate(order))
    return smallest_p(banded([("", 1 / GROUPS, draws, pairs)]))


# --- the figures --------------------------------------------------------------------------------------------


def _row(name: str, draws: int, ours: float, peers: Mapping[str, float]) -> dict[str, Any]:
    return {
        "name": f"draw_fairness.{name}",
        "size": draws,
        "ours": round(ours, 6),
        "peers": {peer: round(p, 6) for peer, p in peers.items()},
        "limit": LEVEL,
        "ratio": round(ours / LEVEL, 3),
        "target": 1.0,
        "met": ours >= LEVEL,
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def run(scale: str) -> Iterator[dict[str, Any]]:
    """One row per question: `ours` and `peers` are p-values, `limit` the level, `ratio` must reach 1."""
    draws = DRAWS[scale]
    drawn, reserves = objects_bands(draws)
    peers = {"shuffle_with_any": swap_with_any, "sort_by_coin": coin_sort}
    yield _row("objects", draws, smallest_p(drawn), {n: inclusion_of(s, draws) for n, s in peers.items()})
    yield _row("first_reserve", draws, smallest_p(reserves), {})
    pairs, seats = inspectors_bands(draws)
    yield _row("object_and_group", draws, smallest_p(pairs), {"shuffled_and_dealt": dealt_out(draws)})
    yield _row("inspector_and_group", draws, smallest_p(seats), {})
    yield _row("barred_everywhere", draws, smallest_p(barred_bands(draws)), {})
    by_step = {"fixed_step": samples_of(fixed_step, draws)}
    yield _row("samples", draws, uniform_p(*sample_counts(draws)), by_step)
    yield _row("assignments", draws, uniform_p(*assignment_counts(draws)), {})


def table(scale: str) -> Iterator[str]:
    """The counts, one Markdown row per part of a question."""
    draws = DRAWS[scale]
    drawn, reserves = objects_bands(draws)
    pairs, seats = inspectors_bands(draws)
    yield "| what | part | how many | chance | of draws | allowed | found |"
    yield "|---|---|---|---|---|---|---|"
    for what, bands in (
        ("drawn", drawn),
        ("first reserve", reserves),
        ("visit", pairs),
        ("in the group", seats),
        ("barred everywhere", barred_bands(draws)),
    ):
        for band in bands:
            found = f"{min(band.counts.values()):,}–{max(band.counts.values()):,}"
            yield (
                f"| {what} | {band.name} | {len(band.counts)} | {band.chance:.4f} | {band.draws:,} "
                f"| {band.least:,}–{band.greatest:,} | {found} |"
            )
    for what, (counts, cells) in (
        ("all samples", sample_counts(draws)),
        ("all assignments", assignment_counts(draws)),
    ):
        found = f"{min(counts.values()):,}–{max(counts.values()):,}"
        yield (
            f"| {what} | {len(counts)} of {len(cells)} occurred | {len(cells)} | {1 / len(cells):.4f} "
            f"| {draws:,} | chi-squared p = {uniform_p(counts, cells):.3f} | {found} |"
        )


if __name__ == "__main__":
    size = os.environ.get("SCALE", "small")
    for line in table(size) if "--table" in sys.argv[1:] else map(json.dumps, run(size)):
        print(line, flush=True)
