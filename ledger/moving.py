"""Moving a ledger to another database, from SQLite to PostgreSQL or back: whole, or not at all.

The source is locked for writers from its last event to the end of the move.  That event, `ledger-moved`, is
copied like all others; the target adds `ledger-received`, is compared row by row and is committed first, the
source after it.  So a ledger whose newest event about itself is `ledger-moved` is the one that was left
behind, and no copy of the other one is taken for it, whatever its address.  A trigger keeps the source's
chain as it is, for whoever has it open still.  What ends between the two commits is ended by moving again:
the target then holds the event that the source lacks.

Rows are copied as they are stored, sealed or not.  No table numbers its rows by the database, so there are no
counters to be moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.audit import AuditHead, append, events, head, verify_chain
from ledger.engine import Ledger, Transaction, describe_database, open_ledger
from ledger.failures import translated
from ledger.migrate import REVISION
from ledger.tables import audit_event, audit_head
from ledger.tables_alerts import alert
from ledger.tables_outbox import lease
from schemas.errors import DrawbridgeError

MOVED, RECEIVED = "ledger-moved", "ledger-received"
SUBJECT = "ledger"
"""Subject of both events."""

# Of all modules of tables, which are imported with these; those first that others refer to.
_TABLES = alert.metadata.sorted_tables
_SLICE = 500

_NO_MORE_EVENTS = {
    "sqlite": """
        CREATE TRIGGER audit_event_moved BEFORE INSERT ON audit_event
        BEGIN SELECT RAISE(ABORT, 'the ledger was moved'); END
    """,
    "postgresql": """
        CREATE TRIGGER audit_event_moved BEFORE INSERT ON audit_event
        FOR EACH ROW EXECUTE FUNCTION audit_event_refuse()
    """,
}


@dataclass(frozen=True)
class Rows:
    """A table's rows: how many, and the sum of their digests, whatever their order."""

    count: int = 0
    total: int = 0

    def with_(self, rows: Sequence[Mapping[str, Any]]) -> Rows:
        """These rows too."""
        digests = (hashlib.sha256(repr(tuple(row.values())).encode()).digest() for row in rows)
        total = sum(int.from_bytes(digest) for digest in digests)
        return Rows(self.count + len(rows), (self.total + total) % 2**256)


@dataclass(frozen=True)
class Move:
    """A ledger that was moved. `tables` counts the rows; empty where an earlier move was only ended."""

    source: str
    target: str
    tables: Mapping[str, int]
    head: AuditHead


def move(
    source_url: str, target_url: str, at: datetime, is_gone: Callable[[str], bool] = lambda owner: False
) -> Move:
    """Moves the ledger at one address to an empty database at another. `at`: wall time, aware.

    Raises DrawbridgeError DB-LEDGER-050 if it was moved before, -051 if the target holds anything, -052 if
    either is of another revision, -053 while a lease is held by somebody who is not `is_gone`, -054 if the
    target cannot hold a row, -055 if the copy differs, -056 if the chain is broken; and as the databases
    fail.  Then the target is as empty as before, and the source is still the ledger.
    """
    _require_revision(source_url, (REVISION,))
    with closing(open_ledger(source_url, keys=None)) as source:
        with source.read() as old:
            _refuse_one_in_use(source, old, at, is_gone)  # before a target is made
        _require_revision(target_url, (REVISION, None))
        with closing(open_ledger(target_url, keys=None)) as target, source.write() as old:
            _refuse_one_in_use(source, old, at, is_gone)
            return _move(source, target, old, at)


def _move(source: Ledger, target: Ledger, old: Transaction, at: datetime) -> Move:
    broken_at = verify_chain(old).broken_at
    if broken_at is not None:
        raise DrawbridgeError("DB-LEDGER-056", place=source.place, seq=broken_at)
    with target.read() as new:
        last = _the_move(new, head(old))
        if last is None:
            _require_empty(new, target)
    counts: dict[str, int] = {}
    if last is not None:
        old.execute(audit_event.insert(), [last])
        old.execute(audit_head.update().values(seq_no=last["seq_no"], digest=last["digest"]))
        old.exec_driver_sql(_NO_MORE_EVENTS[old.dialect.name])
    else:
        append(old, MOVED, SUBJECT, {"to": target.place}, at)
        # Before the target is committed: only the owner of the source's tables may do it.
        old.exec_driver_sql(_NO_MORE_EVENTS[old.dialect.name])
        with target.write() as new:
            _require_empty(new, target)
            counts = _copy(source, old, new)
            received = {"from": source.place, "rows": sum(counts.values())}
            append(new, RECEIVED, SUBJECT, received, at)
            if verify_chain(new, [head(old)]).broken_at is not None:
                raise DrawbridgeError("DB-LEDGER-055", name=audit_event.name)
    return Move(source.place, target.place, counts, head(old))


