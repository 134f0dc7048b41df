"""What the exchange and the public page show, against what they should: by record, item, name and date.

Only reads.  What should be public is the newest version that was accepted, where we publish; where the
platform feeds the publicity system by itself, it is what the results say, once they are approved.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from connectors.exchange_xml import record_digest
from delivery.queue import Item
from delivery.reconcile import NOTHING, Finding, Held, Versions, compare, standing_versions
from flows.exchange.publishing import Standing
from flows.site import Site
from ledger.registered import Registered, registered
from rules.deadlines import publication_deadline
from schemas.campaign import Campaign
from schemas.codes import PublicationMode, RegistrationState
from schemas.publication import PublicationDetail, PublicationRecord, PublicRow

_GONE = (RegistrationState.DEREGISTERED, RegistrationState.REVOKED, RegistrationState.ANNULLED)
# The exchange holds nothing in force of a record in another state.
_LIVE = ("pending", "accepted")
# Nobody owes the public anything of these.
_NOT_FOR_THE_PUBLIC = ("withheld", "withdrawn", "withdrawing", "incomplete")
_MEMBERS = ("plan_id", "plan_name", "task_id", "task_name", "task_type", "authority", "completed_on")


@dataclass(frozen=True)
class Seen:
    """One enterprise in public. `published_on`: when its record appeared, None: not there, or not said."""

    findings: tuple[Finding, ...]
    visible: bool = False
    published_on: date | None = None


def directory_of(site: Site) -> dict[str, Registered]:
    """The directory by the enterprise's code."""
    with site.ledger.read() as tx:
        return registered(tx, site.source)


# --- the exchange ----------------------------------------------------------------------------------------


def exchange_findings(
    site: Site, campaign: Campaign, items: Sequence[Item], keys: Iterable[str]
) -> list[Finding]:
    """Our outbox against what the exchange holds under `keys` and under all that was accepted, with receipts.

    Raises SystemUnreachable.
    """
    known = standing_versions(items)
    receipts = _receipts(site, campaign, known)
    held: dict[str, Held] = {}
    for key in sorted({*keys, *known}):
        found = site.connections.publicity.held(key)
        if found is None or found[2] not in _LIVE:
            continue
        version, digest, _ = found
        ours = known.get(key, NOTHING).accepted
        same = ours is not None and ours.version == version
        held[key] = Held(version, digest if same else None, receipt_no=receipts.get(key))
    return compare(items, held, lambda text: record_digest(PublicationRecord.model_validate_json(text)))


def _receipts(site: Site, campaign: Campaign, known: Mapping[str, Versions]) -> dict[str, str | None]:
    """The receipt number that the exchange gives today, of what it accepted from us; by key."""
    channel = site.connections.channels(campaign.task_id).records
    if not channel.capability.can_query:
        return {}
    batches = {one.accepted.batch_no for one in known.values() if one.accepted is not None}
    found: dict[str, str | None] = {}
    for batch_no in sorted(batch for batch in batches if batch is not None):
        receipt = channel.query(batch_no)
        for row in () if receipt is None else receipt.rows:
            ours = known.get(row.key, NOTHING).accepted
            if ours is not None and ours.batch_no == batch_no:
                found[row.key] = row.receipt_no
    return found


# --- the public ------------------------------------------------------------------------------------------


def public_view(
    site: Site, campaign: Campaign, one: Standing, versions: Versions, directory: Mapping[str, Registered]
) -> Seen:
    """One enterprise: what the public sees of it against what it should see. Raises SystemUnreachable."""
    if one.record is None:
        return Seen(())
    key, prip_id = one.record.record_id, one.record.prip_id
    due, maybe = _due(campaign, one, versions)
    if prip_id is None:
        return Seen(tuple(_late(site, campaign, one, None, visible=False)))
    rows = [row for row in site.connections.publicity.public_rows(prip_id) if row.task_id == campaign.task_id]
    findings = list(_of_record(key, due, rows, maybe=maybe, state=one.state))
    published_on = min((row.published_on for row in rows if row.published_on is not None), default=None)
    if due is not None or one.state not in _NOT_FOR_THE_PUBLIC:
        findings += _late(site, campaign, one, published_on, visible=bool(rows))
        findings += _of_enterprise(site, due or one.record, prip_id, directory.get(one.uscc))
    return Seen(tuple(findings), bool(rows), published_on)


