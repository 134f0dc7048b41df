"""Workbooks that a county office prints: text cells, A4, rows as high as their text."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

import xlsxwriter

from schemas.campaign import Campaign

Workbook = Any
Worksheet = Any
Styles = Mapping[str, Any]
"""XlsxWriter carries no types."""

A4 = 9
POINTS_PER_LINE = 15.0
ROW_LIMIT_POINTS = 405.0
"""A row is never higher than 409 points."""

_SHEET_NAME_LIMIT = 31
_NOT_IN_SHEET_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))

_TEXT = {"font_name": "宋体", "font_size": 10.5, "text_wrap": True, "valign": "vcenter", "quote_prefix": True}
_STYLES: dict[str, dict[str, object]] = {
    "title": {"font_name": "黑体", "font_size": 16, "align": "center"},
    "line": {"font_size": 10.5},
    "line_right": {"align": "right"},
    "head": {"bold": True, "align": "center", "border": 1, "bg_color": "#EDEDED"},
    "label": {"align": "center", "border": 1},
    "text": {"border": 1},
    "centre": {"align": "center", "border": 1},
    "section": {"bold": True, "border": 1, "bg_color": "#EDEDED"},
    "top": {"border": 1, "valign": "top"},
    "number": {"align": "center", "border": 1, "quote_prefix": False, "num_format": "0"},
}


def make_workbook(title: str, day: date, fill: Callable[[Workbook, Styles], None]) -> bytes:
    """A workbook as bytes; the same content gives the same bytes.

    `day` stands as the day of creation in its properties (a day of the campaign, not of the wall
    clock). Nothing that is written is turned into a formula, a number or a link; each format
    keeps a cell text when somebody edits it.
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    workbook = xlsxwriter.Workbook(buffer, options)
    workbook.set_properties({"title": title, "created": datetime.combine(day, time(), UTC)})
    fill(workbook, {name: workbook.add_format(_TEXT | style) for name, style in _STYLES.items()})
    workbook.close()
    return buffer.getvalue()


def sheet_name(wanted: str, taken: Collection[str], *, keep_end: bool = False) -> str:
    """A worksheet name that a spreadsheet program takes and that is not among `taken`.

    At most 31 characters as the format counts them (𠮷 is two), none of `[]:*?/\\`, no apostrophe at
    either end, not the reserved "History", unique without regard to case. `keep_end`: a name that is
    too long keeps its end (numbers differ there), else its beginning.
    """
    clean = "".join(c if c.isprintable() else "_" for c in wanted.translate(_NOT_IN_SHEET_NAMES))
    used = {name.casefold() for name in taken} | {"history"}
    for number in range(1, len(used) + 2):
        suffix = "" if number == 1 else f"~{number}"
        room = _SHEET_NAME_LIMIT - len(suffix)
        part = shortened(clean[::-1], room)[::-1] if keep_end else shortened(clean, room)
        name = (part.strip("' ") or "表") + suffix
        if name.casefold() not in used:
            return name
    raise AssertionError("more names were tried than are taken")


def shortened(text: str, units: int) -> str:
    """The text's beginning, of so many units of UTF-16, in which the format counts its limits."""
    if len(text) * 2 <= units:
        return text
    used = 0
    for position, character in enumerate(text):
        used += 2 if ord(character) > 0xFFFF else 1
        if used > units:
            return text[:position]
    return text


def put(
    sheet: Worksheet, row: int, columns: tuple[int, int], text: str, style: object, *, rows: int = 1
) -> None:
    """Writes text over the columns from the first to the last, merged if there are several.

    `rows` merges as many rows downward.
    """
    first, last = columns
    if first != last or rows > 1:
        sheet.merge_range(row, first, row + rows - 1, last, "", style)
    # Into the merged range's first cell; merge_range by itself would choose a type by the text.
    sheet.write_string(row, first, text, style)


def put_number(sheet: Worksheet, row: int, column: int, value: int, style: object) -> None:
    """Writes a count, which a spreadsheet program can add up."""
    sheet.write_number(row, column, value, style)


@lru_cache(maxsize=4096)  # most texts of a form stand on every other as well
def lines(text: str, width: float) -> int:
    """How many lines the text takes in a column of so many characters; a Chinese character is two."""
    room = max(width - 1.5, 2.0)
    return sum(max(1, -(-_display_width(part) // int(room))) for part in text.split("\n"))


def row_height(*cells: tuple[str, float]) -> float:
    """Height in points of a row whose cells have these texts and widths."""
    most = max((lines(text, width) for text, width in cells), default=1)
    return min(most * POINTS_PER_LINE + 5, ROW_LIMIT_POINTS)


def document_line(campaign: Campaign) -> str:
    """文号, 任务编号 and the window of the campaign, as a line under a title."""
    window = f"{campaign.starts_on.isoformat()} 至 {campaign.ends_on.isoformat()}"
    parts = (campaign.document_no, f"任务编号 {campaign.task_id}", f"抽查时间 {window}")
    return "    ".join(part for part in parts if part)


def _display_width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
