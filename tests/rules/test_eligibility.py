"""Who can be drawn: each rule leaves out under its name, and every object is in exactly one list."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.objects import at_least
from rules.eligibility import RULES, decide, overall_ratio, strata_for
from schemas.campaign import Ratio
from schemas.codes import RegistrationState, RiskGrade
from schemas.directory import Entity, ProjectObject
from tests.factories import code
from tests.rules.visit_rows import campaign

TODAY = date(2024, 5, 29)
_CHANCE = random.Random(11)


def project(number: int = 1, **changes: Any) -> ProjectObject:
    members: dict[str, Any] = {
        "object_id": f"P{number:03d}",
        "uscc": code(_CHANCE),
        "ent_name": f"清河县甲{number}有限公司",
        "project_name": f"甲{number}扩建工程",
        "reg_state": RegistrationState.ACTIVE,
        "adm_code": "130534",
        "tags": ("生产建设项目",),
    }
    return ProjectObject.model_validate(members | changes)


PLAN = campaign(tags=("生产建设项目",))


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("state", {"reg_state": RegistrationState.DEREGISTERED}),
        ("state", {"reg_state": RegistrationState.REVOKED}),
        ("state", {"reg_state": RegistrationState.ANNULLED}),
        ("state", {"reg_state": RegistrationState.MOVED_OUT}),
        ("validity", {"is_valid": False}),
        ("jurisdiction", {"adm_code": "130535"}),
        ("tag", {"tags": ("食品经营",)}),
    ],
)
def test_each_rule_leaves_out_under_its_name(rule: str, changes: dict[str, Any]) -> None:
    found = decide([project(1), project(2, **changes)], PLAN, TODAY, {})
    assert [row.object_id for row in found.eligible] == ["P001"]
    (left_out,) = found.excluded
    assert (left_out.object_id, left_out.rule) == ("P002", rule)
    assert left_out.reason


def test_an_enterprise_is_no_object_of_a_campaign_on_projects() -> None:
    uscc = code(_CHANCE)
    found = decide([Entity(object_id=uscc, uscc=uscc, ent_name="甲")], PLAN, TODAY, {})
    assert [row.rule for row in found.excluded] == ["kind"]


def test_one_code_under_two_names_leaves_both_out() -> None:
    one = project(1)
    other = project(2, uscc=one.uscc, ent_name="清河县乙有限公司")
    assert [row.rule for row in decide([one, other], PLAN, TODAY, {}).excluded] == ["two-names", "two-names"]
    same = project(2, uscc=one.uscc, ent_name=one.ent_name)
    assert len(decide([one, same], PLAN, TODAY, {}).eligible) == 2


def test_the_frequency_cap_counts_checks_and_draws_of_this_year() -> None:
    capped = campaign(frequency_cap=2)
    rows = [project(1, checks_this_year=2), project(2, checks_this_year=1), project(3)]
    found = decide(rows, capped, TODAY, {"P002": 2, rows[2].uscc: 1})
    assert [(row.object_id, row.rule) for row in found.excluded] == [
        ("P001", "frequency-cap"),
        ("P002", "frequency-cap"),
    ]


def test_without_a_cap_whoever_was_drawn_this_year_is_left_out() -> None:
    row = project(1)
    found = decide([row, project(2)], PLAN, TODAY, {row.uscc: 1})
    assert [(one.object_id, one.rule) for one in found.excluded] == [("P001", "drawn-this-year")]


def test_a_check_this_year_counts_once_where_the_directory_gives_only_its_date() -> None:
    capped = campaign(frequency_cap=1)
    rows = [project(1, last_check_date=date(2024, 1, 9)), project(2, last_check_date=date(2023, 12, 29))]
    found = decide(rows, capped, TODAY, {})
    assert [row.object_id for row in found.excluded] == ["P001"]
    assert "1 次" in found.excluded[0].detail


def test_the_first_rule_that_applies_is_the_reason() -> None:
    gone = project(1, reg_state=RegistrationState.DEREGISTERED, adm_code="110108", is_valid=False)
    (left_out,) = decide([gone], PLAN, TODAY, {}).excluded
    assert (left_out.rule, left_out.detail) == ("state", "注销")


def test_every_rule_has_a_name_and_a_reason_of_its_own() -> None:
    names, reasons, _ = zip(*RULES, strict=True)
    assert len(set(names)) == len(set(reasons)) == len(RULES)
    assert set(names) == {
        "two-names", "kind", "state", "validity", "jurisdiction", "tag", "frequency-cap", "drawn-this-year",
    }  # fmt: skip


def test_lists_are_in_the_order_of_the_ids_whatever_the_order_of_the_directory() -> None:
    rows = [project(3), project(1, is_valid=False), project(2), project(4, is_valid=False)]
    found, turned = decide(rows, PLAN, TODAY, {}), decide(rows[::-1], PLAN, TODAY, {})
    assert found == turned
    assert [row.object_id for row in found.eligible] == ["P002", "P003"]
    assert [row.object_id for row in found.excluded] == ["P001", "P004"]


@pytest.mark.parametrize(
    "changes",
    [
        {"reg_state": RegistrationState.UNKNOWN},
        {"reg_state": RegistrationState.SUSPENDED},
        {"adm_code": None},
        {"tags": ()},
    ],
)
def test_what_the_directory_does_not_say_is_not_held_against_anybody(changes: dict[str, Any]) -> None:
    found = decide([project(1, **changes)], PLAN, TODAY, {})
    assert len(found.eligible) == 1
    assert [notice.object_id for notice in found.notices] == ["P001"]


@pytest.mark.parametrize(
    ("area", "inside"),
    [
        ("130535", True), ("130534", False),
        ("130500", True), ("130600", False),
        ("130000", True), ("140000", False),
    ],
)  # fmt: skip
def test_the_area_of_a_county_a_city_and_a_province(area: str, *, inside: bool) -> None:
    found = decide([project(1, adm_code="130535")], campaign(adm_code=area), TODAY, {})
    assert bool(found.eligible) is inside


def test_the_place_decides_and_never_the_prefix_of_the_code() -> None:
    elsewhere = project(1, uscc=code(_CHANCE, registrar="110108"))
    assert len(decide([elsewhere], PLAN, TODAY, {}).eligible) == 1


_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "reg_state": st.sampled_from(RegistrationState),
            "adm_code": st.sampled_from(["130534", "130535", None]),
            "risk_grade": st.sampled_from(RiskGrade),
            "is_valid": st.booleans(),
            "tags": st.sampled_from([(), ("生产建设项目",), ("食品经营",)]),
            "ent_name": st.sampled_from(["清河县甲有限公司", "清河县乙有限公司"]),
            "uscc": st.sampled_from([code(_CHANCE) for _ in range(12)]),
            "checks_this_year": st.one_of(st.none(), st.integers(0, 3)),
        }
    ),
    max_size=30,
)


@given(_ROWS, st.one_of(st.none(), st.integers(1, 3)), st.integers(0, 3))
def test_every_object_is_in_exactly_one_list(rows: list[dict[str, Any]], cap: int | None, drawn: int) -> None:
    objects = [project(number, **row) for number, row in enumerate(rows)]
    earlier = {row.object_id: drawn for row in objects[::3]}
    plan = campaign(tags=("生产建设项目",), frequency_cap=cap)
    found = decide(objects, plan, TODAY, earlier)
    assert len(found.eligible) + len(found.excluded) == len(objects)
    assert {row.rule for row in found.excluded} <= {name for name, _, _ in RULES}
    assert {notice.object_id for notice in found.notices} <= {row.object_id for row in found.eligible}
    ids = [row.object_id for row in found.eligible] + [row.object_id for row in found.excluded]
    assert sorted(ids) == sorted(row.object_id for row in objects)
    names = {name for name, _ in strata_for(campaign())}
    assert {row.stratum for row in found.eligible} <= names


def test_strata_have_the_plans_ratios_and_the_unrated_the_overall_one() -> None:
    plan = campaign(risk_ratios={RiskGrade.A: Ratio(raw="5%", share="0.05")})
    assert dict(strata_for(plan)) == {
        "A": "0.05", "B": "0.1", "C": "0.1", "D": "0.1", "E": "0.1", "未评级": "0.1",
    }  # fmt: skip


def test_a_number_of_objects_raises_the_overall_ratio() -> None:
    both = campaign(ratio=Ratio(raw="10%（20户）", share="0.1", minimum=20))
    assert overall_ratio(both, 1000) == "0.1"
    assert at_least(overall_ratio(both, 40), 40) == 20
    assert at_least(overall_ratio(both, 199), 199) == 20
    assert overall_ratio(both, 10) == "1"
    assert overall_ratio(both, 0) == "0.1"
