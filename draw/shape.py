"""The form of a document as a table: member name to the check of its value.

A check takes the value and its place (`commitment.strata[2].ratio`) and refuses
or returns.  Tables are data that reads like §2 and §5 of the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from draw import text
from schemas.errors import DrawbridgeError

Check = Callable[[Any, str], object]


def members(table: Mapping[str, Check]) -> Check:
    """An object with exactly these members; refuses unknown ones (DB-DRAW-023) and missing ones (024)."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise DrawbridgeError("DB-DRAW-025", where=where, expected="object")
        if value.keys() != table.keys():
            for member in value:
                if member not in table:
                    raise DrawbridgeError("DB-DRAW-023", where=where, member=ascii(member)[1:-1])
        for member, check_member in table.items():
            if member not in value:
                raise DrawbridgeError("DB-DRAW-024", where=where, member=member)
            check_member(value[member], f"{where}.{member}")

    return check


def mapping(check_key: Check, check_value: Check) -> Check:
    """An object whose member names are data."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise DrawbridgeError("DB-DRAW-025", where=where, expected="object")
        for member, content in value.items():
            check_key(member, where)
            check_value(content, f"{where}.{member}")

    return check


def each(check_item: Check) -> Check:
    """An array, each item of which passes."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list):
            raise DrawbridgeError("DB-DRAW-025", where=where, expected="array")
        for index, item in enumerate(value):
            check_item(item, f"{where}[{index}]")

    return check


def pair(first: Check, second: Check) -> Check:
    """An array of exactly two items."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list) or len(value) != 2:
            raise DrawbridgeError("DB-DRAW-025", where=where, expected="array of two")
        first(value[0], f"{where}[0]")
        second(value[1], f"{where}[1]")

    return check


def string(check_value: Callable[[str, str], object]) -> Check:
    """A string that passes a check of `draw.text`."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str):
            raise DrawbridgeError("DB-DRAW-025", where=where, expected="string")
        check_value(value, where)

    return check


def integer(minimum: int, code: str = "DB-DRAW-011") -> Check:
    """A whole number from `minimum` on, refused with `code`; `true` and `1.0` are none."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            raise DrawbridgeError("DB-DRAW-025", where=where, expected="integer")
        if value < minimum:
            raise DrawbridgeError(code, where=where, value=value, minimum=minimum)

    return check


def exactly(*allowed: object) -> Check:
    """One of a few fixed values (DB-DRAW-012)."""

    def check(value: Any, where: str) -> None:
        if not any(value is a or (type(value) is type(a) and value == a) for a in allowed):
            raise DrawbridgeError("DB-DRAW-012", where=where, allowed=" / ".join(map(str, allowed)))

    return check


def nullable(check_value: Check) -> Check:
    """Null, or a value that passes."""

    def check(value: Any, where: str) -> None:
        if value is not None:
            check_value(value, where)

    return check


def _sentence(value: str, where: str) -> None:
    if not value.strip():
        raise DrawbridgeError("DB-DRAW-001", what=where)
    for character in value:
        if "\ud800" <= character <= "\udfff":  # half a character, which UTF-8 cannot hold
            raise DrawbridgeError("DB-DRAW-004", what=where, character=f"U+{ord(character):04X}")


TEXT = string(text.check_text)
SENTENCE = string(_sentence)  # read by people only, may have several lines
OBJECT_ID = string(text.check_object_id)
DEPARTMENT = string(text.check_department_code)
RATIO = string(text.parse_ratio)
TIME = string(text.parse_time)
HEX64 = string(text.check_hex64)
SEALED_VALUE = string(text.check_sealed_value)
