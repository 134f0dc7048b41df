"""Reads an entry sheet that came back: what it is of, its columns, its rows; judges nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors import cells
from connectors.spreadsheet_columns import title_key
from connectors.spreadsheet_files import Opened, Sheet, open_table
from documents.entry_sheet.columns import COLUMNS, ENTRY_SHEET, HEADER_ROW, LAYOUT, ORIGIN_SHEET
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Line:
    """One row as it came back: its number in the sheet, its cells by column key."""

    number: int
    cells: Mapping[str, object]


@dataclass(frozen=True)
class Returned:
    """A sheet that came back.

    `given`: row id -> its number when the sheet was made; `places`: column key -> column, from 1; `header`:
    the number of the header row; `digest`: SHA-256 of the file.
    """

    task_id: str
    dept_code: str
    given: Mapping[str, int]
    places: Mapping[str, int]
    header: int
    lines: tuple[Line, ...]
    digest: str


def read_returned(path: Path) -> Returned:
    """The sheet as it stands. Raises DrawbridgeError DB-INPUT-001 to -008, -042 to -046 (the file),
    DB-ENTRY-001 (no entry sheet), -005 (columns missing)."""
    opened = open_table(path, hidden=True)
    facts = _facts(path, opened)
    sheet = _sheet(opened, ENTRY_SHEET)
    if sheet is None or facts.get("layout") != LAYOUT:
        raise DrawbridgeError("DB-ENTRY-001", path=path)
    header, places = _header(path, sheet)
    lines = tuple(
        Line(number, {key: row[place - 1] if place <= len(row) else None for key, place in places.items()})
        for number, row in sheet.rows()
        if number > header and not all(cells.is_empty(cell) for cell in row)
    )
    given = {value: int(name[4:]) for name, value in facts.items() if name.startswith("row ")}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Returned(facts["task"], facts["department"], given, places, header, lines, digest)


def _sheet(opened: Opened, name: str) -> Sheet | None:
    return next((sheet for sheet in opened.sheets if sheet.name == name), None)


def _facts(path: Path, opened: Opened) -> dict[str, str]:
    origin = _sheet(opened, ORIGIN_SHEET)
    if origin is None:
        raise DrawbridgeError("DB-ENTRY-001", path=path)
    facts = {str(row[0]): str(row[1]) for _, row in origin.rows() if len(row) > 1}
    if not {"layout", "task", "department"} <= facts.keys():
        raise DrawbridgeError("DB-ENTRY-001", path=path)
    return facts


def _header(path: Path, sheet: Sheet) -> tuple[int, dict[str, int]]:
    """Where the columns are: somebody may have put a row above, or hidden or moved a column."""
    keys = {title_key(column.title): column.key for column in COLUMNS}
    best: dict[str, int] = {}
    for number, row in sheet.rows():
        places: dict[str, int] = {}
        for place, cell in enumerate(row, 1):
            key = keys.get(title_key(str(cell))) if cell is not None else None
            if key is not None:
                places.setdefault(key, place)
        if len(places) == len(COLUMNS):
            return number, places
        best = places if len(places) > len(best) else best
        if number > HEADER_ROW + 20:
            break
    missing = "、".join(column.title for column in COLUMNS if column.key not in best)
    raise DrawbridgeError("DB-ENTRY-005", path=path, missing=missing)
