"""分组名册: who visits whom, for the office and for each department."""

from __future__ import annotations

from pathlib import Path

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from documents.group_sheet import write_group_sheet
from documents.printed_workbook import lines, row_height, sheet_name
from tests.documents.papers import FORMULA, RARE, campaign, form


def rows(sheet: Worksheet) -> list[list[object]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]


def test_a_sheet_for_all_and_one_for_each_department(tmp_path: Path) -> None:
    path = tmp_path / "分组名册.xlsx"
    write_group_sheet(path, campaign(), [form(1), form(3), form(2)])
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["分组名册", "清河县水务局", "清河县市场监督管理局"]
    everybody = rows(book["分组名册"])
    assert [row[0] for row in everybody] == ["1", "2", "3"]
    assert everybody[0][2] == (
        "清河县水务局：试验员SW1（0301）、试验员SW2（0302）\n清河县市场监督管理局：试验员SC1（0401）、试验员SC2"
    )
    assert everybody[0][7] == (
        "清河县水务局：生产建设项目水土保持审批的后续监管\n清河县市场监督管理局：登记事项检查、公示信息检查"
    )
    market = rows(book["清河县市场监督管理局"])
    assert len(market) == 6
    assert [row[0] for row in market] == ["试验员SC1", "试验员SC2"] * 3
    assert market[0][8:] == ["登记事项检查\n公示信息检查", "营业执照"]


def test_it_prints_on_a4_across_and_says_that_it_names_people(tmp_path: Path) -> None:
    path = tmp_path / "分组名册.xlsx"
    write_group_sheet(path, campaign(), [form(1)])
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert (str(sheet.page_setup.paperSize), sheet.page_setup.orientation) == ("9", "landscape")
    assert sheet.print_title_rows == "$1:$3"
    assert "个人信息" in str(sheet.oddFooter.left.text)
    assert path.stat().st_mode & 0o777 == 0o600


def test_names_are_text_whatever_they_look_like(tmp_path: Path) -> None:
    path = tmp_path / "分组名册.xlsx"
    write_group_sheet(path, campaign(), [form(1, ent_name="=1+1"), form(4, ent_name=RARE, address=FORMULA)])
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [row[3] for row in rows(sheet)] == ["=1+1", RARE]
    assert {cell.data_type for row in sheet.iter_rows(min_row=4) for cell in row} == {"s"}


def test_sheet_names_are_such_as_a_spreadsheet_program_takes() -> None:
    assert sheet_name("History", []) == "History~2"
    assert sheet_name("'甲'", []) == "甲"
    assert sheet_name("", []) == "表"
    assert sheet_name("ABC", ["abc"]) == "ABC~2"
    assert sheet_name("号" * 40 + "尾", [], keep_end=True) == "号" * 30 + "尾"
    assert len(sheet_name("长" * 40, ["长" * 31])) == 31
    assert sheet_name("𠮷" * 20, []) == "𠮷" * 15


def test_a_chinese_character_is_two_wide_and_a_row_grows_with_its_text() -> None:
    assert lines("清河" * 5, 21.5) == 1
    assert lines("清河" * 6, 21.5) == 2
    assert lines("一\n\n二", 20) == 3
    assert row_height(("短", 20)) < row_height(("很长的文字" * 10, 20))
    assert row_height(("长" * 9_999, 10)) <= 409
