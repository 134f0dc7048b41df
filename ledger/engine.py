"""The ledger's database: opening it, and the two kinds of transaction.

There is one writer at a time on both databases, so that whoever reads before it writes has
read what holds: SQLite by BEGIN IMMEDIATE, PostgreSQL by a lock on the head of the audit chain,
which every writer moves anyway.  Readers see one state and are never in a writer's way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any, TypeAlias

import sqlalchemy as sa

from ledger.encrypted import NO_KEYS, Keys
from ledger.failures import translated
from ledger.migrate import REVISION, recorded_revision, upgrade
from ledger.tables import audit_head
from ledger.types import give_keys
from schemas.errors import DrawbridgeError

Transaction: TypeAlias = sa.Connection
"""An open transaction, as `Ledger.read` and `Ledger.write` give it."""

WAIT_FOR_LOCK_S = 30

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


@dataclass(frozen=True)
class Ledger:
    """An open ledger. `place` names it without password; `first`: what the first to write does before."""

    engine: sa.Engine
    place: str
    first: list[Callable[[Transaction], None]] = field(default_factory=list, compare=False, repr=False)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """One consistent state to read. Raises DrawbridgeError DB-LEDGER-005…-009 as the database fails."""
        reader = self.engine
        if reader.dialect.name == "postgresql":
            reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with translated(self.place), reader.begin() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that changes something: committed at the end, undone if the body raises.

        Raises DrawbridgeError DB-LEDGER-004…-009 as the database fails. After -009 and -007 it is
        not known whether the change was committed; what was written can be read again.
        """
        writer = self.engine.execution_options(drawbridge_writes=True)
        with translated(self.place), writer.begin() as tx:
            if tx.dialect.name == "postgresql":
                tx.execute(sa.select(audit_head.c.seq_no).with_for_update())
            for act in self.first:
                act(tx)
            yield tx
        self.first.clear()

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()


@dataclass(frozen=True)
class DatabaseState:
    """What stands at an address. `name` is the product with its version; `revision` None: no ledger yet."""

    name: str
    revision: str | None
    is_current: bool


def open_ledger(url: str, keys: Keys | None = NO_KEYS) -> Ledger:
    """Opens the ledger at a SQLAlchemy URL, makes it if there is none, brings an older one up to date.

    With `keys` personal data is sealed as it is written.  None, for who takes rows as they are stored: no key
    is asked for, and what is sealed does not open.

    `sqlite:///path` or `postgresql://…`. Raises DrawbridgeError DB-LEDGER-001 for another address,
    -002 refused log-in or no such database, -003…-009 as the database fails, -010 if the ledger was
    written by a newer version of this program, -011 if it needs a key that is not there.
    """
    # Imported here: what is in the chain is read there, and every module that reads imports this one.
    from ledger.sealing import check_keys, take_keys

    ledger = _connect(url)
    give_keys(ledger.engine.dialect, keys or NO_KEYS)
    try:
        with ledger.read() as tx:
            is_known = keys is None or (recorded_revision(tx) is not None and check_keys(tx, keys))
        with translated(ledger.place):
            upgrade(ledger.engine)
        if keys and keys.by_name and not is_known:
            # Not at once: who only reads, such as a backup, changes no chain.
            ledger.first.append(lambda tx: take_keys(tx, datetime.now(UTC)))
    except BaseException:
        ledger.close()
        raise
    return ledger


def describe_database(url: str) -> DatabaseState:
    """What stands at `url`; makes and changes nothing. Raises as `open_ledger`."""
    ledger = _connect(url)
    dialect = ledger.engine.dialect
    try:
        path = ledger.engine.url.database
        if dialect.name == "sqlite" and not Path(str(path)).exists():
            if not os.access(Path(str(path)).parent, os.W_OK | os.X_OK):
                raise DrawbridgeError("DB-LEDGER-003", place=ledger.place)
            with sa.create_engine("sqlite://").connect() as memory:
                return DatabaseState(_product(memory), None, False)
        with ledger.read() as tx:
            revision = recorded_revision(tx)
            return DatabaseState(_product(tx), revision, revision == REVISION)
    finally:
        ledger.close()


def check_needed_keys(url: str, keys: Keys) -> None:
    """Whether these keys open the ledger at `url`; changes nothing.

    Raises as `open_ledger`, DrawbridgeError DB-LEDGER-011 among it.
    """
    from ledger.sealing import check_keys

    ledger = _connect(url)
    try:
        with ledger.read() as tx:
            if recorded_revision(tx) is not None:
                check_keys(tx, keys)
    finally:
        ledger.close()


def _product(tx: Transaction) -> str:
    version = ".".join(str(part) for part in tx.dialect.server_version_info or ())
    return f"{ {'sqlite': 'SQLite', 'postgresql': 'PostgreSQL'}[tx.dialect.name] } {version}"


def _connect(url: str) -> Ledger:
    try:
        address = sa.make_url(url)
        driver = _DRIVERS[address.drivername]
    except (sa.exc.ArgumentError, KeyError, ValueError) as error:
        raise DrawbridgeError("DB-LEDGER-001") from error
    address = address.set(drivername=driver)
    place = address.render_as_string(hide_password=True)
    if driver == "sqlite":
        if not address.database or address.database == ":memory:":
            raise DrawbridgeError("DB-LEDGER-001")
        return Ledger(_sqlite(address), place)
    return Ledger(_postgres(address), place)


def _sqlite(address: sa.URL) -> sa.Engine:
    engine = sa.create_engine(address, hide_parameters=True, connect_args={"timeout": WAIT_FOR_LOCK_S})

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: SqliteConnection, record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("drawbridge_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(address: sa.URL) -> sa.Engine:
    return sa.create_engine(
        address,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was restarted costs a new connection, not an error
        connect_args={
            "connect_timeout": 10,
            "options": f"-c lock_timeout={WAIT_FOR_LOCK_S * 1000} -c timezone=UTC",
            # Of a database without an encoding (SQL_ASCII) the driver would give bytes for text.
            "client_encoding": "utf8",
        },
    )
