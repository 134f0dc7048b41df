"""Parts that departments seal here, leave for another round, and approvers with one-time codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draw_seal",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contributor", sa.String(length=128), nullable=False),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "stage", "round_no", "contributor"),
    )
    op.create_table(
        "draw_abandonment",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("abandoned_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id", "stage", "round_no"],
            ["draw_round.task_id", "draw_round.stage", "draw_round.round_no"],
        ),
        sa.PrimaryKeyConstraint("task_id", "stage", "round_no"),
    )
    op.create_table(
        "draw_leave",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("public_number", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.String(length=128), nullable=False),
        sa.Column("asked_role", sa.String(length=128), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("allowed_by", sa.String(length=128), nullable=True),
        sa.Column("allowed_role", sa.String(length=128), nullable=True),
        sa.Column("allowed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", "stage", "round_no"),
    )
    op.create_table(
        "approver",
        sa.Column("approver_id", sa.String(length=128), nullable=False),
        sa.Column("approver_role", sa.String(length=128), nullable=False),
        sa.Column("code_secret", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(), nullable=False),
        sa.Column("left_at", sa.DateTime(), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("wrong_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("approver_id"),
    )
    op.create_table(
        "approver_code",
        sa.Column("approver_id", sa.String(length=128), nullable=False),
        sa.Column("time_step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["approver_id"], ["approver.approver_id"]),
        sa.PrimaryKeyConstraint("approver_id", "time_step"),
    )
