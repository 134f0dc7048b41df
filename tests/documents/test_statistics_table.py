"""The annex of the notice, read back from the sheet and from Markdown."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from documents.statistics_table import GROUPS, write_statistics
from rules.statistics import COLUMNS, annex_table
from schemas.errors import DrawbridgeError
from tests.documents.papers import campaign, form, row

ROWS = [
    row("清河县水务局", 15, 6, 3, 2, 1, 0, 1, 4),
    row("清河县市场监督管理局", 15, 6, 2, 2, 0, 1, 0, 0),
    row("清河县合计（去重）", 15, 12, 5, 3, 1, 1, 1, 4),
]


def sheet_of(tmp_path: Path, rows: list[dict[str, str | int]]) -> Worksheet:
    workbook, _ = write_statistics(tmp_path, campaign(), rows)
    sheet = openpyxl.load_workbook(workbook).active
    assert isinstance(sheet, Worksheet)
    return sheet


def test_the_heads_are_the_annex_s_in_two_rows(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, ROWS)
    assert sheet["A1"].value == "全县“双随机、一公开”部门联合抽查统计表"
    upper = [cell.value for cell in sheet[3]]
    lower = [cell.value for cell in sheet[4]]
    assert upper == [
        "报表单位",
        "随机抽查企业\n（户）",
        "随机抽取执法人员\n（人）",
        "发现问题",
        None,
        "抽查结果处理",
        None,
        None,
        "现场解答疑难问题\n（户）",
    ]
    assert lower == [
        None,
        None,
        None,
        "发现问题事项\n（项）",
        "发现问题企业\n（个）",
        "行政指导\n（户）",
        "应列异常名录\n（户）",
        "涉嫌违法应立案调查\n（户）",
        None,
    ]
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A1:I1", "A3:A4", "B3:B4", "C3:C4", "D3:E3", "F3:H3", "I3:I4"} <= merged


def test_every_column_of_the_rules_is_printed_once() -> None:
    assert [key for _, keys in GROUPS for key in keys] == list(COLUMNS)


def test_counts_are_numbers_in_the_rows_given(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, ROWS)
    printed = [[cell.value for cell in sheet[number]] for number in (5, 6, 7)]
    assert printed == [list(row.values()) for row in ROWS]
    assert sheet["B5"].data_type == "n"


def test_it_prints_on_one_width_of_a4(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, ROWS)
    assert (str(sheet.page_setup.paperSize), sheet.page_setup.orientation) == ("9", "landscape")
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (None, 0)  # one page wide
    assert sheet.print_title_rows == "$1:$4"


def test_a_unit_s_name_is_never_a_formula_nor_a_column_of_its_own(tmp_path: Path) -> None:
    odd = row("=1+1|局", 0, 0, 0, 0, 0, 0, 0, 0)
    workbook, markdown = write_statistics(tmp_path, campaign(), [odd])
    sheet = openpyxl.load_workbook(workbook).active
    assert isinstance(sheet, Worksheet)
    assert (sheet["A5"].value, sheet["A5"].data_type) == ("=1+1|局", "s")
    line = next(line for line in markdown.read_text("utf-8").splitlines() if "1+1" in line)
    assert line == "| =1+1\\|局 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |"


def test_the_markdown_says_the_same(tmp_path: Path) -> None:
    _, markdown = write_statistics(tmp_path, campaign(), ROWS)
    text = markdown.read_text("utf-8")
    assert text.startswith("# 全县“双随机、一公开”部门联合抽查统计表\n")
    assert "清双随机办〔2024〕22号" in text
    assert "| 报表单位 | 随机抽查企业(户) | 随机抽取执法人员(人) | 发现问题 / 发现问题事项(项) |" in text
    assert "| 清河县合计（去重） | 15 | 12 | 5 | 3 | 1 | 1 | 1 | 4 |" in text


def test_the_rows_of_the_rules_are_taken_as_they_are(tmp_path: Path) -> None:
    table = annex_table(campaign(), [form(1), form(2)], [])
    sheet = sheet_of(tmp_path, table.rows)
    assert [sheet.cell(number, 1).value for number in (5, 6, 7)] == [
        "清河县水务局",
        "清河县市场监督管理局",
        "清河县合计（去重）",
    ]
    assert [sheet.cell(7, column).value for column in (2, 3)] == [2, 4]


def test_both_files_stay_as_they_were_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        write_statistics(tmp_path / "没有", campaign(), ROWS)
    assert caught.value.code == "DB-CLI-004"
