"""The intent: which items go out together, under which number, as which bytes.

It is committed before the first byte leaves.  Messages are written beforehand, outside the transaction, so
that nobody waits for the writing of XML; what was read then is claimed by the transaction only if it still
stands as it was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.protocols import Outgoing
from delivery.run import Run
from delivery.states import after
from ledger.audit import Event, append
from ledger.engine import Transaction
from ledger.messages import Message, add_messages, new_message
from ledger.outbox import OutboxItem, claim_items, item_of, outbox_items, set_item
from schemas.errors import DrawbridgeError

Planned = Sequence[tuple[str, int]]
"""Key and version of what is to go out in one message."""


class Overtaken(Exception):
    """An item is no longer as it was read: nothing of the transaction may be committed."""


@dataclass(frozen=True)
class Draft:
    """A message as it could go out; `items` as they were read."""

    batch_no: str
    body: bytes
    items: Sequence[OutboxItem]

    @property
    def members(self) -> list[tuple[str, int]]:
        """Key and version of its items, in its order."""
        return [(item.key, item.version) for item in self.items]


def batch_number(kind: str, task_id: str, items: Sequence[OutboxItem]) -> str:
    """The message's number: a function of its content and of how often each item's message was void.

    So two runners cannot give one content two numbers, and a new number means that the old one is void.
    """
    lines = [f"{kind}\t{task_id}\n"]
    lines += [f"{item.key}\t{item.version}\t{item.payload_digest}\t{item.attempt}\n" for item in items]
    return f"{task_id}-{hashlib.sha256(''.join(lines).encode()).hexdigest()[:40]}"


def drafts(run: Run, planned: Sequence[Planned]) -> list[Draft]:
    """Writes the planned messages with what may still go.

    A record that cannot be written in the other side's form is rejected here, with the encoder's code.
    """
    if not planned:
        return []
    keys = {key for batch in planned for key, _ in batch}
    with run.ledger.read() as tx:
        found = {
            (item.key, item.version): item
            for item in outbox_items(tx, run.kind, run.task_id, keys)
            if _may_go(item)
        }
    written = [_written(run, [found[one] for one in batch if one in found]) for batch in planned]
    return [draft for draft in written if draft is not None]


def intend(run: Run, tx: Transaction, drafted: Sequence[Draft]) -> tuple[list[Message], list[Event]]:
    """Writes the intents; returns the messages, and the events that are to be committed with them.

    Raises Overtaken; DrawbridgeError DB-LEDGER-008 for a ledger in which an item stands twice.
    """
    if not drafted:
        return [], []
    now, wall = run.now(), run.clock.now()
    claims = [(item, after("intend", item), draft.batch_no) for draft in drafted for item in draft.items]
    claimed = claim_items(tx, claims)
    places = {(item.key, item.version) for item, _, _ in claims}
    if len(places) < len(claims) or claimed > len(claims):  # one item, two rows: what forbids it is gone
        raise DrawbridgeError("DB-LEDGER-008", place=run.ledger.place)
    if claimed < len(claims):
        raise Overtaken
    messages = [
        new_message(draft.batch_no, run.kind, run.task_id, run.channel.system, draft.body, now, wall)
        for draft in drafted
    ]
    add_messages(tx, [(message, draft.members) for message, draft in zip(messages, drafted, strict=True)])
    events = [
        Event("intent", message.subject, {"body": message.body_digest, "items": _rows(draft)})
        for message, draft in zip(messages, drafted, strict=True)
    ]
    return messages, events


def _rows(draft: Draft) -> list[list[str | int]]:
    return [list(one) for one in draft.members]


def _may_go(item: OutboxItem) -> bool:
    return item.state == "ready" and item.batch_no is None


def _written(run: Run, items: list[OutboxItem]) -> Draft | None:
    """The message, without what cannot be written; None: nothing is left."""
    if not items:
        return None
    try:
        return _draft(run, items)
    except DrawbridgeError as error:
        if len(items) == 1:
            _reject(run, items[0], error)
            return None
    kept = []
    for item in items:
        try:
            _draft(run, [item])
        except DrawbridgeError as error:
            _reject(run, item, error)
        else:
            kept.append(item)
    return _draft(run, kept) if kept else None


def _draft(run: Run, items: Sequence[OutboxItem]) -> Draft:
    batch_no = batch_number(run.kind, run.task_id, items)
    outgoing = [Outgoing(item.key, item.version, item.payload) for item in items]
    return Draft(batch_no, run.channel.encode(batch_no, outgoing, run.now()), items)


def _reject(run: Run, item: OutboxItem, error: DrawbridgeError) -> None:
    with run.write() as tx:
        current = item_of(tx, item.kind, item.task_id, item.key, item.version)
        if current is None or not _may_go(current):
            return
        state = after("unwritable", current)
        set_item(tx, current, state=state, code=error.code, reason=error.zh, settled_at=run.now())
        facts = {"key": item.key, "version": item.version, "code": error.code}
        append(tx, "unwritable", f"{run.kind}/{run.task_id}", facts, run.now())
    run.settled(1)
