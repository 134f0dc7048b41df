"""Hard checks of a draw that the provincial platform made (§7.1).

It publishes no seed, so nothing can be computed again; but what it drew must come
from the list, only once, in sufficient number, with teams that may go.  The checks
are rows like those of a verification, with names of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from draw.frozen import EligibleObject
from draw.objects import at_least
from draw.report import State

NAMES = {
    "subset": "抽中对象都在合格名单中",
    "once": "没有重复抽中",
    "owners": "抽中对象的企业代码与名单一致",
    "ratios": "各层抽取比例",
    "total": "总体抽取比例",
    "visited": "抽中企业都安排了检查且没有多余",
    "team_size": "每个部门至少两名执法检查人员",
    "roster": "检查人员都在本部门名录中",
    "certified": "检查人员证件在检查日有效",
    "forbidden": "没有应回避的人员",
    "team_once": "同一次检查中没有重复人员",
    "loads": "各组户数",
    "forms": "一企一表",
}
"""The checks in the order in which they are shown, with their Chinese names."""

LEAST_TEAM = 2
"""Least number of inspectors of a department at a visit: 行政处罚法 (2021) §42, not fewer than two."""

_SHOWN = 5


class HardCheck(NamedTuple):
    """One check: how many faults, the first few of them, and what was missing if it could not be made.

    A fault names objects, strata, groups and departments, and inspectors by their
    ids alone.
    """

    check: str
    state: State
    faults: int = 0
    examples: tuple[str, ...] = ()
    missing: str = ""

    @property
    def name(self) -> str:
        """The check in Chinese."""
        return NAMES[self.check]


class Certified(NamedTuple):
    """An inspector with the first and last day on which the certificate is valid (Shanghai dates)."""

    inspector_id: str
    valid_from: date
    valid_to: date


class Visit(NamedTuple):
    """A visit as the platform arranged it: enterprise, group if known, inspector ids by department."""

    object_id: str
    group: str | None
    team: Mapping[str, Sequence[str]]


def _result(check: str, faults: Iterable[str]) -> HardCheck:
    found = list(faults)
    return HardCheck(check, "failed" if found else "ok", len(found), tuple(found[:_SHOWN]))


def _open(check: str, missing: str) -> HardCheck:
    return HardCheck(check, "not checked", missing=missing)


def check_drawn_objects(
    drawn: Sequence[tuple[str, str]],
    eligible: Iterable[EligibleObject],
    strata: Sequence[tuple[str, str]],
    ratio: str,
) -> list[HardCheck]:
    """Hard checks of the drawn objects.

    `drawn` are `(object_id, uscc)`, `eligible` our own list as it stood at the draw,
    `strata` `(name, ratio)` and `ratio` the least shares as text (`"0.1"`).  The rows are
    `subset`, `once`, `owners`, `ratios` (per stratum of our list) and `total`.
    Objects outside the list and repetitions do not count towards a ratio.
    """
    rows = {row.object_id: row for row in eligible}
    sizes = Counter(row.stratum for row in rows.values())
    counted = Counter(object_id for object_id, _ in drawn)
    taken = Counter(rows[object_id].stratum for object_id in counted if object_id in rows)
    shares = dict(strata)
    return [
        _result("subset", (object_id for object_id in counted if object_id not in rows)),
        _result("once", (f"{object_id} ×{times}" for object_id, times in counted.items() if times > 1)),
        _result(
            "owners",
            (
                f"{object_id}: {rows[object_id].uscc} / {uscc}"
                for object_id, uscc in drawn
                if object_id in rows and rows[object_id].uscc != uscc
            ),
        ),
        _result(
            "ratios",
            [
                f"{name}: {taken[name]} < {at_least(share, sizes[name])} ({share} × {sizes[name]})"
                for name, share in strata
                if taken[name] < at_least(share, sizes[name])
            ]
            + [f"{name}: ?" for name in sizes if name not in shares],
        ),
        _result(
            "total",
            [f"{sum(taken.values())} < {at_least(ratio, len(rows))} ({ratio} × {len(rows)})"]
            if sum(taken.values()) < at_least(ratio, len(rows))
            else [],
        ),
    ]


def check_visits(
    visits: Sequence[Visit],
    objects: Collection[str],
    departments: Sequence[tuple[str, int]],
    rosters: Mapping[str, Iterable[Certified]],
    forbidden: Iterable[tuple[str, str]],
    on: date,
    most_per_group: int | None = None,
) -> list[HardCheck]:
    """Hard checks of teams and matching.

    `objects` are the enterprises that must be visited, `departments` `(code, least
    number of inspectors)`, of which two are the least in any case, `rosters` the
    inspectors by department, `forbidden` pairs `(object_id, inspector_id)`, `on` the
    day of the visits (Shanghai), `most_per_group` the plan's limit of enterprises per
    group.  Without groups or a limit, `loads` stays open.
    """
    certified = {
        code: {inspector.inspector_id: inspector for inspector in roster} for code, roster in rosters.items()
    }
    unwanted = set(forbidden)
    members = [
        (visit.object_id, code, one) for visit in visits for code, team in visit.team.items() for one in team
    ]
    return [
        _result("visited", _visit_faults(visits, objects)),
        _result(
            "team_size",
            (
                f"{visit.object_id} {code}: {len(set(visit.team.get(code, ())))} < {max(least, LEAST_TEAM)}"
                for visit in visits
                for code, least in departments
                if len(set(visit.team.get(code, ()))) < max(least, LEAST_TEAM)
            ),
        ),
        _result(
            "roster", (f"{o} {code}: {one}" for o, code, one in members if one not in certified.get(code, {}))
        ),
        _result(
            "certified",
            (
                f"{o} {code}: {one}"
                for o, code, one in members
                if (inspector := certified.get(code, {}).get(one)) is not None
                and not inspector.valid_from <= on <= inspector.valid_to
            ),
        ),
        _result("forbidden", (f"{o} {code}: {one}" for o, code, one in members if (o, one) in unwanted)),
        _result(
            "team_once",
            (
                f"{visit.object_id}: {one} ×{times}"
                for visit in visits
                for one, times in Counter(m for team in visit.team.values() for m in team).items()
                if times > 1
            ),
        ),
        _check_loads(visits, most_per_group),
    ]


def _visit_faults(visits: Sequence[Visit], objects: Collection[str]) -> list[str]:
    counted = Counter(visit.object_id for visit in visits)
    return [
        f"{object_id} ×{counted[object_id]}"
        for object_id in sorted({*objects, *counted})
        if counted[object_id] != (object_id in objects)
    ]


def _check_loads(visits: Sequence[Visit], most: int | None) -> HardCheck:
    if most is None:
        return _open("loads", "most per group")
    if any(visit.group is None for visit in visits):
        return _open("loads", "groups")
    loads = Counter(str(visit.group) for visit in visits)
    return _result("loads", (f"{group}: {load} > {most}" for group, load in loads.items() if load > most))


def check_forms(forms: Sequence[str], objects: Collection[str]) -> HardCheck:
    """One form per enterprise: `forms` are the `uscc` of the forms that the platform holds.

    A fault is an enterprise without a form, with several, or a form for an
    enterprise that is not to be inspected.
    """
    return _result("forms", _visit_faults([Visit(uscc, None, {}) for uscc in forms], objects))
