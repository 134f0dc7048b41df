"""One call of the delivery: what it works with, how patient it is, what it has seen go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.faults import is_transport
from connectors.protocols import Channel
from delivery.clock import WallClock
from delivery.hooks import Hooks, point
from ledger.engine import Ledger, Transaction
from ledger.leases import Lease, renew
from ledger.outbox import item_counts


@dataclass(frozen=True)
class Policy:
    """How long and how often.

    `lease_s` outlasts the longest exchange with the other side.  What is not answered as it should be holds
    all sending back for `backoff_s`, doubled with each that follows, at most `backoff_cap_s`.  With `breaker`
    transport faults in a row and a message still unknown no further message is begun; being asked to wait is
    no such fault.  `conflicts`: so many answers for other bytes, or `duplicate` without a receipt, and an
    operator has to look.  `poll_s`: between two looks at a pending message.  Where looking means sending the
    identical bytes again, the wait is doubled each time up to `repeat_cap_s`, and what is still pending after
    `repeats` sends and `repeat_for_s` is an operator's matter too.  `window`: so many messages are begun
    together at most, and what is answered is recorded when `record_within_s` have passed or all is answered.
    They go out side by side, if the profile allows it, where an exchange takes `worth_a_thread_s` or more;
    below, what takes the time is our own work, and threads only get in its way.
    """

    lease_s: float = 120.0
    backoff_s: float = 0.5
    backoff_cap_s: float = 60.0
    breaker: int = 3
    conflicts: int = 3
    poll_s: float = 2.0
    repeats: int = 12
    repeat_cap_s: float = 3600.0
    repeat_for_s: float = 86_400.0
    window: int = 16
    record_within_s: float = 1.0
    worth_a_thread_s: float = 0.02


DEFAULT = Policy()


@dataclass(frozen=True)
class Outcome:
    """How the items of one kind stand after a call.

    `due` = accepted + rejected + pending + unknown + ready + parked; what is held, withheld or void is not
    due.  `sent`: records that this call put on the wire, repetitions included.  `next_try_at` (wall time,
    UTC): when it makes sense to call again; None: nothing is left that waiting would change.
    """

    due: int
    accepted: int
    rejected: int
    pending: int
    unknown: int
    ready: int
    parked: int
    sent: int
    next_try_at: datetime | None


@dataclass
class Run:
    """The state of one call. `lease` None: it only reads and records answers, and sends nothing new.

    `width`: so many messages may be under way now.  It begins with one and doubles as answers come, up to
    the window; what goes wrong sets it back to one, so that a dead line meets one message.
    """

    ledger: Ledger
    channel: Channel
    task_id: str
    clock: WallClock
    hooks: Hooks
    now: Callable[[], datetime]
    policy: Policy
    lease: Lease | None = None
    lease_seen: float = 0.0
    sent: int = 0
    faults: int = 0
    setbacks: int = 0
    width: int = 1
    hold_until: datetime | None = None
    progress: Callable[[int, int], None] | None = None
    total: int = 0
    done: int = field(default=0)

    @property
    def kind(self) -> str:
        """What is written."""
        return self.channel.kind

    @property
    def window(self) -> int:
        """How many messages may be under way: one where nobody could find out what became of them."""
        capability = self.channel.capability
        return self.policy.window if capability.dedupes or capability.can_query else 1

    @property
    def is_held(self) -> bool:
        """Whether sending is held back now."""
        return self.hold_until is not None and self.hold_until > self.clock.now()

    def reach(self, number: int) -> None:
        """Says that a point is reached."""
        self.hooks.reach(point(self.kind, number))

    def on_the_wire(self, records: int) -> None:
        """Counts records that reached the other side, or may have."""
        self.sent += records
        self.hooks.sent(records)

    def settled(self, records: int) -> None:
        """Tells the progress of items that are answered now."""
        self.done += records
        if self.progress is not None:
            self.progress(min(self.done, self.total), self.total)

    def set_back(self, code: str, asked_s: float | None = None) -> datetime:
        """Holds all back after what `code` says, at least as long as the system asked; returns until when.

        Transport faults alone count towards the circuit breaker.  What goes wrong while all is held back was
        under way beside what went wrong before, and counts for neither.
        """
        self.faults += is_transport(code) and not self.is_held
        self.setbacks += not self.is_held
        self.width = 1
        wait_s = max(self.backoff(self.setbacks), asked_s or 0.0)
        until = self.clock.now() + timedelta(seconds=wait_s)
        self.hold_until = until if self.hold_until is None else max(self.hold_until, until)
        return until

    def answered(self) -> None:
        """An answer that can be trusted came: the line works.

        What was sent before sending was held back does not lift that.
        """
        if not self.is_held:
            self.faults = self.setbacks = 0
            self.hold_until = None
            self.width = min(self.window, 2 * self.width)

    def backoff(self, times: int) -> float:
        """Seconds to wait after so many failures in a row."""
        return float(min(self.policy.backoff_cap_s, self.policy.backoff_s * 2.0 ** min(times - 1, 20)))

    def next_look(self, sends: int) -> datetime:
        """When to look again at a message that is pending and was sent so often."""
        if self.channel.capability.can_query:
            return self.soon(self.policy.poll_s)
        return self.soon(min(self.policy.repeat_cap_s, self.policy.poll_s * 2.0 ** min(sends - 1, 20)))

    def soon(self, wait_s: float) -> datetime:
        """Wall time in so many seconds."""
        return self.clock.now() + timedelta(seconds=wait_s)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is this run's to make. Raises DB-LEDGER-040 if the lease was taken over."""
        with self.ledger.write() as tx:
            if self.lease is not None:
                self.lease = renew(tx, self.lease, self.clock.now(), self.policy.lease_s)
                self.lease_seen = self.clock.monotonic()
            yield tx

    def keep_lease(self) -> None:
        """Asks for the lease again if so much time went by that it may have run out before a send ends."""
        if self.lease is not None and self.clock.monotonic() - self.lease_seen > self.policy.lease_s / 4:
            with self.write():
                pass

    def outcome(self, next_try_at: datetime | None) -> Outcome:
        """How things stand now."""
        with self.ledger.read() as tx:
            found = item_counts(tx, self.kind, self.task_id)
        return outcome_of(found, self.sent, next_try_at)


def outcome_of(found: Mapping[str, int], sent: int, next_try_at: datetime | None) -> Outcome:
    """The outcome that the counts by state make."""
    of = {
        state: found.get(state, 0)
        for state in ("accepted", "rejected", "pending", "sending", "ready", "parked")
    }
    return Outcome(
        due=sum(of.values()),
        accepted=of["accepted"],
        rejected=of["rejected"],
        pending=of["pending"],
        unknown=of["sending"],
        ready=of["ready"],
        parked=of["parked"],
        sent=sent,
        next_try_at=next_try_at,
    )
