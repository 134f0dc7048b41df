"""The mark of the ledger in the installation's folder: the end of the audit chain as it was seen last.

It stands outside the database, in `ledger-mark.json`, and is moved on after each intent is committed and
before its first byte goes out.  A chain that does not hold that end any more is not the one that sent: the
ledger was restored from an older backup, or is another one.  This is noted as a doubt, for good (see
flows/exchange/restored.py).

A folder without the mark, beside a ledger that was used, is in doubt in the same way: backups leave the mark
out, and whoever restores by other means (a snapshot of the machine) removes it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flows.service.home import Home
from ledger.audit import AuditHead, head, holds
from ledger.engine import Ledger, Transaction
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

MARK = "ledger-mark.json"


@dataclass(frozen=True)
class Mark:
    """The end of the chain that this folder saw last, and the restores that it noticed, oldest first."""

    seen: AuditHead
    doubts: tuple[str, ...] = ()


def observe(home: Home, ledger: Ledger) -> tuple[str, ...]:
    """Moves the mark to the chain's end; returns the restores noticed so far, this one included.

    Raises DrawbridgeError DB-CLI-004 if the mark cannot be written.
    """
    with _alone(home), ledger.read() as tx:
        now, before = head(tx), _read(home)
        after = Mark(now, _doubts(tx, now, before))
        if after != before:
            _write(home, after)
        return after.doubts


def _doubts(tx: Transaction, now: AuditHead, before: Mark | None) -> tuple[str, ...]:
    if before is None:
        return () if now.seq == 0 else (f"unmarked:{now.seq}:{now.digest}",)
    seen = before.seen
    if holds(tx, seen):
        return before.doubts
    return (*before.doubts, f"{seen.seq}:{seen.digest}")


def begin(home: Home, ledger: Ledger) -> None:
    """Marks a ledger in which nothing has happened yet: nothing can be forgotten of it."""
    if _path(home).exists():
        return
    with ledger.read() as tx:
        is_new = head(tx).seq == 0
    if is_new:
        with suppress(DrawbridgeError):  # a folder that cannot be written leaves the ledger in doubt
            observe(home, ledger)


# --- the file --------------------------------------------------------------------------------------------


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One writer of the mark at a time: a lower end must not take the place of a higher one."""
    folder = os.open(home.folder(), os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _read(home: Home) -> Mark | None:
    """The mark; None: there is none, or none that can be read."""
    try:
        facts = json.loads(_path(home).read_text("utf-8"))
        seen = AuditHead(int(facts["seq"]), str(facts["digest"]))
        return Mark(seen, tuple(str(one) for one in facts["doubts"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(home: Home, mark: Mark) -> None:
    path = _path(home)
    part = path.with_suffix(".part")
    text = json.dumps({"seq": mark.seen.seq, "digest": mark.seen.digest, "doubts": mark.doubts}, indent=1)
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(home.folder(), os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise DrawbridgeError("DB-CLI-004", path=path, detail=problem(error)) from error


def _path(home: Home) -> Path:
    return home.folder() / MARK
