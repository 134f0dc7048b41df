"""What the departments' answers amount to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rules.confirmation import REPLACING, decide_confirmations
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
