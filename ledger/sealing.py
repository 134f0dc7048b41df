"""Which keys a ledger needs, and sealing anew all that it holds.

The first time that a key seals, `key-taken` goes into the chain with a word that only this key opens.
Whoever opens the ledger must open every such word since the last `resealed`: so a key that is missing, or
another one of the same name, is found before anything is read or written.  `reseal` leaves nothing that needs
another key than the first; from then on the older ones can go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import sqlalchemy as sa

import ledger.tables_outbox  # noqa: F401  adds its tables to the metadata
from ledger.approvers import outdated_secrets, reseal_secrets
from ledger.audit import append
from ledger.encrypted import Keys
from ledger.engine import Ledger, Transaction
from ledger.retention import NOTHING, overwrites
from ledger.tables import audit_event, metadata
from ledger.types import UNOPENED, SealedBytes, SealedText, keys_of
from schemas.errors import DrawbridgeError

Key: TypeAlias = tuple[Any, ...]

SUBJECT = "keys"
_TAKEN, _RESEALED = "key-taken", "resealed"
_PLACE, _WORD = "audit_event.facts", "drawbridge"
_ROWS_AT_ONCE = 1_000


def check_keys(tx: Transaction, keys: Keys) -> bool:
    """Whether the first key is one that has sealed here; raises if one is missing that is needed.

    Raises DrawbridgeError DB-LEDGER-011 naming the key that is missing or is another one.
    """
    query = sa.select(audit_event.c.kind, audit_event.c.facts).where(audit_event.c.subject == SUBJECT)
    needed: dict[str, str] = {}
    for kind, facts in tx.execute(query.order_by(audit_event.c.seq_no)).tuples():
        try:
            told = json.loads(facts)
            name, word = str(told["key"]), str(told["word"])
        except (ValueError, KeyError, TypeError):
            continue  # somebody changed it: the chain does not verify
        if kind == _RESEALED:
            needed.clear()
        needed[name] = word
    for name, word in needed.items():
        if name not in keys.by_name or keys.unseal_text(_PLACE, word, "DB-LEDGER-011") != _WORD:
            raise DrawbridgeError("DB-LEDGER-011", key=name)
    return not keys.by_name or next(iter(keys.by_name)) in needed


def take_keys(tx: Transaction, now: datetime) -> None:
    """Records the first key, unless it is known already or there is none."""
    keys = keys_of(tx.dialect)
    if not check_keys(tx, keys):
        append(tx, _TAKEN, SUBJECT, _of_first(keys), now)


def outdated(tx: Transaction) -> dict[str, int]:
    """How many values are not sealed by the first key, by `table.column`; without keys none."""
    keys = keys_of(tx.dialect)
    counts = {
        _place(column): sum(len(_not_current(rows, column, keys)) for rows in _slices(tx, column))
        for column in _columns()
    }
    return _some(counts | {"approver.code_secret": len(outdated_secrets(tx, keys))})


def reseal(ledger: Ledger, now: datetime) -> dict[str, int]:
    """Seals everything with the first key, some rows a transaction; adds `resealed` with the counts.

    Killed half-way it is begun again: what is sealed already is left alone.  Nobody may have the ledger open
    with other keys meanwhile.  Returns how many values were sealed, by `table.column`; without keys nothing
    is done.
    """
    keys = keys_of(ledger.engine.dialect)
    if not keys.by_name:
        return {}
    counts: dict[str, int] = {}
    for column in _columns():
        after: Key | None = None
        while True:
            with ledger.write() as tx:
                rows = _slice(tx, column, after)
                counts[_place(column)] = counts.get(_place(column), 0) + _seal(tx, rows, column, keys)
            if not rows:
                break
            after = _key(rows[-1])
    with ledger.write() as tx:
        overwrites(tx)
        secrets = outdated_secrets(tx, keys)
        reseal_secrets(tx, keys, secrets)
        done = _some(counts | {"approver.code_secret": len(secrets)})
        append(tx, _RESEALED, SUBJECT, _of_first(keys) | {"values": done}, now)
    return done


def _of_first(keys: Keys) -> dict[str, Any]:
    return {"key": next(iter(keys.by_name)), "word": keys.seal_text(_PLACE, _WORD)}


def _some(counts: dict[str, int]) -> dict[str, int]:
    return {place: count for place, count in counts.items() if count}


def _columns() -> list[sa.Column[Any]]:
    sealed = SealedText | SealedBytes
    return [
        column for table in metadata.sorted_tables for column in table.c if isinstance(column.type, sealed)
    ]


def _place(column: sa.Column[Any]) -> str:
    return f"{column.table.name}.{column.name}"


def _key(row: sa.Row[Any]) -> Key:
    return tuple(row)[:-1]


def _slices(tx: Transaction, column: sa.Column[Any]) -> Iterator[Sequence[sa.Row[Any]]]:
    after: Key | None = None
    while rows := _slice(tx, column, after):
        yield rows
        after = _key(rows[-1])


def _slice(tx: Transaction, column: sa.Column[Any], after: Key | None) -> Sequence[sa.Row[Any]]:
    """The next rows of a table: the columns of their key, and the value as it is stored."""
    key = list(column.table.primary_key.columns)
    as_stored: sa.types.TypeEngine[Any] = (
        sa.LargeBinary() if isinstance(column.type, SealedBytes) else sa.Text()
    )
    query = sa.select(*key, sa.type_coerce(column, as_stored)).order_by(*key).limit(_ROWS_AT_ONCE)
    if after is not None:
        query = query.where(sa.tuple_(*key) > after)
    return tx.execute(query).all()


def _not_current(
    rows: Sequence[sa.Row[Any]], column: sa.Column[Any], keys: Keys
) -> list[tuple[Key, str | bytes]]:
    is_current = keys.is_current if isinstance(column.type, SealedBytes) else keys.is_current_text
    return [(_key(row), row[-1]) for row in rows if row[-1] != NOTHING and not is_current(row[-1])]


def _seal(tx: Transaction, rows: Sequence[sa.Row[Any]], column: sa.Column[Any], keys: Keys) -> int:
    """Writes those anew that are not current; returns how many."""
    old = _not_current(rows, column, keys)
    if old:
        overwrites(tx)
        names = [f"of_{part.name}" for part in column.table.primary_key.columns]
        here = [
            part == sa.bindparam(name)
            for part, name in zip(column.table.primary_key.columns, names, strict=True)
        ]
        change = column.table.update().where(*here).values({column: sa.bindparam("plain", type_=column.type)})
        tx.execute(
            change,
            [
                dict(zip(names, key, strict=True)) | {"plain": _opened(keys, column, stored)}
                for key, stored in old
            ],
        )
    return len(old)


def _opened(keys: Keys, column: sa.Column[Any], stored: str | bytes) -> str | bytes:
    if isinstance(stored, str):
        return keys.unseal_text(_place(column), stored, UNOPENED)
    return keys.unseal(_place(column), stored, UNOPENED)
