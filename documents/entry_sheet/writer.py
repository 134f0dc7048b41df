"""Makes an entry sheet: drop-downs, advice, locked header and rows, hidden ids."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import xlsxwriter

from documents.entry_sheet.columns import (
    CODES_SHEET,
    COLUMN,
    COLUMNS,
    ENTRY_SHEET,
    HEADER_ROW,
    HELP_SHEET,
    LAYOUT,
    ORIGIN_SHEET,
    Column,
    choices,
)
from documents.entry_sheet.entered import entered_cells
from documents.entry_sheet.rows import EntryRow
from documents.printed_workbook import A4
from schemas.campaign import Campaign, Department
from schemas.result import ItemResult

_MOST_TEXT = 2_000
_LAST_DAY = date(2099, 12, 31)
_TEXT = {"font_name": "宋体", "font_size": 10.5, "text_wrap": True, "valign": "vcenter", "border": 1}
_STYLES: dict[str, dict[str, object]] = {
    "given": {"num_format": "@", "quote_prefix": True, "bg_color": "#F2F2F2"},
    "open": {"num_format": "@", "quote_prefix": True, "locked": False},
    "date": {"num_format": "yyyy-mm-dd", "locked": False, "align": "center"},
    "time": {"num_format": "hh:mm", "locked": False, "align": "center"},
    "head": {"bold": True, "align": "center", "bg_color": "#D9E1F2", "num_format": "@"},
    "must": {"bold": True, "align": "center", "bg_color": "#FFE699", "num_format": "@"},
}
_ADVICE = (
    "1. 一行是一户企业的一个事项。灰色的格已经填好，不能改；黄色表头的列必须填写。",
    "2. 检查日期、签字情况、检查人员等说明整个检查的列，同一户只填第一行，其余各行留空即与第一行相同。",
    "3. 还没有检查的，整行留空，下次再填。没有填就是没有结果，系统不会当作“未发现问题”。",
    "4. 有下拉表的格请从下拉表中选择；日期按 2024-06-20 的样子输入，不要写成文字。",
    "5. 不要删行、加行、改表头。企业和事项以一企一表为准。",
    "6. 发现问题的，写明问题并选择处置情况；拒绝签字的，写明情况。",
    "7. 填完交回后由系统导入。有一处填错，整张表都不导入，错处会逐格标出；改正后再导入。重复导入不会重复。",
    "8. 本表有执法人员姓名，请按内部资料保管，用后删除。",
)


def entry_sheet(
    campaign: Campaign,
    department: Department,
    rows: Sequence[EntryRow],
    *,
    drawn_on: date,
    made_on: date,
    held: Mapping[str, ItemResult] | None = None,
) -> bytes:
    """The workbook as bytes.

    `held`: results that are recorded already, by row id; they are filled in.  `drawn_on` (Shanghai date) is
    the first day that a visit can have; `made_on` stands in the file's properties.
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    book = xlsxwriter.Workbook(buffer, options)
    title = f"{campaign.name}　{department.name}结果录入表"
    book.set_properties({"title": title, "created": datetime.combine(made_on, time(), UTC)})
    styles = {name: book.add_format(_TEXT | style) for name, style in _STYLES.items()}
    _fill(book, styles, title, rows, held or {}, drawn_on)
    _help(book, title)
    _codes(book)
    _origin(book, campaign, department, rows, made_on)
    book.close()
    return buffer.getvalue()


def _fill(
    book: Any,
    styles: Mapping[str, Any],
    title: str,
    rows: Sequence[EntryRow],
    held: Mapping[str, ItemResult],
    drawn_on: date,
) -> None:
    sheet = book.add_worksheet(ENTRY_SHEET)
    sheet.write_string(0, 1, title, book.add_format({"bold": True, "font_name": "黑体", "font_size": 14}))
    sheet.write_string(1, 1, f"黄色表头必填；没有检查的整行留空。说明见“{HELP_SHEET}”。")
    for position, column in enumerate(COLUMNS):
        sheet.set_column(position, position, column.width, None, {"hidden": column.key == "row_id"})
        head = styles["must" if column.required else "head"]
        sheet.write_string(HEADER_ROW - 1, position, column.title, head)
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        first = row.uscc not in seen
        seen.add(row.uscc)
        known = entered_cells(held[row.row_id], row) if row.row_id in held else {}
        values = _given(number, row, first) | known
        for position, column in enumerate(COLUMNS):
            _put(sheet, styles, HEADER_ROW - 1 + number, position, column, values.get(column.key))
    last = HEADER_ROW - 1 + len(rows)
    for position, column in enumerate(COLUMNS):
        rule = _validation(column, drawn_on)
        if rule is not None and rows:
            sheet.data_validation(HEADER_ROW, position, last, position, rule)
    sheet.freeze_panes(HEADER_ROW, COLUMNS.index(COLUMN["objects"]))
    sheet.autofilter(HEADER_ROW - 1, 0, last, len(COLUMNS) - 1)
    allowed = ("format_cells", "format_columns", "format_rows", "sort", "autofilter")
    sheet.protect("", dict.fromkeys(allowed, True))
    sheet.set_landscape()
    sheet.set_paper(A4)
    # Three sheets of paper side by side, each with the enterprise; it is made for the screen.
    sheet.fit_to_pages(3, 0)
    sheet.repeat_rows(HEADER_ROW - 1)
    sheet.repeat_columns(COLUMNS.index(COLUMN["number"]), COLUMNS.index(COLUMN["ent_name"]))


