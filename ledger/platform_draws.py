"""The platform's own draw, as it was pulled and judged (verify mode)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.tables import platform_draw as table
from ledger.tables import platform_eligible
from ledger.texts import digest_of


@dataclass(frozen=True)
class PlatformDrawRow:
    """A draw of the platform: the bytes that were judged, whether it passed, and the report."""

    seq_no: int
    body: bytes
    digest: str
    passed: bool
    report: str
    recorded_at: datetime


def record_platform_draw(
    tx: Transaction, task_id: str, body: bytes, *, passed: bool, report: str, now: datetime
) -> PlatformDrawRow:
    """Records the platform's draw with our judgement on it; returns the newest entry.

    The same draw with the same judgement is no news; a draw that changed is another entry, and so is
    a new judgement: a draw that vanished stays on record.
    """
    recorded = platform_draw(tx, task_id)
    digest = digest_of(body)
    if recorded is not None and (recorded.digest, recorded.passed, recorded.report) == (
        digest,
        passed,
        report,
    ):
        return recorded
    row = PlatformDrawRow(0 if recorded is None else recorded.seq_no + 1, body, digest, passed, report, now)
    tx.execute(
        table.insert(),
        {
            "task_id": task_id,
            "seq_no": row.seq_no,
            "body": body,
            "digest": digest,
            "passed": passed,
            "report": report,
            "recorded_at": now,
        },
    )
    facts = {"draw": digest, "passed": passed, "report": digest_of(report)}
    append(tx, "platform-draw-judged", task_id, facts, now)
    return row


def platform_draw(tx: Transaction, task_id: str) -> PlatformDrawRow | None:
    """The platform's draw as judged last."""
    query = sa.select(table).where(table.c.task_id == task_id).order_by(table.c.seq_no.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return PlatformDrawRow(row.seq_no, bytes(row.body), row.digest, row.passed, row.report, row.recorded_at)


def keep_eligible(tx: Transaction, task_id: str, content: bytes, now: datetime) -> None:
    """Keeps eligible.tsv as it was when the draw was found to hold; what was kept first stays."""
    if eligible_kept(tx, task_id) is not None:
        return
    digest = digest_of(content)
    row = {"task_id": task_id, "content": content, "digest": digest, "kept_at": now}
    tx.execute(platform_eligible.insert(), row)
    append(tx, "platform-eligible-kept", task_id, {"eligible": digest}, now)


def eligible_kept(tx: Transaction, task_id: str) -> bytes | None:
    """The list that was kept."""
    content = tx.scalar(sa.select(platform_eligible.c.content).where(platform_eligible.c.task_id == task_id))
    return None if content is None else bytes(content)
