"""A long list as .xlsx, written row by row: however long it is, only one row is in memory.

Every text stays text: no cell becomes a formula, a number or a link, neither when it is opened nor when
somebody edits it (`quote_prefix`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from documents.streamed_text import STREAMED, put_text, system_error
from documents.whole_file import whole_file
from schemas.errors import DrawbridgeError

Value = str | int | date | None
"""What a cell can hold; a date is written as one where the format has it, else as text."""

MAX_ROWS = 1_000_000
"""What the import takes; the format ends at 1 048 576."""
LONGEST_TEXT = 32_767
"""Characters in one cell, as the format counts them (UTF-16)."""

_FIRST_DAY, _LAST_DAY = date(1900, 3, 1), date(9999, 12, 30)
_FONT = {"font_name": "宋体", "font_size": 10.5}


@dataclass(frozen=True)
class ListColumn:
    """A column: its title and its width in characters."""

    title: str
    width: int = 18


def write_list(
    path: Path,
    title: str,
    columns: Sequence[ListColumn],
    rows: Iterable[Sequence[Value]],
    *,
    mode: int = 0o644,
) -> int:
    """Writes the list under a frozen header with a filter; returns its rows. The file appears whole or not.

    Raises DrawbridgeError DB-EXPORT-001 (a text too long for a cell), -003 (too many rows), DB-CLI-004.
    """
    with whole_file(path, mode=mode) as temporary:
        try:
            with xlsxwriter.Workbook(str(temporary), STREAMED) as book:
                return _fill(book, title, columns, rows, path)
        except xlsxwriter.exceptions.XlsxFileError as error:
            raise system_error(error) from error


def _fill(
    book: Any, title: str, columns: Sequence[ListColumn], rows: Iterable[Sequence[Value]], path: Path
) -> int:
    head = book.add_format({**_FONT, "bold": True, "bg_color": "#EDEDED", "num_format": "@"})
    text = book.add_format({**_FONT, "num_format": "@", "quote_prefix": True})
    day = book.add_format({**_FONT, "num_format": "yyyy-mm-dd"})
    whole = book.add_format({**_FONT, "num_format": "0"})
    sheet = book.add_worksheet(re.sub(r"[\[\]:*?/\\]", "_", title)[:31])
    sheet.freeze_panes(1, 0)
    for position, column in enumerate(columns):
        sheet.set_column(position, position, column.width)
        put_text(sheet, 0, position, column.title, head)
    number = 0
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS:
            raise DrawbridgeError("DB-EXPORT-003", path=path, cap=MAX_ROWS)
        for position, value in enumerate(row):
            if isinstance(value, str):
                if len(value) * 2 > LONGEST_TEXT and len(value.encode("utf-16-le")) > LONGEST_TEXT * 2:
                    raise DrawbridgeError("DB-EXPORT-001", field=columns[position].title)
                if value:
                    put_text(sheet, number, position, value, text)
            elif isinstance(value, date):
                if _FIRST_DAY <= value <= _LAST_DAY:
                    sheet.write_datetime(number, position, value, day)
                else:
                    put_text(sheet, number, position, value.isoformat(), text)
            elif value is not None:
                sheet.write_number(number, position, value, whole)
    sheet.autofilter(0, 0, number, len(columns) - 1)
    return number
