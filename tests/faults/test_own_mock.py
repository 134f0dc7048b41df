"""A killed run leaves its own mock running; the next run ends it and goes on from its state."""

from __future__ import annotations

import json
import signal
from collections import Counter

import psutil

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
    assert installation.run("campaign", "show", TASK).code == 0
