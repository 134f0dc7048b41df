"""What the directory says of the enterprises themselves, whichever of their objects are listed.

The directory is ten times as long as a draw, and is asked whenever somebody wants to know how a record
stands: here only the members that this is about are taken out of each row, and no record is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic_core import from_json

from ledger.engine import Transaction
from ledger.looked_into import is_sealed, members_of
from ledger.many_records import no_cycles
from ledger.tables import dir_row
from schemas.codes import RegistrationState


class Registered(NamedTuple):
    """An enterprise as the source held it last. `prip_id` None: the directory does not say it."""

    ent_name: str
    prip_id: str | None
    reg_state: RegistrationState


def registered(tx: Transaction, source: str) -> dict[str, Registered]:
    """Every enterprise of the directory by its USCC; of several objects the last id's row holds."""
    newest: dict[str, tuple[str, Registered]] = {}
    with no_cycles():
        for key, uscc, ent_name, prip_id, reg_state in _said(tx, source):
            known = newest.get(uscc)
            # Compared here, since each database has an order of text of its own.
            if known is None or known[0] < key:
                newest[uscc] = (key, Registered(ent_name, prip_id, _STATES[reg_state]))
        return {uscc: found for uscc, (_, found) in newest.items()}


_MEMBERS = ("uscc", "ent_name", "prip_id", "reg_state")
_STATES = {state.value: state for state in RegistrationState}


def _said(tx: Transaction, source: str) -> Iterator[tuple[Any, ...]]:
    """Of each object: its key, then `_MEMBERS`."""
    row = dir_row.c
    here = sa.and_(row.source == source, row.kind == "object", row.is_gone.is_(False))
    if is_sealed(tx):
        query = sa.select(row.row_key, row.body).where(here).execution_options(yield_per=1_000)
        for key, body in tx.execute(query).tuples():
            said = from_json(body)
            yield key, *(said[name] for name in _MEMBERS)
        return
    members = members_of(tx, row.body)
    listed = sa.select(row.row_key, *(members[name].as_string() for name in _MEMBERS)).where(here)
    yield from tx.execute(listed.execution_options(yield_per=1_000)).tuples()
