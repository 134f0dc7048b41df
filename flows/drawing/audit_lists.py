"""Reading what a platform lets one export: the list, what was drawn, and who went.

Tables as offices save them: .csv with commas, tabs or semicolons in UTF-8 or GB18030, .xlsx, .xls; with a
header or without one.  Inspectors are told apart and never named further on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from connectors.profile import SheetRule
from connectors.spreadsheet_columns import DoubledColumn, Header, find_header
from connectors.spreadsheet_files import Cells, Sheet, open_table
from draw.audit.listing import Drawn, Listing, Visit
from draw.audit.traits import by_day, by_size, by_word
from schemas.errors import DrawbridgeError

OBJECT = {
    "uscc": ("统一社会信用代码", "统一社会信用代码/注册号", "社会信用代码", "信用代码", "uscc", "code"),
    "object_id": (
        "对象编号", "抽查对象编号", "项目编号", "主体身份代码", "审批文号", "object_id", "object", "id",
    ),
    "name": ("抽查对象名称", "抽查对象", "企业名称", "市场主体名称", "单位名称", "项目名称", "名称", "name"),
}  # fmt: skip
TRAITS: dict[str, tuple[str, ...]] = {
    "township": ("乡镇", "乡镇街道", "乡镇(街道)", "所属乡镇", "镇街", "街道", "片区", "township", "town"),
    "size": ("规模", "企业规模", "规模类型", "从业人数", "注册资本", "注册资本(金)", "size", "capital"),
    "registered": (
        "注册日期", "成立日期", "登记日期", "registered", "registration_date", "est_date", "founded",
    ),
}  # fmt: skip
STRATUM = ("层", "分层", "抽取层", "风险等级", "信用风险等级", "风险分类", "stratum", "risk_grade", "grade")
INSPECTOR = (
    "人员编号", "执法证号", "执法证件号", "执法检查人员", "检查人员", "执法人员", "inspector_id", "inspector",
)  # fmt: skip
ROUND = (
    "抽取",
    "抽取批次",
    "批次",
    "轮次",
    "任务编号",
    "抽取日期",
    "检查日期",
    "round",
    "draw",
    "batch",
    "date",
)

_CLASSES: dict[str, Callable[[Sequence[str]], list[str]]] = {
    "township": by_word,
    "size": by_size,
    "registered": by_day,
}
_SEPARATORS = re.compile(r"[、,，;；/\s]+")
_LAST_NUMBER = re.compile(r"(\d+)(\D*)$")


@dataclass(frozen=True)
class Table:
    """A file's columns by field. `first`: what stands in the first column; `titled`: it has a header."""

    path: Path
    fields: Mapping[str, tuple[str, ...]]
    first: tuple[str, ...]
    titled: bool


@dataclass(frozen=True)
class Lists:
    """All that was given, by one kind of id. `key`: the field that it stands in; "" the first column."""

    listing: Listing
    draws: tuple[Drawn, ...]
    visits: tuple[Visit, ...]
    key: str


def read_lists(
    eligible: Path,
    drawn: Sequence[Path],
    *,
    teams: Sequence[Path] = (),
    serials: Sequence[int] | None = None,
    id_column: str | None = None,
    in_strata: bool = True,
) -> Lists:
    """The list in its order, the draws in the order given, the visits.

    Objects are matched by the column that finds most of the drawn ones in the list.  `in_strata`: whether a
    column of strata means that the draw was made in strata.  Raises DrawbridgeError DB-INPUT-001 to -009 for
    a file, DB-CHANCE-007 (as many numbers as draws), -009 (columns of the teams), -010 (no column
    `id_column`), -011 (a file given twice).
    """
    if serials is not None and len(serials) != len(drawn):
        raise DrawbridgeError("DB-CHANCE-007", count=len(serials), draws=len(drawn))
    twice = next((path for path in drawn if [one.resolve() for one in drawn].count(path.resolve()) > 1), None)
    if twice is not None:
        raise DrawbridgeError("DB-CHANCE-011", path=twice)
    whole = read_table(eligible, id_column)
    parts = [read_table(path, id_column) for path in drawn]
    key = _key(whole, parts)
    whole = _with_ids_only(whole, key)
    names = [path.stem for path in drawn]
    numbers = serials if serials is not None else serials_in(names)
    draws = tuple(
        Drawn(name, _ids(part, key), numbers[index] if numbers else None)
        for index, (name, part) in enumerate(zip(names, parts, strict=True))
    )
    strata = whole.fields.get("stratum") if in_strata else None
    traits = {
        name: classify(whole.fields[name]) for name, classify in _CLASSES.items() if name in whole.fields
    }
    listing = Listing(_ids(whole, key), [one or "?" for one in strata] if strata else None, traits)
    visits = tuple(visit for path in teams for visit in read_visits(path))
    return Lists(listing, draws, visits, key)


def read_table(path: Path, id_column: str | None = None) -> Table:
    """One file: by its header's titles, or, where no title is known, as a table without one."""
    columns: dict[str, tuple[str, ...]] = {**OBJECT, **TRAITS, "stratum": STRATUM}
    if id_column is not None:
        known = {field: tuple(t for t in titles if t != id_column) for field, titles in columns.items()}
        columns = {**{field: titles for field, titles in known.items() if titles}, "given": (id_column,)}
    return _table(path, columns, id_column)


