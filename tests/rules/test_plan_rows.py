"""Lines of published plans: what they say is read, what they leave open or say twice is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from rules.plan_answers import DEPARTMENT, OURS, QUESTIONS, document_of, is_asked
from rules.plan_file import check_plan, load_campaign
from rules.plan_rows import Known, PlanRow, ReadRow, read_row
from rules.plan_writer import plan_number, plan_text, task_number
from schemas.codes import DrawMode, ObjectKind
from schemas.errors import DrawbridgeError

AUTHORITY = "清河县市场监督管理局"
KNOWN = Known("130534", "清河县", 2024, ObjectKind.ENTERPRISE, {AUTHORITY: "SC", "清河县水务局": "SW"})
ROW = PlanRow(
    row_no=5,
    subject="对特种设备使用登记的行政检查",
    lead=AUTHORITY,
    others=None,
    object_kind="企业",
    base=None,
    ratio="5%",
    frequency="=1",
    count=None,
    when="1月—12月",
    source=None,
)


def read(known: Known = KNOWN, **changes: Any) -> ReadRow:
    return read_row(replace(ROW, **changes), known, 1)


def test_a_line_that_says_all_is_a_plan() -> None:
    found = read()
    assert (found.doubts, found.missing) == ((), ())
    campaign = load_campaign(plan_text(found.document, ["原文：5%"]), "x.yaml")
    assert campaign.name == "2024年清河县市场监督管理局对特种设备使用登记的行政检查"
    assert (campaign.starts_on, campaign.ends_on) == (date(2024, 1, 1), date(2024, 12, 31))
    assert (campaign.ratio.raw, campaign.ratio.share, campaign.frequency_cap) == ("5%", "0.05", 1)
    assert (campaign.plan.plan_id, campaign.task_id) == ("13053420241001", "130534202401011001")
    assert campaign.draw is DrawMode.VERIFY


@pytest.mark.parametrize(
    ("changes", "overall"),
    [
        ({"ratio": "不低于6%"}, "不低于6%"),
        ({"ratio": "≥20%"}, "≥20%"),
        ({"ratio": "3%，2次/年", "frequency": None}, "3%"),
        ({"ratio": "2.5%;1次/年", "frequency": None}, "2.5%"),
        ({"ratio": "10%（20户）"}, "10%（20户）"),
        ({"count": "7户"}, "5%（7户）"),
        ({"count": "1户(实际以联合双随机牵头单位抽查数为准。)"}, "5%"),
        ({"ratio": None, "count": "20"}, "20户"),
    ],
)
def test_ratio_and_number_are_written_as_a_plan_has_them(changes: dict[str, Any], overall: str) -> None:
    found = read(**changes)
    assert found.document["比例"] == {"总体": overall}
    campaign, problems = check_plan(plan_text(found.document), "x.yaml")
    assert problems == []
    assert campaign is not None


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"frequency": ">=1"}, "频次“>=1”是下限"),
        ({"frequency": "不少于4次"}, "是下限"),
        ({"frequency": "3次/年"}, "一年 3 次"),
        ({"base": "90", "ratio": "9%", "count": "8"}, "基数 90 的 9% 是 9 个，表上写 8 个"),
        ({"when": "5月份/9月份"}, "不连续"),
        ({"when": "2024-01-01..06-30, 2024-10-01..12-31"}, "不是一个起止时间"),
        ({"when": "全年"}, "不是一个起止时间"),
        ({"lead": "市水利局"}, "不是全称"),
        ({"lead": "上高县水利局"}, "没有“清河县”"),
        ({"others": f"清河县水务局、{AUTHORITY}"}, "牵头部门或重复"),
    ],
)
def test_what_can_be_read_in_several_ways_is_a_doubt(changes: dict[str, Any], doubt: str) -> None:
    found = read(**changes)
    assert any(doubt in told for told in found.doubts)
    assert not found.is_complete


@pytest.mark.parametrize(
    ("known", "changes", "missing"),
    [
        (replace(KNOWN, division=None), {}, "区划代码"),
        (replace(KNOWN, year=None), {}, "年度"),
        (replace(KNOWN, object_kind=None), {"object_kind": None}, "对象类型"),
        (replace(KNOWN, departments=None), {}, "部门代码"),
        (KNOWN, {"lead": None}, "检查主体"),
        (KNOWN, {"when": None}, "时间"),
        (KNOWN, {"others": "清河县水务局"}, "协同部门的事项"),
    ],
)
def test_what_the_table_does_not_say_stays_open(known: Known, changes: dict[str, Any], missing: str) -> None:
    found = read(known, **changes)
    assert missing in found.missing
    campaign, problems = check_plan(plan_text(found.document), "x.yaml")
    assert campaign is None
    assert problems


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("5月份/6月份", (date(2024, 5, 1), date(2024, 6, 30))),
        ("2月", (date(2024, 2, 1), date(2024, 2, 29))),
        ("3月至11月", (date(2024, 3, 1), date(2024, 11, 30))),
        ("2024年5月28日至2024年7月31日", (date(2024, 5, 28), date(2024, 7, 31))),
    ],
)
def test_months_are_of_the_plan_s_year(when: str, days: tuple[date, date]) -> None:
    assert read(when=when).document["时间"] == {"自": days[0], "至": days[1]}


def test_the_year_is_the_one_that_the_table_names() -> None:
    known = replace(KNOWN, year=None)
    assert read(known, source="清河县2023").document["任务编号"] == "130534202301011001"
    assert "年度" in read(known, source="清河县2023", subject="2024年抽查").missing


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ratio": "一成"}, "DB-RATIO-001"),
        ({"ratio": "130%"}, "DB-RATIO-002"),
        ({"frequency": "经常"}, "DB-RATIO-001"),
        ({"ratio": None}, "DB-ANNUAL-003"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(DrawbridgeError) as refused:
        read(**changes)
    assert refused.value.code == code


def test_the_numbers_are_formed_as_the_publicity_system_has_them() -> None:
    assert plan_number("130534", 2024) == "13053420241001"
    assert task_number("130534", date(2024, 5, 28), 12) == "130534202405281012"


def test_values_that_yaml_would_take_for_something_else_stay_text() -> None:
    text = plan_text({"名称": "no", "简称": "12: 30", "文号": "# 1", "区划": {"代码": "013053"}}, ["一\n二"])
    assert text.startswith("# 一 二\n")
    for written in ("'no'", "'12: 30'", "'# 1'", "'013053'"):
        assert written in text


# The questions of `campaign new`.

GIVEN = {
    "name": "2025年清河县联合抽查",
    "division": "130534",
    "division-name": "清河县",
    "from": "2025-03-03",
    "to": "2025-04-30",
}
LEAD = {"name": "清河县水务局", "code": "SW", "team": "2", "items": "水土保持检查、取水检查"}


def answered(**given: str) -> dict[str, str]:
    answers: dict[str, str] = {}
    for question in QUESTIONS:
        if is_asked(question, answers):
            answer = {**GIVEN, **given}.get(question.key) or question.default(answers)
            assert answer is not None, question.key
            assert question.fault(answer) is None, question.key
            answers[question.key] = answer
    return answers


def test_the_defaults_make_a_plan_that_loads() -> None:
    campaign = load_campaign(plan_text(document_of(answered(), [LEAD])), "x.yaml")
    assert campaign.task_id == "130534202503031001"
    assert campaign.departments[0].items == ("水土保持检查", "取水检查")
    assert campaign.draw is DrawMode.VERIFY


def test_who_draws_oneself_is_asked_for_public_numbers() -> None:
    numbers = "双色球2025024 2025-03-04 21:15、双色球2025025 2025-03-06 21:15"
    given = answered(mode=OURS, risk="A:5%、D：50%", cap="2次/年", **{"public-numbers": numbers})
    campaign = load_campaign(plan_text(document_of(given, [LEAD])), "x.yaml")
    assert [one.id for one in campaign.public_numbers] == ["双色球2025024", "双色球2025025"]
    assert {grade.label: ratio.share for grade, ratio in campaign.risk_ratios.items()} == {
        "A": "0.05",
        "D": "0.5",
    }
    assert "public-numbers" not in answered()


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("name", ""),
        ("short-name", "字" * 41),
        ("division", "1305"),
        ("from", "5月28日"),
        ("task-id", "1305342025"),
        ("type", "随便"),
        ("ratio", "一成"),
        ("ratio", "2次/年"),
        ("risk", "F:5%"),
        ("risk", "A:20户"),
        ("cap", "两次"),
        ("per-group", "0"),
        ("mode", "谁都行"),
        ("public-numbers", "某彩票1 2025-03-04 21:15"),
        ("public-numbers", "双色球2025024 2025-03-04"),
    ],
)
def test_an_answer_that_no_plan_takes_is_told_at_once(key: str, answer: str) -> None:
    (question,) = (one for one in QUESTIONS if one.key == key)
    assert question.fault(answer)


@pytest.mark.parametrize(("key", "answer"), [("team", "1"), ("items", "、"), ("code", ""), ("name", "")])
def test_so_is_one_about_a_department(key: str, answer: str) -> None:
    (question,) = (one for one in DEPARTMENT if one.key == key)
    assert question.fault(answer)
