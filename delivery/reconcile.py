"""RECONCILE: what our ledger says was delivered against what the other side says it holds.

Nothing is corrected here.  A record that is held twice is a proposal to withdraw one of them, which
people decide on; one that is missing is looked into before anything is sent.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from delivery.hooks import SILENT, Hooks, point
from ledger.audit import append
from ledger.engine import Ledger, Transaction
from ledger.outbox import OutboxItem, outbox_items
from ledger.reconciliations import Reconciliation, add_run, last_run


@dataclass(frozen=True)
class Held:
    """What the other side holds under one key. `copies` counts records; None: it does not say."""

    version: int | None = None
    digest: str | None = None
    copies: int = 1
    receipt_no: str | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that does not agree. `kind`: missing, doubled, differing, unexpected, or a caller's own.

    `facts` is JSON without personal data.
    """

    kind: str
    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def reconcile(
    ledger: Ledger,
    task_id: str,
    kind: str,
    held: Mapping[str, Held],
    *,
    now: datetime,
    digest_of: Callable[[str], str] | None = None,
    hooks: Hooks = SILENT,
) -> list[Finding]:
    """Compares all items of one kind with what is held, records the run, returns what does not agree.

    `digest_of` makes from a payload the digest that the other side would show.  Findings are in the order of
    kind and key.
    """
    with ledger.read() as tx:
        items = outbox_items(tx, kind, task_id)
    findings = compare(items, held, digest_of)
    hooks.reach(point(kind, 12))
    counts: dict[str, int] = {"held": len(held), **Counter(item.state for item in items)}
    counts |= {f"found_{found}": n for found, n in Counter(one.kind for one in findings).items()}
    with ledger.write() as tx:
        record_reconciliation(tx, task_id, counts, findings, now)
    return findings


def compare(
    items: Sequence[OutboxItem],
    held: Mapping[str, Held],
    digest_of: Callable[[str], str] | None = None,
) -> list[Finding]:
    """What does not agree, as a pure function.

    Expected is the newest accepted version of each key, unless it withdraws the record.  What is unknown,
    pending or parked may or may not be held, and is no finding.  A version that is later than all that
    was ever sent from here is unexpected: a ledger that was restored has forgotten it.
    """
    known = standing_versions(items)
    findings: list[Finding] = []
    for key, one in known.items():
        there = held.get(key)
        if one.accepted is None:
            continue
        if there is None or there.copies < 1:
            findings.append(Finding("missing", key, {"version": one.accepted.version}))
        elif there.copies > 1:
            findings.append(Finding("doubled", key, {"copies": there.copies, "proposal": "withdraw"}))
        elif not one.open_versions and not _is_forgotten(one, there):
            different = _differences(one.accepted, there, digest_of)
            if different:
                findings.append(Finding("differing", key, different))
    for key, there in held.items():
        one = known.get(key, NOTHING)
        if there.copies >= 1 and _is_forgotten(one, there):
            facts: dict[str, object] = {"copies": there.copies}
            if one.accepted is not None:
                facts |= {"version": {"ours": one.accepted.version, "theirs": there.version}}
            findings.append(Finding("unexpected", key, facts))
    return sorted(findings, key=lambda finding: (finding.kind, finding.key))


@dataclass(frozen=True)
class Versions:
    """What is known of one key: `accepted`, the version that stands (None: none, or it was taken back), and
    the versions of which nobody has said yet what became of them."""

    accepted: OutboxItem | None = None
    open_versions: tuple[int, ...] = ()


NOTHING = Versions()
"""Nothing was ever sent under this key."""


def standing_versions(items: Sequence[OutboxItem]) -> dict[str, Versions]:
    """By key, which version stands and which ones are under way."""
    found: dict[str, Versions] = {}
    for item in sorted(items, key=lambda one: (one.key, one.version)):
        before = found.get(item.key, NOTHING)
        if item.state == "accepted":
            accepted = None if _withdraws(item.payload) else item
            found[item.key] = Versions(accepted, before.open_versions)
        elif item.state in ("sending", "pending", "parked"):
            found[item.key] = Versions(before.accepted, (*before.open_versions, item.version))
    return found


def _is_forgotten(one: Versions, there: Held) -> bool:
    """Whether the other side holds what was never sent from here, as far as the ledger knows."""
    if there.version is None:
        return one.accepted is None and not one.open_versions
    ours = 0 if one.accepted is None else one.accepted.version
    return there.version > max((ours, *one.open_versions))


def record_reconciliation(
    tx: Transaction,
    task_id: str,
    counts: Mapping[str, int],
    findings: Sequence[Finding],
    now: datetime,
) -> Reconciliation:
    """Records a run: counts and findings. A run that found what the last one found is no news."""
    rows = [
        (one.kind, one.key, json.dumps(dict(one.facts), ensure_ascii=False, sort_keys=True))
        for one in findings
    ]
    before = last_run(tx, task_id)
    if before is not None and (dict(before.counts), list(before.findings)) == (dict(counts), rows):
        return before
    run = add_run(tx, task_id, counts, rows, now)
    facts = {"run": run.run_no, "counts": dict(counts), "findings": [[kind, key] for kind, key, _ in rows]}
    append(tx, "reconciled", task_id, facts, now)
    return run


def _withdraws(payload: str) -> bool:
    record = json.loads(payload)
    return isinstance(record, dict) and record.get("operation") == "D"


def _differences(
    item: OutboxItem, there: Held, digest_of: Callable[[str], str] | None
) -> dict[str, dict[str, object]]:
    ours = {
        "version": item.version,
        "digest": None if digest_of is None else digest_of(item.payload),
        "receipt_no": item.receipt_no,
    }
    theirs = {"version": there.version, "digest": there.digest, "receipt_no": there.receipt_no}
    return {
        name: {"ours": ours[name], "theirs": theirs[name]}
        for name in ours
        if ours[name] is not None and theirs[name] is not None and ours[name] != theirs[name]
    }
