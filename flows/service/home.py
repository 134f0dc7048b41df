"""The folder of one installation: who uses it now, what was started there, where things are kept."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_END_AFTER_S = 10


@dataclass(frozen=True)
class Home:
    """Paths inside `root`; every folder is made when it is first asked for."""

    root: Path

    def folder(self, *parts: str) -> Path:
        """A folder below the root. Raises DrawbridgeError DB-CLI-004 if it cannot be made.

        A new root is its owner's alone: ledger and roster lie in it.
        """
        path = self.root.joinpath(*parts)
        try:
            if not self.root.exists():
                self.root.parent.mkdir(parents=True, exist_ok=True)
                self.root.mkdir(mode=0o700, exist_ok=True)
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DrawbridgeError("DB-CLI-004", path=path, detail=problem(error)) from error
        return path

    def campaign_folder(self, task_id: str) -> Path:
        """Where one campaign's certificates, workbooks and tables are written."""
        return self.folder(task_id)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Holds the folder for one run; what a killed run left running is ended first.

        The lock is the kernel's, so that it goes with the process that held it.
        Raises DrawbridgeError DB-RUN-002 if another run holds it.
        """
        path = self.folder() / "run.lock"
        try:
            lock = path.open("a")
        except OSError as error:
            raise DrawbridgeError("DB-CLI-004", path=path, detail=problem(error)) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise DrawbridgeError("DB-RUN-002", home=self.root) from error
            end_leftovers(self)
            try:
                yield
            finally:
                end_leftovers(self)


def note_started(home: Home, name: str, pid: int) -> None:
    """Notes a process that this run started, so that the next run can end it if this one is killed."""
    record = {"name": name, "pid": pid, "started": psutil.Process(pid).create_time()}
    with _list(home).open("a") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()
        os.fsync(file.fileno())


def start_noted(
    home: Home, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Starts a process whose output goes to `log`, with `environment` beside this one's, and notes it.

    It has a process group of its own: Ctrl-C is for the command, which then ends what it started.  If the
    mock and the server heard it too, the run would see them vanish before it ends itself.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            process_group=0,
        )
    note_started(home, name, process.pid)
    return process


def end_leftovers(home: Home, *, at_once: bool = False) -> list[str]:
    """Ends what is noted and still runs, by id and start time, and empties the list. Returns their names.

    `at_once`: nobody is given the time to end in order.
    """
    path = _list(home)
    ended = []
    for record in _records(path):
        process = _same_process(record)
        if process is not None:
            _end(process, 0 if at_once else _END_AFTER_S)
            ended.append(str(record["name"]))
    path.unlink(missing_ok=True)
    return ended


def is_running(home: Home, name: str) -> bool:
    """Whether the process that was last noted under `name` still runs."""
    noted = [record for record in _records(_list(home)) if record["name"] == name]
    process = _same_process(noted[-1]) if noted else None
    return process is not None and process.status() != psutil.STATUS_ZOMBIE


def _list(home: Home) -> Path:
    return home.folder() / "processes.jsonl"


def _records(path: Path) -> list[dict[str, object]]:
    if not path.exists():
        return []
    found = []
    for line in path.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:  # the line that a kill cut short
            continue
    return found


def _same_process(record: dict[str, object]) -> psutil.Process | None:
    """The process of the record, or None if its id has gone to another one since."""
    try:
        process = psutil.Process(int(str(record["pid"])))
        return process if process.create_time() == record["started"] else None
    except (psutil.Error, KeyError, ValueError):
        return None


def _end(process: psutil.Process, patience_s: float) -> None:
    family = [process, *process.children(recursive=True)]
    for member in family:
        try:
            member.terminate()
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(family, timeout=patience_s)
    for member in alive:
        member.kill()
    psutil.wait_procs(alive, timeout=_END_AFTER_S)
