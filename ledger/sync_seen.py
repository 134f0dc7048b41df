"""The keys that an open pass held so far, kept beside the ledger: memory does not grow with a directory.

A pass over three million rows asks of each whether it was there before.  What answers is a file that SQLite
keeps for itself and that is gone when the process is; after a kill it is made anew from the pages on record.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from tempfile import gettempdir

from ledger.failures import code_of
from schemas.errors import DrawbridgeError

_AT_ONCE = 1000


class Seen:
    """Row key -> number of the page that held it last, and whether different rows were held under it.

    Raises DrawbridgeError DB-LEDGER-006, -007 if there is no room for it or the disk fails.
    """

    def __init__(self) -> None:
        # One thread at a time uses it, though not always the same one.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-8000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(
            "CREATE TABLE seen (row_key TEXT PRIMARY KEY, page_no INTEGER NOT NULL, "
            "disputed INTEGER NOT NULL) "
            "WITHOUT ROWID"
        )

    def add(self, page_no: int, keys: Iterable[str], disputed: Collection[str] = ()) -> None:
        """Takes down that a page held these; a later page replaces an earlier one."""
        for some, mark in ((list(keys), 0), (list(disputed), 1)):
            if some:
                self._execute(
                    "INSERT OR REPLACE INTO seen SELECT value, ?, ? FROM json_each(?)",
                    (page_no, mark, json.dumps(some)),
                )

    def pages(self, keys: Collection[str]) -> dict[str, int]:
        """Which of these were held, and on which page."""
        found = self._execute(
            "SELECT row_key, page_no FROM json_each(?) CROSS JOIN seen ON row_key = value",
            (json.dumps(list(keys)),),
        )
        return dict(found.fetchall())

    def undisputed(self) -> Iterator[str]:
        """Keys under which one row was held, in the order of their code points."""
        cursor = self._execute("SELECT row_key FROM seen WHERE disputed = 0 ORDER BY row_key", ())
        while some := cursor.fetchmany(_AT_ONCE):
            yield from (key for (key,) in some)

    def _execute(self, statement: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:
            code = code_of(error)
            if code is None:
                raise
            raise DrawbridgeError(code, place=gettempdir()) from error

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    def __del__(self) -> None:
        with suppress(AttributeError, sqlite3.Error):
            self._db.close()
