"""A mock platform of our own, for `demo` and for `run` without a configured platform."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.profile import load_profile, profile_names
from connectors.spreadsheets import entity_table
from documents.whole_file import write_whole
from flows.service.home import Home, is_running, start_noted
from flows.settings import load_settings
from rules.plan_file import decoded
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_START_S = 30
# With a mock of our own nobody has to be waited for longer than its people need to be asked.
LOCAL_WAIT_S = 300.0
LOCAL_POLL_S = 0.05
_APP_KEY = "drawbridge-local"
_APP_SECRET = "between-two-processes-of-one-machine"  # noqa: S105 - loopback only, both ends are ours


@dataclass(frozen=True)
class MockInput:
    """What the mock is fed with; it stays the same for as long as its state lives."""

    plan_file: Path
    entities: Path | None
    entities_as: str
    seed: int
    objects: int | None
    platform_draw: str

    def fingerprint(self) -> dict[str, object]:
        """What must not change between two runs on one state."""
        return {
            "plan": _sha256(self.plan_file),
            "entities": _sha256(self.entities) if self.entities else None,
            "entities_as": self.entities_as,
            "seed": self.seed,
            "objects": self.objects,
            "platform_draw": self.platform_draw,
        }


@dataclass(frozen=True)
class OwnMock:
    """Addresses of a running mock."""

    platform_url: str
    publicity_url: str
    control_url: str
    log: Path

    def environment(self, task_id: str) -> dict[str, str]:
        """The settings that point a run at this mock and its campaign clock."""
        return {
            "DRAWBRIDGE_PLATFORM_URL": self.platform_url,
            "DRAWBRIDGE_PUBLICITY_URL": self.publicity_url,
            "DRAWBRIDGE_CLOCK_URL": self.control_url,
            "DRAWBRIDGE_APP_KEY": _APP_KEY,
            "DRAWBRIDGE_APP_SECRET": _APP_SECRET,
            "DRAWBRIDGE_SOURCE": mock_source(task_id),
        }


def mock_source(task_id: str) -> str:
    """How the ledger calls the directory of a campaign's own mock."""
    return f"mock-{task_id}"


def has_mock(home: Home, task_id: str) -> bool:
    """Whether the campaign was begun with a mock of its own."""
    return (
        re.fullmatch("[0-9]{18}", task_id) is not None and (home.root / task_id / "mock" / _INPUT).is_file()
    )


def resume_mock(
    home: Home, task_id: str, entities: Path | None = None, again: Mapping[str, object] | None = None
) -> OwnMock:
    """Starts the campaign's mock again on its state, as it was begun.

    `entities`: the list of objects, where it is given once more; `again`: what else is, by the names of
    MockInput.  Raises DrawbridgeError DB-RUN-003 if it is not what the campaign was begun with, DB-RUN-004 if
    the mock does not start.
    """
    folder = home.folder(task_id, "mock")
    begun = json.loads((folder / _INPUT).read_text("utf-8"))
    given = dict(again or {}) | ({} if entities is None else {"entities": _sha256(entities)})
    _refuse_other_input(task_id, begun["fingerprint"], given)
    return _start(home, folder, begun["arguments"], "max")


def start_mock(home: Home, task_id: str, given: MockInput, speed: str = "max") -> OwnMock:
    """Starts the mock on the state that earlier runs left, or on a new one.

    Raises DrawbridgeError DB-RUN-003 if it was begun with other input, DB-RUN-004 if it does not start.
    """
    folder = home.folder(task_id, "mock")
    is_new = not (folder / _INPUT).exists()
    arguments = _arguments(folder, task_id, given)
    try:
        return _start(home, folder, arguments, speed)
    except DrawbridgeError:
        if is_new:  # nothing was begun with this input
            (folder / _INPUT).unlink(missing_ok=True)
        raise


