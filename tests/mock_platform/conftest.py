"""Mocks in the test's own process, on real ports, ended with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_platform.simulator import Setting, Simulator
from tests.mock_platform.office import Office
from tests.mock_platform.raw_client import KEY, SECRET, Control, RawClient

CAMPAIGNS = Path(__file__).resolve().parents[2] / "campaigns"
PLAN = CAMPAIGNS / "qinghe-2024-22.yaml"
PLATFORM_PLAN = CAMPAIGNS / "qinghe-2024-22-platform.yaml"


def setting(plan: Path = PLAN, **changes: Any) -> Setting:
    """A small mock; `changes` are members of `Setting`."""
    return Setting(plan, **{"key": KEY, "secret": SECRET, "objects": 5, "seed": 5, **changes})


def office_of(simulator: Simulator) -> Office:
    """An office that talks to this mock."""
    return Office(
        RawClient(simulator.platform_url), RawClient(simulator.publicity_url), Control(simulator.control_url)
    )


@pytest.fixture
def simulate() -> Iterator[Callable[..., Simulator]]:
    """Starts mocks: `simulate(objects=5, seed=5, plan=…)`."""
    started: list[Simulator] = []

    def start(plan: Path = PLAN, **changes: Any) -> Simulator:
        started.append(Simulator(setting(plan, **changes)))
        return started[-1]

    yield start
    for simulator in started:
        simulator.close()


@pytest.fixture
def simulator(simulate: Callable[..., Simulator]) -> Simulator:
    """A mock with five objects, all of them in order."""
    return simulate()


@pytest.fixture
def office(simulator: Simulator) -> Office:
    """The office of the mock with five objects."""
    return office_of(simulator)
