"""比对和确认: when the objects were sent out, what each department answered, what was replaced.

An answer that changes is a new entry; the newest of each origin is in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.many_records import no_cycles
from ledger.tables import confirmation, dispatch, replacement
from ledger.texts import digest_of, text_of
from schemas.confirmation import Confirmation
from schemas.errors import DrawbridgeError

Origin = Literal["platform", "local"]
"""Where an answer was given."""


@dataclass(frozen=True)
class RecordedConfirmation:
    """A department's answer in force, with its origin; `seq_no` counts its changes from 0."""

    origin: str
    seq_no: int
    confirmation: Confirmation


@dataclass(frozen=True)
class Replacement:
    """A drawn object that was replaced; `by` None: no reserve was left. `decided_by` is a role."""

    batch_no: int
    replaced: str
    by: str | None
    reason: str
    decided_by: str
    at: datetime


def record_dispatch(tx: Transaction, task_id: str, batch_no: int, at: datetime, now: datetime) -> datetime:
    """Records when batch `batch_no` of the objects went out; returns what was recorded first.

    Batch 0 are the drawn objects, batch *n* the replacements of batch *n* of the objections.
    """
    recorded = dispatches(tx, task_id).get(batch_no)
    if recorded is not None:
        return recorded
    tx.execute(dispatch.insert(), {"task_id": task_id, "batch_no": batch_no, "dispatched_at": at})
    append(tx, "dispatched", task_id, {"batch": batch_no}, now)
    return at


def dispatches(tx: Transaction, task_id: str) -> dict[int, datetime]:
    """When each batch went out, UTC."""
    query = sa.select(dispatch).where(dispatch.c.task_id == task_id).order_by(dispatch.c.batch_no)
    return {row.batch_no: row.dispatched_at for row in tx.execute(query)}


def record_confirmations(
    tx: Transaction, task_id: str, rows: Sequence[Confirmation], origin: Origin, now: datetime
) -> int:
    """Records answers; returns how many are new or changed."""
    known = {
        (entry.confirmation.object_id, entry.confirmation.dept_code): entry
        for entry in confirmations(tx, task_id, origin)
    }
    news: list[list[str]] = []
    entries: list[dict[str, object]] = []
    for row in rows:
        before = known.get((row.object_id, row.dept_code))
        if before is not None and before.confirmation == row:
            continue
        seq_no = 0 if before is None else before.seq_no + 1
        body = text_of(row)
        entries.append(
            {
                "task_id": task_id,
                "object_id": row.object_id,
                "dept_code": row.dept_code,
                "origin": origin,
                "seq_no": seq_no,
                "body": body,
                "digest": digest_of(body),
                "recorded_at": now,
            }
        )
        known[row.object_id, row.dept_code] = RecordedConfirmation(origin, seq_no, row)
        news.append([row.object_id, row.dept_code, row.verdict.value, digest_of(body)])
    if news:
        tx.execute(confirmation.insert(), entries)
        append(tx, "confirmations", task_id, {"origin": origin, "answers": news}, now)
    return len(news)


def confirmations(tx: Transaction, task_id: str, origin: Origin | None = None) -> list[RecordedConfirmation]:
    """The answers in force, of one origin if given, by object, department and origin."""
    column = confirmation.c
    query = sa.select(confirmation).where(column.task_id == task_id)
    if origin is not None:
        query = query.where(column.origin == origin)
    with no_cycles():
        newest = {
            (row.object_id, row.dept_code, row.origin): RecordedConfirmation(
                row.origin, row.seq_no, Confirmation.model_validate_json(row.body)
            )
            for row in tx.execute(query.order_by(column.seq_no))
        }
    return [newest[key] for key in sorted(newest)]


def conflicts(tx: Transaction, task_id: str) -> list[tuple[Confirmation, Confirmation]]:
    """Where the platform's answer and ours disagree: `(platform, local)`, for the office to settle."""
    by_origin: dict[str, dict[tuple[str, str], Confirmation]] = {"platform": {}, "local": {}}
    for entry in confirmations(tx, task_id):
        answer = entry.confirmation
        by_origin[entry.origin][answer.object_id, answer.dept_code] = answer
    both = by_origin["platform"].keys() & by_origin["local"].keys()
    pairs = [(by_origin["platform"][key], by_origin["local"][key]) for key in sorted(both)]
    return [pair for pair in pairs if (pair[0].verdict, pair[0].reason) != (pair[1].verdict, pair[1].reason)]


def record_replacements(
    tx: Transaction, task_id: str, batch_no: int, rows: Sequence[Replacement], now: datetime
) -> list[Replacement]:
    """Records one batch of replacements, whole; returns the batch as recorded.

    Raises DrawbridgeError DB-LEDGER-031 if the batch is on record with other replacements.
    """
    recorded = [row for row in replacements(tx, task_id) if row.batch_no == batch_no]
    if recorded:
        if [(r.replaced, r.by) for r in recorded] != [(r.replaced, r.by) for r in rows]:
            raise DrawbridgeError("DB-LEDGER-031", what="替换批次", key=batch_no)
        return recorded
    for entry_no, row in enumerate(rows):
        tx.execute(
            replacement.insert(),
            {
                "task_id": task_id,
                "batch_no": batch_no,
                "replaced": row.replaced,
                "entry_no": entry_no,
                "replaced_by": row.by,
                "reason": row.reason,
                "decided_by": row.decided_by,
                "decided_at": row.at,
            },
        )
    if rows:
        facts = {"batch": batch_no, "replacements": [[row.replaced, row.by] for row in rows]}
        append(tx, "replaced", task_id, facts, now)
    return list(rows)


def replacements(tx: Transaction, task_id: str) -> list[Replacement]:
    """All replacements, in the order they were made."""
    column = replacement.c
    query = sa.select(replacement).where(column.task_id == task_id)
    return [
        Replacement(row.batch_no, row.replaced, row.replaced_by, row.reason, row.decided_by, row.decided_at)
        for row in tx.execute(query.order_by(column.batch_no, column.entry_no))
    ]
