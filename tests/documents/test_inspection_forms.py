"""一企一表 as it comes out of the printer, read back."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from documents.inspection_forms import write_inspection_forms
from schemas.codes import CheckMethod, Disposal, ResultCode, SignatureState
from schemas.errors import DrawbridgeError
from schemas.form import FormObject
from tests.documents.papers import FORMULA, RARE, campaign, form


def written(tmp_path: Path, *forms: object) -> Workbook:
    path = tmp_path / "一企一表.xlsx"
    write_inspection_forms(path, campaign(), forms)  # type: ignore[arg-type]
    return openpyxl.load_workbook(path)


def texts(sheet: Worksheet) -> list[str]:
    return [str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value is not None]


def value_of(sheet: Worksheet, label: str) -> str:
    """What stands to the right of a label in the first column."""
    for row in sheet.iter_rows():
        if row[0].value == label:
            return str(row[1].value or "")
    raise AssertionError(f"no line {label}")


def test_each_enterprise_has_a_sheet_in_the_order_given(tmp_path: Path) -> None:
    book = written(tmp_path, form(2), form(1))
    assert book.sheetnames == ["001 清河县试验2号有限公司", "002 清河县试验1号有限公司"]


def test_a_form_says_who_is_visited_by_whom_and_what_for(tmp_path: Path) -> None:
    one = form(1)
    sheet = written(tmp_path, one)["001 清河县试验1号有限公司"]
    assert sheet["A1"].value == f"{campaign().name}\n随机抽查联合检查记录表（一企一表）"
    assert "清双随机办〔2024〕22号" in str(sheet["A2"].value)
    assert sheet["A3"].value == f"表号 {one.form_no}    第 2 组"
    assert value_of(sheet, "名称") == one.ent_name
    assert value_of(sheet, "统一社会信用代码") == one.uscc
    assert value_of(sheet, "住所") == one.address
    assert value_of(sheet, "抽查对象（项目）") == "第1标段工程（清水审〔2023〕1号）"
    said = texts(sheet)
    assert "二、检查组（组长：试验员SW1）" in said
    for expected in (
        "试验员SC2",
        "0301",
        "清河县水务局",
        "登记事项检查",
        "水土保持方案批复文件\n水土保持监测资料",
    ):
        assert expected in said


def test_a_form_has_room_for_what_is_recorded(tmp_path: Path) -> None:
    sheet = written(tmp_path, form(1)).worksheets[0]
    said = "\n".join(texts(sheet))
    for table in (CheckMethod, Disposal, SignatureState):
        for member in table:
            assert f"□{member.label}" in said
    for result in ResultCode:
        assert f"{result.value} {result.label}" in said
    for place in (
        "拒绝签字的情况",
        "法定代表人（负责人）签字（盖章）",
        "结果公示审批意见",
        "现场解答疑难问题",
        "行政指导",
    ):
        assert place in said


def test_a_sheet_is_ready_to_print_on_a4(tmp_path: Path) -> None:
    sheet = written(tmp_path, form(1)).worksheets[0]
    setup = sheet.page_setup
    assert (str(setup.paperSize), setup.orientation, setup.fitToWidth, setup.fitToHeight) == (
        "9",
        "portrait",
        None,  # one page wide and one high, which the format does not write down
        None,
    )
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_area.endswith(f"$A$1:$F${sheet.max_row}")
    assert sheet.print_title_rows == "$1:$3"
    assert "第 &P 页，共 &N 页" in str(sheet.oddFooter.right.text)
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert {"A1:F1", "A2:F2", "A3:F3"} <= merged


def test_a_name_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    objects = (FormObject(object_id="+1", name="@SUM(A1)"),)
    book = written(tmp_path, form(1, ent_name="=1+1", address=FORMULA, objects=objects))
    sheet = book.worksheets[0]
    assert value_of(sheet, "名称") == "=1+1"
    assert value_of(sheet, "住所") == FORMULA
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)
    assert not list(sheet._hyperlinks)


def test_rare_characters_and_a_name_that_cannot_name_a_sheet(tmp_path: Path) -> None:
    path = tmp_path / "一企一表.xlsx"
    odd = "[甲]:乙*丙?丁/戊\\" + "很" * 40
    write_inspection_forms(path, campaign(), [form(1, ent_name=RARE), form(2, ent_name=odd)])
    book = CalamineWorkbook.from_path(path)
    assert book.sheet_names == [f"001 {RARE}", "002 _甲__乙_丙_丁_戊_" + "很" * 15]
    values = [str(cell) for row in book.get_sheet_by_index(0).to_python() for cell in row]
    assert RARE in values
    assert odd in [str(cell) for row in book.get_sheet_by_index(1).to_python() for cell in row]


def test_an_owner_of_many_projects_has_them_all_in_rows_that_fit_a_page(tmp_path: Path) -> None:
    objects = tuple(FormObject(object_id=f"P-{n}", name="很长的工程名称" * 12) for n in range(20))
    sheet = written(tmp_path, form(1, objects=objects)).worksheets[0]
    listed = [row for row in sheet.iter_rows() if str(row[0].value).startswith("抽查对象")]
    assert [row[0].value for row in listed] == ["抽查对象（项目）", "抽查对象（续）", "抽查对象（续）"]
    assert sum(str(row[1].value).count("（P-") for row in listed) == 20
    assert all(sheet.row_dimensions[row[0].row].height < 405 for row in listed)
    assert sheet.page_setup.fitToHeight == 0
    (at,) = (row[0].row for row in sheet.iter_rows() if row[0].value == "五、签字和审核")
    assert [mark.id for mark in sheet.row_breaks.brk] == [at - 1]


def test_two_enterprises_of_one_name_have_two_sheets(tmp_path: Path) -> None:
    book = written(tmp_path, form(1, ent_name="甲厂"), form(2, ent_name="甲厂"))
    assert book.sheetnames == ["001 甲厂", "002 甲厂"]


def test_a_form_number_with_an_ampersand_stays_whole_in_the_footer(tmp_path: Path) -> None:
    sheet = written(tmp_path, form(1, form_no="R&D-1")).worksheets[0]
    assert sheet.oddFooter.left.text in ("R&&D-1", "R&D-1")


def test_no_forms_give_a_workbook_that_opens(tmp_path: Path) -> None:
    assert texts(written(tmp_path).worksheets[0]) == ["本次抽查没有需要填写的检查记录表。"]


def test_the_file_names_people_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "一企一表.xlsx"
    write_inspection_forms(path, campaign(), [form(1)])
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_same_forms_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_inspection_forms(tmp_path / name, campaign(), [form(1), form(2)])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DrawbridgeError, match="文件夹不存在"):
        write_inspection_forms(tmp_path / "no" / "一企一表.xlsx", campaign(), [form(1)])
