"""A plan as a person writes it (campaigns/*.yaml), read into a campaign; every mistake has its line.

Keys are Chinese, each with an English alias; scalars are taken as they stand (`10%` and
`2024-05-28` are text to YAML too), so that nothing is guessed on the way.  See docs/plan-file.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from pydantic import ValidationError

from rules.plan_keys import (
    CAMPAIGN,
    DEPARTMENT,
    DRAW,
    FORMS,
    GROUPS,
    ITEM,
    LIMITS,
    NUMBER,
    OBJECTS,
    PLACE,
    PLAN,
    PUBLICATION,
    RATIOS,
    WINDOW,
    Keys,
)
from rules.plan_parts import Members, Part
from rules.plan_text import decoded, plan_tree
from rules.public_numbers import is_pattern, kind_of
from rules.ratios import parse_frequency_cap
from schemas.campaign import Campaign, Department, Plan, PublicNumber, Ratio
from schemas.codes import (
    DepartmentRole,
    DrawMode,
    FormMode,
    ItemKind,
    ObjectKind,
    PublicationMode,
    RiskGrade,
    TaskType,
)
from schemas.errors import DrawbridgeError
from schemas.item import InspectionItem

__all__ = ["check_plan", "decoded", "load_campaign"]

T = TypeVar("T")
_ONLY_DIGITS = re.compile(r"\^\[0-9\]\{([0-9]+)\}\$")

# What a record refuses, in words; `{…}` are the members of pydantic's context.
_UNFIT = {
    "string_too_short": "不能为空",
    "string_too_long": "最多 {max_length} 个字",
    "string_pattern_mismatch": "应为 {digits} 位数字",
    "too_short": "至少要有 {min_length} 项",
}


def load_campaign(raw: bytes | str, name: str) -> Campaign:
    """The campaign that a plan file holds; `name` is how errors call the file.

    Raises DrawbridgeError DB-PLAN-001 to -014 with file, line, what stands there and what may: the first
    of what `check_plan` finds.
    """
    campaign, problems = check_plan(raw, name)
    if campaign is None:
        raise problems[0]
    return campaign


def check_plan(raw: bytes | str, name: str) -> tuple[Campaign | None, list[DrawbridgeError]]:
    """The campaign, or everything that is wrong with the file: one mistake for each part of it.

    What contradicts another part is told once both can be read.  Never raises DrawbridgeError.
    """
    problems: list[DrawbridgeError] = []
    try:
        top = Part(name, "计划", plan_tree(raw, name)).mapping(CAMPAIGN, problems)
        campaign = _campaign(top, problems)
    except DrawbridgeError as error:
        problems.append(error)
        campaign = None
    return (None if problems else campaign), problems


class _Gathered:
    """Values of a campaign as they are read; what cannot be read is told and left out."""

    def __init__(self, problems: list[DrawbridgeError]) -> None:
        self.values: dict[str, Any] = {}
        self.problems = problems

    def read(self, name: str, reader: Callable[[], object]) -> None:
        """One value."""
        found = self.tried(reader)
        if found is not _NOTHING:
            self.values[name] = found

    def section(self, top: Members, name: str, keys: Keys, *, must: bool = True) -> Members | None:
        """A mapping within; None if it cannot be read."""
        found = self.tried(lambda: top.must(name).mapping(keys) if must else top.sub(name, keys))
        return found if isinstance(found, Members) else None

    def tried(self, reader: Callable[[], object]) -> object:
        """What the reader returns; `_NOTHING` if it refuses."""
        try:
            return reader()
        except DrawbridgeError as error:
            self.problems.append(error)
            return _NOTHING


_NOTHING = object()
# Sections that must be there, and the values within: name of the value -> how it is read.
_Reader = Callable[[Members], object]
_SECTIONS: dict[str, tuple[Keys, dict[str, _Reader]]] = {
    "place": (
        PLACE,
        {
            "adm_code": lambda of: of.must("code").text(),
            "adm_name": lambda of: of.may("name", Part.text, None),
        },
    ),
    "window": (
        WINDOW,
        {"starts_on": lambda of: of.must("from").day(), "ends_on": lambda of: of.must("to").day()},
    ),
    "objects": (
        OBJECTS,
        {
            "object_kind": lambda of: of.must("kind").coded(ObjectKind),
            "tags": lambda of: of.may("tags", Part.texts, ()),
        },
    ),
    "ratios": (
        RATIOS,
        {
            "ratio": lambda of: of.must("overall").ratio(),
            "risk_ratios": lambda of: of.may("risk", _risk_ratios, {}),
        },
    ),
    "groups": (
        GROUPS,
        {
            "per_group": lambda of: of.may("per_group", lambda part: part.number(1), None),
            "groups": lambda of: of.may("count", lambda part: part.number(1), None),
        },
    ),
    "draw": (
        DRAW,
        {
            "draw": lambda of: of.must("mode").coded(DrawMode),
            "public_numbers": lambda of: of.may("public_numbers", _public_numbers, ()),
        },
    ),
    "forms": (FORMS, {"forms": lambda of: of.must("mode").coded(FormMode)}),
    "publication": (PUBLICATION, {"publication": lambda of: of.must("mode").coded(PublicationMode)}),
}
_MOST_DAYS = 366  # working days: more than a year is a slip of the pen
_LIMITS = {"reveal": 0, "confirm": 1, "entry": 1, "publish": 1}


def _campaign(top: Members, problems: list[DrawbridgeError]) -> Campaign | None:
    gathered = _Gathered(problems)
    sections = {name: gathered.section(top, name, keys) for name, (keys, _) in _SECTIONS.items()}
    limits = gathered.section(top, "limits", LIMITS, must=False)
    plan = gathered.section(top, "plan", PLAN)
    _read_departments(top, gathered)
    gathered.read("task_id", lambda: top.must("task_id").text())
    gathered.read("name", lambda: top.must("name").text())
    gathered.read("short_name", lambda: top.may("short_name", Part.text, top.must("name").text()[:40]))
    gathered.read("document_no", lambda: top.may("document_no", Part.text, None))
    if plan is not None:
        gathered.read("plan", lambda: _plan(plan))
    gathered.read(
        "task_type", lambda: top.may("task_type", lambda part: part.coded(TaskType), TaskType.UNDIRECTED)
    )
    gathered.read("frequency_cap", lambda: top.may("frequency_cap", _frequency_cap, None))
    for name, section in sections.items():
        if section is not None:
            for value, reader in _SECTIONS[name][1].items():
                gathered.read(value, partial(reader, section))
    for name, least in _LIMITS.items():
        if limits is not None and name in limits.members:
            gathered.read(f"{name}_working_days", partial(limits.members[name].number, least, _MOST_DAYS))
    _check_sense(top, gathered, sections["draw"], sections["groups"])
    if problems:
        return None
    place = sections["place"]
    assert place is not None  # noqa: S101 - else there were problems
    division = Members(top.part, CAMPAIGN, {**top.members, "adm_code": place.must("code")})
    return _built(division, Campaign, {}, **gathered.values)


def _read_departments(top: Members, gathered: _Gathered) -> None:
    """Departments and the items that they own; the catalogue is held against them if all are readable."""
    before = len(gathered.problems)
    listed = gathered.tried(lambda: top.must("departments").sequence())
    departments = []
    for part in listed if isinstance(listed, list) else ():
        found = gathered.tried(partial(_department, part))
        if isinstance(found, Department):
            departments.append(found)
    if len(gathered.problems) == before:
        gathered.read("departments", lambda: tuple(departments))
        gathered.read("items", lambda: _items(top, departments))


def _plan(given: Members) -> Plan:
    return _built(
        given, Plan, {"plan_id": "id"}, plan_id=given.must("id").text(), name=given.must("name").text()
    )


def _department(part: Part) -> Department:
    given = part.mapping(DEPARTMENT)
    return _built(
        given,
        Department,
        {},
        code=given.must("code").text(),
        name=given.must("name").text(),
        role=given.must("role").coded(DepartmentRole),
        team=given.may("team", lambda part: part.number(2), 2),
        items=given.must("items").texts(),
    )


def _items(top: Members, departments: Sequence[Department]) -> tuple[InspectionItem, ...]:
    if "items" not in top.members:
        return ()
    owner: dict[str, str] = {}
    for department in departments:
        for name in department.items:
            if name in owner:
                top.members["departments"].refuse("DB-PLAN-013", detail=f"事项“{name}”在部门里写了两次")
            owner[name] = department.code
    items: list[InspectionItem] = []
    for part in top.members["items"].sequence():
        given = part.mapping(ITEM)
        name, code = given.must("name").text(), given.must("code").text()
        if name not in owner and code not in owner:
            part.refuse("DB-PLAN-013", detail=f"事项“{name}”不属于任何部门")
        if name in owner and code in owner:
            part.refuse("DB-PLAN-013", detail=f"事项“{name}”在部门里写了两次，名称和编码各一次")
        if any(name == item.item_name or code == item.item_code for item in items):
            part.refuse("DB-PLAN-013", detail=f"事项“{name}”（{code}）在事项清单里有重复")
        items.append(
            _built(
                given,
                InspectionItem,
                {"item_code": "code", "item_name": "name", "legal_basis": "basis"},
                item_code=code,
                item_name=name,
                kind=given.may("kind", lambda kind: kind.coded(ItemKind), ItemKind.GENERAL),
                dept_code=owner.get(name) or owner[code],
                legal_basis=given.must("basis").texts(),
                content=given.may("content", Part.text, None),
                materials=given.may("materials", Part.texts, ()),
            )
        )
    listed = {item.item_name for item in items} | {item.item_code for item in items}
    for name in owner:
        if name not in listed:
            top.members["items"].refuse("DB-PLAN-013", detail=f"事项清单里没有“{name}”")
    return tuple(items)


def _risk_ratios(part: Part) -> dict[RiskGrade, Ratio]:
    keys = Keys({grade.label: (grade.label, grade.value) for grade in RiskGrade})
    ratios = {}
    for name, found in part.mapping(keys).members.items():
        ratio = found.ratio()
        if ratio.minimum is not None:
            found.refuse("DB-PLAN-013", detail=f"风险等级 {name} 只能写比例，不能写户数")
        ratios[RiskGrade.from_label(name)] = ratio
    return ratios


def _frequency_cap(part: Part) -> int:
    text = part.text()
    try:
        return parse_frequency_cap(text)
    except DrawbridgeError:
        part.refuse("DB-PLAN-007", found=text, allowed="2次/年")


def _public_numbers(part: Part) -> tuple[PublicNumber, ...]:
    numbers = []
    for entry in part.sequence():
        given = entry.mapping(NUMBER)
        number_id = given.must("id").text()
        known = kind_of(number_id)
        written = given.may("format", Part.text, known.format if known else "")
        pattern = given.may("pattern", Part.text, known.pattern if known else "")
        if not written or not is_pattern(pattern):
            entry.refuse("DB-PLAN-011", found=number_id)
        numbers.append(
            _built(
                given,
                PublicNumber,
                {},
                id=number_id,
                announced_at=given.must("announced").moment(),
                format=written,
                pattern=pattern,
            )
        )
    if len({number.id for number in numbers}) != len(numbers):
        part.refuse("DB-PLAN-013", detail="公共随机数有重复的一期")
    return tuple(numbers)


def _check_sense(top: Members, gathered: _Gathered, draw: Members | None, groups: Members | None) -> None:
    """What each part alone cannot show, of the parts that could be read."""
    values, told = gathered.values, gathered.tried
    if {"starts_on", "ends_on"} <= values.keys() and values["starts_on"] > values["ends_on"]:
        told(lambda: top.members["window"].refuse("DB-PLAN-013", detail="结束日期早于开始日期"))
    if groups is not None and len(_written(values, "per_group", "groups")) != 1:
        told(lambda: groups.part.refuse("DB-PLAN-013", detail="“每组户数”和“组数”要写一个，且只写一个"))
    if draw is not None and values.get("draw") is DrawMode.PERFORM and values.get("public_numbers") == ():
        told(lambda: draw.part.refuse("DB-PLAN-013", detail="自行抽取须列出公共随机数"))
    if "departments" in values:
        told(lambda: _check_departments(top, values["departments"]))


def _written(values: Mapping[str, Any], *names: str) -> list[str]:
    """Those that the plan gives; one that could not be read is given."""
    return [name for name in names if values.get(name, _NOTHING) is not None]


def _check_departments(top: Members, departments: Sequence[Department]) -> None:
    codes = [department.code for department in departments]
    if len(set(codes)) != len(codes):
        top.members["departments"].refuse("DB-PLAN-013", detail="部门代码有重复")
    roles = [department.role for department in departments]
    if roles.count(DepartmentRole.LEAD) != 1 or roles[0] is not DepartmentRole.LEAD:
        top.members["departments"].refuse("DB-PLAN-013", detail="牵头部门有且只有一个，列在第一")


def _built(given: Members, model: Callable[..., T], names: Mapping[str, str], **values: Any) -> T:
    """A record of these values; what it refuses is told with the line and key of the value.

    `names`: fields of the record whose name is not the canonical one of the key.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        where = given.members.get(names.get(field, field), given.part)
        facts = dict(first.get("ctx") or {})
        digits = _ONLY_DIGITS.fullmatch(str(facts.get("pattern")))
        facts["digits"] = digits[1] if digits else "规定的"
        wording = _UNFIT.get(first["type"])
        where.refuse("DB-PLAN-012", detail=wording.format_map(facts) if wording else first["msg"])
