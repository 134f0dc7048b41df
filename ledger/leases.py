"""Who may send now: one lease per kind of write and task, with a fencing number.

Whoever takes a lease over gets the next number, and every transaction of the sender asks for its own
number first.  So a runner that was thought dead and wakes up writes nothing any more; what it may
still put on the wire is a message that its successor resolves like any other unknown outcome.
An orchestrator's concurrency limit is advisory across crashes, which is why this one exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from ledger.engine import Transaction
from ledger.tables_outbox import lease as table
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Lease:
    """A lease as recorded; `expires_at` is wall time, UTC."""

    name: str
    owner: str
    fence: int
    expires_at: datetime


def acquire(
    tx: Transaction,
    name: str,
    owner: str,
    wall: datetime,
    ttl_s: float,
    is_gone: Callable[[str], bool] = lambda owner: False,
) -> Lease | None:
    """Takes a lease that is free, expired, or whose owner `is_gone`; None: somebody else has it."""
    recorded = lease_of(tx, name)
    if recorded is not None and recorded.expires_at > wall and not is_gone(recorded.owner):
        return None
    taken = Lease(name, owner, 1 if recorded is None else recorded.fence + 1, wall + timedelta(seconds=ttl_s))
    values = {"owner": owner, "fence": taken.fence, "expires_at": taken.expires_at}
    if recorded is None:
        tx.execute(table.insert(), {"lease_name": name, **values})
    else:
        tx.execute(table.update().where(table.c.lease_name == name).values(**values))
    return taken


def renew(tx: Transaction, held: Lease, wall: datetime, ttl_s: float) -> Lease:
    """Prolongs a lease within the transaction that it guards.

    An expired lease that nobody took is still held. Raises DrawbridgeError DB-LEDGER-040 if it was taken
    over.
    """
    longer = Lease(held.name, held.owner, held.fence, wall + timedelta(seconds=ttl_s))
    found = tx.execute(
        _RENEW, {"the_name": held.name, "the_fence": held.fence, "new_expiry": longer.expires_at}
    )
    if found.rowcount != 1:
        raise DrawbridgeError("DB-LEDGER-040", name=held.name)
    return longer


_RENEW = (
    table.update()
    .where(table.c.lease_name == sa.bindparam("the_name"), table.c.fence == sa.bindparam("the_fence"))
    .values(expires_at=sa.bindparam("new_expiry"))
)


def release(tx: Transaction, held: Lease, wall: datetime) -> None:
    """Gives a lease back, unless it was taken over; its fencing number is never used again."""
    tx.execute(
        table.update()
        .where(table.c.lease_name == held.name, table.c.fence == held.fence)
        .values(expires_at=wall)
    )


def lease_of(tx: Transaction, name: str) -> Lease | None:
    """A lease as it stands, expired ones included."""
    row = tx.execute(sa.select(table).where(table.c.lease_name == name)).one_or_none()
    return None if row is None else Lease(row.lease_name, row.owner, row.fence, row.expires_at)
