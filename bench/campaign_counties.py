"""A hundred counties, each with a campaign of its own: two workers against one.

    python -m bench.campaign_counties [small|full]

A county is an installation: its own home, its own ledger (SQLite), its own mock, 408 enterprises, 41
visits (`bench.campaign_run`, without Prefect).  Not one ledger
for all: in one database there is one writer at a time, since every event is sealed by the one before it, and
what would be measured is that turn.  A worker is a process that takes every second county, or each, one after
the other; its mock works while it waits, so that one worker fills one core.  `ours` is counties a minute with
two, wall time from the start of the first process to the end of the last.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Line, Timing, figure

SIZES = {"small": 10, "full": 100}
ROUNDS = {"small": 1, "full": 1}
OBJECTS = 408
TARGET = 1.6


def work(counties: int, workers: int) -> int:
    """All counties by so many workers; returns how many enterprises were visited."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("DRAWBRIDGE_", "PREFECT_"))}
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as place:
        started = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "bench.campaign_run", str(Path(place) / f"worker-{worker}")),
                    *(str(OBJECTS), "--numbers"),
                    *(str(number) for number in range(worker, counties, workers)),
                ],
                env=own,
                stdout=subprocess.PIPE,
                text=True,
            )
            for worker in range(workers)
        ]
        told = [process.communicate()[0].splitlines() for process in started]
    for process in started:
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
    lines = [json.loads(text) for part in told for text in part if text.startswith("{")]
    if len(lines) != counties:
        raise ValueError(f"{len(lines)} of {counties} counties")
    return sum(line["visited"] for line in lines)


def run(scale: str) -> Iterator[Line]:
    """One line."""
    counties = SIZES[scale]
    timing = Timing(
        {"one worker": lambda: work(counties, 1), "two workers": lambda: work(counties, 2)}, ROUNDS[scale]
    )
    one, two = (timing.median(name) for name in ("one worker", "two workers"))
    yield figure(
        f"campaign.{counties} counties, two workers",
        counties,
        counties / two * 60,
        one / two,
        TARGET,
        peers={"one worker": counties / one * 60},
        timing=timing,
    )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
