"""An installation in a folder of its own, driven by its command line, and a mock as a process of its own."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import httpx
import pytest

if TYPE_CHECKING:
    from flows.site import Site

PROJECT = Path(__file__).resolve().parents[2]
PLAN = PROJECT / "campaigns" / "qinghe-2024-22.yaml"
PLATFORM_PLAN = PROJECT / "campaigns" / "qinghe-2024-22-platform.yaml"
TASK = "130534202405281001"
PLATFORM_TASK = "130534202405281002"
_KEY, _SECRET = "key-of-the-tests", "secret-of-the-tests"


@dataclass(frozen=True)
class Ran:
    """What one call of the command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document of its standard output."""
        return json.loads(self.out)


@dataclass
class Installation:
    """`drawbridge` in a home of its own; `environment` holds its settings."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-c", "from flows.cli import main; main()", *map(str, arguments)]

    def settings(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        own = {
            key: value for key, value in os.environ.items() if not key.startswith(("DRAWBRIDGE_", "PREFECT_"))
        }
        return {
            **own,
            "DRAWBRIDGE_HOME": str(self.home),
            # Two seconds a campaign: printed where a test is about paper (test_papers.py).
            "DRAWBRIDGE_PAPERS": "none",
            "PYTHONPATH": str(PROJECT),
            "NO_COLOR": "1",
            **self.environment,
            **(more or {}),
        }

    def run(self, *arguments: object, more: Mapping[str, str] | None = None, timeout: float = 240) -> Ran:
        """Calls the command to its end."""
        done = subprocess.run(
            self.command([str(argument) for argument in arguments]),
            cwd=PROJECT,
            env=self.settings(more),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def call(self, *arguments: object, more: Mapping[str, str] | None = None) -> Ran:
        """Calls the command in this very process: what `run` does without starting an interpreter."""
        from flows.cli import drawbridge
        from flows.command_line.command import run_command_line

        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.settings(more), clear=True),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as left,
        ):
            run_command_line(drawbridge, [str(argument) for argument in arguments])
        return Ran(int(left.value.code or 0), out.getvalue(), err.getvalue())

    @contextmanager
    def site(self) -> Iterator[Site]:
        """The installation opened in this very process, as a flow opens it."""
        from flows.site import open_site

        with patch.dict(os.environ, self.settings(), clear=True), open_site() as site:
            yield site

    def start(self, *arguments: object, more: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Begins the command and lets it run."""
        return subprocess.Popen(
            self.command([str(argument) for argument in arguments]),
            cwd=PROJECT,
            env=self.settings(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@dataclass
class MockProcess:
    """The mock as a process of its own, on its own state."""

    process: subprocess.Popen[bytes]
    platform_url: str
    publicity_url: str
    control_url: str

    def settings(self, task_id: str) -> dict[str, str]:
        """What points an installation at it."""
        return {
            "DRAWBRIDGE_PLATFORM_URL": self.platform_url,
            "DRAWBRIDGE_PUBLICITY_URL": self.publicity_url,
            "DRAWBRIDGE_CLOCK_URL": self.control_url,
            "DRAWBRIDGE_APP_KEY": _KEY,
            "DRAWBRIDGE_APP_SECRET": _SECRET,
            "DRAWBRIDGE_SOURCE": f"test-{task_id}",
            "DRAWBRIDGE_MAX_WAIT_S": "60",
            "DRAWBRIDGE_POLL_S": "0.02",
        }

    def get(self, what: str) -> Any:
        """One call of the control face."""
        return httpx.get(f"{self.control_url}/control/{what}", timeout=30, trust_env=False).json()

    def post(self, what: str, body: object) -> Any:
        """One call of the control face that changes something."""
        answer = httpx.post(f"{self.control_url}/control/{what}", json=body, timeout=30, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def writes(self, endpoint: str | None = None) -> list[dict[str, Any]]:
        """Every write that it accepted, of one endpoint if given."""
        rows: list[dict[str, Any]] = self.get("writes")["writes"]
        return [row for row in rows if endpoint is None or row["endpoint"] == endpoint]

    def end(self) -> None:
        """Ends it as an operator would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)


def start_mock(folder: Path, plan: Path, *arguments: object) -> MockProcess:
    """Starts the mock on a state below `folder`, new or left by an earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "mock_platform", "--port", "0", "--campaign", str(plan), "--seed", "5"]
    command += ["--state", str(folder / "state.sqlite3"), "--speed", "max", "--ready-file", str(ready)]
    with (folder / "mock.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            cwd=PROJECT,
            env={**os.environ, "DRAWBRIDGE_MOCK_APP_KEY": _KEY, "DRAWBRIDGE_MOCK_APP_SECRET": _SECRET},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    end = time.monotonic() + 30
    while not ready.exists():
        assert process.poll() is None, (folder / "mock.log").read_text("utf-8")
        assert time.monotonic() < end, "the mock does not start"
        time.sleep(0.02)
    facts = json.loads(ready.read_text("utf-8"))
    return MockProcess(process, facts["platformUrl"], facts["publicityUrl"], facts["controlUrl"])
