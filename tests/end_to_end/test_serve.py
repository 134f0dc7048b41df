"""`drawbridge serve`: server, deployments and mock; a deployment started there goes through; all ends."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest

from tests.end_to_end.installation import TASK, Installation
from tests.flows.served import Served, serving

_DEPLOYMENTS = 16


@pytest.fixture
def served(installation: Installation) -> Iterator[Served]:
    with serving(installation, None, "--objects", 20) as service:
        yield service


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

    service = psutil.Process(served.process.pid)
    family = [service, *service.children(recursive=True)]
    service.terminate()
    served.process.wait(timeout=60)
    assert [process for process in family if process.is_running()] == []
    shown = served.here.run("campaign", "show", TASK, "--json").document
    assert {row["state"] for row in shown["stages"].values()} == {"done"}
