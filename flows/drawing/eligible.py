"""Who can be drawn now, by the directory on record."""

from __future__ import annotations

from flows.site import Site
from ledger.directory import latest_snapshot, objects
from ledger.draws import drawn_in_other_campaigns
from rules.eligibility import Eligibility, decide
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


def eligible_now(site: Site, campaign: Campaign) -> Eligibility:
    """Who can be drawn, from the last complete snapshot.

    Raises DrawbridgeError DB-RUN-012 without such a snapshot, DB-RUN-014 if nobody is eligible.
    """
    with site.ledger.read() as tx:
        snapshot = latest_snapshot(tx, site.source, "object")
        if snapshot is None:
            raise DrawbridgeError("DB-RUN-012", detail="抽查对象名录库")
        rows = objects(tx, site.source)
        earlier = drawn_in_other_campaigns(tx, campaign)
    eligibility = decide(rows, campaign, site.now().date(), earlier)
    if not eligibility.eligible:
        raise DrawbridgeError("DB-RUN-014", read=snapshot.read, excluded=len(eligibility.excluded))
    return eligibility
