"""A month of working days, unattended: every limit met or told of before, everything told once."""

from __future__ import annotations

import os
from pathlib import Path

from tests.month.calendar_month import lived_month
from tests.month.verdict import faults

# Of what runs hourly, every so many hours; 1: all that prefect.yaml starts; unset: what a test has time for.
EVERY = os.environ.get("DRAWBRIDGE_MONTH_EVERY")


def test_a_month_of_three_campaigns_goes_by_with_every_alert_once(tmp_path: Path) -> None:
    with lived_month(tmp_path, None if EVERY is None else int(EVERY)) as month:
        assert faults(month) == []
