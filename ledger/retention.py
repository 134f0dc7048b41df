"""Personal data whose time is over: what is erased, and what the chain says of it.

Erased are people and enterprises that left the directories, and rows as they came that were refused.  What
was drawn, filled in and published is the file of an administrative inspection (行政处罚法 §47; the office's
archive rules end its time) and stays.  Nobody may keep personal data for longer than its purpose needs, and
who erases it must be able to show that (个人信息保护法 §19, §47).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Ledger, Transaction
from ledger.tables import dir_row, quarantine
from ledger.types import time_text

NOTHING = "{}"
"""What stands in place of an erased row, never sealed; its digest stays, so that it can be recognised."""


@dataclass(frozen=True)
class Erased:
    """How many rows: refused as they came, inspectors and objects that left the directories."""

    refused: int
    inspectors: int
    objects: int


def overdue(tx: Transaction, before: datetime) -> Erased:
    """What was refused, or left the directories, before this moment (aware) and is still there."""
    refused = sa.select(sa.func.count()).select_from(quarantine).where(_refused(before))
    gone = {
        kind: sa.select(sa.func.count()).select_from(dir_row).where(_gone(kind, before))
        for kind in ("inspector", "object")
    }
    return Erased(*(tx.scalar(one) or 0 for one in (refused, gone["inspector"], gone["object"])))


def erase(tx: Transaction, before: datetime, now: datetime, workbooks: int = 0) -> Erased:
    """Erases what is overdue and adds `personal-data-erased` with the counts; for nothing, no event.

    `workbooks`: files of refused rows that the caller removes next.
    """
    found = overdue(tx, before)
    if found == Erased(0, 0, 0) and not workbooks:
        return found
    overwrites(tx)
    tx.execute(quarantine.update().where(_refused(before)).values(raw=sa.literal(NOTHING, sa.Text)))
    for kind in ("inspector", "object"):
        tx.execute(dir_row.delete().where(_gone(kind, before)))
    facts = {"before": time_text(before), **asdict(found), "workbooks": workbooks}
    append(tx, "personal-data-erased", "retention", facts, now)
    return found


def overwrites(tx: Transaction) -> None:
    """From here on SQLite writes zeros over what is erased or replaced, not only a mark that it is free."""
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("PRAGMA secure_delete=ON")


def settle(ledger: Ledger) -> None:
    """Empties SQLite's journal of what was erased; while somebody reads, the next checkpoint does it."""
    if ledger.engine.dialect.name == "sqlite":
        connection = ledger.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


def _refused(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(quarantine.c.recorded_at < before, sa.type_coerce(quarantine.c.raw, sa.Text) != NOTHING)


def _gone(kind: str, before: datetime) -> sa.ColumnElement[bool]:
    row = dir_row.c
    return sa.and_(row.kind == kind, row.is_gone.is_(True), row.changed_at < before)
