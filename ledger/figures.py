"""Counts over the whole ledger, for alerts and metrics: numbers and codes, nothing of what records hold."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from ledger.audit import AuditEvent
from ledger.engine import Transaction
from ledger.tables import approval, audit_event
from ledger.tables_outbox import delivery_batch, delivery_item, exchange_log
from ledger.types import read_time_text


class ItemCount(NamedTuple):
    """So many items of one kind and task are in one state."""

    task_id: str
    kind: str
    state: str
    how_many: int


class ParkedCount(NamedTuple):
    """So many items of one message wait for an operator."""

    task_id: str
    kind: str
    batch_no: str
    how_many: int


class AnswerCount(NamedTuple):
    """So many answers of one outcome came from one system to one kind of act (send, query)."""

    system: str
    act: str
    outcome: str
    how_many: int


@dataclass(frozen=True)
class LastAnswer:
    """The newest entry about a message that is still open. `at` is wall time, UTC."""

    outcome: str
    code: str | None
    at: datetime


def item_figures(tx: Transaction) -> list[ItemCount]:
    """Items by task, kind and state."""
    column = delivery_item.c
    by = (column.task_id, column.kind, column.state)
    query = sa.select(*by, sa.func.count()).group_by(*by).order_by(*by)
    return [ItemCount(*row) for row in tx.execute(query).tuples()]


def parked_figures(tx: Transaction) -> list[ParkedCount]:
    """Parked items by message, oldest task first."""
    column = delivery_item.c
    by = (column.task_id, column.kind, column.batch_no)
    query = sa.select(*by, sa.func.count()).where(column.state == "parked", column.batch_no.is_not(None))
    return [ParkedCount(*row) for row in tx.execute(query.group_by(*by).order_by(*by)).tuples()]


def answer_figures(tx: Transaction) -> list[AnswerCount]:
    """What came back from each system since the ledger was begun; what operators decided is left out."""
    batch, entry = delivery_batch.c, exchange_log.c
    by = (batch.system, entry.act, entry.outcome)
    query = (
        sa.select(*by, sa.func.count())
        .join_from(exchange_log, delivery_batch, entry.batch_no == batch.batch_no)
        .where(entry.act != "operator")
        .group_by(*by)
        .order_by(*by)
    )
    return [AnswerCount(*row) for row in tx.execute(query).tuples()]


def last_answers(tx: Transaction) -> list[LastAnswer]:
    """The newest answer on each message that is not settled: where the line may be down now."""
    batch, entry = delivery_batch.c, exchange_log.c
    newest = (
        sa.select(entry.batch_no, sa.func.max(entry.entry_no).label("entry_no"))
        .join_from(exchange_log, delivery_batch, entry.batch_no == batch.batch_no)
        .where(batch.state.in_(("ready", "sending", "pending")))
        .group_by(entry.batch_no)
        .subquery()
    )
    query = sa.select(entry.outcome, entry.code, entry.answered_at).join_from(
        exchange_log,
        newest,
        sa.and_(entry.batch_no == newest.c.batch_no, entry.entry_no == newest.c.entry_no),
    )
    return [LastAnswer(row.outcome, row.code, row.answered_at) for row in tx.execute(query)]


def decided_since(tx: Transaction, task_id: str, kind: str, since: datetime) -> set[str]:
    """Keys of the subjects of one kind on which a decision was recorded after a moment (campaign time)."""
    column = approval.c
    query = sa.select(column.subject_key).where(
        column.task_id == task_id, column.subject_kind == kind, column.recorded_at > since
    )
    return set(tx.scalars(query))


def failure_figures(tx: Transaction) -> dict[tuple[str, str], int]:
    """How often stages have stopped, by stage and code, since the ledger was begun."""
    column = audit_event.c
    query = sa.select(column.facts).where(column.kind == "stage", column.facts.contains('"failed":"'))
    told = (json.loads(facts) for facts in tx.scalars(query))
    return dict(Counter((str(facts["stage"]), str(facts["failed"])) for facts in told if "failed" in facts))


def last_event_at(tx: Transaction) -> datetime | None:
    """When the newest event of the audit chain happened, UTC; None: nothing has."""
    text = tx.scalar(sa.select(audit_event.c.event_at).order_by(audit_event.c.seq_no.desc()).limit(1))
    return None if text is None else read_time_text(text)


def last_step_at(tx: Transaction, task_id: str) -> datetime | None:
    """When a run last did something for the campaign, UTC; None: nothing yet.

    What people do beside the runs (approvers, keys, erasing, lists that are taken out) does not count.
    """
    column = audit_event.c
    query = (
        sa.select(column.event_at)
        .where(column.kind.in_(_STEPS), column.subject.contains(task_id, autoescape=True))
        .order_by(column.seq_no.desc())
        .limit(1)
    )
    text = tx.scalar(query)
    return None if text is None else read_time_text(text)


# Events that runs alone write, at the time that they live in.
_STEPS = (
    "campaign-registered",
    "stage",
    "dispatched",
    "public-number",
    "drawn",
    "answered",
    "results-recorded",
)


def events_after(tx: Transaction, seq: int, limit: int = 1000) -> list[AuditEvent]:
    """The next events of the audit chain after number `seq`, at most `limit`."""
    column = audit_event.c
    query = sa.select(audit_event).where(column.seq_no > seq).order_by(column.seq_no).limit(limit)
    return [
        AuditEvent(
            row.seq_no, read_time_text(row.event_at), row.kind, row.subject, json.loads(row.facts), row.digest
        )
        for row in tx.execute(query)
    ]


def batch_tasks(tx: Transaction, batch_numbers: list[str]) -> dict[str, str]:
    """The campaign of each message."""
    column = delivery_batch.c
    query = sa.select(column.batch_no, column.task_id).where(column.batch_no.in_(batch_numbers))
    return dict(tx.execute(query).tuples().all())
