"""`python -m tests.soak --seed N --schedules M --database sqlite|postgresql`: kills and faults, seeded.

The last line says how many schedules were run, what was lost, what was doubled, how many invariants were
broken; the exit status is 0 only if all three are 0 and every point and fault was met.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.soak.drive import Verdict, perform_all, summary
from tests.soak.material import PROJECT
from tests.soak.schedules import FAULTS, POINTS, SILENT, Schedule, schedule

ALL_MET_FROM = 200
"""With fewer schedules a point or fault that was never met is no failure, unless `--all-met` is given."""


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    began = time.monotonic()
    failed = 0
    verdicts: list[Verdict] = []
    numbers = range(given.first, given.first + given.schedules)
    known: set[str] = set(SILENT)

    def plan_of(number: int, catalogue: Sequence[str]) -> Schedule:
        known.update(catalogue)
        return schedule(seed, number, catalogue, quiet=given.quiet)

    with _progress() as bar:
        task = bar.add_task("schedules", total=given.schedules)
        for plan, verdict in perform_all(
            given.database, numbers, plan_of, lanes=given.lanes, rooms=given.rooms
        ):
            verdicts.append(verdict)
            bar.advance(task)
            if not verdict.is_good:
                failed += 1
                bar.print(f"--seed {seed} --first {plan.number} --schedules 1: {plan}", highlight=False)
                for line in (*verdict.lost, *verdict.doubled, *verdict.broken)[:6]:
                    bar.print(f"    {line}", highlight=False)
                if failed >= given.give_up:
                    break
    whole = summary(verdicts)
    faults = [name for name in (*FAULTS, *SILENT) if name in known]
    zeros = [] if given.quiet else _table(whole, faults)
    if len(verdicts) < ALL_MET_FROM and not given.all_met:
        zeros = []
    states = ", ".join(f"{state} {count}" for state, count in sorted(whole.ended.items()))
    print(f"seed {seed}, {given.database}, {time.monotonic() - began:.0f} s; items at the end: {states}")
    if zeros:
        print(f"never met: {', '.join(zeros)}")
    print(
        f"schedules {len(verdicts)}, lost {len(whole.lost)}, doubled {len(whole.doubled)},"
        f" invariants broken {len(whole.broken)}"
    )
    return 0 if whole.is_good and not zeros else 1


def _table(whole: Verdict, faults: list[str]) -> list[str]:
    """Prints how often each point and fault was met; returns those that never were."""
    print("killed at: " + "  ".join(f"{name} {whole.hits[name]}" for name in POINTS))
    width = max(map(len, faults))
    for name in faults:
        print(f"  {name:<{width}} {whole.fired[name]:>6}")
    return [n for n in POINTS if not whole.hits[n]] + [n for n in faults if not whole.fired[n]]


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    add = parser.add_argument
    add("--seed", type=int, help="which schedules; without one, chance (it is printed)")
    add("--schedules", type=int, default=1000, metavar="M", help="how many (1000)")
    add("--first", type=int, default=0, metavar="N", help="number of the first schedule (0)")
    add("--database", default="sqlite", help="sqlite, postgresql, or a PostgreSQL server's address")
    add("--give-up", type=int, default=10, metavar="N", help="end after so many schedules that failed (10)")
    add("--lanes", type=int, default=2, metavar="N", help="schedules side by side (2)")
    add(
        "--all-met", action="store_true", help=f"a zero in the table fails (so from {ALL_MET_FROM} schedules)"
    )
    add("--quiet", action="store_true", help="the same schedules without kills and faults")
    add("--rooms", type=Path, default=PROJECT, help="another copy of the rooms (tests/mutants)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
