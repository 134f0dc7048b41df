"""Every comparison with the outside that found something new, with what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ledger.engine import Transaction
from ledger.tables_outbox import reconciliation, reconciliation_finding
from ledger.texts import json_text


@dataclass(frozen=True)
class Reconciliation:
    """One run: counts by name, findings as (kind, key, facts as JSON text). `at` is UTC."""

    run_no: int
    counts: Mapping[str, int]
    findings: Sequence[tuple[str, str, str]]
    at: datetime


def add_run(
    tx: Transaction,
    task_id: str,
    counts: Mapping[str, int],
    findings: Sequence[tuple[str, str, str]],
    now: datetime,
) -> Reconciliation:
    """Writes a run under the next number."""
    column = reconciliation.c
    last = tx.scalar(sa.select(sa.func.max(column.run_no)).where(column.task_id == task_id)) or 0
    run = Reconciliation(last + 1, dict(counts), list(findings), now)
    tx.execute(
        reconciliation.insert(),
        {"task_id": task_id, "run_no": run.run_no, "counts": json_text(counts), "reconciled_at": now},
    )
    if findings:
        tx.execute(
            reconciliation_finding.insert(),
            [
                {
                    "task_id": task_id,
                    "run_no": run.run_no,
                    "entry_no": number,
                    "finding": kind,
                    "item_key": key,
                    "body": facts,
                }
                for number, (kind, key, facts) in enumerate(findings, 1)
            ],
        )
    return run


def last_run(tx: Transaction, task_id: str) -> Reconciliation | None:
    """The newest run."""
    runs = _runs(tx, task_id, newest_only=True)
    return runs[0] if runs else None


def reconciliations(tx: Transaction, task_id: str) -> list[Reconciliation]:
    """All runs, oldest first."""
    return _runs(tx, task_id, newest_only=False)


def _runs(tx: Transaction, task_id: str, *, newest_only: bool) -> list[Reconciliation]:
    column, entry = reconciliation.c, reconciliation_finding.c
    query = sa.select(reconciliation).where(column.task_id == task_id).order_by(column.run_no)
    if newest_only:
        query = query.order_by(None).order_by(column.run_no.desc()).limit(1)
    found: list[Reconciliation] = []
    for row in tx.execute(query).all():
        lines = tx.execute(
            sa.select(entry.finding, entry.item_key, entry.body)
            .where(entry.task_id == task_id, entry.run_no == row.run_no)
            .order_by(entry.entry_no)
        ).tuples()
        found.append(Reconciliation(row.run_no, json.loads(row.counts), list(lines.all()), row.reconciled_at))
    return found
