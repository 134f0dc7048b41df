"""How the ledger stores a moment (naive UTC there, aware in Python) and what is personal (sealed)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ledger.encrypted import NO_KEYS, Keys

UNOPENED = "DB-LEDGER-012"


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A moment. Not every database keeps a zone, so the rule does: what is stored is UTC."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware in, naive UTC out. Raises ValueError for a time without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Naive UTC in, aware UTC out."""
        return None if value is None else value.replace(tzinfo=UTC)


class SealedText(sa.types.TypeDecorator[str]):
    """Text with personal data: plain in Python; sealed in a database that was opened with keys.

    `place` is `table.column`.  In SQL such a column can be read and written, never searched or compared: the
    same text is stored in another way each time.  What was written without keys, or with older ones, is read
    as well.  Raises DrawbridgeError DB-LEDGER-012 if a value does not open.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Plain in, sealed out."""
        return None if value is None else keys_of(dialect).seal_text(self.place, value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], str | None]:
        """Sealed in, plain out; in one step, since a directory is read in 100,000 rows and more."""
        # The mark begins with an `s`, and no JSON does: what is plain costs one look.
        place, unseal = self.place, keys_of(dialect).unseal_text

        def plain(value: str | None) -> str | None:
            return value if value is None or value[0:1] != "s" else unseal(place, value, UNOPENED)

        return plain


class SealedBytes(sa.types.TypeDecorator[bytes]):
    """As `SealedText`, of bytes."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Plain in, sealed out."""
        return None if value is None else keys_of(dialect).seal(self.place, value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Sealed in, plain out."""
        return None if value is None else keys_of(dialect).unseal(self.place, bytes(value), UNOPENED)


def give_keys(dialect: Dialect, keys: Keys) -> None:
    """The keys of one open database, kept where SQLAlchemy brings them to every column that is sealed."""
    vars(dialect)["drawbridge_keys"] = keys


def keys_of(dialect: Dialect) -> Keys:
    """The keys that a database was opened with; of a transaction: `keys_of(tx.dialect)`."""
    found: Keys = vars(dialect).get("drawbridge_keys", NO_KEYS)
    return found


def time_text(at: datetime) -> str:
    """A moment as the audit chain and documents of ours write it: UTC, microseconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_time_text(text: str) -> datetime:
    """The moment that `time_text` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
