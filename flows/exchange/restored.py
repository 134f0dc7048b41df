"""A ledger that was restored from an older backup forgot what was sent since: it looks before it sends.

While there are doubts (flows/exchange/ledger_mark.py), every record is compared with what the exchange and
the public page hold before it is sent.  What was compared, and under which doubts, is an event of the
ledger's own chain, so that a second restore forgets that too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from delivery.reconcile import NOTHING, Finding, standing_versions
from flows.exchange.comparing import directory_of, exchange_findings, public_view
from flows.exchange.delivering import items_of
from flows.exchange.ledger_mark import observe
from flows.exchange.publishing import RECORD, standing_of
from flows.site import Site
from ledger.audit import append, events
from ledger.engine import Transaction
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

COMPARED = "compared-after-restore"
"""Kind of the event that says which records were compared, under which doubts."""


def unlock(site: Site, campaign: Campaign) -> None:
    """Returns when what may be sent now was compared under every doubt; only reads the other side.

    Raises DrawbridgeError DB-DELIVERY-008 while the other side holds what the ledger does not know of, and
    SystemUnreachable.
    """
    doubts = observe(site.home, site.ledger)
    if not doubts:
        return
    keys = {item.key for item in items_of(site, campaign, RECORD) if item.state in ("ready", "sending")}
    with site.ledger.read() as tx:
        keys -= _compared(tx, campaign, doubts)
    if not keys:
        return
    found = forgotten(site, campaign, keys)
    if found:
        raise DrawbridgeError("DB-DELIVERY-008", task_id=campaign.task_id, count=len(found))
    with site.ledger.write() as tx:
        note_compared(tx, campaign, doubts, keys, site)


def note_compared(
    tx: Transaction, campaign: Campaign, doubts: Sequence[str], keys: Iterable[str], site: Site
) -> None:
    """Records that these records were compared and nothing was found that the ledger forgot."""
    new = set(keys) - _compared(tx, campaign, doubts)
    if new:
        facts: dict[str, Any] = {"doubts": list(doubts), "keys": sorted(new)}
        append(tx, COMPARED, campaign.task_id, facts, site.now())


def forgotten(site: Site, campaign: Campaign, keys: Collection[str]) -> list[Finding]:
    """What the exchange or the public page holds of `keys` and the ledger has never sent."""
    ours = [item for item in items_of(site, campaign, RECORD) if item.key in keys]
    versions, directory = standing_versions(ours), directory_of(site)
    found = exchange_findings(site, campaign, ours, keys)
    for one in standing_of(site, campaign):
        if one.record is not None and one.record.record_id in keys:
            known = versions.get(one.record.record_id, NOTHING)
            found.extend(public_view(site, campaign, one, known, directory).findings)
    return list({one.key: one for one in found if one.kind == "unexpected"}.values())


def _compared(tx: Transaction, campaign: Campaign, doubts: Sequence[str]) -> set[str]:
    """The records that were compared under all of these doubts."""
    by_doubt: dict[str, set[str]] = {doubt: set() for doubt in doubts}
    for event in events(tx, subject=campaign.task_id, kind=COMPARED):
        for doubt in event.facts["doubts"]:
            by_doubt.get(doubt, set()).update(event.facts["keys"])
    return set.intersection(*by_doubt.values())
