"""The reports of a campaign that was run: each number against the mock platform's own record of it.

One campaign for all of them; the commands only read what it left.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest

from tests.documents.printed_page import text_of
from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess, start_mock

Row = dict[str, Any]
COLUMNS = (
    "ent_drawn",
    "inspectors_drawn",
    "problem_items",
    "problem_ents",
    "guided_ents",
    "to_abnormal_list_ents",
    "to_case_ents",
    "qa_ents",
)
MARKET_ENTITY, FALSE, NOT_FOUND, LAPSED = "9", "3", "4", "2"
GUIDANCE, CASE = "1", "3"


class Counter:
    """The annex counted from what the mock accepted and holds, by one set for each number."""

    def __init__(self, records: Row) -> None:
        self.forms, self.results = records["forms"], records["results"]

    def counted(self, department: str | None, column: str) -> set[tuple[str, ...]]:
        """What stands behind one number; None for the county."""
        of = [row for row in self.results if department in (None, row["deptCode"])]
        problems = [row for row in of if row["resultCode"] not in ("1", "7")]
        forms = [
            form
            for form in self.forms
            if any(department in (None, item["deptCode"]) for item in form["items"])
        ]
        if column == "ent_drawn":
            return {(form["uniscid"],) for form in forms}
        if column == "inspectors_drawn":
            return {
                (person["inspectorId"],)
                for form in self.forms
                for person in form["inspectors"]
                if department in (None, person["deptCode"])
            }
        if column == "problem_items":
            return {(row["uniscid"], row["itemCode"]) for row in problems}
        if column == "problem_ents":
            return {(row["uniscid"],) for row in problems}
        fits = {
            "guided_ents": lambda row: row["guided"] or row["disposal"] == GUIDANCE,
            "to_case_ents": lambda row: row["disposal"] == CASE,
            "qa_ents": lambda row: row["qaAnswered"],
            "to_abnormal_list_ents": lambda row: (
                row["uniscid"].startswith(MARKET_ENTITY)
                and (
                    row["resultCode"] in (FALSE, NOT_FOUND)
                    or (row["resultCode"] == LAPSED and row["orderLapsed"])
                )
            ),
        }[column]
        return {(row["uniscid"],) for row in of if fits(row)}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, Counter]]:
    folder = tmp_path_factory.mktemp("reports")
    mock: MockProcess = start_mock(folder / "mock", PLAN, "--objects", 60)
    installation = Installation(folder / "home", mock.settings(TASK))
    try:
        ran = installation.call("run", PLAN, "--no-prefect", "--json")
        assert ran.code == 0, ran.err
        yield installation, Counter(mock.get("records"))
    finally:
        mock.end()


@pytest.fixture
def installation(finished: tuple[Installation, Counter]) -> Installation:
    return finished[0]


@pytest.fixture
def counter(finished: tuple[Installation, Counter]) -> Counter:
    return finished[1]


def folder_of(installation: Installation) -> Path:
    return installation.home / TASK


UNITS = {"SW": "清河县水务局", "SC": "清河县市场监督管理局", None: "清河县合计（去重）"}


def test_the_workbook_and_the_pdf_hold_what_the_mock_counts(
    installation: Installation, counter: Counter
) -> None:
    expected = {unit: [len(counter.counted(code, key)) for key in COLUMNS] for code, unit in UNITS.items()}
    assert expected["清河县合计（去重）"][0] > 0
    sheet = openpyxl.load_workbook(folder_of(installation) / "统计表.xlsx")["统计表"]
    written = {str(row[0]): list(row[1:]) for row in sheet.iter_rows(min_row=5, max_row=7, values_only=True)}
    assert written == expected
    pages = text_of((folder_of(installation) / "统计表.pdf").read_bytes()).split("\f")
    for page, unit in zip(pages[1:], list(UNITS.values())[:2], strict=True):
        numbers = [int(word) for word in page.split() if word.isdigit()]
        assert numbers[: len(COLUMNS)] == expected[unit]


def test_every_number_lists_the_things_that_the_mock_counts(
    installation: Installation, counter: Counter
) -> None:
    for code, unit in UNITS.items():
        for column in COLUMNS:
            ran = installation.call("report", "explain", TASK, f"{unit}:{column}", "--json")
            assert ran.code == 0, ran.err
            found = ran.document
            assert {tuple(one["key"]) for one in found["counted"]} == counter.counted(code, column)
            assert found["count"] == len(found["counted"])
            assert all(one["records"] for one in found["counted"])


def test_a_record_that_is_named_is_one_that_the_mock_holds(
    installation: Installation, counter: Counter
) -> None:
    found = installation.call("report", "explain", TASK, "D7", "--json").document
    held = {(row["uniscid"], row["itemCode"], row["deptCode"]) for row in counter.results}
    for one in found["counted"]:
        for record in one["records"]:
            assert (*one["key"], record["department"]) in held
    forms = {form["formNo"] for form in counter.forms}
    found = installation.call("report", "explain", TASK, "随机抽查企业", "--json").document
    assert {record["id"] for one in found["counted"] for record in one["records"]} == forms


def test_what_is_explained_is_readable(installation: Installation) -> None:
    ran = installation.call("report", "explain", TASK, "SW:发现问题事项")
    first, *rest = ran.out.splitlines()
    assert re.match(r"清河县水务局 发现问题事项（D5）：\d+，依据如下", first)
    assert any("抽查结果" in line and "完成" in line for line in rest)


def test_a_cell_that_is_not_there_is_answered_with_near_names(installation: Installation) -> None:
    ran = installation.call("report", "explain", TASK, "发现问提企业")
    assert ran.code == 2
    assert "相近的有：发现问题企业" in ran.err


def test_the_townships_add_up_to_the_county(installation: Installation, counter: Counter) -> None:
    ran = installation.call("report", "statistics", TASK, "--by", "township", "--json")
    assert ran.code == 0, ran.err
    rows = ran.document["statistics"]["rows"]
    assert ran.document["statistics"]["cross_foot"] == []
    for column in set(COLUMNS) - {"inspectors_drawn"}:
        total = len(counter.counted(None, column))
        assert rows[-1][column] == total == sum(row[column] for row in rows[:-1])
    towns = [row["report_unit"] for row in rows[:-1]]
    assert len(towns) > 1
    assert all(re.search("镇|乡|街道", town) for town in towns)
    found: list[str] = []
    for town, row in zip(towns, rows, strict=False):
        ran = installation.call("report", "explain", TASK, f"{town}:B", "--by", "township", "--json")
        assert ran.code == 2  # a column has no letter without its row
        ran = installation.call("report", "explain", TASK, f"{town}:ent_drawn", "--by", "township", "--json")
        assert ran.document["count"] == row["ent_drawn"]
        found += [one["key"][0] for one in ran.document["counted"]]
    assert len(found) == len(set(found))
    assert {(uscc,) for uscc in found} == counter.counted(None, "ent_drawn")


def test_the_year_counts_all_its_tasks(installation: Installation, counter: Counter) -> None:
    ran = installation.call("report", "statistics", "--year", "2024", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["tasks"] == [TASK]
    rows = ran.document["statistics"]["rows"]
    assert [rows[-1][key] for key in COLUMNS] == [len(counter.counted(None, key)) for key in COLUMNS]
    assert any("户次" in note for note in ran.document["statistics"]["notes"])
    assert all(Path(path).is_file() for path in ran.document["paths"].values())
    cell = installation.call("report", "explain", "B7", "--year", "2024", "--json").document
    assert cell["count"] == rows[-1]["ent_drawn"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("statistics",), "DB-CLI-001"),
        (("statistics", TASK, "--year", "2024"), "DB-CLI-001"),
        (("statistics", "--year", "2019"), "DB-REPORT-002"),
        (("explain", TASK), "DB-CLI-001"),
        (("explain", "--year", "2024", TASK, "B5"), "DB-CLI-001"),
        (("explain", "没有的任务", "B5"), "DB-CLI-002"),
    ],
)
def test_what_was_not_understood_is_one_sentence(
    installation: Installation, arguments: tuple[str, ...], code: str
) -> None:
    ran = installation.call("report", *arguments)
    assert ran.code == 2
    assert code in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_the_summary_says_the_mocks_numbers(installation: Installation, counter: Counter) -> None:
    markdown = (folder_of(installation) / "总结.md").read_text("utf-8")
    total, problems = len(counter.results), len(counter.counted(None, "problem_items"))
    assert f"共录入检查结果 {total} 项，其中发现问题 {problems} 项" in markdown
    opened = docx.Document(str(folder_of(installation) / "总结.docx"))
    text = "\n".join(paragraph.text for paragraph in opened.paragraphs)
    assert f"共录入检查结果 {total} 项，其中发现问题 {problems} 项" in text
    assert len(opened.inline_shapes) == 4
    for key in ("results", "items", "disposals", "timeline"):
        assert f"](总结-{key}.png)" in markdown
        assert (folder_of(installation) / f"总结-{key}.png").stat().st_mode & 0o777 == 0o600


def test_without_fonts_the_numbers_are_there_and_what_is_missing_is_told(
    installation: Installation, tmp_path: Path
) -> None:
    copied = Installation(tmp_path / "home", dict(installation.environment))
    shutil.copytree(installation.home, copied.home)
    for name in ("统计表.pdf", "统计表.xlsx", "总结.docx"):
        (copied.home / TASK / name).unlink()
    ran = copied.call("report", "statistics", TASK, "--json", more={"DRAWBRIDGE_FONT_FAMILIES": "没有的字体"})
    assert ran.code == 1
    facts = json.loads(ran.out)
    assert any("统计表没有印成 PDF" in finding for finding in facts["findings"])
    assert any("总结没有图" in finding for finding in facts["findings"])
    assert (copied.home / TASK / "统计表.xlsx").is_file()
    assert docx.Document(str(copied.home / TASK / "总结.docx")).paragraphs
