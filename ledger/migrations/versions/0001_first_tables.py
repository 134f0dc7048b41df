"""The ledger's first tables, and the triggers that keep the audit chain append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE = [
    """
    CREATE TRIGGER audit_event_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END
    """,
    """
    CREATE TRIGGER audit_event_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END
    """,
    # INSERT OR REPLACE deletes without firing the trigger above.
    """
    CREATE TRIGGER audit_event_insert BEFORE INSERT ON audit_event
    WHEN EXISTS (SELECT 1 FROM audit_event WHERE seq_no = NEW.seq_no OR digest = NEW.digest)
    BEGIN SELECT RAISE(ABORT, 'audit_event is append-only'); END
    """,
]

POSTGRESQL = [
    """
    CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit_event is append-only' USING ERRCODE = 'restrict_violation'; END $$
    """,
    """
    CREATE TRIGGER audit_event_change BEFORE UPDATE OR DELETE ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()
    """,
    """
    CREATE TRIGGER audit_event_truncate BEFORE TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()
    """,
]

TRIGGERS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def upgrade() -> None:
    _create_tables()
    op.bulk_insert(
        sa.table("audit_head", sa.column("chain_no"), sa.column("seq_no"), sa.column("digest")),
        [{"chain_no": 1, "seq_no": 0, "digest": "0" * 64}],
    )
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)


def _create_tables() -> None:
    op.create_table(
        "approval",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_key", sa.String(length=128), nullable=False),
        sa.Column("subject_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("by_role", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("approved_from", sa.String(length=128), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "subject_kind", "subject_key", "subject_version", "seq_no"),
    )
    op.create_table(
        "audit_event",
        sa.Column("seq_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_at", sa.String(length=27), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("prev_digest", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq_no"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_audit_event_subject", "audit_event", ["subject"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("chain_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq_no", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain_no"),
    )
    op.create_table(
        "campaign",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("short_name", sa.String(length=128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id"),
    )
    op.create_index("ix_campaign_short_name", "campaign", ["short_name"], unique=False)
    op.create_table(
        "confirmation",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("object_id", sa.String(length=128), nullable=False),
        sa.Column("dept_code", sa.String(length=40), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("seq_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "object_id", "dept_code", "origin", "seq_no"),
    )
    op.create_table(
        "delivery_batch",
        sa.Column("batch_no", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("system", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("absent_reads", sa.Integer(), nullable=False),
        sa.Column("absent_since", sa.DateTime(), nullable=True),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("batch_no"),
    )
    op.create_index("delivery_batch_by_state", "delivery_batch", ["kind", "task_id", "state"], unique=False)
    op.create_table(
        "delivery_item",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("item_key", sa.String(length=128), nullable=False),
        sa.Column("item_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("payload_digest", sa.String(length=64), nullable=False),
        sa.Column("deadline", sa.DateTime(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("batch_no", sa.String(length=64), nullable=True),
        sa.Column("receipt_no", sa.String(length=128), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "task_id", "item_key", "item_version"),
    )
    op.create_index("delivery_item_by_batch", "delivery_item", ["batch_no"], unique=False)
    op.create_index("delivery_item_by_state", "delivery_item", ["kind", "task_id", "state"], unique=False)
    op.create_table(
        "dir_page",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("snapshot_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("page_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("total_claimed", sa.Integer(), nullable=False),
        sa.Column("remote_snapshot", sa.String(length=128), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("committed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "snapshot_no", "page_no"),
    )
    op.create_table(
        "dir_row",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("row_key", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("snapshot_no", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "row_key"),
    )
    op.create_table(
        "dir_snapshot",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("snapshot_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("remote_snapshot", sa.String(length=128), nullable=True),
        sa.Column("total_claimed", sa.Integer(), nullable=True),
        sa.Column("pages_done", sa.Integer(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_accepted", sa.Integer(), nullable=False),
        sa.Column("rows_normalised", sa.Integer(), nullable=False),
        sa.Column("rows_quarantined", sa.Integer(), nullable=False),
        sa.Column("rows_added", sa.Integer(), nullable=False),
        sa.Column("rows_changed", sa.Integer(), nullable=False),
        sa.Column("rows_gone", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("begun_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("source", "kind", "snapshot_no"),
    )
    op.create_table(
        "dispatch",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("batch_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dispatched_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "batch_no"),
    )
    op.create_table(
        "draw_round",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("commitment_digest", sa.String(length=64), nullable=False),
        sa.Column("committed_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "stage", "round_no"),
    )
    op.create_table(
        "form",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("form_version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form_no", sa.String(length=128), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "uscc", "form_version"),
    )
    op.create_table(
        "lease",
        sa.Column("lease_name", sa.String(length=128), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("lease_name"),
    )
    op.create_table(
        "materials",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("dept_code", sa.String(length=40), nullable=False),
        sa.Column("seq_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "dept_code", "seq_no"),
    )
    op.create_table(
        "platform_draw",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("seq_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "seq_no"),
    )
    op.create_table(
        "quarantine",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("snapshot_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("page_no", sa.Integer(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("raw_digest", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "snapshot_no", "entry_no"),
    )
    op.create_table(
        "reconciliation",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("run_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("reconciled_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "run_no"),
    )
    op.create_table(
        "reconciliation_finding",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("run_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("finding", sa.String(length=40), nullable=False),
        sa.Column("item_key", sa.String(length=128), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "run_no", "entry_no"),
    )
    op.create_table(
        "replacement",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("batch_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("replaced", sa.String(length=128), nullable=False),
        sa.Column("entry_no", sa.Integer(), nullable=False),
        sa.Column("replaced_by", sa.String(length=128), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "batch_no", "replaced"),
    )
    op.create_table(
        "result",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("result_id", sa.String(length=128), nullable=False),
        sa.Column("seq_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("result_version", sa.Integer(), nullable=False),
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("item_code", sa.String(length=128), nullable=False),
        sa.Column("dept_code", sa.String(length=40), nullable=False),
        sa.Column("is_newest", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "result_id", "seq_no"),
    )
    op.create_index("result_by_enterprise", "result", ["task_id", "uscc", "item_code"], unique=False)
    op.create_table(
        "result_cursor",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("updated_since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("task_id"),
    )
    op.create_table(
        "campaign_input",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("what", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["campaign.task_id"],
        ),
        sa.PrimaryKeyConstraint("task_id", "what"),
    )
    op.create_table(
        "delivery_batch_item",
        sa.Column("batch_no", sa.String(length=64), nullable=False),
        sa.Column("entry_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_key", sa.String(length=128), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_no"],
            ["delivery_batch.batch_no"],
        ),
        sa.PrimaryKeyConstraint("batch_no", "entry_no"),
    )
    op.create_table(
        "draw_certificate",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("drawn_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id", "stage", "round_no"],
            ["draw_round.task_id", "draw_round.stage", "draw_round.round_no"],
        ),
        sa.PrimaryKeyConstraint("task_id", "stage", "round_no", "seq_no"),
    )
    op.create_table(
        "draw_closing",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("abandoned", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id", "stage", "round_no"],
            ["draw_round.task_id", "draw_round.stage", "draw_round.round_no"],
        ),
        sa.PrimaryKeyConstraint("task_id", "stage", "round_no"),
    )
    op.create_table(
        "draw_file",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file_name", sa.String(length=128), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["task_id", "stage", "round_no"],
            ["draw_round.task_id", "draw_round.stage", "draw_round.round_no"],
        ),
        sa.PrimaryKeyConstraint("task_id", "stage", "round_no", "file_name"),
    )
    op.create_table(
        "draw_value",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("contributor", sa.String(length=128), nullable=False),
        sa.Column("seq_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("draw_value", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        sa.Column("public_source", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id", "stage", "round_no"],
            ["draw_round.task_id", "draw_round.stage", "draw_round.round_no"],
        ),
        sa.PrimaryKeyConstraint("task_id", "stage", "round_no", "contributor", "seq_no"),
    )
    op.create_table(
        "exchange_log",
        sa.Column("batch_no", sa.String(length=64), nullable=False),
        sa.Column("entry_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_no"],
            ["delivery_batch.batch_no"],
        ),
        sa.PrimaryKeyConstraint("batch_no", "entry_no"),
    )
    op.create_table(
        "stage",
        sa.Column("task_id", sa.String(length=18), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=True),
        sa.Column("failed", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["campaign.task_id"],
        ),
        sa.PrimaryKeyConstraint("task_id", "stage"),
    )
