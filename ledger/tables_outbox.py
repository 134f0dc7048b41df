"""The ledger's tables of what goes out: items, messages, every answer, leases, findings.

An item is one record of ours for one kind of write; a message (batch) is its frozen bytes.
The unique keys here are what forbids a second record even if all code above were wrong.
"""

from __future__ import annotations

import sqlalchemy as sa

from ledger.tables import Digest, Key, Sentence, TaskId, Word, metadata
from ledger.types import SealedBytes, SealedText, UtcTime

delivery_item = sa.Table(
    "delivery_item",
    metadata,
    sa.Column("kind", Word, primary_key=True),
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("item_key", Key, primary_key=True),
    sa.Column("item_version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("payload", SealedText("delivery_item.payload"), nullable=False),
    sa.Column("payload_digest", Digest, nullable=False),
    sa.Column("deadline", UtcTime),
    sa.Column("attempt", sa.Integer, nullable=False),  # counts up with each message that was void
    sa.Column("batch_no", sa.String(64)),
    sa.Column("receipt_no", Key),
    sa.Column("code", Word),
    sa.Column("reason", Sentence),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("settled_at", UtcTime),
    sa.Index("delivery_item_by_state", "kind", "task_id", "state"),
    sa.Index("delivery_item_by_batch", "batch_no"),
)

delivery_batch = sa.Table(
    "delivery_batch",
    metadata,
    sa.Column("batch_no", sa.String(64), primary_key=True),
    sa.Column("kind", Word, nullable=False),
    sa.Column("task_id", TaskId, nullable=False),
    sa.Column("system", Word, nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("body", SealedBytes("delivery_batch.body"), nullable=False),
    sa.Column("body_digest", Digest, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    # Wall time from here on, but for `closed_at`.
    sa.Column("sent_at", UtcTime, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),  # sends that certainly were not executed
    sa.Column("sends", sa.Integer, nullable=False),
    sa.Column("absent_reads", sa.Integer, nullable=False),
    sa.Column("absent_since", UtcTime),
    sa.Column("next_try_at", UtcTime),
    sa.Column("closed_at", UtcTime),
    sa.Index("delivery_batch_by_state", "kind", "task_id", "state"),
)

delivery_batch_item = sa.Table(
    "delivery_batch_item",
    metadata,
    sa.Column("batch_no", sa.String(64), sa.ForeignKey("delivery_batch.batch_no"), primary_key=True),
    sa.Column("entry_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("item_key", Key, nullable=False),
    sa.Column("item_version", sa.Integer, nullable=False),
)

exchange_log = sa.Table(
    "exchange_log",
    metadata,
    sa.Column("batch_no", sa.String(64), sa.ForeignKey("delivery_batch.batch_no"), primary_key=True),
    sa.Column("entry_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("act", sa.String(8), nullable=False),  # send, query, operator
    sa.Column("outcome", sa.String(12), nullable=False),
    sa.Column("code", Word),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("answered_at", UtcTime, nullable=False),  # wall time
)

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("lease_name", Key, primary_key=True),
    sa.Column("owner", Key, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),  # wall time
)

reconciliation = sa.Table(
    "reconciliation",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("run_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("reconciled_at", UtcTime, nullable=False),
)

reconciliation_finding = sa.Table(
    "reconciliation_finding",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("run_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("entry_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("finding", Word, nullable=False),
    sa.Column("item_key", Key, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
