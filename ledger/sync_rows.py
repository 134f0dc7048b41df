"""The rows of one page: which are new, which the pass holds twice, and what is written of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.directory import KEY_OF_KIND
from ledger.engine import Transaction
from ledger.quarantine import Refusal
from ledger.sync_pages import held_digest
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

    def digests(self) -> Iterator[tuple[str, str]]:
        """What the page held, as it is kept of it: row key and digest."""
        for key, (digest, _) in self.accepted.items():
            yield key, digest
        for key in self.conflicts:
            yield key, CONFLICT


def sort_page(tx: Transaction, sync: Sync, page: DirectoryPage) -> SortedRows:
    """Tells a page's new rows from those that this pass holds twice."""
    sorted_ = SortedRows()
    key_field = KEY_OF_KIND[sync.kind]
    texts = [(str(getattr(record, key_field)), text_of(record)) for record in page.rows]
    pages = sync.seen.pages([key for key, _ in texts])
    for key, text in texts:
        digest = digest_of(text)
        here = sorted_.accepted.get(key)
        page_no, known = page.page_no, here[0] if here else None
        if key in sorted_.conflicts:
            known = CONFLICT
        elif known is None and key in pages:
            page_no = pages[key]
            known = held_digest(tx, sync, page_no, key)
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
    known = _known(tx, sync, list(accepted))
    new: list[tuple[str, str, str]] = []
    changed: list[dict[str, object]] = []
    back = 0
    for key, (digest, text) in accepted.items():
        there = known.get(key)
        if there is None:
            new.append((key, digest, text))
        elif there != (digest, False):
            back += there[1]
            changed.append(
                {
                    "the_key": key,
                    "digest": digest,
                    "body": text,
                    "is_gone": False,
                    "snapshot_no": sync.snapshot_no,
                    "changed_at": now,
                }
            )
    if new:
        _insert(tx, sync, new, now)
    if changed:
        row = dir_row.c
        tx.execute(
            dir_row.update().where(
                row.source == sync.source, row.kind == sync.kind, row.row_key == sa.bindparam("the_key")
            ),
            changed,
        )
    return len(new) + back, len(changed) - back


# Statements as the drivers take them: what SQLAlchemy does for each row costs more than the row itself.
_KNOWN = {
    "sqlite": "SELECT row_key, digest, is_gone FROM json_each(?) CROSS JOIN dir_row "
    "ON source = ? AND kind = ? AND row_key = value",
    "postgresql": "SELECT row_key, digest, is_gone FROM jsonb_array_elements_text(%s::jsonb) AS held (k) "
    "JOIN dir_row ON source = %s AND kind = %s AND row_key = k",
}
_INSERT = {
    "sqlite": "INSERT INTO dir_row (source, kind, snapshot_no, changed_at, is_gone, row_key, digest, body) "
    "VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
    "postgresql": "INSERT INTO dir_row "
    "(source, kind, snapshot_no, changed_at, is_gone, row_key, digest, body) "
    "SELECT %s, %s, %s, %s, false, k, d, b "
    "FROM unnest(ARRAY(SELECT jsonb_array_elements_text(%s::jsonb)), "
    "string_to_array(%s, E'\\n'), string_to_array(%s, E'\\n')) AS fresh (k, d, b)",
}


def _known(tx: Transaction, sync: Sync, keys: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Digest, and whether it is gone, of each row that the directory has under these keys."""
    if sync.snapshot_no == 1:  # what this very pass wrote was told apart already
        return {}
    packed = json.dumps(keys, ensure_ascii=False)
    found = tx.exec_driver_sql(_KNOWN[tx.dialect.name], (packed, sync.source, sync.kind))
    return {key: (digest, bool(is_gone)) for key, digest, is_gone in found}


def _insert(tx: Transaction, sync: Sync, rows: Sequence[tuple[str, str, str]], now: datetime) -> None:
    seal, moment = (_stored_as(tx, name) for name in ("body", "changed_at"))
    of_all = (sync.source, sync.kind, sync.snapshot_no, moment(now))
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(
            _INSERT["sqlite"], [(*of_all, key, digest, seal(text)) for key, digest, text in rows]
        )
    else:
        keys, digests, texts = zip(*rows, strict=True)
        # Lists cost the driver more than all else; JSON holds no bare line end (RFC 8259 §7), base64 neither.
        packed = (json.dumps(keys, ensure_ascii=False), "\n".join(digests), "\n".join(map(seal, texts)))
        tx.exec_driver_sql(_INSERT["postgresql"], (*of_all, *packed))


def _stored_as(tx: Transaction, column: str) -> Callable[[Any], Any]:
    """How a value of this column is handed to the driver: sealed, without its zone."""
    return dir_row.c[column].type.dialect_impl(tx.dialect).bind_processor(tx.dialect) or (lambda value: value)


def mark_gone(tx: Transaction, sync: Sync, keys: Sequence[str], now: datetime) -> None:
    """Marks rows that the source does not hold any more, or that are in dispute; none is deleted."""
    row = dir_row.c
    for some in _slices(keys):
        tx.execute(
            dir_row.update()
            .where(row.source == sync.source, row.kind == sync.kind, row.row_key.in_(some))
            .values(is_gone=True, snapshot_no=sync.snapshot_no, changed_at=now)
        )


def _slices(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        yield keys[start : start + _KEYS_AT_ONCE]
