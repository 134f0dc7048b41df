"""What is kept of each page of a pass, and whether a page is the one that the pass before held.

A page whose rows came in exactly as they did the last time need not be read again: what became of each of
them is on record.  That holds as long as the same program with the same profile reads them (`reader`), no row
of the page was in dispute, and the directory still has every row as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.engine import Transaction
from ledger.quarantine import QuarantinedRow, refused_on_page
from ledger.sync_state import CONFLICT, DirectoryPage, Mark, Sync
from ledger.tables import dir_page

_PAGES_AT_ONCE = 20


@dataclass(frozen=True)
class PageBefore:
    """A page as the last complete pass left it: how many rows were accepted and repaired, and the refused.

    `rows` is digest by row key, or None where that need not be known.
    """

    accepted: int
    normalised: int
    refused: list[QuarantinedRow]
    rows: dict[str, str] | None


def content_of(reader: str, normalised: int, lines: Iterable[tuple[str, str]]) -> str:
    """What a page held, as JSON: who read it, how many rows were repaired, pairs of row key and digest."""
    rows = json.dumps(list(lines), ensure_ascii=False, separators=(",", ":"))
    return f'{_begins(reader)},"normalised":{normalised},"rows":{rows}}}'


def _begins(reader: str) -> str:
    return f'{{"reader":{json.dumps(reader)}'


def lines_of(content: str) -> Iterator[tuple[str, str]]:
    """The pairs that `content_of` wrote, or that stood there alone before there was more to say."""
    found: Any = json.loads(content)
    yield from found["rows"] if isinstance(found, dict) else found


def contents(tx: Transaction, sync: Sync) -> Iterator[tuple[int, str]]:
    """What each page of the pass held, in order; a few at a time."""
    column = dir_page.c
    query = sa.select(column.page_no, column.content).where(*_of_pass(sync, sync.snapshot_no))
    found = tx.execute(query.order_by(column.page_no), execution_options={"yield_per": _PAGES_AT_ONCE})
    yield from found.tuples()


def marks_of(tx: Transaction, sync: Sync) -> list[Mark]:
    """The marks of the pages of the pass, in order."""
    column = dir_page.c
    query = sa.select(
        column.page_no, column.digest, column.rows_read, column.total_claimed, column.remote_snapshot
    ).where(*_of_pass(sync, sync.snapshot_no))
    return [
        (row.page_no, row.digest, row.rows_read, row.total_claimed, row.remote_snapshot)
        for row in tx.execute(query.order_by(column.page_no))
    ]


def held_digest(tx: Transaction, sync: Sync, page_no: int, key: str) -> str:
    """The digest of the row that a page of this pass held under a key, or `CONFLICT`."""
    return dict(lines_of(_content(tx, sync, sync.snapshot_no, page_no)))[key]


def digests_before(tx: Transaction, sync: Sync, before_no: int) -> dict[int, str]:
    """Page -> digest of an earlier pass, as far as the same reader read it."""
    column, begins = dir_page.c, _begins(sync.reader)
    query = sa.select(column.page_no, column.digest).where(
        *_of_pass(sync, before_no), sa.func.substr(column.content, 1, len(begins)) == begins
    )
    return dict(tx.execute(query).tuples().all())


def page_before(tx: Transaction, sync: Sync, page: DirectoryPage) -> PageBefore | None:
    """The same page of the last complete pass, if what became of it then becomes of it now."""
    if not sync.held_before(page):
        return None
    refused = refused_on_page(tx, sync.source, sync.kind, sync.before_no, page.page_no)
    if refused is None:
        return None
    if sync.follows:
        head = tx.execute(_HEAD, _page(sync, sync.before_no, page.page_no)).scalar_one()
        normalised = int(head.removeprefix(f'{_begins(sync.reader)},"normalised":').partition(",")[0])
        return PageBefore(page.read - len(refused), normalised, refused, None)
    content = json.loads(_content(tx, sync, sync.before_no, page.page_no))
    rows: dict[str, str] = dict(content["rows"])
    if CONFLICT in rows.values() or sync.seen.pages(rows) or _held(tx, sync, rows) != len(rows):
        return None
    return PageBefore(len(rows), content["normalised"], refused, rows)


def copy_page(tx: Transaction, sync: Sync, page: DirectoryPage, now: datetime) -> None:
    """Takes over what the last complete pass kept of this very page."""
    values = {"new_no": sync.snapshot_no, "new_total": page.total, "new_token": page.snapshot, "new_at": now}
    tx.execute(_COPY, {**_page(sync, sync.before_no, page.page_no), **values})


_ONE = [
    dir_page.c[name] == sa.bindparam(f"in_{name}") for name in ("source", "kind", "snapshot_no", "page_no")
]
_HEAD = sa.select(sa.func.substr(dir_page.c.content, 1, 200)).where(*_ONE)
_NEW = {
    "snapshot_no": sa.bindparam("new_no", type_=sa.Integer),
    "total_claimed": sa.bindparam("new_total", type_=sa.Integer),
    "remote_snapshot": sa.bindparam("new_token", type_=dir_page.c.remote_snapshot.type),
    "committed_at": sa.bindparam("new_at", type_=dir_page.c.committed_at.type),
}
_COPY = dir_page.insert().from_select(
    list(dir_page.c.keys()), sa.select(*(_NEW.get(c.name, c) for c in dir_page.c)).where(*_ONE)
)


def _page(sync: Sync, snapshot_no: int, page_no: int) -> dict[str, object]:
    return {
        "in_source": sync.source,
        "in_kind": sync.kind,
        "in_snapshot_no": snapshot_no,
        "in_page_no": page_no,
    }


_HELD = {
    "sqlite": "SELECT count(*) FROM json_each(?) CROSS JOIN dir_row ON source = ? AND kind = ? "
    "AND row_key = json_extract(value, '$[0]') "
    "AND digest = json_extract(value, '$[1]') AND NOT is_gone",
    "postgresql": "SELECT count(*) FROM jsonb_array_elements(%s::jsonb) AS held (pair) JOIN dir_row "
    "ON source = %s AND kind = %s AND row_key = pair ->> 0 AND digest = pair ->> 1 AND NOT is_gone",
}


def _held(tx: Transaction, sync: Sync, rows: dict[str, str]) -> int:
    """How many of these rows the directory has exactly so."""
    packed = json.dumps(list(rows.items()), ensure_ascii=False)
    return int(tx.exec_driver_sql(_HELD[tx.dialect.name], (packed, sync.source, sync.kind)).scalar_one())


def _content(tx: Transaction, sync: Sync, snapshot_no: int, page_no: int) -> str:
    query = sa.select(dir_page.c.content).where(*_of_page(sync, snapshot_no, page_no))
    return str(tx.execute(query).scalar_one())


def _of_page(sync: Sync, snapshot_no: int, page_no: int) -> tuple[sa.ColumnElement[bool], ...]:
    return *_of_pass(sync, snapshot_no), dir_page.c.page_no == page_no


def _of_pass(sync: Sync, snapshot_no: int) -> tuple[sa.ColumnElement[bool], ...]:
    column = dir_page.c
    return column.source == sync.source, column.kind == sync.kind, column.snapshot_no == snapshot_no
