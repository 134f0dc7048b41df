"""`python -m tests.month [--every N] [--folder PLACE]`: the month, and its table as it goes.

`--every 1` starts everything that prefect.yaml starts; the default leaves hours out of what is started more
than once a day.  Exit status 1 if something was told twice, not at all, or too late.
"""

from __future__ import annotations

import argparse
import io
import logging
import sys
import tempfile
from pathlib import Path

from tests.month.calendar_month import Month, lived_month
from tests.month.verdict import faults, summary


def main() -> int:
    """Runs the month and says what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.month")
    parser.add_argument(
        "--every", type=int, default=5, metavar="N", help="of what runs hourly, every N-th hour"
    )
    parser.add_argument("--bounded", action="store_true", help="as little as the test does")
    parser.add_argument("--folder", type=Path, help="where it is kept; else in a temporary folder")
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # the table is to be read, and nothing between its lines
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a day's line stands there when the day is over
    with (
        tempfile.TemporaryDirectory() as scratch,
        lived_month(given.folder or Path(scratch), None if given.bounded else given.every, print) as month,
    ):
        return _said(month)


def _said(month: Month) -> int:
    wrong = faults(month)
    print()
    for line in summary(month):
        print(line)
    for line in wrong:
        print(f"✗ {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
