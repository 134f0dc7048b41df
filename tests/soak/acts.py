"""What a process that delivers does in a soak: work, correct, decide. Nothing here knows Prefect.

`work` is what a publishing flow does: queue what is due, apply the approvals, deliver, ask for what is
pending, reconcile.  It is the same every time, however often and wherever it was killed before.
"""

from __future__ import annotations

import os
import socket
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from connectors.factory import Connections, connect
from connectors.profile import Profile
from connectors.protocols import Channel
from delivery.clock import RealClock
from delivery.deliver import Hooks, Outcome, Policy, deliver
from delivery.park import confirm_absent, confirm_delivered, parked
from delivery.queue import Due, apply_approvals, enqueue
from delivery.receipts import poll_receipts
from delivery.reconcile import Held, reconcile
from ledger.approvals import record_approval
from ledger.engine import Ledger, open_ledger
from ledger.outbox import add_items, outbox_items
from tests.soak.dying import Death, Points, watch_the_wire
from tests.soak.material import KEY, PROJECT, SECRET, TASK, payload

POLICY = Policy(lease_s=20.0, backoff_s=0.02, backoff_cap_s=0.1, poll_s=0.02, worth_a_thread_s=0)
WINDOW_S, READS, LAG_S = 0.3, 3, 0.1
"""The settle window of the soak's profiles, its looks, and how late a gateway commits at most."""
STARTED = datetime(2024, 5, 28, 1, 0, tzinfo=UTC)
LETTER = {"form": "T", "record": "B"}


@dataclass(frozen=True)
class Place:
    """Where a process works: the ledger's address, the platform's, and what the profile promises."""

    ledger: str
    platform: str
    publicity: str
    kind: str
    dedupes: bool
    can_query: bool
    batch_size: int
    side_by_side: int


def profile_of(place: Place) -> Profile:
    """The reference profile with a soak's patience and the capabilities that the schedule wants."""
    document = tomllib.loads((PROJECT / "connectors/profiles/hebei.toml").read_text("utf-8"))
    capability = {
        "dedupes": place.dedupes,
        "can_query": place.can_query,
        "settle_reads": READS,
        "settle_window_s": WINDOW_S,
        "batch_size": place.batch_size,
    }
    document["platform"]["capability"]["form"] = capability
    document["publicity"]["capability"]["record"] = capability
    limits = {
        "connect_s": 2,
        "read_s": 0.5,
        "write_s": 2,
        "total_s": 1.2,
        "requests_per_s": 1000,
        "burst": 1000,
        "attempts": 2,
        "backoff_s": 0.01,
        "backoff_cap_s": 0.05,
        "retry_after_floor_s": 0.02,
        "retry_after_cap_s": 0.2,
        "patience_s": 0.5,
        "concurrency": place.side_by_side,
    }
    for system in ("platform", "publicity"):
        document[system]["limits"] |= limits
    return Profile.model_validate(document)


@dataclass
class Desk:
    """An open ledger, open connections, and the points on the way."""

    place: Place
    ledger: Ledger
    connections: Connections
    points: Points
    sent: int = 0

    @property
    def channel(self) -> Channel:
        channels = self.connections.channels(TASK)
        return channels.forms if self.place.kind == "form" else channels.records

    @property
    def hooks(self) -> Hooks:
        def count(records: int) -> None:
            self.sent += records

        return Hooks(self.points.reach, count)

    def reach(self, number: int | str) -> None:
        name = f"{LETTER[self.place.kind]}{number}" if isinstance(number, int) else number
        self.points.reach(name)


@contextmanager
def desk_at(place: Place, death: Death | None, say: Callable[[str], None]) -> Any:
    """Opens everything that a process works with; called in the process itself."""
    points = Points(death, say)
    watch_the_wire(LETTER[place.kind], points.reach, lambda data: data[:1] in (b"<", b"{"))
    connections = connect(profile_of(place), place.platform, place.publicity, KEY, SECRET)
    ledger = open_ledger(place.ledger)
    try:
        yield Desk(place, ledger, connections, points)
    finally:
        connections.close()
        ledger.close()


def work(desk: Desk, order: Mapping[str, Any]) -> dict[str, Any]:
    """Queues, delivers, asks, reconciles. `order`: due, held, withheld, patience_s, reconcile."""
    queue(desk, order["due"], approved=True)
    queue(desk, order["held"], approved=False)
    _approve(desk, order["withheld"], "withheld")
    outcome = _deliver(desk, order["patience_s"])
    if outcome.pending:
        outcome = _poll(desk)
    if order["reconcile"] and desk.place.kind == "record":
        _reconcile(desk)
    return {**vars(outcome), "next_try_at": None, "wire": desk.sent, "waits": outcome.next_try_at is not None}


