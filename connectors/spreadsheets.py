"""Import of the three lists from spreadsheets: every row becomes a record or is refused with its reason.

read = accepted + quarantined, always.  A row that is empty from end to end is none.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from connectors.spreadsheet_gate import MAX_ROWS
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
        stated = cells.coded(profile.codes["object_kind"], fields.get("object_kind"), "object_kind", found)
        # A list of both kinds says in each row which it is; others tell by their columns.
        is_project = stated == ObjectKind.PROJECT if stated else "project_name" in fields
        kind = ObjectKind.PROJECT if is_project else ObjectKind.ENTERPRISE
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


def entity_table(path: Path, profile: Profile) -> Iterator[list[str]]:
    """A list of objects as it stands, under the profile's own column names; the header comes first.

    For whoever takes the rows raw, dirt included: what may lie above the header, in two rows or under another
    name is settled as `import_entities` settles it.  Raises DrawbridgeError DB-INPUT-001 to -009, -042 to
    -046.
    """
    rule = profile.spreadsheets.entity
    sheet, header = table_with_header(path, open_table(path), rule)
    names = {column: rule.columns[name][0] for name, column in header.columns.items()}
    yield [names.get(column, title) for column, title in enumerate(header.titles)]
    for _, row in _data(sheet, header):
        yield ["" if cell is None else _plainly(cell) for cell in row]


def _plainly(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**15:
        return str(int(cell))
    return str(cell.date() if isinstance(cell, datetime) else cell)


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
    sheet, header = table_with_header(path, opened, rule)
    accepted: list[Accepted[R]] = []
    refused: list[RefusedRow] = []
    rows: dict[int, Cells] = {}
    read_row = _Reader(header, sheet.exact_width, read)
    with _without_collection():
        for count, (number, row) in enumerate(_data(sheet, header), 1):
            if count > MAX_ROWS:
                raise DrawbridgeError("DB-INPUT-045", path=path, cap=MAX_ROWS)
            outcome = read_row.take(number, row)
            if isinstance(outcome, RefusedRow):
                refused.append(outcome)
            else:
                accepted.append(outcome)
                rows[number] = row
            if progress is not None and count % _PROGRESS_EVERY == 0:
                progress(count)
    # What a row held is told of the few that are refused alone.
    doubles = [
        replace(double, raw=_raw(rows[double.row_no], header))
        for double in records.find_doubles(keyed(row.row_no, row.record, {}) for row in accepted)
    ]
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


@contextmanager
def _without_collection() -> Iterator[None]:
    """Keeps Python from looking for cycles among a hundred thousand records, which have none.

    It is a quarter of the time; what holds cycles elsewhere is found a few seconds later.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Reader(Generic[R]):
    """Reads the rows under one header; what is the same for all of them is worked out once."""

    def __init__(
        self, header: Header, exact_width: bool, read: Callable[[Mapping[str, object], Findings], R]
    ) -> None:
        self._header, self._exact_width, self._read_fields = header, exact_width, read
        self._columns = tuple(header.columns.items())
        self._titles = tuple((column, title_key(header.titles[column])) for _, column in self._columns)
        # Such characters have no other width or case under which they could stand in a cell.
        self._titles_are_chinese = all("\u4e00" <= title[:1] <= "\u9fff" for _, title in self._titles)
        self._firsts = tuple(title[:1] for _, title in self._titles)

    def take(self, number: int, row: Cells) -> Accepted[R] | RefusedRow:
        """The row as a record, or why it is refused."""
        is_plain = self._is_plain(row)
        if not is_plain:
            for cell in row:
                if type(cell) is str and len(cell) > records.MAX_FIELD_CHARACTERS:
                    return records.take_row(number, _raw(row, self._header), partial(self._read, row, False))
        found = Findings()
        try:
            record = self._read(row, is_plain, found)
        except DrawbridgeError as error:
            return RefusedRow(number, error.code, error.zh, _raw(row, self._header))
        repairs, notes = found.repairs, found.notes
        return Accepted(
            number,
            record,
            tuple(dict.fromkeys(repairs)) if repairs else (),
            tuple(dict.fromkeys(notes)) if notes else (),
        )

    def _is_plain(self, row: Cells) -> bool:
        """Whether nothing in the row needs unwrapping, no cell is huge and none repeats the header.

        One look at all of its text at once, which is what makes a hundred thousand rows quick.
        """
        try:
            text = "".join(row)  # type: ignore[arg-type]
        except TypeError:  # a number, a date, an empty cell
            text = "".join([cell for cell in row if type(cell) is str])
        return (
            len(text) <= records.MAX_FIELD_CHARACTERS
            and '="' not in text
            and "'" not in text
            and self._titles_are_chinese
            and sum([first in text for first in self._firsts]) < 2
        )

    def _read(self, row: Cells, is_plain: bool, found: Findings) -> R:
        """Raises DB-INPUT-029 (columns), -033 (the header again), and what the reader raises."""
        width, length = self._header.width, len(row)
        if length > width and any(not cells.is_empty(cell) for cell in row[width:]):
            raise DrawbridgeError("DB-INPUT-029", found=length, expected=width)
        if self._exact_width and length < width:
            raise DrawbridgeError("DB-INPUT-029", found=length, expected=width)
        if is_plain and length >= width:
            return self._read_fields({name: _timeless(row[column]) for name, column in self._columns}, found)
        fields = {
            name: _unwrapped(row[column], found) if column < length else None
            for name, column in self._columns
        }
        if self._repeats_header(row):
            raise DrawbridgeError("DB-INPUT-033")
        return self._read_fields(fields, found)

    def _repeats_header(self, row: Cells) -> bool:
        """Whether more than one cell says what stands above it."""
        said = [
            title_key(str(row[column] or "")) == title for column, title in self._titles if column < len(row)
        ]
        return sum(said) > 1


def table_with_header(path: Path, opened: Opened, rule: SheetRule) -> tuple[Sheet, Header]:
    """The first sheet with the columns that the rule asks for, and where they are.

    Raises DrawbridgeError DB-INPUT-006 if there is none, -009 if a column is there twice.
    """
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
        if number >= header.first_row and not all(map(cells.is_empty, row)):
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


def _timeless(cell: object) -> object:
    return str(cell) if isinstance(cell, (time, timedelta)) else cell


_FORMULA_TEXT = re.compile(r'^="((?:[^"]|"")*)"$')


def wrapped(text: str) -> str:
    """A text as it must stand in a cell, so that the import takes nothing off it that belongs to it."""
    return text if _unwrapped(text, Findings()) == text else '="' + text.replace('"', '""') + '"'


def _unwrapped(cell: object, found: Findings) -> object:
    """What exporters wrap round a number to keep it text: `="…"`, or an apostrophe before it."""
    if isinstance(cell, (time, timedelta)):
        return str(cell)
    if not isinstance(cell, str) or ('="' not in cell and cell[:1] != "'"):
        return cell
    match = _FORMULA_TEXT.match(cell.strip())
    if match:
        found.repairs.append("公式写法")
        return match[1].replace('""', '"')
    if cell[:1] == "'" and cell[1:].strip().isalnum() and cell.isascii():
        found.repairs.append("公式写法")
        return cell[1:]
    return cell
