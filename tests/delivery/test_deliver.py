"""Given a system that answers well or badly, when due records are delivered, each is there once."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from connectors.faults import FAULTS
from delivery.deliver import Hooks, deliver
from delivery.hooks import SILENT
from delivery.queue import Due, enqueue
from delivery.run import DEFAULT, Run
from ledger.engine import Ledger
from ledger.leases import acquire
from ledger.messages import exchanges, messages_in
from schemas.errors import DrawbridgeError
from tests.delivery.conftest import TASK, Desk
from tests.delivery.system import START, FakeClock, System

KEYS = [f"K{number:02d}" for number in range(10)]


def test_everything_due_is_delivered_once_and_a_quiet_run_sends_nothing(desk: Desk) -> None:
    assert desk.queue(KEYS) == 10
    outcome = desk.deliver()
    assert (outcome.due, outcome.accepted, outcome.sent, outcome.next_try_at) == (10, 10, 10, None)
    assert desk.sent == 10
    assert len(desk.system.sends) == 3
    desk.check()
    again = desk.deliver()
    assert (again.sent, again.accepted, len(desk.system.sends), desk.system.queries) == (0, 10, 3, 0)


def test_the_bytes_on_the_wire_are_those_of_the_intent(desk: Desk) -> None:
    desk.queue(KEYS[:1])
    desk.deliver()
    ((batch_no, body),) = desk.system.sends
    with desk.ledger.read() as tx:
        (message,) = messages_in(tx, "record", TASK, ("done",))
    assert (message.batch_no, message.body) == (batch_no, body)
    assert json.loads(body)["rows"][0][0] == "K00"


def test_the_nearest_deadline_goes_first(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.batch_size = 1
    dues = [
        Due("none", 1, "{}"),
        Due("late", 1, "{}", date(2026, 12, 31)),
        Due("soon", 1, "{}", date(2026, 11, 25)),
        Due("moment", 1, "{}", START + timedelta(hours=1)),
    ]
    with desk.ledger.write() as tx:
        enqueue(tx, "record", TASK, dues, START, approved=True)
    desk.deliver()
    order = [json.loads(body)["rows"][0][0] for _, body in desk.system.sends]
    assert order == ["moment", "soon", "late", "none"]


def test_rejected_rows_keep_code_and_text_and_the_others_are_accepted(desk: Desk) -> None:
    desk.system.rejects = frozenset({"K03"})
    desk.queue(KEYS)
    outcome = desk.deliver()
    assert (outcome.accepted, outcome.rejected) == (9, 1)
    (item,) = [item for item in desk.items() if item.state == "rejected"]
    assert (item.key, item.code, item.reason) == ("K03", "97", "查无此企业")
    assert desk.deliver().sent == 0


@pytest.mark.parametrize("fault", ["commit_lose", "500_before", "late:3", "other_batch", "partial"])
@pytest.mark.parametrize(
    ("dedupes", "can_query"), [(True, True), (False, True), (True, False)], ids=["both", "query", "dedupe"]
)
def test_an_unknown_outcome_is_found_out(
    sqlite_desk: Desk, fault: str, dedupes: bool, can_query: bool
) -> None:
    desk = sqlite_desk
    desk.system.dedupes, desk.system.can_query = dedupes, can_query
    desk.system.plan("ok", fault)
    desk.queue(KEYS)
    outcome = desk.until_quiet()
    assert (outcome.accepted, outcome.unknown, outcome.parked) == (10, 0, 0)
    assert sum(desk.system.records.values()) == 10
    desk.check()


def test_absence_counts_only_after_enough_looks_over_enough_time(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("500_before")
    desk.queue(KEYS[:1])
    outcome = desk.deliver(patience_s=20)
    assert (outcome.unknown, len(desk.system.sends)) == (1, 1)
    assert outcome.next_try_at is not None
    desk.clock.advance(1)
    for _ in range(20):  # impatient callers look no more often
        desk.deliver(patience_s=0)
    assert desk.system.queries == 1
    assert desk.deliver(patience_s=100).accepted == 1
    assert desk.clock.at - START >= timedelta(seconds=60)
    assert len({batch_no for batch_no, _ in desk.system.sends}) == 2  # the old number was given up
    desk.check()


def test_stale_reads_do_not_lead_to_a_second_send(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.stale_reads = 2
    desk.system.plan("commit_lose")
    desk.queue(KEYS)
    assert desk.until_quiet().accepted == 10
    assert len(desk.system.sends) == 3
    desk.check()


def test_a_system_clock_that_jumps_ahead_does_not_replace_the_looks(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.stale_reads = 2
    desk.system.plan("commit_lose")
    desk.queue(KEYS[:1])
    desk.deliver(patience_s=1)
    desk.clock.advance(86_400)
    assert desk.until_quiet().accepted == 1
    desk.check()


def test_where_nobody_can_say_an_operator_has_to(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.dedupes = desk.system.can_query = False
    desk.system.plan("commit_lose")
    desk.queue(KEYS)
    outcome = desk.deliver()
    assert (outcome.accepted, outcome.parked, outcome.sent) == (6, 4, 10)
    assert {item.code for item in desk.items() if item.state == "parked"} == {"DB-DELIVERY-020"}
    assert desk.deliver().sent == 0
    desk.check()


def test_what_was_certainly_not_sent_goes_again_under_the_same_number(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.dedupes = desk.system.can_query = False  # nothing has to be found out
    desk.system.plan("not_sent", "not_sent", "ok")
    desk.queue(KEYS[:4])
    outcome = desk.deliver()
    assert (outcome.accepted, outcome.sent, len(desk.system.sends)) == (4, 4, 1)
    with desk.ledger.read() as tx:
        (message,) = messages_in(tx, "record", TASK, ("done",))
    assert (message.sends, message.tries) == (3, 2)


def test_the_system_is_left_alone_as_long_as_it_asks(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("retry_after:14400")
    desk.queue(KEYS)
    outcome = desk.deliver(patience_s=60)
    assert outcome.next_try_at == START + timedelta(hours=4)
    assert (outcome.ready, outcome.sent, desk.clock.slept) == (10, 0, 0.0)
    assert desk.deliver(patience_s=5 * 3600).accepted == 10


def test_it_is_left_alone_too_when_it_asks_for_that_in_answer_to_a_question(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("commit_lose")
    desk.system.query_plan.append("retry_after:14400")
    desk.queue(KEYS)
    outcome = desk.deliver(patience_s=60)
    assert outcome.next_try_at is not None
    assert outcome.next_try_at >= START + timedelta(hours=4)
    assert len(desk.system.sends) == 1
    assert desk.deliver(patience_s=5 * 3600).accepted == 10
    desk.check()


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("connect", True),
        ("timeout", True),
        ("broken", True),
        ("server_error", True),
        ("unreadable", True),
        ("throttled", False),
        ("unavailable", False),
        ("maintenance", False),
        ("signature", False),
        ("duplicate", False),
        ("refused", False),
        ("in_flight", False),
    ],
)
def test_the_circuit_breaker_counts_transport_faults_only(sqlite_desk: Desk, name: str, counts: bool) -> None:
    desk = sqlite_desk
    run = Run(desk.ledger, desk.system, TASK, desk.clock, SILENT, desk.clock.now, DEFAULT)
    for times in (1, 2, 3):
        desk.clock.advance(60)
        until = run.set_back(f"DB-PUBLICITY-{FAULTS[name].number}", 7.0)
        assert run.faults == (times if counts else 0)
        assert until >= desk.clock.now() + timedelta(seconds=7)
    assert run.is_held
    run.answered()  # of a message that was sent before
    assert run.is_held
    desk.clock.advance(60)
    run.answered()
    assert (run.faults, run.hold_until) == (0, None)


def test_other_bytes_under_our_number_are_no_transport_fault(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    run = Run(desk.ledger, desk.system, TASK, desk.clock, SILENT, desk.clock.now, DEFAULT)
    run.set_back("DB-DELIVERY-021")
    assert run.faults == 0


def test_a_dead_line_is_not_sent_message_after_message(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan(*["500_before"] * 50)
    desk.system.query_plan.extend(["unreachable"] * 50)
    desk.queue([f"N{number:03d}" for number in range(100)])
    outcome = desk.deliver(patience_s=120)
    assert len(desk.system.sends) <= 3
    assert outcome.next_try_at is not None
    assert outcome.ready == 100 - outcome.unknown


def test_one_faulty_record_does_not_take_the_others_with_it(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.refuses = frozenset({"K02"})
    desk.queue(KEYS)
    outcome = desk.deliver()
    assert (outcome.accepted, outcome.rejected) == (9, 1)
    (item,) = [item for item in desk.items() if item.state == "rejected"]
    assert (item.key, item.code, item.reason) == ("K02", "96", "数据错误")
    desk.check()


def test_a_record_that_cannot_be_written_is_rejected_here(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.unwritable = frozenset({"K00", "K09"})
    desk.queue(KEYS)
    outcome = desk.deliver()
    assert (outcome.accepted, outcome.rejected, outcome.sent) == (8, 2, 8)
    assert {item.code for item in desk.items() if item.state == "rejected"} == {"DB-INPUT-040"}


def test_a_refusal_after_an_unknown_send_proves_nothing(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.dedupes, desk.system.can_query = True, False
    desk.system.plan("commit_lose", "refuse")
    desk.queue(KEYS[:1])
    outcome = desk.until_quiet()
    assert (outcome.parked, outcome.rejected) == (1, 0)
    assert desk.items()[0].code == "DB-DELIVERY-025"


def test_a_refusal_after_an_unknown_send_is_looked_up_where_that_is_possible(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.dedupes = True
    desk.system.stale_reads = 2
    desk.system.plan("commit_lose", "refuse")
    desk.queue(KEYS[:1])
    assert desk.until_quiet().accepted == 1
    desk.check()


@pytest.mark.parametrize(("can_query", "state"), [(True, "accepted"), (False, "parked")])
def test_a_number_that_may_be_forgotten_is_not_sent_again(
    sqlite_desk: Desk, can_query: bool, state: str
) -> None:
    desk = sqlite_desk
    desk.system.dedupes, desk.system.can_query, desk.system.key_life_s = True, can_query, 3600
    desk.system.plan("commit_lose")
    desk.queue(KEYS[:1])
    desk.deliver(patience_s=0)
    desk.clock.advance(3300)
    desk.until_quiet()
    assert desk.states() == {state: 1}
    assert len(desk.system.sends) == 1
    desk.check()


def test_repeating_does_not_make_a_number_young_again(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.dedupes, desk.system.can_query, desk.system.key_life_s = True, False, 3600
    desk.system.plan(*["commit_lose"] * 9)
    desk.queue(KEYS[:1])
    for _ in range(4):
        desk.deliver(patience_s=0)
        desk.clock.advance(1200)
    desk.deliver(patience_s=0)
    assert desk.states() == {"parked": 1}
    assert len(desk.system.sends) == 3


def test_duplicate_without_a_receipt_is_an_operators_matter(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.dedupes, desk.system.can_query = True, False
    desk.system.plan(*["duplicate"] * 9)
    desk.queue(KEYS[:1])
    assert desk.until_quiet().parked == 1
    assert desk.items()[0].code == "DB-DELIVERY-022"
    assert len(desk.system.sends) == 3


def test_duplicate_is_looked_up_and_the_earlier_receipt_taken(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("commit_lose")
    desk.queue(KEYS[:1])
    desk.deliver(patience_s=0)
    desk.system.plan("duplicate")
    assert desk.until_quiet().accepted == 1
    desk.check()


def test_other_bytes_under_our_number_are_never_taken_for_ours(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("commit_lose")
    desk.system.query_plan.extend(["other_bytes"] * 9)
    desk.queue(KEYS[:1])
    outcome = desk.until_quiet()
    assert (outcome.parked, outcome.accepted, desk.items()[0].code) == (1, 0, "DB-DELIVERY-021")


def test_rows_that_no_receipt_mentions_are_an_operators_matter(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("partial")
    desk.system.query_plan.extend(["partial"] * 30)
    desk.queue(KEYS[:4])
    outcome = desk.until_quiet()
    assert (outcome.accepted, outcome.parked) == (3, 1)
    assert [item.code for item in desk.items() if item.state == "parked"] == ["DB-DELIVERY-023"]


def test_a_correction_waits_until_the_version_before_is_known(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("commit_lose")
    desk.queue(["K00"])
    desk.deliver(patience_s=0)
    desk.queue(["K00"], version=2)
    desk.system.query_plan.append("absent")
    assert desk.deliver(patience_s=1).unknown == 1
    assert len(desk.system.sends) == 1
    outcome = desk.until_quiet()
    assert outcome.accepted == 2
    assert [json.loads(body)["rows"][0][1] for _, body in desk.system.sends] == [1, 2]
    desk.check()


def test_a_bug_in_the_connector_leaves_the_outcome_unknown_and_the_lease_free(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("crash")
    desk.queue(KEYS)
    with pytest.raises(RuntimeError):
        desk.deliver()
    assert desk.states() == {"sending": 4, "ready": 6}
    assert desk.until_quiet().accepted == 10
    desk.check()


def test_a_second_runner_waits_or_comes_back_later(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.queue(KEYS)
    with desk.ledger.write() as tx:
        assert acquire(tx, f"record/{TASK}", "elsewhere:1", START, 120.0) is not None

    def attempt(patience_s: float) -> int:
        return deliver(
            desk.ledger,
            desk.system,
            TASK,
            owner="here:2",
            clock=desk.clock,
            hooks=Hooks(),
            patience_s=patience_s,
            is_gone=lambda owner: False,
        ).sent

    assert attempt(10) == 0
    assert attempt(150) == 10


def test_a_runner_that_lost_its_lease_writes_nothing_any_more(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.queue(KEYS)

    def taken_over(number: int) -> None:
        if number == 4 and len(desk.system.sends) == 1:
            desk.clock.advance(500)
            with desk.ledger.write() as tx:
                assert acquire(tx, f"record/{TASK}", "other:1", desk.clock.now(), 120.0) is not None

    desk.system.inside = taken_over
    with pytest.raises(DrawbridgeError) as refusal:
        deliver(desk.ledger, desk.system, TASK, owner="a:1", clock=desk.clock, hooks=Hooks(), patience_s=0)
    assert refusal.value.code == "DB-LEDGER-040"
    assert desk.states() == {"sending": 4, "ready": 6}  # nothing of the answer was recorded
    desk.system.inside = lambda number: None
    assert desk.until_quiet().accepted == 10
    desk.check()


def test_forms_and_documents_have_points_of_their_own(sqlite_ledger: Ledger, clock: FakeClock) -> None:
    for kind, letter in (("form", "T"), ("draw", "X"), ("record", "B")):
        system = System(clock, kind=kind, batch_size=1)
        reached: list[str] = []
        with sqlite_ledger.write() as tx:
            enqueue(tx, kind, TASK, [Due("a", 1, "{}"), Due("b", 1, "{}")], START, approved=True)
        deliver(sqlite_ledger, system, TASK, owner="a:1", clock=clock, hooks=Hooks(reached.append))
        assert reached == [f"{letter}{number}" for number in (1, 2, 5, 8, 1, 6, 7, 2, 5, 6, 7)]


def test_progress_is_told_in_items(sqlite_ledger: Ledger, clock: FakeClock) -> None:
    desk = Desk(sqlite_ledger, System(clock), clock)
    desk.queue(KEYS)
    seen: list[tuple[int, int]] = []
    deliver(
        sqlite_ledger,
        desk.system,
        TASK,
        owner="a:1",
        clock=clock,
        hooks=Hooks(),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(4, 10), (10, 10)]  # what goes out together is told together


def test_every_answer_is_kept_as_evidence(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.plan("commit_lose")
    desk.queue(KEYS[:1])
    desk.until_quiet()
    with desk.ledger.read() as tx:
        (message,) = messages_in(tx, "record", TASK, ("done",))
        log = [(entry.act, entry.outcome, entry.code) for entry in exchanges(tx, message.batch_no)]
    assert log == [("send", "unknown", "DB-PUBLICITY-004"), ("query", "receipt", None)]
