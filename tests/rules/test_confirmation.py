"""What the departments' answers amount to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.confirmation import REPLACING, decide_confirmations, is_accepted, reason_text
from schemas.codes import ObjectionReason, Verdict
from schemas.confirmation import Confirmation

DEPARTMENTS = ["SW", "SC"]


def answer(
    object_id: str, dept: str, reason: ObjectionReason | None = None, evidence: str | None = "文号"
) -> Confirmation:
    return Confirmation(
        object_id=object_id,
        dept_code=dept,
        verdict=Verdict.OBJECTION if reason else Verdict.CONFIRMED,
        reason=reason,
        evidence=evidence if reason else None,
        by_role="系统管理员",
        at=datetime(2024, 5, 29, 2, tzinfo=UTC),
    )


def test_silence_never_confirms() -> None:
    found = decide_confirmations(["A"], DEPARTMENTS, [answer("A", "SW")], [])
    assert found.confirmed == ()
    assert found.open == (("A", "SC"),)


def test_all_departments_confirm_an_object() -> None:
    found = decide_confirmations(["A"], DEPARTMENTS, [answer("A", "SW")], [answer("A", "SC")])
    assert found.confirmed == ("A",)
    assert (found.open, found.conflicts, found.to_replace) == ((), (), ())


@pytest.mark.parametrize("reason", list(ObjectionReason))
def test_an_objection_replaces_for_the_reasons_of_the_notice_and_with_evidence(
    reason: ObjectionReason,
) -> None:
    rows = [answer("A", "SW"), answer("A", "SC", reason)]
    found = decide_confirmations(["A"], DEPARTMENTS, rows, [])
    if reason in REPLACING:
        assert found.to_replace == (("A", reason.label),)
        assert found.confirmed == ()
    else:
        assert found.to_replace == ()
        assert [row.object_id for row in found.refused] == ["A"]
        assert found.confirmed == ("A",)
    without = [answer("A", "SW"), answer("A", "SC", reason, evidence="  ")]
    assert decide_confirmations(["A"], DEPARTMENTS, without, []).to_replace == ()


def test_an_answer_here_that_contradicts_the_platforms_is_a_conflict() -> None:
    found = decide_confirmations(
        ["A"],
        DEPARTMENTS,
        [answer("A", "SW"), answer("A", "SC")],
        [answer("A", "SC", ObjectionReason.MOVED_OUT)],
    )
    assert found.conflicts == (("A", "SC"),)
    assert found.confirmed == ()
    assert found.to_replace == ()


def test_answers_on_other_objects_say_nothing() -> None:
    found = decide_confirmations(["A"], DEPARTMENTS, [answer("B", "SW"), answer("B", "SC")], [])
    assert found.open == (("A", "SW"), ("A", "SC"))


def test_the_same_answer_here_and_there_is_no_conflict() -> None:
    gone = answer("A", "SC", ObjectionReason.DEREGISTERED)
    found = decide_confirmations(["A"], ["SC"], [gone], [answer("A", "SC", ObjectionReason.DEREGISTERED)])
    assert found.conflicts == ()
    assert found.to_replace == (("A", "注销"),)


def test_another_reason_here_than_there_is_a_conflict() -> None:
    there, here = (
        answer("A", "SC", ObjectionReason.DEREGISTERED),
        answer("A", "SC", ObjectionReason.MOVED_OUT),
    )
    assert decide_confirmations(["A"], ["SC"], [there], [here]).conflicts == (("A", "SC"),)


def test_an_accepted_objection_does_not_wait_for_the_other_departments() -> None:
    found = decide_confirmations(["A"], DEPARTMENTS, [answer("A", "SC", ObjectionReason.MOVED_OUT)], [])
    assert found.to_replace == (("A", "迁出"),)
    assert found.open == ()


def test_an_objection_that_counts_for_nothing_leaves_the_others_to_answer() -> None:
    found = decide_confirmations(["A"], DEPARTMENTS, [answer("A", "SC", ObjectionReason.OTHER)], [])
    assert [row.dept_code for row in found.refused] == ["SC"]
    assert found.open == (("A", "SW"),)
    assert found.confirmed == ()


def test_an_objection_without_a_reason_is_none_that_counts() -> None:
    blank = answer("A", "SC", ObjectionReason.OTHER).model_copy(update={"reason": None})
    assert not is_accepted(blank)
    assert reason_text(blank) == "其他"


ANSWERS = st.lists(
    st.builds(
        answer,
        st.sampled_from(["A", "B", "C"]),
        st.sampled_from(DEPARTMENTS),
        st.sampled_from([None, *ObjectionReason]),
        st.sampled_from([None, "", "文号"]),
    ),
    max_size=8,
)


@given(ANSWERS, ANSWERS)
def test_every_object_is_confirmed_or_replaced_or_somebody_still_has_to_act(
    there: list[Confirmation], here: list[Confirmation]
) -> None:
    found = decide_confirmations(["A", "B", "C"], DEPARTMENTS, there, here)
    waiting = {object_id for object_id, _ in (*found.open, *found.conflicts)}
    settled = [*found.confirmed, *(object_id for object_id, _ in found.to_replace)]
    assert sorted([*settled, *waiting]) == ["A", "B", "C"]
