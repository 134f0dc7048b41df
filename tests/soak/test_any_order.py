"""Runs, kills, faults, corrections, decisions, waiting, in any order: what holds after each, and when quiet.

Every run is a process of its own that a real SIGKILL ends; the mock is another, and its record is the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.soak.drive import Run, Stage, decide, judge_until_quiet, open_stage
from tests.soak.invariants import doubled
from tests.soak.material import key_of
from tests.soak.schedules import FAULTS, PLATFORMS, POINTS, body_of, schedule

WRITES = [name for name, fault in FAULTS.items() if fault.on == "write"]
EXAMPLES, STEPS = 12, 8


class AnyOrder(RuleBasedStateMachine):
    """One platform, one ledger, an operator who does things as they come."""

    stage: ClassVar[Stage]
    numbers: ClassVar[Iterator[int]]

    @initialize(
        kind=st.sampled_from(["form", "record"]),
        platform=st.sampled_from(list(PLATFORMS)),
        at_once=st.booleans(),
        records=st.integers(1, 4),
    )
    def begin(self, kind: str, platform: str, at_once: bool, records: int) -> None:
        number = next(self.numbers)
        plain = schedule(0, number, self.stage.catalogue, quiet=True)
        self.capabilities = PLATFORMS[platform]
        plan = replace(
            plain,
            kind=kind,
            platform=self.capabilities,
            at_once=at_once or kind == "form" or not self.capabilities.can_query,
            batch_size=2,
            due=[(key_of(number, one), 1) for one in range(1, records + 1)],
            held=[],
            withheld=[],
            correction=[],
        )
        self.run = Run(self.stage, plan)
        self.letter = "T" if kind == "form" else "B"

    @rule()
    def deliver(self) -> None:
        self.run.work(None, patience_s=0.2)

    @rule(number=st.integers(1, 10), nth=st.integers(1, 2), how=st.sampled_from(["kill", "exit"]))
    def deliver_and_die(self, number: int, nth: int, how: str) -> None:
        self.run.work({"point": f"{self.letter}{number}", "nth": nth, "how": how}, patience_s=0.2)

    @rule()
    def deliver_twice_at_once(self) -> None:
        self.run.work(None, twice=True, patience_s=0.2)

    @rule(name=st.sampled_from(WRITES))
    def break_the_next_write(self, name: str) -> None:
        if name in self.stage.catalogue and self.capabilities.name in FAULTS[name].platforms:
            self.stage.post("faults", body_of(self.run.plan.kind, name, self.capabilities.can_query, [1]))

    @rule()
    def make_reads_stale(self) -> None:
        if self.capabilities.stale:
            self.stage.post("faults", {"clear": True, "name": "stale_read_after_write"})
            self.stage.post("faults", body_of(self.run.plan.kind, "stale_read_after_write", True, None))

    @rule(die=st.booleans())
    def correct_the_first(self, die: bool) -> None:
        key, version = max(
            (one for one in self.run.due if one[0] == self.run.due[0][0]), key=lambda one: one[1]
        )
        death: dict[str, Any] | None = {"point": f"{self.letter}13", "nth": 1} if die else None
        more = [(key, version + 1)]
        for one in (death, None) if die else (None,):
            self.run.act("correct", one, due=self.run.due, correction=more)
        self.run.due += more

    @rule(seconds=st.sampled_from([60, 3600]))
    def let_campaign_time_pass(self, seconds: int) -> None:
        self.stage.post("clock", {"advanceSeconds": seconds})

    @rule(interrupted=st.booleans())
    def two_people_decide(self, interrupted: bool) -> None:
        decide(self.run, {"point": "O2", "nth": 1, "how": "kill"} if interrupted else None)

    @invariant()
    def nothing_is_doubled_and_nothing_is_claimed_wrongly(self) -> None:
        if hasattr(self, "run"):
            seen = self.run.see(("I3 what is accepted here is held there",))
            assert doubled(seen) == []
            assert self.run.verdict.broken == []

    def teardown(self) -> None:
        if not hasattr(self, "run"):
            return
        self.stage.post("faults", {"clear": True})
        judge_until_quiet(self.run)
        verdict = self.run.verdict
        assert (verdict.lost, verdict.doubled, verdict.broken) == ([], [], [])
        self.stage.databases.drop(self.run.url)


@pytest.mark.timeout(240)
def test_any_order() -> None:
    assert set(POINTS) >= {f"{letter}{number}" for letter in "TB" for number in range(1, 11)}
    with open_stage("sqlite") as stage:
        AnyOrder.stage, AnyOrder.numbers = stage, iter(range(1, 10**6))
        run_state_machine_as_test(
            AnyOrder,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
