"""One pass over a directory, taken over page by page: a killed pass goes on after its last committed page.

A row whose content is unchanged is not written.  What each page held is kept in one row per
page, so that rows which no page of a complete pass held any more can be marked gone.  Every
row that was read is accepted or quarantined, also when another page turns out to hold it too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.audit import append
from ledger.directory import SnapshotState, latest_snapshot, open_snapshot, snapshot_of
from ledger.engine import Transaction
from ledger.quarantine import Refusal, has_disputes, record_quarantined
from ledger.sync_pages import content_of, contents, copy_page, digests_before, lines_of, marks_of, page_before
from ledger.sync_rows import mark_gone, sort_page, write_rows
from ledger.sync_state import CONFLICT, DirectoryPage, Sync
from ledger.tables import dir_page, dir_row, dir_snapshot
from schemas.errors import DrawbridgeError

_ROWS_AT_ONCE = 1000

# Made once: making a statement costs as much as dozens of rows.
_ADD_PAGE = dir_page.insert()
_IN_PASS: dict[str, sa.BindParameter[Any]] = {
    name: sa.bindparam(f"in_{name}") for name in ("source", "kind", "snapshot_no")
}
_RECORDED = sa.select(dir_page.c.digest, dir_page.c.content).where(
    *(dir_page.c[name] == bound for name, bound in _IN_PASS.items()),
    dir_page.c.page_no == sa.bindparam("in_page_no"),
)
_MOVE_ON = (
    dir_snapshot.update()
    .where(*(dir_snapshot.c[name] == bound for name, bound in _IN_PASS.items()))
    .values(
        pages_done=sa.bindparam("done"),
        remote_snapshot=sa.bindparam("remote"),
        total_claimed=sa.bindparam("claimed"),
        **{
            f"rows_{name}": dir_snapshot.c[f"rows_{name}"] + sa.bindparam(name, type_=sa.Integer)
            for name in ("read", "accepted", "normalised", "quarantined", "added", "changed")
        },
    )
)


def _pass(sync: Sync) -> dict[str, object]:
    return {"in_source": sync.source, "in_kind": sync.kind, "in_snapshot_no": sync.snapshot_no}


@dataclass(frozen=True)
class PageOutcome:
    """What one page did to the directory."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0


def begin_sync(tx: Transaction, source: str, kind: str, now: datetime, reader: str = "") -> Sync:
    """Begins a pass over a directory, or goes on with the one that was left open.

    `reader`: a digest of what makes records of rows; with it, a page that came in exactly as in the last
    complete pass, when the same reader read it, is not looked at again.
    """
    sync = _begun(tx, source, kind, now)
    sync.reader = reader
    before = latest_snapshot(tx, source, kind) if reader else None
    if before is not None:
        sync.before_no, sync.before_pages = before.snapshot_no, before.pages
        sync.before_digest = before.digest or ""
        sync.before = digests_before(tx, sync, before.snapshot_no)
        follows = sync.next_page == 1 and before.snapshot_no == sync.snapshot_no - 1
        sync.follows = follows and not has_disputes(tx, source, kind, before.snapshot_no)
    return sync


def _begun(tx: Transaction, source: str, kind: str, now: datetime) -> Sync:
    left_open = open_snapshot(tx, source, kind)
    if left_open is not None:
        sync = Sync(
            source,
            kind,
            left_open.snapshot_no,
            left_open.pages + 1,
            left_open.remote_snapshot,
            left_open.read,
        )
        _catch_up(tx, sync)
        sync.marks.extend(marks_of(tx, sync))
        return sync
    row = dir_snapshot.c
    last = tx.scalar(sa.select(sa.func.max(row.snapshot_no)).where(row.source == source, row.kind == kind))
    sync = Sync(source, kind, (last or 0) + 1)
    nothing = {column.name: 0 for column in row if column.name.startswith("rows_")}
    tx.execute(
        dir_snapshot.insert(),
        {
            "source": source,
            "kind": kind,
            "snapshot_no": sync.snapshot_no,
            "state": "open",
            "pages_done": 0,
            "begun_at": now,
            **nothing,
        },
    )
    append(tx, "sync-begun", sync.subject, {"snapshot": sync.snapshot_no}, now)
    return sync


