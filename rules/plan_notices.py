"""What is odd in a plan that can be read: told to whoever wrote it, and no reason to refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from rules.calendar import (
    LAST_YEAR,
    SHANGHAI,
    is_announced,
    is_working_day,
    shanghai_date,
    working_days_between,
)
from rules.deadlines import publication_deadline
from schemas.campaign import Campaign
from schemas.codes import DrawMode, RiskGrade
from schemas.errors import DrawbridgeError

# Both draws (objects, inspectors) take a number of their own, and a round may have to be held again.
_NUMBERS_WANTED = 3


def plan_notices(campaign: Campaign) -> list[str]:
    """One Chinese sentence for each thing that looks odd, in the file's order; mostly empty."""
    return [sentence for look in _LOOKS for sentence in look(campaign)]


def _numbers(campaign: Campaign) -> Iterator[str]:
    plan, task, place = campaign.plan.plan_id, campaign.task_id, campaign.adm_code
    if plan[:6] != place or task[:6] != place:
        yield f"计划编号、任务编号的前六位与区划代码 {place} 不同"
    begins = f"{campaign.starts_on:%Y%m%d}"
    if task[6:14] != begins:
        yield f"任务编号里的日期是 {task[6:14]}，时间从 {begins} 开始"
    if plan[6:10] != f"{campaign.starts_on.year}":
        yield f"计划编号里的年度是 {plan[6:10]}，时间从 {campaign.starts_on.year} 年开始"


def _window(campaign: Campaign) -> Iterator[str]:
    for name, day in (("开始", campaign.starts_on), ("结束", campaign.ends_on)):
        try:
            if not is_working_day(day):
                yield f"{name}日期 {day} 不是工作日"
        except DrawbridgeError as error:
            yield f"{name}日期 {day}：{error.zh}"
            return
    worked = working_days_between(campaign.starts_on - timedelta(days=1), campaign.ends_on)
    needed = (
        campaign.reveal_working_days * 2 * (campaign.draw is DrawMode.PERFORM) + campaign.confirm_working_days
    )
    if worked <= needed:
        yield f"时间只有 {worked} 个工作日，抽取和确认就要 {needed} 个，没有检查的时间"
    last = _last_publication(campaign)
    if not is_announced(last):
        yield f"公示期限要到 {last.year} 年，放假安排只知道到 {LAST_YEAR} 年，期限是暂定的"


def _last_publication(campaign: Campaign) -> date:
    """The last day for publication of what is completed on the window's last day."""
    ended = datetime.combine(campaign.ends_on, time(), SHANGHAI)
    return publication_deadline(ended, campaign.publish_working_days).on


def _ratios(campaign: Campaign) -> Iterator[str]:
    if campaign.ratio.share is None:
        least = campaign.ratio.minimum
        yield f"比例只写了户数（{campaign.ratio.raw}）：至少抽取 {least} 个，有对象的各风险等级至少一个"
    graded = [campaign.risk_ratios[grade].fraction for grade in RiskGrade if grade in campaign.risk_ratios]
    rising = [
        share for share in graded[: 5 - (RiskGrade.UNRATED in campaign.risk_ratios)] if share is not None
    ]
    if rising != sorted(rising):
        yield "风险高的等级比例反而低，请核对"
    if campaign.frequency_cap is None:
        yield "没有写频次上限：本年度抽过一次的对象不再抽取"


def _public_numbers(campaign: Campaign) -> Iterator[str]:
    if campaign.draw is not DrawMode.PERFORM:
        return
    early = [
        one.id for one in campaign.public_numbers if shanghai_date(one.announced_at) < campaign.starts_on
    ]
    if early:
        yield f"在开始日期之前公布的公共随机数用不上：{'、'.join(early)}"
    usable = len(campaign.public_numbers) - len(early)
    if usable < _NUMBERS_WANTED:
        yield f"可用的公共随机数只有 {usable} 期；抽对象、抽人员各用一期，重抽还要一期"


def _items(campaign: Campaign) -> Iterator[str]:
    if not campaign.items:
        yield "没有写事项清单：检查依据和材料取平台已公布的清单"


_LOOKS = (_numbers, _window, _ratios, _public_numbers, _items)
