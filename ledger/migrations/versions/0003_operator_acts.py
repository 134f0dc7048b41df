"""Acts of operators on what was sent: asked for by one, allowed by another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "operator_act",
        sa.Column("act_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("act_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_key", sa.String(length=128), nullable=False),
        sa.Column("subject_version", sa.Integer(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=128), nullable=False),
        sa.Column("asked_role", sa.String(length=128), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("allowed_by", sa.String(length=128), nullable=True),
        sa.Column("allowed_role", sa.String(length=128), nullable=True),
        sa.Column("allowed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("act_no"),
    )
    op.create_index("ix_operator_act_task_id", "operator_act", ["task_id"], unique=False)
