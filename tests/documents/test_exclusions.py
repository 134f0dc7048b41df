"""排除报告: a CSV that a spreadsheet program shows as it was written."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

from documents.exclusions import csv_cell, write_exclusions
from tests.documents.papers import RARE


@dataclass(frozen=True)
class Out:
    object_id: str
    ent_name: str
    reason: str
    detail: str | None = None


def test_the_report_is_utf8_with_a_mark_and_crlf(tmp_path: Path) -> None:
    path = tmp_path / "排除报告.csv"
    write_exclusions(path, [Out("P-1", RARE, "注销"), Out("P-2", "=1+1", "频次已满", "本年 2 次")])
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == 3
    with path.open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["对象编号", "名称", "排除原因"],
            ["P-1", RARE, "注销"],
            ["P-2", "'=1+1", "频次已满（本年 2 次）"],
        ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("　=1+1", "'　=1+1"),
        ("\xa0@SUM", "'\xa0@SUM"),
        ("＝1", "'＝1"),
        ("＋86", "'＋86"),
        ("\t=1", "'\t=1"),
        ("甲\n=1+1", "甲\n'=1+1"),
        ("甲\r=1", "甲\r=1"),
        ("甲=乙", "甲=乙"),
        ("00123", "00123\t"),
        ("130534202405281001", "130534202405281001\t"),
        ("1E5", "1E5\t"),
        ("12", "12"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula_nor_a_number_that_changes(value: str, shown: str) -> None:
    assert csv_cell(value) == shown
