"""`drawbridge run` killed at the worst moments; the same command again completes, each record once."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.installation import (
    PLAN,
    PROJECT,
    TASK,
    Installation,
    MockProcess,
    Ran,
    start_mock,
)

RUN = ("run", PLAN, "--no-prefect", "--json")
# More rows than a page of the directory holds; some fifteen forms and records.
OBJECTS = 90


def two_to_a_message(folder: Path) -> dict[str, str]:
    """Settings with a profile that sends two records to a message, so that there are several messages."""
    profile = folder / "two-to-a-message.toml"
    text = (PROJECT / "connectors" / "profiles" / "hebei.toml").read_text("utf-8")
    profile.write_text(text.replace("batch_size = 20", "batch_size = 2"), "utf-8")
    return {"DRAWBRIDGE_PROFILE": str(profile)}


@pytest.fixture
def mock(mocks: Callable[..., MockProcess], installation: Installation, tmp_path: Path) -> MockProcess:
    """A mock as a process of its own, and an installation that works with it."""
    mock = mocks(PLAN, "--objects", OBJECTS)
    installation.environment.update(mock.settings(TASK), **two_to_a_message(tmp_path))
    return mock


@pytest.fixture(scope="module")
def writes(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    """How many forms and records the campaign sends when nobody disturbs it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    mock = start_mock(folder / "mock", PLAN, "--objects", OBJECTS)
    try:
        installation = Installation(folder / "home", {**mock.settings(TASK), **two_to_a_message(folder)})
        ran = installation.call(*RUN)
        assert ran.code == 0, ran.err
        return Counter(row["endpoint"] for row in mock.writes())
    finally:
        mock.end()


def completes(installation: Installation, mock: MockProcess) -> Ran:
    """Runs to the end and checks what must hold whatever happened before."""
    ran = installation.call(*RUN)
    assert ran.code == 0, ran.err + ran.out
    facts = ran.document
    for endpoint in ("postForms", "postSpotchecks"):
        keys = Counter((row["key"], row["version"]) for row in mock.writes(endpoint))
        assert set(keys.values()) == {1}, (endpoint, keys)
    records = mock.get("records")
    assert len(records["forms"]) == facts["forms"]["due"] == facts["forms"]["accepted"]
    publication = facts["publication"]
    assert publication["due"] == publication["published"] + publication["withheld"] + publication["rejected"]
    assert (publication["missing"], publication["doubled"]) == (0, 0)
    assert len(mock.writes("postSpotchecks")) == publication["published"] + publication["rejected"]
    quiet = installation.call(*RUN)
    assert (quiet.code, quiet.document["writes"]) == (0, 0)
    assert installation.call("audit", "verify").code == 0
    return ran


def kill_while_held(installation: Installation, mock: MockProcess, endpoint: str, write: int) -> None:
    """Kills the run right after the mock stored write `write` of `endpoint` and before it answered."""
    mock.post("faults", {"name": "hold_after_commit", "endpoint": endpoint, "args": {"write": write}})
    process = installation.start(*RUN)
    try:
        end = time.monotonic() + 120
        while not any(fault["fired"] for fault in mock.get("faults")["faults"]):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end, "the request never came"
            time.sleep(0.01)
        assert len(mock.writes(endpoint)) >= write
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
    mock.post("faults", {"clear": True})


@pytest.mark.parametrize("which", ["first", "middle", "last"])
@pytest.mark.parametrize("endpoint", ["postForms", "postSpotchecks"])
def test_killed_after_the_platform_stored_a_write_and_before_it_answered(
    installation: Installation, mock: MockProcess, writes: Counter[str], endpoint: str, which: str
) -> None:
    last = writes[endpoint]
    kill_while_held(
        installation, mock, endpoint, {"first": 1, "middle": (1 + last) // 2, "last": last}[which]
    )
    stored = mock.writes(endpoint)
    completes(installation, mock)
    # Their states go on, the writes themselves stay.
    after = mock.writes(endpoint)
    assert [row["key"] for row in after[: len(stored)]] == [row["key"] for row in stored]
    assert len(after) == last


# Points inside the process (flows/kill_points.py): between pages of the sync, between reveal and draw,
# between result and its recording, and around intent, send and record of what goes out.
POINTS = [
    "P2:1",
    "P3:1",
    "P4:1",
    "D1:1",
    "D2:1",
    "D-closed:1",
    "D-number:1",
    "D3:1",
    "D4:1",
    "D-batch:1",
    "C2:1",
    "C3:1",
]


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_of_the_catalogue(
    installation: Installation, mock: MockProcess, point: str
) -> None:
    killed = installation.run(*RUN, more={"DRAWBRIDGE_KILL_AT": point})
    assert killed.code == -signal.SIGKILL, f"{point} was never reached: {killed.err}"
    completes(installation, mock)


def test_the_draw_is_the_same_after_a_kill_between_reveal_and_draw(
    installation: Installation, mock: MockProcess
) -> None:
    killed = installation.run(*RUN, more={"DRAWBRIDGE_KILL_AT": "D4:1"})
    assert killed.code == -signal.SIGKILL
    shown = installation.call("campaign", "show", TASK, "--json")
    assert shown.code == 0
    digest = completes(installation, mock).document["draw"]["digest"]
    again = installation.call("run", PLAN, "--no-prefect", "--json").document["draw"]["digest"]
    assert digest == again


def test_two_runs_at_once(installation: Installation, mock: MockProcess) -> None:
    first = installation.start(*RUN)
    deadline = time.monotonic() + 60
    while not (installation.home / "run.lock").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.2)
    second = installation.call(*RUN)
    try:
        if first.poll() is None:
            assert second.code == 2
            assert "DB-RUN-002" in second.err
    finally:
        try:
            first.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            first.kill()
    completes(installation, mock)
