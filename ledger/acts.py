"""Acts that two people decide: one asks, with a reason, another allows, and then it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.tables import operator_act
from ledger.texts import json_text
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Act:
    """One act on one version of a record. `facts` is JSON; `allowed_by` None: only asked for so far."""

    act_no: int
    task_id: str
    kind: str
    key: str
    version: int
    facts: Mapping[str, Any]
    reason: str
    asked_by: str
    asked_role: str
    asked_at: datetime
    allowed_by: str | None
    allowed_role: str | None
    allowed_at: datetime | None


def ask_act(
    tx: Transaction,
    task_id: str,
    kind: str,
    key: str,
    version: int,
    facts: Mapping[str, Any],
    *,
    reason: str,
    asked_by: str,
    asked_role: str,
    now: datetime,
) -> Act:
    """Asks for an act. Raises DrawbridgeError DB-ACT-001 if the same is asked for already and still open."""
    for act in acts(tx, task_id):
        if (act.kind, act.key, act.version) == (kind, key, version) and act.allowed_by is None:
            raise DrawbridgeError("DB-ACT-001", act=act.act_no, key=key)
    number = (tx.scalar(sa.select(sa.func.max(operator_act.c.act_no))) or 0) + 1
    row = {"act_no": number, "task_id": task_id, "act_kind": kind, "subject_key": key}
    row |= {"subject_version": version, "facts": json_text(facts), "reason": reason}
    tx.execute(operator_act.insert(), row | {"asked_by": asked_by, "asked_role": asked_role, "asked_at": now})
    told = {"act": number, "kind": kind, "key": key, "version": version, "reason": reason}
    append(tx, "act-asked", task_id, told | {"asked_by": asked_by, "asked_role": asked_role}, now)
    return act_of(tx, task_id, number)


def allow_act(
    tx: Transaction, task_id: str, act_no: int, *, allowed_by: str, allowed_role: str, now: datetime
) -> Act:
    """Allows an act that another asked for; the caller does it in the same transaction.

    Raises DrawbridgeError DB-ACT-002 if there is none, -003 if it was allowed before, -004 if the same person
    asked.
    """
    act = act_of(tx, task_id, act_no)
    if act.allowed_by is not None:
        raise DrawbridgeError("DB-ACT-003", act=act_no)
    if act.asked_by == allowed_by:
        raise DrawbridgeError("DB-ACT-004")
    tx.execute(
        operator_act.update()
        .where(operator_act.c.act_no == act_no)
        .values(allowed_by=allowed_by, allowed_role=allowed_role, allowed_at=now)
    )
    append(
        tx,
        "act-allowed",
        task_id,
        {"act": act_no, "allowed_by": allowed_by, "allowed_role": allowed_role},
        now,
    )
    return act_of(tx, task_id, act_no)


def act_of(tx: Transaction, task_id: str, act_no: int) -> Act:
    """One act. Raises DrawbridgeError DB-ACT-002 if the campaign has none of this number."""
    found = next((act for act in acts(tx, task_id) if act.act_no == act_no), None)
    if found is None:
        raise DrawbridgeError("DB-ACT-002", act=act_no)
    return found


def acts(tx: Transaction, task_id: str) -> list[Act]:
    """Everything that was ever asked for in a campaign, in order."""
    query = sa.select(operator_act).where(operator_act.c.task_id == task_id)
    return [
        Act(
            row.act_no,
            row.task_id,
            row.act_kind,
            row.subject_key,
            row.subject_version,
            json.loads(row.facts),
            row.reason,
            row.asked_by,
            row.asked_role,
            row.asked_at,
            row.allowed_by,
            row.allowed_role,
            row.allowed_at,
        )
        for row in tx.execute(query.order_by(operator_act.c.act_no))
    ]
