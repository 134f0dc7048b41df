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
