"""How the ledger stores a moment: naive UTC in the database, aware in Python."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect


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


def time_text(at: datetime) -> str:
    """A moment as the audit chain and documents of ours write it: UTC, microseconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_time_text(text: str) -> datetime:
    """The moment that `time_text` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
