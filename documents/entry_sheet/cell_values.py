"""One cell of an entry sheet, as somebody filled it in: its value, or the one thing that is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from connectors import cells
from connectors.cells import Findings, half_width
from documents.entry_sheet.columns import TABLES, YES_NO, Column, choices
from documents.entry_sheet.rows import person_text
from schemas.codes import Coded
from schemas.errors import DrawbridgeError
from schemas.form import FormInspector
from schemas.inspector import Expert

# Excel counts days from here; what comes of a date whose format was lost is a number in this range.
_SERIAL_ORIGIN = date(1899, 12, 30)
_SERIALS = range(36_526, 73_415)  # 2000 to 2100
_TIME = re.compile(r"^(\d{1,2}):(\d{2})(?::(\d{2}))?$")
_BREAK = re.compile(r"\r\n|\r|\n")
_EXPERT = re.compile(r"^(.+?)[（(](.+)[）)]$", re.DOTALL)
_SHORT = 3  # so many letters or digits are a code, more are words
_NOTHING_FOUND = frozenset({"无", "没有", "未发现", "未发现问题", "无问题", "正常"})


def read_cell(column: Column, value: object) -> object:
    """The value of a cell: a date, a time, a member of a code table, a tuple of them, True or False, text;
    None for an empty cell.  People are read by `read_people`.

    Raises DrawbridgeError DB-ENTRY-020 to -023, -026, -033, DB-INPUT-020 to -022.
    """
    return None if cells.is_empty(value) else _READERS[column.kind](column, value)


def read_people(column: Column, value: object, team: Sequence[FormInspector]) -> tuple[str, ...]:
    """Ids of the team's members that a cell names, by name, by certificate or by both.

    Raises DrawbridgeError DB-ENTRY-038 for somebody else, and for a name that two of them have.
    """
    found: list[str] = []
    for part in cells.several(value, column.key, Findings()):
        key = cells.name_key(part)
        fits = [
            person.inspector_id
            for person in team
            if key
            in {cells.name_key(text) for text in (person_text(person), person.name, person.cert_no) if text}
        ]
        if len(fits) != 1:
            raise DrawbridgeError("DB-ENTRY-038", field=column.title)
        found.extend(fits)
    return tuple(dict.fromkeys(found))


def says_nothing_found(text: str) -> bool:
    """Whether a description only repeats that there is nothing to describe."""
    return text.strip("。. ") in _NOTHING_FOUND


def read_experts(column: Column, text: str | None) -> tuple[Expert, ...]:
    """`姓名（专业或职务）`, parted by ；. Raises DrawbridgeError DB-ENTRY-044."""
    found: list[Expert] = []
    for part in re.split(r"[；;\n]", text or ""):
        match = _EXPERT.match(part.strip())
        if match is not None:
            found.append(Expert(name=match[1].strip(), role=match[2].strip()))
        elif part.strip():
            raise DrawbridgeError("DB-ENTRY-044", field=column.title)
    return tuple(found)


def _date(column: Column, value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        whole = int(value) if math.isfinite(value) else 0
        if whole in _SERIALS:
            meant = (_SERIAL_ORIGIN + timedelta(days=whole)).isoformat()
            raise DrawbridgeError("DB-ENTRY-023", field=column.title, number=whole, hint=f"（{meant}）")
        raise DrawbridgeError("DB-ENTRY-026", field=column.title)
    if isinstance(value, str):
        _refuse_full_width(column, value)
        raise DrawbridgeError("DB-ENTRY-022", field=column.title, hint=_meant(value))
    raise DrawbridgeError("DB-ENTRY-026", field=column.title)


def _meant(text: str) -> str:
    try:
        day = cells.day(text, "completed_on", Findings())
    except DrawbridgeError:
        return ""
    return "" if day is None else f"（看来是 {day.isoformat()}）"


def _time(column: Column, value: object) -> time:
    if isinstance(value, datetime):
        return value.time()
    if isinstance(value, time):
        return value
    if isinstance(value, float) and 0 <= value < 1:
        value = timedelta(seconds=round(value * 86_400))
    if isinstance(value, timedelta) and timedelta(0) <= value < timedelta(days=1):
        seconds = int(value.total_seconds())
        return time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    if isinstance(value, str):
        _refuse_full_width(column, value.replace("：", ":"))
        match = _TIME.match(value.strip().replace("：", ":"))
        if match is not None and int(match[1]) < 24 and int(match[2]) < 60 and int(match[3] or 0) < 60:
            return time(int(match[1]), int(match[2]), int(match[3] or 0))
    raise DrawbridgeError("DB-ENTRY-026", field=column.title)


def _coded(column: Column, value: object) -> Coded:
    return _member(column, _word(value, column))


def _several(column: Column, value: object) -> tuple[Coded, ...]:
    parts = cells.several(value, column.key, Findings())
    return tuple(dict.fromkeys(_member(column, part) for part in parts))


def _member(column: Column, text: str) -> Coded:
    table = TABLES[column.table]
    for member in table:
        if text == member.value or cells.bracket_key(text) == cells.bracket_key(member.label):
            return member
    raise _not_in_table(column, text, [member.value for member in table])


def _yes_no(column: Column, value: object) -> bool:
    text = {True: "是", False: "否"}[value] if isinstance(value, bool) else _word(value, column)
    if text not in YES_NO:
        raise _not_in_table(column, text, [])
    return YES_NO[text]


def _not_in_table(column: Column, text: str, codes: Sequence[str]) -> DrawbridgeError:
    narrow = half_width(text)
    if narrow != text and narrow in codes:
        return DrawbridgeError("DB-ENTRY-033", field=column.title, expected=narrow)
    allowed = "、".join(choices(column))
    if len(narrow) <= _SHORT and narrow.isascii():
        return DrawbridgeError("DB-ENTRY-020", field=column.title, text=narrow, allowed=allowed)
    return DrawbridgeError("DB-ENTRY-021", field=column.title, allowed=allowed)


def _word(value: object, column: Column) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (str, int, float)):
        return str(value).strip()
    raise DrawbridgeError("DB-INPUT-020", field=column.title)


def _text(column: Column, value: object) -> str | None:
    """Text with its line breaks; what is invisible within a line becomes a blank."""
    if not isinstance(value, str):
        return cells.plain(value, column.key, Findings())
    try:
        lines = [cells.plain(line, column.key, Findings()) or "" for line in _BREAK.split(value)]
    except DrawbridgeError as error:
        raise DrawbridgeError(error.code, field=column.title) from None
    return "\n".join(lines).strip("\n") or None


def _refuse_full_width(column: Column, text: str) -> None:
    narrow = half_width(text)
    if narrow != text and any(c.isdigit() for c in narrow):
        raise DrawbridgeError("DB-ENTRY-033", field=column.title, expected=narrow.strip())


_READERS: dict[str, Callable[[Column, object], object]] = {
    "date": _date,
    "time": _time,
    "coded": _coded,
    "several": _several,
    "yes_no": _yes_no,
    "text": _text,
}
