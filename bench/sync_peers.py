"""What a directory sync is measured against: dlt, bare limits, and a hand-written upsert of everything."""

from __future__ import annotations

import hashlib
import itertools
import json
import selectors
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import httpx
import orjson
import psycopg
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from schemas.uscc import is_valid

PAGE = 500


def _code(text: str) -> str:
    if not is_valid(text):
        raise ValueError("check character")
    return text


class Bare(BaseModel):
    """A row of the platform by its types and its check character: no repair, no code table, no reason."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel)

    object_id: str = Field(min_length=1, max_length=64)
    object_type: Literal["1", "2"]
    uniscid: Annotated[str, AfterValidator(_code)]
    ent_name: str = Field(min_length=1, max_length=200)
    prip_id: str | None = Field(max_length=36)
    reg_no: str | None
    ent_type: str | None
    reg_state: str | None
    reg_org: str | None
    adm_code: str | None = Field(pattern="^[0-9]{6}$")
    dom: str | None = Field(max_length=400)
    est_date: date | None
    industry: str | None
    risk_grade: str | None
    risk_month: str | None = Field(pattern="^[0-9]{4}-[0-9]{2}$")
    tags: tuple[str, ...]
    is_valid: str
    checks_this_year: int = Field(ge=0)
    updated_at: str


_ROW = TypeAdapter(Bare)
Stored = tuple[str, str, str]


_TABLE = "bare (code text PRIMARY KEY, digest text NOT NULL, body text NOT NULL)"
_UPSERT = {
    "executemany": "INSERT INTO bare VALUES (?, ?, ?) "
    "ON CONFLICT (code) DO UPDATE SET digest = excluded.digest, body = excluded.body",
    "copied": "INSERT INTO bare SELECT code, digest, body FROM fresh "
    "ON CONFLICT (code) DO UPDATE SET digest = excluded.digest, body = excluded.body",
}


class Store(Protocol):
    """A plain table of code, digest and text, one transaction for each page."""

    def insert(self, rows: Sequence[Stored]) -> None:
        """Rows that are new."""
        ...

    def upsert(self, rows: Sequence[Stored]) -> None:
        """Rows, whatever is there."""
        ...

    def close(self) -> None:
        """Gives the connection back."""
        ...


class SqliteStore:
    """Raw `sqlite3`, executemany, as durable as the ledger."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(f"CREATE TABLE {_TABLE}")

    def insert(self, rows: Sequence[Stored]) -> None:
        """See `Store`."""
        self._many("INSERT INTO bare VALUES (?, ?, ?)", rows)

    def upsert(self, rows: Sequence[Stored]) -> None:
        """See `Store`."""
        self._many(_UPSERT["executemany"], rows)

    def _many(self, statement: str, rows: Sequence[Stored]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(statement, rows)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """See `Store`."""
        self._db.close()


class PostgresStore:
    """Raw psycopg: COPY; for the upsert into a temporary table first."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url)
        self._db.execute(f"CREATE TABLE {_TABLE}")
        self._db.execute("CREATE TEMPORARY TABLE fresh (LIKE bare) ON COMMIT DELETE ROWS")
        self._db.commit()

    def insert(self, rows: Sequence[Stored]) -> None:
        """See `Store`."""
        self._copy("COPY bare FROM STDIN", rows)
        self._db.commit()

    def upsert(self, rows: Sequence[Stored]) -> None:
        """See `Store`."""
        self._copy("COPY fresh FROM STDIN", rows)
        self._db.execute(_UPSERT["copied"])
        self._db.commit()

    def _copy(self, statement: Any, rows: Sequence[Stored]) -> None:
        with self._db.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def close(self) -> None:
        """See `Store`."""
        self._db.close()


def download(base: str, size: int) -> list[bytes]:
    """Every page as it comes, by one `httpx.Client`."""
    with httpx.Client() as client:
        return [
            client.get(f"{base}/api/v1/directories/objects?pageNo={number}&pageSize={PAGE}").content
            for number in range(1, -(-size // PAGE) + 1)
        ]


def checked(body: bytes) -> list[Stored]:
    """The rows of a page, each validated by itself, as they are stored."""
    found = []
    for row in orjson.loads(body)["data"]["rows"]:
        record = _ROW.validate_python(row)
        text = record.model_dump_json()
        found.append((record.uniscid, hashlib.sha256(text.encode()).hexdigest(), text))
    return found


@dataclass
class Limits:
    """Seconds of each part: nothing can be faster that does them one after the other."""

    parts: dict[str, list[float]] = field(
        default_factory=lambda: {"download": [], "validate": [], "store": []}
    )

    def measure(self, base: str, size: int, store: Store) -> None:
        """One round; every part is done for the whole directory before the next begins."""
        began = time.perf_counter()
        bodies = download(base, size)
        self.parts["download"].append(time.perf_counter() - began)
        began = time.perf_counter()
        pages = [checked(body) for body in bodies]
        self.parts["validate"].append(time.perf_counter() - began)
        began = time.perf_counter()
        for rows in pages:
            store.insert(rows)
        self.parts["store"].append(time.perf_counter() - began)


def upsert_all(base: str, size: int, store: Store) -> None:
    """The whole directory again, page by page, every row written."""
    with httpx.Client() as client:
        for number in range(1, -(-size // PAGE) + 1):
            answer = client.get(f"{base}/api/v1/directories/objects?pageNo={number}&pageSize={PAGE}")
            store.upsert(checked(answer.content))


class Dlt:
    """The process of `bench.sync_dlt`. `missing` says why there is none; after a time-out it is ended."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, itertools.count()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sync_dlt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        told = self._answer(120) or {"missing": "dlt did not start"}
        self.version, self.missing = told.get("ready"), told.get("missing")
        self.idle_mb = told.get("idle_mb", 0)
        self.peak_mb, self.cpu = 0, 0.0
        self._place = ""

    def merge(self, base: str, size: int, database: str, timeout_s: float) -> float | None:
        """Seconds of one pass into `database`, or None where it took longer than `timeout_s`."""
        if self.missing:
            return None
        if database != self._place:  # what it knows of one database is of no use to the next
            self._place, number = database, next(self._numbers)
            self._at = str(self._folder / f"dlt-{number}")
        told = {"pages": base, "size": size, "database": database, "folder": self._at}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._answer(timeout_s)
        if answer is None:
            failed = self._process.poll() is not None
            self.missing = "dlt failed" if failed else f"dlt did not end within {timeout_s:.0f} s"
            self._process.kill()
            return None
        self.peak_mb, self.cpu = answer["peak_mb"], answer["cpu"]
        return float(answer["seconds"])

    def _answer(self, timeout_s: float) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            if not waiting.select(timeout_s):
                return None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
        return json.loads(line) if line.startswith(b"{") else None

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()


@contextmanager
def dlt_in(folder: Path) -> Iterator[Dlt]:
    """dlt with a folder of its own, until the block ends."""
    running = Dlt(folder)
    try:
        yield running
    finally:
        running.close()