def correct(desk: Desk, order: Mapping[str, Any]) -> dict[str, Any]:
    """Queues a second version of some records, while the first may be unknown (point 13)."""
    queue(desk, order["due"], approved=True)
    desk.reach(13)
    queue(desk, order["correction"], approved=True)
    desk.reach(13)
    return {}


def rogue(desk: Desk, order: Mapping[str, Any]) -> dict[str, Any]:
    """A program that is wrong writes a record of ours once more, past everything but the database."""
    queue(desk, order["due"], approved=True)
    key, version = order["due"][0]
    text = payload(desk.place.kind, key, version)
    try:
        with desk.ledger.write() as tx:
            add_items(tx, desk.place.kind, TASK, "ready", [(key, version, text, None)], STARTED)
    except sa.exc.IntegrityError:
        return {"refused": True}
    return {"refused": False}


def decide(desk: Desk, order: Mapping[str, Any]) -> dict[str, Any]:
    """Two people say of each parked item what the other side told them (points O2, O3)."""
    truth = {(key, version): receipt for key, version, receipt in order["truth"]}
    with desk.ledger.read() as tx:
        waiting = [(one.item.key, one.item.version) for one in parked(tx, desk.place.kind, TASK)]
    for key, version in waiting:
        _decide_one(desk, key, version, truth.get((key, version)))
    return {"decided": len(waiting)}


def _decide_one(desk: Desk, key: str, version: int, receipt: str | None) -> None:
    point = "O3" if receipt is None else "O2"
    now = RealClock().now()
    words = {"by_role": "经办", "second_role": "复核", "reason": "电话核对"}
    with desk.ledger.write() as tx:
        if receipt is None:
            confirm_absent(tx, desk.place.kind, TASK, key, version, now=STARTED, wall=now, **words)
        else:
            confirm_delivered(
                tx, desk.place.kind, TASK, key, version, receipt_no=receipt, now=STARTED, wall=now, **words
            )
        desk.reach(point)
    desk.reach(point)


def queue(desk: Desk, due: list[list[Any]], *, approved: bool) -> None:
    rows = [
        Due(key, version, payload(desk.place.kind, key, version), date(2024, 6, 1 + index % 20))
        for index, (key, version) in enumerate(due)
    ]
    with desk.ledger.write() as tx:
        enqueue(tx, desk.place.kind, TASK, rows, STARTED, approved=approved)


def _approve(desk: Desk, rows: list[list[Any]], decision: Any) -> None:
    for key, version in rows:
        with desk.ledger.write() as tx:
            record_approval(
                tx,
                TASK,
                "publication",
                key,
                decision,
                by_role="领导小组办公室",
                reason="依法不予公示",
                at=STARTED,
                source="cli",
                now=STARTED,
                subject_version=version,
            )
            apply_approvals(tx, desk.place.kind, TASK, STARTED)


def _deliver(desk: Desk, patience_s: float) -> Outcome:
    return deliver(
        desk.ledger,
        desk.channel,
        TASK,
        owner=f"{socket.gethostname()}:{os.getpid()}",
        clock=RealClock(),
        hooks=desk.hooks,
        now=lambda: STARTED,
        patience_s=patience_s,
        policy=POLICY,
    )


def _poll(desk: Desk) -> Outcome:
    return poll_receipts(
        desk.ledger,
        desk.channel,
        TASK,
        clock=RealClock(),
        hooks=desk.hooks,
        now=lambda: STARTED,
        policy=POLICY,
    )


def _reconcile(desk: Desk) -> None:
    with desk.ledger.read() as tx:
        keys = Counter(item.key for item in outbox_items(tx, "record", TASK) if item.state == "accepted")
    held: dict[str, Held] = {}
    for key in keys:
        found = desk.connections.publicity.held(key)
        if found is not None and found[2] == "accepted":
            held[key] = Held(version=found[0])
    reconcile(desk.ledger, TASK, "record", held, now=STARTED, hooks=desk.hooks)


ACTS: dict[str, Callable[[Desk, Mapping[str, Any]], dict[str, Any]]] = {
    "work": work,
    "correct": correct,
    "decide": decide,
    "rogue": rogue,
}