@contextmanager
def living(home: Home, mock: OwnMock) -> Iterator[None]:
    """Says of whatever the block fails with that the mock is dead, if it is.

    Raises DrawbridgeError DB-RUN-034; the last error tells nothing but that nobody answers.
    """
    try:
        yield
    except DrawbridgeError as error:
        if is_running(home, "mock"):
            raise
        raise DrawbridgeError("DB-RUN-034", log=mock.log) from error


def _start(home: Home, folder: Path, arguments: list[str], speed: str) -> OwnMock:
    ready, log = folder / "ready.json", folder / "mock.log"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "mock_platform", "--port", "0", "--state", str(folder / "state.sqlite3")]
    command += ["--speed", speed, "--ready-file", str(ready), *arguments]
    secrets = {"DRAWBRIDGE_MOCK_APP_KEY": _APP_KEY, "DRAWBRIDGE_MOCK_APP_SECRET": _APP_SECRET}
    return _wait(start_noted(home, "mock", command, secrets, log), ready, log)


def _wait(process: subprocess.Popen[bytes], ready: Path, log: Path) -> OwnMock:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if ready.exists():
            facts = json.loads(ready.read_text("utf-8"))
            return OwnMock(facts["platformUrl"], facts["publicityUrl"], facts["controlUrl"], log)
        if process.poll() is not None:
            lines = log.read_text("utf-8", "replace").strip().splitlines() or ["没有输出"]
            raise DrawbridgeError("DB-RUN-004", detail=lines[-1], log=log)
        time.sleep(0.05)
    raise DrawbridgeError("DB-RUN-004", detail=f"{_START_S} 秒内没有就绪", log=log)


def _arguments(folder: Path, task_id: str, given: MockInput) -> list[str]:
    """What the mock is started with, the same on every start; plan and entities are kept beside its state.

    Raises DrawbridgeError DB-RUN-003 if the mock was begun with other input.
    """
    note, now = folder / _INPUT, given.fingerprint()
    if note.exists():
        begun = json.loads(note.read_text("utf-8"))
        _refuse_other_input(task_id, begun["fingerprint"], now)
        kept: list[str] = begun["arguments"]
        return kept
    plan = decoded(given.plan_file.read_bytes(), str(given.plan_file)).encode()
    arguments = ["--campaign", _kept(folder, given.plan_file.name, plan), "--seed", str(given.seed)]
    arguments += ["--platform-draw", given.platform_draw]
    profile = load_profile(load_settings().profile)
    if profile.name in profile_names():  # each of which the mock speaks; any other profile meets its contract
        arguments += ["--dialect", profile.name]
    if given.entities is not None:
        arguments += [
            "--entities",
            _kept(folder, f"{given.entities.stem}.csv", _as_csv(given.entities)),
            "--entities-as",
            given.entities_as,
        ]
    if given.objects is not None:
        arguments += ["--objects", str(given.objects)]
    write_whole(note, json.dumps({"fingerprint": now, "arguments": arguments}).encode())
    return arguments


def _refuse_other_input(task_id: str, begun: Mapping[str, object], given: Mapping[str, object]) -> None:
    for key, value in given.items():
        if begun.get(key) != value:
            raise DrawbridgeError("DB-RUN-003", task_id=task_id, what=_SHOWN.get(key, "--" + key))


_INPUT = "input.json"
_SHOWN = {
    "plan": "计划文件",
    "entities": "名录文件",
    "entities_as": "--entities-as",
    "seed": "--seed",
    "platform_draw": "--platform-draw",
}


def _as_csv(path: Path) -> bytes:
    """The rows of a list, dirt included, in the one writing that the mock reads: what a list looks like is
    settled by the same reader as for `drawbridge import`.  Raises DrawbridgeError DB-INPUT-….
    """
    text = io.StringIO()
    profile = load_profile(load_settings().profile)
    csv.writer(text, lineterminator="\r\n").writerows(entity_table(path, profile))
    return text.getvalue().encode()


def _kept(folder: Path, name: str, content: bytes) -> str:
    copy = folder / name
    write_whole(copy, content)
    return str(copy.resolve())


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DrawbridgeError("DB-CLI-003", path=path, detail=problem(error, reading=True)) from error
