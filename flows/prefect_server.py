"""A Prefect server of our own on loopback, for `demo`, `run` and `serve`."""

from __future__ import annotations

import socket
import sys
import time

import httpx

from flows.home import Home, start_noted
from schemas.errors import DrawbridgeError

# The first start migrates the server's own database: measured 9-12 s on two cores.
_START_S = 120

# The new pages ask an outside host for their settings and the analytics do too: both off.
# The recorder's batches keep hundreds of task events from locking SQLite.
_SERVER_ENVIRONMENT = {
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_CLI_PROMPT": "false",
    # A run that somebody starts or resumes in the pages begins at once, not after a quarter of a minute.
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # The terminal has its own lines; the server keeps the whole log of each run.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
}


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def client_environment(home: Home, port: int) -> dict[str, str]:
    """What a process needs to talk to the server on `port`; set before Prefect is imported."""
    return {
        **_SERVER_ENVIRONMENT,
        "PREFECT_HOME": str(home.folder("prefect").resolve()),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }


def start_prefect(home: Home, port: int | None = None) -> dict[str, str]:
    """Starts the server and returns the environment for its clients once it answers.

    Raises DrawbridgeError DB-RUN-005 if it does not answer in time.
    """
    port = port or free_port()
    environment = client_environment(home, port)
    log = home.folder() / "prefect-server.log"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = start_noted(home, "prefect-server", command, environment, log)
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        if _healthy(port):
            return environment
        time.sleep(0.2)
    raise DrawbridgeError("DB-RUN-005", seconds=_START_S, log=log)


def _healthy(port: int) -> bool:
    try:
        address = f"http://127.0.0.1:{port}/api/health"
        return httpx.get(address, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
