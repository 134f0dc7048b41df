"""A killed run leaves its own mock running; the next run ends it and goes on from its state."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter

import psutil
import pytest

from tests.end_to_end.installation import PLAN, TASK, Installation


def noted(installation: Installation) -> list[int]:
    lines = (installation.home / "processes.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["pid"] for line in lines]


def test_what_a_killed_run_left_running_is_ended_by_the_next(installation: Installation) -> None:
    command = ("run", PLAN, "--no-prefect", "--json")
    killed = installation.run(*command, more={"DRAWBRIDGE_KILL_AT": "C3:1"})
    assert killed.code == -signal.SIGKILL
    (left,) = noted(installation)
    assert psutil.pid_exists(left)
    ran = installation.run(*command)
    assert ran.code == 0, ran.err
    assert not psutil.pid_exists(left)
    assert not (installation.home / "processes.jsonl").exists()
    publication = ran.document["publication"]
    assert (publication["missing"], publication["doubled"]) == (0, 0)
    # What the mock itself listed over both runs: each record once.
    assert ran.document["platform_writes"]["postForms"] == ran.document["forms"]["due"]
    total = Counter(ran.document["platform_writes"])
    assert ran.document["writes"] < total.pop("total") == sum(total.values())


def test_other_input_on_the_same_state_is_refused(installation: Installation) -> None:
    first = installation.run("run", PLAN, "--no-prefect", "--json", more={"DRAWBRIDGE_KILL_AT": "D1:1"})
    assert first.code == -signal.SIGKILL
    other = installation.run("run", PLAN, "--no-prefect", "--seed", "2")
    assert other.code == 2
    assert "DB-RUN-003" in other.err
    for option in (("--seed", 2), ("--entities-as", "projects"), ("--platform-draw", "head")):
        again = installation.call(
            "run", TASK, "--no-prefect", *option
        )  # by its number, as one goes on with it
        assert (again.code, "DB-RUN-003" in again.err, option[0] in again.err) == (2, True, True)
    assert installation.call("campaign", "show", TASK).code == 0


def test_a_run_whose_mock_dies_says_so_and_the_next_goes_on(installation: Installation) -> None:
    process = installation.start("run", PLAN, "--no-prefect")
    end = time.monotonic() + 60
    while not (installation.home / TASK / "mock" / "ready.json").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    (mock,) = noted(installation)
    time.sleep(1.0)
    psutil.Process(mock).kill()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2, said
    assert "本机的模拟平台中途意外停止" in said
    assert str(installation.home / TASK / "mock" / "mock.log") in said
    assert "DB-RUN-034" in said
    ran = installation.call(
        "run", PLAN, "--no-prefect", "--json", "--seed", 1, "--entities-as", "enterprises"
    )
    assert ran.code == 0, ran.err
    assert (ran.document["publication"]["missing"], ran.document["publication"]["doubled"]) == (0, 0)
    # All is decided by now: what is recorded for nobody is not called recorded.
    for nothing in (
        ("approve", TASK, "--all", "--role", "审核人"),
        ("confirm", TASK, "--department", "SW", "--all"),
    ):
        said = installation.call(*nothing)
        assert (said.code, "没有等待" in said.out, "已登记" in said.out) == (0, True, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_end_ends_what_it_started(
    installation: Installation, number: signal.Signals
) -> None:
    process = installation.start("run", PLAN, "--no-prefect")
    end = time.monotonic() + 60
    while not (installation.home / "processes.jsonl").exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    time.sleep(0.5)  # the mock is up by then, the campaign on its way
    started = noted(installation)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    if process.returncode != 0:  # it was quicker than the signal
        assert process.returncode == 130, said
        assert "已中断" in said
    assert started
    assert not any(psutil.pid_exists(pid) for pid in started)
    assert installation.run("run", PLAN, "--no-prefect", "--json").code == 0
