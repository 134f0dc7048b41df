"""A mock, a ledger and a delivery between them; the waits are on a clock that the test moves.

    desk = desks()                                   # publication records, over XML
    desk = desks("confirmation", can_query=False)    # answers of departments, over JSON
    desk.fault("reply_lost_after_commit", count=1)
    desk.until_quiet()
    desk.judge()

What the mock lists as accepted (`world.writes`) is what every test judges by.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.factory import Connections, connect
from connectors.profile import Profile, load_profile
from connectors.protocols import Channel
from delivery.deliver import Hooks, Outcome, deliver
from delivery.hooks import SILENT
from delivery.queue import Due, enqueue, items
from delivery.receipts import poll_receipts
from ledger.audit import verify_audit
from ledger.engine import Ledger
from ledger.messages import Message, message_of
from ledger.outbox import OutboxItem
from mock_platform.fault_kinds import Fault
from mock_platform.simulator import Setting, Simulator
from schemas.confirmation import Confirmation
from schemas.publication import PublicationDetail, PublicationRecord
from tests.delivery.conftest import migrated_file, sqlite_ledger
from tests.delivery.system import FakeClock

__all__ = ["migrated_file", "sqlite_ledger"]

PLAN = Path(__file__).resolve().parents[3] / "campaigns" / "qinghe-2024-22.yaml"
ENDPOINTS = {"record": "postSpotchecks", "confirmation": "postConfirmations"}
QUERIES = {"record": "getReceipt", "confirmation": "getBatch"}
OBJECTS = 12
READ_S = 0.3


@dataclass
class Desk:
    """One kind of write, from our ledger to the mock."""

    kind: str
    simulator: Simulator
    connections: Connections
    ledger: Ledger
    clock: FakeClock
    slept: list[float] = field(default_factory=list)

    @property
    def world(self) -> Any:
        return self.simulator.world

    @property
    def task(self) -> str:
        return str(self.world.plan.task_id)

    @property
    def endpoint(self) -> str:
        return ENDPOINTS[self.kind]

    @property
    def query(self) -> str:
        return QUERIES[self.kind]

    @property
    def channel(self) -> Channel:
        channels = self.connections.channels(self.task)
        return channels.records if self.kind == "record" else channels.confirmations

    def fault(self, name: str, endpoint: str | None = None, **how: Any) -> Fault:
        """Switches a fault on, by default for the write of this desk."""
        fault: Fault = self.world.faults.set(name, endpoint or self.endpoint, **how)
        return fault

    def well(self) -> None:
        """No faults any more; a system that recognises no repetition still does not."""
        self.world.faults.clear()
        if not self.channel.capability.dedupes:
            self.world.faults.set("idempotency_key_forgotten", self.endpoint)

    def queue(self, version: int = 1, **changes: object) -> None:
        with self.ledger.write() as tx:
            enqueue(tx, self.kind, self.task, self.due(version, **changes), self.clock.now(), approved=True)

    def due(self, version: int = 1, **changes: object) -> list[Due]:
        if self.kind == "record":
            rows = sorted(self.world.enterprises.items())
            records = [self._record(n, prip, row, version) for n, (prip, row) in enumerate(rows, 1)]
            return [
                Due(one.record_id, version, one.model_copy(update=changes).model_dump_json())
                for one in records
            ]
        answers = [
            Confirmation(
                object_id=row["objectId"],
                dept_code="SW",
                verdict="1",
                by_role="系统管理员",
                at=datetime(2024, 5, 28, 1, tzinfo=UTC),
            )
            for row in self.world.objects
        ]
        return [Due(f"{one.object_id}/{one.dept_code}", version, one.model_dump_json()) for one in answers]

    def _record(self, number: int, prip_id: str, row: dict[str, str], version: int) -> PublicationRecord:
        plan = self.world.plan
        return PublicationRecord(
            record_id=f"{plan.task_id}-{number:04d}",
            version=version,
            prip_id=prip_id,
            uscc=row["uniscid"],
            ent_name=row["entName"],
            plan_id=plan.plan_id,
            plan_name=plan.plan_name,
            task_id=plan.task_id,
            task_name=plan.task_name,
            task_type={"1": "定向", "2": "不定向"}[plan.task_type],
            authority=plan.authority,
            completed_on=plan.starts_on,
            details=(
                PublicationDetail(
                    seq_no=1, item_name=self.world.items[0]["itemName"], result_name="未发现问题"
                ),
            ),
        )

    def deliver(self, patience_s: float = 600.0) -> Outcome:
        return deliver(
            self.ledger,
            self.channel,
            self.task,
            owner="test:1",
            clock=self.clock,
            hooks=Hooks(),
            patience_s=patience_s,
        )

    def poll(self) -> Outcome:
        return poll_receipts(self.ledger, self.channel, self.task, clock=self.clock, hooks=SILENT)

    def until_quiet(self, rounds: int = 8) -> Outcome:
        """The same again, until nothing changes: what an operator, or a schedule, does."""
        for _ in range(rounds):
            outcome = self.deliver()
            if outcome.pending:
                outcome = self.poll()
            waits_for_operator = outcome.parked > 0 and outcome.next_try_at is None
            if not (outcome.unknown or outcome.pending or (outcome.ready and not waits_for_operator)):
                return outcome
            self.clock.advance(120)
        raise AssertionError(f"not quiet: {outcome}")

    def items(self) -> list[OutboxItem]:
        with self.ledger.read() as tx:
            return items(tx, self.kind, self.task)

    def states(self) -> Counter[str]:
        return Counter(item.state for item in self.items())

    def message(self, item: OutboxItem) -> Message:
        with self.ledger.read() as tx:
            found = message_of(tx, item.batch_no or "")
        assert found is not None
        return found

    def accepted(self) -> list[dict[str, Any]]:
        """What the mock lists as taken in, of this kind."""
        return [row for row in self.world.writes if row["endpoint"] == self.endpoint]

    def batches(self) -> set[str]:
        return {row["batchNo"] for row in self.accepted()}

    def judge(self, *, accepted: int = OBJECTS, quiet: bool = True) -> None:
        """I1, I2, I3, I7, I10: against what the mock itself listed."""
        writes = self.accepted()
        times = Counter((row["key"], row["version"]) for row in writes)
        assert set(times.values()) <= {1}, "doubled"
        ours = self.items()
        assert len(ours) == OBJECTS
        assert {item.state for item in ours} <= {"accepted", "rejected", "parked"}
        by_key = {(row["key"], row["version"]): row for row in writes}
        for item in ours:
            if item.state != "accepted":
                continue
            there = by_key.pop((item.key, item.version))
            assert there["digest"] == hashlib.sha256(self.message(item).body).hexdigest()
            assert there["batchNo"] == item.batch_no
            assert item.receipt_no == self._receipt_no(there)
        unknown_to_us = set(by_key) - {(item.key, item.version) for item in ours if item.state == "parked"}
        assert unknown_to_us == set()
        assert self.states()["accepted"] == accepted
        assert verify_audit(self.ledger.engine).broken_at is None
        if quiet:
            again = self.deliver()
            assert (again.sent, len(self.accepted())) == (0, len(writes))

    def _receipt_no(self, write: dict[str, Any]) -> str:
        if self.kind == "record":
            return str(self.world.records[write["key"]]["receiptNo"])
        return str(write["receiptNo"])


def tuned(page_size: int = 100, **rule: object) -> Profile:
    """Hebei's profile with one message for all, short time-outs, and a rule for the writes."""
    document = load_profile("hebei").model_dump()
    document["platform"]["paging"]["page_size"] = page_size
    changes = {"settle_reads": 3, "settle_window_s": 60, "batch_size": OBJECTS, **rule}
    for part, kinds in (("platform", ("confirmation", "form")), ("publicity", ("record",))):
        for kind in kinds:
            document[part]["capability"][kind].update(changes)
        document[part]["limits"].update({"read_s": READ_S, "total_s": 2 * READ_S, "attempts": 3})
    return Profile.model_validate(document)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def desks(sqlite_ledger: Ledger, clock: FakeClock) -> Iterator[Callable[..., Desk]]:
    """Makes the desk of a test: kind of write, and members of the profile's rule for it."""
    opened: list[Simulator | Connections] = []

    def make(kind: str = "record", *, objects: int = OBJECTS, queued: bool = True, **rule: Any) -> Desk:
        simulator = Simulator(Setting(PLAN, objects=objects, seed=5))
        opened.append(simulator)
        simulator.world.faults.late.wall = clock.monotonic
        ids = [row["objectId"] for row in simulator.world.objects]
        simulator.world.dispatches["test"] = {"at": "2024-05-28 09:00:00", "objects": ids}
        connections = connect(
            tuned(**rule),
            simulator.platform_url,
            simulator.publicity_url,
            simulator.setting.key,
            simulator.setting.secret,
            sleep=clock.sleep,
            monotonic=clock.monotonic,
        )
        opened.append(connections)
        desk = Desk(kind, simulator, connections, sqlite_ledger, clock)
        desk.well()
        if queued:
            desk.queue()
        return desk

    yield make
    for one in reversed(opened):
        one.close()
