"""The ledger's tables: campaign, directories, draw, confirmation, forms, results, approvals, audit.

What is on its way to another system is in `tables_outbox`.  The rules that keep these tables
portable: names of at most 30 characters that no dialect reserves, documents as text or bytes
and never queried inside, no column that tells NULL from the empty text, moments as `UtcTime`.
What holds personal data is `SealedText` or `SealedBytes`.
A row that says what happened is never changed: what replaces it has the next number.
"""

from __future__ import annotations

import sqlalchemy as sa

from ledger.types import SealedText, UtcTime

metadata = sa.MetaData()

TaskId = sa.String(18)
Digest = sa.String(64)
Key = sa.String(128)
Word = sa.String(40)
Source = sa.String(200)
Sentence = sa.Text

campaign = sa.Table(
    "campaign",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("short_name", Key, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

campaign_input = sa.Table(
    "campaign_input",
    metadata,
    sa.Column("task_id", TaskId, sa.ForeignKey("campaign.task_id"), primary_key=True),
    sa.Column("what", Key, primary_key=True),
    sa.Column("digest", Key, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
)

stage = sa.Table(
    "stage",
    metadata,
    sa.Column("task_id", TaskId, sa.ForeignKey("campaign.task_id"), primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("closed_at", UtcTime),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("waiting_for", Sentence),
    sa.Column("failed", Word),
)

dir_snapshot = sa.Table(
    "dir_snapshot",
    metadata,
    sa.Column("source", Source, primary_key=True),
    sa.Column("kind", Word, primary_key=True),
    sa.Column("snapshot_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(10), nullable=False),  # open, complete, abandoned
    sa.Column("remote_snapshot", Key),
    sa.Column("total_claimed", sa.Integer),
    sa.Column("pages_done", sa.Integer, nullable=False),
    sa.Column("rows_read", sa.Integer, nullable=False),
    sa.Column("rows_accepted", sa.Integer, nullable=False),
    sa.Column("rows_normalised", sa.Integer, nullable=False),
    sa.Column("rows_quarantined", sa.Integer, nullable=False),
    sa.Column("rows_added", sa.Integer, nullable=False),
    sa.Column("rows_changed", sa.Integer, nullable=False),
    sa.Column("rows_gone", sa.Integer, nullable=False),
    sa.Column("digest", Digest),
    sa.Column("reason", Sentence),
    sa.Column("begun_at", UtcTime, nullable=False),
    sa.Column("closed_at", UtcTime),
)

dir_page = sa.Table(
    "dir_page",
    metadata,
    sa.Column("source", Source, primary_key=True),
    sa.Column("kind", Word, primary_key=True),
    sa.Column("snapshot_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("page_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("rows_read", sa.Integer, nullable=False),
    sa.Column("total_claimed", sa.Integer, nullable=False),
    sa.Column("remote_snapshot", Key),
    # Pairs of row key and row digest: says what is still there without touching the rows.
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    sa.Column("committed_at", UtcTime, nullable=False),
)

dir_row = sa.Table(
    "dir_row",
    metadata,
    sa.Column("source", Source, primary_key=True),
    sa.Column("kind", Word, primary_key=True),
    sa.Column("row_key", Key, primary_key=True),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("body", SealedText("dir_row.body"), nullable=False),
    sa.Column("is_gone", sa.Boolean, nullable=False),
    sa.Column("snapshot_no", sa.Integer, nullable=False),  # the one that wrote this row last
    sa.Column("changed_at", UtcTime, nullable=False),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    sa.Column("source", Source, primary_key=True),
    sa.Column("kind", Word, primary_key=True),
    sa.Column("snapshot_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("entry_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("page_no", sa.Integer, nullable=False),
    sa.Column("row_no", sa.Integer, nullable=False),
    sa.Column("code", Word, nullable=False),
    sa.Column("reason", Sentence, nullable=False),
    sa.Column("raw", SealedText("quarantine.raw"), nullable=False),
    sa.Column("raw_digest", Digest, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
)

materials = sa.Table(
    "materials",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("dept_code", Word, primary_key=True),
    sa.Column("seq_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
)


def _of_a_round() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["task_id", "stage", "round_no"], ["draw_round.task_id", "draw_round.stage", "draw_round.round_no"]
    )


draw_round = sa.Table(
    "draw_round",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("round_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("commitment", sa.LargeBinary, nullable=False),
    sa.Column("commitment_digest", Digest, nullable=False),
    sa.Column("committed_at", UtcTime, nullable=False),
)

draw_file = sa.Table(
    "draw_file",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("round_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("file_name", Key, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    _of_a_round(),
)

draw_value = sa.Table(
    "draw_value",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("round_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("contributor", Key, primary_key=True),
    sa.Column("seq_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("draw_value", sa.Text, nullable=False),
    sa.Column("given_at", UtcTime, nullable=False),
    sa.Column("public_source", sa.Text),
    _of_a_round(),
)

draw_closing = sa.Table(
    "draw_closing",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("round_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("abandoned", sa.Boolean, nullable=False),
    sa.Column("closed_at", UtcTime, nullable=False),
    _of_a_round(),
)

# The end of a round that was closed and whose public number never came.
draw_abandonment = sa.Table(
    "draw_abandonment",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("round_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("abandoned_at", UtcTime, nullable=False),
    _of_a_round(),
)

draw_certificate = sa.Table(
    "draw_certificate",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("round_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq_no", sa.Integer, primary_key=True, autoincrement=False),  # 0 the draw, then corrections
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("drawn_at", UtcTime, nullable=False),
    _of_a_round(),
)

# What the departments sealed, before there is a round to belong to: given here, not on the platform.
draw_seal = sa.Table(
    "draw_seal",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("round_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("contributor", Key, primary_key=True),
    sa.Column("commitment", Digest, nullable=False),
    sa.Column("given_at", UtcTime, nullable=False),
)

# Leave for another round: asked for by one, allowed by another.
draw_leave = sa.Table(
    "draw_leave",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("stage", Word, primary_key=True),
    sa.Column("round_no", sa.Integer, primary_key=True, autoincrement=False),  # the round that is asked for
    sa.Column("previous", Digest, nullable=False),
    sa.Column("reason", Sentence, nullable=False),
    sa.Column("public_number", sa.Text),  # JSON; null: the plan names one that is late enough
    sa.Column("asked_by", Key, nullable=False),
    sa.Column("asked_role", Key, nullable=False),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("allowed_by", Key),
    sa.Column("allowed_role", Key),
    sa.Column("allowed_at", UtcTime),
)

platform_draw = sa.Table(
    "platform_draw",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("seq_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("report", sa.Text, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
)

platform_eligible = sa.Table(
    "platform_eligible",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("kept_at", UtcTime, nullable=False),
)

dispatch = sa.Table(
    "dispatch",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("batch_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("dispatched_at", UtcTime, nullable=False),
)

confirmation = sa.Table(
    "confirmation",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("object_id", Key, primary_key=True),
    sa.Column("dept_code", Word, primary_key=True),
    sa.Column("origin", Word, primary_key=True),
    sa.Column("seq_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
)

replacement = sa.Table(
    "replacement",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("batch_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("replaced", Key, primary_key=True),
    sa.Column("entry_no", sa.Integer, nullable=False),
    sa.Column("replaced_by", Key),
    sa.Column("reason", Sentence, nullable=False),
    sa.Column("decided_by", Key, nullable=False),
    sa.Column("decided_at", UtcTime, nullable=False),
)

form = sa.Table(
    "form",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("uscc", sa.String(18), primary_key=True),
    sa.Column("form_version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("form_no", Key, nullable=False),
    sa.Column("origin", Word, nullable=False),
    sa.Column("body", SealedText("form.body"), nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
)

result = sa.Table(
    "result",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("result_id", Key, primary_key=True),
    sa.Column("seq_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("result_version", sa.Integer, nullable=False),
    sa.Column("uscc", sa.String(18), nullable=False),
    sa.Column("item_code", Key, nullable=False),
    sa.Column("dept_code", Word, nullable=False),
    sa.Column("is_newest", sa.Boolean, nullable=False),
    sa.Column("body", SealedText("result.body"), nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
    sa.Index("result_by_enterprise", "task_id", "uscc", "item_code"),
)

result_cursor = sa.Table(
    "result_cursor",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("updated_since", UtcTime, nullable=False),
)

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("task_id", TaskId, primary_key=True),
    sa.Column("subject_kind", Word, primary_key=True),
    sa.Column("subject_key", Key, primary_key=True),
    sa.Column("subject_version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("decision", sa.String(10), nullable=False),
    sa.Column("by_role", Key, nullable=False),
    sa.Column("reason", Sentence),
    sa.Column(
        "approved_from", Key, nullable=False
    ),  # where the decision was made: platform, command line, page
    sa.Column("decided_at", UtcTime, nullable=False),
    sa.Column("recorded_at", UtcTime, nullable=False),
)

# What one person asks for and another allows: acts on what was sent, each with its reason.
operator_act = sa.Table(
    "operator_act",
    metadata,
    sa.Column("act_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("task_id", TaskId, nullable=False, index=True),
    sa.Column("act_kind", Word, nullable=False),
    sa.Column("subject_key", Key, nullable=False),
    sa.Column("subject_version", sa.Integer, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("reason", Sentence, nullable=False),
    sa.Column("asked_by", Key, nullable=False),
    sa.Column("asked_role", Key, nullable=False),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("allowed_by", Key),
    sa.Column("allowed_role", Key),
    sa.Column("allowed_at", UtcTime),
)

# Who may decide together with a second person; the secret is that of their one-time-code device.
approver = sa.Table(
    "approver",
    metadata,
    sa.Column("approver_id", Key, primary_key=True),
    sa.Column("approver_role", Key, nullable=False),
    sa.Column("code_secret", sa.LargeBinary, nullable=False),
    sa.Column("enrolled_at", UtcTime, nullable=False),
    sa.Column("left_at", UtcTime),
    sa.Column("wrong_codes", sa.Integer, nullable=False),  # in a row
    sa.Column("wrong_at", UtcTime),
)

approver_code = sa.Table(
    "approver_code",
    metadata,
    sa.Column("approver_id", Key, sa.ForeignKey("approver.approver_id"), primary_key=True),
    sa.Column("time_step", sa.BigInteger, primary_key=True, autoincrement=False),
)

audit_event = sa.Table(
    "audit_event",
    metadata,
    sa.Column("seq_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event_at", sa.String(27), nullable=False),  # text, since it is hashed as it stands
    sa.Column("kind", Word, nullable=False),
    sa.Column("subject", Key, nullable=False, index=True),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("prev_digest", Digest, nullable=False),
    sa.Column("digest", Digest, nullable=False, unique=True),
)

audit_head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("chain_no", sa.Integer, primary_key=True, autoincrement=False),  # always 1
    sa.Column("seq_no", sa.Integer, nullable=False),
    sa.Column("digest", Digest, nullable=False),
)
