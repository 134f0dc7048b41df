"""When what was delivered was accepted: for reports, which read many at once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from ledger.engine import Transaction
from ledger.tables_outbox import delivery_item


def accepted_at(tx: Transaction, kind: str, task_id: str) -> dict[str, datetime]:
    """Item key -> when its first version was accepted (campaign time, UTC), of one kind and campaign."""
    column = delivery_item.c
    query = sa.select(column.item_key, column.settled_at).where(
        column.kind == kind,
        column.task_id == task_id,
        column.state == "accepted",
        column.settled_at.is_not(None),
    )
    found: dict[str, datetime] = {}
    for key, at in tx.execute(query.order_by(column.item_version)).tuples():
        found.setdefault(key, at)
    return found
