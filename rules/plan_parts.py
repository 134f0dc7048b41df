"""The parts of a plan file as they are read: a node with its line, and what it may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn, TypeVar

import yaml

from rules.calendar import SHANGHAI
from rules.plan_keys import Keys, places_of
from rules.ratios import parse_ratio
from schemas.campaign import Ratio
from schemas.codes import Coded
from schemas.errors import DrawbridgeError

T = TypeVar("T")
D = TypeVar("D")
Day = TypeVar("Day", bound=date)
C = TypeVar("C", bound=Coded)
_SHOWN = 40  # characters of a wrong value
_YEARS = range(2000, 3000)  # deadlines are counted from dates, and no calendar goes on after 9999


def _dated(day: Day) -> Day:
    """The date or moment itself. Raises ValueError if its year cannot be meant."""
    if day.year not in _YEARS:
        raise ValueError(day)
    return day


@dataclass(frozen=True)
class Part:
    """A node of the file with the key that people know it by."""

    file: str
    key: str
    node: yaml.Node

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        return self.node.start_mark.line + 1

    def refuse(self, code: str, **facts: object) -> NoReturn:
        """Raises DrawbridgeError `code` with file, line and key."""
        raise DrawbridgeError(code, file=self.file, line=self.line, key=self.key, **facts)

    def mapping(self, keys: Keys, problems: list[DrawbridgeError] | None = None) -> Members:
        """The members of a mapping, by their canonical names.

        `problems` takes what is wrong with the keys, else the first of it is raised.
        """
        told: list[DrawbridgeError] = []
        if not isinstance(self.node, yaml.MappingNode):
            self.refuse("DB-PLAN-006", expected="若干键和值")
        found: dict[str, Part] = {}
        for key_node, value in self.node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                Part(self.file, self.key, key_node).refuse("DB-PLAN-006", expected="若干键和值")
            written = str(key_node.value)
            line = key_node.start_mark.line + 1
            canonical = keys.canonical(written)
            if canonical is None:
                told.append(self._unknown(keys, written, line))
                continue
            if canonical in found:
                told.append(DrawbridgeError("DB-PLAN-003", file=self.file, line=line, key=written))
            elif not _is_null(value):
                found[canonical] = Part(self.file, written, value)
        if told and problems is None:
            raise told[0]
        if problems is not None:
            problems += told
        return Members(self, keys, found)

    def _unknown(self, keys: Keys, written: str, line: int) -> DrawbridgeError:
        nearest = keys.nearest(written)
        elsewhere = places_of(written)
        near = f"相近的是“{nearest}”。" if nearest else ""
        if elsewhere and nearest is None:
            near = f"“{written}”写在“{'、'.join(elsewhere)}”里。"
        return DrawbridgeError(
            "DB-PLAN-004",
            file=self.file,
            line=line,
            key=written[:40],
            hint=near,
            allowed="、".join(keys.names()),
        )

    def sequence(self) -> list[Part]:
        """The entries of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.refuse("DB-PLAN-006", expected="列表")
        return [Part(self.file, self.key, node) for node in self.node.value]

    def text(self) -> str:
        """A scalar as it stands, without blanks round it."""
        if not isinstance(self.node, yaml.ScalarNode):
            self.refuse("DB-PLAN-006", expected="一段文字")
        return str(self.node.value).strip()

    def texts(self) -> tuple[str, ...]:
        """A list of such."""
        return tuple(part.text() for part in self.sequence())

    def number(self, least: int, most: int = 999_999) -> int:
        """A whole number from `least` to `most`."""
        text = self.text()
        if not re.fullmatch("[0-9]{1,6}", text) or not least <= int(text) <= most:
            self.refuse("DB-PLAN-009", found=text[:_SHOWN], least=least, most=most)
        return int(text)

    def day(self) -> date:
        """A date, year-month-day."""
        text = self.text()
        try:
            return _dated(date.fromisoformat(text))
        except ValueError:
            self.refuse("DB-PLAN-008", found=text[:_SHOWN])

    def moment(self) -> datetime:
        """A day with its time; a day alone is none, since midnight would be invented."""
        text = self.text()
        try:
            moment = _dated(datetime.fromisoformat(text if ":" in text else ""))
        except ValueError:
            self.refuse("DB-PLAN-010", found=text[:_SHOWN])
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=SHANGHAI)

    def coded(self, of: type[C]) -> C:
        """A member of a code table, by its wording, code or English name."""
        text = self.text()
        found = [member for member in of if text in (member.label, member.value, member.name.lower())]
        if not found:
            self.refuse("DB-PLAN-007", found=text, allowed="、".join(member.label for member in of))
        return found[0]

    def ratio(self) -> Ratio:
        """A share, a number of objects, or both."""
        text = self.text()
        try:
            ratio = parse_ratio(text)
        except DrawbridgeError:
            self.refuse("DB-PLAN-014", found=text)
        if ratio.share is None and (not ratio.minimum or ratio.per_year is not None):
            self.refuse("DB-PLAN-014", found=text)
        if ratio.per_year is not None:
            self.refuse("DB-PLAN-013", detail=f"{self.key}里的频次“{text}”请写在“频次上限”")
        return ratio


@dataclass(frozen=True)
class Members:
    """Members of one mapping, by canonical name."""

    part: Part
    keys: Keys
    members: Mapping[str, Part]

    def must(self, name: str) -> Part:
        """A member that has to be there."""
        if name not in self.members:
            raise DrawbridgeError(
                "DB-PLAN-005", file=self.part.file, line=self.part.line, key=self.keys.shown(name)
            )
        return self.members[name]

    def may(self, name: str, read: Callable[[Part], T], otherwise: D) -> T | D:
        """A member that may be there."""
        return read(self.members[name]) if name in self.members else otherwise

    def sub(self, name: str, keys: Keys) -> Members:
        """A mapping within; an absent one is empty."""
        if name in self.members:
            return self.members[name].mapping(keys)
        return Members(self.part, keys, {})


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"
