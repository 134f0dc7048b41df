"""`drawbridge serve`: server, deployments and mock; a deployment started there goes through; all ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from tests.end_to_end.installation import TASK, Installation

_DEPLOYMENTS = 16


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def served(installation: Installation) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The API's address and the process, once deployments can be started."""
    port = _free_port()
    process = installation.start("serve", "--port", port, "--objects", 20)
    try:
        lines: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail("".join(lines) + process.communicate()[1])
        yield f"http://127.0.0.1:{port}/api", process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _post(api: str, path: str, body: dict[str, Any]) -> Any:
    answer = httpx.post(f"{api}{path}", json=body, timeout=30, trust_env=False)
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_a_deployment_that_is_started_runs_a_campaign_through(
    served: tuple[str, subprocess.Popen[str]], installation: Installation
) -> None:
    api, process = served
    deployments = {row["name"]: row for row in _post(api, "/deployments/filter", {})}
    assert len(deployments) == _DEPLOYMENTS
    by_hand = {name for name, row in deployments.items() if not row["schedules"]}
    assert by_hand == {"待办", "公示办理", "公示情况"}
    run = _post(api, f"/deployments/{deployments['整个任务']['id']}/create_flow_run", {})
    end = time.monotonic() + 150
    while run["state_type"] not in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
        assert time.monotonic() < end, run["state_name"]
        time.sleep(0.5)
        run = httpx.get(f"{api}/flow_runs/{run['id']}", timeout=30, trust_env=False).json()
    assert run["state_type"] == "COMPLETED", run["state"]["message"]
    artifacts = _post(api, "/artifacts/filter", {})
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

    family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children(recursive=True))]
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    assert [pid for pid in family if psutil.pid_exists(pid)] == []
    shown = installation.run("campaign", "show", TASK, "--json").document
    assert {row["state"] for row in shown["stages"].values()} == {"done"}
