"""Who may be drawn to inspect, and whom they must stay away from."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest

from rules.inspectors import RULES, eligible_inspectors, forbidden_pairs
from schemas.codes import InspectorRole, InspectorStatus
from schemas.inspector import Inspector
from tests.factories import code
from tests.rules.visit_rows import campaign

TODAY = date(2024, 5, 29)
PLAN = campaign()
WATER = PLAN.departments[0]


def person(number: int = 1, **changes: Any) -> Inspector:
    members: dict[str, Any] = {
        "inspector_id": f"SW{number:03d}",
        "name": "某某",
        "dept_code": "SW",
        "cert_no": f"证{number}",
        "cert_valid_from": date(2022, 1, 1),
        "cert_valid_to": date(2026, 12, 31),
    }
    return Inspector.model_validate(members | changes)


UNFIT = [
    {"role": InspectorRole.AUXILIARY},
    {"role": InspectorRole.EXPERT},
    {"status": InspectorStatus.TRANSFERRED},
    {"status": InspectorStatus.RETIRED},
    {"status": InspectorStatus.LAPSED},
    {"cert_no": None},
    {"cert_valid_to": None},
    {"cert_valid_to": date(2024, 6, 1)},
    {"cert_valid_from": date(2024, 6, 1)},
    {"status": InspectorStatus.ON_LEAVE},
    {
        "status": InspectorStatus.ON_LEAVE,
        "leave_from": date(2024, 7, 1),
        "leave_to": date(2024, 7, 3),
    },
]


@pytest.mark.parametrize("changes", UNFIT)
def test_whoever_may_not_go_is_left_out_with_a_reason(changes: dict[str, Any]) -> None:
    chosen = eligible_inspectors([person(1), person(2, **changes)], WATER, PLAN, TODAY)
    assert [one.inspector_id for one in chosen.eligible] == ["SW001"]
    ((left_out, reason),) = chosen.excluded
    assert left_out.inspector_id == "SW002"
    assert reason in {text for text, _ in RULES}


def test_leave_that_is_over_before_the_visits_does_not_matter() -> None:
    back = person(1, status=InspectorStatus.ON_LEAVE, leave_from=date(2024, 5, 1), leave_to=date(2024, 5, 20))
    assert eligible_inspectors([back], WATER, PLAN, TODAY).eligible == (back,)


def test_other_departments_people_are_nobodys_business() -> None:
    chosen = eligible_inspectors([person(1, dept_code="SC")], WATER, PLAN, TODAY)
    assert (chosen.eligible, chosen.excluded) == ((), ())


def test_recusals_count_for_the_enterprises_that_are_drawn() -> None:
    chance = random.Random(2)
    drawn, other = code(chance), code(chance)
    people = [person(1, recusals=((drawn, "relative"), (other, "interest"))), person(2)]
    (pair,) = forbidden_pairs(people, [drawn])
    assert (pair.uscc, pair.inspector_id, pair.reason) == (drawn, "SW001", "relative")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"role": InspectorRole.EXPERT}, "不是执法人员"),
        ({"status": InspectorStatus.RETIRED}, "不在岗"),
        ({"cert_no": ""}, "没有执法证件"),
        ({"cert_valid_to": date(2024, 7, 30)}, "执法证件有效期不覆盖检查时限"),
        ({"leave_from": date(2024, 7, 31)}, "检查时限内请假"),
    ],
)
def test_each_rule_has_its_reason(changes: dict[str, Any], reason: str) -> None:
    ((_, told),) = eligible_inspectors([person(1, **changes)], WATER, PLAN, TODAY).excluded
    assert told == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"cert_valid_from": TODAY, "cert_valid_to": date(2024, 7, 31)},
        {"leave_from": date(2024, 8, 1), "leave_to": date(2024, 8, 5)},
        {"leave_to": date(2024, 5, 28)},
    ],
)
def test_the_first_and_the_last_day_of_what_is_left_count(changes: dict[str, Any]) -> None:
    fit = person(1, **changes)
    assert eligible_inspectors([fit], WATER, PLAN, TODAY).eligible == (fit,)


def test_everybody_of_the_department_is_in_one_of_both_lists_by_their_ids() -> None:
    people = [person(number, **changes) for number, changes in enumerate([{}, *UNFIT, {}], 1)]
    chosen = eligible_inspectors(people[::-1], WATER, PLAN, TODAY)
    assert [one.inspector_id for one in chosen.eligible] == ["SW001", f"SW{len(people):03d}"]
    assert [one.inspector_id for one, _ in chosen.excluded] == [one.inspector_id for one in people[1:-1]]


def test_a_pair_that_two_lists_forbid_is_forbidden_once_and_pairs_are_in_order() -> None:
    chance = random.Random(3)
    first, second = sorted((code(chance), code(chance)))
    people = [
        person(2, recusals=((second, "interest"), (first, "relative"))),
        person(1, recusals=((second, "request"), (second, "request"))),
    ]
    pairs = [(uscc, inspector) for uscc, inspector, _ in forbidden_pairs(people, {first, second})]
    assert pairs == [(first, "SW002"), (second, "SW001"), (second, "SW002")]