def _put(
    sheet: Any, styles: Mapping[str, Any], line: int, position: int, column: Column, value: object
) -> None:
    style = styles[{"given": "given", "date": "date", "time": "time"}.get(column.kind, "open")]
    if isinstance(value, (date, time)):
        sheet.write_datetime(line, position, value, style)
    elif value:
        sheet.write_string(line, position, str(value), style)
    else:
        sheet.write_blank(line, position, None, style)


def _given(number: int, row: EntryRow, first: bool) -> dict[str, object]:
    return {
        "row_id": row.row_id,
        "number": number,
        "ent_name": row.ent_name,
        "uscc": row.uscc,
        "objects": row.objects,
        "item_name": row.item_name,
        "inspectors": row.people if first else None,
    }


def _validation(column: Column, drawn_on: date) -> dict[str, Any] | None:
    """What a spreadsheet program checks while somebody types; the import checks all of it again."""
    told = {"input_title": column.title, "input_message": column.advice} if column.advice else {}
    match column.kind:
        case "coded" | "yes_no":
            rule: dict[str, Any] = {"validate": "list", "source": f"={_list_name(column)}"}
            wrong = f"“{column.title}”只能从下拉表中选择。"
        case "several":
            # Several at once are typed, so that the list only advises.
            rule = {"validate": "list", "source": f"={_list_name(column)}", "error_type": "information"}
            wrong = "几项用、隔开，每一项都按下拉表的写法。"
        case "date":
            rule = {"validate": "date", "criteria": "between", "minimum": drawn_on, "maximum": _LAST_DAY}
            wrong = f"请输入日期，如 2024-06-20，不早于 {drawn_on.isoformat()}。"
        case "time":
            rule = {
                "validate": "time",
                "criteria": "between",
                "minimum": time(0),
                "maximum": time(23, 59, 59),
            }
            wrong = "请输入时间，如 9:30。"
        case "text" | "people":
            rule = {"validate": "length", "criteria": "<=", "value": _MOST_TEXT}
            wrong = f"最多 {_MOST_TEXT} 个字符。"
        case _:
            return None
    return rule | told | {"error_title": "请核对", "error_message": wrong}


def _list_name(column: Column) -> str:
    return f"list_{column.table or 'yes_no'}"


def _help(book: Any, title: str) -> None:
    sheet = book.add_worksheet(HELP_SHEET)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 90)
    bold = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.write_string(0, 0, title, bold)
    for line, text in enumerate(_ADVICE, 2):
        sheet.write_string(line, 1, text, wrapped)
    line = len(_ADVICE) + 3
    for column in COLUMNS:
        if column.kind == "given":
            continue
        must = "（必填）" if column.required else ""
        listed = "可选：" + "、".join(choices(column)) if choices(column) else ""
        sheet.write_string(line, 0, column.title + must, bold)
        sheet.write_string(line, 1, "".join((column.advice, listed)), wrapped)
        line += 1
    sheet.protect()


def _codes(book: Any) -> None:
    """The code tables behind the drop-downs.

    They are named ranges: a list in another sheet that is named by its cells is kept by some programs in an
    extension that others drop.
    """
    sheet = book.add_worksheet(CODES_SHEET)
    sheet.hide()
    sheet.protect()
    listed = {_list_name(column): choices(column) for column in COLUMNS if choices(column)}
    for position, (name, texts) in enumerate(listed.items()):
        sheet.write_string(0, position, name)
        for line, text in enumerate(texts, 1):
            sheet.write_string(line, position, text)
        letter = chr(ord("A") + position)
        book.define_name(name, f"='{CODES_SHEET}'!${letter}$2:${letter}${len(texts) + 1}")


def _origin(
    book: Any, campaign: Campaign, department: Department, rows: Sequence[EntryRow], made_on: date
) -> None:
    """What the sheet is of, and which rows it was made with, so that one that is missing is noticed."""
    sheet = book.add_worksheet(ORIGIN_SHEET)
    sheet.very_hidden()
    sheet.protect()
    facts = {
        "layout": LAYOUT,
        "task": campaign.task_id,
        "department": department.code,
        "made": made_on.isoformat(),
    }
    lines = [*facts.items(), *((f"row {number}", row.row_id) for number, row in enumerate(rows, 1))]
    for line, (name, value) in enumerate(lines):
        sheet.write_string(line, 0, name)
        sheet.write_string(line, 1, value)
