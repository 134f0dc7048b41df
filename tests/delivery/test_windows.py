"""Several messages are under way together, as far as the other side allows and as long as it answers well."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from connectors.protocols import Capability, Outgoing
from delivery.deliver import deliver
from delivery.hooks import Hooks
from delivery.queue import withhold
from delivery.run import DEFAULT, Policy
from ledger.audit import events
from ledger.engine import Ledger, Transaction
from ledger.leases import acquire
from ledger.messages import exchanges, messages_in
from schemas.errors import DrawbridgeError
from schemas.publication import Receipt
from tests.delivery.conftest import TASK, Desk
from tests.delivery.system import FakeClock, System

KEYS = [f"K{number:02d}" for number in range(20)]


@dataclass
class Slow(System):
    """A system that takes its time, and counts how many it is talking to. `side_by_side`: what it allows."""

    side_by_side: int = 4
    takes_s: float = 0.03
    inside_now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def capability(self) -> Capability:
        return replace(super().capability, at_once=self.side_by_side)

    def send(self, batch_no: str, body: bytes) -> Receipt:
        with self.lock:
            self.inside_now += 1
            self.most = max(self.most, self.inside_now)
        time.sleep(self.takes_s)
        with self.lock:
            self.inside_now -= 1
            return super().send(batch_no, body)


@dataclass(frozen=True)
class BusyLedger(Ledger):
    """Another writer has the database for a while, each time."""

    clock: FakeClock = field(default_factory=FakeClock)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self.clock.advance(5)
        with super().write() as tx:
            yield tx


def turns(desk: Desk) -> list[int]:
    """How many intents each transaction wrote: those that follow each other in the audit chain."""
    found: list[int] = []
    with desk.ledger.read() as tx:
        kinds = [event.kind for event in events(tx)]
    for before, kind in zip(["", *kinds], kinds, strict=False):
        if kind == "intent":
            found += [0] if before != "intent" else []
            found[-1] += 1
    return found


def run(desk: Desk, policy: Policy = DEFAULT, hooks: Hooks | None = None, patience_s: float = 600.0) -> None:
    deliver(
        desk.ledger,
        desk.system,
        TASK,
        owner="a:1",
        clock=desk.clock,
        hooks=hooks or Hooks(),
        patience_s=patience_s,
        policy=policy,
    )


def test_the_first_goes_alone_and_more_follow_as_they_are_answered(desk: Desk) -> None:
    desk.system.batch_size = 1
    desk.queue(KEYS)
    desk.deliver()
    assert turns(desk) == [1, 2, 4, 8, 5]
    desk.check()


def test_the_window_is_the_policys(sqlite_desk: Desk) -> None:
    sqlite_desk.system.batch_size = 1
    sqlite_desk.queue(KEYS)
    run(sqlite_desk, replace(DEFAULT, window=3))
    assert turns(sqlite_desk) == [1, 2, 3, 3, 3, 3, 3, 2]


def test_where_nobody_can_find_out_one_goes_after_the_other(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.dedupes = desk.system.can_query = False
    desk.system.batch_size = 1
    desk.system.plan(*["ok"] * 9, "commit_lose")
    desk.queue(KEYS)
    desk.deliver()
    assert set(turns(desk)) == {1}
    assert desk.states() == {"accepted": 19, "parked": 1}


@pytest.mark.parametrize("fault", ["commit_lose", "not_sent", "retry_after:7", "refuse"])
def test_what_goes_wrong_in_a_window_holds_back_the_rest_of_it(sqlite_desk: Desk, fault: str) -> None:
    desk = sqlite_desk
    desk.system.batch_size = 1
    desk.system.plan("ok", "ok", "ok", fault)  # the first of the four that go third
    desk.queue(KEYS)
    desk.deliver(patience_s=0)
    with desk.ledger.read() as tx:
        waiting = messages_in(tx, "record", TASK, ("ready",))
        held_back = [
            [(entry.outcome, entry.code) for entry in exchanges(tx, one.batch_no)] for one in waiting
        ]
    if fault == "refuse":  # that is an answer: it holds nothing back
        assert waiting == []
    else:
        assert held_back.count([("not-sent", "DB-DELIVERY-027")]) == 3
        assert all(not one.is_unknown for one in waiting)
        reached = {batch_no for batch_no, _ in desk.system.sends}
        assert reached.isdisjoint(one.batch_no for one in waiting)
    outcome = desk.until_quiet()
    assert outcome.accepted == 20 - (fault == "refuse")
    numbers = [batch_no for batch_no, _ in desk.system.sends]
    assert {one.batch_no for one in waiting} <= set(numbers)  # under the number that they had
    desk.check()


def test_after_a_fault_it_begins_with_one_again(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.batch_size = 1
    desk.system.plan("ok", "ok", "commit_lose")
    desk.queue(KEYS)
    desk.deliver()
    assert turns(desk)[:2] == [1, 2]
    assert turns(desk)[2:] == [2, 4, 8, 3]  # the answered question was the one
    desk.check()


def test_what_somebody_takes_out_in_between_does_not_go(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.batch_size = 1
    written: list[str] = []
    encode = desk.system.encode

    def withheld_meanwhile(batch_no: str, items: Sequence[Outgoing], created_at: datetime) -> bytes:
        written.append(items[0].key)
        if written == KEYS[:3]:  # the second of two that were read together
            with desk.ledger.write() as tx:
                withhold(tx, "record", TASK, KEYS[2], 1, "依法不予公示", desk.clock.now())
        return encode(batch_no, items, created_at)

    desk.system.encode = withheld_meanwhile  # type: ignore[method-assign]
    desk.queue(KEYS)
    desk.deliver()
    assert desk.states() == {"accepted": 19, "withheld": 1}
    order = [json.loads(body)["rows"][0][0] for _, body in desk.system.sends]
    assert order == [key for key in KEYS if key != KEYS[2]], "the nearest deadline still goes first"
    assert sum(desk.system.records.values()) == 19
    desk.check()


@pytest.mark.parametrize("allowed", [1, 3])
def test_as_many_are_sent_side_by_side_as_the_profile_allows(sqlite_ledger: Ledger, allowed: int) -> None:
    clock = FakeClock()
    system = Slow(clock, batch_size=1, side_by_side=allowed)
    desk = Desk(sqlite_ledger, system, clock)
    desk.queue(KEYS)
    run(desk)
    assert system.most == allowed
    assert desk.states() == {"accepted": 20}
    desk.check()


def test_answers_are_recorded_while_slower_ones_are_out(sqlite_ledger: Ledger) -> None:
    clock = FakeClock()
    system = Slow(clock, batch_size=1, takes_s=0.1)
    desk = Desk(sqlite_ledger, system, clock)
    desk.queue(KEYS)
    recorded: list[int] = []
    hooks = Hooks(lambda point: recorded.append(len(system.sends)) if point == "B7" else None)
    run(desk, replace(DEFAULT, record_within_s=0.15), hooks)
    gaps = [after - before for before, after in zip([0, *recorded], recorded, strict=False)]
    assert max(gaps) <= 8  # of a window of sixteen
    assert desk.states() == {"accepted": 20}


def test_a_fault_beside_answers_is_waited_for_as_it_asks(sqlite_ledger: Ledger) -> None:
    clock = FakeClock()
    system = Slow(clock, batch_size=1)
    system.plan("ok", "ok", "ok", "retry_after:30", "ok", "ok", "ok")
    desk = Desk(sqlite_ledger, system, clock)
    desk.queue(KEYS)
    run(desk, patience_s=0)
    assert len(system.sends) <= 3 + 3  # what was under way beside it, and nothing more
    run(desk)
    assert clock.slept >= 29
    assert desk.states() == {"accepted": 20}
    desk.check()


def test_what_waits_is_held_back_although_the_wait_is_over_before_it_is_recorded(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.batch_size = 1
    desk.system.plan("ok", "ok", "ok", "commit_lose")
    desk.queue(KEYS)
    ledger = BusyLedger(desk.ledger.engine, desk.ledger.place, clock=desk.clock)
    deliver(ledger, desk.system, TASK, owner="a:1", clock=desk.clock, hooks=Hooks())
    with desk.ledger.read() as tx:
        codes = [event.facts["code"] for event in events(tx, kind="not-executed")]
    assert codes == ["DB-DELIVERY-027"] * 3
    assert desk.until_quiet().accepted == 20
    desk.check()


def test_a_bug_in_the_connector_beside_answers_loses_none_of_them(sqlite_ledger: Ledger) -> None:
    clock = FakeClock()
    system = Slow(clock, batch_size=1)
    system.plan("ok", "ok", "ok", "ok", "crash", "ok")
    desk = Desk(sqlite_ledger, system, clock)
    desk.queue(KEYS)
    with pytest.raises(RuntimeError):
        run(desk)
    assert desk.states()["sending"] > 1  # what was answered beside it is found out again, and not sent again
    clock.advance(200)
    run(desk)
    assert desk.states() == {"accepted": 20}
    desk.check()


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_record_that_stands_twice_in_the_ledger_is_not_sent(sqlite_desk: Desk, batch_size: int) -> None:
    desk = sqlite_desk
    desk.system.batch_size = batch_size
    desk.queue(KEYS[:3])
    with desk.ledger.write() as tx:
        tx.exec_driver_sql("CREATE TABLE other AS SELECT * FROM delivery_item")
        tx.exec_driver_sql("DROP TABLE delivery_item")
        tx.exec_driver_sql("ALTER TABLE other RENAME TO delivery_item")
        tx.exec_driver_sql("INSERT INTO delivery_item SELECT * FROM delivery_item WHERE item_key = 'K00'")
    with pytest.raises(DrawbridgeError) as caught:
        desk.deliver()
    assert caught.value.code == "DB-LEDGER-008"
    assert desk.system.sends == []


def test_a_runner_that_lost_its_lease_sends_nothing_more_of_its_window(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.batch_size = 1
    desk.queue(KEYS)
    sends = 0

    def reach(point: str) -> None:
        nonlocal sends
        sends += point == "B2"
        if point == "B2" and sends == 4:  # the process sleeps, wakes up, and somebody else has taken over
            desk.clock.advance(DEFAULT.lease_s + 1)
            with desk.ledger.write() as tx:
                assert acquire(tx, f"record/{TASK}", "b:1", desk.clock.now(), 120.0) is not None

    with pytest.raises(DrawbridgeError) as caught:
        run(desk, hooks=Hooks(reach))
    assert caught.value.code == "DB-LEDGER-040"
    assert len(desk.system.sends) == 4
    desk.clock.advance(200)
    assert desk.until_quiet().accepted == 20
    desk.check()


@pytest.mark.parametrize("at", [1, 4, 5])
def test_once_it_is_to_end_nothing_more_leaves_and_what_is_out_is_recorded(
    sqlite_desk: Desk, at: int
) -> None:
    """Messages go as 1, 2, 4, …: the fourth is the first of a window of four."""
    desk = sqlite_desk
    desk.system.batch_size = 1
    desk.queue(KEYS)
    out: list[int] = []
    hooks = Hooks(under_way=out.append, is_ending=lambda: len(desk.system.sends) >= at)
    run(desk, hooks=hooks)
    assert len(desk.system.sends) == at
    assert desk.states() == {"accepted": at, "ready": 20 - at}
    assert out == [1, -1] * at
    assert desk.until_quiet().accepted == 20
    assert len(desk.system.sends) == 20
    desk.check()
