"""A plan as a person writes it; every mistake is told with its line and with what may stand there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rules.plan_file import load_campaign
from rules.plan_keys import (
    CAMPAIGN,
    DEPARTMENT,
    DRAW,
    GROUPS,
    ITEM,
    LIMITS,
    NUMBER,
    OBJECTS,
    PLACE,
    PLAN,
    RATIOS,
    WINDOW,
)
from schemas.codes import DrawMode, FormMode, ObjectKind, PublicationMode, RiskGrade
from schemas.errors import DrawbridgeError

_CAMPAIGNS = Path(__file__).resolve().parents[2] / "campaigns"
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
    ("DB-PLAN-003", "简称: 清河2024-22", "名称: 又一个名称", "名称: 又一个"),
    ("DB-PLAN-004", "文号:", "文好:", "文好:"),
    ("DB-PLAN-006", "标签: [生产建设项目]", "标签: 生产建设项目", "对象:"),
    ("DB-PLAN-007", "类型: 不定向", "类型: 随便", "类型: 随便"),
    ("DB-PLAN-008", "自: 2024-05-28", "自: 5月28日", "时间:"),
    ("DB-PLAN-008", "至: 2024-07-31", "至: 2024-06-31", "时间:"),
    ("DB-PLAN-009", "{每组户数: 6}", "{每组户数: 六}", "组:"),
    ("DB-PLAN-009", "确认工作日: 1", "确认工作日: 0", "期限:"),
    ("DB-PLAN-010", "公布: 2024-05-30 21:15", "公布: 五月三十日", "- {名称: 双色球2024061"),
    ("DB-PLAN-011", "名称: 双色球2024061", "名称: 某彩票1", "- {名称: 某彩票1"),
    ("DB-PLAN-012", '"130534202405281001"', '"13053420240528"', "名称:"),
    ("DB-PLAN-013", "至: 2024-07-31", "至: 2024-05-01", "时间:"),
    ("DB-PLAN-013", "{每组户数: 6}", "{每组户数: 6, 组数: 7}", "组:"),
    ("DB-PLAN-013", "名称: 双色球2024062", "名称: 双色球2024061", "- {名称: 双色球2024061, 公布: 2024-05-30"),
    ("DB-PLAN-014", "总体: 不低于10%", "总体: 一成", "总体: 一成"),
    ("DB-PLAN-014", "D: 50%", "D: 2次/年", "风险:"),
]


@pytest.mark.parametrize(("code", "before", "after", "place"), MISTAKES)
def test_a_mistake_has_its_line(code: str, before: str, after: str, place: str) -> None:
    assert before in QINGHE
    text = QINGHE.replace(before, after, 1)
    error = refusal(text)
    assert error.code == code
    assert f"x.yaml 第 {line_of(text, place)} 行" in error.zh


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
