"""What the results of one form say together."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from rules.visits import (
    by_enterprise,
    findings,
    is_complete,
    missing_items,
    not_visited,
    review_of,
    standing_results,
)
from schemas.codes import CheckMethod, Disposal, ResultCode, ReviewOpinion, SignatureState
from schemas.result import ItemResult, Visit
from tests.rules.visit_rows import VISITED, campaign, complete, form, result, review

LATER = VISITED + timedelta(hours=5)


def test_a_form_is_complete_when_each_of_its_items_has_a_result() -> None:
    one = form()
    rows = complete(one)
    assert is_complete(one, rows)
    assert [item.item_code for item in missing_items(one, rows[:2])] == ["SC-02"]
    assert not is_complete(one, [])


def test_results_of_other_enterprises_and_tasks_do_not_complete_a_form() -> None:
    one, other = form(1), form(2)
    assert not is_complete(one, complete(other))
    assert not is_complete(one, complete(one, task_id="130534202305281001"))


def test_a_newer_version_replaces_the_result_and_contradicting_rows_leave_none() -> None:
    one = form()
    first = result(one, "SW-01", ResultCode.PENDING)
    again = result(one, "SW-01", ResultCode.ORDERED_TO_CORRECT, version=2, updated_at=LATER)
    assert standing_results(one, [again, first])["SW-01"] is again
    twice = result(one, "SW-01", ResultCode.NO_PROBLEM, result_id="entered twice")
    assert "SW-01" not in standing_results(one, [again, first, twice])
    same = result(one, "SW-01", ResultCode.ORDERED_TO_CORRECT, result_id="entered twice", updated_at=LATER)
    assert "SW-01" in standing_results(one, [again, first, same])


def test_results_are_grouped_by_enterprise_in_their_order() -> None:
    one, other = form(1), form(2)
    rows = [*complete(other), *complete(one)]
    assert list(by_enterprise(rows)) == [other.uscc, one.uscc]
    assert by_enterprise(rows)[one.uscc] == complete(one)


def test_who_was_not_visited_is_named_after_the_last_day_of_the_window() -> None:
    visited, half, never = form(1), form(2), form(3)
    rows = [*complete(visited), *complete(half)[:1]]
    forms = [visited, half, never]
    assert not_visited(campaign(), forms, rows, date(2024, 7, 31)) == []
    assert not_visited(campaign(), forms, rows, date(2024, 8, 1)) == [half, never]


@pytest.mark.parametrize(
    ("opinions", "together"),
    [
        (("1", "1", "1"), ReviewOpinion.APPROVED),
        (("1", "0", "1"), ReviewOpinion.PENDING),
        (("2", "1", "1"), ReviewOpinion.WITHHELD),
        (("2", "0", "1"), ReviewOpinion.PENDING),
        (("2", "0", "3"), ReviewOpinion.RETURNED),
    ],
)
def test_the_most_cautious_opinion_on_any_item_is_that_on_the_enterprise(
    opinions: tuple[str, ...], together: ReviewOpinion
) -> None:
    rows = [
        result(form(), item.item_code, review=review(ReviewOpinion(opinion)))
        for item, opinion in zip(form().items, opinions, strict=True)
    ]
    assert review_of(rows).opinion is together


def test_of_equal_opinions_the_newest_is_given_and_without_results_it_is_pending() -> None:
    older, newer = complete(form())[:2]
    newer = newer.model_copy(update={"review": review(ReviewOpinion.APPROVED, at=LATER)})
    assert review_of([newer, older]).at == LATER
    assert review_of([]).opinion is ReviewOpinion.PENDING


def test_good_results_have_no_findings() -> None:
    one = form()
    rows = [
        result(one, "SW-01", ResultCode.ORDERED_TO_CORRECT),
        result(one, "SC-01"),
        result(one, "SC-02", ResultCode.NOT_PUBLICISED, disposal=Disposal.ABNORMAL_LIST, order_lapsed=True),
    ]
    assert findings(campaign(), [one], rows) == []


ONE = form()
_VISIT = {"signature": SignatureState.SIGNED, "methods": (CheckMethod.ON_SITE,)}


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("DB-VISIT-001", result(form(2), "SW-01")),
        ("DB-VISIT-002", result(ONE, "SW-01", item_code="SW-09")),
        ("DB-VISIT-003", result(ONE, "SW-01", dept_code="SC")),
        ("DB-VISIT-005", result(ONE, "SW-01", completed_at=datetime(2024, 7, 31, 16, 0, tzinfo=UTC))),
        # 20 working days after 2024-06-12 are over with 2024-07-10 (Shanghai).
        ("DB-VISIT-006", result(ONE, "SW-01", entered_at=datetime(2024, 7, 10, 16, 30, tzinfo=UTC))),
        ("DB-VISIT-007", result(ONE, "SW-01", ResultCode.PENDING, disposal=Disposal.NONE)),
        ("DB-VISIT-008", result(ONE, "SC-02", ResultCode.NOT_PUBLICISED, disposal=Disposal.ABNORMAL_LIST)),
        ("DB-VISIT-009", result(ONE, "SW-01", inspectors=(ONE.inspectors[0].inspector_id,))),
        ("DB-VISIT-010", result(ONE, "SW-01", inspectors=("SW901", "SW902"))),
        ("DB-VISIT-011", result(ONE, "SW-01", visit=Visit.model_validate({**_VISIT, "cert_shown": False}))),
    ],
)
def test_each_fault_of_a_result_is_told_by_its_code(code: str, row: ItemResult) -> None:
    told = findings(campaign(), [ONE], [row])
    assert [error.code for error in told] == [code]
    assert row.uscc in told[0].zh
    assert row.uscc in told[0].en
    assert told[0].act


def test_contradicting_results_are_told_once() -> None:
    rows = [result(ONE, "SC-01"), result(ONE, "SC-01", ResultCode.NOT_REACHABLE, result_id="another")]
    told = findings(campaign(), [ONE], rows)
    assert [(error.code, error.facts["item"]) for error in told] == [("DB-VISIT-004", "登记事项检查")]


def test_an_entry_on_the_last_day_is_in_time() -> None:
    row = result(ONE, "SW-01", entered_at=datetime(2024, 7, 10, 15, 59, tzinfo=UTC))
    assert findings(campaign(), [ONE], [row]) == []
