"""The rows of one page: which are new, which the pass holds twice, and what is written of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from ledger.directory import KEY_OF_KIND
from ledger.engine import Transaction
from ledger.quarantine import Refusal
from ledger.sync_state import CONFLICT, DirectoryPage, Sync
from ledger.tables import dir_row
from ledger.texts import digest_of, text_of
from schemas.errors import DrawbridgeError

_KEYS_AT_ONCE = 500


@dataclass(frozen=True)
class _Double:
    """A row that the pass holds twice."""

    code: str
    reason: str
    raw: Mapping[str, object]
    row_no: int = 0  # pages do not say where an accepted row stood


@dataclass
class SortedRows:
    """A page's rows: accepted (key -> digest, text), keys in conflict, refusals by page, to take back."""

    accepted: dict[str, tuple[str, str]] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)
    refused: list[tuple[int, Refusal]] = field(default_factory=list)
    taken_back: list[tuple[str, int]] = field(default_factory=list)


def sort_page(tx: Transaction, sync: Sync, page: DirectoryPage) -> SortedRows:
    """Tells a page's new rows from those that this pass holds twice."""
    sorted_ = SortedRows()
    key_field = KEY_OF_KIND[sync.kind]
    for record in page.rows:
        key, text = str(getattr(record, key_field)), text_of(record)
        digest = digest_of(text)
        here = sorted_.accepted.get(key)
        page_no, known = (page.page_no, here[0]) if here else sync.seen.get(key, (0, None))
        if key in sorted_.conflicts:
            page_no, known = page.page_no, CONFLICT
        if known is None:
            sorted_.accepted[key] = (digest, text)
            continue
        code = "DB-LEDGER-023" if known == digest else "DB-LEDGER-024"
        sorted_.refused.append((page.page_no, _double(code, page_no, text)))
        if known in (digest, CONFLICT):
            continue
        sorted_.conflicts.append(key)
        if here:
            del sorted_.accepted[key]
            sorted_.refused.append((page.page_no, _double(code, page.page_no, here[1])))
        else:
            sorted_.taken_back.append((key, page_no))
            sorted_.refused.append((page_no, _double(code, page.page_no, _text_of_row(tx, sync, key))))
    return sorted_


def _double(code: str, page_no: int, text: str) -> _Double:
    return _Double(code, DrawbridgeError(code, page=page_no).zh, json.loads(text))


def _text_of_row(tx: Transaction, sync: Sync, key: str) -> str:
    row = dir_row.c
    text: str = tx.execute(
        sa.select(row.body).where(row.source == sync.source, row.kind == sync.kind, row.row_key == key)
    ).scalar_one()
    return text


def write_rows(
    tx: Transaction, sync: Sync, accepted: Mapping[str, tuple[str, str]], now: datetime
) -> tuple[int, int]:
    """Writes the rows that are new or changed; returns how many of each."""
    row = dir_row.c
    known: dict[str, tuple[str, bool]] = {}
    for keys in _slices(list(accepted)):
        found = tx.execute(
            sa.select(row.row_key, row.digest, row.is_gone).where(
                row.source == sync.source, row.kind == sync.kind, row.row_key.in_(keys)
            )
        )
        known.update((key, (digest, is_gone)) for key, digest, is_gone in found)
    same = {"is_gone": False, "snapshot_no": sync.snapshot_no, "changed_at": now}
    new: list[dict[str, object]] = []
    changed: list[dict[str, object]] = []
    back = 0
    for key, (digest, text) in accepted.items():
        if key not in known:
            new.append(
                {"source": sync.source, "kind": sync.kind, "row_key": key, "digest": digest, "body": text}
                | same
            )
        elif known[key] != (digest, False):
            back += known[key][1]
            changed.append({"the_key": key, "digest": digest, "body": text} | same)
    if new:
        tx.execute(dir_row.insert(), new)
    if changed:
        tx.execute(
            dir_row.update().where(
                row.source == sync.source, row.kind == sync.kind, row.row_key == sa.bindparam("the_key")
            ),
            changed,
        )
    return len(new) + back, len(changed) - back


def mark_gone(tx: Transaction, sync: Sync, keys: Sequence[str], now: datetime) -> None:
    """Marks rows that the source does not hold any more, or that are in dispute; none is deleted."""
    row = dir_row.c
    for some in _slices(keys):
        tx.execute(
            dir_row.update()
            .where(row.source == sync.source, row.kind == sync.kind, row.row_key.in_(some))
            .values(is_gone=True, snapshot_no=sync.snapshot_no, changed_at=now)
        )


def content_of(sorted_: SortedRows) -> str:
    """What a page held: pairs of row key and digest, as JSON."""
    kept = [[key, digest] for key, (digest, _) in sorted_.accepted.items()]
    return json.dumps(kept + [[key, CONFLICT] for key in sorted_.conflicts], ensure_ascii=False)


def lines_of(content: str) -> Iterator[tuple[str, str]]:
    """The pairs that `content_of` wrote."""
    yield from json.loads(content)


def _slices(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        yield keys[start : start + _KEYS_AT_ONCE]
