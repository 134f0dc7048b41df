"""A Prefect server of our own on loopback, for `demo`, `run` and `serve`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

from flows.service.home import Home, start_noted
from schemas.errors import DrawbridgeError

# The first start migrates the server's own database: measured 9-12 s on two cores.
_START_S = 120

HEARTBEAT_S = 30
"""How often a run gives a sign; Prefect's smallest. Every worker has the same, or its runs seem dead."""

# The new pages ask an outside host for their settings and the analytics do too: both off.
# The recorder's batches keep hundreds of task events from locking SQLite.
_SERVER_ENVIRONMENT = {
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # In its memory, as by default, the leases of deployments' places would be lost with the server: a run
    # under way would be stopped when it renews its own, and the place of one that died would not run out.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
    "PREFECT_CLI_PROMPT": "false",
    # A run that somebody starts or resumes in the pages begins at once, not after a quarter of a minute.
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    # The terminal has its own lines; the server keeps the whole log of each run.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
}


_PAGES = "PREFECT_SERVER_UI_STATIC_DIRECTORY"


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
        # The server unpacks its pages when it starts; the program's own folder may be read-only.
        _PAGES: os.environ.get(_PAGES) or str(home.folder("prefect-ui").resolve()),
        # A worker keeps files in a folder of a fixed name below this one, owned by whoever made it first.
        "TMPDIR": str(home.folder("tmp").resolve()),
    }


def begin_prefect(home: Home, port: int) -> subprocess.Popen[bytes]:
    """Starts the server and does not wait for it. Raises DrawbridgeError DB-RUN-032 if the port is in use."""
    _refuse_a_port_in_use(port)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    return start_noted(home, "prefect-server", command, client_environment(home, port), server_log(home))


def server_log(home: Home) -> Path:
    """Where the server writes its log."""
    return home.folder() / "prefect-server.log"


def start_prefect(home: Home, port: int | None = None) -> dict[str, str]:
    """Starts the server and returns the environment for its clients once it answers.

    Raises DrawbridgeError DB-RUN-005 if it does not answer in time or ends, DB-RUN-032 if the port is in use.
    """
    port = port or free_port()
    process = begin_prefect(home, port)
    began = time.monotonic()
    while time.monotonic() - began < _START_S and process.poll() is None:
        if is_answering(f"http://127.0.0.1:{port}/api"):
            return client_environment(home, port)
        time.sleep(0.2)
    raise DrawbridgeError("DB-RUN-005", seconds=round(time.monotonic() - began), log=server_log(home))


def _refuse_a_port_in_use(port: int) -> None:
    """Another installation's server would answer in place of ours, and be given our deployments."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does itself
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise DrawbridgeError("DB-RUN-032", port=port) from error


def is_answering(api: str) -> bool:
    """Whether a Prefect server answers at the API's address."""
    try:
        return httpx.get(f"{api}/health", timeout=2, trust_env=False).status_code == httpx.codes.OK
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
