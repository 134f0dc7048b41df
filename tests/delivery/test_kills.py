"""The delivery is killed at every point that it passes, and killed again while it recovers.

Whatever the system behind does with it, each record is there once and none is missing; where nobody
can say what became of one, it is on the operator's list.  Every point is tried against every behaviour, in
one process on a fake clock; tests/soak does it with real processes, tests/mutants takes rules away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from delivery.park import confirm_absent, confirm_delivered
from tests.delivery.conftest import TASK, Desk, Killed
from tests.delivery.system import FakeClock, System

KEYS = [f"K{number}" for number in range(8)]  # in three messages: one, then two together
MakeDesk = Callable[[System], Desk]


@dataclass(frozen=True)
class Behaviour:
    """What the system can do, and what goes wrong with the first writes."""

    dedupes: bool
    can_query: bool
    stale_reads: int = 0
    faults: tuple[str, ...] = ()
    pends: bool = False
    batch_size: int = 3

    def system(self) -> System:
        system = System(
            FakeClock(),
            dedupes=self.dedupes,
            can_query=self.can_query,
            stale_reads=self.stale_reads,
            batch_size=self.batch_size,
            pends=frozenset(KEYS[:2]) if self.pends else frozenset(),
        )
        system.plan(*self.faults)
        return system


BEHAVIOURS = {
    "dedupes": Behaviour(True, False),
    "dedupes, answers lost": Behaviour(True, False, faults=("commit_lose", "ok", "commit_lose")),
    "dedupes and can be asked": Behaviour(True, True, faults=("500_before",)),
    "can be asked": Behaviour(False, True),
    "can be asked, answer lost": Behaviour(False, True, faults=("commit_lose",)),
    "can be asked, stored after the error": Behaviour(False, True, faults=("late:3",)),
    "can be asked, nothing stored": Behaviour(False, True, faults=("500_before",)),
    "reads are stale": Behaviour(False, True, stale_reads=2, faults=("commit_lose",)),
    "decides later": Behaviour(False, True, pends=True),
    "neither": Behaviour(False, False, faults=("ok", "commit_lose")),
    "one in a message, some lost": Behaviour(
        False, True, faults=("ok", "commit_lose", "ok", "ok", "late:3"), batch_size=1
    ),
    "one in a message, refused to talk": Behaviour(
        True, False, faults=("ok", "ok", "retry_after:2", "ok", "not_sent"), batch_size=1
    ),
}


def points_of(make: MakeDesk, behaviour: Behaviour) -> int:
    """How many points an undisturbed run passes."""
    desk = make(behaviour.system())
    desk.queue(KEYS)
    desk.deliver()
    return len(desk.reached)


def survive(desk: Desk, *kills: int) -> None:
    """Runs with a kill at each of these points in turn, then until all is quiet."""
    desk.queue(KEYS)
    for kill_at in kills:
        try:
            desk.deliver(kill_at=kill_at)
        except Killed:
            desk.clock.advance(1)
    desk.until_quiet()


def operators_decide(desk: Desk) -> None:
    """Two people look at what the system really holds."""
    decided = {"by_role": "经办", "second_role": "复核", "reason": "电话核实", "now": desk.clock.now()}
    for item in desk.items():
        if item.state != "parked":
            continue
        with desk.ledger.write() as tx:
            if desk.system.records[item.key, item.version]:
                row = next(r for r in desk.system.held[item.batch_no or ""].rows if r.key == item.key)
                confirm_delivered(
                    tx,
                    "record",
                    TASK,
                    item.key,
                    item.version,
                    receipt_no=row.receipt_no or "",
                    wall=desk.clock.now(),
                    **decided,
                )
            else:
                confirm_absent(tx, "record", TASK, item.key, item.version, wall=desk.clock.now(), **decided)


def verdict(desk: Desk) -> None:
    desk.check()
    operators_decide(desk)
    outcome = desk.until_quiet()
    while outcome.parked:  # without a way to ask, a lost answer may park it again
        operators_decide(desk)
        outcome = desk.until_quiet()
    assert outcome.accepted == len(KEYS)
    assert desk.system.records == {(key, 1): 1 for key in KEYS}
    desk.check()
    sends = len(desk.system.sends)
    assert desk.deliver().sent == 0
    assert len(desk.system.sends) == sends


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_killed_anywhere(new_desk: MakeDesk, name: str) -> None:
    behaviour = BEHAVIOURS[name]
    for kill_at in range(1, points_of(new_desk, behaviour) + 1):
        desk = new_desk(behaviour.system())
        survive(desk, kill_at)
        verdict(desk)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_killed_again_while_recovering(new_desk: MakeDesk, name: str) -> None:
    behaviour = BEHAVIOURS[name]
    last = points_of(new_desk, behaviour)
    for number, kill_at in enumerate(range(1, last + 1, 2)):
        desk = new_desk(behaviour.system())
        survive(desk, kill_at, 1 + number % 7, 1 + number % 3)
        verdict(desk)


def test_both_databases_survive_a_kill_around_each_commit(desk: Desk) -> None:
    desk.system.batch_size = 3
    survive(desk, 2, 5, 4, 1, 6, 3)
    verdict(desk)
