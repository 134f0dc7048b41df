"""What the flows ask of `delivery`: queue it, deliver it within the run's patience, say how it stands."""

from __future__ import annotations

import os
import socket
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.protocols import Channel
from delivery.clock import RealClock
from delivery.deliver import Hooks, deliver
from delivery.hooks import point
from delivery.owner import is_gone, lease_name
from delivery.queue import Due, Item, apply_approvals, enqueue, items
from delivery.receipts import poll_receipts
from flows.batch_tasks import in_task
from flows.command_line.ending import end_if_asked, is_asked, under_way
from flows.exchange import writes
from flows.exchange.ledger_mark import observe
from flows.kill_points import reach
from flows.site import Books, Site
from flows.telling.reporting import reporter
from ledger.forms import forms
from ledger.leases import lease_of
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

_HOOKS = Hooks(reach, writes.add, under_way, is_asked)
# Within one attempt of a stage; the stage itself is tried again for as long as the run may wait.
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Counts:
    """How the items of one kind stand. `unknown` holds everything that is neither accepted nor rejected."""

    due: int
    accepted: int
    rejected: int
    unknown: int


def owner() -> str:
    """How this process calls itself in a lease."""
    return f"{socket.gethostname()}:{os.getpid()}"


def sent_elsewhere(site: Books, campaign: Campaign, kind: str) -> bool:
    """Whether another run, of this machine or another one, is sending: it holds the lease of `delivery`."""
    with site.ledger.read() as tx:
        lease = lease_of(tx, lease_name(kind, campaign.task_id))
    if lease is None or lease.owner == owner() or is_gone(lease.owner):
        return False
    return lease.expires_at > datetime.now(UTC)


def hooks_for(site: Site, kind: str) -> Hooks:
    """Of what is published, the mark is moved on before the first byte: see flows/exchange/ledger_mark.py."""
    if kind != "record":
        return _HOOKS
    before_sending = point(kind, 2)

    def reached(name: str) -> None:
        if name == before_sending:
            observe(site.home, site.ledger)
        reach(name)

    return replace(_HOOKS, reach=reached)


def deliver_all(site: Site, campaign: Campaign, channel: Channel, name: str) -> Counts:
    """Delivers what may be delivered of `channel`'s kind and asks for what is pending.

    `name` is how the task run is called in the UI (ASCII).
    """
    task_id, clock = campaign.task_id, RealClock()
    standing = items_of(site, campaign, channel.kind)
    if any(item.state in ("ready", "sending") for item in standing):
        in_task(
            name,
            lambda: deliver(
                site.ledger,
                channel,
                task_id,
                owner=owner(),
                clock=clock,
                hooks=hooks_for(site, channel.kind),
                now=site.now,
                progress=None if channel.kind == "draw" else reporter().progress,
                patience_s=min(_PATIENCE_S, site.settings.max_wait_s),
            ),
        )
        end_if_asked()
        standing = items_of(site, campaign, channel.kind)
    if any(item.state == "pending" for item in standing):
        poll_receipts(site.ledger, channel, task_id, clock=clock, hooks=_HOOKS, now=site.now)
        standing = items_of(site, campaign, channel.kind)
    if channel.kind == "form":  # of a form that was made anew only the newest is due
        standing = list({item.key: item for item in sorted(standing, key=lambda item: item.version)}.values())
    states = Counter(item.state for item in standing if item.state not in ("withheld", "held", "void"))
    due = sum(states.values())
    accepted, rejected = states["accepted"], states["rejected"]
    return Counts(due, accepted, rejected, due - accepted - rejected)


def items_of(site: Books, campaign: Campaign, kind: str) -> list[Item]:
    """The items of one kind with their states."""
    with site.ledger.read() as tx:
        return items(tx, kind, campaign.task_id)


def queue(site: Books, campaign: Campaign, kind: str, due: list[Due], *, approved: bool) -> None:
    """Queues items; what is queued already stays as it is."""
    with site.ledger.write() as tx:
        enqueue(tx, kind, campaign.task_id, due, site.now(), approved=approved)
        if not approved:
            apply_approvals(tx, kind, campaign.task_id, site.now())


def due_forms(site: Site, campaign: Campaign) -> None:
    """Queues every recorded form of the campaign."""
    with site.ledger.read() as tx:
        recorded = forms(tx, campaign.task_id)
    queue(
        site,
        campaign,
        "form",
        [Due(form.form_no, form.version, form.model_dump_json(), None) for form in recorded],
        approved=True,
    )


def deliver_document(site: Site, campaign: Campaign, key: str, version: int, text: str) -> None:
    """Hands one document of the draw to the platform, once.

    Raises DrawbridgeError DB-RUN-015 while its outcome is unknown, -016 if the platform refused it.
    """
    channel = site.connections.channels(campaign.task_id).draw
    known = {(item.key, item.version): item for item in items_of(site, campaign, channel.kind)}
    if (key, version) not in known:
        queue(site, campaign, channel.kind, [Due(key, version, text, None)], approved=True)
    elif known[key, version].state == "accepted":
        return
    deliver_all(site, campaign, channel, "post-draw")
    item = next(i for i in items_of(site, campaign, channel.kind) if (i.key, i.version) == (key, version))
    if item.state == "rejected":
        raise DrawbridgeError("DB-RUN-016", key=key, reply=item.code, reason=item.reason)
    if item.state != "accepted":
        raise DrawbridgeError("DB-RUN-015", key=key)
