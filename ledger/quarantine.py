"""Rows that became no record, each with its place and reason: nothing that was read is lost in silence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from ledger.engine import Transaction
from ledger.tables import quarantine
from ledger.texts import digest_of

# Made once: asked for with every page.
_IN_PASS = [quarantine.c[name] == sa.bindparam(f"in_{name}") for name in ("source", "kind", "snapshot_no")]
_LAST = sa.select(sa.func.max(quarantine.c.entry_no)).where(*_IN_PASS)
_ADD = quarantine.insert()


class Refusal(Protocol):
    """A refused row as a connector hands it over. `row_no` counts as the source does."""

    @property
    def row_no(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def raw(self) -> Mapping[str, object]: ...


@dataclass(frozen=True)
class QuarantinedRow:
    """A refused row as recorded. `raw` may hold personal data: it goes into the workbook, into no log."""

    page_no: int
    row_no: int
    code: str
    reason: str
    raw: Mapping[str, Any]
    recorded_at: datetime


def record_quarantined(
    tx: Transaction,
    source: str,
    kind: str,
    snapshot_no: int,
    rows: Iterable[tuple[int, Refusal]],
    now: datetime,
    *,
    once: bool = False,
) -> int:
    """Records refused rows with the page each stood on; returns how many.

    `once`: a row that is on record already, same reason and content, is not recorded again.
    """
    rows = list(rows)
    if not rows:
        return 0
    column = quarantine.c
    here = sa.and_(column.source == source, column.kind == kind, column.snapshot_no == snapshot_no)
    place = {"in_source": source, "in_kind": kind, "in_snapshot_no": snapshot_no}
    last = tx.scalar(_LAST, place) or 0
    known = set()
    if once:
        known = {(row.code, row.raw_digest) for row in tx.execute(sa.select(quarantine).where(here))}
    entries: list[dict[str, object]] = []
    for page_no, row in rows:
        raw = json.dumps(dict(row.raw), ensure_ascii=False, sort_keys=True, default=str)
        raw_digest = digest_of(raw)
        if (row.code, raw_digest) in known:
            continue
        entries.append(
            {
                "source": source,
                "kind": kind,
                "snapshot_no": snapshot_no,
                "entry_no": last + len(entries) + 1,
                "page_no": page_no,
                "row_no": row.row_no,
                "code": row.code,
                "reason": row.reason,
                "raw": raw,
                "raw_digest": raw_digest,
                "recorded_at": now,
            }
        )
    if entries:
        tx.execute(_ADD, entries)
    return len(entries)


def rows_of_snapshot(tx: Transaction, source: str, kind: str, snapshot_no: int) -> list[QuarantinedRow]:
    """What one pass quarantined, by page and row."""
    column = quarantine.c
    query = (
        sa.select(quarantine)
        .where(column.source == source, column.kind == kind, column.snapshot_no == snapshot_no)
        .order_by(column.page_no, column.row_no, column.entry_no)
    )
    return [
        QuarantinedRow(row.page_no, row.row_no, row.code, row.reason, json.loads(row.raw), row.recorded_at)
        for row in tx.execute(query)
    ]


def has_disputes(tx: Transaction, source: str, kind: str, snapshot_no: int) -> bool:
    """Whether a pass held different rows under one key."""
    column = quarantine.c
    disputed = sa.select(column.entry_no).where(
        column.source == source,
        column.kind == kind,
        column.snapshot_no == snapshot_no,
        column.code == "DB-LEDGER-024",
    )
    return tx.scalar(disputed.limit(1)) is not None


_ON_PAGE = (
    sa.select(quarantine)
    .where(*_IN_PASS, quarantine.c.page_no == sa.bindparam("in_page_no"))
    .order_by(quarantine.c.entry_no)
)


def refused_on_page(
    tx: Transaction, source: str, kind: str, snapshot_no: int, page_no: int
) -> list[QuarantinedRow] | None:
    """What a pass refused of one page, in the order of its entries; None if that is not for certain.

    It is not where the ledger itself refused a row (its reasons speak of other pages), or where a row was
    erased.
    """
    place = {"in_source": source, "in_kind": kind, "in_snapshot_no": snapshot_no, "in_page_no": page_no}
    rows = tx.execute(_ON_PAGE, place).all()
    if any(row.code.startswith("DB-LEDGER-") or row.raw_digest != digest_of(row.raw) for row in rows):
        return None
    return [
        QuarantinedRow(row.page_no, row.row_no, row.code, row.reason, json.loads(row.raw), row.recorded_at)
        for row in rows
    ]
