"""Runs, kills, faults, corrections and waiting in any order: what holds after each, and when all is quiet."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from delivery.queue import Due, enqueue
from ledger.engine import open_ledger
from tests.delivery.conftest import TASK, Desk, Killed
from tests.delivery.system import FakeClock, System

KEYS = ["A", "B", "C"]
FAULTS = ["commit_lose", "500_before", "late:3", "not_sent", "retry_after:30", "partial", "other_batch"]


class AnyOrder(RuleBasedStateMachine):
    """One publicity system, one ledger, an operator who does things as they come."""

    empty_ledger: ClassVar[Path]

    @initialize(dedupes=st.booleans(), can_query=st.booleans(), stale=st.integers(0, 2), pends=st.booleans())
    def begin(self, dedupes: bool, can_query: bool, stale: int, pends: bool) -> None:
        self.folder = tempfile.mkdtemp()
        path = Path(self.folder) / "ledger.db"
        shutil.copy(self.empty_ledger, path)
        system = System(
            FakeClock(),
            dedupes=dedupes,
            can_query=can_query,
            stale_reads=stale,
            batch_size=2,
            pends=frozenset({"B"} if pends and can_query else ()),
            rejects=frozenset({"C"}),
        )
        self.desk = Desk(open_ledger(f"sqlite:///{path}"), system, system.clock)
        self.newest = dict.fromkeys(KEYS, 0)
        self.denials = 2 - stale

    @rule(key=st.sampled_from(KEYS))
    def correct(self, key: str) -> None:
        self.newest[key] += 1
        payload = f'{{"uscc":"{key}","version":{self.newest[key]}}}'
        with self.desk.ledger.write() as tx:
            due = [Due(key, self.newest[key], payload)]
            enqueue(tx, "record", TASK, due, self.desk.clock.now(), approved=True)

    @rule(fault=st.sampled_from(FAULTS))
    def break_the_next_write(self, fault: str) -> None:
        self.desk.system.plan(fault)

    @rule(fault=st.sampled_from(["absent", "unreachable"]))
    def break_the_next_read(self, fault: str) -> None:
        # A window protects from wrong denials, as many as the profile promises; three would prove absence.
        if fault == "absent":
            self.denials -= 1
        if fault == "unreachable" or self.denials >= 0:
            self.desk.system.query_plan.append(fault)

    @rule(patience_s=st.sampled_from([0.0, 5.0, 100.0]))
    def run(self, patience_s: float) -> None:
        self.desk.deliver(patience_s)

    @rule(point=st.integers(1, 20))
    def run_and_die(self, point: int) -> None:
        try:
            self.desk.deliver(100.0, kill_at=point)
        except Killed:
            self.desk.clock.advance(1)

    @rule()
    def ask(self) -> None:
        self.desk.poll()

    @rule()
    def decide_what_is_pending(self) -> None:
        self.desk.system.settle_pending()

    @rule(seconds=st.sampled_from([1, 30, 3600]))
    def wait(self, seconds: int) -> None:
        self.desk.clock.advance(seconds)

    @invariant()
    def nothing_is_doubled_and_nothing_is_claimed_wrongly(self) -> None:
        if hasattr(self, "desk"):
            self.desk.check()

    def teardown(self) -> None:
        if not hasattr(self, "desk"):
            return
        self.desk.system.send_plan.clear()
        self.desk.system.query_plan.clear()
        outcome = self.desk.until_quiet()
        self.desk.check()
        assert outcome.due == outcome.accepted + outcome.rejected + outcome.parked + outcome.ready
        # A correction waits as long as the version before it is on the operator's list.
        parked = {item.key for item in self.desk.items() if item.state == "parked"}
        assert {item.key for item in self.desk.items() if item.state == "ready"} <= parked
        settled = {item.key for item in self.desk.items() if item.state != "void"}
        assert settled == {key for key, version in self.newest.items() if version}
        assert outcome.sent == 0 or self.desk.deliver().sent == 0
        self.desk.ledger.close()
        shutil.rmtree(self.folder)


@pytest.mark.timeout(120)
def test_any_order(migrated_file: Path) -> None:
    AnyOrder.empty_ledger = migrated_file
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=60,
            stateful_step_count=15,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
