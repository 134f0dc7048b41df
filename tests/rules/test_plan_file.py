"""A plan as a person writes it; every mistake is told with its line and with what may stand there."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from rules.plan_file import load_campaign
from rules.plan_keys import (
    CAMPAIGN,
    DEPARTMENT,
    DRAW,
    FORMS,
    GROUPS,
    ITEM,
    LIMITS,
    NUMBER,
    OBJECTS,
    PLACE,
    PLAN,
    PUBLICATION,
    RATIOS,
    WINDOW,
    Keys,
)
from schemas.codes import DrawMode, FormMode, ObjectKind, PublicationMode, RiskGrade
from schemas.errors import DrawbridgeError, catalogue

_PROJECT = Path(__file__).resolve().parents[2]
_CAMPAIGNS = _PROJECT / "campaigns"
QINGHE = (_CAMPAIGNS / "qinghe-2024-22.yaml").read_text("utf-8")


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start))


def refusal(text: str | bytes) -> DrawbridgeError:
    with pytest.raises(DrawbridgeError) as refused:
        load_campaign(text, "x.yaml")
    return refused.value


def test_the_notice_as_a_plan() -> None:
    campaign = load_campaign(QINGHE, "x.yaml")
    assert campaign.document_no == "清双随机办〔2024〕22号"
    assert (campaign.starts_on, campaign.ends_on) == (date(2024, 5, 28), date(2024, 7, 31))
    assert campaign.object_kind is ObjectKind.PROJECT
    assert campaign.ratio.share == "0.1"
    assert {grade: ratio.share for grade, ratio in campaign.risk_ratios.items()} == {
        RiskGrade.A: "0.05",
        RiskGrade.B: "0.1",
        RiskGrade.C: "0.2",
        RiskGrade.D: "0.5",
    }
    assert [(one.code, one.team) for one in campaign.departments] == [("SW", 2), ("SC", 2)]
    assert campaign.lead.name == "清河县水务局"
    assert len(campaign.items) == 3
    assert all(item.legal_basis for item in campaign.items)
    assert (campaign.confirm_working_days, campaign.publish_working_days) == (1, 20)
    assert (campaign.draw, campaign.forms, campaign.publication) == (
        DrawMode.PERFORM,
        FormMode.PUSH,
        PublicationMode.PUSH,
    )
    assert campaign.public_numbers[0].announced_at.isoformat() == "2024-05-30T21:15:00+08:00"


def test_the_variant_that_the_notice_prescribes() -> None:
    campaign = load_campaign((_CAMPAIGNS / "qinghe-2024-22-platform.yaml").read_bytes(), "x.yaml")
    assert (campaign.draw, campaign.forms, campaign.publication) == (
        DrawMode.VERIFY,
        FormMode.CHECK,
        PublicationMode.RECONCILE,
    )


def test_english_keys_say_the_same() -> None:
    text = QINGHE
    tables = (CAMPAIGN, PLAN, PLACE, WINDOW, OBJECTS, RATIOS, DEPARTMENT, ITEM, LIMITS, GROUPS, NUMBER, DRAW)
    translated = []
    for line in text.splitlines():
        for keys in tables:
            for chinese, english in keys.table.values():
                for before in ("{", ", ", "- ", "  ", ""):
                    if before or line.startswith(chinese):
                        line = line.replace(f"{before}{chinese}:", f"{before}{english}:")
        translated.append(line)
    english_text = "\n".join(translated)
    assert "departments:" in english_text
    assert "部门:" not in english_text
    assert load_campaign(english_text, "x.yaml") == load_campaign(text, "x.yaml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encodings_that_people_have(encoding: str) -> None:
    assert load_campaign(QINGHE.encode(encoding), "x.yaml") == load_campaign(QINGHE, "x.yaml")


# Code, what is changed into what, and the beginning of the line that must be named.
MISTAKES = [
    ("DB-PLAN-002", "文号: 清双", "文号: [清双", "计划:"),
    ("DB-PLAN-002", "文号: 清双", "文号: 清\x07双", "文号:"),
    ("DB-PLAN-003", "简称: 清河2024-22", "名称: 又一个名称", "名称: 又一个"),
    ("DB-PLAN-003", "简称: 清河2024-22", "name: 又一个名称", "name:"),
    ("DB-PLAN-003", "角色: 协同", "name: 市监", "name: 市监"),
    ("DB-PLAN-004", "文号:", "文好:", "文好:"),
    ("DB-PLAN-004", "编码: SC-02", "代码: SC-02", "代码: SC-02"),
    ("DB-PLAN-004", "A: 5%", "F: 5%", "风险:"),
    ("DB-PLAN-004", "文号:", "<<:", "<<:"),
    ("DB-PLAN-005", "代码: SC\n    ", "", "- 名称: 清河县市场"),
    ("DB-PLAN-005", ", 至: 2024-07-31", "", "时间:"),
    ("DB-PLAN-005", "总体: 不低于10%", "总体:", "总体:"),
    ("DB-PLAN-006", "标签: [生产建设项目]", "标签: 生产建设项目", "对象:"),
    ("DB-PLAN-006", "角色: 牵头", "角色: [牵头]", "角色: [牵头]"),
    ("DB-PLAN-006", "区划: {", "区划: 清河 #", "区划:"),
    ("DB-PLAN-006", "文号:", "[文号]:", "[文号]:"),
    ("DB-PLAN-006", "标签: [生产建设项目]", "标签: &a [*a]", "对象:"),
    ("DB-PLAN-007", "类型: 不定向", "类型: 随便", "类型: 随便"),
    ("DB-PLAN-008", "自: 2024-05-28", "自: 5月28日", "时间:"),
    ("DB-PLAN-008", "至: 2024-07-31", "至: 2024-06-31", "时间:"),
    ("DB-PLAN-008", "至: 2024-07-31", "至: 9999-12-31", "时间:"),
    ("DB-PLAN-009", "公示工作日: 20", "公示工作日: 999999", "期限:"),
    ("DB-PLAN-009", "{每组户数: 6}", "{每组户数: 六}", "组:"),
    ("DB-PLAN-009", "确认工作日: 1", "确认工作日: 0", "期限:"),
    ("DB-PLAN-009", "确认工作日: 1", f"确认工作日: {'9' * 5000}", "期限:"),
    ("DB-PLAN-009", "人数: 2", "人数: 1", "人数: 1"),
    ("DB-PLAN-009", "人数: 2", "人数: ２", "人数: ２"),
    ("DB-PLAN-010", "公布: 2024-05-30 21:15", "公布: 2024-05-30", "- {名称: 双色球2024061"),
    ("DB-PLAN-010", "公布: 2024-05-30 21:15", "公布: 五月三十日", "- {名称: 双色球2024061"),
    ("DB-PLAN-011", "名称: 双色球2024061", "名称: 某彩票1", "- {名称: 某彩票1"),
    ("DB-PLAN-011", "名称: 双色球2024061", "名称: 甲1, 格式: 三位, 样式: '[0-9]+'", "- {名称: 甲1"),
    ("DB-PLAN-012", '"130534202405281001"', '"13053420240528"', "任务编号:"),
    ("DB-PLAN-012", '编号: "13053420241001"', "编号: 2024年计划", "计划:"),
    ("DB-PLAN-012", '代码: "130534"', '代码: "1305"', "区划:"),
    ("DB-PLAN-012", "简称: 清河2024-22", f"简称: {'清河' * 21}", "简称:"),
    ("DB-PLAN-012", "编码: SC-01", '编码: ""', '编码: ""'),
    ("DB-PLAN-012", "依据: [《企业信息公示暂行条例》第十四条]", "依据: []", "依据: []"),
    ("DB-PLAN-012", "事项: [登记事项检查, 公示信息检查]", "事项: []", "事项: []"),
    ("DB-PLAN-013", "至: 2024-07-31", "至: 2024-05-01", "时间:"),
    ("DB-PLAN-013", "{每组户数: 6}", "{每组户数: 6, 组数: 7}", "组:"),
    ("DB-PLAN-013", "{每组户数: 6}", "{}", "组:"),
    ("DB-PLAN-013", "名称: 双色球2024062", "名称: 双色球2024061", "- {名称: 双色球2024061, 公布: 2024-05-30"),
    ("DB-PLAN-013", "角色: 牵头", "角色: 协同", "- 代码: SW"),
    ("DB-PLAN-013", "角色: 协同", "角色: 牵头", "- 代码: SW"),
    ("DB-PLAN-013", "代码: SC", "代码: SW", "- 代码: SW"),
    ("DB-PLAN-013", "事项: [登记事项检查, 公示信息检查]", "事项: [公示信息检查]", "- 名称: 登记事项检查"),
    ("DB-PLAN-013", "[登记事项检查, ", "[登记事项检查, 安全检查, ", "- 名称: 生产建设项目水土"),
    ("DB-PLAN-013", "[登记事项检查, ", "[登记事项检查, 登记事项检查, ", "- 代码: SW"),
    ("DB-PLAN-013", "[登记事项检查, ", "[登记事项检查, SC-01, ", "- 名称: 登记事项检查"),
    ("DB-PLAN-013", "的后续监管]", "的后续监管, 登记事项检查]", "- 代码: SW"),
    ("DB-PLAN-013", "编码: SC-02", "编码: SC-01", "- 名称: 公示信息检查"),
    ("DB-PLAN-013", "总体: 不低于10%", "总体: 3%，2次/年", "总体: 3%"),
    ("DB-PLAN-013", "D: 50%", "D: 50%（3户）", "风险:"),
    ("DB-PLAN-014", "总体: 不低于10%", "总体: 一成", "总体: 一成"),
    ("DB-PLAN-014", "总体: 不低于10%", "总体: 0户", "总体: 0户"),
    ("DB-PLAN-014", "总体: 不低于10%", "总体: 2次/年", "总体: 2次/年"),
    ("DB-PLAN-014", "总体: 不低于10%", "总体: 5%-10%", "总体: 5%-10%"),
    ("DB-PLAN-014", "D: 50%", "D: 2次/年", "风险:"),
]


@pytest.mark.parametrize(("code", "before", "after", "place"), MISTAKES)
def test_a_mistake_has_its_line(code: str, before: str, after: str, place: str) -> None:
    assert before in QINGHE
    text = QINGHE.replace(before, after, 1)
    error = refusal(text)
    assert error.code == code
    assert f"x.yaml 第 {line_of(text, place)} 行" in error.zh
    assert f"x.yaml, line {line_of(text, place)}:" in error.en
    assert len(str(error)) < 6000


def test_every_code_of_the_plan_is_provoked() -> None:
    elsewhere = {"DB-PLAN-001"}  # bytes in no encoding have no line
    codes = {code for code in catalogue() if code.startswith("DB-PLAN-")}
    assert {code for code, _, _, _ in MISTAKES} == codes - elsewhere


def test_a_value_that_a_record_refuses_is_told_in_words() -> None:
    assert "应为 18 位数字" in refusal(QINGHE.replace('"130534202405281001"', "1305")).zh
    assert "最多 40 个字" in refusal(QINGHE.replace("简称: 清河2024-22", f"简称: {'清' * 41}")).zh


def test_a_key_that_is_missing_is_named() -> None:
    error = refusal(QINGHE.replace("表单: {方式: 推送}", ""))
    assert error.code == "DB-PLAN-005"
    assert "表单" in error.zh


def test_what_may_stand_there_is_told() -> None:
    error = refusal(QINGHE.replace("类型: 不定向", "类型: 随便"))
    assert "定向" in error.act
    assert "不定向" in error.act


@pytest.mark.parametrize("text", ["", "名称: [", "\t名称: x", "- 名称\n名称: x"])
def test_what_is_no_yaml_is_told(text: str) -> None:
    assert refusal(text).code == "DB-PLAN-002"


def test_a_list_instead_of_a_plan_is_told() -> None:
    assert refusal("- 名称").code == "DB-PLAN-006"


def test_bytes_in_no_encoding_are_told() -> None:
    assert refusal(b"\xff\xff\xff\x80").code == "DB-PLAN-001"


def test_a_tag_that_would_build_an_object_builds_none() -> None:
    error = refusal(QINGHE.replace("简称: 清河2024-22", "简称: !!python/object/apply:os.getcwd []"))
    assert error.code == "DB-PLAN-006"


def test_nothing_is_too_deep_or_too_long_to_be_refused() -> None:
    assert refusal("[" * 5000).code == "DB-PLAN-002"
    assert refusal(QINGHE.replace("类型: 不定向", f"类型: {'随便' * 10}")).code == "DB-PLAN-007"


def test_what_may_be_left_out_is_as_the_documentation_says() -> None:
    text = QINGHE
    for begin in ("简称:", "文号:", "类型:", "频次上限:", "期限:"):
        text = re.sub(rf"(?m)^{begin}.*\n", "", text)
    text = text.replace("    人数: 2\n", "").replace(", 标签: [生产建设项目]", "")
    campaign = load_campaign(text, "x.yaml")
    assert campaign.short_name == campaign.name[:40]
    assert campaign.document_no is None
    assert campaign.task_type.label == "不定向"
    assert campaign.frequency_cap is None
    assert campaign.tags == ()
    assert [one.team for one in campaign.departments] == [2, 2]
    limits = (campaign.reveal_working_days, campaign.confirm_working_days)
    assert (*limits, campaign.entry_working_days, campaign.publish_working_days) == (1, 1, 20, 20)


def test_a_number_of_the_plans_own_says_how_it_is_written() -> None:
    own = "名称: 深证成指20240530, 格式: 收盘点数去掉小数点, 样式: '^[0-9]{6}$'"
    number = load_campaign(QINGHE.replace("名称: 双色球2024061", own), "x.yaml").public_numbers[0]
    assert (number.id, number.format, number.pattern) == (
        "深证成指20240530",
        "收盘点数去掉小数点",
        "^[0-9]{6}$",
    )


def test_a_moment_may_state_its_zone_and_is_else_in_beijing_time() -> None:
    text = QINGHE.replace("2024-05-30 21:15", "2024-05-30T13:15:00Z")
    here, there = load_campaign(QINGHE, "x").public_numbers[0], load_campaign(text, "x").public_numbers[0]
    assert here.announced_at == there.announced_at
    assert here.announced_at.utcoffset() == timedelta(hours=8)


def test_items_may_be_given_by_their_codes() -> None:
    text = QINGHE.replace("事项: [登记事项检查, 公示信息检查]", "事项: [SC-01, SC-02]")
    assert load_campaign(text, "x").items == load_campaign(QINGHE, "x").items


# The documentation names every key, alias and code.

DOCUMENTED = (_PROJECT / "docs" / "plan-file.md").read_text("utf-8")


@pytest.mark.parametrize(
    "keys",
    [
        CAMPAIGN, PLAN, PLACE, WINDOW, OBJECTS, RATIOS, DEPARTMENT,
        ITEM, LIMITS, GROUPS, DRAW, NUMBER, FORMS, PUBLICATION,
    ],
)  # fmt: skip
def test_every_key_is_explained_beside_its_alias(keys: Keys) -> None:
    for chinese, english in keys.table.values():
        assert re.search(rf"^\| {chinese} \| `{english}` \|", DOCUMENTED, re.MULTILINE), chinese


def test_every_code_is_explained() -> None:
    explained = re.findall(r"^\| (DB-PLAN-[0-9]{3}) \|", DOCUMENTED, re.MULTILINE)
    assert explained == [code for code in catalogue() if code.startswith("DB-PLAN-")]


def test_the_example_of_the_documentation_loads() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENTED, re.DOTALL)
    campaign = load_campaign(example, "plan-file.md")
    assert campaign.object_kind is ObjectKind.ENTERPRISE
    assert campaign.group_count(20) == campaign.groups
