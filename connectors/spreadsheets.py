"""Import of the three lists from spreadsheets: every row becomes a record or is refused with its reason.

read = accepted + quarantined, always.  A row that is empty from end to end is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from connectors import cells, records
from connectors.cells import Findings
from connectors.profile import Profile, SheetRule
from connectors.protocols import RefusedRow
from connectors.records import Accepted, Keyed
from connectors.spreadsheet_columns import DoubledColumn, Header, NoHeader, find_header, title_key
from connectors.spreadsheet_files import Cells, Opened, Sheet, open_table
from schemas.codes import ObjectKind
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from schemas.inspector import Inspector
from schemas.item import InspectionItem

R = TypeVar("R")
Progress = Callable[[int], None]
_PROGRESS_EVERY = 1_000


@dataclass(frozen=True)
class Import(Generic[R]):
    """What came of one file. `encoding`: how its text was written; `notes`: what was noticed, by row."""

    accepted: tuple[Accepted[R], ...]
    quarantined: tuple[RefusedRow, ...]
    encoding: str
    notes: tuple[str, ...] = field(default=())

    @property
    def read(self) -> int:
        """Rows of data in the file."""
        return len(self.accepted) + len(self.quarantined)

    @property
    def normalised(self) -> int:
        """Accepted rows that were repaired."""
        return sum(1 for row in self.accepted if row.repairs)

    @property
    def records(self) -> tuple[R, ...]:
        """The accepted records, in the file's order."""
        return tuple(row.record for row in self.accepted)


def import_entities(
    path: Path, profile: Profile, *, as_projects: bool = False, progress: Progress | None = None
) -> Import[Entity | ProjectObject]:
    """抽查对象名录: enterprises, or projects where the table has a column of project names.

    `as_projects`: each enterprise is one project, its code the project's number.

    Raises DrawbridgeError DB-INPUT-001 to -009 for the file; rows are refused one by one.
    """

    def read(fields: Mapping[str, object], found: Findings) -> Entity | ProjectObject:
        if as_projects:
            code = cells.code(fields.get("uscc"), Findings())
            fields = {**fields, "object_id": code, "project_name": fields.get("ent_name")}
        kind = ObjectKind.PROJECT if "project_name" in fields else ObjectKind.ENTERPRISE
        return records.read_object(fields, profile, kind, found)

    return _import(path, profile.spreadsheets.entity, read, records.object_keyed, progress)


