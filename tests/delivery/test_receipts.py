"""Rows that the other side decides on later: asked for, applied once, whatever comes late or twice."""

from __future__ import annotations

import pytest

from delivery.park import parked
from ledger.audit import events
from tests.delivery.conftest import TASK, Desk, Killed

KEYS = ["K00", "K01", "K02"]


def test_pending_rows_are_settled_by_asking(desk: Desk) -> None:
    desk.system.pends = frozenset({"K01"})
    desk.queue(KEYS)
    outcome = desk.deliver()
    assert (outcome.accepted, outcome.pending, outcome.unknown) == (2, 1, 0)
    still = desk.poll()
    assert (still.pending, still.sent) == (1, 0)
    assert still.next_try_at is not None
    desk.system.settle_pending()
    assert desk.poll().accepted == 3
    assert desk.poll().accepted == 3
    desk.check()
    assert len(desk.system.sends) == 1


def test_an_answer_that_comes_twice_changes_nothing(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.pends = frozenset(KEYS)
    desk.queue(KEYS)
    desk.deliver()
    for _ in range(3):
        desk.poll()
    desk.system.settle_pending()
    desk.poll()
    with desk.ledger.read() as tx:
        answered = events(tx, kind="answered")
    assert len(answered) == 2  # pending, then accepted


def test_a_kill_between_receipt_and_its_application(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.pends = frozenset({"K01"})
    desk.queue(KEYS)
    desk.deliver()
    desk.system.settle_pending()

    def die(point: str) -> None:
        if point == "B11":
            raise Killed(point)

    with pytest.raises(Killed):
        desk.poll(die)
    assert desk.states() == {"accepted": 2, "pending": 1}
    assert desk.poll().accepted == 3
    desk.check()


def test_an_unreachable_system_leaves_things_pending(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.pends = frozenset(KEYS)
    desk.queue(KEYS)
    desk.deliver()
    desk.system.query_plan.extend(["unreachable"] * 50)
    for _ in range(50):
        assert desk.poll().pending == 3
        desk.clock.advance(60)
    desk.system.settle_pending()
    assert desk.poll().accepted == 3


def test_a_pending_message_that_vanishes_is_an_operators_matter(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.pends = frozenset(KEYS)
    desk.queue(KEYS)
    desk.deliver()
    desk.system.query_plan.extend(["absent"] * 50)
    for _ in range(5):
        desk.poll()
        desk.clock.advance(30)
    assert desk.states() == {"parked": 3}
    assert {item.code for item in desk.items()} == {"DB-DELIVERY-024"}


def test_where_one_cannot_ask_the_identical_bytes_bring_the_answer(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.dedupes, desk.system.can_query = True, False
    desk.system.pends = frozenset({"K01"})
    desk.queue(KEYS)
    desk.deliver()
    desk.system.plan("not_sent")
    desk.clock.advance(10)
    assert desk.poll().pending == 1
    desk.system.settle_pending()
    desk.clock.advance(10)
    assert desk.poll().accepted == 3
    desk.check()


def test_where_one_cannot_ask_what_stays_pending_is_parked_in_the_end(sqlite_desk: Desk) -> None:
    """Ever less often, for at least a day; then an operator has it, and it is not sent any more."""
    desk = sqlite_desk
    desk.system.dedupes, desk.system.can_query = True, False
    desk.system.pends = frozenset({"K01"})
    desk.queue(KEYS)
    desk.deliver()
    sends = []
    while desk.states().get("pending"):
        before = len(desk.system.sends)
        desk.poll()
        if len(desk.system.sends) > before:
            sends.append(desk.clock.monotonic())
        desk.clock.advance(300)
        assert desk.clock.monotonic() < 3 * 86_400, "resent for ever"
    assert 86_400 <= desk.clock.monotonic() < 90_000
    assert 12 <= len(sends) <= 36  # hourly after the first half hour
    assert desk.states() == {"accepted": 2, "parked": 1}
    assert {item.code for item in desk.items()} == {None, "DB-DELIVERY-026"}
    with desk.ledger.read() as tx:
        shown = parked(tx, "record", TASK)
    assert [one.item.key for one in shown] == ["K01"]
    known = len(desk.system.sends)
    desk.deliver()
    desk.poll()
    assert len(desk.system.sends) == known
    desk.check()