def commit_page(tx: Transaction, sync: Sync, page: DirectoryPage, now: datetime) -> PageOutcome:
    """Takes one page over, with its quarantined rows; `sync` then stands before the next page.

    A row that this pass held before is quarantined; if it is another row under the same key, both are.
    A page that is on record already changes nothing.  Raises DrawbridgeError DB-LEDGER-020 if it is on
    record with other rows, -022 if the pass was closed meanwhile or a page was left out.
    """
    if _is_recorded(tx, sync, page):
        return PageOutcome()
    state = snapshot_of(tx, sync.source, sync.kind, sync.snapshot_no)
    if state is None or state.state != "open" or state.pages != page.page_no - 1:
        raise DrawbridgeError("DB-LEDGER-022")
    taken = _take_again(tx, sync, page)
    if taken is None:
        if sync.follows:
            _catch_up(tx, sync)
        taken = _take(tx, sync, page, now)
    record_quarantined(tx, sync.source, sync.kind, sync.snapshot_no, taken.refused, now)
    if taken.again:
        copy_page(tx, sync, page, now)
    else:
        tx.execute(
            _ADD_PAGE,
            {
                "source": sync.source,
                "kind": sync.kind,
                "snapshot_no": sync.snapshot_no,
                "page_no": page.page_no,
                "digest": page.digest,
                "rows_read": page.read,
                "total_claimed": page.total,
                "remote_snapshot": page.snapshot,
                "content": content_of(sync.reader, taken.normalised, taken.lines),
                "notes": json.dumps(list(page.notes), ensure_ascii=False),
                "committed_at": now,
            },
        )
    tx.execute(
        _MOVE_ON,
        {
            **_pass(sync),
            "done": page.page_no,
            "remote": page.snapshot or state.remote_snapshot,
            "claimed": page.total,
            "read": page.read,
            "accepted": taken.accepted,
            "normalised": taken.normalised,
            "quarantined": len(taken.refused),
            "added": taken.added,
            "changed": taken.changed,
        },
    )
    told = {"snapshot": sync.snapshot_no, "page": page.page_no, "digest": page.digest}
    told |= {"accepted": taken.accepted, "quarantined": len(taken.refused)}
    told |= {"added": taken.added, "changed": taken.changed}
    append(tx, "page-committed", sync.subject, told, now)
    _advance(sync, page, taken.lines)
    return PageOutcome(taken.added, taken.changed, taken.unchanged, len(taken.refused))


@dataclass(frozen=True)
class _Taken:
    """What became of a page; `accepted` less what it took back of earlier pages; `lines`: key and digest.

    `again`: it is kept as it was the last time.
    """

    accepted: int
    unchanged: int
    normalised: int
    refused: list[tuple[int, Refusal]]
    lines: list[tuple[str, str]]
    again: bool = False
    added: int = 0
    changed: int = 0


def _take(tx: Transaction, sync: Sync, page: DirectoryPage, now: datetime) -> _Taken:
    """Row by row."""
    sorted_ = sort_page(tx, sync, page)
    added, changed = write_rows(tx, sync, sorted_.accepted, now)
    mark_gone(tx, sync, [key for key, _ in sorted_.taken_back], now)
    refused: list[tuple[int, Refusal]] = [(page.page_no, row) for row in page.refused]
    return _Taken(
        len(sorted_.accepted) - len(sorted_.taken_back),
        len(sorted_.accepted) - added - changed,
        page.normalised,
        refused + sorted_.refused,
        list(sorted_.digests()),
        added=added,
        changed=changed,
    )


def _take_again(tx: Transaction, sync: Sync, page: DirectoryPage) -> _Taken | None:
    """A page that is as it was the last time: what became of it then becomes of it now; None if it is not."""
    before = page_before(tx, sync, page)
    if before is None:
        return None
    refused: list[tuple[int, Refusal]] = [(page.page_no, row) for row in before.refused]
    lines = list((before.rows or {}).items())
    return _Taken(before.accepted, before.accepted, before.normalised, refused, lines, again=True)