def read_visits(path: Path) -> list[Visit]:
    """Who went where: a line per inspector, or a line per visit with several in one cell.

    Without a column that tells rounds the file is one round.  Raises DrawbridgeError DB-CHANCE-009 if objects
    or inspectors have no column.
    """
    table = _table(path, {**OBJECT, "inspector": INSPECTOR, "round": ROUND}, None)
    key = next((field for field in OBJECT if field in table.fields), None)
    if key is None or "inspector" not in table.fields:
        raise DrawbridgeError("DB-CHANCE-009", path=path)
    rounds = table.fields.get("round") or ("",) * len(table.first)
    teams: dict[tuple[str, str], set[str]] = {}
    for round_name, object_id, people in zip(
        rounds, table.fields[key], table.fields["inspector"], strict=True
    ):
        members = {one for one in _SEPARATORS.split(people) if one}
        if object_id and members:
            teams.setdefault((round_name, object_id), set()).update(members)
    return [Visit(f"{path}:{where}", who, frozenset(team)) for (where, who), team in teams.items()]


def serials_in(names: Sequence[str]) -> list[int] | None:
    """The platform's numbers of the draws, if the names differ in one short number only.

    Years and days are no numbers of draws.
    """
    found = [_LAST_NUMBER.search(unicodedata.normalize("NFKC", name)) for name in names]
    if len(names) < 2 or not all(found):
        return None
    matches = [one for one in found if one]
    frames = {
        (unicodedata.normalize("NFKC", n)[: m.start(1)], m.group(2))
        for n, m in zip(names, matches, strict=True)
    }
    numbers = [int(match.group(1)) for match in matches]
    if len(frames) > 1 or any(number > 9_999 or 1_900 <= number <= 2_100 for number in numbers):
        return None
    return numbers if re.search(r"\d-?$", next(iter(frames))[0]) is None else None


def _table(path: Path, columns: Mapping[str, tuple[str, ...]], id_column: str | None) -> Table:
    rule = SheetRule(required=(), columns=dict(columns))
    sheets = open_table(path).sheets
    for sheet in sheets:
        header = _header(path, sheet, rule)
        if header is not None and (id_column is None or "given" in header.columns):
            rows = [row for number, row in sheet.rows() if number >= header.first_row]
            return _by_field(path, rows, header.columns, titled=True)
    if id_column is not None:
        raise DrawbridgeError("DB-CHANCE-010", path=path, column=id_column)
    widest = max(sheets, key=_width)
    return _by_field(path, [row for _, row in widest.rows()], {}, titled=False)


def _header(path: Path, sheet: Sheet, rule: SheetRule) -> Header | None:
    """The header, if a row names one of our columns; an object's before any other."""
    for field in rule.columns:
        try:
            found = find_header(sheet.rows(), SheetRule(required=(field,), columns=rule.columns))
        except DoubledColumn as error:
            raise DrawbridgeError("DB-INPUT-009", path=path, field=str(error)) from None
        if isinstance(found, Header):
            return found
    return None


def _width(sheet: Sheet) -> int:
    first = next(sheet.rows(), (0, list[object]()))[1]
    return len(first)


def _by_field(path: Path, rows: Sequence[Cells], columns: Mapping[str, int], *, titled: bool) -> Table:
    kept = [texts for row in rows if any(texts := [_text(cell) for cell in row])]
    if not kept:
        raise DrawbridgeError("DB-INPUT-003", path=path)
    fields = {
        field: tuple(row[column] if column < len(row) else "" for row in kept)
        for field, column in columns.items()
    }
    return Table(path, fields, tuple(row[0] if row else "" for row in kept), titled)


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, (date, datetime)):
        return cell.isoformat()[:10]
    return " ".join(unicodedata.normalize("NFKC", "" if cell is None else str(cell)).split()).lstrip("'")


def _key(whole: Table, parts: Sequence[Table]) -> str:
    """The first field that finds half of the drawn and has no doubles, as far as there is one."""
    if "given" in whole.fields:
        return "given"
    candidates = [field for field in OBJECT if field in whole.fields] or [""]

    def worth(field: str) -> tuple[bool, bool]:
        ids = _ids(whole, field)
        known = set(ids)
        drawn = [one for part in parts for one in _ids(part, field)]
        return 2 * sum(one in known for one in drawn) >= len(drawn), len(known) == len(ids)

    return max(candidates, key=worth)


def _ids(table: Table, key: str) -> tuple[str, ...]:
    """The ids of a table, empty ones left out; of the first column where the table has no such field."""
    return tuple(one.upper() if key == "uscc" else one for one in table.fields.get(key, table.first) if one)


def _with_ids_only(table: Table, key: str) -> Table:
    """Without the rows that name no object, so that all columns stay side by side."""
    kept = [index for index, one in enumerate(table.fields.get(key, table.first)) if one]
    fields = {field: tuple(column[index] for index in kept) for field, column in table.fields.items()}
    return Table(table.path, fields, tuple(table.first[index] for index in kept), table.titled)
