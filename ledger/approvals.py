"""Who allowed what, in which role, for which reason: every decision, the newest in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.tables import approval

Decision = Literal["approved", "withheld", "returned"]
"""同意, 依法不予公示, 审核退回."""


@dataclass(frozen=True)
class ApprovalRow:
    """One decision on one version of a subject. `by_role` is a role, never a name; times are UTC."""

    subject_kind: str
    subject_key: str
    subject_version: int
    seq_no: int
    decision: str
    by_role: str
    reason: str | None
    source: str
    at: datetime


def record_approval(
    tx: Transaction,
    task_id: str,
    subject_kind: str,
    subject_key: str,
    decision: Decision,
    *,
    by_role: str,
    reason: str | None,
    at: datetime,
    source: str,
    now: datetime,
    subject_version: int = 1,
) -> ApprovalRow:
    """Records a decision made in `source` at `at`; the same again is no news. Returns the one in force."""
    before = approval_of(tx, task_id, subject_kind, subject_key, subject_version)
    row = ApprovalRow(
        subject_kind,
        subject_key,
        subject_version,
        0 if before is None else before.seq_no + 1,
        decision,
        by_role,
        reason or None,
        source,
        at,
    )
    if before is not None and _content(before) == _content(row):
        return before
    tx.execute(
        approval.insert(),
        {
            "task_id": task_id,
            "subject_kind": subject_kind,
            "subject_key": subject_key,
            "subject_version": subject_version,
            "seq_no": row.seq_no,
            "decision": decision,
            "by_role": by_role,
            "reason": row.reason,
            "approved_from": source,
            "decided_at": at,
            "recorded_at": now,
        },
    )
    facts = {"kind": subject_kind, "key": subject_key, "version": subject_version, "decision": decision}
    append(tx, "approval", task_id, facts | {"by_role": by_role, "source": source}, now)
    return row


def approval_of(
    tx: Transaction, task_id: str, subject_kind: str, subject_key: str, subject_version: int = 1
) -> ApprovalRow | None:
    """The decision in force on one version of a subject."""
    column = approval.c
    query = sa.select(approval).where(
        column.task_id == task_id,
        column.subject_kind == subject_kind,
        column.subject_key == subject_key,
        column.subject_version == subject_version,
    )
    row = tx.execute(query.order_by(column.seq_no.desc()).limit(1)).one_or_none()
    return None if row is None else _approval(row)


def approvals(tx: Transaction, task_id: str, subject_kind: str | None = None) -> list[ApprovalRow]:
    """The decisions in force, of one kind of subject if given, by kind, key and version."""
    column = approval.c
    query = sa.select(approval).where(column.task_id == task_id)
    if subject_kind is not None:
        query = query.where(column.subject_kind == subject_kind)
    newest = {
        (row.subject_kind, row.subject_key, row.subject_version): _approval(row)
        for row in tx.execute(query.order_by(column.seq_no))
    }
    return [newest[key] for key in sorted(newest)]


def _approval(row: sa.Row[tuple[object, ...]]) -> ApprovalRow:
    return ApprovalRow(
        row.subject_kind,
        row.subject_key,
        row.subject_version,
        row.seq_no,
        row.decision,
        row.by_role,
        row.reason,
        row.approved_from,
        row.decided_at,
    )


def _content(row: ApprovalRow) -> tuple[object, ...]:
    return (row.decision, row.by_role, row.reason, row.source, row.at)
