"""Taking a directory over: the first time, again with nothing changed, and with bad rows among it.

    python -m bench.sync [small|full]

`ours` is `flows.sync.pull`: pages of 500 rows of about 490 bytes asked for with signatures, read row by row
by the profile `hebei`, refused rows kept with their reasons, the rest stored in the ledger with a digest,
each page with its counts and audit event as one durable transaction.  Against it, in turn, on the same pages
(`bench.sync_platform`, a process of its own that keeps them once they were asked for):

dlt, merging by the code into the same kind of database; it checks nothing.  Without it in the environment, or
where it does not come to an end, the lines say so and have no ratio.
The limits, one after the other: downloading the pages with one `httpx.Client`; orjson, pydantic with the
check character, and a digest; `executemany` (SQLite) or COPY (PostgreSQL), a transaction for each page.
An upsert of everything: the same three, page by page, INSERT … ON CONFLICT DO UPDATE.

Rows per second, wall time; `cpu_us_per_row` is what each took of the processor (its own process, not the
server of the database), which other people's work on the same machine hardly changes.  Memory:
`bench.sync_memory`.
"""

from __future__ import annotations

import gc
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import sqlalchemy as sa

from bench.delivery import receiver
from bench.delivery_intent import postgres_url
from bench.figure import Line, figure
from bench.sync_peers import (
    PAGE,
    Dlt,
    Limits,
    PostgresStore,
    SqliteStore,
    Store,
    dlt_in,
    download,
    upsert_all,
)
from connectors.factory import Connections, connect
from connectors.profile import Profile, load_profile
from flows.site import Site
from flows.sync import pull
from ledger.directory import SnapshotState, objects, quarantined
from ledger.engine import Ledger, open_ledger
from ledger.tables import dir_row

SIZES = {"tiny": 2_000, "small": 20_000, "full": 100_000}
ROUNDS = {"tiny": 1, "small": 3, "full": 3}
TIMEOUT_S = {"tiny": 60, "small": 120, "full": 300}
OF_DLT, OF_DLT_AGAIN, OF_UPSERT, OF_CLEAN = 3.0, 6.0, 0.4, 1.1
OF_LIMITS = {"SQLite": 0.9, "PostgreSQL": 0.75}


def profile_for(page: int) -> Profile:
    """The reference profile with pages of this size and without a limit of pace."""
    document = load_profile("hebei").model_dump()
    document["platform"]["paging"]["page_size"] = page
    document["platform"]["limits"] |= {"requests_per_s": 1_000_000, "burst": 1_000_000}
    return Profile.model_validate(document)


@dataclass(frozen=True)
class _Percent:
    directory_loss_percent: int = 20


@dataclass(frozen=True)
class BenchSite:
    """As much of a site as a pull works with."""

    ledger: Ledger
    connections: Connections
    profile: Profile
    source: str = "bench"
    settings: _Percent = _Percent()

    def now(self) -> datetime:
        """Wall time."""
        return datetime.now(UTC)


class Platform:
    """Connections to one directory, which stay."""

    def __init__(self, base: str, more: ExitStack) -> None:
        self._profile = profile_for(PAGE)
        self._connections = more.enter_context(connect(self._profile, base, base, "bench", "bench"))

    def pull(self, ledger: Ledger) -> SnapshotState:
        """One pass over the directory."""
        return pull(cast(Site, BenchSite(ledger, self._connections, self._profile)), "object")


class Databases:
    """Empty databases of one kind, as many as are asked for."""

    def __init__(self, name: str, folder: Path, server: str | None) -> None:
        self.name, self._folder, self._server, self._numbers = name, folder, server, itertools.count()

    def fresh(self) -> str:
        """The address of an empty one."""
        number = next(self._numbers)
        if self._server is None:
            return f"sqlite:///{self._folder}/{self.name}-{number}.db"
        address = sa.make_url(self._server).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
        name = f"bench_sync_{time.time_ns()}_{number}"
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
        engine.dispose()
        plain = address.set(database=name, drivername="postgresql", host=address.host or "localhost")
        return plain.render_as_string(hide_password=False)

    def store(self) -> Store:
        """A plain table in an empty one."""
        url = self.fresh()
        return (
            SqliteStore(Path(url.removeprefix("sqlite:///"))) if self._server is None else PostgresStore(url)
        )


