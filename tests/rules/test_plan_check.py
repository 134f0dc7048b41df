"""A plan file looked through: every mistake at once, in the words of who typed it, and what is only odd."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from draw.objects import at_least
from rules.eligibility import overall_ratio, strata_for
from rules.plan_file import check_plan, load_campaign
from rules.plan_notices import plan_notices
from schemas.errors import DrawbridgeError

_CAMPAIGNS = Path(__file__).resolve().parents[2] / "campaigns"
QINGHE = (_CAMPAIGNS / "qinghe-2024-22.yaml").read_text("utf-8")


def notices(before: str, after: str) -> str:
    assert before in QINGHE
    return "\n".join(plan_notices(load_campaign(QINGHE.replace(before, after), "x.yaml")))


def yaml_fault(text: str) -> str:
    with pytest.raises(DrawbridgeError) as refused:
        load_campaign(text, "x.yaml")
    assert refused.value.code == "DB-PLAN-002"
    return refused.value.zh


def test_every_mistake_is_told_at_once_each_with_its_line() -> None:
    text = QINGHE
    for before, after in (
        ("文号:", "文好:"),
        ("总体: 不低于10%", "总体: 一成"),
        ("自: 2024-05-28", "自: 5月28日"),
        ("角色: 协同", "角色: 协办"),
        ("{每组户数: 6}", "{}"),
    ):
        text = text.replace(before, after, 1)
    campaign, problems = check_plan(text, "x.yaml")
    assert campaign is None
    assert sorted(one.code for one in problems) == [
        "DB-PLAN-004",
        "DB-PLAN-007",
        "DB-PLAN-008",
        "DB-PLAN-013",
        "DB-PLAN-014",
    ]
    lines = text.splitlines()
    for one in problems:
        assert 1 <= int(str(one.facts["line"])) <= len(lines)


def test_a_plan_without_mistakes_has_none() -> None:
    campaign, problems = check_plan(QINGHE, "x.yaml")
    assert problems == []
    assert campaign == load_campaign(QINGHE, "x.yaml")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("文号:", "文好:", "相近的是“文号”"),
        ("频次上限:", "频次限:", "相近的是“频次上限”"),
        ("抽取:", "drow:", "相近的是“抽取”"),
        ("组: {每组户数: 6}", "组: {每组户数: 6, 材料: x}", "“材料”写在“事项清单”里"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest(before: str, after: str, told: str) -> None:
    _, problems = check_plan(QINGHE.replace(before, after, 1), "x.yaml")
    assert told in problems[0].act


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("名称: 甲\n\t文号: 乙\n", "制表符"),
        ("名称：甲\n文号：乙\n", "半角"),
        ("名称: 甲\n文号：乙\n", "半角"),
        ("名称: 甲: 乙\n", "两个冒号"),
        ("名称: [甲, 乙\n文号: x\n", "括号没有闭合"),
        ("名称: '甲\n文号: x\n", "引号没有闭合"),
        ("名称: %甲\n", "加引号"),
        ("名称: *甲\n", "以 * 或 & 开头"),
        ("名称: *abc\n", "没有定义"),
        ("名称: 甲\n---\n名称: 乙\n", "两份计划"),
        ("名称: " + "甲" * 400_000, "不是抽查计划"),
    ],
)
def test_what_is_no_yaml_is_told_in_words(text: str, told: str) -> None:
    raw = text.encode() if len(text) > 1000 else text
    fault = yaml_fault(raw) if isinstance(raw, str) else yaml_fault_of(raw)
    assert told in fault
    assert not any(word in fault for word in ("expected", "token", "found"))


def yaml_fault_of(raw: bytes) -> str:
    with pytest.raises(DrawbridgeError) as refused:
        load_campaign(raw, "x.yaml")
    return refused.value.zh


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-8-sig", "utf-16"])
def test_the_encodings_of_a_county_are_read(encoding: str) -> None:
    assert load_campaign(QINGHE.encode(encoding), "x.yaml") == load_campaign(QINGHE, "x.yaml")


def test_a_bomb_of_anchors_costs_nothing() -> None:
    levels = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    for before, name in zip("abcdefghi", "bcdefghij", strict=True):
        levels.append(f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]")
    bomb = "\n".join(levels)
    begun = time.monotonic()
    campaign, problems = check_plan(QINGHE + bomb + "\n标签: *j\n", "x.yaml")
    assert campaign is None
    assert {one.code for one in problems} == {"DB-PLAN-004"}
    _, problems = check_plan(
        QINGHE.replace("[生产建设项目]}", "*j}", 1).replace("对象:", bomb + "\n对象:", 1), "x"
    )
    assert "DB-PLAN-006" in {one.code for one in problems}
    assert time.monotonic() - begun < 5


def test_a_number_of_objects_alone_is_a_plan_and_draws_so_many() -> None:
    campaign = load_campaign(QINGHE.replace("总体: 不低于10%", "总体: 20户"), "x.yaml")
    assert (campaign.ratio.share, campaign.ratio.minimum) == (None, 20)
    assert at_least(overall_ratio(campaign, 408), 408) == 20
    assert overall_ratio(campaign, 10) == "1"
    ratios = dict(strata_for(campaign))
    assert ratios["C"] == "0.2"
    assert at_least(ratios["E"], 100) == 1


# What is odd and yet allowed.


def test_the_plans_that_ship_have_nothing_odd() -> None:
    for path in sorted(_CAMPAIGNS.glob("*.yaml")):
        assert plan_notices(load_campaign(path.read_bytes(), path.name)) == [], path.name


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("至: 2024-07-31", "至: 2024-07-28", "结束日期 2024-07-28 不是工作日"),
        ("至: 2024-07-31", "至: 2024-06-10", "结束日期 2024-06-10 不是工作日"),
        ("至: 2024-07-31", "至: 2024-05-29", "没有检查的时间"),
        ('任务编号: "130534202405281001"', '任务编号: "130534202405271001"', "任务编号里的日期是 20240527"),
        ('代码: "130534"', '代码: "130535"', "前六位与区划代码 130535 不同"),
        ("频次上限: 2次/年\n", "", "没有写频次上限"),
        ("A: 5%, B: 10%", "A: 15%, B: 10%", "风险高的等级比例反而低"),
        ("总体: 不低于10%", "总体: 20户", "比例只写了户数"),
        ("公布: 2024-05-30 21:15", "公布: 2024-05-20 21:15", "用不上：双色球2024061"),
    ],
)
def test_what_is_odd_is_told_and_not_refused(before: str, after: str, told: str) -> None:
    assert told in notices(before, after)


def test_a_window_on_a_worked_saturday_is_nothing_odd() -> None:
    assert "不是工作日" not in notices("至: 2024-07-31", "至: 2024-09-14")


def test_holidays_that_are_not_announced_yet_are_told() -> None:
    text = QINGHE.replace("自: 2024-05-28, 至: 2024-07-31", "自: 2031-03-03, 至: 2031-04-30")
    assert any("暂定" in sentence for sentence in plan_notices(load_campaign(text, "x.yaml")))
