"""The audit chain: what was done, in order, each event sealed by the one after it.

The digest of an event is the SHA-256 of the RFC 8785 bytes of
`{"seq", "at", "kind", "subject", "facts", "prev"}`, where `prev` is the digest before it (64
zeros before the first).  The database refuses to change or delete an event; who gets round
that is found by `verify_audit`, which needs a head kept elsewhere only against somebody who
cuts the end off and moves the head back, or who writes the whole chain anew.
Facts hold ids, counts, digests and codes, never personal data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
import sqlalchemy as sa

from draw.canonical import canonical
from ledger.engine import Transaction
from ledger.tables import audit_event, audit_head
from ledger.types import read_time_text, time_text

ORIGIN = "0" * 64
"""`prev` of the first event."""


@dataclass(frozen=True)
class AuditHead:
    """The end of the chain: number and digest of the last event; `(0, ORIGIN)` before any."""

    seq: int
    digest: str


@dataclass(frozen=True)
class Event:
    """What is to be told. `facts` is JSON of what changed."""

    kind: str
    subject: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class AuditEvent:
    """One event. `at` is UTC."""

    seq: int
    at: datetime
    kind: str
    subject: str
    facts: Mapping[str, Any]
    digest: str


@dataclass(frozen=True)
class AuditVerdict:
    """What `verify_audit` found.

    `broken_at` is the number of the first event that is not as it was written, or that is missing;
    None: none is. `reason`: edited, missing, inserted, head, elsewhere.
    """

    count: int
    head: AuditHead
    broken_at: int | None = None
    reason: str | None = None


def append(tx: Transaction, kind: str, subject: str, facts: Mapping[str, Any], at: datetime) -> AuditHead:
    """Adds an event within the transaction that does what it says.

    `facts` is JSON of what changed; `at` is aware. Raises rfc8785.CanonicalizationError for what is no JSON.
    """
    return append_all(tx, [Event(kind, subject, facts)], at)


def append_all(tx: Transaction, told: Sequence[Event], at: datetime) -> AuditHead:
    """Adds events in this order, as `append` does each."""
    last, moment = head(tx), time_text(at)
    rows = []
    for one in told:
        facts = canonical(one.facts).decode()
        # As RFC 8785 orders the members; `verify_audit` writes the event anew, by other means.
        event = (
            f'{{"at":{_quoted(moment)},"facts":{facts},"kind":{_quoted(one.kind)},'
            f'"prev":{_quoted(last.digest)},"seq":{last.seq + 1},"subject":{_quoted(one.subject)}}}'
        )
        new = AuditHead(last.seq + 1, hashlib.sha256(event.encode()).hexdigest())
        rows.append(
            {
                "seq_no": new.seq,
                "event_at": moment,
                "kind": one.kind,
                "subject": one.subject,
                "facts": facts,
                "prev_digest": last.digest,
                "digest": new.digest,
            }
        )
        last = new
    if rows:
        tx.execute(_ADD_EVENT, rows)
        tx.execute(_MOVE_HEAD, {"new_seq": last.seq, "new_digest": last.digest})
    return last


_HEAD = sa.select(audit_head.c.seq_no, audit_head.c.digest)
_ADD_EVENT = audit_event.insert()
_MOVE_HEAD = audit_head.update().values(seq_no=sa.bindparam("new_seq"), digest=sa.bindparam("new_digest"))


def _quoted(text: str) -> str:
    return canonical(text).decode()


def head(tx: Transaction) -> AuditHead:
    """The end of the chain, to be kept elsewhere."""
    seq, digest = tx.execute(_HEAD).one()
    return AuditHead(seq, digest)


def holds(tx: Transaction, end: AuditHead) -> bool:
    """Whether the chain went through that end; any chain began at `(0, ORIGIN)`."""
    if end == AuditHead(0, ORIGIN):
        return True
    found = tx.scalar(sa.select(audit_event.c.digest).where(audit_event.c.seq_no == end.seq))
    return bool(found == end.digest)


def events(tx: Transaction, subject: str | None = None, kind: str | None = None) -> list[AuditEvent]:
    """Events in order, of one subject and of one kind if given."""
    query = sa.select(audit_event).order_by(audit_event.c.seq_no)
    if subject is not None:
        query = query.where(audit_event.c.subject == subject)
    if kind is not None:
        query = query.where(audit_event.c.kind == kind)
    return [
        AuditEvent(
            row.seq_no, read_time_text(row.event_at), row.kind, row.subject, json.loads(row.facts), row.digest
        )
        for row in tx.execute(query)
    ]


def verify_audit(engine: sa.Engine, heads: Sequence[AuditHead] = ()) -> AuditVerdict:
    """Recomputes the chain from its first event; compares it with its head and `heads` kept elsewhere."""
    with engine.begin() as tx:
        return verify_chain(tx, heads)


def verify_chain(tx: Transaction, heads: Sequence[AuditHead] = ()) -> AuditVerdict:
    """As `verify_audit`, of what a transaction sees."""
    last = AuditHead(0, ORIGIN)
    kept = {h.seq: h.digest for h in heads}
    broken: tuple[int, str] | None = None
    query = sa.select(audit_event).order_by(audit_event.c.seq_no)
    for row in tx.execute(query, execution_options={"yield_per": 1000}):
        reason = _fault(row, last) or _differs(kept, row.seq_no, row.digest)
        if reason is not None:
            broken = (min(row.seq_no, last.seq + 1), reason)
            break
        last = AuditHead(row.seq_no, row.digest)
    count = tx.scalar(sa.select(sa.func.count()).select_from(audit_event)) or 0
    if broken is None:
        broken = _end_fault(last, head(tx), kept)
    if broken is None:
        return AuditVerdict(count, last)
    return AuditVerdict(count, last, broken_at=broken[0], reason=broken[1])


def _fault(row: Any, last: AuditHead) -> str | None:
    """What is wrong with an event that should follow `last`."""
    if row.seq_no != last.seq + 1:
        return "missing" if row.seq_no > last.seq + 1 else "inserted"
    try:
        facts = json.loads(row.facts)
        canonical = rfc8785.dumps(facts).decode()
    except (ValueError, rfc8785.CanonicalizationError):
        return "edited"
    event = {
        "seq": row.seq_no,
        "at": row.event_at,
        "kind": row.kind,
        "subject": row.subject,
        "facts": facts,
        "prev": row.prev_digest,
    }
    if row.prev_digest != last.digest or canonical != row.facts or _digest(event) != row.digest:
        return "edited"
    return None


def _differs(kept: Mapping[int, str], seq: int, digest: str) -> str | None:
    return "elsewhere" if kept.get(seq, digest) != digest else None


def _end_fault(last: AuditHead, recorded: AuditHead, kept: Mapping[int, str]) -> tuple[int, str] | None:
    """What is wrong with the chain's end: events cut off, or a head that was moved."""
    beyond = [seq for seq in kept if seq > last.seq]
    if beyond:
        return last.seq + 1, "missing"
    if recorded.seq > last.seq:
        return last.seq + 1, "missing"
    if recorded != last:
        return max(recorded.seq, 1), "head"
    return None


def _digest(event: Mapping[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(event))).hexdigest()