def complete_sync(tx: Transaction, sync: Sync, now: datetime) -> SnapshotState:
    """Closes a pass whose last page is in: marks what it did not hold as gone, and records its digest.

    The digest is over all accepted rows in the order of their keys, whatever the pages were.
    Raises DrawbridgeError DB-LEDGER-021 if the source claims another number of rows, -022 if the pass was
    abandoned.
    """
    state = snapshot_of(tx, sync.source, sync.kind, sync.snapshot_no)
    if state is None or state.state == "abandoned":
        raise DrawbridgeError("DB-LEDGER-022")
    if state.state == "complete":
        return state
    if state.claimed is not None and state.claimed != state.read:
        raise DrawbridgeError("DB-LEDGER-021", claimed=state.claimed, read=state.read)
    if sync.follows and state.pages == sync.before_pages:
        digest, gone = sync.before_digest, list[str]()
    else:
        if sync.follows or sync.next_page != state.pages + 1:
            _catch_up(tx, sync)
        digest, gone = _compare(tx, sync)
    mark_gone(tx, sync, gone, now)
    _close(tx, sync, now, state="complete", rows_gone=len(gone), digest=digest)
    told = {"snapshot": sync.snapshot_no, "digest": digest, "read": state.read, "accepted": state.accepted}
    told |= {"quarantined": state.quarantined, "gone": len(gone)}
    append(tx, "sync-completed", sync.subject, told, now)
    return replace(state, state="complete", gone=len(gone), digest=digest, closed_at=now)


def _compare(tx: Transaction, sync: Sync) -> tuple[str, list[str]]:
    """The digest of what the pass held, and the keys of rows that it did not hold.

    Both in the order of the keys, side by side: neither is ever in memory as a whole.
    """
    row = dir_row.c
    key = row.row_key.collate("C") if tx.dialect.name == "postgresql" else row.row_key
    query = sa.select(row.row_key, row.digest).where(
        row.source == sync.source, row.kind == sync.kind, row.is_gone.is_(False)
    )
    rows = tx.execute(query.order_by(key), execution_options={"yield_per": _ROWS_AT_ONCE})
    seen, whole, gone = sync.seen.undisputed(), hashlib.sha256(), list[str]()
    held = next(seen, None)
    for row_key, digest in rows.tuples():
        while held is not None and held < row_key:
            held = next(seen, None)
        if held == row_key:
            whole.update(f"{row_key}\t{digest}\n".encode())
        else:
            gone.append(row_key)
    return whole.hexdigest(), gone


def abandon_sync(tx: Transaction, sync: Sync, reason: str, now: datetime) -> None:
    """Gives a pass up, such as when rows moved between its pages; the next one starts at page 1.

    What its pages changed stays: it is what the source said. Nothing is marked gone.
    """
    state = snapshot_of(tx, sync.source, sync.kind, sync.snapshot_no)
    if state is None or state.state != "open":
        return
    _close(tx, sync, now, state="abandoned", reason=reason)
    append(tx, "sync-abandoned", sync.subject, {"snapshot": sync.snapshot_no, "reason": reason}, now)


def _is_recorded(tx: Transaction, sync: Sync, page: DirectoryPage) -> bool:
    recorded = tx.execute(_RECORDED, {**_pass(sync), "in_page_no": page.page_no}).one_or_none()
    if recorded is None:
        return False
    if recorded.digest != page.digest:
        raise DrawbridgeError("DB-LEDGER-020", page=page.page_no)
    if page.page_no >= sync.next_page:  # another run committed it
        if sync.follows:
            _catch_up(tx, sync)
        _advance(sync, page, list(lines_of(recorded.content)))
    return True


def _advance(sync: Sync, page: DirectoryPage, lines: Sequence[tuple[str, str]]) -> None:
    if not sync.follows:
        _see(sync, page.page_no, lines)
    sync.next_page = page.page_no + 1
    sync.marks.append((page.page_no, page.digest, page.read, page.total, page.snapshot))
    sync.read += page.read
    sync.remote_snapshot = page.snapshot or sync.remote_snapshot


def _catch_up(tx: Transaction, sync: Sync) -> None:
    """From here on the pass goes its own way: the keys of all pages on record are wanted."""
    for page_no, content in contents(tx, sync):
        _see(sync, page_no, list(lines_of(content)))
    sync.follows = False


def _see(sync: Sync, page_no: int, lines: Sequence[tuple[str, str]]) -> None:
    disputed = [key for key, digest in lines if digest == CONFLICT]
    sync.seen.add(page_no, (key for key, digest in lines if digest != CONFLICT), disputed)


def _close(tx: Transaction, sync: Sync, now: datetime, **values: object) -> None:
    row = dir_snapshot.c
    tx.execute(
        dir_snapshot.update()
        .where(row.source == sync.source, row.kind == sync.kind, row.snapshot_no == sync.snapshot_no)
        .values(closed_at=now, **values)
    )
