"""The ledger's tables of alerts: what was found to be wrong, what was written about it, who was told.

An alert has as many episodes as its condition came back.  A message is frozen text; a telling is one
message to one channel, and its row is written before anything is sent.
"""

from __future__ import annotations

import sqlalchemy as sa

from ledger.tables import Key, TaskId, Word, metadata
from ledger.types import UtcTime

alert = sa.Table(
    "alert",
    metadata,
    sa.Column("alert_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("alert_key", Key, nullable=False),
    sa.Column("episode_no", sa.Integer, nullable=False),
    sa.Column("kind", Word, nullable=False),
    sa.Column("code", Word, nullable=False),
    sa.Column("task_id", TaskId),
    sa.Column("urgency", sa.String(10), nullable=False),  # immediate, digest
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("raised_at", UtcTime, nullable=False),
    sa.Column("over_at", UtcTime),
    sa.UniqueConstraint("alert_key", "episode_no", name="alert_episode"),
)

alert_message = sa.Table(
    "alert_message",
    metadata,
    sa.Column("message_key", Key, primary_key=True),  # alert/12, digest/2024-08-28
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

alert_telling = sa.Table(
    "alert_telling",
    metadata,
    sa.Column("message_key", Key, sa.ForeignKey("alert_message.message_key"), primary_key=True),
    sa.Column("channel", Key, primary_key=True),
    sa.Column("state", sa.String(8), nullable=False),  # sending, sent, failed
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("code", Word),
    # Wall time.
    sa.Column("tried_at", UtcTime, nullable=False),
    sa.Column("next_try_at", UtcTime),
)
