"""The directories as they stand: objects, inspectors, items, by the source they were synced from.

`ledger.sync` writes them.  Here is what the flows read, and the departments' materials.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter

from ledger.audit import append
from ledger.engine import Transaction
from ledger.quarantine import QuarantinedRow, rows_of_snapshot
from ledger.tables import dir_row, dir_snapshot, materials
from ledger.texts import digest_of, text_of
from schemas.directory import AnyObject, Entity, ProjectObject
from schemas.inspector import Inspector
from schemas.item import InspectionItem, Materials

T = TypeVar("T")

KEY_OF_KIND = {"object": "object_id", "inspector": "inspector_id", "item": "item_code"}
"""What is drawn, assigned and inspected, and the field that names each row."""

_ONE_PASS = sa.select(dir_snapshot).where(  # asked for with every page
    dir_snapshot.c.source == sa.bindparam("in_source"),
    dir_snapshot.c.kind == sa.bindparam("in_kind"),
    dir_snapshot.c.snapshot_no == sa.bindparam("in_no"),
)

_OBJECTS: TypeAdapter[Entity | ProjectObject] = TypeAdapter(AnyObject)
_INSPECTORS = TypeAdapter(Inspector)
_ITEMS = TypeAdapter(InspectionItem)


@dataclass(frozen=True)
class SnapshotState:
    """One pass over a directory: `state` open, complete or abandoned. Times are UTC.

    `claimed` is what the source says it holds; read = accepted + quarantined; added, changed and gone
    are against the pass before.
    """

    source: str
    kind: str
    snapshot_no: int
    state: str
    remote_snapshot: str | None
    pages: int
    claimed: int | None
    read: int
    accepted: int
    normalised: int
    quarantined: int
    added: int
    changed: int
    gone: int
    digest: str | None
    begun_at: datetime
    closed_at: datetime | None


def latest_snapshot(tx: Transaction, source: str, kind: str) -> SnapshotState | None:
    """The last complete pass over a directory."""
    return _newest(tx, source, kind, dir_snapshot.c.state == "complete")


def open_snapshot(tx: Transaction, source: str, kind: str) -> SnapshotState | None:
    """The pass that was begun and is not closed."""
    return _newest(tx, source, kind, dir_snapshot.c.state == "open")


def snapshot_of(tx: Transaction, source: str, kind: str, snapshot_no: int) -> SnapshotState | None:
    """One pass by its number."""
    found = tx.execute(_ONE_PASS, {"in_source": source, "in_kind": kind, "in_no": snapshot_no}).one_or_none()
    return None if found is None else _state(found)


def sources(tx: Transaction) -> list[str]:
    """Where directories were synced from."""
    return sorted(tx.scalars(sa.select(dir_snapshot.c.source).distinct()))


def objects(tx: Transaction, source: str) -> list[Entity | ProjectObject]:
    """抽查对象名录库: what the source held last, by id."""
    return _rows(tx, source, "object", _OBJECTS)


def inspectors(tx: Transaction, source: str) -> list[Inspector]:
    """执法检查人员名录库: what the source held last, by id."""
    return _rows(tx, source, "inspector", _INSPECTORS)


def items(tx: Transaction, source: str) -> list[InspectionItem]:
    """抽查事项清单: what the source held last, by code."""
    return _rows(tx, source, "item", _ITEMS)


def each_object(tx: Transaction, source: str) -> Iterator[Entity | ProjectObject]:
    """The same as `objects`, one by one in the database's own order, so that a long list needs no memory."""
    row = dir_row.c
    query = sa.select(row.body).where(row.source == source, row.kind == "object", row.is_gone.is_(False))
    for body in tx.scalars(query.order_by(row.row_key).execution_options(yield_per=1_000)):
        yield _OBJECTS.validate_json(body)


def quarantined(tx: Transaction, source: str, kind: str) -> list[QuarantinedRow]:
    """What the newest pass, open or closed, could not take over."""
    newest = _newest(tx, source, kind, sa.true())
    return [] if newest is None else rows_of_snapshot(tx, source, kind, newest.snapshot_no)


def record_materials(tx: Transaction, task_id: str, handed_in: Sequence[Materials], now: datetime) -> int:
    """Records what departments handed in; a changed hand-in is a new entry. Returns how many are news."""
    recorded = _materials(tx, task_id)
    news = 0
    for entry in handed_in:
        body = text_of(entry)
        seq_no, digest = recorded.get(entry.dept_code, (-1, ""))[:2]
        if digest == digest_of(body):
            continue
        tx.execute(
            materials.insert(),
            {
                "task_id": task_id,
                "dept_code": entry.dept_code,
                "seq_no": seq_no + 1,
                "body": body,
                "digest": digest_of(body),
                "recorded_at": now,
            },
        )
        append(tx, "materials-recorded", task_id, {"dept": entry.dept_code, "digest": digest_of(body)}, now)
        news += 1
    return news


def materials_of(tx: Transaction, task_id: str) -> list[Materials]:
    """What each department handed in last, by department."""
    recorded = _materials(tx, task_id)
    return [Materials.model_validate_json(recorded[dept][2]) for dept in sorted(recorded)]


def _materials(tx: Transaction, task_id: str) -> dict[str, tuple[int, str, str]]:
    query = sa.select(materials).where(materials.c.task_id == task_id).order_by(materials.c.seq_no)
    return {row.dept_code: (row.seq_no, row.digest, row.body) for row in tx.execute(query)}


def _newest(
    tx: Transaction, source: str, kind: str, condition: sa.ColumnElement[bool]
) -> SnapshotState | None:
    row = dir_snapshot.c
    query = (
        sa.select(dir_snapshot)
        .where(row.source == source, row.kind == kind, condition)
        .order_by(row.snapshot_no.desc())
        .limit(1)
    )
    found: Any = tx.execute(query).one_or_none()
    return None if found is None else _state(found)


def _state(found: Any) -> SnapshotState:
    return SnapshotState(
        found.source,
        found.kind,
        found.snapshot_no,
        found.state,
        found.remote_snapshot,
        found.pages_done,
        found.total_claimed,
        found.rows_read,
        found.rows_accepted,
        found.rows_normalised,
        found.rows_quarantined,
        found.rows_added,
        found.rows_changed,
        found.rows_gone,
        found.digest,
        found.begun_at,
        found.closed_at,
    )


def _rows(tx: Transaction, source: str, kind: str, model: TypeAdapter[T]) -> list[T]:
    row = dir_row.c
    query = sa.select(row.row_key, row.body).where(
        row.source == source, row.kind == kind, row.is_gone.is_(False)
    )
    # Sorted here, since each database has an order of text of its own.
    return [model.validate_json(body) for _, body in sorted(tx.execute(query).tuples())]
