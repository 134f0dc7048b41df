"""The questions from whose answers a plan file is made, each with its default and what may be answered.

An answer is checked when it is given, by the rules that read plan files; `document_of` puts the
answers together as `rules.plan_writer.plan_text` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from rules.plan_writer import plan_number, task_number
from rules.public_numbers import kind_of
from rules.ratios import parse_frequency_cap, parse_ratio
from schemas.codes import ObjectKind, RiskGrade, TaskType
from schemas.errors import DrawbridgeError

Answers = Mapping[str, str]
OURS, PLATFORM = "我方", "平台"
_LIST = re.compile(r"[、,，;；]")


@dataclass(frozen=True)
class Question:
    """One question: its key (also the option's name), its words, what may be answered, its default.

    `default` sees the answers before it; None: it must be answered.  `fault` says in Chinese what is wrong
    with an answer, or None.
    """

    key: str
    words: str
    hint: str
    default: Callable[[Answers], str | None]
    fault: Callable[[str], str | None]


def _none(_: Answers) -> str | None:
    return None


def _fixed(text: str) -> Callable[[Answers], str | None]:
    return lambda _: text


def _length(most: int, least: int = 1) -> Callable[[str], str | None]:
    def fault(text: str) -> str | None:
        if len(text) < least:
            return "不能为空"
        return f"最多 {most} 个字" if len(text) > most else None

    return fault


def _matches(pattern: str, words: str) -> Callable[[str], str | None]:
    return lambda text: None if re.fullmatch(pattern, text) else words


def _day(text: str) -> str | None:
    try:
        date.fromisoformat(text)
    except ValueError:
        return "请写成 2024-05-28 的样子"
    return None


def _one_of(*allowed: str) -> Callable[[str], str | None]:
    return lambda text: None if text in allowed else f"请写 {'、'.join(allowed)} 之一"


def _whole(least: int) -> Callable[[str], str | None]:
    def fault(text: str) -> str | None:
        fits = re.fullmatch("[0-9]{1,4}", text) and int(text) >= least
        return None if fits else f"请写 {least} 或更大的整数"

    return fault


def _ratio(text: str) -> str | None:
    try:
        ratio = parse_ratio(text)
    except DrawbridgeError as error:
        return f"{error.zh}{error.act}"
    if ratio.per_year is not None:
        return "频次请写在“频次上限”"
    return (
        None
        if ratio.share is not None or ratio.minimum
        else "请写成 10%、不低于10%、10%（20户）或 20户 的样子"
    )


def _risks(text: str) -> str | None:
    for part in _listed(text):
        grade, _, share = part.partition(":")
        if grade.strip() not in {one.label for one in RiskGrade}:
            return f"风险等级写 {'、'.join(one.label for one in RiskGrade)}，例如 A:5%、D:50%"
        fault = _ratio(share.strip())
        if fault is not None or parse_ratio(share.strip()).share is None:
            return fault or f"风险等级 {grade} 要写比例"
    return None


def _cap(text: str) -> str | None:
    if not text:
        return None
    try:
        parse_frequency_cap(text)
    except DrawbridgeError as error:
        return f"{error.zh}{error.act}"
    return None


def _items(text: str) -> str | None:
    return None if _listed(text) else "至少写一项，几项之间用、隔开"


def _public_numbers(text: str) -> str | None:
    for part in _listed(text):
        name, _, when = part.strip().partition(" ")
        if kind_of(name) is None:
            return f"“{name}”不是已知彩票的一期，请写成 双色球2024061 2024-05-30 21:15"
        try:
            datetime.fromisoformat(when.strip() if ":" in when else "")
        except ValueError:
            return f"“{part}”没有写明公布时间，请写成 双色球2024061 2024-05-30 21:15"
    return None if _listed(text) else "我方抽取须列出公共随机数"


def _listed(text: str) -> list[str]:
    return [part.strip() for part in _LIST.split(text.replace("：", ":")) if part.strip()]


_MODE = "平台：平台抽取、制表、公示，我方核验（通知规定的做法）；我方：我方抽取、推送"
QUESTIONS: tuple[Question, ...] = (
    Question("name", "任务名称", "公示用的全称", _none, _length(1000)),
    Question("short-name", "简称", "最多 40 字", lambda given: given["name"][:40], _length(40)),
    Question("document-no", "文号", "没有就留空", _fixed(""), _length(100, 0)),
    Question("division", "行政区划代码", "6 位", _none, _matches("[0-9]{6}", "应为 6 位数字")),
    Question("division-name", "行政区划名称", "如 清河县", _none, _length(40)),
    Question("from", "开始日期", "年-月-日", _none, _day),
    Question("to", "结束日期", "年-月-日", _none, _day),
    Question(
        "plan-id",
        "计划编号",
        "14 位",
        lambda given: plan_number(given["division"], _date(given["from"]).year),
        _matches("[0-9]{14}", "应为 14 位数字"),
    ),
    Question(
        "plan-name",
        "计划名称",
        "公示用的全称",
        lambda given: f"{_date(given['from']).year}年度{given['division-name']}部门联合双随机抽查计划",
        _length(1000),
    ),
    Question(
        "task-id",
        "任务编号",
        "18 位",
        lambda given: task_number(given["division"], _date(given["from"])),
        _matches("[0-9]{18}", "应为 18 位数字"),
    ),
    Question("type", "抽查类型", "定向、不定向", _fixed("不定向"), _one_of(*(one.label for one in TaskType))),
    Question(
        "objects",
        "抽查对象",
        "企业、生产建设项目",
        _fixed("企业"),
        _one_of(*(one.label for one in ObjectKind)),
    ),
    Question("ratio", "抽查比例", "10%、不低于10%、10%（20户）、20户", _fixed("不低于10%"), _ratio),
    Question("risk", "各风险等级的比例", "如 A:5%、B:10%、C:20%、D:50%；留空都按总比例", _fixed(""), _risks),
    Question("cap", "频次上限", "如 2次/年；留空一年只抽一次", _fixed(""), _cap),
    Question("per-group", "每组户数", "", _fixed("6"), _whole(1)),
    Question("mode", "由谁抽取", _MODE, _fixed(PLATFORM), _one_of(PLATFORM, OURS)),
    Question(
        "public-numbers",
        "公共随机数",
        "如 双色球2024061 2024-05-30 21:15、双色球2024062 2024-06-02 21:15；至少三期",
        _none,
        _public_numbers,
    ),
)
"""In the order in which they are asked; `public-numbers` only where we draw."""

DEPARTMENT: tuple[Question, ...] = (
    Question("name", "全称", "公示用的名称", _none, _length(100)),
    Question("code", "代码", "平台上的代码", _none, _length(32)),
    Question("team", "每户到场的执法人员数", "至少 2", _fixed("2"), _whole(2)),
    Question("items", "检查事项", "几项之间用、隔开", _none, _items),
)
"""What is asked of each department."""


def is_asked(question: Question, given: Answers) -> bool:
    """Whether a question makes sense after these answers."""
    return question.key != "public-numbers" or given.get("mode") == OURS


def document_of(given: Answers, departments: Sequence[Answers]) -> dict[str, Any]:
    """The plan file's members from the answers; the first department leads."""
    ours = given["mode"] == OURS
    risks = dict(part.partition(":")[::2] for part in _listed(given.get("risk", "")))
    return {
        "名称": given["name"],
        "简称": given["short-name"],
        "文号": given.get("document-no"),
        "计划": {"编号": given["plan-id"], "名称": given["plan-name"]},
        "任务编号": given["task-id"],
        "类型": given["type"],
        "区划": {"代码": given["division"], "名称": given["division-name"]},
        "时间": {"自": given["from"], "至": given["to"]},
        "对象": {"类型": given["objects"]},
        "比例": {
            "总体": given["ratio"],
            "风险": {grade.strip(): text.strip() for grade, text in risks.items()},
        },
        "频次上限": given.get("cap"),
        "部门": [
            {
                "代码": one["code"],
                "名称": one["name"],
                "角色": "牵头" if place == 0 else "协同",
                "人数": int(one["team"]),
                "事项": _listed(one["items"]),
            }
            for place, one in enumerate(departments)
        ],
        "组": {"每组户数": int(given["per-group"])},
        "抽取": {
            "方式": "自行抽取" if ours else "核验平台抽取",
            "公共随机数": [_number(part) for part in _listed(given.get("public-numbers", ""))],
        },
        "表单": {"方式": "推送" if ours else "核对"},
        "公示": {"方式": "推送" if ours else "核对"},
    }


def _number(written: str) -> dict[str, str]:
    name, _, when = written.partition(" ")
    return {"名称": name, "公布": when.strip()}


def _date(text: str) -> date:
    return date.fromisoformat(text)