class Contest:
    """Everybody on one kind of database, round by round; seconds by name."""

    def __init__(
        self, databases: Databases, base: str, size: int, dlt: Dlt, timeout_s: float, more: ExitStack
    ) -> None:
        self._databases, self._base, self._size = databases, base, size
        self._clean, self._bad = (Platform(f"{base}/{kind}", more) for kind in ("clean", "bad"))
        self._dlt, self._timeout_s = dlt, timeout_s
        self.limits = Limits()
        self.seconds: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}
        self.written_again = 0
        self.why_no_dlt_again: str | None = None

    def round(self) -> None:
        """Each once for the first time, then once more with nothing changed; with bad rows into another."""
        ledger = open_ledger(self._databases.fresh())
        try:
            self._timed("ours", lambda: self._ours(ledger))
            self._timed("ours again", lambda: self._ours(ledger))
            with ledger.read() as tx:
                self.written_again += tx.scalar(
                    sa.select(sa.func.count()).select_from(dir_row).where(dir_row.c.snapshot_no > 1)
                )
        finally:
            ledger.close()
        ledger = open_ledger(self._databases.fresh())
        try:
            self._timed("ours, bad rows", lambda: self._bad.pull(ledger))
            self._check_reasons(ledger)
        finally:
            ledger.close()
        store = self._databases.store()
        try:
            self._timed("limits", lambda: self.limits.measure(f"{self._base}/clean", self._size, store))
            self._timed("upsert", lambda: upsert_all(f"{self._base}/clean", self._size, store))
        finally:
            store.close()
        self._by_dlt()

    def _timed(self, name: str, work: Callable[[], object]) -> None:
        gc.collect()
        began, cpu = time.perf_counter(), time.process_time()
        work()
        self.seconds.setdefault(name, []).append(time.perf_counter() - began)
        self.cpu.setdefault(name, []).append(time.process_time() - cpu)

    def _ours(self, ledger: Ledger) -> None:
        state = self._clean.pull(ledger)
        if state.accepted != self._size or state.quarantined:
            raise ValueError(f"not taken over: {state}")

    def _check_reasons(self, ledger: Ledger) -> None:
        with ledger.read() as tx:
            reasons = [row.reason for row in quarantined(tx, "bench", "object")]
            held = len(objects(tx, "bench"))
        if len(reasons) != self._size // 100 or not all(reasons) or held + len(reasons) != self._size:
            raise ValueError(f"rows or reasons are missing: {held}, {len(reasons)}")

    def _by_dlt(self) -> None:
        database = self._databases.fresh()
        for name in ("dlt", "dlt again"):
            if name == "dlt again" and (name in self.seconds or self.why_no_dlt_again):
                return  # once is enough: on SQLite it takes minutes
            taken = self._dlt.merge(f"{self._base}/clean", self._size, database, self._timeout_s)
            if taken is None:
                self.why_no_dlt_again = self._dlt.missing
                return
            self.seconds.setdefault(name, []).append(taken)
            self.cpu.setdefault(name, []).append(self._dlt.cpu)

    def median(self, name: str) -> float | None:
        """Seconds; None where it was not measured."""
        return statistics.median(self.seconds[name]) if name in self.seconds else None

    def lines(self) -> Iterator[Line]:
        """What it comes to."""
        size, on = self._size, f", {self._databases.name}"
        ours, again, bad, upsert = (
            self.median(name) or 0.0 for name in ("ours", "ours again", "ours, bad rows", "upsert")
        )
        shown = {
            name: [round(min(all_), 3), round(statistics.median(all_), 3)]
            for name, all_ in self.seconds.items()
        }
        cpu = {name: round(statistics.median(all_) / size * 1e6, 1) for name, all_ in self.cpu.items()}
        parts = {name: statistics.median(all_) for name, all_ in self.limits.parts.items()}
        whole = sum(parts.values())
        yield self._against_dlt(f"sync.first pull{on}", ours, self.median("dlt"), OF_DLT) | {
            "seconds": shown,
            "cpu_us_per_row": cpu,
        }
        yield figure(
            f"sync.first pull, of the sum of limits{on}",
            size,
            size / ours,
            whole / ours,
            OF_LIMITS[self._databases.name],
            limit=size / whole,
            parts_us_per_row={name: round(s / size * 1e6, 1) for name, s in parts.items()},
        )
        yield figure(
            f"sync.nothing changed, times upserting all{on}",
            size,
            size / again,
            again / upsert,
            OF_UPSERT,
            at_most=True,
            peers={"upsert of everything": size / upsert},
            rows_written=self.written_again,
        )
        yield self._against_dlt(f"sync.nothing changed{on}", again, self.median("dlt again"), OF_DLT_AGAIN)
        yield figure(
            f"sync.1 % bad rows, times the time without{on}",
            size,
            size / bad,
            bad / ours,
            OF_CLEAN,
            at_most=True,
            peers={"without": size / ours},
        )

    def _against_dlt(self, name: str, ours: float, theirs: float | None, target: float) -> Line:
        rate = self._size / ours
        if theirs is not None:
            peer = f"dlt {self._dlt.version}, merge"
            return figure(name, self._size, rate, theirs / ours, target, peers={peer: self._size / theirs})
        line = figure(name, self._size, rate, 0.0, target)
        why = self._dlt.missing or self.why_no_dlt_again
        return line | {"peers": {}, "ratio": None, "met": None, "not_measured": f"{why}"}


def run(scale: str) -> Iterator[Line]:
    """SQLite, then PostgreSQL."""
    size = SIZES[scale]
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as name, ExitStack() as more:
        folder = Path(name)
        port = more.enter_context(receiver(folder, "bench.sync_platform", "READY"))
        base = f"http://127.0.0.1:{port}/{size}"
        server = more.enter_context(postgres_url(folder))
        for kind in ("clean", "bad"):
            download(f"{base}/{kind}", size)  # so that the pages are there
        for databases in (Databases("SQLite", folder, None), Databases("PostgreSQL", folder, server)):
            if databases.name == "PostgreSQL" and server is None:
                continue
            with dlt_in(folder) as dlt:
                contest = Contest(databases, base, size, dlt, TIMEOUT_S[scale], more)
                for _ in range(ROUNDS[scale]):
                    contest.round()
                yield from contest.lines()


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
