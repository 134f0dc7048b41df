"""Single members of the texts that the ledger keeps, taken out of them by the database.

A text is one JSON object; of thousands of them the database takes out a few members in the time in which
Python reads one of them in ten.  Into texts that are sealed it cannot look.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from ledger.engine import Transaction
from ledger.types import keys_of


def is_sealed(tx: Transaction) -> bool:
    """Whether texts of this ledger may be sealed, so that only Python reads them."""
    return bool(keys_of(tx.dialect).by_name)


def members_of(tx: Transaction, body: sa.Column[str]) -> sa.ColumnElement[Any]:
    """The column's text as an object: `members_of(tx, table.c.body)["name"].as_string()` is one member."""
    text = sa.type_coerce(body, sa.Text)
    return sa.type_coerce(text, sa.JSON) if tx.dialect.name == "sqlite" else sa.cast(text, sa.JSON)
