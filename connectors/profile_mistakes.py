"""What is wrong in a profile's file: each mistake with its line, in words for the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connectors.profile_fields import CODE_TABLES, PLATFORM_FIELDS, PUBLICITY_FIELDS

_TABLE = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[\w-]+)\s*=""")
_PART = re.compile(r""""[^"]*"|'[^']*'|[^.\s]+""")

_SAID = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项，请删去或改正名称",
    "literal_error": "只能是 {expected}",
    "enum": "只能是 {expected}",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "string_type": "须是文字（加引号）",
    "string_too_short": "不能为空",
    "string_too_long": "太长，最多 {max_length} 个字",
    "too_short": "不能为空",
    "bool_type": "须是 true 或 false",
    "bool_parsing": "须是 true 或 false",
    "int_type": "须是整数",
    "int_parsing": "须是整数",
    "int_from_float": "须是整数",
    "float_type": "须是数",
    "float_parsing": "须是数",
    "dict_type": "须是一张表",
    "model_type": "须是一张表",
    "tuple_type": "须是列表",
}
"""Kind of error -> what is said of it."""

NO_CODE = "本系统没有代码 {code}"


@dataclass(frozen=True)
class Mistake:
    """One mistake. `where`: dotted place; `line`: counted from 1, of the nearest thing that is there."""

    line: int
    where: str
    what: str


def mistakes_of(error: ValidationError, document: Mapping[str, Any], text: str) -> list[Mistake]:
    """Every mistake that the model found in the document of this text, by line."""
    lines = _lines(text)
    said = [
        (place, what)
        for one in error.errors(include_input=False, include_url=False)
        for place, what in _each(one, document)
    ]
    # The model looks at whole tables only where each of their members is right.
    said += _of_tables(document)
    found = [Mistake(_line(lines, place), ".".join(place) or "profile", what) for place, what in said]
    return sorted(dict.fromkeys(found), key=lambda mistake: (mistake.line, mistake.where))


def _of_tables(document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is missing, unknown or no code of ours in the tables of fields and codes."""
    places: list[tuple[tuple[str, ...], frozenset[str]]] = [
        (("platform", "fields"), frozenset(PLATFORM_FIELDS)),
        *((("platform", "fields", kind), names) for kind, names in PLATFORM_FIELDS.items()),
        (("publicity", "fields"), PUBLICITY_FIELDS),
        (("codes",), frozenset(CODE_TABLES)),
    ]
    for place, wanted in places:
        given = _at(document, place)
        if isinstance(given, Mapping):
            yield from (((*place, name), _SAID["missing"]) for name in wanted - set(given))
            yield from (((*place, name), _SAID["extra_forbidden"]) for name in set(given) - wanted)
    for table, members in CODE_TABLES.items():
        given = _at(document, ("codes", table))
        values = {str(member.value) for member in members or ()}
        for written, ours in given.items() if isinstance(given, Mapping) and values else ():
            if isinstance(ours, str) and ours not in values:
                yield ("codes", table, written), NO_CODE.format(code=ours)


def _at(document: Any, place: tuple[str, ...]) -> object:
    for part in place:
        document = document.get(part) if isinstance(document, Mapping) else None
    return document


def _each(one: ErrorDetails, document: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    place = _place(one["loc"], document, one["type"])
    facts: dict[str, Any] = one.get("ctx", {})
    if one["type"] == "profile_keys":
        table = (*place, *str(facts["where"]).split("."))
        for name in facts["missing"]:
            yield (*table, name), _SAID["missing"]
        for name in facts["unknown"]:
            yield (*table, name), _SAID["extra_forbidden"]
    elif one["type"] == "profile_place":
        yield (*place, *str(facts["where"]).split(".", 2)), str(facts["said"])
    else:
        said = _SAID.get(one["type"])
        if "expected" in facts:
            facts = {"expected": str(facts["expected"]).replace(" or ", "、").replace(", ", "、")}
        yield place, said.format(**facts) if said else one["msg"].removeprefix("Value error, ")


def _place(loc: tuple[int | str, ...], document: Any, kind: str) -> tuple[str, ...]:
    """The place without what pydantic adds of its own: the branch of a union, a number in a list."""
    place: list[str] = []
    for number, part in enumerate(loc):
        known = isinstance(document, Mapping) and part in document
        if not known and not (kind == "missing" and number == len(loc) - 1):
            break
        place.append(str(part))
        document = document[part] if known else None
    return tuple(place)


def _line(lines: Mapping[tuple[str, ...], int], place: tuple[str, ...]) -> int:
    for length in range(len(place), 0, -1):
        if place[:length] in lines:
            return lines[place[:length]]
    return 1


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Place of every table and key -> its line. Values over several lines hold no `name =` in a profile."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _TABLE.match(line):
            table = tuple(part.strip("\"'") for part in _PART.findall(heading[1]))
            for length in range(1, len(table) + 1):
                found.setdefault(table[:length], number)
            found[table] = number
        elif key := _KEY.match(line):
            found[(*table, key[1].strip("\"'"))] = number
    return found
