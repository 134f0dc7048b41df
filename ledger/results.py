"""Inspection results as the departments entered them, every version that was ever pulled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.looked_into import is_sealed, members_of
from ledger.many_records import no_cycles
from ledger.quarantine import QuarantinedRow, Refusal, record_quarantined, rows_of_snapshot
from ledger.tables import result, result_cursor
from ledger.texts import digest_of, text_of
from rules.annex_count import CountedResult
from schemas.codes import Disposal, ResultCode
from schemas.result import NOT_A_PROBLEM, ItemResult

_KIND = "result"


@dataclass(frozen=True)
class ResultsOutcome:
    """What one page of results brought: new, changed, as known, and refused for the first time."""

    added: int
    changed: int
    unchanged: int
    refused: int


def result_cursor_of(tx: Transaction, task_id: str) -> datetime | None:
    """Since when changes are to be pulled, UTC, inclusive; None: from the beginning."""
    found: datetime | None = tx.scalar(
        sa.select(result_cursor.c.updated_since).where(result_cursor.c.task_id == task_id)
    )
    return found


def record_results(
    tx: Transaction,
    task_id: str,
    rows: Sequence[ItemResult],
    refused: Sequence[tuple[int, Refusal]],
    now: datetime,
) -> ResultsOutcome:
    """Records one page of results, and moves the cursor to its newest change.

    Pages come oldest change first, so that whoever goes on from the cursor misses nothing.
    `refused`: page number and row.
    """
    added, changed, news = _write_news(tx, task_id, rows, now)
    new_refusals = record_quarantined(tx, task_id, _KIND, 0, refused, now, once=True)
    if rows:
        _move_cursor(tx, task_id, max(row.updated_at for row in rows))
    if news or new_refusals:
        append(tx, "results-recorded", task_id, {"results": news, "refused": new_refusals}, now)
    return ResultsOutcome(added, changed, len(rows) - added - changed, new_refusals)


def record_entered_results(
    tx: Transaction, task_id: str, rows: Sequence[ItemResult], source: Mapping[str, object], now: datetime
) -> ResultsOutcome:
    """Records results that a department entered on a sheet; the same again is no news.

    They are kept and versioned as the platform's are.  `source` goes into the audit chain with them: the
    department, the sheet's digest, the reason for a correction.  The cursor of the platform stays where it
    is: it has its own order.
    """
    added, changed, news = _write_news(tx, task_id, rows, now)
    if news:
        append(tx, "results-entered", task_id, {"results": news, **source}, now)
    return ResultsOutcome(added, changed, len(rows) - added - changed, 0)


def _write_news(
    tx: Transaction, task_id: str, rows: Sequence[ItemResult], now: datetime
) -> tuple[int, int, list[list[object]]]:
    """Writes what is not on record as it is: how many are new and changed; ids, versions, digests."""
    known = _newest(tx, task_id, [row.result_id for row in rows])
    added = changed = 0
    news: list[list[object]] = []
    new: list[dict[str, object]] = []
    old: list[dict[str, object]] = []
    for row in rows:
        body = text_of(row)
        digest = digest_of(body)
        seq_no, before = known.get(row.result_id, (-1, ""))
        if before == digest:
            continue
        if seq_no >= 0:
            old.append({"the_task": task_id, "the_result": row.result_id, "the_seq": seq_no})
        new.append(_entry(task_id, row, seq_no + 1, body, digest, now))
        known[row.result_id] = (seq_no + 1, digest)
        added, changed = (added + 1, changed) if seq_no < 0 else (added, changed + 1)
        news.append([row.result_id, row.version, digest])
    if new:
        tx.execute(_ADD, new)
    if old:  # after the new ones: a page may hold two versions of one result
        tx.execute(_NO_LONGER_NEWEST, old)
    return added, changed, news


def results(tx: Transaction, task_id: str) -> list[ItemResult]:
    """The newest of every result, by enterprise and item."""
    column = result.c
    query = sa.select(column.uscc, column.item_code, column.result_id, column.body).where(
        column.task_id == task_id, column.is_newest.is_(True)
    )
    with no_cycles():
        return [ItemResult.model_validate_json(row[3]) for row in sorted(tx.execute(query).tuples())]


def counted_results(tx: Transaction, task_id: str) -> list[CountedResult]:
    """Of the newest of every result that some column of the annex may count, what it counts; in no order.

    Left out is what found no problem, had no disposal, guidance or question answered: no column counts it.
    The database looks into the texts, so that a million of them become no records here; where they are
    sealed it cannot, and they do.
    """
    if is_sealed(tx):
        return [CountedResult(*_COUNTED(row)) for row in results(tx, task_id)]
    said = members_of(tx, result.c.body)
    code, disposal = said["code"].as_string(), said["disposal"].as_string()
    lapsed, guided = said["order_lapsed"].as_boolean(), said["guided"].as_boolean()
    answered = said["questions_answered"].as_boolean()
    column = result.c
    query = sa.select(
        column.uscc, column.item_code, column.dept_code, code, disposal, lapsed, guided, answered
    ).where(
        column.task_id == task_id,
        column.is_newest.is_(True),
        sa.or_(
            code.not_in([one.value for one in NOT_A_PROBLEM]),
            disposal != Disposal.NONE.value,
            guided,
            answered,
        ),
    )
    with no_cycles():
        return [
            CountedResult(uscc, item, dept, _CODES[found], _DISPOSALS[then], *flags)
            for uscc, item, dept, found, then, *flags in tx.execute(query).tuples()
        ]


_COUNTED = attrgetter(*CountedResult._fields)
_CODES = {code.value: code for code in ResultCode}
_DISPOSALS = {disposal.value: disposal for disposal in Disposal}


def result_history(tx: Transaction, task_id: str, result_id: str) -> list[ItemResult]:
    """Every version of one result that was pulled, oldest first."""
    column = result.c
    query = sa.select(column.body).where(column.task_id == task_id, column.result_id == result_id)
    return [ItemResult.model_validate_json(body) for body in tx.scalars(query.order_by(column.seq_no))]


def refused_results(tx: Transaction, task_id: str) -> list[QuarantinedRow]:
    """Rows of results that could not be taken over."""
    return rows_of_snapshot(tx, task_id, _KIND, 0)


def _newest(tx: Transaction, task_id: str, ids: Sequence[str]) -> dict[str, tuple[int, str]]:
    column = result.c
    query = sa.select(column.result_id, column.seq_no, column.digest).where(
        column.task_id == task_id, column.result_id.in_(ids), column.is_newest.is_(True)
    )
    return {row.result_id: (row.seq_no, row.digest) for row in tx.execute(query)}


_ADD = result.insert()
_NO_LONGER_NEWEST = (
    result.update()
    .where(
        result.c.task_id == sa.bindparam("the_task"),
        result.c.result_id == sa.bindparam("the_result"),
        result.c.seq_no == sa.bindparam("the_seq"),
    )
    .values(is_newest=False)
)


def _entry(
    task_id: str, row: ItemResult, seq_no: int, body: str, digest: str, now: datetime
) -> dict[str, object]:
    return {
        "task_id": task_id,
        "result_id": row.result_id,
        "seq_no": seq_no,
        "result_version": row.version,
        "uscc": row.uscc,
        "item_code": row.item_code,
        "dept_code": row.dept_code,
        "is_newest": True,
        "body": body,
        "digest": digest,
        "updated_at": row.updated_at,
        "recorded_at": now,
    }


def _move_cursor(tx: Transaction, task_id: str, updated_since: datetime) -> None:
    recorded = result_cursor_of(tx, task_id)
    row = {"task_id": task_id, "updated_since": updated_since}
    if recorded is None:
        tx.execute(result_cursor.insert(), row)
    elif recorded < updated_since:
        tx.execute(result_cursor.update().where(result_cursor.c.task_id == task_id), row)
