"""One pass over a directory, taken over page by page: a killed pass goes on after its last committed page.

A row whose content is unchanged is not written.  What each page held is kept in one row per
page, so that rows which no page of a complete pass held any more can be marked gone.  Every
row that was read is accepted or quarantined, also when another page turns out to hold it too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from ledger.audit import append
from ledger.directory import SnapshotState, open_snapshot, snapshot_of
from ledger.engine import Transaction
from ledger.quarantine import record_quarantined
from ledger.sync_rows import content_of, lines_of, mark_gone, sort_page, write_rows
from ledger.sync_state import CONFLICT, DirectoryPage, Mark, Sync
from ledger.tables import dir_page, dir_row, dir_snapshot
from ledger.texts import digest_of
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class PageOutcome:
    """What one page did to the directory."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0


def begin_sync(tx: Transaction, source: str, kind: str, now: datetime) -> Sync:
    """Begins a pass over a directory, or goes on with the one that was left open."""
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
        for page_no, content in _pages(tx, sync):
            sync.seen.update((key, (page_no, digest)) for key, digest in lines_of(content))
        sync.marks.extend(_marks(tx, sync))
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
    sorted_ = sort_page(tx, sync, page)
    added, changed = write_rows(tx, sync, sorted_.accepted, now)
    mark_gone(tx, sync, [key for key, _ in sorted_.taken_back], now)
    refused = [(page.page_no, row) for row in page.refused] + sorted_.refused
    record_quarantined(tx, sync.source, sync.kind, sync.snapshot_no, refused, now)
    tx.execute(
        dir_page.insert(),
        {
            "source": sync.source,
            "kind": sync.kind,
            "snapshot_no": sync.snapshot_no,
            "page_no": page.page_no,
            "digest": page.digest,
            "rows_read": len(page.rows) + len(page.refused),
            "total_claimed": page.total,
            "remote_snapshot": page.snapshot,
            "content": content_of(sorted_),
            "notes": json.dumps(list(page.notes), ensure_ascii=False),
            "committed_at": now,
        },
    )
    accepted = len(sorted_.accepted) - len(sorted_.taken_back)
    row = dir_snapshot.c
    tx.execute(
        dir_snapshot.update()
        .where(row.source == sync.source, row.kind == sync.kind, row.snapshot_no == sync.snapshot_no)
        .values(
            pages_done=page.page_no,
            remote_snapshot=page.snapshot or state.remote_snapshot,
            total_claimed=page.total,
            rows_read=row.rows_read + len(page.rows) + len(page.refused),
            rows_accepted=row.rows_accepted + accepted,
            rows_normalised=row.rows_normalised + page.normalised,
            rows_quarantined=row.rows_quarantined + len(refused),
            rows_added=row.rows_added + added,
            rows_changed=row.rows_changed + changed,
        )
    )
    told = {"snapshot": sync.snapshot_no, "page": page.page_no, "digest": page.digest}
    told |= {"accepted": accepted, "quarantined": len(refused), "added": added, "changed": changed}
    append(tx, "page-committed", sync.subject, told, now)
    _advance(sync, page, content_of(sorted_))
    return PageOutcome(added, changed, len(sorted_.accepted) - added - changed, len(refused))


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
    held: dict[str, str] = {}
    for _, content in _pages(tx, sync):
        held.update(lines_of(content))
    held = {key: digest for key, digest in held.items() if digest != CONFLICT}
    row = dir_row.c
    here = sa.select(row.row_key).where(
        row.source == sync.source, row.kind == sync.kind, row.is_gone.is_(False)
    )
    gone = [key for key in tx.scalars(here) if key not in held]
    mark_gone(tx, sync, gone, now)
    digest = digest_of("".join(f"{key}\t{held[key]}\n" for key in sorted(held)))
    _close(tx, sync, now, state="complete", rows_gone=len(gone), digest=digest)
    told = {"snapshot": sync.snapshot_no, "digest": digest, "read": state.read, "accepted": state.accepted}
    told |= {"quarantined": state.quarantined, "gone": len(gone)}
    append(tx, "sync-completed", sync.subject, told, now)
    return replace(state, state="complete", gone=len(gone), digest=digest, closed_at=now)


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
    column = dir_page.c
    recorded = tx.execute(
        sa.select(column.digest, column.content).where(
            column.source == sync.source,
            column.kind == sync.kind,
            column.snapshot_no == sync.snapshot_no,
            column.page_no == page.page_no,
        )
    ).one_or_none()
    if recorded is None:
        return False
    if recorded.digest != page.digest:
        raise DrawbridgeError("DB-LEDGER-020", page=page.page_no)
    if page.page_no >= sync.next_page:  # another run committed it
        _advance(sync, page, recorded.content)
    return True


def _advance(sync: Sync, page: DirectoryPage, content: str) -> None:
    sync.seen.update((key, (page.page_no, digest)) for key, digest in lines_of(content))
    sync.next_page = page.page_no + 1
    read = len(page.rows) + len(page.refused)
    sync.marks.append((page.page_no, page.digest, read, page.total, page.snapshot))
    sync.read += read
    sync.remote_snapshot = page.snapshot or sync.remote_snapshot


def _close(tx: Transaction, sync: Sync, now: datetime, **values: object) -> None:
    row = dir_snapshot.c
    tx.execute(
        dir_snapshot.update()
        .where(row.source == sync.source, row.kind == sync.kind, row.snapshot_no == sync.snapshot_no)
        .values(closed_at=now, **values)
    )


def _pages(tx: Transaction, sync: Sync) -> Iterator[tuple[int, str]]:
    column = dir_page.c
    query = sa.select(column.page_no, column.content).where(
        column.source == sync.source, column.kind == sync.kind, column.snapshot_no == sync.snapshot_no
    )
    yield from tx.execute(query.order_by(column.page_no)).tuples()


def _marks(tx: Transaction, sync: Sync) -> list[Mark]:
    column = dir_page.c
    query = sa.select(
        column.page_no, column.digest, column.rows_read, column.total_claimed, column.remote_snapshot
    ).where(column.source == sync.source, column.kind == sync.kind, column.snapshot_no == sync.snapshot_no)
    return [
        (row.page_no, row.digest, row.rows_read, row.total_claimed, row.remote_snapshot)
        for row in tx.execute(query.order_by(column.page_no))
    ]
