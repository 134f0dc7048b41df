"""Leave for another round of a draw: one asks, with a reason, and another allows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.tables import draw_leave
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Leave:
    """Leave for round `round_no` after the document `previous`; `allowed_by` None: only asked for so far.

    `public_number`: a `PublicNumber` as JSON, where the plan names none that is late enough.
    """

    task_id: str
    stage: str
    round_no: int
    previous: str
    reason: str
    public_number: str | None
    asked_by: str
    asked_role: str
    asked_at: datetime
    allowed_by: str | None
    allowed_role: str | None
    allowed_at: datetime | None


def leave_for(tx: Transaction, task_id: str, stage: str, round_no: int) -> Leave | None:
    """The leave for one round, asked for or allowed."""
    row = tx.execute(sa.select(draw_leave).where(_of(task_id, stage, round_no))).one_or_none()
    return None if row is None else Leave(*row)


def ask_leave(
    tx: Transaction,
    task_id: str,
    stage: str,
    round_no: int,
    *,
    previous: str,
    reason: str,
    public_number: str | None,
    asked_by: str,
    asked_role: str,
    now: datetime,
) -> Leave:
    """Asks for another round. Raises DrawbridgeError DB-CEREMONY-020 if somebody has asked already."""
    if leave_for(tx, task_id, stage, round_no) is not None:
        raise DrawbridgeError("DB-CEREMONY-020", stage=stage, round=round_no)
    row: dict[str, object] = {"task_id": task_id, "stage": stage, "round_no": round_no}
    row |= {"previous": previous, "reason": reason}
    row |= {"public_number": public_number, "asked_by": asked_by, "asked_role": asked_role}
    tx.execute(draw_leave.insert(), row | {"asked_at": now})
    facts = {"previous": previous, "reason": reason, "asked_by": asked_by, "asked_role": asked_role}
    append(tx, "redraw-asked", f"{task_id}/{stage}/{round_no}", facts, now)
    return _must(tx, task_id, stage, round_no)


def allow_leave(
    tx: Transaction,
    task_id: str,
    stage: str,
    round_no: int,
    *,
    allowed_by: str,
    allowed_role: str,
    now: datetime,
) -> Leave:
    """Allows the round that another asked for; allowed already is no news.

    Raises DrawbridgeError DB-CEREMONY-021 if nobody asked, -022 if the same person asked.
    """
    asked = leave_for(tx, task_id, stage, round_no)
    if asked is None:
        raise DrawbridgeError("DB-CEREMONY-021", stage=stage, round=round_no)
    if asked.allowed_by is not None:
        return asked
    if asked.asked_by == allowed_by:
        raise DrawbridgeError("DB-CEREMONY-022")
    tx.execute(
        draw_leave.update()
        .where(_of(task_id, stage, round_no))
        .values(allowed_by=allowed_by, allowed_role=allowed_role, allowed_at=now)
    )
    facts = {"allowed_by": allowed_by, "allowed_role": allowed_role}
    append(tx, "redraw-allowed", f"{task_id}/{stage}/{round_no}", facts, now)
    return _must(tx, task_id, stage, round_no)


def _of(task_id: str, stage: str, round_no: int) -> sa.ColumnElement[bool]:
    column = draw_leave.c
    return sa.and_(column.task_id == task_id, column.stage == stage, column.round_no == round_no)


def _must(tx: Transaction, task_id: str, stage: str, round_no: int) -> Leave:
    found = leave_for(tx, task_id, stage, round_no)
    if found is None:
        raise LookupError("no such leave")
    return found
