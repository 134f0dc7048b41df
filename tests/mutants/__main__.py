"""`python -m tests.mutants [NAME…]`: takes rules out of the delivery one by one; the soak must notice each.

A mutant works on a copy of the rooms.  First it passes schedules without kills and faults, so that it is
red for the right reason; then it runs hostile ones until one is red, and the sentence says what caught it.
Exit status 1 if one survives, 2 if a mutant's anchor is stale or its quiet run is red.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.mutants import MUTANTS, Mutant, StaleAnchor, make
from tests.soak.drive import Verdict, perform_all
from tests.soak.schedules import POINTS, Schedule, schedule


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    chosen = [one for one in MUTANTS if not given.names or one.name in given.names]
    worst = 0
    for mutant in chosen:
        began = time.monotonic()
        code, sentence = try_mutant(mutant, given.seed, given.schedules, given.lanes)
        print(f"{mutant.name:<26} {sentence} ({time.monotonic() - began:.0f} s)", flush=True)
        worst = max(worst, code)
    print(f"mutants {len(chosen)}: {'all caught' if worst == 0 else 'not all caught'}")
    return worst


def try_mutant(mutant: Mutant, seed: int, schedules: int, lanes: int) -> tuple[int, str]:
    """0 and what caught it; 1 if nothing did; 2 if it is no mutant that says anything."""
    with tempfile.TemporaryDirectory(prefix="drawbridge-mutant-") as folder:
        try:
            rooms = make(mutant, Path(folder))
        except StaleAnchor as error:
            return 2, f"STALE: {error}"
        red = _first_red(mutant, rooms, range(len(POINTS) // 2), seed, lanes, quiet=True)
        if red is not None:
            return 2, f"RED WITHOUT FAULTS: {_why(red[1])}"
        red = _first_red(mutant, rooms, range(schedules), seed, lanes, quiet=False)
    if red is None:
        return 1, f"SURVIVED {schedules} schedules: {mutant.what}"
    return 0, f"caught by {_why(red[1])} [schedule {red[0].number}]"


def _first_red(
    mutant: Mutant, rooms: Path, numbers: range, seed: int, lanes: int, *, quiet: bool
) -> tuple[Schedule, Verdict] | None:
    def plan_of(number: int, catalogue: Sequence[str]) -> Schedule:
        return schedule(seed, number, catalogue, quiet=quiet)

    found = perform_all("sqlite", numbers, plan_of, lanes=lanes, rooms=rooms, spoilt=mutant.spoilt)
    try:
        return next(itertools.dropwhile(lambda one: one[1].is_good, found), None)
    finally:
        found.close()


def _why(verdict: Verdict) -> str:
    if verdict.doubled:
        return f"I1 doubled: {verdict.doubled[0]}"
    if verdict.broken:
        return verdict.broken[0].strip().splitlines()[-1][:160]
    return f"I2 lost: {verdict.lost[0]}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*", help="which mutants (all)")
    parser.add_argument("--seed", type=int, default=1, help="of the schedules (1)")
    parser.add_argument("--schedules", type=int, default=200, help="hostile ones at most (200)")
    parser.add_argument("--lanes", type=int, default=2, help="schedules side by side (2)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
