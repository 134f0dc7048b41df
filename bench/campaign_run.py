"""One whole campaign in a process of its own, against a mock of its own: what each stage took.

    python -m bench.campaign_run FOLDER OBJECTS [--prefect] [--numbers N …]

Prints one JSON line for each: seconds of the whole run and of each stage, wall and processor time of this
process, processor time of the mock and of the Prefect server, and how many were drawn, visited and published.
The mock's people do not think: campaign time is moved on by whoever asks.  Papers are not printed (that is
the question of `bench.paper`), the workbooks are.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import psutil

from bench.campaign_plan import write_directory, write_plan, write_profile
from bench.figure import peak_mb

# Weeks of campaign time may pass without one more line in the terminal.
_WAIT_S = "3600"
_POLL_S = "0.001"
_PAGES = "pages"
"""What is outside of every stage: pages and boards of the runs, Prefect's own work, opening the ledger."""


class Watch:
    """A listener that takes the time of the stages, by their titles, each as often as it is tried."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self._began = (0.0, 0.0)

    def stage_started(self, title: str) -> None:
        """See `flows.telling.reporting.Reporter`."""
        self._began = (time.perf_counter(), time.process_time())

    def progress(self, done: int, total: int) -> None:
        """See `flows.telling.reporting.Reporter`."""

    def waiting(self, text: str) -> None:
        """See `flows.telling.reporting.Reporter`."""

    def stage_ended(self, title: str, line: str, seconds: float, *, done: bool) -> None:
        """See `flows.telling.reporting.Reporter`."""
        self.wall[title] += time.perf_counter() - self._began[0]
        self.cpu[title] += time.process_time() - self._began[1]


def processor_s(home: Path, name: str) -> float:
    """Processor time so far of the process that was noted under that name, and of its children."""
    found = 0.0
    for text in (home / "processes.jsonl").read_text("utf-8").splitlines():
        record = json.loads(text)
        if record["name"] == name:
            first = psutil.Process(record["pid"])
            for process in (first, *first.children(recursive=True)):
                times = process.cpu_times()
                found += times.user + times.system
    return found


def run_campaign(
    folder: Path, objects: int, number: int = 0, *, with_prefect: bool = False
) -> dict[str, Any]:
    """Campaign `number`, of so many objects, in the home `folder`: from its directory to its table."""
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        DRAWBRIDGE_HOME=str(folder),
        DRAWBRIDGE_PROFILE=str(write_profile(folder)),
        DRAWBRIDGE_PAPERS="none",
        DRAWBRIDGE_MAX_WAIT_S=_WAIT_S,
        DRAWBRIDGE_POLL_S=_POLL_S,
    )
    from flows.commands.run import begin_with_own_mock
    from flows.service.home import Home
    from flows.service.own_mock import MockInput

    home = Home(folder)
    home.folder()
    plan, directory = write_plan(folder, number), write_directory(folder, objects, number)
    with home.in_use():
        begin_with_own_mock(home, MockInput(plan, directory, "projects", 1, None, "certified"), "max")
        if with_prefect:
            from flows.service.prefect_server import start_prefect

            os.environ.update(start_prefect(home))
            os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
        from flows.command_line.run_once import (
            run_once,  # Prefect reads its settings when it is imported: only now
        )

        watch, others = Watch(), ["mock", "prefect-server"] if with_prefect else ["mock"]
        before = {name: processor_s(folder, name) for name in others}
        began, cpu = time.perf_counter(), time.process_time()
        summary = run_once(str(plan), watch, with_prefect=with_prefect)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        theirs = {name: processor_s(folder, name) - before[name] for name in others}
    return _line(summary, watch, wall, cpu) | {
        "objects": objects,
        "mock_cpu_s": round(theirs["mock"], 2),
        "server_cpu_s": round(theirs.get("prefect-server", 0.0), 2),
        "rss_mb": peak_mb(),
    }


def _line(summary: dict[str, Any], watch: Watch, wall: float, cpu: float) -> dict[str, Any]:
    publication = summary["publication"]
    settled = publication["published"] + publication["withheld"] + publication["rejected"]
    if summary["waiting_for"] or settled != publication["due"] or publication["open"]:
        raise ValueError(f"not at its end: {summary['waiting_for']}, {publication}")
    stages = {title: [round(watch.cpu[title], 2), round(watch.wall[title], 2)] for title in watch.wall}
    stages[_PAGES] = [round(cpu - sum(watch.cpu.values()), 2), round(wall - sum(watch.wall.values()), 2)]
    return {
        "drawn": summary["draw"]["drawn"],
        "eligible": summary["draw"]["eligible"],
        "visited": summary["results"]["complete"],
        "results": summary["results"]["results"],
        "published": publication["published"],
        "wall_s": round(wall, 2),
        "cpu_s": round(cpu, 2),
        "stages_cpu_wall_s": stages,
    }


def main() -> None:
    """Runs one, or several one after the other, each in a home of its own; prints their lines."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("objects", type=int)
    parser.add_argument("--numbers", type=int, nargs="+", default=[0])
    parser.add_argument("--prefect", action="store_true")
    given = parser.parse_args()
    for number in given.numbers:
        home = given.folder / f"{number:03d}"
        line = run_campaign(home, given.objects, number, with_prefect=given.prefect)
        print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
