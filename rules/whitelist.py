"""Which items are inspected at an enterprise: those of the campaign that the published catalogue allows.

国办发〔2015〕58号: nothing is inspected that is not in the catalogue with its legal basis.  An item out of
its term of validity is not, and an owner that is no market entity is not asked for registration items
(domain reference §6 points 9 and 11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from schemas.campaign import Campaign
from schemas.codes import DepartmentRole
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from schemas.item import InspectionItem
from schemas.uscc import is_market_entity


@dataclass(frozen=True)
class Whitelisted:
    """The items that apply, in the plan's order, and those left to somebody else with the reason."""

    items: tuple[InspectionItem, ...]
    left_out: tuple[tuple[InspectionItem, str], ...] = ()


def items_for(
    owner: Entity | ProjectObject,
    campaign: Campaign,
    catalogue: Sequence[InspectionItem],
    today: date | None = None,
) -> Whitelisted:
    """The campaign's items at `owner`. `today` (Shanghai): default the campaign's first day.

    Raises DrawbridgeError DB-RULE-001 for an item of the plan that the catalogue does not hold or that
    belongs to another department, -002 for one that is out of its term.
    """
    on = today or campaign.starts_on
    market = is_market_entity(owner.uscc)
    chosen: list[InspectionItem] = []
    left_out: list[tuple[InspectionItem, str]] = []
    for department in campaign.departments:
        for name in department.items:
            item = _in_catalogue(name, department.code, catalogue)
            if not _in_term(item, on):
                raise DrawbridgeError("DB-RULE-002", item=item.item_name, on=on)
            if not market and department.role is DepartmentRole.COOPERATING:
                left_out.append((item, "不是市场主体，不查登记、公示事项"))
            else:
                chosen.append(item)
    return Whitelisted(tuple(chosen), tuple(left_out))


def _in_catalogue(name: str, dept_code: str, catalogue: Sequence[InspectionItem]) -> InspectionItem:
    for item in catalogue:
        if name in (item.item_name, item.item_code) and item.dept_code == dept_code:
            return item
    raise DrawbridgeError("DB-RULE-001", item=name, department=dept_code)


def _in_term(item: InspectionItem, on: date) -> bool:
    return (item.valid_from is None or item.valid_from <= on) and (
        item.valid_to is None or on <= item.valid_to
    )
