"""What is to go out: one item per record of ours, kind of write and version, and how far each came.

An item's state says what is known, not what was tried: `sending` means that its message was handed
to the network or may have been, and that nobody has said yet what became of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from ledger.engine import Transaction
from ledger.tables_outbox import delivery_item
from ledger.texts import digest_of

STATES: Mapping[str, str] = {
    "held": "waits for an approval",
    "ready": "may be sent",
    "sending": "in a message whose outcome is unknown",
    "pending": "received by the other side, which has not decided",
    "accepted": "held by the other side, with its receipt",
    "rejected": "refused, with the reason",
    "withheld": "not to be sent, with the reason",
    "void": "replaced by a later version before it was sent",
    "parked": "outcome unknown and not to be found out by asking: an operator decides",
}

OPEN = frozenset({"ready", "sending", "pending", "parked"})
"""A later version of the same record waits until the earlier one has left these states."""

_KEYS_AT_ONCE = 400
_MANY = 200


class OutboxItem(NamedTuple):
    """One version of one record on its way. `payload` is the record as JSON text; times are UTC.

    `attempt` counts the messages that were void; `batch_no` names the message that it is in.
    """

    kind: str
    task_id: str
    key: str
    version: int
    state: str
    payload: str
    payload_digest: str
    deadline: datetime | None
    attempt: int
    batch_no: str | None
    receipt_no: str | None
    code: str | None
    reason: str | None


class ItemState(NamedTuple):
    """How an item stands, without what it holds."""

    kind: str
    task_id: str
    key: str
    version: int
    state: str
    receipt_no: str | None
    batch_no: str | None


@dataclass(frozen=True)
class Waiting:
    """An open item without its payload, for planning. `alone`: goes out in a message of its own."""

    key: str
    version: int
    state: str
    deadline: datetime | None
    batch_no: str | None
    alone: bool


def add_items(
    tx: Transaction,
    kind: str,
    task_id: str,
    state: str,
    rows: Sequence[tuple[str, int, str, datetime | None]],
    now: datetime,
) -> None:
    """Writes new items: key, version, payload, deadline."""
    if not rows:
        return
    tx.execute(
        delivery_item.insert(),
        [
            {
                "kind": kind,
                "task_id": task_id,
                "item_key": key,
                "item_version": version,
                "state": state,
                "payload": payload,
                "payload_digest": digest_of(payload),
                "deadline": deadline,
                "attempt": 0,
                "created_at": now,
            }
            for key, version, payload, deadline in rows
        ],
    )
    if len(rows) >= _MANY and tx.dialect.name == "postgresql":
        # Planned for an almost empty table, it would read all rows for each one that it changes.
        tx.execute(sa.text("ANALYZE delivery_item"))


def outbox_items(
    tx: Transaction, kind: str, task_id: str, keys: Collection[str] | None = None
) -> list[OutboxItem]:
    """Items of one kind, of certain keys if given, by key and version."""
    given: dict[str, object] = {"the_kind": kind, "the_task": task_id}
    if keys is None:
        found = _items(tx.execute(_OF_KIND, given))
    else:
        slices = _slices(sorted(keys))
        found = [item for some in slices for item in _items(tx.execute(_OF_KEYS, given | {"the_keys": some}))]
    return sorted(found, key=_place)


def item_of(tx: Transaction, kind: str, task_id: str, key: str, version: int) -> OutboxItem | None:
    """One item."""
    given = {"the_kind": kind, "the_task": task_id, "the_key": key, "the_version": version}
    return next(iter(_items(tx.execute(_ONE, given))), None)


def items_of_batch(tx: Transaction, batch_no: str) -> list[OutboxItem]:
    """The items that are in a message now, by key and version; those that left it are not among them."""
    return sorted(_items(tx.execute(_OF_BATCH, {"the_batch": batch_no})), key=_place)


def states_in(tx: Transaction, batch_nos: Collection[str]) -> list[ItemState]:
    """The items that are in these messages now, by key and version, without what they hold."""
    rows = tx.execute(_STATES_IN, {"the_batches": [*batch_nos]})
    return sorted((ItemState(*row) for row in rows), key=_place)


def keys_of_batch(tx: Transaction, batch_no: str) -> list[tuple[str, int]]:
    """Key and version of the items that are in a message now, without a look at what they hold."""
    column = delivery_item.c
    query = sa.select(column.item_key, column.item_version).where(column.batch_no == batch_no)
    return sorted(tx.execute(query).tuples())


def waiting_items(tx: Transaction, kind: str, task_id: str) -> list[Waiting]:
    """Everything open of one kind, nearest deadline first, then by key and version."""
    column = delivery_item.c
    query = sa.select(
        column.item_key, column.item_version, column.state, column.deadline, column.batch_no, column.code
    ).where(column.kind == kind, column.task_id == task_id, column.state.in_(sorted(OPEN)))
    found = [
        Waiting(row.item_key, row.item_version, row.state, row.deadline, row.batch_no, row.code is not None)
        for row in tx.execute(query)
    ]
    return sorted(found, key=_urgency)


def item_counts(tx: Transaction, kind: str, task_id: str) -> dict[str, int]:
    """How many items of one kind are in each state that occurs."""
    column = delivery_item.c
    query = (
        sa.select(column.state, sa.func.count())
        .where(column.kind == kind, column.task_id == task_id)
        .group_by(column.state)
    )
    return dict(tx.execute(query).tuples().all())


def set_item(tx: Transaction, item: OutboxItem, **values: object) -> None:
    """Changes columns of an item (`state`, `batch_no`, `attempt`, `receipt_no`, `code`, …)."""
    tx.execute(
        delivery_item.update().where(_is(item.kind, item.task_id, item.key, item.version)).values(**values)
    )


def set_items(tx: Transaction, items: Sequence[OutboxItem], **values: object) -> None:
    """Changes the same columns of several items alike."""
    if items:
        tx.execute(_change_of(tuple(values)), [_names(item) | _new(values) for item in items])


def answer_items(tx: Transaction, answered: Sequence[tuple[ItemState, Mapping[str, object]]]) -> None:
    """Changes several items, each in its own way but all in the same columns."""
    if answered:
        tx.execute(
            _change_of(tuple(answered[0][1])),
            [_names(item) | _new(values) for item, values in answered],
        )


def claim_items(tx: Transaction, claims: Sequence[tuple[OutboxItem, str, str]]) -> int:
    """Puts items into messages, those that still stand as they were read; returns how many did.

    `claims`: the item as read, its next state, the number of its message.
    """
    found = tx.execute(
        _CLAIM,
        [
            _names(item)
            | {
                "the_state": item.state,
                "the_attempt": item.attempt,
                "the_digest": item.payload_digest,
                "new_state": state,
                "new_batch": batch_no,
            }
            for item, state, batch_no in claims
        ],
    )
    return found.rowcount


# Statements are made once: what SQLAlchemy does to make one costs more than SQLite does to carry it out.
_FIELDS = (  # as the fields of OutboxItem
    *("kind", "task_id", "item_key", "item_version", "state", "payload", "payload_digest", "deadline"),
    *("attempt", "batch_no", "receipt_no", "code", "reason"),
)
_ITEM = sa.select(*(delivery_item.c[name] for name in _FIELDS))
_OF_BATCH = _ITEM.where(delivery_item.c.batch_no == sa.bindparam("the_batch"))
_OF_KIND = _ITEM.where(
    delivery_item.c.kind == sa.bindparam("the_kind"), delivery_item.c.task_id == sa.bindparam("the_task")
)
_OF_KEYS = _OF_KIND.where(delivery_item.c.item_key.in_(sa.bindparam("the_keys", expanding=True)))
_ONE = _OF_KIND.where(
    delivery_item.c.item_key == sa.bindparam("the_key"),
    delivery_item.c.item_version == sa.bindparam("the_version"),
)
_STATES_IN = sa.select(
    *(
        delivery_item.c[name]
        for name in ("kind", "task_id", "item_key", "item_version", "state", "receipt_no", "batch_no")
    )
).where(delivery_item.c.batch_no.in_(sa.bindparam("the_batches", expanding=True)))
_ONE_OF_SEVERAL = delivery_item.update().where(
    delivery_item.c.kind == sa.bindparam("the_kind"),
    delivery_item.c.task_id == sa.bindparam("the_task"),
    delivery_item.c.item_key == sa.bindparam("the_key"),
    delivery_item.c.item_version == sa.bindparam("the_version"),
)


_CLAIM = _ONE_OF_SEVERAL.where(
    delivery_item.c.state == sa.bindparam("the_state"),
    delivery_item.c.batch_no.is_(None),
    delivery_item.c.attempt == sa.bindparam("the_attempt"),
    delivery_item.c.payload_digest == sa.bindparam("the_digest"),
).values(state=sa.bindparam("new_state"), batch_no=sa.bindparam("new_batch"), code=None, reason=None)


@lru_cache(maxsize=64)
def _change_of(columns: tuple[str, ...]) -> sa.Update:
    new = {name: sa.bindparam(f"new_{name}", type_=delivery_item.c[name].type) for name in columns}
    return _ONE_OF_SEVERAL.values(**new)


def _names(item: OutboxItem | ItemState) -> dict[str, object]:
    return {
        "the_kind": item.kind,
        "the_task": item.task_id,
        "the_key": item.key,
        "the_version": item.version,
    }


def _new(values: Mapping[str, object]) -> dict[str, object]:
    return {f"new_{column}": value for column, value in values.items()}


def published_keys(tx: Transaction, task_id: str) -> frozenset[str]:
    """Codes (USCC) of the enterprises whose record the publicity system has accepted and not withdrawn."""
    newest: dict[str, dict[str, Any]] = {}
    column = delivery_item.c
    query = (
        sa.select(column.item_key, column.payload)
        .where(column.kind == "record", column.task_id == task_id, column.state == "accepted")
        .order_by(column.item_version)
    )
    for key, payload in tx.execute(query).tuples():
        newest[key] = json.loads(payload)
    return frozenset(str(record["uscc"]) for record in newest.values() if record.get("operation") != "D")


def _urgency(item: Waiting) -> tuple[bool, float, str, int]:
    return (
        item.deadline is None,
        0.0 if item.deadline is None else item.deadline.timestamp(),
        item.key,
        item.version,
    )


def _is(kind: str, task_id: str, key: str, version: int) -> sa.ColumnElement[bool]:
    column = delivery_item.c
    return sa.and_(
        column.kind == kind,
        column.task_id == task_id,
        column.item_key == key,
        column.item_version == version,
    )


def _items(rows: Iterable[Any]) -> list[OutboxItem]:
    return [OutboxItem(*row) for row in rows]


def _place(item: OutboxItem | ItemState) -> tuple[str, int]:
    return item.key, item.version


def _slices(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        yield keys[start : start + _KEYS_AT_ONCE]