def import_inspectors(
    path: Path,
    profile: Profile,
    *,
    dept_codes: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Import[Inspector]:
    """执法检查人员名录. `dept_codes`: a department's name -> its code, for tables that give names only.

    Raises DrawbridgeError DB-INPUT-001 to -009 for the file; rows are refused one by one.
    """

    def read(fields: Mapping[str, object], found: Findings) -> Inspector:
        return records.read_inspector(_with_dept(fields, dept_codes), profile, found)

    return _import(path, profile.spreadsheets.inspector, read, records.inspector_keyed, progress)


def import_items(
    path: Path,
    profile: Profile,
    *,
    dept_codes: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Import[InspectionItem]:
    """随机抽查事项清单. `dept_codes` as for `import_inspectors`.

    Raises DrawbridgeError DB-INPUT-001 to -009 for the file; rows are refused one by one.
    """

    def read(fields: Mapping[str, object], found: Findings) -> InspectionItem:
        return records.read_item(_with_dept(fields, dept_codes), profile, found)

    return _import(path, profile.spreadsheets.item, read, records.item_keyed, progress)


def _with_dept(fields: Mapping[str, object], dept_codes: Mapping[str, str] | None) -> dict[str, object]:
    result = dict(fields)
    name = result.pop("dept_name", None)
    if cells.is_empty(result.get("dept_code")) and isinstance(name, str) and dept_codes:
        written = cells.name_key(name)
        known = (code for full, code in dept_codes.items() if cells.name_key(full) == written)
        result["dept_code"] = next(known, None)
    return result


def _import(
    path: Path,
    rule: SheetRule,
    read: Callable[[Mapping[str, object], Findings], R],
    keyed: Callable[[int, R, Mapping[str, object]], Keyed],
    progress: Progress | None,
) -> Import[R]:
    opened = open_table(path)
    sheet, header = _table_with_header(path, opened, rule)
    accepted: list[Accepted[R]] = []
    refused: list[RefusedRow] = []
    raws: dict[int, dict[str, object]] = {}
    for count, (number, row) in enumerate(_data(sheet, header), 1):
        raw = _raw(row, header)
        outcome = records.take_row(number, raw, partial(_read_row, row, header, sheet.exact_width, read))
        if isinstance(outcome, RefusedRow):
            refused.append(outcome)
        else:
            accepted.append(outcome)
            raws[number] = raw
        if progress is not None and count % _PROGRESS_EVERY == 0:
            progress(count)
    doubles = records.find_doubles(keyed(row.row_no, row.record, raws[row.row_no]) for row in accepted)
    out = {row.row_no for row in doubles}
    kept = tuple(row for row in accepted if row.row_no not in out)
    if not kept and not refused and not doubles:
        raise DrawbridgeError("DB-INPUT-003", path=path)
    notes = [f"第{row.row_no}行：{note}" for row in kept for note in row.notes]
    return Import(
        kept,
        tuple(sorted([*refused, *doubles], key=lambda row: row.row_no)),
        opened.encoding,
        (*header.notes, *notes),
    )


def _read_row(
    row: Cells,
    header: Header,
    exact_width: bool,
    read: Callable[[Mapping[str, object], Findings], R],
    found: Findings,
) -> R:
    """Raises DB-INPUT-029 (columns), -033 (the header again), and what the reader raises."""
    beyond = [cell for cell in row[header.width :] if not cells.is_empty(cell)]
    if beyond or (exact_width and len(row) < header.width):
        raise DrawbridgeError("DB-INPUT-029", found=len(row), expected=header.width)
    fields = {
        name: _unwrapped(row[column], found) if column < len(row) else None
        for name, column in header.columns.items()
    }
    repeated = [
        name
        for name, column in header.columns.items()
        if title_key(str(fields[name] or "")) == title_key(header.titles[column])
    ]
    if len(repeated) > 1:
        raise DrawbridgeError("DB-INPUT-033")
    return read(fields, found)


def _table_with_header(path: Path, opened: Opened, rule: SheetRule) -> tuple[Sheet, Header]:
    missed = NoHeader((), 0)
    for sheet in opened.sheets:
        try:
            header = find_header(sheet.rows(), rule)
        except DoubledColumn as error:
            raise DrawbridgeError("DB-INPUT-009", path=path, field=str(error)) from None
        if isinstance(header, Header):
            return sheet, header
        if len(header.seen) > len(missed.seen) or not missed.rows:
            missed = header
    raise DrawbridgeError(
        "DB-INPUT-006",
        path=path,
        rows=missed.rows,
        seen="、".join(text[:20] for text in missed.seen) or "（无）",
        needed="、".join(rule.columns[name][0] for name in rule.required),
    )


def _data(sheet: Sheet, header: Header) -> Iterator[tuple[int, Cells]]:
    for number, row in sheet.rows():
        if number >= header.first_row and not all(cells.is_empty(cell) for cell in row):
            yield number, row


def _raw(row: Cells, header: Header) -> dict[str, object]:
    """The row as it stood, by title; columns without one, or with one that is taken, by their number."""
    raw: dict[str, object] = {}
    for column in range(max(len(row), header.width)):
        title = header.titles[column] if column < header.width else ""
        if not title or title in raw:
            title = f"第{column + 1}列"
        raw[title] = _shown(row[column]) if column < len(row) else None
    return raw


def _shown(cell: object) -> object:
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else cell


_FORMULA_TEXT = re.compile(r'^="([^"]*)"$')


def _unwrapped(cell: object, found: Findings) -> object:
    """What exporters wrap round a number to keep it text: `="…"`, or an apostrophe before it."""
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    if not isinstance(cell, str):
        return cell
    match = _FORMULA_TEXT.match(cell.strip())
    if match:
        found.repairs.append("公式写法")
        return match[1]
    if cell[:1] == "'" and cell[1:].strip().isalnum() and cell.isascii():
        found.repairs.append("公式写法")
        return cell[1:]
    return cell
