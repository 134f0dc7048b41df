"""The three directories as lists, under the profile's column names: the import reads them back unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from connectors import cells
from connectors.profile import Profile, SheetRule
from connectors.spreadsheets import wrapped
from documents.list_workbook import ListColumn, Value
from schemas.codes import (
    Coded,
    InspectorRole,
    InspectorStatus,
    ItemKind,
    ObjectKind,
    RegistrationState,
    RiskGrade,
)
from schemas.directory import Entity, ProjectObject

R = TypeVar("R")
Read = Callable[[Profile, Any], Value]
Columns = tuple[list[ListColumn], Callable[[Any], list[Value]]]
"""The columns, and what makes a row of a record."""

_CODED: dict[str, tuple[str, type[Coded]]] = {
    "object_kind": ("object_kind", ObjectKind),
    "reg_state": ("reg_state", RegistrationState),
    "risk_grade": ("risk_grade", RiskGrade),
    "role": ("inspector_role", InspectorRole),
    "status": ("inspector_status", InspectorStatus),
    "kind": ("item_kind", ItemKind),
}
_WIDE = {"ent_name": 36, "project_name": 36, "address": 36, "scope": 50, "legal_basis": 60, "content": 50}
_OBJECT_FIELDS = tuple({**Entity.model_fields, **ProjectObject.model_fields, "object_kind": None})
_ONLY_PROJECTS = frozenset(ProjectObject.model_fields) - frozenset(Entity.model_fields)
_ONLY_ENTITIES = frozenset(Entity.model_fields) - frozenset(ProjectObject.model_fields)
_NOT_TOLD = {RegistrationState.UNKNOWN, RiskGrade.UNRATED}
_LONG_TERM = "长期"


def object_columns(profile: Profile, kinds: frozenset[ObjectKind]) -> Columns:
    """抽查对象名录 of enterprises, of projects, or of both: then each row says which it is."""
    left_out = {"object_id"} if kinds == {ObjectKind.ENTERPRISE} else set[str]()
    if ObjectKind.PROJECT not in kinds:
        left_out |= _ONLY_PROJECTS
    if ObjectKind.ENTERPRISE not in kinds:
        left_out |= _ONLY_ENTITIES
    if len(kinds) == 1:
        left_out |= {"object_kind"}
    wanted = [name for name in profile.spreadsheets.entity.columns if name not in left_out]
    return _columns(profile, profile.spreadsheets.entity, [n for n in wanted if n in _OBJECT_FIELDS])


def inspector_columns(profile: Profile) -> Columns:
    """执法检查人员名录."""
    rule = profile.spreadsheets.inspector
    return _columns(profile, rule, [n for n in rule.columns if n not in ("dept_name", "is_expert")])


def item_columns(profile: Profile) -> Columns:
    """随机抽查事项清单."""
    rule = profile.spreadsheets.item
    return _columns(profile, rule, [n for n in rule.columns if n != "dept_name"])


def _columns(profile: Profile, rule: SheetRule, names: Sequence[str]) -> Columns:
    columns = [ListColumn(rule.columns[name][0], _WIDE.get(name, 18)) for name in names]
    reads = [_reader(profile, name) for name in names]
    return columns, lambda record: [read(record) for read in reads]


def _reader(profile: Profile, name: str) -> Callable[[Any], Value]:
    if name in _CODED:
        table, members = _CODED[name]
        words = {member: _word(profile, table, member) for member in members if member not in _NOT_TOLD}
        attribute = "kind" if name == "object_kind" else name
        return lambda record: words.get(getattr(record, attribute))
    if name == "is_valid":
        yes_no = {True: _any_word(profile, "yes_no", "1"), False: _any_word(profile, "yes_no", "0")}
        return lambda record: yes_no[record.is_valid]
    if name == "recusals":
        reasons = {code: text for text, code in profile.codes["recusal_reason"].items()}
        return lambda record: cells.joined(
            [f"{code}:{reasons.get(reason, reason)}" for code, reason in record.recusals]
        )
    if name == "legal_basis":
        return lambda record: _cell("\n".join(record.legal_basis))
    return lambda record: _cell(getattr(record, name, None))


def _cell(value: object) -> Value:
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, date):
        return _LONG_TERM if value == date.max else value
    if isinstance(value, tuple):
        value = cells.joined(value)
    return wrapped(str(value))


def _word(profile: Profile, table: str, member: Coded) -> str:
    """The official wording, where the profile reads it back as this code; else the platform's own."""
    if profile.ours(table, member.label) == member.value:
        return member.label
    return profile.theirs(table, member.value)


def _any_word(profile: Profile, table: str, code: str) -> str:
    """The first wording of a code that is no digit."""
    words = [text for text, ours in profile.codes[table].items() if ours == code]
    return next((text for text in words if not text.isdigit()), words[0])


_SHEETS = {"object": "entity", "inspector": "inspector", "item": "item"}
_INTERFACES = {"object": ("entity", "project"), "inspector": ("inspector",), "item": ("item",)}
_NO_COLUMN = {"kind": "对象类型", "updated_at": "更新时间"}
"""Fields that no spreadsheet has, and how people call them."""


def raw_titles(profile: Profile, kind: str) -> dict[str, str]:
    """How people call what a refused row held: names of fields, ours and the interface's -> column titles."""
    columns: dict[str, tuple[str, ...]] = getattr(profile.spreadsheets, _SHEETS[kind]).columns
    titles = {**_NO_COLUMN, **{field: names[0] for field, names in columns.items()}}
    for interface in _INTERFACES[kind]:
        for field, names in profile.platform.fields[interface].items():
            for name in (names,) if isinstance(names, str) else names:
                titles.setdefault(name, titles.get(field, name))
    return titles


def in_words(raw: Mapping[str, object], titles: Mapping[str, str]) -> dict[str, object]:
    """A refused row under the titles; what nobody filled in is left out."""
    found: dict[str, object] = {}
    for name, value in raw.items():
        if value not in (None, "", [], ()):
            found.setdefault(titles.get(name, name), value)
    return found
