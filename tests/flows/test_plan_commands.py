"""`drawbridge campaign check|new|import`: a plan looked through, asked for, made from a published table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from flows.cli import drawbridge
from rules.plan_file import load_campaign
from tests.end_to_end.installation import PLAN, Installation

PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "published_plans.csv"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "home")


# check


def test_a_plan_that_can_be_used_is_said_to_be(installation: Installation) -> None:
    ran = installation.call("campaign", "check", PLAN)
    assert ran.code == 0
    assert ran.out.strip() == f"✓ {PLAN} 可以使用"


def test_every_mistake_is_listed_in_the_order_of_the_file(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "计划.yaml"
    text = PLAN.read_text("utf-8").replace("文号:", "文好:", 1).replace("角色: 协同", "角色: 协办")
    path.write_bytes(text.replace("总体: 不低于10%", "总体: 一成").encode("gb18030"))
    ran = installation.call("campaign", "check", path, "--json")
    assert ran.code == 2
    (found,) = ran.document["files"]
    assert [one["code"] for one in found["problems"]] == ["DB-PLAN-004", "DB-PLAN-014", "DB-PLAN-007"]
    lines = text.splitlines()
    for one, start in zip(found["problems"], ("文好", "  总体", "    角色: 协办"), strict=True):
        assert lines[one["line"] - 1].startswith(start)
    told = installation.call("campaign", "check", path)
    assert told.code == 2
    assert "有 3 处错误" in told.out
    assert installation.home.exists() is False  # nothing was registered


def test_what_is_odd_is_a_hint(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "计划.yaml"
    path.write_text(PLAN.read_text("utf-8").replace("至: 2024-07-31", "至: 2024-07-28"), "utf-8")
    ran = installation.call("campaign", "check", path)
    assert ran.code == 0
    assert "提示：结束日期 2024-07-28 不是工作日" in ran.out


# new

OPTIONS = (
    "--name", "2025年清河县联合抽查", "--division", "130534", "--division-name", "清河县",
    "--from", "2025-03-03", "--to", "2025-04-30",
    "--dept", "SC=清河县市场监督管理局:登记事项检查、公示信息检查",
    "--dept", "SW*3=清河县水务局:水土保持检查",
)  # fmt: skip


def test_with_options_nothing_is_asked(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "新.yaml"
    ran = installation.call("campaign", "new", path, "--yes", "--json", *OPTIONS)
    assert ran.code == 0, ran.err
    campaign = load_campaign(path.read_bytes(), path.name)
    assert ran.document["task_id"] == campaign.task_id == "130534202503031001"
    assert [(one.code, one.team, one.items) for one in campaign.departments] == [
        ("SC", 2, ("登记事项检查", "公示信息检查")),
        ("SW", 3, ("水土保持检查",)),
    ]
    assert installation.call("campaign", "check", path).code == 0


def test_a_file_that_is_there_is_never_written_over(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "新.yaml"
    path.write_text("原有的", "utf-8")
    ran = installation.call("campaign", "new", path, "--yes", *OPTIONS)
    assert ran.code == 2
    assert "DB-CLI-004" in ran.err
    assert path.read_text("utf-8") == "原有的"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--name", "甲"), "缺少选项 --division"),
        ((*OPTIONS, "--ratio", "一成"), "--ratio"),
        ((*OPTIONS, "--dept", "SW*1=水务局:检查"), "--dept"),
        ((*OPTIONS, "--dept", "水务局:检查"), "缺少等号"),
        ((*OPTIONS, "--to", "2025-03-01"), "结束日期早于开始日期"),
        ((*OPTIONS, "--mode", "我方"), "--public-numbers"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_nothing_is_written(
    installation: Installation, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    path = tmp_path / "新.yaml"
    ran = installation.call("campaign", "new", path, "--yes", *arguments)
    assert ran.code == 2
    assert told in ran.err
    assert not path.exists()


def test_who_answers_is_asked_again_until_the_answer_may_stand(tmp_path: Path) -> None:
    path = tmp_path / "新.yaml"
    answers = [
        "2025年清河县联合抽查", "", "", "1305", "130534", "清河县", "5月28日", "2025-03-03", "2025-04-30",
        "", "", "", "", "", "一成", "20户", "", "", "", "我方",
        "双色球2025024 2025-03-04 21:15、双色球2025025 2025-03-06 21:15、双色球2025026 2025-03-09 21:15",
        "清河县水务局", "SW", "1", "2", "水土保持检查", "y",
        "清河县市场监督管理局", "SC", "", "登记事项检查", "n",
    ]  # fmt: skip
    ran = CliRunner().invoke(drawbridge, ["campaign", "new", str(path)], input="\n".join(answers) + "\n")
    assert ran.exit_code == 0, ran.output
    for fault in ("应为 6 位数字", "请写成 2024-05-28 的样子", "“一成”不行", "请写 2 或更大的整数"):
        assert fault in ran.stderr
    campaign = load_campaign(path.read_bytes(), path.name)
    assert campaign.short_name == campaign.name
    assert (campaign.ratio.minimum, campaign.ratio.share) == (20, None)
    assert len(campaign.public_numbers) == 3
    assert [one.team for one in campaign.departments] == [2, 2]


def test_an_answer_that_never_comes_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "新.yaml"
    ran = CliRunner().invoke(drawbridge, ["campaign", "new", str(path)], input="2025年清河县联合抽查\n")
    assert ran.exit_code != 0
    assert not path.exists()


def test_a_second_task_of_a_day_takes_the_next_number(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    numbers = []
    for short in ("一", "二"):
        ran = installation.call("campaign", "new", "--yes", "--json", *OPTIONS, "--short-name", short)
        assert ran.code == 0, ran.err
        numbers.append(ran.document["task_id"])
    assert numbers == ["130534202503031001", "130534202503031002"]
    assert sorted(path.name for path in Path("campaigns").iterdir()) == ["一.yaml", "二.yaml"]


# import: a generated twin of what offices publish

HEAD = [
    "序号", "检查主体", "年度计划名称/抽查事项", "参与部门", "对象类型",
    "抽查基数", "抽查比例", "抽查频次", "抽查数量", "时间",
]  # fmt: skip
MARKET, WATER = "清河县市场监督管理局", "清河县水务局"
NOT_BINDING = "1户(实际以联合双随机牵头单位抽查数为准。)"
TABLE: list[list[str]] = [
    ["1", MARKET, "特种设备使用登记检查", "", "企业", "", "5%", "=1", NOT_BINDING, "1月—12月"],
    ["2", "同上", "广告发布单位检查", "", "企业", "", "不低于10%", "=1", "7户", "5月份/6月份"],
    ["3", "", "食品经营者检查", "", "企业", "", "10%", ">=1", "2户", "3月至11月"],
    ["4", WATER, "水土保持方案检查", MARKET, "生产建设项目", "90", "9%", "", "8", "5月份/9月份"],
    ["5", WATER, "取用水行为检查", "", "企业", "", "一成", "3次/年", "", ""],
    ["6", WATER, "", "", "", "", "5%", "", "", ""],
    ["7", WATER, "河道采砂检查", "", "企业", "", "", "", "", "全年"],
]
KNOWN = (
    "--division", "130534", "--division-name", "清河县", "--year", "2024",
    "--dept", f"{MARKET}=SC", "--dept", "清河县水务局=SW",
)  # fmt: skip


def as_csv(path: Path, encoding: str) -> Path:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([["清河县2024年度抽查计划"], HEAD, *TABLE])
    lines = text.getvalue().split("\r\n", 1)
    path.write_bytes((lines[0] + "," * (len(HEAD) - 1) + "\r\n" + lines[1]).encode(encoding))
    return path


def as_workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["清河县2024年度抽查计划"])
    sheet.merge_cells("A1:J1")
    for row in [HEAD, *TABLE]:
        sheet.append([None if cell == "" else cell for cell in row])
    sheet["G3"] = 0.05  # as a spreadsheet keeps 5 %
    sheet["G3"].number_format = "0%"
    sheet["A3"] = 1
    book.save(path)
    return path


def imported(installation: Installation, source: Path, folder: Path) -> Mapping[str, object]:
    ran = installation.call("campaign", "import", source, "-o", folder, "--json", *KNOWN)
    assert ran.code == 2, ran.err  # lines were quarantined
    return ran.document


@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "gb18030", "xlsx"])
def test_each_line_is_a_plan_a_draft_or_in_quarantine(
    installation: Installation, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / ("计划表.xlsx" if kind == "xlsx" else "计划表.csv")
    source = as_workbook(path) if kind == "xlsx" else as_csv(path, kind)
    facts = imported(installation, source, tmp_path / "计划")
    assert facts["read"] == len(TABLE) == facts["complete"] + facts["draft"] + facts["quarantined"]  # type: ignore[operator]
    assert (facts["complete"], facts["draft"], facts["quarantined"]) == (2, 2, 3)
    rows = {row["row"]: row for row in facts["rows"]}  # type: ignore[attr-defined]
    assert sorted(rows) == [3, 4, 5, 6]
    assert [rows[number]["state"] for number in (3, 4, 5, 6)] == ["complete", "complete", "draft", "draft"]
    assert [rows[number]["ratio"]["share"] for number in (3, 4, 5, 6)] == ["0.05", "0.1", "0.1", "0.09"]
    assert [rows[number]["ratio"]["raw"] for number in (4, 5, 6)] == ["不低于10%", "10%", "9%"]
    assert any("下限" in doubt for doubt in rows[5]["doubts"])
    assert any("表上写 8 个" in doubt for doubt in rows[6]["doubts"])
    assert rows[6]["missing"] == ["时间", "协同部门的事项"]
    quarantine = openpyxl.load_workbook(tmp_path / "计划" / "隔离行.xlsx").active
    assert quarantine is not None
    codes = [row[1] for row in quarantine.iter_rows(min_row=2, values_only=True)]
    assert codes == ["DB-RATIO-001", "DB-ANNUAL-001", "DB-ANNUAL-003"]


def test_a_complete_line_is_a_plan_that_can_be_used(installation: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "计划"
    imported(installation, as_csv(tmp_path / "计划表.csv", "gb18030"), folder)
    path = folder / "第004行.yaml"
    campaign = load_campaign(path.read_bytes(), path.name)
    assert campaign.departments[0].name == MARKET  # 同上
    assert (campaign.ratio.raw, campaign.ratio.minimum) == ("不低于10%（7户）", 7)
    assert (str(campaign.starts_on), str(campaign.ends_on)) == ("2024-05-01", "2024-06-30")
    assert "抽查比例“不低于10%”" in path.read_text("utf-8").splitlines()[0]
    drafts = installation.call("campaign", "check", folder / "第006行.yaml", "--json")
    assert drafts.code == 2
    assert {one["code"] for one in drafts.document["files"][0]["problems"]} == {"DB-PLAN-005"}
    report = (folder / "导入报告.md").read_text("utf-8")
    assert "读入 7 行 = 可用 2 + 待补 2 + 隔离 3（编码 GB18030）" in report


def test_an_import_overwrites_nothing(installation: Installation, tmp_path: Path) -> None:
    source, folder = as_csv(tmp_path / "计划表.csv", "utf-8"), tmp_path / "计划"
    imported(installation, source, folder)
    changed = folder / "第003行.yaml"
    changed.write_text("改过的", "utf-8")
    ran = installation.call("campaign", "import", source, "-o", folder, *KNOWN)
    assert ran.code == 2
    assert "DB-CLI-004" in ran.err
    assert changed.read_text("utf-8") == "改过的"


def test_a_table_without_the_column_of_items_is_refused(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "别的.csv"
    path.write_text("姓名,电话\n甲,1\n", "utf-8")
    ran = installation.call("campaign", "import", path, "-o", tmp_path / "计划")
    assert ran.code == 2
    assert "DB-INPUT-006" in ran.err
    assert not (tmp_path / "计划").exists()


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published plans are not beside the project")
def test_what_offices_have_published_is_imported_line_by_line(
    installation: Installation, tmp_path: Path
) -> None:
    with PUBLISHED.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    ran = installation.call(
        "campaign", "import", PUBLISHED, "-o", tmp_path / "计划", "--json",
        "--division", "360923", "--division-name", "上高县", "--objects", "企业",
        "--dept", "上高县市场监督管理局=SC",
    )  # fmt: skip
    assert ran.code == 1, ran.err  # nothing is lost, some is to be completed
    facts = json.loads(ran.out)
    assert facts["read"] == len(lines) == facts["complete"] + facts["draft"]
    assert facts["quarantined"] == 0
    assert facts["complete"] >= 4
    assert [row["ratio"]["raw"] for row in facts["rows"]] == [line["抽查比例"] for line in lines]
    assert all(row["doubts"] or row["missing"] for row in facts["rows"] if row["state"] == "draft")
    for row in facts["rows"]:
        if row["state"] == "complete":
            load_campaign(Path(row["file"]).read_bytes(), row["file"])
