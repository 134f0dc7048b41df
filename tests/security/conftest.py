"""An installation for each test that asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.installation import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """One that has no platform configured."""
    return Installation(tmp_path / "home")
