"""The rosters of the departments: enough certified people, and some who must not be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from mock_platform import names
from mock_platform.chance import chance
from mock_platform.credit_code import as_meant, is_right
from mock_platform.plan import CampaignPlan, Department
from mock_platform.shanghai_time import on, wire_time

Row = dict[str, Any]
_MOST_RECUSALS = 25
_REASONS = ("relative", "relative", "interest", "request")


def _unfit(plan: CampaignPlan) -> list[Row]:
    """What is wrong with those who must not be drawn, one entry a person."""
    before = str(plan.starts_on - timedelta(days=12))
    return [
        {"certValidTo": before},
        {"certValidTo": str(plan.starts_on + timedelta(days=5))},
        {"role": "2"},
        {"role": "2", "certNo": None, "certType": None, "certValidFrom": None, "certValidTo": None},
        {"role": "3", "certNo": None, "certType": None, "certValidFrom": None, "certValidTo": None},
        {"status": "2", "leaveFrom": before, "leaveTo": str(plan.ends_on + timedelta(days=10))},
        {"status": "3"},
        {"status": "4"},
        {"status": "5"},
        {"certNo": None},
    ]


def generated_roster(plan: CampaignPlan, seed: int, objects: Sequence[Row]) -> list[Row]:
    """Rows of all departments: half as many fit people again as may be drawn, and ten unfit ones each."""
    codes = {as_meant(row["ownerUniscid"] or row["uniscid"]) for row in objects}
    owners = sorted(code for code in codes if is_right(code))
    rows: list[Row] = []
    for department in plan.departments:
        groups = plan.group_count(max(1, len(objects) // 4))
        fit = max(16, department.team * groups * 3 // 2)
        unfit = _unfit(plan)
        for number in range(1, fit + len(unfit) + 1):
            row = _person(plan, seed, department, number)
            rng = chance(seed, "recusals", row["inspectorId"])
            if owners and rng.random() < 0.3:
                some = min(len(owners), max(1, len(owners) // 40), _MOST_RECUSALS)
                chosen = rng.sample(owners, some)
                row["recusals"] = [{"uniscid": code, "reason": rng.choice(_REASONS)} for code in chosen]
            rows.append(row | (unfit[number - fit - 1] if number > fit else {}))
    return rows


def _person(plan: CampaignPlan, seed: int, department: Department, number: int) -> Row:
    rng = chance(seed, "person", department.code, number)
    issued = plan.starts_on - timedelta(days=rng.randint(100, 1000))
    return {
        "inspectorId": f"{department.code}{number:04d}",
        "name": names.person(rng),
        "deptCode": department.code,
        "deptName": department.name,
        "certNo": f"03{plan.division}{rng.randint(10000, 99999)}{number:04d}",
        "certType": "行政执法证",
        "certValidFrom": str(issued),
        "certValidTo": str(issued + timedelta(days=1826)),
        "itemScope": None,
        "role": "1",
        "status": "1",
        "leaveFrom": None,
        "leaveTo": None,
        "mobile": names.telephone(rng),
        "recusals": [],
        "updatedAt": wire_time(on(plan.starts_on - timedelta(days=30), 8)),
    }
