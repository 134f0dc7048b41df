"""The quarantine workbook: every refused row with its number, its reason, what to do, and what it held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import xlsxwriter

from documents.printed_workbook import shortened
from documents.streamed_text import STREAMED, put_text, system_error
from documents.whole_file import PRIVATE, whole_file
from schemas.errors import DrawbridgeError, catalogue
from schemas.system_errors import problem

CANNOT_WRITE = "DB-INPUT-041"

Row = tuple[int, str, str, Mapping[str, object]]
"""Row number, code of the catalogue, reason in Chinese, raw values by column title."""

_COLUMNS = (("行号", 8), ("原因代码", 15), ("原因", 42), ("应如何处理", 42))
_RAW_WIDTH = 24
_LONGEST_CELL = 32_767  # characters, a limit of the format
_MOST_ROWS = 1_000_000  # below the format's 1 048 576


def write_quarantine(path: Path, rows: Iterable[Row]) -> int:
    """Writes the workbook and returns how many rows it holds. The file appears whole or not at all.

    Every value is written as text: nothing is a formula, a link or a number that loses digits.  Rows beyond a
    million go on in further sheets.  A refused row may name people: the file is readable by its owner
    alone (0600).

    Raises DrawbridgeError DB-INPUT-041 if it cannot be written.
    """
    listed = sorted(rows, key=lambda row: row[0])
    titles = list(dict.fromkeys(title for row in listed for title in row[3]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, mode=PRIVATE, code=CANNOT_WRITE) as temporary:
            _write(temporary, listed, titles)
    except OSError as error:
        raise DrawbridgeError(CANNOT_WRITE, path=path, detail=problem(error)) from error
    except xlsxwriter.exceptions.XlsxFileError as error:
        detail = problem(system_error(error))
        raise DrawbridgeError(CANNOT_WRITE, path=path, detail=detail) from error
    return len(listed)


def _write(path: Path, rows: list[Row], titles: list[str]) -> None:
    with xlsxwriter.Workbook(str(path), STREAMED) as book:
        book.set_properties({"title": "隔离的行"})
        head = book.add_format({"bold": True, "bg_color": "#F2F2F2", "border": 1, "num_format": "@"})
        text = book.add_format({"num_format": "@", "valign": "top"})
        wrapped = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        for part in range(max(1, -(-len(rows) // _MOST_ROWS))):
            sheet = book.add_worksheet("隔离的行" if part == 0 else f"隔离的行{part + 1}")
            sheet.freeze_panes(1, 1)
            for column, (title, width) in enumerate(_COLUMNS):
                sheet.set_column(column, column, width)
                put_text(sheet, 0, column, title, head)
            if titles:
                sheet.set_column(len(_COLUMNS), len(_COLUMNS) + len(titles) - 1, _RAW_WIDTH)
            for column, title in enumerate(titles, len(_COLUMNS)):
                put_text(sheet, 0, column, _cell(title), head)
            for line, row in enumerate(rows[part * _MOST_ROWS : (part + 1) * _MOST_ROWS], 1):
                number, code, reason, raw = row
                put_text(sheet, line, 0, str(number) if number else "", text)
                put_text(sheet, line, 1, code, text)
                put_text(sheet, line, 2, reason, wrapped)
                put_text(sheet, line, 3, advice(code), wrapped)
                for column, title in enumerate(titles, len(_COLUMNS)):
                    value = _cell(raw.get(title))
                    if value:
                        put_text(sheet, line, column, value, text)


def advice(code: str) -> str:
    """What to do about a refused row, by the catalogue; empty for a code that is not in it."""
    entry = catalogue().get(code)
    return "" if entry is None else entry.act


def _cell(value: object) -> str:
    """A value as text that the format can hold: what XML cannot carry is shown as its number."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):
        text = "、".join(_cell(part) for part in value)
    elif isinstance(value, Mapping):
        text = "；".join(f"{key}={_cell(part)}" for key, part in value.items())
    else:
        text = str(value)
    shown = "".join(
        character if _is_writable(character) else f"[U+{ord(character):04X}]" for character in text
    )
    return shortened(shown, _LONGEST_CELL)


def _is_writable(character: str) -> bool:
    number = ord(character)
    return number in (0x9, 0xA) or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or number > 0xFFFF
