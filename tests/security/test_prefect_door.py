"""Who can press Run in Prefect's pages can press Run, and no more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.workers.process import ProcessJobConfiguration

from flows.service import prefect_server, serve
from flows.service.home import Home
from tests.end_to_end.installation import PROJECT

HOSTILE = {
    "command": "sh -c id",
    "env": {"LD_PRELOAD": "./x.so", "DRAWBRIDGE_APP_SECRET_FILE": "/etc/passwd"},
    "working_dir": "/",
    "labels": {"a": "b"},
    "name": "x",
}


async def as_it_is(template: object, **_: object) -> object:
    """In place of what looks references to blocks and variables up on a server: there are none."""
    return template


def test_a_run_cannot_bring_a_command_or_an_environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prefect.workers.base.resolve_block_document_references", as_it_is)
    monkeypatch.setattr("prefect.workers.base.resolve_variables", as_it_is)
    template = json.loads((PROJECT / "flows" / "service" / "work_pool.json").read_text("utf-8"))
    nobody: Any = object()  # a client, so that none is made
    made = asyncio.run(ProcessJobConfiguration.from_template_and_values(template, HOSTILE, client=nobody))
    assert made.command is None
    assert made.env == {}
    assert made.working_dir is None


def test_the_pool_is_made_with_that_template_each_time_that_the_service_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[Sequence[str]] = []

    class Done:
        returncode = 0

    def run(command: Sequence[str], **_: object) -> Done:
        calls.append(command)
        return Done()

    monkeypatch.setattr("flows.service.serve.subprocess.run", run)
    serve.apply_deployments(PROJECT, {}, tmp_path / "log")
    made = next(list(command) for command in calls if "work-pool" in command)
    assert "--overwrite" in made
    template = Path(made[made.index("--base-job-template") + 1])
    assert json.loads(template.read_text("utf-8"))["variables"]["properties"] == {}


def test_no_deployment_brings_them_either() -> None:
    for one in yaml.safe_load((PROJECT / "prefect.yaml").read_text("utf-8"))["deployments"]:
        assert "job_variables" not in one["work_pool"]


def test_the_server_listens_on_loopback_and_tells_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[tuple[Sequence[str], Mapping[str, Any]]] = []

    def start(_: Home, name: str, command: Sequence[str], environment: Mapping[str, Any], log: Path) -> None:
        started.append((command, environment))

    monkeypatch.setattr(prefect_server, "start_noted", start)
    prefect_server.begin_prefect(Home(tmp_path), prefect_server.free_port())
    ((command, environment),) = started
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert environment["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert environment["PREFECT_SERVER_UI_V2_ENABLED"] == "false"  # those pages ask an outside host
    assert environment["PREFECT_API_URL"].startswith("http://127.0.0.1:")
