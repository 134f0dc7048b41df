"""Delivers what is due of one kind of write to one system, each record once (reliability reference §1).

    ready --intent committed--> sending --> accepted(receipt) | rejected(code) | pending
                                   |  certainly not executed --> ready, same number
                                   +--anything else: stays sending --> RESOLVE (delivery.resolve)

The ledger decides whether something still has to be sent; whoever calls, and how often, does not matter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from connectors.protocols import Channel
from delivery import owner as owners
from delivery.clock import WallClock
from delivery.hooks import Hooks
from delivery.intents import Planned
from delivery.resolve import resolve
from delivery.run import DEFAULT, Outcome, Policy, Run
from delivery.sending import send_again, send_all
from ledger.engine import Ledger
from ledger.leases import acquire, lease_of, release
from ledger.messages import Message, messages_in
from ledger.outbox import Waiting, item_counts, waiting_items
from schemas.errors import DrawbridgeError

__all__ = ["Hooks", "Outcome", "Policy", "deliver"]

_IN_DOUBT = ("ready", "sending")


def deliver(
    ledger: Ledger,
    channel: Channel,
    task_id: str,
    *,
    owner: str,
    clock: WallClock,
    hooks: Hooks,
    now: Callable[[], datetime] | None = None,
    progress: Callable[[int, int], None] | None = None,
    patience_s: float = 0.0,
    policy: Policy = DEFAULT,
    is_gone: Callable[[str], bool] = owners.is_gone,
) -> Outcome:
    """Sends what may be sent, nearest deadline first, and finds out what became of what was sent before.

    `clock` is the wall's (leases, waits, settle windows); `now` campaign time, for what is recorded.  It
    sleeps at most `patience_s` in all and else returns with `next_try_at`; so it does if another runner
    holds the lease.  `owner` names the caller (`host:pid`); `is_gone` says of such a name that it is dead.
    `progress`: items settled, items due.

    Once `hooks.is_ending` it records the answers of what is out, begins nothing more and returns.

    Raises DrawbridgeError DB-LEDGER-040 if another runner took the lease over; what the database raises.
    """
    run = Run(ledger, channel, task_id, clock, hooks, now or clock.now, policy, progress=progress)
    patience = _Patience(clock, patience_s)
    busy_until = _take_lease(run, owner, patience, is_gone)
    if busy_until is not None:
        return run.outcome(busy_until)
    with ledger.read() as tx:
        found = item_counts(tx, run.kind, task_id)
    run.done = found.get("accepted", 0) + found.get("rejected", 0)
    run.total = run.outcome(None).due
    try:
        wake = _work(run, patience)
    finally:
        with suppress(DrawbridgeError):  # a lease that cannot be given back runs out
            _give_back(run)
    return run.outcome(wake)


class _Patience:
    """So much sleeping, and no more."""

    def __init__(self, clock: WallClock, seconds: float) -> None:
        self._clock, self._left = clock, seconds

    def wait_until(self, wake: datetime) -> bool:
        """Sleeps until then; False, without sleeping, if that is too long."""
        wait_s = max(0.01, (wake - self._clock.now()).total_seconds())
        if wait_s > self._left:
            return False
        self._left -= wait_s
        self._clock.sleep(wait_s)
        return True


def _take_lease(run: Run, owner: str, patience: _Patience, is_gone: Callable[[str], bool]) -> datetime | None:
    """Takes the lease; returns until when another runner has it, if that is longer than patience lasts."""
    name = owners.lease_name(run.kind, run.task_id)
    while True:
        with run.ledger.write() as tx:
            wall = run.clock.now()
            run.lease = acquire(tx, name, owner, wall, run.policy.lease_s, is_gone)
            if run.lease is not None:
                run.lease_seen = run.clock.monotonic()
                return None
            other = lease_of(tx, name)
        busy_until = wall if other is None else other.expires_at
        # The other one may well be done earlier than its lease says.
        if not patience.wait_until(min(busy_until, run.soon(run.policy.backoff_s))):
            return busy_until


def _give_back(run: Run) -> None:
    if run.lease is not None:
        with run.ledger.write() as tx:
            release(tx, run.lease, run.clock.now())


def _work(run: Run, patience: _Patience) -> datetime | None:
    """Does whatever can be done; returns when the next thing can, None if there is no such thing."""
    planned: deque[Planned] = deque()
    while True:
        if run.hooks.is_ending():
            return None
        with run.ledger.read() as tx:
            doubtful = messages_in(tx, run.kind, run.task_id, _IN_DOUBT)
        held = run.is_held
        message = None if held else _due(doubtful, run.clock.now())
        if message is not None:
            _step(run, message)
            continue
        broken = run.faults >= run.policy.breaker and bool(doubtful)
        if not held and not broken:
            planned = planned or _plan(run)
            if planned:
                send_all(run, planned)
                continue
        wake = _wake(run, doubtful, waiting=held and bool(doubtful or planned or _plan(run)))
        if wake is None or not patience.wait_until(wake):
            return wake


def _step(run: Run, message: Message) -> None:
    if message.is_unknown:
        resolve(run, message)
    else:
        send_again(run, message)


def _due(messages: list[Message], wall: datetime) -> Message | None:
    return next((m for m in messages if m.next_try_at is None or m.next_try_at <= wall), None)


def _wake(run: Run, messages: list[Message], *, waiting: bool) -> datetime | None:
    times = [message.next_try_at for message in messages if message.next_try_at is not None]
    if waiting and run.hold_until is not None:
        return max([run.hold_until, *([min(times)] if times else [])])
    return min(times, default=None)


def _plan(run: Run) -> deque[Planned]:
    """The messages to come: what is ready, nearest deadline first, in messages of the allowed size.

    A version whose predecessor is still open waits for it; what was refused in company goes alone.
    """
    with run.ledger.read() as tx:
        waiting = waiting_items(tx, run.kind, run.task_id)
    first: dict[str, int] = {}
    for item in waiting:
        first[item.key] = min(item.version, first.get(item.key, item.version))
    ready = [
        item
        for item in waiting
        if item.state == "ready" and item.batch_no is None and item.version == first[item.key]
    ]
    size = max(1, run.channel.batch_size)
    together = [item for item in ready if not item.alone]
    batches = [together[start : start + size] for start in range(0, len(together), size)]
    return deque([_ids(one) for one in batches] + [_ids([item]) for item in ready if item.alone])


def _ids(items: list[Waiting]) -> list[tuple[str, int]]:
    return [(item.key, item.version) for item in items]
