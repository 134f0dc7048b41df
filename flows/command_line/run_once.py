"""One run of one campaign from the command line, and what it amounts to."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker

from draw.certificate import parse_certificate
from flows.drawing.certificates import published_certificate
from flows.exchange import writes
from flows.service.home import Home
from flows.service.prefect_server import server_log
from flows.service.server_gone import is_server_gone
from flows.settings import load_settings
from flows.site import Site, open_site, resolve_campaign
from flows.telling.reporting import Reporter, listening
from ledger.campaigns import stages
from ledger.draws import round_in_force
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

_HAND_OVER_S = 10.0


def run_once(name: str, listener: Reporter, *, with_prefect: bool, resync: bool = False) -> dict[str, Any]:
    """Runs the campaign's open stages and returns the run's summary (see README, `--json`).

    `resync`: the directories are pulled anew first.
    """
    from flows.campaign import run_campaign, run_here
    from flows.sync import refresh

    writes.reset()
    with listening(listener):
        if resync:
            with open_site() as site:
                refresh(site)
        if with_prefect:
            try:
                asyncio.run(run_campaign(name))
            except Exception as error:
                if not is_server_gone(error):
                    raise
                log = server_log(Home(load_settings().home))
                raise DrawbridgeError("DB-RUN-031", log=log) from error
            finally:
                _hand_over()
        else:
            with open_site() as site:
                run_here(site, resolve_campaign(site.ledger, name, site.now()))
    with open_site() as site:
        return summary_of(site, resolve_campaign(site.ledger, name, site.now()))


def _with_certificate(site: Site, campaign: Campaign, facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """The draw's facts, with the certificate's path and seed once they are published."""
    with site.ledger.read() as tx:
        path = published_certificate(site, campaign, round_in_force(tx, campaign.task_id, "objects"))
    if facts is None or path is None:
        return facts
    seed = parse_certificate(path.read_bytes(), "objects")["seed"]
    return {**facts, "certificate": str(path), "seed": seed}


def _hand_over() -> None:
    """Gives the server what is still queued for it, before the server of this very run is stopped.

    Prefect does so when the interpreter ends, and would then try for a minute to reach a server that is gone.
    """
    APILogWorker.drain_all(timeout=_HAND_OVER_S)
    EventsWorker.drain_all(timeout=_HAND_OVER_S)


def summary_of(site: Site, campaign: Campaign) -> dict[str, Any]:
    """What the ledger says of the campaign, and what this run wrote."""
    with site.ledger.read() as tx:
        known = stages(tx, campaign.task_id)
    facts: dict[str, dict[str, Any]] = {key: dict(row.facts) for key, row in known.items()}
    waiting = next(
        (row.waiting_for for row in known.values() if row.state != "done" and row.waiting_for), None
    )
    return {
        "campaign": {"task_id": campaign.task_id, "name": campaign.name, "document_no": campaign.document_no},
        "stages": {key: row.state for key, row in known.items()},
        "entities": facts.get("sync", {}).get("entities"),
        "draw": _with_certificate(site, campaign, facts.get("draw")),
        "confirmations": facts.get("confirm"),
        "assignment": facts.get("assign"),
        "forms": facts.get("push"),
        "results": facts.get("collect"),
        "publication": facts.get("reconcile"),
        "statistics": facts.get("report", {}).get("statistics"),
        "paths": facts.get("report", {}).get("paths", {}),
        "writes": writes.count(),
        "waiting_for": waiting,
        "findings": facts.get("draw", {}).get("findings", [])
        + facts.get("reconcile", {}).get("findings", [])
        + facts.get("report", {}).get("findings", []),
    }
