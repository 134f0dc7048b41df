"""A whole campaign, from the directory to the statistics table: what it takes, with Prefect and without.

    python -m bench.campaign [small|full]

Each campaign is a process of its own with a fresh home, a fresh mock whose people do not think, and the
reference profile without its limit of pace (`bench.campaign_run`).  `Prefect against without`: the same
functions, called as flows of a Prefect server that runs already (its start, ten seconds, is not counted),
and called without it; wall time, since that is what is waited for, the rounds in turn.  `ours` is drawn
objects a second.  `growth per doubling`: processor time of our own process per drawn object, without
Prefect, from a size to the next; the mock's is not in it.  `stages_cpu_wall_s` has the median round's
seconds of each stage; `pages` is what is outside of all.  BENCH_LARGEST=1: 40,000 drawn of 400,000 as well,
without Prefect.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from bench.figure import Line, figure

# Objects of the directory, of which one in ten is drawn, and rounds.
SIZES = {"small": ((408, 3), (4_000, 1)), "full": ((408, 3), (4_000, 3), (40_000, 1))}
LARGEST = 400_000
GROWTH = 1.15
# Above the first, Prefect may add a tenth; below, where its fixed cost of each run shows, so many seconds.
_LARGE, _ADDS, _ADDS_S = 2_000, 1.10, 15.0


def one(objects: int, *, with_prefect: bool) -> dict[str, Any]:
    """The line of one campaign that ran in a process of its own."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("DRAWBRIDGE_", "PREFECT_"))}
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as folder:
        command = [sys.executable, "-m", "bench.campaign_run", folder, str(objects)]
        if with_prefect:
            command.append("--prefect")
        done = subprocess.run(command, env=own, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def median_round(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The round whose wall time is the median."""
    return sorted(rounds, key=lambda line: line["wall_s"])[len(rounds) // 2]


def growth(smaller: dict[str, Any], larger: dict[str, Any]) -> float:
    """Times by which the processor time per drawn object grows when twice as many are drawn."""
    times = (larger["cpu_s"] / larger["drawn"]) / (smaller["cpu_s"] / smaller["drawn"])
    return float(times ** (1 / math.log2(larger["drawn"] / smaller["drawn"])))


def run(scale: str) -> Iterator[Line]:
    """Each size with Prefect and without; then what a doubling costs."""
    plain: list[dict[str, Any]] = []
    for objects, rounds in SIZES[scale]:
        with_prefect, without = [], []
        for _ in range(rounds):
            without.append(one(objects, with_prefect=False))
            with_prefect.append(one(objects, with_prefect=True))
        plain.append(median_round(without))
        yield _prefect(with_prefect, without)
    if os.environ.get("BENCH_LARGEST"):
        plain.append(one(LARGEST, with_prefect=False))
    for smaller, larger in itertools.pairwise(plain):
        yield _growth(smaller, larger)


def _prefect(with_prefect: list[dict[str, Any]], without: list[dict[str, Any]]) -> Line:
    ours, theirs = median_round(with_prefect), median_round(without)
    drawn = ours["drawn"]
    walls = {
        name: [line["wall_s"] for line in lines]
        for name, lines in (("with", with_prefect), ("without", without))
    }
    middle = {name: statistics.median(seconds) for name, seconds in walls.items()}
    added = middle["with"] - middle["without"]
    large = drawn > _LARGE
    what = "times without Prefect" if large else "seconds Prefect adds"
    return figure(
        f"campaign.{drawn} drawn of {ours['eligible']}, {what}",
        drawn,
        drawn / middle["with"],
        middle["with"] / middle["without"] if large else added,
        _ADDS if large else _ADDS_S,
        peers={"without Prefect": drawn / middle["without"]},
        at_most=True,
        seconds=walls,
        prefect_adds={
            "wall_s": round(added, 2),
            "cpu_s": round(ours["cpu_s"] - theirs["cpu_s"], 2),
            "server_cpu_s": ours["server_cpu_s"],
        },
        stages_cpu_wall_s={
            "with": ours["stages_cpu_wall_s"] | {"all": [ours["cpu_s"], ours["wall_s"]]},
            "without": theirs["stages_cpu_wall_s"] | {"all": [theirs["cpu_s"], theirs["wall_s"]]},
        },
        mock_cpu_s=theirs["mock_cpu_s"],
        ours_mb={"with": ours["rss_mb"], "without": theirs["rss_mb"]},
    )


def _growth(smaller: dict[str, Any], larger: dict[str, Any]) -> Line:
    stages = {
        title: round(cpu / larger["drawn"] * 1000, 2)
        for title, (cpu, _) in larger["stages_cpu_wall_s"].items()
    }
    return figure(
        f"campaign.processor time per drawn object, growth per doubling from {smaller['drawn']} drawn",
        larger["drawn"],
        larger["drawn"] / larger["cpu_s"],
        growth(smaller, larger),
        GROWTH,
        peers={f"{smaller['drawn']} drawn": smaller["drawn"] / smaller["cpu_s"]},
        at_most=True,
        ms_per_drawn=stages | {"all": round(larger["cpu_s"] / larger["drawn"] * 1000, 2)},
        stages_cpu_wall_s=larger["stages_cpu_wall_s"],
        mock_cpu_s=larger["mock_cpu_s"],
        ours_mb=larger["rss_mb"],
    )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
