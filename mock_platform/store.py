"""The state file: every change is committed here before the reply goes out.

SQLite in WAL mode with `synchronous=NORMAL`: what was committed survives a SIGKILL of
this process (the operating system holds it); a power cut may lose the last replies.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


class Kept(dict[str, Any]):
    """A dictionary that knows which of its members were changed since the last commit.

    Setting and deleting a member is noticed; after a change inside a member call `touch`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.changed: set[str] = set()
        self._indexes: dict[Callable[[Any], object], _Index] = {}

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self.touch(key)

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self.touch(key)

    def touch(self, key: str) -> None:
        """Notes that the member `key` was changed inside."""
        self.changed.add(key)
        for index in self._indexes.values():
            index.stale[key] = None

    def having(self, of: Callable[[Any], object], value: object) -> list[tuple[str, Any]]:
        """Keys and members of which `of` (a function of a module) gives `value`, without a look at each."""
        index = self._indexes.setdefault(of, _Index(of))
        index.catch_up(self)
        if len(index.places) != len(self):  # members came or went in a way that is not noticed
            index.stale = dict.fromkeys([*index.places, *self])
            index.catch_up(self)
        found = [(key, self.get(key)) for key in index.keys.get(value, ())]
        return [(key, member) for key, member in found if member is not None and of(member) == value]

    def load(self, members: dict[str, Any]) -> None:
        """Takes members over as they were committed."""
        self.clear()
        self.update(members)
        self.changed.clear()
        self._indexes.clear()


class _Index:
    """Which members of a `Kept` have a property; `stale`: keys that must be looked at before it is used."""

    def __init__(self, of: Callable[[Any], object]) -> None:
        self._of = of
        self.keys: dict[object, dict[str, None]] = {}
        self.places: dict[str, object] = {}
        self.stale: dict[str, None] = {}

    def catch_up(self, members: dict[str, Any]) -> None:
        for key in self.stale:
            value = self._of(members[key]) if key in members else None
            if key in self.places:
                if key in members and self.places[key] == value:
                    continue
                del self.keys[self.places.pop(key)][key]
            if key in members:
                self.places[key] = value
                self.keys.setdefault(value, {})[key] = None
        self.stale.clear()


class Store:
    """One table of JSON texts by collection and key; nothing at all without a path."""

    def __init__(self, path: Path | None) -> None:
        self._connection: sqlite3.Connection | None = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS state "
            "(collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, "
            "PRIMARY KEY (collection, key)) "
            "WITHOUT ROWID"
        )
        self._connection = connection

    def load(self) -> dict[str, dict[str, Any]]:
        """Everything that was committed: collection -> key -> value."""
        found: dict[str, dict[str, Any]] = {}
        if self._connection is not None:
            for collection, key, value in self._connection.execute(
                "SELECT collection, key, value FROM state"
            ):
                found.setdefault(collection, {})[key] = json.loads(value)
        return found

    def commit(self, changes: Iterable[tuple[str, str, Any]]) -> None:
        """Writes all changes in one transaction; a value of None deletes."""
        if self._connection is None:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for collection, key, value in changes:
                if value is None:
                    self._connection.execute(
                        "DELETE FROM state WHERE collection=? AND key=?", (collection, key)
                    )
                else:
                    text = json.dumps(value, ensure_ascii=False)
                    self._connection.execute(
                        "INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (collection, key, text)
                    )
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Closes the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
