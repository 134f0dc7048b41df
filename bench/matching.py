"""Objects to groups: the lexicographically first assignment against one maximum flow of the same
graph.

    python -m bench.matching [small|full]

10,000 objects, 500 groups of two inspectors from each of five departments, one in a hundred
object–inspector pairs forbidden.  `ours` puts the groups into each object's order (hashes), finds
the one assignment and proves by its bounds that it is balanced; OR-Tools finds any flow from the
objects over the groups that are not barred, of the same capacities.  In seconds of processor
time, both on one core; times: less is better.  The whole stage adds teams, barred pairs and
substitutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from ortools.graph.python import max_flow

from bench.figure import Line, Timing, figure
from draw.frozen import Department, ForbiddenPair
from draw.inspectors import barred_groups, draw_teams, objects_in_order, preferred_groups
from draw.matching import Matching, first_matching
from draw.seed import key
from draw.stages import draw_inspectors

OBJECTS, GROUPS, TEAM, BARRED = 10_000, 500, 2, 0.01
CODES = ("SW", "SC", "HB", "YJ", "XF")
SEED = bytes(range(32))
ROUNDS = {"small": 3, "full": 7}
TIMES_OR_TOOLS, TIMES_HALF = 30, 2.6
Ints = npt.NDArray[np.int32]


class Instance(NamedTuple):
    """A stage: its lists, and the groups that each object in drawn order may have, as bit sets."""

    commitment: dict[str, object]
    objects: list[str]
    rosters: dict[str, list[str]]
    forbidden: list[ForbiddenPair]
    ordered: list[str]
    allowed: list[int]


def instance(count: int) -> Instance:
    """`count` objects with their forbidden pairs."""
    dice = np.random.default_rng(3)
    rosters = {code: [f"{code}{number:05d}" for number in range(GROUPS * TEAM)] for code in CODES}
    everybody = [one for code in CODES for one in rosters[code]]
    objects = [f"9113053{number:010d}X" for number in range(count)]
    each = round(len(everybody) * BARRED)
    forbidden = [
        ForbiddenPair(visit, everybody[place], "relative")
        for visit in objects
        for place in sorted(dice.choice(len(everybody), each, replace=False).tolist())
    ]
    departments = [Department(code, TEAM) for code in CODES]
    barred = barred_groups(draw_teams(SEED, departments, rosters, GROUPS), forbidden)
    ordered, everywhere = objects_in_order(SEED, objects), (1 << GROUPS) - 1
    allowed = [everywhere & ~sum(1 << group - 1 for group in barred.get(visit, ())) for visit in ordered]
    assert all(allowed)
    commitment: dict[str, object] = {
        "departments": [{"code": code, "team": TEAM} for code in CODES],
        "groups": GROUPS,
    }
    return Instance(commitment, objects, rosters, forbidden, ordered, allowed)


def ours(given: Instance) -> Matching:
    """The matching of the draw, preferences included."""
    pair_key, ordered = key(SEED, "pair"), given.ordered
    return first_matching(
        given.allowed, GROUPS, lambda item, some: preferred_groups(pair_key, ordered[item], some)
    )


def arcs(given: Instance) -> tuple[Ints, Ints, npt.NDArray[np.int64], int, int]:
    """Tails, heads, capacities, source and sink of the graph."""
    count = len(given.ordered)
    source, sink = count + GROUPS, count + GROUPS + 1
    rows = [np.frombuffer(mask.to_bytes((GROUPS + 7) // 8, "little"), np.uint8) for mask in given.allowed]
    item, group = np.nonzero(np.unpackbits(np.array(rows), axis=1, bitorder="little")[:, :GROUPS])
    everyone, all_groups = np.arange(count), np.arange(GROUPS) + count
    tails = np.concatenate((item, np.full(count, source), all_groups)).astype(np.int32)
    heads = np.concatenate((group + count, everyone, np.full(GROUPS, sink))).astype(np.int32)
    capacities = np.ones(len(tails), np.int64)
    capacities[-GROUPS:] = -(-count // GROUPS)
    return tails, heads, capacities, source, sink


def by_or_tools(graph: tuple[Ints, Ints, npt.NDArray[np.int64], int, int], count: int) -> None:
    """One maximum flow."""
    tails, heads, capacities, source, sink = graph
    flow = max_flow.SimpleMaxFlow()
    flow.add_arcs_with_capacity(tails, heads, capacities)
    assert flow.solve(source, sink) == flow.OPTIMAL
    assert flow.optimal_flow() == count


def run(scale: str) -> Iterator[Line]:
    """Times OR-Tools; times half as many objects; the whole stage beside them."""
    given, double = instance(OBJECTS), instance(2 * OBJECTS)
    graph = arcs(given)
    timing = Timing(
        {
            "ours": lambda: ours(given),
            "or-tools": lambda: by_or_tools(graph, OBJECTS),
            "double": lambda: ours(double),
            "stage": lambda: draw_inspectors(
                given.commitment, SEED, given.objects, given.rosters, given.forbidden, []
            ),
        },
        ROUNDS[scale],
        cpu=True,
    )
    mine, theirs = timing.median("ours"), timing.median("or-tools")
    yield figure(
        "draw.matching, times OR-Tools",
        OBJECTS,
        mine,
        mine / theirs,
        TIMES_OR_TOOLS,
        at_most=True,
        peers={"or-tools max flow": theirs},
        timing=timing,
        stage=round(timing.median("stage"), 3),
    )
    yield figure(
        "draw.matching, times half as many objects",
        2 * OBJECTS,
        timing.median("double"),
        timing.median("double") / mine,
        TIMES_HALF,
        at_most=True,
        peers={f"{OBJECTS} objects": mine},
    )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
