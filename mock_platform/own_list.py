"""Whom the platform may draw, where it draws itself: its own reading of its own rows, objects and people."""

from __future__ import annotations

import unicodedata
from collections import Counter
from fractions import Fraction
from typing import Any

from mock_platform.credit_code import as_meant, is_right
from mock_platform.plan import CampaignPlan
from mock_platform.world import World

Row = dict[str, Any]
_GONE = ("2", "3", "4", "5")
_BLANKS = " \t\r\n\u3000\xa0\ufeff"
UNRATED = "未评级"
_GRADES = "ABCDE"


def strata_of(plan: CampaignPlan) -> list[tuple[str, Fraction]]:
    """Grades A to E, then the unrated ones; what the plan does not name has the overall ratio."""
    return [(name, plan.risk.get(name, plan.ratio)) for name in (*_GRADES, UNRATED)]


def overall_of(plan: CampaignPlan, eligible: int) -> Fraction:
    """The least share of all that may be drawn: as written, or what the written number of objects needs."""
    if plan.least == 0 or eligible == 0:
        return plan.ratio
    if plan.least >= eligible:
        return Fraction(1)
    return max(plan.ratio, Fraction((plan.least - 1) * 1_000_000 // eligible + 1, 1_000_000))


def eligible_rows(world: World) -> list[tuple[str, str, str]]:
    """`(object id, stratum, code)` of every row that is fit to be drawn, by object id."""
    fit = [row for row in _clean(world.objects) if _may_be_drawn(row, world.plan)]
    return sorted(
        (_id(row), row["riskGrade"] if row["riskGrade"] in tuple(_GRADES) else UNRATED, _code(row))
        for row in fit
    )


def unfit_object(world: World) -> tuple[str, str]:
    """Object id and code of a readable row that must not be drawn: gone, elsewhere, or of another kind."""
    for row in _clean(world.objects):
        if not _may_be_drawn(row, world.plan):
            return _id(row), _code(row)
    raise LookupError("every object is fit to be drawn")


def _clean(rows: list[Row]) -> list[Row]:
    """Readable rows: a right code, a name without control characters, no code under two names, none twice."""
    readable = [row for row in rows if _is_readable(row)]
    names: dict[str, set[str]] = {}
    for row in readable:
        names.setdefault(_code(row), set()).add(_name(row))
    single = [row for row in readable if len(names[_code(row)]) == 1]
    times = Counter(_id(row) for row in single)
    first: dict[str, Row] = {}
    for row in single:
        if times[_id(row)] == 1 or _id(row) not in first:
            first[_id(row)] = row
    return list(first.values())


def _is_readable(row: Row) -> bool:
    name = _name(row)
    return (
        bool(row["objectId"])
        and is_right(_code(row))
        and bool(name)
        and not any(unicodedata.category(letter) == "Cc" for letter in name)
    )


def _code(row: Row) -> str:
    return as_meant(row["ownerUniscid"] if row["objectType"] == "2" else row["uniscid"])


def _name(row: Row) -> str:
    name = (row["ownerName"] if row["objectType"] == "2" else row["entName"]) or ""
    return unicodedata.normalize("NFKC", name.strip(_BLANKS))


def _id(row: Row) -> str:
    """The object's id: an enterprise's, or a project's that is one with its owner, is the code as meant."""
    if row["objectType"] == "1" or as_meant(row["objectId"]) == _code(row):
        return _code(row)
    return str(row["objectId"]).strip(_BLANKS)


def _may_be_drawn(row: Row, plan: CampaignPlan) -> bool:
    wanted = "2" if plan.projects else "1"
    return (
        row["objectType"] == wanted
        and row["regState"] not in _GONE
        and row["isValid"] not in (False, "0")
        and row["admCode"] in (None, plan.division)
        and (not row["tags"] or not plan.tags or bool(set(row["tags"]) & set(plan.tags)))
        and (plan.checks_a_year is None or (row["checksThisYear"] or 0) < plan.checks_a_year)
    )


def fit_people(world: World, department: str) -> list[str]:
    """Certified officers on duty for the whole window, by id."""
    today, end = str(world.now().date()), str(world.plan.ends_on)
    return sorted(
        row["inspectorId"]
        for row in world.inspectors
        if row["deptCode"] == department
        and row["role"] == "1"
        and row["status"] == "1"
        and row["certNo"]
        and (row["certValidFrom"] or "9999") <= today
        and (row["certValidTo"] or "") >= end
    )


def recusals(world: World, codes: list[str], rosters: dict[str, list[str]]) -> dict[tuple[str, str], str]:
    """(enterprise, inspector) who must not meet -> reason, among those of the lists."""
    fit = {one for ids in rosters.values() for one in ids}
    return {
        (pair["uniscid"], row["inspectorId"]): pair["reason"]
        for row in world.inspectors
        if row["inspectorId"] in fit
        for pair in row["recusals"] or []
        if pair["uniscid"] in codes
    }
