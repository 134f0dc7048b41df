"""A running `drawbridge serve` with a mock, and what can be done to it from outside."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import psutil
import pytest

from tests.end_to_end.installation import Installation, MockProcess

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
T = TypeVar("T")


def until(look: Callable[[], T], what: str, seconds: float = 150) -> T:
    """The first answer that is true; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, what
        time.sleep(0.25)
    return found


@dataclass
class Served:
    """The service: its API, its processes, its mock."""

    api: str
    here: Installation
    mock: MockProcess
    process: subprocess.Popen[str]

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One call of the API; a server that is busy (503, on SQLite) is asked again."""
        for _ in range(20):
            answer = httpx.request(method, f"{self.api}{path}", json=body, timeout=30, trust_env=False)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(0.5)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def start(self, deployment: str, parameters: dict[str, str] | None = None) -> str:
        """Presses Run; returns the run's id."""
        found = {row["name"]: row["id"] for row in self.ask("POST", "/deployments/filter", {})}
        asked = {"parameters": parameters or {}}
        return str(self.ask("POST", f"/deployments/{found[deployment]}/create_flow_run", asked)["id"])

    def run(self, run_id: str) -> Any:
        return self.ask("GET", f"/flow_runs/{run_id}")

    def ended(self, run_id: str, states: Sequence[str] = ENDED) -> Any:
        """The run, once it has ended (or is in one of `states`)."""
        return until(
            lambda: run if (run := self.run(run_id))["state_type"] in states else None,
            f"the run is not in {states}",
        )

    def noted(self, name: str) -> psutil.Process:
        """The process that serve started last under this name."""
        lines = (self.here.home / "processes.jsonl").read_text("utf-8").splitlines()
        return psutil.Process([row["pid"] for row in map(json.loads, lines) if row["name"] == name][-1])

    def kill(self, *processes: psutil.Process) -> None:
        """SIGKILL, all at once."""
        for process in processes:
            process.send_signal(signal.SIGKILL)

    def server_is_back(self, killed: psutil.Process) -> None:
        """Waits until another server than the killed one answers."""
        until(lambda: self.noted("prefect-server").pid != killed.pid, "the server is not started again")
        until(self.answers_again, "the server does not answer")

    def answers_again(self) -> bool:
        """Whether the server, and its database behind it, answer."""
        try:
            return httpx.get(f"{self.api}/ready", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def records(self) -> Counter[str]:
        """What the mock accepted: how often each record."""
        return Counter(row["key"] for row in self.mock.writes("postSpotchecks"))


@contextmanager
def serving(here: Installation, mock: MockProcess | None = None, *arguments: object) -> Iterator[Served]:
    """`drawbridge serve` until the end of the block; then it is ended as an operator would.

    Without `mock`, nothing of a platform is set in `here` and serve starts its own, as `arguments` say.
    Nothing runs by schedule: a run that starts by itself while a test looks takes the slot of the one that
    the test starts.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = here.start("serve", "--port", port, "--schedules", "off", *arguments)
    try:
        lines: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail("".join(lines) + process.communicate()[1])
        yield Served(f"http://127.0.0.1:{port}/api", here, mock or _own_mock("".join(lines)), process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _own_mock(said: str) -> MockProcess:
    """The mock whose addresses serve printed."""
    addresses = {
        title: address.rstrip("/")
        for title, address in re.findall(r"^(模拟平台|公示页面|控制台) +(http://[^/\s]+)", said, re.MULTILINE)
    }
    return MockProcess(None, *(addresses[title] for title in ("模拟平台", "公示页面", "控制台")))
