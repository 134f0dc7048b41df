"""`drawbridge draw audit`: files in, a report out, and what it says of files that it cannot use."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from click.testing import CliRunner, Result

from flows.commands.draw.audit import MARKDOWN, PAGE, audit
from flows.drawing.audit_lists import read_lists, read_table, read_visits, serials_in
from schemas.errors import DrawbridgeError

SIZE, DRAWN = 160, 20
CODES = [f"91130534MA0{n:06}X" for n in range(SIZE)]
TOWNS = ["葛仙庄镇", "连庄镇", "油坊镇", "谢炉镇"]
REAL = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "qinghe_enterprises_gb18030.csv"


def write(path: Path, rows: Sequence[Sequence[object]], *, encoding: str = "utf-8", by: str = ",") -> Path:
    path.write_bytes("".join(by.join(str(cell) for cell in row) + "\r\n" for row in rows).encode(encoding))
    return path


def eligible(folder: Path) -> Path:
    """The list as a platform exports it, a title above the header."""
    rows: list[Sequence[object]] = [
        ["抽查对象名单"],
        ["序号", "企业名称", "统一社会信用代码", "乡镇", "注册日期"],
    ]
    rows += [
        [n + 1, f"企业{n}", CODES[n], TOWNS[n * 7 % 4], f"{1990 + n * 13 % 30}-06-01"] for n in range(SIZE)
    ]
    return write(folder / "名单.csv", rows, encoding="gb18030")


def draw_file(folder: Path, name: str, places: Sequence[int]) -> Path:
    rows: list[Sequence[object]] = [["统一社会信用代码", "企业名称"]]
    rows += [[CODES[place], f"企业{place}"] for place in places]
    return write(folder / f"{name}.csv", rows, encoding="utf-8-sig")


def fair(seed: int) -> list[int]:
    chosen: list[int] = np.random.default_rng(seed).choice(SIZE, DRAWN, replace=False).tolist()
    return chosen


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(audit, [str(argument) for argument in arguments])


def code_of(result: Result) -> str:
    assert isinstance(result.exception, DrawbridgeError), result.output
    return result.exception.code


class Page(HTMLParser):
    """What a page would fetch, and the tags that it leaves open."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.ticks = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "data", "action")]
        if tag in ("script", "iframe", "link", "object"):
            self.fetched.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.ticks += dict(attrs).get("class") == "tick"

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_fixed_step_is_pointed_out_in_words_data_and_pictures(tmp_path: Path) -> None:
    step = draw_file(tmp_path, "三月", list(range(3, 3 + 8 * DRAWN, 8)))
    result = run("--eligible", eligible(tmp_path), "--drawn", step, "-o", tmp_path / "报告", "--json")
    assert result.exit_code == 1
    report: dict[str, Any] = json.loads(result.stdout)
    tests = {test["test"]: test for test in report["tests"]}
    assert report["compatible"] is False
    assert tests["step"]["flagged"]
    assert tests["step"]["facts"]["distance"] == 8
    assert tests["step"]["seen"]["zh"].startswith("三月：相距 8 位")
    assert tests["step"]["power"]["noticed"] == 100
    assert {"township", "registered"} <= set(tests)

    text = Path(report["files"][MARKDOWN]).read_text("utf-8")
    assert "仅凭这 1 次从 160 户中抽 20 户，若按固定步长抽取，这项检验在 100 次中约能发现 100 次。" in text
    assert "accuses nobody" in text
    assert not re.search(r"舞弊|造假|违规|fraud|cheat", text)

    page = Page()
    page.feed(Path(report["files"][PAGE]).read_text("utf-8"))
    assert page.fetched == []
    assert page.open == []
    assert page.ticks == 1


def test_fair_draws_are_compatible_and_the_report_goes_to_the_terminal(tmp_path: Path) -> None:
    files = [draw_file(tmp_path, f"第{n}次", fair(n)) for n in (1, 2)]
    result = run("--eligible", eligible(tmp_path), "--drawn", files[0], files[1], "--ratio", "0.1")
    assert result.exit_code == 0
    assert "与随机抽取相符" in result.stdout
    assert "Compatible with chance" in result.stdout


