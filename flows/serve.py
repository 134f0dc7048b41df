"""`drawbridge serve`: server, worker, deployments and, if no platform is configured, the mock.

One process looks after the others: what dies is started again, and all end with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows.home import Home, note_started
from flows.prefect_server import start_prefect

POOL = "drawbridge"
_LOOK_EVERY_S = 2.0


@dataclass
class _Child:
    """A process that is started again when it dies; `command` may change nothing but its process id."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, home: Home) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
            )
        note_started(home, self.name, self.process.pid)

    def is_dead(self) -> bool:
        return self.process is None or self.process.poll() is not None


def apply_deployments(project: Path, environment: dict[str, str]) -> None:
    """Makes the work pool and all deployments of prefect.yaml; existing ones are brought up to date."""
    full = {**os.environ, **environment}
    for arguments in (
        ["work-pool", "create", POOL, "--type", "process", "--overwrite"],
        ["--no-prompt", "deploy", "--all"],
    ):
        subprocess.run(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=project,
            env=full,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )


def serve(
    home: Home, port: int, flow_environment: dict[str, str], project: Path, ready: Callable[[str], None]
) -> None:
    """Runs until SIGTERM or Ctrl-C. `flow_environment` is what the flow runs' processes are given.

    `ready` is called with the UI's address once a deployment can be started.
    """
    environment = start_prefect(home, port)
    environment = {**environment, **flow_environment, "DRAWBRIDGE_PROJECT": str(project)}
    apply_deployments(project, environment)
    worker = _Child(
        "worker",
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"],
        environment,
        home.folder() / "worker.log",
    )
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: stop.append(received))
    worker.start(home)
    ready(environment["PREFECT_API_URL"].removesuffix("/api"))
    while not stop:
        if worker.is_dead():
            worker.start(home)
        time.sleep(_LOOK_EVERY_S)