def _due(campaign: Campaign, one: Standing, versions: Versions) -> tuple[PublicationRecord | None, bool]:
    """What should be public now, and whether something else may be there for good reason."""
    if campaign.publication is PublicationMode.PUSH:
        text = None if versions.accepted is None else versions.accepted.payload
        due = None if text is None else PublicationRecord.model_validate_json(text)
        return due, bool(versions.open_versions)
    if one.state == "awaited":
        return one.record, False
    return None, one.state == "unreviewed"  # approved there, perhaps, and not collected yet


def _of_record(
    key: str, due: PublicationRecord | None, rows: Sequence[PublicRow], *, maybe: bool, state: str
) -> Iterator[Finding]:
    if len(rows) > 1:
        yield Finding("doubled", key, {"rows": len(rows)})
    elif due is None:
        if rows and not maybe:
            yield Finding("unexpected", key, {"rows": len(rows), "state": state})
    elif not rows:
        yield Finding("missing", key, {})
    elif not maybe:
        different = differences(due, rows[0])
        if different:
            yield Finding("differing", key, different)


def differences(record: PublicationRecord, row: PublicRow) -> dict[str, Any]:
    """What the public row says otherwise than the record: `members` by name, and each `items` that differs.

    Of an item both sides are given, a list each: an item may be missing, or stand there twice.
    """
    found: dict[str, Any] = {}
    members = [name for name in _MEMBERS if getattr(record, name) != getattr(row, name)]
    if members:
        found["members"] = members
    ours, theirs = _by_item(record.details), _by_item(row.details)
    items = [
        {"item": item, "ours": ours.get(item, []), "theirs": theirs.get(item, [])}
        for item in dict.fromkeys([*ours, *theirs])
        if Counter(ours.get(item, [])) != Counter(theirs.get(item, []))
    ]
    if items:
        found["items"] = items
    return found


def _by_item(details: Iterable[PublicationDetail]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in details:
        found.setdefault(line.item_name, []).append(line.result_name)
    return found


def _late(
    site: Site, campaign: Campaign, one: Standing, published_on: date | None, *, visible: bool
) -> Iterator[Finding]:
    if one.completed_at is None or one.record is None or one.state in _NOT_FOR_THE_PUBLIC:
        return
    limit = publication_deadline(one.completed_at, campaign.publish_working_days)
    appeared = published_on if visible else site.now().date()
    if appeared is None or appeared <= limit.on:
        return
    facts: dict[str, object] = {
        "due_on": limit.on.isoformat(),
        "published_on": None if published_on is None else published_on.isoformat(),
    }
    yield Finding("late", one.record.record_id, facts | ({"provisional": True} if limit.provisional else {}))


def _of_enterprise(
    site: Site, record: PublicationRecord, prip_id: str, listed: Registered | None
) -> Iterator[Finding]:
    public = site.connections.publicity.public_enterprise(prip_id)
    key = record.record_id
    if public is not None and public.uscc != record.uscc:
        yield Finding("differing", key, {"members": ["uscc"]})
        return
    names = {
        where: name
        for where, name in (
            ("public", public and public.ent_name),
            ("directory", listed and listed.ent_name),
        )
        if name and _plain(name) != _plain(record.ent_name)
    }
    if names:
        yield Finding("name-changed", key, {"ours": record.ent_name, **names})
    states = {
        where: state.label
        for where, state in (
            ("public", public and public.reg_state),
            ("directory", listed and listed.reg_state),
        )
        if state in _GONE
    }
    if states:
        yield Finding("deregistered", key, dict(states))


def _plain(name: str) -> str:
    """A name without what typing does to it: width of brackets and letters, blanks."""
    return "".join(unicodedata.normalize("NFKC", name).split())
