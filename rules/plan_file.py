"""A plan as a person writes it (campaigns/*.yaml), read into a campaign; every mistake has its line.

Keys are Chinese, each with an English alias; scalars are taken as they stand (`10%` and
`2024-05-28` are text to YAML too), so that nothing is guessed on the way.  See docs/plan-file.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar

import yaml
from pydantic import ValidationError

from rules.calendar import SHANGHAI
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
from rules.public_numbers import is_pattern, kind_of
from rules.ratios import parse_frequency_cap, parse_ratio
from schemas.campaign import Campaign, Department, Plan, PublicNumber, Ratio
from schemas.codes import (
    Coded,
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

T = TypeVar("T")
D = TypeVar("D")
C = TypeVar("C", bound=Coded)
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

    Raises DrawbridgeError DB-PLAN-001 to -014 with file, line, what stands there and what may.
    """
    text = raw if isinstance(raw, str) else decoded(raw, name)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise DrawbridgeError("DB-PLAN-002", file=name, line=line, detail="含有控制字符") from None
    except RecursionError:
        raise DrawbridgeError("DB-PLAN-002", file=name, line=1, detail="层次过多") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        detail = getattr(error, "problem", None) or type(error).__name__
        raise DrawbridgeError("DB-PLAN-002", file=name, line=line, detail=detail) from None
    if root is None:
        raise DrawbridgeError("DB-PLAN-002", file=name, line=1, detail="空文件")
    return _campaign(_Part(name, "计划", root).mapping(CAMPAIGN))


