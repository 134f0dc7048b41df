"""The messages that items go out in: frozen bytes, what was tried with them, every answer that came.

A message is written before anything is sent, and its bytes never change.  `sends` counts how often
it was handed to the network or may have been, `tries` how often that is known to have come to
nothing; as long as both are equal, nobody can have executed it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from ledger.engine import Transaction
from ledger.tables_outbox import delivery_batch, delivery_batch_item, exchange_log
from ledger.texts import digest_of


@dataclass(frozen=True)
class Message:
    """A batch. `state`: ready (certainly not executed), sending (unknown), pending, done, void, parked.

    `created_at` is campaign time, the other times are wall time; all are UTC.
    """

    batch_no: str
    kind: str
    task_id: str
    system: str
    state: str
    body: bytes
    body_digest: str
    created_at: datetime
    sent_at: datetime
    tries: int
    sends: int
    absent_reads: int
    absent_since: datetime | None
    next_try_at: datetime | None

    @property
    def subject(self) -> str:
        """How the audit chain calls this message."""
        return f"{self.kind}/{self.batch_no}"

    @property
    def is_unknown(self) -> bool:
        """Whether one of its sends may have been executed."""
        return self.sends > self.tries


class Standing(NamedTuple):
    """How a message stands."""

    batch_no: str
    state: str
    sends: int


@dataclass(frozen=True)
class Exchanged:
    """One answer, or the lack of one: `act` send, query or operator; `at` is wall time, UTC."""

    entry_no: int
    act: str
    outcome: str
    code: str | None
    answer: str
    at: datetime


def new_message(
    batch_no: str, kind: str, task_id: str, system: str, body: bytes, created_at: datetime, wall: datetime
) -> Message:
    """A message about to be sent for the first time. `created_at`: campaign time; `wall`: wall time."""
    return Message(
        batch_no=batch_no,
        kind=kind,
        task_id=task_id,
        system=system,
        state="sending",
        body=body,
        body_digest=digest_of(body),
        created_at=created_at,
        sent_at=wall,
        tries=0,
        sends=1,
        absent_reads=0,
        absent_since=None,
        next_try_at=None,
    )


def add_messages(tx: Transaction, added: Sequence[tuple[Message, Sequence[tuple[str, int]]]]) -> None:
    """Writes new messages, each with key and version of what is in it."""
    tx.execute(_ADD_MESSAGE, [vars(message) for message, _ in added])
    tx.execute(
        _ADD_MEMBERS,
        [
            {"batch_no": message.batch_no, "entry_no": number, "item_key": key, "item_version": version}
            for message, members in added
            for number, (key, version) in enumerate(members, 1)
        ],
    )


def standing(tx: Transaction, batch_nos: Collection[str]) -> dict[str, Standing]:
    """How messages stand now, without their bytes."""
    return {row.batch_no: Standing(*row) for row in tx.execute(_STANDING, {"the_batches": [*batch_nos]})}


def message_of(tx: Transaction, batch_no: str) -> Message | None:
    """One message."""
    row = tx.execute(_MESSAGE, {"the_batch": batch_no}).one_or_none()
    return None if row is None else _message(row)


def messages_in(tx: Transaction, kind: str, task_id: str, states: Collection[str]) -> list[Message]:
    """The messages of one kind in certain states, oldest first."""
    column = delivery_batch.c
    query = sa.select(delivery_batch).where(
        column.kind == kind, column.task_id == task_id, column.state.in_(sorted(states))
    )
    return [_message(row) for row in tx.execute(query.order_by(column.sent_at, column.batch_no))]


def message_count(tx: Transaction, kind: str, task_id: str) -> int:
    """How many messages of one kind and task were ever written."""
    column = delivery_batch.c
    query = sa.select(sa.func.count()).where(column.kind == kind, column.task_id == task_id)
    return int(tx.scalar(query) or 0)


def members(tx: Transaction, batch_no: str) -> list[tuple[str, int]]:
    """Key and version of what the message was written with, in its order."""
    column = delivery_batch_item.c
    query = sa.select(column.item_key, column.item_version).where(column.batch_no == batch_no)
    return [(key, version) for key, version in tx.execute(query.order_by(column.entry_no)).tuples()]


def set_message(tx: Transaction, batch_no: str, **values: object) -> None:
    """Changes columns of a message, never its bytes."""
    set_messages(tx, [(batch_no, values)])


def set_messages(tx: Transaction, changes: Sequence[tuple[str, Mapping[str, object]]]) -> None:
    """Changes several messages, each in its own way."""
    alike: dict[tuple[str, ...], list[dict[str, object]]] = {}
    for batch_no, values in changes:
        given = {"the_batch": batch_no} | {f"new_{column}": value for column, value in values.items()}
        alike.setdefault(tuple(values), []).append(given)
    for columns, rows in alike.items():
        tx.execute(_change_of(columns), rows)


# Statements are made once: what SQLAlchemy does to make one costs more than SQLite does to carry it out.
_MESSAGE = sa.select(delivery_batch).where(delivery_batch.c.batch_no == sa.bindparam("the_batch"))
_STANDING = sa.select(delivery_batch.c.batch_no, delivery_batch.c.state, delivery_batch.c.sends).where(
    delivery_batch.c.batch_no.in_(sa.bindparam("the_batches", expanding=True))
)
_LAST_NUMBERS = (
    sa.select(exchange_log.c.batch_no, sa.func.max(exchange_log.c.entry_no))
    .where(exchange_log.c.batch_no.in_(sa.bindparam("the_batches", expanding=True)))
    .group_by(exchange_log.c.batch_no)
)
_LAST_ENTRY = (
    sa.select(exchange_log)
    .where(exchange_log.c.batch_no == sa.bindparam("the_batch"))
    .order_by(exchange_log.c.entry_no.desc())
    .limit(1)
)
_ADD_MESSAGE, _ADD_MEMBERS, _ADD_ENTRY = (
    table.insert() for table in (delivery_batch, delivery_batch_item, exchange_log)
)


@lru_cache(maxsize=64)
def _change_of(columns: tuple[str, ...]) -> sa.Update:
    new = {name: sa.bindparam(f"new_{name}", type_=delivery_batch.c[name].type) for name in columns}
    return delivery_batch.update().where(delivery_batch.c.batch_no == sa.bindparam("the_batch")).values(**new)


def log_answer(
    tx: Transaction,
    batch_no: str,
    act: str,
    outcome: str,
    code: str | None,
    answer: str,
    wall: datetime,
    *,
    repeats: bool = False,
) -> None:
    """Keeps what came back. `repeats`: the same as the entry before it need not be written again."""
    last = _last_entry(tx, batch_no) if repeats else None
    if last is None or (last.act, last.outcome, last.code, last.answer) != (act, outcome, code, answer):
        log_answers(tx, [(batch_no, answer)], act, outcome, code, wall)


def log_answers(
    tx: Transaction,
    answers: Sequence[tuple[str, str]],
    act: str,
    outcome: str,
    code: str | None,
    wall: datetime,
) -> None:
    """Keeps what came back of several messages: number, and answer as it came."""
    known = tx.execute(_LAST_NUMBERS, {"the_batches": [batch_no for batch_no, _ in answers]})
    last: dict[str, int] = dict(known.tuples().all())
    tx.execute(
        _ADD_ENTRY,
        [
            {
                "batch_no": batch_no,
                "entry_no": last.get(batch_no, 0) + 1,
                "act": act,
                "outcome": outcome,
                "code": code,
                "answer": answer,
                "answered_at": wall,
            }
            for batch_no, answer in answers
        ],
    )


def exchanges(tx: Transaction, batch_no: str) -> list[Exchanged]:
    """Everything that came back about a message, in order: the evidence for an operator."""
    query = sa.select(exchange_log).where(exchange_log.c.batch_no == batch_no)
    return [_exchanged(row) for row in tx.execute(query.order_by(exchange_log.c.entry_no))]


def _last_entry(tx: Transaction, batch_no: str) -> Exchanged | None:
    row = tx.execute(_LAST_ENTRY, {"the_batch": batch_no}).one_or_none()
    return None if row is None else _exchanged(row)


def _exchanged(row: Any) -> Exchanged:
    return Exchanged(row.entry_no, row.act, row.outcome, row.code, row.answer, row.answered_at)


def _message(row: Any) -> Message:
    return Message(
        row.batch_no,
        row.kind,
        row.task_id,
        row.system,
        row.state,
        bytes(row.body),
        row.body_digest,
        row.created_at,
        row.sent_at,
        row.tries,
        row.sends,
        row.absent_reads,
        row.absent_since,
        row.next_try_at,
    )
