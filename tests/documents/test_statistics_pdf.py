"""The annex as PDF and the names of its cells."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from PIL import Image

from documents.paper.press import TEMPLATES, Press, PressSettings
from documents.statistics_layout import COUNTS, CellName, Heading, coordinate_of, heading_text, resolve_cell
from documents.statistics_table import statistics_paper, write_statistics, write_statistics_pdf
from rules.annex_count import COLUMNS
from schemas.errors import DrawbridgeError
from tests.documents.papers import campaign, row
from tests.documents.printed_page import complaints, fonts, found_text, page_count, pictures, text_of
from tests.documents.test_paper_pictures import SCALE, difference, in_few_greys

UNITS = ["清河县水务局", "清河县市场监督管理局", "清河县合计（去重）"]
ROWS = [
    row(UNITS[0], 15, 6, 3, 2, 1, 0, 1, 4),
    row(UNITS[1], 15, 6, 2, 2, 0, 1, 0, 0),
    row(UNITS[2], 15, 12, 5, 3, 1, 1, 1, 4),
]
MANY = [row(f"清河县第{n}镇人民政府综合行政执法办公室", *[1000] * 8) for n in range(60)]
PICTURE = Path(__file__).parent / "pictures" / "statistics-1.png"


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_statistics_pdf(tmp_path_factory.mktemp("t") / "统计表.pdf", campaign(), ROWS).read_bytes()


def test_the_first_page_is_the_table_and_each_unit_has_its_own(printed: bytes) -> None:
    pages = ["".join(page.split()) for page in text_of(printed).split("\f")]
    assert len(pages) == page_count(printed) == 3
    for number, page in enumerate(pages):
        assert "全县“双随机、一公开”部门联合抽查统计表" in page
        assert all(heading_text(key) in page for key in COUNTS), number
    assert all(unit in pages[0] for unit in UNITS)
    assert "报表单位：清河县水务局" in pages[1]
    assert "报表单位：清河县市场监督管理局" in pages[2]


def test_the_numbers_stand_in_the_order_of_the_annex(printed: bytes) -> None:
    text = text_of(printed).split("\f")[1].split()
    assert [word for word in text if word.isdigit()][: len(COUNTS)] == [str(ROWS[0][key]) for key in COUNTS]


@pytest.mark.parametrize("rows", [ROWS, MANY], ids=["three", "sixty"])
def test_nothing_is_cut_off_and_fonts_are_inside(rows: Sequence[dict[str, str | int]]) -> None:
    with Press() as press:
        data = press.print("statistics", statistics_paper(campaign(), rows, apart=False))
    assert complaints(data) == []
    assert all(fonts(data).values())
    # The heads come again on every page.
    assert found_text(data).count("现场解答疑难问题") == page_count(data)


def test_a_cell_that_is_too_low_turns_the_check_red(tmp_path: Path) -> None:
    ours = (TEMPLATES / "statistics.typ").read_text("utf-8")
    assert "columns: (1.9fr,) + (1fr,) * count," in ours
    spoilt = ours.replace(
        "columns: (1.9fr,) + (1fr,) * count,", "columns: (1.9fr,) + (1fr,) * count, rows: 5mm,"
    )
    (tmp_path / "statistics.typ").write_text(spoilt, "utf-8")
    with Press(PressSettings(templates=tmp_path)) as press:
        assert complaints(press.print("statistics", statistics_paper(campaign(), ROWS))) != []


def test_the_page_looks_as_it_did(printed: bytes) -> None:
    now = in_few_greys(next(pictures(printed, SCALE)))
    if os.environ.get("DRAWBRIDGE_UPDATE_PICTURES"):
        Image.fromarray(now.astype(np.uint8)).quantize(16).save(PICTURE, optimize=True)
    assert difference(now, in_few_greys(Image.open(PICTURE))) < 0.006


def test_a_broken_template_of_the_office_is_told(tmp_path: Path) -> None:
    (tmp_path / "statistics.typ").write_text("#let x = ", "utf-8")
    with pytest.raises(DrawbridgeError) as refused:
        write_statistics_pdf(tmp_path / "t.pdf", campaign(), ROWS, settings=PressSettings(templates=tmp_path))
    assert refused.value.code == "DB-PAPER-003"
    assert not (tmp_path / "t.pdf").exists()


def test_each_unit_s_sheet_is_the_annex_with_one_row(tmp_path: Path) -> None:
    workbook, _ = write_statistics(tmp_path, campaign(), ROWS)
    book = openpyxl.load_workbook(workbook)
    assert book.sheetnames == ["统计表", *UNITS[:2]]
    sheet = book[UNITS[0]]
    assert str(sheet["A2"].value).startswith("报表单位：清河县水务局")
    assert [cell.value for cell in sheet[5]] == [ROWS[0][key] for key in COUNTS]
    assert [cell.value for cell in sheet[4]][2:7] == [
        f"{heading_text(key)}\n（{COLUMNS[key][-2]}）" for key in COUNTS[2:7]
    ]


def test_a_year_says_how_many_tasks_until_when() -> None:
    heading = Heading.of_year(2024, [campaign(), campaign()], "2024-11-24")
    assert heading.name == "清河县2024年度部门联合抽查（累计）"
    assert heading.line == "任务 2 个    截至 2024-11-24"


# The names of cells.

CODES = {"SW": UNITS[0], "SC": UNITS[1]}


@pytest.mark.parametrize(
    ("written", "unit", "column"),
    [
        ("B5", 0, "ent_drawn"),
        ("$C$7", 2, "inspectors_drawn"),
        ("ｉ６", 1, "qa_ents"),
        ("随机抽查企业", 2, "ent_drawn"),
        ("随机抽查企业（户）", 2, "ent_drawn"),
        ("problem_ents", 2, "problem_ents"),
        ("清河县水务局:发现问题企业", 0, "problem_ents"),
        ("SC：行政指导", 1, "guided_ents"),
        ("合计/to_case_ents", 2, "to_case_ents"),
        ("清河县水务局!A5", 0, "ent_drawn"),
        ("'清河县市场监督管理局'!H5", 1, "qa_ents"),
    ],
)
def test_a_cell_is_named_as_in_the_sheet_or_by_its_column(written: str, unit: int, column: str) -> None:
    assert resolve_cell(written, UNITS, CODES) == CellName(UNITS[unit], column)


def test_a_coordinate_is_where_the_workbook_has_the_number(tmp_path: Path) -> None:
    workbook, _ = write_statistics(tmp_path, campaign(), ROWS)
    sheet = openpyxl.load_workbook(workbook)["统计表"]
    for place, unit in enumerate(UNITS):
        for key in COUNTS:
            where = coordinate_of(CellName(unit, key), UNITS)
            assert sheet[where].value == ROWS[place][key]
            assert resolve_cell(where, UNITS) == CellName(unit, key)


@pytest.mark.parametrize(
    ("written", "near"),
    [
        ("发现问提企业", "发现问题企业"),
        ("ent_drwan", "ent_drawn"),
        ("清河县水利局:随机抽查企业", "清河县水务局:随机抽查企业"),
        ("A5", "现场解答疑难问题"),
        ("B9", "现场解答疑难问题"),
        ("J5", "现场解答疑难问题"),
        ("清河县水务局!A6", "清河县水务局"),
        ("", "随机抽查企业"),
    ],
)
def test_a_cell_that_is_not_there_is_answered_with_near_names(written: str, near: str) -> None:
    with pytest.raises(DrawbridgeError) as refused:
        resolve_cell(written, UNITS, CODES)
    assert refused.value.code == "DB-REPORT-001"
    assert near in refused.value.act
