"""Figures for Prometheus, computed from the ledger whenever they are asked for.

The runs are short-lived and a counter in their memory would go with them, while the ledger keeps all that is
counted.  So one text has two ways out: `serve_metrics`, an address on this machine in the long-lived process
of `drawbridge serve`, and `write_metrics`, a file for node_exporter's textfile collector, which the flow
send-alerts renews.  Nothing in it is personal; campaigns are named by number and short name.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, generate_latest, start_http_server, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flows.alerting.facts import all_deadlines
from flows.site import Site
from flows.telling.stage_names import TITLES
from ledger.alerts import alerts_in_force
from ledger.campaigns import campaigns, stages
from ledger.figures import answer_figures, failure_figures, item_figures, last_event_at
from schemas.campaign import Campaign

STATES = ("open", "waiting", "done", "failed")
# What says that a system gave an answer of its own; the rest are faults of transport.
_ANSWERS = frozenset({"receipt", "refused", "absent", "conflict"})
# State of an item -> how the dashboard sums it up.
SUMMED = {
    "held": "open",
    "ready": "open",
    "pending": "sent",
    "accepted": "accepted",
    "sending": "unknown",
    "parked": "unknown",
    "rejected": "rejected",
    "withheld": "withheld",
    "void": "void",
}


class LedgerCollector(Collector):
    """Reads the ledger of `site` at every scrape."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterable[Metric]:
        """All families; see docs/alerts.md."""
        with self._site.ledger.read() as tx:
            known = campaigns(tx)
        named = {campaign.task_id: campaign.short_name for campaign in known}
        yield from _records(self._site, named)
        yield from _stages(self._site, known)
        yield from _deadlines(self._site)
        yield from _answers(self._site)
        yield from _health(self._site)


def metrics_text(site: Site) -> str:
    """All figures as Prometheus reads them."""
    return generate_latest(_registry(site)).decode()


def write_metrics(site: Site, path: Path) -> None:
    """Writes the figures whole, or leaves what was there; `path` ends in .prom for node_exporter."""
    write_to_textfile(str(path), _registry(site))
    path.chmod(0o644)  # node_exporter, which reads it, is another user


@contextmanager
def serve_metrics(site: Site, port: int) -> Iterator[int]:
    """Answers scrapes on 127.0.0.1, in threads of this process, until the end of the block; gives the port.

    `port` 0 takes any free one. Raises OSError if the port is taken.
    """
    server: WSGIServer
    thread: threading.Thread
    server, thread = start_http_server(port, addr="127.0.0.1", registry=_registry(site))
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _registry(site: Site) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(LedgerCollector(site))
    return registry


def _records(site: Site, named: dict[str, str]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "drawbridge_records",
        "Records by campaign, kind and state: open, sent, accepted, unknown, rejected, withheld, void.",
        labels=["campaign", "name", "kind", "state"],
    )
    sums: dict[tuple[str, str, str], int] = {}
    with site.ledger.read() as tx:
        for row in item_figures(tx):
            for state in ("open", "sent", "unknown"):  # shown as 0 where there are none
                sums.setdefault((row.task_id, row.kind, state), 0)
            key = (row.task_id, row.kind, SUMMED[row.state])
            sums[key] = sums.get(key, 0) + row.how_many
    for (task_id, kind, state), how_many in sorted(sums.items()):
        family.add_metric([task_id, named.get(task_id, task_id), kind, state], how_many)
    yield family


def _stages(site: Site, known: list[Campaign]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "drawbridge_stage",
        "1 for the state that a stage of a campaign is in: open, waiting, done, failed.",
        labels=["campaign", "name", "stage", "state"],
    )
    failures = CounterMetricFamily(
        "drawbridge_stage_failures", "How often stages have stopped, by code.", labels=["stage", "code"]
    )
    with site.ledger.read() as tx:
        for campaign in known:
            for key, row in stages(tx, campaign.task_id).items():
                for state in STATES if key in TITLES else ():
                    labels = [campaign.task_id, campaign.short_name, key, state]
                    family.add_metric(labels, float(row.state == state))
        for (stage, code), how_many in sorted(failure_figures(tx).items()):
            failures.add_metric([stage, code], how_many)
    yield family
    yield failures


def _deadlines(site: Site) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "drawbridge_deadline_working_days",
        "Working days to the nearest open deadline, negative when it has passed; none: nothing is due.",
        labels=["campaign", "name", "what"],
    )
    failed = GaugeMetricFamily(
        "drawbridge_deadlines_uncounted", "Campaigns whose deadlines cannot be computed."
    )
    limits, uncounted = all_deadlines(site)
    nearest: dict[tuple[str, str, str], int] = {}
    for limit in limits:
        key = (limit.task_id, limit.campaign, limit.what)
        nearest[key] = min(limit.left, nearest.get(key, limit.left))
    for key, left in sorted(nearest.items()):
        family.add_metric(list(key), left)
    failed.add_metric([], len(uncounted))
    yield family
    yield failed


def _answers(site: Site) -> Iterator[Metric]:
    answers = CounterMetricFamily(
        "drawbridge_exchange_answers",
        "Answers of the outside systems to what was sent or asked; result: answer or fault.",
        labels=["system", "act", "outcome", "result"],
    )
    with site.ledger.read() as tx:
        for row in answer_figures(tx):
            result = "answer" if row.outcome in _ANSWERS else "fault"
            answers.add_metric([row.system, row.act, row.outcome, result], row.how_many)
    yield answers


def _health(site: Site) -> Iterator[Metric]:
    alerts = GaugeMetricFamily("drawbridge_alerts", "Alerts in force, by kind.", labels=["kind", "urgency"])
    newest = GaugeMetricFamily("drawbridge_last_event_timestamp_seconds", "Time of the newest audit event.")
    with site.ledger.read() as tx:
        counts: dict[tuple[str, str], int] = {}
        for one in alerts_in_force(tx):
            counts[one.kind, one.urgency] = counts.get((one.kind, one.urgency), 0) + 1
        last: datetime | None = last_event_at(tx)
    for (kind, urgency), how_many in sorted(counts.items()):
        alerts.add_metric([kind, urgency], how_many)
    if last is not None:
        newest.add_metric([], last.timestamp())
    yield alerts
    yield newest
