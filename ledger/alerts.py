"""Alerts: which are in force, what was written about them, and which channel has been told.

The intent to tell is committed before anything is sent and the outcome after it.  So a run that is killed
in between leaves a telling in `sending`: nobody knows whether it arrived, and its successor tells it once
more, under the same number, since a lost alert is worse than a repeated one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.tables_alerts import alert, alert_message, alert_telling
from ledger.texts import json_text


@dataclass(frozen=True)
class RecordedAlert:
    """One episode of an alert. Times are UTC; `over_at` None: it is in force."""

    alert_no: int
    key: str
    episode_no: int
    kind: str
    code: str
    task_id: str | None
    urgency: str
    facts: Mapping[str, Any]
    raised_at: datetime
    over_at: datetime | None

    @property
    def message_key(self) -> str:
        """The key of the message about it."""
        return f"alert/{self.alert_no}"


@dataclass(frozen=True)
class AlertMessage:
    """What is told, as frozen text. `created_at` is campaign time, UTC."""

    key: str
    title: str
    body: str
    created_at: datetime


@dataclass(frozen=True)
class Telling:
    """One message to one channel. `state`: sending (unknown after a kill), sent, failed. Wall times, UTC."""

    message_key: str
    channel: str
    state: str
    tries: int
    code: str | None
    tried_at: datetime
    next_try_at: datetime | None


def alerts_in_force(tx: Transaction) -> list[RecordedAlert]:
    """Every alert whose condition still holds, oldest first."""
    return _alerts(tx, alert.c.over_at.is_(None))


def alerts_ended_since(tx: Transaction, since: datetime) -> list[RecordedAlert]:
    """Every alert that was over after a moment (campaign time), oldest first."""
    return _alerts(tx, alert.c.over_at > since)


def alert_history(tx: Transaction, task_id: str | None = None) -> list[RecordedAlert]:
    """All episodes, of one campaign if given, oldest first."""
    return _alerts(tx, sa.true() if task_id is None else alert.c.task_id == task_id)


def raise_alert(
    tx: Transaction,
    key: str,
    *,
    kind: str,
    code: str,
    urgency: str,
    task_id: str | None,
    facts: Mapping[str, Any],
    now: datetime,
) -> RecordedAlert:
    """Records that a condition holds; the same key in force is no news. `facts`: JSON, nothing personal."""
    recorded = _alerts(tx, alert.c.alert_key == key)
    if recorded and recorded[-1].over_at is None:
        return recorded[-1]
    alert_no = 1 + (tx.scalar(sa.select(sa.func.max(alert.c.alert_no))) or 0)
    episode = RecordedAlert(alert_no, key, len(recorded) + 1, kind, code, task_id, urgency, facts, now, None)
    tx.execute(
        alert.insert(),
        {
            "alert_no": alert_no,
            "alert_key": key,
            "episode_no": episode.episode_no,
            "kind": kind,
            "code": code,
            "task_id": task_id,
            "urgency": urgency,
            "facts": json_text(facts),
            "raised_at": now,
        },
    )
    told = {"alert": alert_no, "code": code, "key": key, "episode": episode.episode_no}
    append(tx, "alert-raised", task_id or "alerts", told, now)
    return episode


def end_alert(tx: Transaction, key: str, now: datetime) -> None:
    """Records that a condition has ended; without an alert in force it is no news."""
    for recorded in _alerts(tx, sa.and_(alert.c.alert_key == key, alert.c.over_at.is_(None))):
        tx.execute(alert.update().where(alert.c.alert_no == recorded.alert_no).values(over_at=now))
        told = {"alert": recorded.alert_no, "code": recorded.code, "key": key}
        append(tx, "alert-over", recorded.task_id or "alerts", told, now)


def write_message(tx: Transaction, key: str, title: str, body: str, now: datetime) -> AlertMessage:
    """Freezes what is told; the first text under a key stays."""
    recorded = message_of(tx, key)
    if recorded is not None:
        return recorded
    values = {"message_key": key, "title": title, "body": body, "created_at": now}
    tx.execute(alert_message.insert(), values)
    return AlertMessage(key, title, body, now)


def message_of(tx: Transaction, key: str) -> AlertMessage | None:
    """One message."""
    row = tx.execute(sa.select(alert_message).where(alert_message.c.message_key == key)).one_or_none()
    return None if row is None else AlertMessage(row.message_key, row.title, row.body, row.created_at)


def latest_message(tx: Transaction, beginning: str) -> AlertMessage | None:
    """The newest message whose key begins so, such as `digest/`."""
    column = alert_message.c
    query = sa.select(alert_message).where(column.message_key.startswith(beginning, autoescape=True))
    row = tx.execute(query.order_by(column.created_at.desc(), column.message_key.desc()).limit(1)).first()
    return None if row is None else AlertMessage(row.message_key, row.title, row.body, row.created_at)


def tellings(tx: Transaction, keys: Collection[str]) -> dict[tuple[str, str], Telling]:
    """What became of some messages, by message and channel."""
    found: dict[tuple[str, str], Telling] = {}
    wanted = sorted(keys)
    for start in range(0, len(wanted), 400):
        some = wanted[start : start + 400]
        for row in tx.execute(sa.select(alert_telling).where(alert_telling.c.message_key.in_(some))):
            found[row.message_key, row.channel] = _telling(row)
    return found


def intend_telling(tx: Transaction, message_key: str, channel: str, wall: datetime) -> Telling:
    """Records that a message is about to be handed to a channel."""
    recorded = tellings(tx, [message_key]).get((message_key, channel))
    tries = 1 if recorded is None else recorded.tries + 1
    values = {"state": "sending", "tries": tries, "code": None, "tried_at": wall, "next_try_at": None}
    if recorded is None:
        tx.execute(alert_telling.insert(), {"message_key": message_key, "channel": channel, **values})
    else:
        tx.execute(alert_telling.update().where(_is(message_key, channel)).values(**values))
    return Telling(message_key, channel, "sending", tries, None, wall, None)


def settle_telling(
    tx: Transaction, telling: Telling, *, code: str | None, next_try_at: datetime | None, now: datetime
) -> None:
    """Records what became of a telling: sent (`code` None), or failed with the error's code."""
    state = "sent" if code is None else "failed"
    values = {"state": state, "code": code, "next_try_at": next_try_at}
    tx.execute(alert_telling.update().where(_is(telling.message_key, telling.channel)).values(**values))
    told = {"message": telling.message_key, "channel": telling.channel, "tries": telling.tries}
    append(tx, f"alert-{state}", "alerts", told | ({} if code is None else {"code": code}), now)


def _alerts(tx: Transaction, where: sa.ColumnElement[bool]) -> list[RecordedAlert]:
    rows: Sequence[Any] = tx.execute(sa.select(alert).where(where).order_by(alert.c.alert_no)).all()
    return [
        RecordedAlert(
            row.alert_no,
            row.alert_key,
            row.episode_no,
            row.kind,
            row.code,
            row.task_id,
            row.urgency,
            json.loads(row.facts),
            row.raised_at,
            row.over_at,
        )
        for row in rows
    ]


def _is(message_key: str, channel: str) -> sa.ColumnElement[bool]:
    return sa.and_(alert_telling.c.message_key == message_key, alert_telling.c.channel == channel)


def _telling(row: Any) -> Telling:
    return Telling(
        row.message_key, row.channel, row.state, row.tries, row.code, row.tried_at, row.next_try_at
    )