def test_a_draw_that_vanished_is_seen_in_the_names_of_the_files(tmp_path: Path) -> None:
    files = [draw_file(tmp_path, f"抽取第{n}号", fair(n)) for n in (4, 5, 7)]
    result = run("--eligible", eligible(tmp_path), "--drawn", *files, "--json")
    hard = {one["check"]: one for one in json.loads(result.stdout)["hard"]}
    assert result.exit_code == 1
    assert (hard["serial"]["state"], hard["serial"]["examples"]) == ("failed", [["", "6"]])
    told = run("--eligible", eligible(tmp_path), "--drawn", *files, "--serial", "11-13", "--json")
    assert told.exit_code == 0


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (("第3次", "第5次"), [3, 5]),
        (("a-01", "a-02", "a-10"), [1, 2, 10]),
        (("抽取2021", "抽取2023"), None),
        (("抽取2024-05-28", "抽取2024-06-03"), None),
        (("甲1", "乙2"), None),
        (("第3次",), None),
        (("三月", "四月"), None),
    ],
)
def test_years_and_days_are_no_numbers_of_draws(names: tuple[str, ...], numbers: list[int] | None) -> None:
    assert serials_in(names) == numbers


def test_hard_checks_decide_even_where_nothing_looks_unlikely(tmp_path: Path) -> None:
    places = fair(1)
    path = draw_file(tmp_path, "重复", [*places, places[0]])
    result = run("--eligible", eligible(tmp_path), "--drawn", path, "--minimum", "30", "--json")
    states = {one["check"]: one["state"] for one in json.loads(result.stdout)["hard"]}
    assert result.exit_code == 1
    assert states == {"inside": "ok", "once": "failed", "count": "failed", "serial": "not checked"}


def test_lists_are_read_as_offices_write_them(tmp_path: Path) -> None:
    bare = write(tmp_path / "抽中.txt", [[CODES[n].lower()] for n in (5, 9)])
    tabs = write(tmp_path / "名.tsv", [["uscc", "township"], *([code, "镇"] for code in CODES)], by="\t")
    lists = read_lists(tabs, [bare])
    assert lists.listing.ids == tuple(CODES)
    assert lists.draws[0].ids == (CODES[5], CODES[9])
    assert list(lists.listing.traits) == ["township"]

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    rows: list[list[int | str | None]] = [["编号", "对象编号"], [1, 7001], [2, 7002], [None, None], [3, 7003]]
    for row in rows:
        sheet.append(row)
    book.save(tmp_path / "名单.xlsx")
    assert read_table(tmp_path / "名单.xlsx").fields["object_id"] == ("7001", "7002", "7003")


def test_rows_without_an_id_keep_the_columns_side_by_side(tmp_path: Path) -> None:
    rows = [["uscc", "乡镇", "风险等级"], ["", "甲", "A"], [CODES[0], "乙", "B"], [CODES[1], "丙", ""]]
    lists = read_lists(write(tmp_path / "l.csv", rows), [write(tmp_path / "d.csv", [[CODES[1]]])])
    assert lists.listing.traits["township"] == ["乙", "丙"]
    assert lists.listing.strata == ["B", "?"]
    assert read_lists(tmp_path / "l.csv", [tmp_path / "d.csv"], in_strata=False).listing.strata is None


def test_objects_are_matched_by_what_finds_them(tmp_path: Path) -> None:
    """Several projects of one enterprise: the code has doubles, the project's number has none."""
    rows = [["统一社会信用代码", "项目编号"], [CODES[0], "P1"], [CODES[0], "P2"], [CODES[1], "P3"]]
    drawn = write(tmp_path / "d.csv", [["项目编号"], ["P2"]])
    assert read_lists(write(tmp_path / "l.csv", rows), [drawn]).key == "object_id"


