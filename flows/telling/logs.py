"""Logs for machines: one JSON object a line, with campaign, batch and record wherever there is one.

Two files in the folder `logs` of the installation:

- `run.jsonl`: what the program and Prefect's runs say while they work.  It is the standard library's logging
  with a formatter of our own: Prefect's run logs pass through it anyway, so nothing has to be bridged and no
  package added.  Of an error that is not from our catalogue the type and the places in the source are kept,
  and its text is left out, since that may quote what was read.
- `events.jsonl`: what happened to each record, written from the audit chain.  It follows the ledger, so a
  killed run leaves no gap in it, and the number of the last line says where to go on.

Both are appended to and may be moved away at any time (logrotate without `copytruncate`).
"""

from __future__ import annotations

import fcntl
import json
import logging
import logging.handlers
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.service.home import Home
from flows.telling.unexpected import places_of
from ledger.audit import AuditEvent
from ledger.engine import Ledger
from ledger.figures import batch_tasks, events_after
from ledger.types import time_text
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

# Ours, and what Prefect's runs say; the rest of Prefect is its own affair.
_LOGGERS = ("drawbridge", "prefect.flow_runs", "prefect.task_runs")
# What Prefect puts on a record -> the member that it becomes.
_OF_A_RUN = {
    "flow_run_id": "flow_run_id",
    "flow_run_name": "flow_run",
    "flow_name": "flow",
    "task_run_id": "task_run_id",
}
_BOUND: ContextVar[Mapping[str, str] | None] = ContextVar("bound", default=None)
_TAIL_BYTES = 65_536


@contextmanager
def bound(**members: str) -> Iterator[None]:
    """Adds members (`campaign`, `batch`, `record`, `stage`) to every line that is logged inside."""
    token = _BOUND.set({**(_BOUND.get() or {}), **members})
    try:
        yield
    finally:
        _BOUND.reset(token)


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON. `time` is UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """See the class."""
        line: dict[str, Any] = {
            "time": time_text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **(_BOUND.get() or {}),
        }
        line |= {
            member: str(value)
            for attribute, member in _OF_A_RUN.items()
            if (value := getattr(record, attribute, None)) is not None
        }
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, DrawbridgeError):
            line |= {"code": error.code, "facts": {key: str(value) for key, value in error.facts.items()}}
        elif error is not None:
            line["message"] = _without_text(line["message"], error)
            line |= {"error": type(error).__name__, "places": places_of(error)}
        return json.dumps(line, ensure_ascii=False)


def log_as_json(home: Home) -> Path:
    """Lets this process append its log to `logs/run.jsonl`; the same again changes nothing. Returns the path.

    Raises DrawbridgeError DB-CLI-004 if the folder cannot be made.
    """
    path = home.folder("logs") / "run.jsonl"
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if any(getattr(handler, "baseFilename", None) == str(path.resolve()) for handler in logger.handlers):
            continue
        # Opened anew when the file was moved away; one line is one write, so several processes may append.
        handler = logging.handlers.WatchedFileHandler(path.resolve(), encoding="utf-8", delay=True)
        handler.setFormatter(JsonFormatter())
        logger.addHandler(handler)
        if logger.getEffectiveLevel() > logging.INFO:
            logger.setLevel(logging.INFO)
    return path


def write_events(ledger: Ledger, home: Home) -> int:
    """Appends the events that are new since the last call; returns how many.

    `events.seq` says up to which number the file is whole: what a killed process wrote beyond it is cut off
    and written again.  If the file was moved away, a new one goes on from there; without `events.seq` it goes
    on from the file's last number.  Several processes may write at once: a lock is held meanwhile.
    Raises DrawbridgeError DB-CLI-004.
    """
    folder = home.folder("logs")
    path, mark = folder / "events.jsonl", folder / "events.seq"
    written = 0
    try:
        with (folder / "events.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            last = _whole_until(path, mark)
            _cut_after(path, last)
            while True:
                with ledger.read() as tx:
                    events = events_after(tx, last)
                    named = {batch for event in events if (batch := _batch_of(event)) is not None}
                    tasks = batch_tasks(tx, sorted(named))
                if not events:
                    return written
                with path.open("a", encoding="utf-8") as out:
                    for event in events:
                        out.writelines(line + "\n" for line in event_lines(event, tasks))
                last = events[-1].seq
                mark.write_text(str(last))
                written += len(events)
    except OSError as error:
        raise DrawbridgeError("DB-CLI-004", path=path, detail=problem(error)) from error


def event_lines(event: AuditEvent, tasks: Mapping[str, str]) -> Iterator[str]:
    """An event as lines of JSON, one for each record that it speaks of. `tasks`: the campaign of a batch."""
    kind, _, name = event.subject.rpartition("/")
    line: dict[str, Any] = {"time": time_text(event.at), "seq": event.seq, "event": event.kind}
    if name in tasks:
        line |= {"campaign": tasks[name], "batch": name, "of": kind}
    else:
        line |= {"campaign" if name.isdecimal() else "subject": name} | ({"of": kind} if kind else {})
    facts = {key: value for key, value in event.facts.items() if key != "items"}
    rows = event.facts.get("items")
    if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) >= 2 for row in rows):
        if "key" in facts:
            line["record"] = facts.pop("key")
        yield json.dumps({**line, "facts": facts}, ensure_ascii=False)
        return
    for key, version, *rest in rows:
        state = {name: value for name, value in zip(("state", "answer"), rest, strict=False) if value}
        record = {"record": key, "version": version, **state}
        yield json.dumps({**line, **record, "facts": facts}, ensure_ascii=False)


def _batch_of(event: AuditEvent) -> str | None:
    kind, _, name = event.subject.rpartition("/")
    return name if kind else None


def _whole_until(path: Path, mark: Path) -> int:
    """The number of the last event whose lines are all there; 0: none is."""
    text = mark.read_text().strip() if mark.exists() else ""
    if text.isdecimal():
        return int(text)
    # The newest event in the file may have lines missing, the one before it has not.
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return max(0, _number(lines[-1]) - 1) if lines else 0


def _cut_after(path: Path, last: int) -> None:
    """Cuts off the lines of events after number `last`, and a line without its end."""
    size = path.stat().st_size if path.exists() else 0
    window = _TAIL_BYTES
    while size:
        start = max(0, size - window)
        with path.open("rb+") as file:
            file.seek(start)
            if start:
                start += len(file.readline())
            lines = file.read().splitlines(keepends=True)
            if start and (not lines or _number(lines[0]) > last):
                window *= 4  # what has to go began before this window
                continue
            kept = [line for line in lines if line.endswith(b"\n") and _number(line) <= last]
            file.truncate(start + sum(map(len, kept)))
        return


def _number(line: bytes) -> int:
    return int(json.loads(line)["seq"])


def _without_text(message: str, error: BaseException) -> str:
    for text in (repr(error), str(error)):
        if text:
            message = message.replace(text, type(error).__name__)
    return message
