"""Nothing is inspected that is not in the published catalogue, with its basis and in its term."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest

from rules.whitelist import items_for
from schemas.codes import ItemKind
from schemas.directory import Entity
from schemas.errors import DrawbridgeError
from schemas.item import InspectionItem
from tests.factories import code
from tests.rules.visit_rows import campaign

PLAN = campaign()
_CHANCE = random.Random(4)


def item(item_code: str, dept: str, **changes: Any) -> InspectionItem:
    members: dict[str, Any] = {
        "item_code": item_code,
        "item_name": f"事项{item_code}",
        "kind": ItemKind.GENERAL,
        "dept_code": dept,
        "legal_basis": ("某法第一条",),
    }
    return InspectionItem.model_validate(members | changes)


CATALOGUE = [item("SC-02", "SC"), item("SW-01", "SW"), item("SC-01", "SC"), item("SC-09", "SC")]


def owner(department: str = "91") -> Entity:
    uscc = code(_CHANCE, department=department)
    return Entity(object_id=uscc, uscc=uscc, ent_name="清河县甲有限公司")


def test_the_campaigns_items_in_the_plans_order_and_no_others() -> None:
    assert [one.item_code for one in items_for(owner(), PLAN, CATALOGUE).items] == ["SW-01", "SC-01", "SC-02"]


def test_an_owner_that_is_no_market_entity_is_asked_for_the_leads_items_alone() -> None:
    found = items_for(owner("12"), PLAN, CATALOGUE)
    assert [one.item_code for one in found.items] == ["SW-01"]
    assert [one.item_code for one, _ in found.left_out] == ["SC-01", "SC-02"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ([], "DB-RULE-001"),
        ([item("SW-01", "SC")], "DB-RULE-001"),
        ([item("SW-01", "SW", valid_to=date(2024, 5, 27))], "DB-RULE-002"),
        ([item("SW-01", "SW", valid_from=date(2024, 5, 29))], "DB-RULE-002"),
    ],
)
def test_what_is_not_published_or_out_of_its_term_is_refused(
    changed: list[InspectionItem], error: str
) -> None:
    rest = [one for one in CATALOGUE if one.item_code != "SW-01"]
    with pytest.raises(DrawbridgeError) as refused:
        items_for(owner(), PLAN, rest + changed)
    assert refused.value.code == error


def test_the_name_in_the_plan_will_do_as_well_as_the_code() -> None:
    by_name = [one.model_copy(update={"items": (f"事项{one.items[0]}",)}) for one in PLAN.departments]
    named = PLAN.model_copy(update={"departments": tuple(by_name)})
    assert [one.item_code for one in items_for(owner(), named, CATALOGUE).items] == ["SW-01", "SC-01"]


@pytest.mark.parametrize("day", [date(2024, 5, 28), date(2024, 6, 30)])
def test_the_first_and_the_last_day_of_the_term_count(day: date) -> None:
    term = {"valid_from": date(2024, 5, 28), "valid_to": date(2024, 6, 30)}
    published = [item("SW-01", "SW", **term), *(one for one in CATALOGUE if one.dept_code == "SC")]
    assert len(items_for(owner(), PLAN, published, today=day).items) == 3


def test_the_day_that_is_asked_for_decides_and_not_the_first_of_the_window() -> None:
    published = [item("SW-01", "SW", valid_to=date(2024, 5, 30)), *CATALOGUE[2:], CATALOGUE[0]]
    assert items_for(owner(), PLAN, published).items
    with pytest.raises(DrawbridgeError) as refused:
        items_for(owner(), PLAN, published, today=date(2024, 5, 31))
    assert refused.value.code == "DB-RULE-002"
    assert "2024-05-31" in refused.value.zh


def test_what_is_left_out_says_why() -> None:
    assert all("市场主体" in reason for _, reason in items_for(owner("12"), PLAN, CATALOGUE).left_out)
