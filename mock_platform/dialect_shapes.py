"""Rows of the contract in another system's names and writings, and back.

A shape is a table of lines `contract-member  THEIR_MEMBER  [form]`.  Forms, beside plain values:

    time, day      20240528093000, 20240528 for the contract's times and days
    two            a code in two digits: 01 for 1
    twos, joined   a list in one text, parted by a comma; of such codes, or of any texts
    yes            Y and N for 1 and 0, true and false
    stage, state, reason, answer   by the table of that name
    one:S, rows:S  an object, or a list of objects, of shape S
    flat:S         the members of an object of shape S lie in the row itself
    -              not said at all

What does not look like the contract (dirt of a directory, what a fault made of a row) goes through as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_platform.refusal import Refusal

Row = dict[str, Any]
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_THEIR_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")
_YES: dict[Any, str] = {"1": "Y", "0": "N", True: "Y", False: "N"}


@dataclass(frozen=True)
class Member:
    """One line of a shape."""

    ours: str
    theirs: str
    form: str = ""


@dataclass(frozen=True)
class Shapes:
    """All shapes of a system, by name, and its tables of words: contract's word -> theirs."""

    shapes: Mapping[str, tuple[Member, ...]]
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def outward(self, shape: str, row: Any) -> Any:
        """A row of the contract as the system writes it; a member that no shape knows is in capitals."""
        if not isinstance(row, dict):
            return row
        members = {member.ours: member for member in self.shapes[shape]}
        written: Row = {}
        for name, value in row.items():
            member = members.get(name)
            if member is None:
                written[name.upper()] = value
            elif member.form.startswith("flat:"):
                inner = {m.ours: None for m in self.shapes[member.form[5:]]} | (value or {})
                written |= self.outward(member.form[5:], inner)
            elif member.form != "-":
                written[member.theirs] = self._out(member.form, value)
        return written

    def _out(self, form: str, value: Any) -> Any:
        kind, _, shape = form.partition(":")
        if value is None or not form:
            return value
        if kind == "rows":
            return [self.outward(shape, row) for row in value] if isinstance(value, list) else value
        if kind == "one":
            return self.outward(shape, value)
        if kind in ("joined", "twos"):
            if not isinstance(value, list):
                return value
            return ",".join(_two(text) if kind == "twos" else text for text in value)
        if kind == "yes":
            return _YES.get(value, value) if isinstance(value, str | bool) else value
        if kind == "two":
            return _two(value)
        if kind in ("time", "day"):
            found = (_TIME if kind == "time" else _DAY).fullmatch(value) if isinstance(value, str) else None
            return "".join(found.groups()) if found else value
        return self.words[kind].get(value, value) if isinstance(value, str) else value

    def inward(self, shape: str, row: Any) -> Any:
        """What the system was sent, as the contract has it. Raises Refusal 96, 98."""
        if not isinstance(row, dict):
            return row
        members = {member.theirs: member for member in self.shapes[shape]}
        read: Row = {}
        for name, value in row.items():
            member = members.get(name)
            if member is None:
                raise Refusal("96", f"没有 {name[:40]} 这一项")
            read[member.ours] = self.read(member.form, value)
        return read

    def read(self, form: str, value: Any) -> Any:
        """One value that was sent, by its form. Raises Refusal 96 or 98."""
        kind, _, shape = form.partition(":")
        if value is None or not form:
            return value
        if kind == "rows":
            return [self.inward(shape, row) for row in value] if isinstance(value, list) else value
        if not isinstance(value, str):
            raise Refusal("98", "类型不对")
        if kind == "joined":
            return [part for part in value.split(",") if part]
        if kind == "two":
            if not re.fullmatch(r"0\d", value):
                raise Refusal("96", f"代码 {value[:10]} 应为两位")
            return value[1]
        if kind == "time":
            found = _THEIR_TIME.fullmatch(value)
            if found is None:
                raise Refusal("96", "时间应为 yyyyMMddHHmmss")
            return "{}-{}-{} {}:{}:{}".format(*found.groups())
        for ours, theirs in self.words[kind].items():
            if theirs == value:
                return ours
        raise Refusal("96", f"没有代码 {value[:10]}")


def shape_of(text: str) -> tuple[Member, ...]:
    """A shape from its lines."""
    return tuple(Member(*line.split()) for line in text.strip().splitlines())


def _two(code: Any) -> Any:
    return f"0{code}" if isinstance(code, str) and re.fullmatch(r"\d", code) else code
