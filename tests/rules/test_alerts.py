"""Which facts make which alert, what is the same alert, and when it is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.alerts import (
    LOOKS,
    Alert,
    BrokenChain,
    Facts,
    FailingSystem,
    OpenDeadline,
    ParkedBatch,
    StoppedStage,
    Uncounted,
    alerts_of,
    changes,
    is_no_answer,
    soon,
)
from schemas.errors import DrawbridgeError, catalogue

NOW = datetime(2024, 8, 26, 1, 0, tzinfo=UTC)
TASK, NAME = "130534202405281001", "清河2024-22"


def limit(what: str, left: int, on: date = date(2024, 8, 28), count: int = 3) -> OpenDeadline:
    return OpenDeadline(TASK, NAME, what, on, left, count)


def stopped(code: str, stage: str = "draw", title: str = "抽取对象") -> StoppedStage:
    return StoppedStage(TASK, NAME, stage, title, code)


def failing(minutes_ago: float, code: str = "DB-PUBLICITY-003") -> FailingSystem:
    return FailingSystem("PUBLICITY", code, NOW - timedelta(minutes=minutes_ago))


def kinds(facts: Facts) -> list[tuple[str, str]]:
    return [(alert.kind, alert.urgency) for alert in alerts_of(facts, NOW)]


@pytest.mark.parametrize(
    ("what", "left", "kind"),
    [
        ("公示", 3, None),
        ("公示", 2, "deadline"),
        ("公示", 0, "deadline"),
        ("公示", -1, "overdue"),
        ("部门确认", 1, None),  # it has one working day in all: told on the last
        ("部门确认", 0, "deadline"),
        ("部门确认", -1, "overdue"),
        ("移交列入经营异常名录", 2, "deadline"),
        ("以后新设的期限", 2, "deadline"),
    ],
)
def test_a_limit_is_in_danger_near_its_end_and_overdue_after_it(
    what: str, left: int, kind: str | None
) -> None:
    expected = [] if kind is None else [(kind, "immediate")]
    assert kinds(Facts(deadlines=[limit(what, left)])) == expected


def test_a_limit_stays_the_same_alert_while_days_and_numbers_go_down() -> None:
    first = alerts_of(Facts(deadlines=[limit("公示", 2, count=3)]), NOW)
    second = alerts_of(Facts(deadlines=[limit("公示", 1, count=1)]), NOW)
    third = alerts_of(Facts(deadlines=[limit("公示", -1, count=1)]), NOW)
    assert [alert.key for alert in first] == [alert.key for alert in second]
    assert [alert.key for alert in second] != [alert.key for alert in third]  # passed: told once more


def test_two_days_and_two_campaigns_are_alerts_of_their_own() -> None:
    other = OpenDeadline("130534202604012001", "另一任务", "公示", date(2024, 8, 28), 1, 1)
    limits = [limit("公示", 2), limit("公示", 1, on=date(2024, 8, 27)), other]
    assert len(alerts_of(Facts(deadlines=limits), NOW)) == 3


def test_each_parked_batch_is_told_once() -> None:
    batches = [ParkedBatch(TASK, NAME, "公示", f"{TASK}-{n}", 2) for n in (1, 2)]
    assert kinds(Facts(parked=batches)) == [("parked", "immediate")] * 2


def test_a_draw_that_fails_a_hard_check_cannot_wait_and_other_stops_can() -> None:
    facts = Facts(stopped=[stopped("DB-RUN-009"), stopped("DB-RUN-010", "push", "派发表单")], failing=[])
    assert kinds(facts) == [("draw", "immediate"), ("stopped", "digest")]


def test_a_system_is_told_of_once_whatever_it_stopped() -> None:
    facts = Facts(
        stopped=[stopped("DB-PLATFORM-001", stage) for stage in ("sync", "confirm", "collect")],
        failing=[failing(30), failing(20), failing(15, "DB-PUBLICITY-001")],
    )
    found = alerts_of(facts, NOW)
    assert [alert.key for alert in found] == ["unreachable/PLATFORM", "unreachable/PUBLICITY"]
    assert [alert.facts["cause"] for alert in found] == ["DB-PLATFORM-001", "DB-PUBLICITY-003"]


def test_a_fault_of_a_moment_is_no_alert() -> None:
    assert kinds(Facts(failing=[failing(9)])) == []
    assert kinds(Facts(failing=[failing(10)])) == [("unreachable", "immediate")]


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        ("DB-PLATFORM-001", True),
        ("DB-PUBLICITY-011", True),
        ("DB-PLATFORM-012", False),  # it refused our signature: it is there
        ("DB-PLATFORM-009", False),
        ("DB-RUN-009", False),
        ("DB-LEDGER-001", False),
    ],
)
def test_only_faults_without_an_answer_say_that_a_system_is_unreachable(code: str, is_one: bool) -> None:
    assert is_no_answer(code) is is_one


def test_a_broken_chain_is_told_once_wherever_it_is_broken() -> None:
    one = alerts_of(Facts(chain=[BrokenChain(7, "edited")]), NOW)
    other = alerts_of(Facts(chain=[BrokenChain(5, "missing")]), NOW)
    assert [(alert.key, alert.urgency) for alert in one] == [("chain", "immediate")]
    assert [alert.key for alert in other] == ["chain"]


def test_what_is_new_is_raised_and_what_has_ended_is_over() -> None:
    facts = Facts(deadlines=[limit("公示", 1)], parked=[])
    (alert,) = alerts_of(facts, NOW)
    known = {"parked/old": "parked", alert.key: "deadline"}
    compared = changes([alert], known, facts)
    assert (compared.raised, compared.over) == ([], ["parked/old"])
    assert changes([alert], {}, facts).raised == [alert]


def test_what_was_not_looked_at_is_not_over() -> None:
    facts = Facts(parked=[])
    assert changes([], {"chain": "chain", "unreachable/PLATFORM": "unreachable"}, facts).over == []
    assert changes([], {"chain": "chain"}, Facts(chain=[])).over == ["chain"]


def test_a_campaign_that_could_not_be_counted_ends_no_deadline_of_its_own() -> None:
    other = "130534202604012001"
    facts = Facts(deadlines=[], uncounted=[Uncounted(TASK, NAME, "ValueError")])
    (uncounted,) = alerts_of(facts, NOW)
    known = {f"deadline/{TASK}/公示/2024-08-28": "deadline", f"deadline/{other}/公示/2024-08-28": "deadline"}
    assert changes([uncounted], known, facts).over == [f"deadline/{other}/公示/2024-08-28"]


def test_the_digest_names_what_ends_within_five_working_days_nearest_first() -> None:
    limits = [limit("公示", 6, date(2024, 9, 3)), limit("公示", 5, date(2024, 9, 2)), limit("部门确认", -1)]
    assert [one.left for one in soon(limits)] == [-1, 5]


def every_kind() -> list[Alert]:
    facts = Facts(
        deadlines=[limit("公示", 1), limit("部门确认", -1)],
        uncounted=[Uncounted("130534202604012001", "另一任务", "ValueError")],
        parked=[ParkedBatch(TASK, NAME, "公示", f"{TASK}-1", 2)],
        stopped=[stopped("DB-RUN-009"), stopped("DB-RUN-010", "push", "派发表单")],
        failing=[failing(30)],
        chain=[BrokenChain(7, "edited")],
    )
    return alerts_of(facts, NOW)


def test_every_kind_has_its_wording_with_all_facts() -> None:
    found = every_kind()
    assert {alert.kind for alert in found} == set(LOOKS)
    for alert in found:
        wording = DrawbridgeError(alert.code, **alert.facts)
        assert "{" not in wording.zh + wording.act + wording.en
        assert alert.code in catalogue()
        assert len(alert.key) <= 128
