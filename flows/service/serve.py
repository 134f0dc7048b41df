"""`drawbridge serve`: server, worker, deployments and, if no platform is configured, the mock.

One process looks after the others: what dies is started again, and all end with it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from flows.alerting.metrics import serve_metrics
from flows.service.home import Home, is_running, start_noted
from flows.service.log_size import keep_small
from flows.service.lost_runs import LostRuns, client_of, watch, worker_name
from flows.service.prefect_server import begin_prefect, server_log, start_prefect
from flows.service.restarting import Kept
from flows.service.schedules import Choice, paused, switch
from flows.settings import load_settings
from flows.site import open_site
from schemas.errors import DrawbridgeError

POOL = "drawbridge"
# Prefect's own template lets whoever starts a run say which command is carried out, in what environment.
_TEMPLATE = Path(__file__).with_name("work_pool.json")
_POOL_OPTIONS = ("--type", "process", "--overwrite", "--base-job-template", str(_TEMPLATE))
_LOOK_EVERY_S = 2.0
_LOOK_FOR_LOST_RUNS_EVERY_S = 5.0


def apply_deployments(project: Path, environment: Mapping[str, str], log: Path) -> None:
    """Makes the work pool and all deployments of prefect.yaml; existing ones are brought up to date.

    Raises DrawbridgeError DB-RUN-033 if Prefect refuses; what it said is in `log`.
    """
    full = {**os.environ, **environment}
    for arguments in (
        ["work-pool", "create", POOL, *_POOL_OPTIONS],
        ["--no-prompt", "deploy", "--all"],
    ):
        with log.open("ab") as output:
            done = subprocess.run(
                [sys.executable, "-m", "prefect", *arguments],
                cwd=project,
                env=full,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode != 0:
            raise DrawbridgeError("DB-RUN-033", log=log)


def deploy(
    home: Home, project: Path, environment: Mapping[str, str], schedules: Choice, say: Callable[[str], None]
) -> None:
    """Pool, deployments and their schedules, before any worker runs. Raises DrawbridgeError DB-RUN-033."""
    log = home.folder() / "deploy.log"
    try:
        with client_of(environment["PREFECT_API_URL"]) as client:
            were_paused = paused(client)
            apply_deployments(project, environment, log)
            off = switch(client, schedules, were_paused)
    except httpx.HTTPError as error:
        raise DrawbridgeError("DB-RUN-033", log=log) from error
    if off:
        say(f"定时运行已停用、只在有人点 Run 时运行的：{'、'.join(off)}。")
        say("重新启用：在各流程的页面打开 Schedules 里的开关，或以 drawbridge serve --schedules on 启动。")


def serve(
    home: Home,
    port: int,
    flow_environment: dict[str, str],
    project: Path,
    schedules: Choice,
    ready: Callable[[str], None],
    say: Callable[[str], None],
    mock_log: Path | None = None,
) -> None:
    """Runs until SIGTERM or Ctrl-C. `flow_environment` is what the flow runs' processes are given.

    `mock_log`: where the mock of this very service writes, if it has one.

    `ready` is called with the UI's address once a deployment can be started, `say` with what an operator
    should know.  Server and worker are started again when they die, more and more slowly if they die at once;
    without its mock platform nothing could go on, so that ends it all.
    Raises DrawbridgeError DB-RUN-005, -028, -032, -033.
    """
    shutil.rmtree(home.folder("tmp"), ignore_errors=True)  # what killed workers left
    environment = {**start_prefect(home, port), **flow_environment, "DRAWBRIDGE_PROJECT": str(project)}
    api = environment["PREFECT_API_URL"]
    deploy(home, project, environment, schedules, say)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: stop.set())
    _start_worker(home, environment)
    with _metrics(flow_environment), client_of(api) as client:
        watch(client)
        ready(api.removesuffix("/api"))
        kept = _kept(home, port, environment, say)
        lost, look_for_lost_at = LostRuns(client), time.monotonic()
        while not stop.wait(_LOOK_EVERY_S):
            if mock_log is not None and not is_running(home, "mock"):
                raise DrawbridgeError("DB-RUN-028", log=mock_log)
            for one in kept:
                one.look(time.monotonic())
            if time.monotonic() >= look_for_lost_at:
                look_for_lost_at = time.monotonic() + _LOOK_FOR_LOST_RUNS_EVERY_S
                _end_lost(lost, say)
                for log in (server_log(home), _worker_log(home)):
                    keep_small(log)


def _kept(home: Home, port: int, environment: Mapping[str, str], say: Callable[[str], None]) -> list[Kept]:
    """What is started again when it dies."""
    now = time.monotonic()
    return [
        Kept(
            "Prefect 服务",
            server_log(home),
            begin=lambda: _begin_server(home, port),
            running=lambda: is_running(home, "prefect-server"),
            say=say,
            began_at=now,
        ),
        Kept(
            "执行器",
            _worker_log(home),
            begin=lambda: _start_worker(home, environment),
            running=lambda: is_running(home, "worker"),
            say=say,
            began_at=now,
        ),
    ]


def _begin_server(home: Home, port: int) -> None:
    begin_prefect(home, port)


def _end_lost(lost: LostRuns, say: Callable[[str], None]) -> None:
    try:
        for name in lost.look():
            say(f"运行“{name}”的进程已不在，已标为 Crashed；下一次计划运行从台账继续。")
    except httpx.HTTPError:  # the server is being started again; the next look finds them too
        return


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


def _worker_log(home: Home) -> Path:
    return home.folder() / "worker.log"


def _start_worker(home: Home, environment: Mapping[str, str]) -> None:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    start_noted(home, "worker", [*command, "--name", worker_name()], environment, _worker_log(home))
