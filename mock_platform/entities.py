"""A directory file as a county keeps it (.csv or .xlsx), taken in raw, row by row, dirt included."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from mock_platform.credit_code import as_meant
from mock_platform.directory import blank_row, internal_id
from mock_platform.plan import CampaignPlan

Row = dict[str, Any]
Cells = list[str | None]

# Column of the platform -> headers that mean it.
_HEADERS: dict[str, tuple[str, ...]] = {
    "uniscid": ("统一社会信用代码", "社会信用代码", "信用代码", "统一代码", "统一社会信用代码/注册号"),
    "entName": ("企业名称", "企业（机构）名称", "机构名称", "市场主体名称", "单位名称", "名称"),
    "estDate": ("注册日期", "成立日期", "成立时间", "登记日期"),
    "dom": ("住所", "地址", "住所（经营场所）", "经营场所", "注册地址"),
    "entType": ("企业类型", "主体类型", "类型"),
    "opScope": ("经营范围", "业务范围"),
    "regNo": ("注册号", "工商注册号"),
    "regState": ("登记状态", "企业状态", "经营状态"),
    "regOrg": ("登记机关",),
    "industry": ("行业", "所属行业", "行业代码"),
    "leRep": ("法定代表人", "负责人", "经营者"),
    "tel": ("联系电话", "电话"),
    "riskGrade": ("风险等级", "信用风险等级", "信用风险分类"),
    "admCode": ("行政区划代码", "区划代码"),
}
_COLUMN = {header: column for column, headers in _HEADERS.items() for header in headers}
_SEARCHED_ROWS = 10


def read_objects(path: Path, plan: CampaignPlan, seed: int, as_projects: bool) -> list[Row]:
    """One directory row for each row of the file below its header.

    Raises ValueError if no header row with a name and a code is found, OSError if the file cannot be read.
    """
    table = _workbook(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _csv(path.read_bytes())
    start, columns = _header(table, path)
    return [
        _row(plan, seed, as_projects, dict(zip(columns, cells, strict=False)))
        for cells in table[start + 1 :]
        if any(cell is not None and cell.strip() for cell in cells)
    ]


def _row(plan: CampaignPlan, seed: int, as_projects: bool, known: dict[str, str | None]) -> Row:
    known.pop("", None)
    row = blank_row(plan, "2" if as_projects else "1")
    row.update({column: None if value in (None, "", "N/A") else value for column, value in known.items()})
    code = row["uniscid"]
    row["objectId"] = code
    row["pripId"] = internal_id(seed, as_meant(code)) if code else None
    if as_projects:
        row["projectName"] = row["ownerName"] = row["entName"]
        row["ownerUniscid"] = code
        row["tags"] = list(plan.tags)
    return row


def _header(table: list[Cells], path: Path) -> tuple[int, list[str]]:
    for number, cells in enumerate(table[:_SEARCHED_ROWS]):
        columns = [_COLUMN.get((cell or "").strip(), "") for cell in cells]
        if {"uniscid", "entName"} <= set(columns):
            return number, columns
    raise ValueError(f"{path.name} 没有同时含名称和统一社会信用代码的表头")


def _csv(raw: bytes) -> list[Cells]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030")
    return [list(cells) for cells in csv.reader(io.StringIO(text, newline=""))]


def _workbook(path: Path) -> list[Cells]:
    from openpyxl import load_workbook  # only where a workbook is read: it takes a while to load

    sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
    return [[_cell(value) for value in cells] for cells in sheet.iter_rows(values_only=True)]


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.5g}".replace("e+", "E+") if value >= 1e15 else f"{value:g}"
    return str(value.date()) if hasattr(value, "date") else str(value)
