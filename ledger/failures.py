"""What the database says when it cannot, as one table per database: its own code to ours.

Anything else that a database raises is a mistake in the program and stays the exception it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa
from psycopg import conninfo
from psycopg.pq import PGconn, Ping

from schemas.errors import DrawbridgeError

# https://www.sqlite.org/rescode.html: primary result codes (the low byte of an extended one).
_SQLITE = {
    sqlite3.SQLITE_BUSY: "DB-LEDGER-005",
    sqlite3.SQLITE_LOCKED: "DB-LEDGER-005",
    sqlite3.SQLITE_FULL: "DB-LEDGER-006",
    sqlite3.SQLITE_IOERR: "DB-LEDGER-007",
    sqlite3.SQLITE_READONLY: "DB-LEDGER-004",
    sqlite3.SQLITE_CANTOPEN: "DB-LEDGER-003",
    sqlite3.SQLITE_PERM: "DB-LEDGER-004",
    sqlite3.SQLITE_CORRUPT: "DB-LEDGER-008",
    sqlite3.SQLITE_NOTADB: "DB-LEDGER-008",
}

# PostgreSQL, appendix A: error codes, by the longest matching beginning.
_POSTGRES = {
    "55P03": "DB-LEDGER-005",  # lock not available
    "40P01": "DB-LEDGER-005",  # deadlock detected
    "40001": "DB-LEDGER-005",  # serialization failure
    "53100": "DB-LEDGER-006",  # disk full
    "25006": "DB-LEDGER-004",  # read-only transaction, as on a standby
    "42501": "DB-LEDGER-004",  # insufficient privilege
    "58": "DB-LEDGER-007",  # system error, such as input or output
    "XX001": "DB-LEDGER-008",  # data corrupted
    "XX002": "DB-LEDGER-008",  # index corrupted
    "42P01": "DB-LEDGER-008",  # no such table
    "28": "DB-LEDGER-002",  # invalid authorization
    "3D": "DB-LEDGER-002",  # no such database
    "53": "DB-LEDGER-009",  # insufficient resources, too many connections
    "57": "DB-LEDGER-009",  # shut down, crashed, starting up
    "08": "DB-LEDGER-009",  # connection
}


def code_of(error: BaseException | None) -> str | None:
    """Our code for what a driver raised; None: it says nothing about the database's state."""
    if isinstance(error, sqlite3.Error):
        if str(error).startswith("no such table"):  # of its own code it has none: 1, as any mistake in SQL
            return "DB-LEDGER-008"
        number = getattr(error, "sqlite_errorcode", None)
        return None if number is None else _SQLITE.get(number & 0xFF)
    if isinstance(error, psycopg.Error):
        return _postgres_code(error)
    return None


def _postgres_code(error: psycopg.Error) -> str | None:
    for length in (5, 2):
        found = _POSTGRES.get((error.sqlstate or "")[:length])
        if found is not None:
            return found
    # Without a state the connection could not be made, or is gone.
    if error.sqlstate is not None or not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return None
    return "DB-LEDGER-002" if _refused(error) else "DB-LEDGER-009"


def _refused(error: psycopg.Error) -> bool:
    """Whether the server is there and lets us not in: the role, its password, the database.

    libpq keeps the state of a connection that was not made to itself, and the server's words are in its own
    language; so the server is asked once more, without a log-in, whether it takes connections.
    """
    made = error.pgconn
    if made is None or made.backend_pid != 0:
        return False
    address = conninfo.make_conninfo("", host=made.host.decode(), port=made.port.decode(), connect_timeout=5)
    return PGconn.ping(address.encode()) == Ping.OK


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turns what the driver raises into a DrawbridgeError; `place` names the database, without password."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        code = code_of(error.orig)
        if code is None:
            raise
        raise DrawbridgeError(code, place=place) from error
    except sa.exc.TimeoutError as error:  # every connection of the pool is in use
        raise DrawbridgeError("DB-LEDGER-009", place=place) from error