def moved_to(tx: Transaction) -> tuple[str, str] | None:
    """Where this ledger went and when (this machine's time), if it is one that was left behind."""
    told = [one for one in events(tx, subject=SUBJECT) if one.kind in (MOVED, RECEIVED)]
    if not told or told[-1].kind != MOVED:
        return None
    return str(told[-1].facts["to"]), _moment(told[-1].at)


def _the_move(new: Transaction, end: AuditHead) -> dict[str, Any] | None:
    """The event by which the target went on from the source's end; None: it did not."""
    query = sa.select(audit_event).where(audit_event.c.seq_no == end.seq + 1)
    row = new.execute(query).mappings().one_or_none()
    if row is None or row["kind"] != MOVED or row["prev_digest"] != end.digest:
        return None
    return dict(row)


def _require_revision(url: str, accepted: Sequence[str | None]) -> None:
    state = describe_database(url)
    if state.revision not in accepted:
        place = sa.make_url(url).render_as_string(hide_password=True)
        found = state.revision or "没有台账"
        raise DrawbridgeError("DB-LEDGER-052", place=place, found=found, known=REVISION)


def _require_empty(tx: Transaction, target: Ledger) -> None:
    for table in _TABLES:
        if table is not audit_head and tx.scalar(sa.select(sa.literal(1)).select_from(table).limit(1)):
            raise DrawbridgeError("DB-LEDGER-051", place=target.place, name=table.name)


def _refuse_one_in_use(source: Ledger, tx: Transaction, at: datetime, is_gone: Callable[[str], bool]) -> None:
    """Or one that was left behind before."""
    gone = moved_to(tx)
    if gone is not None:
        raise DrawbridgeError("DB-LEDGER-050", place=source.place, to=gone[0], at=gone[1])
    for held in tx.execute(sa.select(lease).where(lease.c.expires_at > at)):
        if not is_gone(held.owner):
            raise DrawbridgeError(
                "DB-LEDGER-053", name=held.lease_name, owner=held.owner, until=_moment(held.expires_at)
            )


def _moment(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


# --- rows ------------------------------------------------------------------------------------------------


def _copy(source: Ledger, old: Transaction, new: Transaction) -> dict[str, int]:
    """Copies every table, those first that others refer to, and reads each again. Returns their counts."""
    counts = {}
    for table in _TABLES:
        stored = _as_stored(table)
        read = Rows()
        for rows in _slices(source, old, stored):
            read = read.with_(rows)
            try:
                if table is audit_head:  # one row, which the target has from the beginning
                    new.execute(stored.update().values(**rows[0]))
                else:
                    new.execute(stored.insert(), rows)
            except sa.exc.DataError as error:
                raise DrawbridgeError("DB-LEDGER-054", name=table.name) from error
        written = Rows()
        for rows in _slices(None, new, stored):
            written = written.with_(rows)
        if written != read:
            raise DrawbridgeError("DB-LEDGER-055", name=table.name)
        counts[table.name] = read.count
    return counts


def _slices(ledger: Ledger | None, tx: Transaction, stored: sa.TableClause) -> Iterator[list[dict[str, Any]]]:
    """A table's rows, a slice at a time; the audit chain in its order."""
    query = sa.select(stored)
    if stored.name == audit_event.name:
        query = query.order_by(stored.c.seq_no)
    slices = tx.execute(query, execution_options={"yield_per": _SLICE}).mappings().partitions()
    while True:
        # What fails here fails in the source, not in the target, whose transaction is around it.
        if ledger is None:
            rows = next(slices, None)
        else:
            with translated(ledger.place):
                rows = next(slices, None)
        if rows is None:
            return
        yield [dict(row) for row in rows]


def _as_stored(table: sa.Table) -> sa.TableClause:
    """The table without what happens to a value on its way: times as they stand, sealed bytes unopened."""
    return sa.table(table.name, *(sa.column(one.name, _plain(one.type)) for one in table.columns))


def _plain(kind: sa.types.TypeEngine[Any]) -> sa.types.TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, sa.types.TypeDecorator) else kind
