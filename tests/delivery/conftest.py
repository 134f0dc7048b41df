"""A ledger in a file of the test's own, the same on PostgreSQL, and a delivery that can be killed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from delivery.deliver import Hooks, Outcome, deliver
from delivery.queue import Due, counts, enqueue, items
from delivery.receipts import poll_receipts
from ledger.audit import verify_audit
from ledger.engine import Ledger, Transaction, open_ledger
from ledger.outbox import OutboxItem
from tests.delivery.system import FakeClock, System

TASK = "130534202610012001"


class Killed(BaseException):
    """The process is gone: nothing after this point happened."""


@dataclass(frozen=True)
class MortalLedger(Ledger):
    """A ledger whose process can die: from then on it reads and writes nothing."""

    dead: list[str] = field(default_factory=list)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        if self.dead:
            raise Killed(self.dead[0])
        with super().read() as tx:
            yield tx

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        if self.dead:
            raise Killed(self.dead[0])
        with super().write() as tx:
            yield tx


@dataclass
class Desk:
    """Everything one test needs to deliver, kill and look."""

    ledger: Ledger
    system: System
    clock: FakeClock
    reached: list[str] = field(default_factory=list)
    sent: int = 0
    runs: int = 0

    def queue(self, keys: Sequence[str], version: int = 1, *, approved: bool = True) -> int:
        due = [Due(key, version, f'{{"uscc":"{key}","version":{version}}}') for key in keys]
        with self.ledger.write() as tx:
            return enqueue(tx, self.system.kind, TASK, due, self.clock.now(), approved=approved)

    def deliver(self, patience_s: float = 600.0, kill_at: int | None = None) -> Outcome:
        """One run; `kill_at`: it dies when the so-manieth point is reached, counted over the whole call."""
        self.runs += 1
        ledger = MortalLedger(self.ledger.engine, self.ledger.place)
        self.reached = []

        def reach(point: str) -> None:
            self.reached.append(point)
            if len(self.reached) == kill_at:
                ledger.dead.append(point)
                raise Killed(point)

        def add(records: int) -> None:
            self.sent += records

        self.system.inside = lambda number: reach(f"{'T' if self.system.kind == 'form' else 'B'}{number}")
        hooks = Hooks(reach, add)
        return deliver(
            ledger,
            self.system,
            TASK,
            owner=f"test:{self.runs}",
            clock=self.clock,
            hooks=hooks,
            patience_s=patience_s,
            is_gone=lambda owner: owner != f"test:{self.runs}",
        )

    def poll(self, reach: Callable[[str], None] = lambda point: None) -> Outcome:
        return poll_receipts(self.ledger, self.system, TASK, clock=self.clock, hooks=Hooks(reach))

    def until_quiet(self) -> Outcome:
        """What an operator does after a failure: the same again, until nothing changes."""
        for _ in range(6):
            outcome = self.deliver()
            if outcome.pending:
                self.system.settle_pending()
                outcome = self.poll()
            waits_for_operator = outcome.parked > 0 and outcome.next_try_at is None
            if not (outcome.unknown or outcome.pending or (outcome.ready and not waits_for_operator)):
                return outcome
            self.clock.advance(120)
        raise AssertionError(f"not quiet: {outcome}")

    def items(self) -> list[OutboxItem]:
        with self.ledger.read() as tx:
            return items(tx, self.system.kind, TASK)

    def states(self) -> dict[str, int]:
        with self.ledger.read() as tx:
            return counts(tx, self.system.kind, TASK)

    def check(self) -> None:
        """What holds at any time: nothing is there twice, what we call accepted is, the chain is whole."""
        assert self.system.doubled() == []
        receipts = {
            (number, row.key): row.receipt_no
            for number, stored in self.system.held.items()
            for row in stored.rows
        }
        for item in self.items():
            if item.state == "accepted":
                assert self.system.records[item.key, item.version] == 1, item
                assert item.receipt_no == receipts[item.batch_no or "", item.key]
        assert verify_audit(self.ledger.engine).broken_at is None


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "empty.db"
    open_ledger(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_ledger(migrated_file: Path, tmp_path: Path) -> Iterator[Ledger]:
    path = tmp_path / "ledger.db"
    shutil.copy(migrated_file, path)
    ledger = open_ledger(f"sqlite:///{path}")
    yield ledger
    ledger.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_ledger")
        return
    opened = open_ledger(request.getfixturevalue("empty_postgres_url"))
    yield opened
    opened.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def desk(ledger: Ledger, clock: FakeClock) -> Desk:
    """On both databases."""
    return Desk(ledger, System(clock), clock)


@pytest.fixture
def sqlite_desk(sqlite_ledger: Ledger, clock: FakeClock) -> Desk:
    return Desk(sqlite_ledger, System(clock), clock)


@pytest.fixture
def new_desk(migrated_file: Path, tmp_path: Path) -> Iterator[Callable[[System], Desk]]:
    """Makes desks, each with an empty ledger of its own, for tests that go through many schedules."""
    opened: list[Ledger] = []

    def make(system: System) -> Desk:
        path = tmp_path / f"ledger-{len(opened)}.db"
        shutil.copy(migrated_file, path)
        opened.append(open_ledger(f"sqlite:///{path}"))
        return Desk(opened[-1], system, system.clock)

    yield make
    for ledger in opened:
        ledger.close()