def test_visits_of_teams_are_told_apart_by_round(tmp_path: Path) -> None:
    rows = [
        ["批次", "企业名称", "执法人员"],
        ["1", "甲", "A01、A02"],
        ["1", "乙", "A03"],
        ["1", "乙", "A04"],
        ["2", "甲", "A01"],
    ]
    visits = read_visits(write(tmp_path / "t.csv", rows))
    assert [(one.object_id, sorted(one.inspectors)) for one in visits] == [
        ("甲", ["A01", "A02"]),
        ("乙", ["A03", "A04"]),
        ("甲", ["A01"]),
    ]
    assert visits[0].round == visits[1].round != visits[2].round


GIVEN = ["--eligible", "l.csv", "--drawn", "d.csv"]
REFUSED = {
    "an empty list": ("DB-INPUT-003", ["--eligible", "empty.csv", "--drawn", "d.csv"]),
    "an empty draw": ("DB-INPUT-003", ["--eligible", "l.csv", "--drawn", "empty.csv"]),
    "a header and nothing below": ("DB-INPUT-003", ["--eligible", "l.csv", "--drawn", "header.csv"]),
    "no such file": ("DB-INPUT-001", ["--eligible", "l.csv", "--drawn", "missing.csv"]),
    "neither UTF-8 nor GB18030": ("DB-INPUT-005", ["--eligible", "l.csv", "--drawn", "latin.csv"]),
    "one object": ("DB-CHANCE-001", ["--eligible", "one.csv", "--drawn", "d.csv"]),
    "an object twice": ("DB-CHANCE-002", ["--eligible", "twice.csv", "--drawn", "d.csv"]),
    "another list": ("DB-CHANCE-004", ["--eligible", "l.csv", "--drawn", "other.csv"]),
    "more drawn than there are": ("DB-CHANCE-005", ["--eligible", "two.csv", "--drawn", "d.csv"]),
    "too few numbers": ("DB-CHANCE-007", [*GIVEN, "--serial", "1,2"]),
    "numbers that are none": ("DB-CHANCE-012", [*GIVEN, "--serial", "7-3"]),
    "a level beyond reason": ("DB-CHANCE-008", [*GIVEN, "--level", "1"]),
    "teams without inspectors": ("DB-CHANCE-009", [*GIVEN, "--teams", "l.csv"]),
    "no such column": ("DB-CHANCE-010", [*GIVEN, "--id", "税号"]),
    "a draw given twice": ("DB-CHANCE-011", [*GIVEN, "--drawn", "d.csv"]),
    "a ratio that is none": ("DB-DRAW-006", [*GIVEN, "--ratio", "10%"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_its_code(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("l.csv"), [["uscc", "名称"], *([code, n] for n, code in enumerate(CODES[:9]))])
    write(Path("d.csv"), [["uscc"], *([code] for code in CODES[:3])])
    write(Path("two.csv"), [["uscc"], [CODES[0]], [CODES[1]]])
    write(Path("one.csv"), [["uscc"], [CODES[0]]])
    write(Path("twice.csv"), [["uscc"], [CODES[0]], [CODES[1]], [CODES[0]], [CODES[2]]])
    write(Path("other.csv"), [["uscc"], ["X1"], ["X2"]])
    write(Path("header.csv"), [["uscc", "名称"]])
    Path("empty.csv").write_bytes(b"")
    Path("latin.csv").write_bytes(b"uscc\n" + b"\xff\x80" * 9 + b"\n")
    code, arguments = REFUSED[name]
    assert code_of(run(*arguments, "-o", "out")) == code
    assert not Path("out").exists()


def test_real_enterprises_in_gb18030_and_a_draw_of_41(tmp_path: Path) -> None:
    if not REAL.exists():
        pytest.skip("../shared/data is not here; the same is tried on generated lists above")
    ids = read_table(REAL).fields["uscc"]
    assert len(ids) == 408
    path = write(tmp_path / "抽中.csv", [["统一社会信用代码"], *([ids[4 + 9 * n]] for n in range(41))])
    result = run("--eligible", REAL, "--drawn", path, "--json")
    assert result.exit_code == 1
    assert [t["test"] for t in json.loads(result.stdout)["tests"] if t["flagged"]] == ["step", "remainders"]
