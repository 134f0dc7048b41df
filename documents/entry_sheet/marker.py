"""Writes what is wrong into a copy of the sheet: a comment and a colour on each cell, all else as it was."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from documents.entry_sheet.checks import Mark
from documents.entry_sheet.columns import COLUMNS, ENTRY_SHEET
from documents.whole_file import PRIVATE, whole_file
from schemas.errors import DrawbridgeError

_AUTHOR = "结果导入"
_FILL = PatternFill("solid", fgColor="FFFFC7CE")
_NO_FILL = PatternFill()
_GIVEN_FILL = PatternFill("solid", fgColor="FFF2F2F2")
_GIVEN = {column.key for column in COLUMNS if column.kind == "given"}
_SUFFIX = re.compile(r"-需改正(\d*)$")


def marked_path(path: Path) -> Path:
    """Where the marked copy of a sheet goes: beside it, under a name that is neither it nor taken by it."""
    match = _SUFFIX.search(path.stem)
    if match is None:
        return path.with_name(f"{path.stem}-需改正.xlsx")
    return path.with_name(f"{path.stem[: match.start()]}-需改正{int(match[1] or 1) + 1}.xlsx")


def write_marked(
    source: Path, target: Path, marks: Sequence[Mark], places: Mapping[str, int], header: int
) -> None:
    """Copies `source` to `target` with every mark in its cell; earlier marks of ours that are mended go.

    `places`: column key -> column, from 1; `header`: number of the header row.  What people wrote, their
    comments, colours and widths stay; the source is not touched.  It names people: readable by its owner
    alone.  Raises DrawbridgeError DB-CLI-004 if it cannot be written, DB-INPUT-008 if the source is damaged.
    """
    try:
        book = openpyxl.load_workbook(source, rich_text=True)
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DrawbridgeError("DB-INPUT-008", path=source, detail=type(error).__name__) from error
    sheet = book[ENTRY_SHEET]
    _unmark(sheet, places, header)
    texts: dict[tuple[int, int], list[str]] = {}
    for mark in marks:
        texts.setdefault((mark.row_no, places[mark.column]), []).append(mark.text)
    for (row, column), said in texts.items():
        cell = sheet.cell(row, column)
        theirs = [cell.comment.text] if cell.comment is not None else []
        comment = Comment("\n\n".join([*said, *theirs]), _AUTHOR, width=320, height=60 + 50 * len(said))
        cell.comment = comment
        cell.fill = _FILL
    book.active = book.index(sheet)
    if texts:
        sheet.sheet_view.selection[-1].activeCell = sheet.cell(*min(texts)).coordinate
        sheet.sheet_view.selection[-1].sqref = sheet.cell(*min(texts)).coordinate
    with whole_file(target, mode=PRIVATE) as temporary:
        book.save(temporary)


def _unmark(sheet: Worksheet, places: Mapping[str, int], header: int) -> None:
    """Takes our marks away: the comments by their author, the colour by being ours."""
    given = {places[key] for key in _GIVEN}
    for cell in _cells(sheet, header):
        if cell.comment is not None and cell.comment.author == _AUTHOR:
            cell.comment = None
        if cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb == _FILL.fgColor.rgb:
            cell.fill = _GIVEN_FILL if cell.column in given else _NO_FILL


def _cells(sheet: Worksheet, header: int) -> Iterator[openpyxl.cell.Cell]:
    for row in sheet.iter_rows(min_row=header):
        for cell in row:
            if isinstance(cell, openpyxl.cell.Cell) and cell.has_style:
                yield cell
