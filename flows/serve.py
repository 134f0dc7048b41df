"""`drawbridge serve`: server, worker, deployments and, if no platform is configured, the mock.

One process looks after the others: what dies is started again, and all end with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.home import Home, is_running, start_noted
from flows.metrics import serve_metrics
from flows.prefect_server import start_prefect
from flows.settings import load_settings
from flows.site import open_site
from schemas.errors import DrawbridgeError

POOL = "drawbridge"
_LOOK_EVERY_S = 2.0


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

    `ready` is called with the UI's address once a deployment can be started.  Server and worker are
    started again when they die; without its mock platform nothing could go on, so that ends it all.
    Raises DrawbridgeError DB-RUN-005, DB-RUN-028.
    """
    environment = {**start_prefect(home, port), **flow_environment, "DRAWBRIDGE_PROJECT": str(project)}
    apply_deployments(project, environment)
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: stop.append(received))
    has_mock = is_running(home, "mock")
    _start_worker(home, environment)
    with _metrics(flow_environment):
        ready(environment["PREFECT_API_URL"].removesuffix("/api"))
        while not stop:
            if has_mock and not is_running(home, "mock"):
                raise DrawbridgeError("DB-RUN-028", log=home.root)
            if not is_running(home, "prefect-server"):
                start_prefect(home, port)
            if not is_running(home, "worker"):
                _start_worker(home, environment)
            time.sleep(_LOOK_EVERY_S)


@contextmanager
def _metrics(flow_environment: dict[str, str]) -> Iterator[None]:
    """The figures for Prometheus on the port that the settings name, if they name one."""
    os.environ.update(flow_environment)  # where the flow runs find the platform, this process does too
    settings = load_settings()
    if settings.metrics_port is None:
        yield
        return
    with open_site(settings) as site, serve_metrics(site, settings.metrics_port):
        yield


def _start_worker(home: Home, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    start_noted(home, "worker", command, environment, home.folder() / "worker.log")
