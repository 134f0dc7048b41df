"""F01 to F10: what becomes of a write whose answer does not come, or is not what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from delivery.park import parked
from delivery.reconcile import Held, reconcile
from tests.faults.catalogue.conftest import OBJECTS, Desk

Desks = Callable[..., Desk]
KINDS = ["record", "confirmation"]
# What a system can do about an unknown outcome: recognise a repetition, be asked, or both.  The exchange
# decides later on what it took in, so that it has to be asked in any case.
ABLE = [
    (kind, dedupes, can_query)
    for kind in KINDS
    for dedupes, can_query in ((True, True), (True, False), (False, True))
    if can_query or kind != "record"
]


@pytest.mark.parametrize(("kind", "dedupes", "can_query"), ABLE)
def test_f01_a_reply_lost_after_the_commit(desks: Desks, kind: str, dedupes: bool, can_query: bool) -> None:
    desk = desks(kind, dedupes=dedupes, can_query=can_query)
    fault = desk.fault("reply_lost_after_commit", count=1)
    desk.until_quiet()
    assert fault.fired == 1
    desk.judge()
    assert len(desk.batches()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_f01_with_a_system_that_can_do_neither_an_operator_is_asked(desks: Desks, kind: str) -> None:
    desk = desks(kind, dedupes=False, can_query=False)
    desk.fault("reply_lost_after_commit", count=1)
    desk.until_quiet()
    desk.judge(accepted=0)
    with desk.ledger.read() as tx:
        shown = parked(tx, kind, desk.task)
    assert len(shown) == OBJECTS
    assert all(one.evidence for one in shown)


@pytest.mark.parametrize("kind", KINDS)
def test_f02_a_500_after_the_commit(desks: Desks, kind: str) -> None:
    desk = desks(kind, dedupes=False)
    desk.fault("http_500_after_commit", count=1)
    outcome = desk.deliver(patience_s=0)
    assert (outcome.unknown, outcome.rejected) == (OBJECTS, 0)
    desk.until_quiet()
    desk.judge()
    assert len(desk.batches()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_f03_a_500_before_the_commit_is_sent_again_after_the_window(desks: Desks, kind: str) -> None:
    desk = desks(kind, dedupes=False)
    desk.fault("http_500_before_commit", count=1)
    asked = desk.fault("hold_before", desk.query, args={"seconds": 0})
    assert desk.deliver(patience_s=0).unknown == OBJECTS
    desk.until_quiet()
    assert desk.clock.slept >= 60
    assert asked.fired >= 3
    desk.judge()


@pytest.mark.parametrize("late", [{"seconds": 3}, {"queries": 2}])
@pytest.mark.parametrize("kind", KINDS)
def test_f04_a_gateway_gives_up_and_the_commit_comes_later(
    desks: Desks, kind: str, late: dict[str, float]
) -> None:
    desk = desks(kind, dedupes=False)
    sent = desk.fault("http_502_504_gateway", count=1, args=late)
    desk.deliver(patience_s=1)
    assert desk.accepted() == []
    desk.until_quiet()
    assert (sent.fired, sent.seen) == (1, 1), "sent a second time inside the window"
    desk.judge()


def test_f04_a_commit_may_wait_for_campaign_time(desks: Desks) -> None:
    desk = desks(dedupes=False)
    desk.fault("http_502_504_gateway", count=1, args={"units": 1800})
    desk.deliver(patience_s=1)
    desk.world.run_until(desk.world.now().replace(hour=12))
    desk.until_quiet()
    desk.judge()
    assert len(desk.batches()) == 1


def test_f05_a_commit_after_the_window_is_a_double_that_reconciliation_finds(desks: Desks) -> None:
    desk = desks(dedupes=False)
    desk.fault("late_commit_after_void", count=1)
    desk.until_quiet()
    # Nobody can prevent it: the first message was absent over all of the window, and came in after that.
    assert set(Counter(row["key"] for row in desk.accepted()).values()) == {2}
    assert len(desk.batches()) == 2
    assert desk.states() == {"accepted": OBJECTS}
    held = {
        f"{desk.task}-{number:04d}": Held(copies=len(desk.connections.publicity.public_rows(prip_id)))
        for number, prip_id in enumerate(sorted(desk.world.enterprises), 1)
    }
    findings = reconcile(desk.ledger, desk.task, "record", held, now=desk.clock.now())
    assert {one.kind for one in findings} == {"doubled"}
    assert len(findings) == OBJECTS
    assert {(one.facts["copies"], one.facts["proposal"]) for one in findings} == {(2, "withdraw")}
    before = len(desk.accepted())
    desk.until_quiet()
    assert len(desk.accepted()) == before, "a withdrawal is proposed, never sent by itself"


@pytest.mark.parametrize("kind", KINDS)
def test_f06_reads_that_are_stale(desks: Desks, kind: str) -> None:
    desk = desks(kind, dedupes=False)
    desk.fault("reply_lost_after_commit", count=1)
    stale = desk.fault("stale_read_after_write", desk.query, args={"reads": 2})
    desk.until_quiet()
    assert stale.fired >= 2
    desk.judge()
    assert len(desk.batches()) == 1, "one read that finds nothing proves nothing"


@pytest.mark.parametrize("status", [200, 409])
@pytest.mark.parametrize("kind", KINDS)
def test_f07_submitted_before_with_an_equal_digest_is_success(desks: Desks, kind: str, status: int) -> None:
    desk = desks(kind)
    desk.fault("duplicate_reply", count=1, args={"status": status})
    assert desk.deliver(patience_s=0).accepted == 0
    desk.until_quiet()
    desk.judge()


def test_f07_submitted_before_that_nobody_can_look_up_goes_to_the_operator(desks: Desks) -> None:
    desk = desks(can_query=False)
    desk.fault("duplicate_reply")
    desk.until_quiet()
    desk.judge(accepted=0)
    assert desk.states() == {"parked": OBJECTS}


@pytest.mark.parametrize(("kind", "dedupes", "can_query"), ABLE)
def test_f08_a_number_that_belongs_to_other_bytes_stops_and_is_never_replaced(
    desks: Desks, kind: str, dedupes: bool, can_query: bool
) -> None:
    desk = desks(kind, dedupes=dedupes, can_query=can_query)
    sent = desk.fault("idempotency_key_conflict")
    desk.until_quiet()
    assert sent.fired >= 1
    assert desk.states() == {"parked": OBJECTS}
    assert {item.code for item in desk.items()} <= {"DB-DELIVERY-021", "DB-DELIVERY-022"}
    assert len({item.batch_no for item in desk.items()}) == 1
    desk.well()
    desk.until_quiet()
    assert desk.accepted() == []


@pytest.mark.parametrize(("kind", "dedupes", "can_query"), ABLE)
def test_f09_while_the_first_runs_the_same_number_waits(
    desks: Desks, kind: str, dedupes: bool, can_query: bool
) -> None:
    desk = desks(kind, dedupes=dedupes, can_query=can_query)
    desk.fault("idempotency_in_flight")
    assert desk.deliver(patience_s=0).unknown == OBJECTS
    desk.until_quiet()
    desk.judge()
    assert len(desk.batches()) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "rule",
    [
        {"dedupes": False},
        {"key_life_s": 3600},
    ],
    ids=["never recognised", "for an hour"],
)
def test_f10_after_the_life_of_a_key_it_is_only_asked(
    desks: Desks, kind: str, rule: dict[str, object]
) -> None:
    desk = desks(kind, **rule)
    desk.fault("reply_lost_after_commit", calls=[1])
    sends = desk.fault("idempotency_key_forgotten")
    stale = desk.fault("stale_read_after_write", desk.query, args={"reads": 2})
    desk.deliver(patience_s=0)
    desk.clock.advance(4000)
    desk.until_quiet()
    assert stale.fired >= 2
    assert sends.fired == 1, "sent again under a key that the system no longer knows"
    desk.judge()


def test_f10_a_key_lives_as_long_as_the_profile_says(desks: Desks) -> None:
    capability = desks(key_life_s=3600, queued=False).channel.capability
    assert [capability.recognises(age_s) for age_s in (0, 3000, 3600, 90_000)] == [True, True, False, False]
    assert desks(queued=False).channel.capability.recognises(1e9)
    assert not desks(dedupes=False, queued=False).channel.capability.recognises(0)
