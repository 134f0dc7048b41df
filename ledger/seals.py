"""Seals that departments handed in here, where the platform has no place for them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.tables import draw_seal
from schemas.errors import DrawbridgeError


def record_seal(
    tx: Transaction, task_id: str, stage: str, round_no: int, contributor: str, commitment: str, now: datetime
) -> bool:
    """Records a seal; True if it is news. Raises DrawbridgeError DB-CEREMONY-010 for another one."""
    known = seals(tx, task_id, stage, round_no).get(contributor)
    if known == commitment:
        return False
    if known is not None:
        raise DrawbridgeError("DB-CEREMONY-010", contributor=contributor, stage=stage, round=round_no)
    row = {"task_id": task_id, "stage": stage, "round_no": round_no, "contributor": contributor}
    tx.execute(draw_seal.insert(), row | {"commitment": commitment, "given_at": now})
    facts = {"contributor": contributor, "commitment": commitment}
    append(tx, "draw-sealed", f"{task_id}/{stage}/{round_no}", facts, now)
    return True


def seals(tx: Transaction, task_id: str, stage: str, round_no: int) -> dict[str, str]:
    """Contributor -> commitment, of those who sealed here for this round."""
    column = draw_seal.c
    rows = tx.execute(
        sa.select(column.contributor, column.commitment).where(
            column.task_id == task_id, column.stage == stage, column.round_no == round_no
        )
    )
    return {row.contributor: row.commitment for row in rows}
