"""Published annual inspection plans as tables (.csv, .xlsx, .xls), one task a line.

Offices merge cells and write 同上: a blank authority or source is the one above, as a merged cell is
read.  read = rows + refused, always; a line that is empty from end to end is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors import cells
from connectors.profile import SheetRule
from connectors.protocols import RefusedRow
from connectors.spreadsheet_columns import Header
from connectors.spreadsheet_files import Cells, open_table
from connectors.spreadsheets import table_with_header
from rules.plan_rows import PlanRow
from schemas.errors import DrawbridgeError

COLUMNS = SheetRule(
    required=("subject",),
    columns={
        "subject": (
            "年度计划名称/抽查事项", "抽查事项", "抽查事项名称", "计划名称", "年度计划名称",
            "抽查计划名称", "检查事项", "抽查任务名称", "任务名称", "抽查项目",
        ),
        "lead": ("检查主体", "牵头部门", "发起部门", "实施主体", "抽查主体", "责任单位", "牵头单位"),
        "others": ("参与部门", "协同部门", "配合部门", "联合部门", "参与单位"),
        "object_kind": ("对象类型", "抽查对象类型", "抽查对象", "检查对象"),
        "base": ("抽查基数", "对象基数", "基数", "对象总数"),
        "ratio": ("抽查比例", "检查比例", "比例", "抽取比例", "抽查比例和频次", "抽查比例、频次"),
        "frequency": ("抽查频次", "检查频次", "频次", "抽查频率"),
        "count": ("抽查数量", "检查数量", "数量", "抽查户数", "抽取数量"),
        "when": ("时间", "抽查时间", "检查时间", "实施时间", "完成时限", "抽查时段"),
        "source": ("plan_source", "来源", "计划来源"),
    },
)  # fmt: skip
"""Our fields -> the headers that offices write for them."""

_SAME = ("同上", "〃", "″", '"')
_FILLED_DOWN = ("lead", "source")


@dataclass(frozen=True)
class PlanTable:
    """The lines of a table, those refused, and how its text was written."""

    rows: tuple[PlanRow, ...]
    refused: tuple[RefusedRow, ...]
    raws: Mapping[int, dict[str, object]]
    notes: tuple[str, ...]
    encoding: str


def read_plan_table(path: Path) -> PlanTable:
    """Reads a plan table; `raws` is each line as it stood, by its number.

    Raises DrawbridgeError DB-INPUT-001 to -009 for the file; lines are refused one by one
    (DB-ANNUAL-001, -002).
    """
    opened = open_table(path)
    sheet, header = table_with_header(path, opened, COLUMNS)
    rows: list[PlanRow] = []
    refused: list[RefusedRow] = []
    raws: dict[int, dict[str, object]] = {}
    notes: list[str] = list(header.notes)
    above: dict[str, str] = {}
    for number, row in sheet.rows():
        if number < header.first_row or all(cells.is_empty(cell) for cell in row):
            continue
        raws[number] = _raw(row, header)
        try:
            fields = _fields(row, header, exact=sheet.exact_width)
        except DrawbridgeError as error:
            refused.append(RefusedRow(number, error.code, error.zh, raws[number]))
            continue
        notes += [f"第{number}行：{note}" for note in _fill_down(fields, above)]
        rows.append(PlanRow(row_no=number, subject=str(fields.pop("subject")), **fields))
    if not rows and not refused:
        raise DrawbridgeError("DB-INPUT-003", path=path)
    return PlanTable(tuple(rows), tuple(refused), raws, tuple(notes), opened.encoding)


def _fields(row: Cells, header: Header, *, exact: bool) -> dict[str, str | None]:
    """The cells by field. Raises DB-ANNUAL-001 (no item), -002 (columns)."""
    beyond = [cell for cell in row[header.width :] if not cells.is_empty(cell)]
    if beyond or (exact and len(row) < header.width):
        raise DrawbridgeError("DB-ANNUAL-002", found=len(row), expected=header.width)
    fields: dict[str, str | None] = dict.fromkeys(COLUMNS.columns)
    for name, column in header.columns.items():
        fields[name] = _text(row[column] if column < len(row) else None, name)
    if fields["subject"] is None:
        raise DrawbridgeError("DB-ANNUAL-001")
    return fields


def _text(cell: object, name: str) -> str | None:
    """A cell as it was meant: a ratio that the spreadsheet holds as a number is a share of one."""
    if cells.is_empty(cell):
        return None
    if isinstance(cell, float) and name == "ratio" and 0 < cell <= 1:
        return f"{cell:.6f}".rstrip("0").rstrip(".") if cell < 1 else "100%"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


def _fill_down(fields: dict[str, str | None], above: dict[str, str]) -> Iterator[str]:
    """Blank or 同上: the cell above, unless the source has changed."""
    source = fields["source"]
    if source is not None and source not in _SAME and source != above.get("source"):
        above.clear()
    for name in _FILLED_DOWN:
        value = fields[name]
        if value is None or value in _SAME:
            fields[name] = above.get(name)
            if value is None and name == "lead" and name in above:
                yield f"检查主体空白，取上一行的“{above[name]}”"
        else:
            above[name] = value


def _raw(row: Cells, header: Header) -> dict[str, object]:
    raw: dict[str, object] = {}
    for column in range(max(len(row), header.width)):
        title = header.titles[column] if column < header.width else ""
        if not title or title in raw:
            title = f"第{column + 1}列"
        raw[title] = str(row[column]) if column < len(row) and row[column] is not None else None
    return raw
