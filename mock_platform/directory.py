"""A generated directory of construction projects, the way a county's looks: mostly in order, partly not.

What is generated is as plain as the rules can be tested with: nothing lies on a boundary
where two honest readings differ (no inspection of an earlier month, no suspended owner).
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from mock_platform import names
from mock_platform.chance import chance
from mock_platform.credit_code import make
from mock_platform.dirt import soiled_rows
from mock_platform.plan import CampaignPlan
from mock_platform.shanghai_time import on, wire_time

Row = dict[str, Any]
_CLEAN_BELOW = 30  # so small a directory is one that a test counts by hand
_GRADES = [("A", 30), ("B", 33), ("C", 18), ("D", 8), (None, 11)]
_PUBLIC_BODY_SHARE = 0.1
_TRIES = 20
_STATES = [("1", 88), (None, 6), ("2", 3), ("3", 1), ("4", 1), ("5", 1)]


def generated_objects(plan: CampaignPlan, seed: int, count: int) -> list[Row]:
    """`count` rows in order, and from 30 on some dirt of every kind besides, in the platform's shape."""
    rng = chance(seed, "directory")
    plain = count < _CLEAN_BELOW
    rows: list[Row] = []
    seen: set[str] = set()
    while len(rows) < count:
        owner = _owner(plan, rng, plain, seen)
        for _ in range(1 if rng.random() > 0.12 or len(rows) + 1 == count else 2):
            rows.append(_project(plan, rng, owner, len(rows) + 1, plain))
    if not plain:
        rows += soiled_rows(plan, seed, rows)
    rng.shuffle(rows)
    return rows


def internal_id(seed: int, code: str) -> str:
    """The platform's internal id of an enterprise (pripId), 32 hex digits."""
    return f"{chance(seed, 'prip', code).getrandbits(128):032x}"


def blank_row(plan: CampaignPlan, kind: str) -> Row:
    """A row about which nothing is known yet; `kind` is 1 enterprise or 2 project."""
    known = (
        "objectId uniscid entName pripId regNo entType regState regOrg admCode dom estDate industry opScope "
        "leRep tel riskGrade riskSource riskMonth tags isValid lastCheckDate checksThisYear projectName "
        "approvalNo ownerUniscid ownerName projectPlace"
    )
    row: Row = dict.fromkeys(known.split())
    row["objectType"] = kind
    row["updatedAt"] = wire_time(on(plan.starts_on - timedelta(days=30), 8))
    return row


def _owner(plan: CampaignPlan, rng: random.Random, plain: bool, seen: set[str]) -> Row:
    public_body = not plain and rng.random() < _PUBLIC_BODY_SHARE
    tries = 0
    while True:
        county = plan.division_name
        if tries >= _TRIES:  # the names of two characters are used up: 3,200 enterprises, 2,000 offices
            county += names.word(rng)
        if public_body:
            name, scope, industry = names.public_body(rng, county), None, None
        else:
            name, scope, industry = names.enterprise(rng, county)
        if name not in seen:
            break
        tries += 1
    seen.add(name)
    elsewhere = not plain and rng.random() < 0.05
    code = make(rng, "12" if public_body else "91", "130533" if elsewhere else plan.division)
    grade = None if public_body else _weighted(rng, _GRADES)
    month = plan.starts_on.replace(day=1) - timedelta(days=1)
    return {
        "uniscid": code,
        "entName": name,
        "ownerUniscid": code,
        "ownerName": name,
        "pripId": None if public_body else f"{rng.getrandbits(128):032x}",
        "entType": "事业单位" if public_body else "有限责任公司",
        "regState": "1" if plain or public_body else _weighted(rng, _STATES),
        "regOrg": None if public_body else f"{plan.division_name}行政审批局",
        "dom": names.place(rng, plan.division_name),
        "estDate": str(date(2005, 1, 1) + timedelta(days=rng.randint(0, 6500))),
        "industry": industry,
        "opScope": scope,
        "leRep": names.person(rng),
        "tel": names.telephone(rng),
        "riskGrade": grade,
        "riskSource": "市场监管" if grade else None,
        "riskMonth": f"{month:%Y-%m}" if grade else None,
    }


def _project(plan: CampaignPlan, rng: random.Random, owner: Row, number: int, plain: bool) -> Row:
    year = plan.starts_on.year - rng.randint(0, 2)
    tags = list(plan.tags)
    odd = 1.0 if plain else rng.random()
    row = {**blank_row(plan, "2"), **owner}
    row |= {
        "objectId": f"{plan.division_name[:1]}审水保〔{year}〕{number:03d}号",
        "approvalNo": f"{plan.division_name[:1]}审水保〔{year}〕{number:03d}号",
        "projectName": names.project(rng, owner["entName"]),
        "projectPlace": names.place(rng, plan.division_name),
        "admCode": "130535" if odd < 0.03 else plan.division,
        "tags": [] if 0.03 <= odd < 0.05 else tags,
        "isValid": "0" if 0.05 <= odd < 0.06 else "1",
        "checksThisYear": 0,
    }
    if 0.06 <= odd < 0.08 and plan.checks_a_year:
        row["checksThisYear"] = plan.checks_a_year
        row["lastCheckDate"] = str(plan.starts_on - timedelta(days=20))
    return row


def _weighted(rng: random.Random, table: list[tuple[Any, int]]) -> Any:
    return rng.choices([value for value, _ in table], [weight for _, weight in table])[0]
