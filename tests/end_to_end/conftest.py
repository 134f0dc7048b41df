"""A mock of its own for every test that asks, ended afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.end_to_end.approvers import WallClock
from tests.end_to_end.installation import Installation, MockProcess, start_mock


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation that has no platform configured."""
    return Installation(tmp_path / "home")


@pytest.fixture
def mocks(tmp_path: Path) -> Iterator[Callable[..., MockProcess]]:
    """Starts mocks: `mocks(plan, *arguments)`; the same state on every call of a test."""
    started: list[MockProcess] = []

    def start(plan: Path, *arguments: object) -> MockProcess:
        mock = start_mock(tmp_path / "mock", plan, *arguments)
        started.append(mock)
        return mock

    yield start
    for mock in started:
        mock.end()


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """The clock of one-time codes, for commands that are called in this process."""
    clock = WallClock(datetime.now(UTC))
    monkeypatch.setattr("flows.decisions.approving.wall", clock)
    return clock