def decoded(raw: bytes, name: str) -> str:
    """The text of a plan file, UTF-8 with or without its mark, or GB18030. Raises DB-PLAN-001."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DrawbridgeError("DB-PLAN-001", file=name)


@dataclass(frozen=True)
class _Part:
    """A node of the file with the key that people know it by."""

    file: str
    key: str
    node: yaml.Node

    @property
    def line(self) -> int:
        return self.node.start_mark.line + 1

    def refuse(self, code: str, **facts: object) -> NoReturn:
        raise DrawbridgeError(code, file=self.file, line=self.line, key=self.key, **facts)

    def mapping(self, keys: Keys) -> _Mapping:
        """The members of a mapping, by their canonical names."""
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse("DB-PLAN-006", expected="若干键和值")
        found: dict[str, _Part] = {}
        for key_node, value in self.node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                _Part(self.file, self.key, key_node).refuse("DB-PLAN-006", expected="若干键和值")
            written = str(key_node.value)
            line = key_node.start_mark.line + 1
            canonical = keys.canonical(written)
            if canonical is None:
                allowed = "、".join(keys.names())
                raise DrawbridgeError("DB-PLAN-004", file=self.file, line=line, key=written, allowed=allowed)
            if canonical in found:
                raise DrawbridgeError("DB-PLAN-003", file=self.file, line=line, key=written)
            if not _is_null(value):
                found[canonical] = _Part(self.file, written, value)
        return _Mapping(self, keys, found)

    def sequence(self) -> list[_Part]:
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("DB-PLAN-006", expected="列表")
        return [_Part(self.file, self.key, node) for node in self.node.value]

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse("DB-PLAN-006", expected="一段文字")
        return str(self.node.value).strip()

    def texts(self) -> tuple[str, ...]:
        return tuple(part.text() for part in self.sequence())

    def number(self, least: int) -> int:
        text = self.text()
        if not re.fullmatch("[0-9]{1,6}", text) or int(text) < least:
            self.refuse("DB-PLAN-009", found=text, least=least)
        return int(text)

    def day(self) -> date:
        text = self.text()
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.refuse("DB-PLAN-008", found=text)

    def moment(self) -> datetime:
        """A day with its time; a day alone is none, since midnight would be invented."""
        text = self.text()
        try:
            moment = datetime.fromisoformat(text if ":" in text else "")
        except ValueError:
            self.refuse("DB-PLAN-010", found=text)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)

    def coded(self, of: type[C]) -> C:
        text = self.text()
        found = [member for member in of if text in (member.label, member.value, member.name.lower())]
        if not found:
            self.refuse("DB-PLAN-007", found=text, allowed="、".join(member.label for member in of))
        return found[0]

    def ratio(self) -> Ratio:
        text = self.text()
        try:
            ratio = parse_ratio(text)
        except DrawbridgeError:
            self.refuse("DB-PLAN-014", found=text)
        if ratio.share is None:
            self.refuse("DB-PLAN-014", found=text)
        if ratio.per_year is not None:
            self.refuse("DB-PLAN-013", detail=f"{self.key}里的频次“{text}”请写在“频次上限”")
        return ratio


@dataclass(frozen=True)
class _Mapping:
    """Members of one mapping, by canonical name."""

    part: _Part
    keys: Keys
    members: Mapping[str, _Part]

    def must(self, name: str) -> _Part:
        """A member that has to be there."""
        if name not in self.members:
            raise DrawbridgeError(
                "DB-PLAN-005", file=self.part.file, line=self.part.line, key=self.keys.shown(name)
            )
        return self.members[name]

    def may(self, name: str, read: Callable[[_Part], T], otherwise: D) -> T | D:
        """A member that may be there."""
        return read(self.members[name]) if name in self.members else otherwise

    def sub(self, name: str, keys: Keys) -> _Mapping:
        """A mapping within; an absent one is empty."""
        if name in self.members:
            return self.members[name].mapping(keys)
        return _Mapping(self.part, keys, {})


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def _campaign(top: _Mapping) -> Campaign:
    plan, place = top.must("plan").mapping(PLAN), top.must("place").mapping(PLACE)
    window, objects = top.must("window").mapping(WINDOW), top.must("objects").mapping(OBJECTS)
    ratios = top.must("ratios").mapping(RATIOS)
    limits, groups = top.sub("limits", LIMITS), top.must("groups").mapping(GROUPS)
    draw = top.must("draw").mapping(DRAW)
    departments = tuple(_department(part.mapping(DEPARTMENT)) for part in top.must("departments").sequence())
    items = _items(top, departments)
    values: dict[str, Any] = {
        "task_id": top.must("task_id").text(),
        "name": top.must("name").text(),
        "short_name": top.may("short_name", _Part.text, top.must("name").text()[:40]),
        "document_no": top.may("document_no", _Part.text, None),
        "plan": _built(
            plan,
            Plan,
            {"plan_id": "id"},
            plan_id=plan.must("id").text(),
            name=plan.must("name").text(),
        ),
        "task_type": top.may("task_type", lambda part: part.coded(TaskType), TaskType.UNDIRECTED),
        "adm_code": place.must("code").text(),
        "adm_name": place.may("name", _Part.text, None),
        "starts_on": window.must("from").day(),
        "ends_on": window.must("to").day(),
        "object_kind": objects.must("kind").coded(ObjectKind),
        "tags": objects.may("tags", _Part.texts, ()),
        "ratio": ratios.must("overall").ratio(),
        "risk_ratios": ratios.may("risk", _risk_ratios, {}),
        "frequency_cap": top.may("frequency_cap", _frequency_cap, None),
        "departments": departments,
        "items": items,
        "draw": draw.must("mode").coded(DrawMode),
        "public_numbers": draw.may("public_numbers", _public_numbers, ()),
        "forms": top.must("forms").mapping(FORMS).must("mode").coded(FormMode),
        "publication": top.must("publication").mapping(PUBLICATION).must("mode").coded(PublicationMode),
        "per_group": groups.may("per_group", lambda part: part.number(1), None),
        "groups": groups.may("count", lambda part: part.number(1), None),
    }
    for name, least in (("reveal", 0), ("confirm", 1), ("entry", 1), ("publish", 1)):
        if name in limits.members:
            values[f"{name}_working_days"] = limits.members[name].number(least)
    _check_sense(top, values, draw, groups)
    division = _Mapping(top.part, CAMPAIGN, {**top.members, "adm_code": place.must("code")})
    return _built(division, Campaign, {}, **values)


def _department(given: _Mapping) -> Department:
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


def _items(top: _Mapping, departments: Sequence[Department]) -> tuple[InspectionItem, ...]:
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
                content=given.may("content", _Part.text, None),
                materials=given.may("materials", _Part.texts, ()),
            )
        )
    listed = {item.item_name for item in items} | {item.item_code for item in items}
    for name in owner:
        if name not in listed:
            top.members["items"].refuse("DB-PLAN-013", detail=f"事项清单里没有“{name}”")
    return tuple(items)


def _risk_ratios(part: _Part) -> dict[RiskGrade, Ratio]:
    keys = Keys({grade.label: (grade.label, grade.value) for grade in RiskGrade})
    ratios = {}
    for name, found in part.mapping(keys).members.items():
        ratio = found.ratio()
        if ratio.minimum is not None:
            found.refuse("DB-PLAN-013", detail=f"风险等级 {name} 只能写比例，不能写户数")
        ratios[RiskGrade.from_label(name)] = ratio
    return ratios


def _frequency_cap(part: _Part) -> int:
    text = part.text()
    try:
        return parse_frequency_cap(text)
    except DrawbridgeError:
        part.refuse("DB-PLAN-007", found=text, allowed="2次/年")


def _public_numbers(part: _Part) -> tuple[PublicNumber, ...]:
    numbers = []
    for entry in part.sequence():
        given = entry.mapping(NUMBER)
        number_id = given.must("id").text()
        known = kind_of(number_id)
        written = given.may("format", _Part.text, known.format if known else "")
        pattern = given.may("pattern", _Part.text, known.pattern if known else "")
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


def _check_sense(top: _Mapping, values: Mapping[str, Any], draw: _Mapping, groups: _Mapping) -> None:
    """What each part alone cannot show."""
    if values["starts_on"] > values["ends_on"]:
        top.members["window"].refuse("DB-PLAN-013", detail="结束日期早于开始日期")
    if (values["per_group"] is None) == (values["groups"] is None):
        groups.part.refuse("DB-PLAN-013", detail="“每组户数”和“组数”要写一个，且只写一个")
    if values["draw"] is DrawMode.PERFORM and not values["public_numbers"]:
        draw.part.refuse("DB-PLAN-013", detail="自行抽取须列出公共随机数")
    codes = [department.code for department in values["departments"]]
    if len(set(codes)) != len(codes):
        top.members["departments"].refuse("DB-PLAN-013", detail="部门代码有重复")
    roles = [department.role for department in values["departments"]]
    if roles.count(DepartmentRole.LEAD) != 1 or roles[0] is not DepartmentRole.LEAD:
        top.members["departments"].refuse("DB-PLAN-013", detail="牵头部门有且只有一个，列在第一")


def _built(given: _Mapping, model: Callable[..., T], names: Mapping[str, str], **values: Any) -> T:
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
