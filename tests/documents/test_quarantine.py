"""The quarantine workbook: a clerk opens it, sees which row, why, and what to do."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from connectors.profile import load_profile
from documents.directory_lists import in_words, raw_titles
from documents.quarantine import Row, advice, write_quarantine
from schemas.errors import DrawbridgeError
from tests.documents.papers import RARE


def sheet_of(path: Path) -> Worksheet:
    sheet = openpyxl.load_workbook(path).active
    assert isinstance(sheet, Worksheet)
    return sheet


def test_each_row_with_number_code_reason_and_advice_by_row_number(tmp_path: Path) -> None:
    rows: list[Row] = [
        (9, "DB-INPUT-011", "缺少名称。", {"企业名称": None, "统一社会信用代码": "X"}),
        (3, "DB-INPUT-031", "与第 2 行重复。", {"企业名称": RARE, "备注": "甲"}),
    ]
    path = tmp_path / "新文件夹" / "隔离行.xlsx"
    assert write_quarantine(path, rows) == 2
    sheet = sheet_of(path)
    values = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert values[0] == ["行号", "原因代码", "原因", "应如何处理", "企业名称", "备注", "统一社会信用代码"]
    assert values[1] == ["3", "DB-INPUT-031", "与第 2 行重复。", "删去一行即可。", RARE, "甲", None]
    assert values[2] == ["9", "DB-INPUT-011", "缺少名称。", "请补填登记的全称。", None, None, "X"]
    assert sheet.freeze_panes == "B2"
    assert path.stat().st_mode & 0o777 == 0o600


def test_raw_values_are_text_and_lose_nothing(tmp_path: Path) -> None:
    raw = {
        "甲": "=1+1",
        "乙": "http://example.invalid",
        "丙": 911305340000000001,
        "丁": "清\x07河",
        "戊": ["a", {"b": 1}],
        "=2+2": "长" * 40_000,
    }
    path = tmp_path / "隔离行.xlsx"
    write_quarantine(path, [(2, "DB-CODE-003", "理由", raw)])
    sheet = sheet_of(path)
    assert [cell.value for cell in sheet[1]][-1] == "=2+2"
    shown = [cell.value for cell in sheet[2]][4:]
    assert shown[:5] == ["=1+1", "http://example.invalid", "911305340000000001", "清[U+0007]河", "a、b=1"]
    assert len(str(shown[5])) == 32_767
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    assert not list(sheet._hyperlinks)


def test_no_rows_give_the_heads_alone(tmp_path: Path) -> None:
    assert write_quarantine(tmp_path / "x.xlsx", []) == 0
    assert sheet_of(tmp_path / "x.xlsx").max_row == 1


def test_an_unknown_code_has_no_advice() -> None:
    assert advice("DB-NONE-999") == ""


def test_where_it_cannot_be_written_the_error_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DrawbridgeError) as caught:
        write_quarantine(tmp_path / "file" / "x.xlsx", [(1, "DB-INPUT-011", "缺少名称。", {})])
    assert caught.value.code == "DB-INPUT-041"
    assert caught.value.facts["detail"] == "该位置已有同名的文件"


def test_no_room_on_the_disk_leaves_the_former_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.xlsx"
    write_quarantine(path, [])
    before = path.read_bytes()
    # XlsxWriter keeps its rows in files of its own: a folder for them that is not there stops it.
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(DrawbridgeError) as caught:
        write_quarantine(path, [(1, "DB-INPUT-011", "缺少名称。", {"a": "b"})])
    assert caught.value.code == "DB-INPUT-041"
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.xlsx"]


def test_what_an_interface_sent_stands_under_the_names_that_people_know() -> None:
    titles = raw_titles(load_profile("hebei"), "object")
    sent = {"entName": "某公司", "uniscid": "9113", "dom": None, "updatedAt": "2024-05-28", "odd": 1}
    ours = {"ent_name": "某公司", "uscc": "9113", "tags": (), "updated_at": "2024-05-28"}
    assert in_words(sent, titles) == {
        "企业名称": "某公司", "统一社会信用代码": "9113", "更新时间": "2024-05-28", "odd": 1
    }  # fmt: skip
    assert list(in_words(ours, titles)) == ["企业名称", "统一社会信用代码", "更新时间"]
