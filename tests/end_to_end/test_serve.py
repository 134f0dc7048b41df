"""`drawbridge serve`: server, deployments and mock; a deployment started there goes through; all ends."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest

from flows.service.home import Home
from flows.service.lost_runs import client_of
from flows.service.schedules import paused, switch
from flows.service.serve import deploy
from tests.end_to_end.installation import PROJECT, TASK, Installation
from tests.flows.served import Served, serving

_DEPLOYMENTS = 16


@pytest.fixture
def served(installation: Installation) -> Iterator[Served]:
    with serving(installation, None, "--objects", 20) as service:
        yield service


def schedules_on(served: Served) -> dict[str, bool]:
    """By deployment, whether its schedule is active."""
    rows = served.ask("POST", "/deployments/filter", {})
    return {row["name"]: schedule["active"] for row in rows for schedule in row["schedules"]}


def off_stays_off(served: Served) -> None:
    """Deployed anew, as each start of the service does it."""
    assert set(schedules_on(served).values()) == {False}  # as the service was started here
    environment = {"PREFECT_API_URL": served.api, "DRAWBRIDGE_PROJECT": str(PROJECT)}
    said: list[str] = []
    deploy(Home(served.here.home), PROJECT, environment, "on", said.append)
    assert set(schedules_on(served).values()) == {True}
    assert said == []
    with client_of(served.api) as client:
        deployment = client.read_deployment_by_name("publish-results/公示结果")
        client.update_deployment_schedule(deployment.id, deployment.schedules[0].id, active=False)
        client.pause_deployment(client.read_deployment_by_name("run-campaign/整个任务").id)
    deploy(Home(served.here.home), PROJECT, environment, "kept", said.append)
    assert [name for name, active in schedules_on(served).items() if not active] == ["公示结果"]
    assert "公示结果、整个任务" in said[0]
    with client_of(served.api) as client:
        assert paused(client) == {"整个任务"}
        assert switch(client, "on", frozenset()) == []
        assert set(schedules_on(served).values()) == {True}


def test_a_deployment_that_is_started_runs_a_campaign_through(served: Served) -> None:
    deployments = {row["name"]: row for row in served.ask("POST", "/deployments/filter", {})}
    assert len(deployments) == _DEPLOYMENTS
    by_hand = {name for name, row in deployments.items() if not row["schedules"]}
    assert by_hand == {"待办", "公示办理", "公示情况"}
    run = served.ended(served.start("整个任务"))
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    artifacts = served.ask("POST", "/artifacts/filter", {})
    keys = {row["key"] for row in artifacts}
    for stage in (
        "sync",
        "draw",
        "confirm",
        "assign",
        "push",
        "collect",
        "publish",
        "reconcile",
        "report",
        "board",
    ):
        assert f"{stage}-{TASK}" in keys, keys
    boards = [row for row in artifacts if row["key"] == f"board-{TASK}"]
    assert "已全部完成" in max(boards, key=lambda row: row["created"])["data"]
    off_stays_off(served)

    service = psutil.Process(served.process.pid)
    family = [service, *service.children(recursive=True)]
    service.terminate()
    served.process.wait(timeout=60)
    assert [process for process in family if process.is_running()] == []
    shown = served.here.run("campaign", "show", TASK, "--json").document
    assert {row["state"] for row in shown["stages"].values()} == {"done"}
