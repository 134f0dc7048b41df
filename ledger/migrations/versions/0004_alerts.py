"""Alerts: what was found to be wrong, what was written about it, and to which channel it was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("alert_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("alert_key", sa.String(length=128), nullable=False),
        sa.Column("episode_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.String(length=18), nullable=True),
        sa.Column("urgency", sa.String(length=10), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(), nullable=False),
        sa.Column("over_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("alert_no"),
        sa.UniqueConstraint("alert_key", "episode_no", name="alert_episode"),
    )
    op.create_table(
        "alert_message",
        sa.Column("message_key", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_key"),
    )
    op.create_table(
        "alert_telling",
        sa.Column("message_key", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("tried_at", sa.DateTime(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["message_key"], ["alert_message.message_key"]),
        sa.PrimaryKeyConstraint("message_key", "channel"),
    )
