"""Whether the month was as it must be: what arrived against what had to, figures against the mocks' lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time

from mock_platform.shanghai_time import SHANGHAI, is_working_day
from tests.month.calendar_month import Month
from tests.month.judge import as_told
from tests.month.office import ToldAlert
from tests.month.plans import COUNTIES

_OTHERS = {
    ("结果不明，待人工核定", "公示"): "清河县秋季：公示",
    ("系统连接不上", "信用公示系统"): "信用公示系统",
}
"""The alerts that are no limits: heading and what stands in it -> how its sentence begins."""
_MADE_TO_FAIL = {
    ("清河县秋季", "部门确认"),
    ("清河县秋季", "现场检查"),
    ("清河县秋季", "公示"),
    ("南宫市秋季", "公示"),
    ("沙河市秋季", "公示"),
    ("沙河市秋季", "结果录入"),
}
"""See tests/month/script.py."""


def faults(month: Month) -> list[str]:
    """Everything that is not as it must be, as sentences; none: the month was right."""
    told = month.office.told()
    return [
        *_once(month, told),
        *_as_expected(month, told),
        *_before(month, told),
        *_digests(month),
        *_figures(month),
        *_kinds(month),
    ]


def summary(month: Month) -> Iterator[str]:
    """The month in a few lines."""
    judge = month.judge
    told = month.office.told()
    working = sum(is_working_day(day.on) for day in month.days)
    yield f"{len(month.days)} 天，其中工作日 {working} 天；启动 {len(month.office.ran)} 次"
    yield f"摘要 {len(month.office.digests()[0])} 份，提醒 {len(told)} 条（机器人、邮件各一份）"
    yield f"错过的期限 {len(judge.missed())} 个：" + "；".join(
        f"{campaign} {what} {on}" for campaign, what, on in judge.missed()
    )
    counts = Counter(one.heading for one in told)
    yield "提醒：" + "，".join(f"{heading} {count}" for heading, count in sorted(counts.items()))


def _once(month: Month, told: list[ToldAlert]) -> Iterator[str]:
    mailed = month.office.mailed()
    for where, arrived in (("robot", told), ("mail", mailed)):
        for number, count in Counter(one.number for one in arrived).items():
            if count != 1:
                yield f"{where}: {number} came {count} times"
        for key, count in Counter((one.heading, one.campaign, one.what, one.on) for one in arrived).items():
            if count != 1:
                yield f"{where}: {key} came {count} times"
        yield from (f"{where}: {one} came back" for one in arrived if one.again)
    if sorted(map(str, told)) != sorted(map(str, mailed)):
        yield "robot and mail were told different things"


def _as_expected(month: Month, told: list[ToldAlert]) -> Iterator[str]:
    expected = {(one.heading, one.campaign, one.what, one.on): one.at for one in month.judge.expected()}
    got = {as_told(one): one.at for one in told if one.campaign}
    yield from (f"not told: {key} at {expected[key]}" for key in expected.keys() - got.keys())
    yield from (f"told without reason: {key} at {got[key]}" for key in got.keys() - expected.keys())
    for key in expected.keys() & got.keys():
        if expected[key] != got[key]:
            yield f"{key}: told at {got[key]}, due at {expected[key]}"
    others = Counter(
        next(
            (key for key, start in _OTHERS.items() if one.heading == key[0] and one.what.startswith(start)),
            None,
        )
        for one in told
        if not one.campaign
    )
    if others != Counter(_OTHERS.keys()):
        yield f"beside the limits: {others}"


def _before(month: Month, told: list[ToldAlert]) -> Iterator[str]:
    """I11: no limit passes without an alert first."""
    first = {(one.campaign, one.what, one.on): one.at for one in told if one.heading == "期限告急"}
    for key in month.judge.missed():
        last = datetime.combine(key[2], time(23, 59, 59), SHANGHAI)
        if key not in first or first[key] > last:
            yield f"{key} passed without a word"


def _kinds(month: Month) -> Iterator[str]:
    """What the script makes fail has failed, in each county."""
    failed = {(campaign, what) for campaign, what, _ in month.judge.missed()}
    yield from (f"did not fail: {one}" for one in sorted(_MADE_TO_FAIL - failed))


def _digests(month: Month) -> Iterator[str]:
    worked = [day.on for day in month.days if is_working_day(day.on)]
    lines = [f"【双随机】每日摘要 {on.year}年{on.month}月{on.day}日" for on in worked]
    for where, got in zip(("robot", "mail"), month.office.digests(), strict=True):
        if got != lines:
            yield f"{where}: digests {sorted(set(lines) ^ set(got))}, {len(got)} of {len(lines)}"


def _figures(month: Month) -> Iterator[str]:
    judge = month.judge
    faults_before = 0.0
    in_maintenance = 0
    for day in month.days:
        for county in COUNTIES:
            wanted = judge.nearest(county.short_name, day.place - 0.5, day.on)
            got = {
                what: left
                for (kind, name, what), left in day.figures.items()
                if (kind, name) == ("left", county.short_name)
            }
            if got != wanted:
                yield f"{day.on} {county.name}: working days left {got}, by the mocks {wanted}"
        now = day.figures.get(("answers", "publicity", "fault"), 0.0)
        in_maintenance += now > faults_before
        faults_before = now
    if not in_maintenance:
        yield "no fault of the publicity system was ever counted"
    yield from _at_the_end(month)


def _at_the_end(month: Month) -> Iterator[str]:
    figures = month.days[-1].figures
    for county in COUNTIES:
        held = [
            row
            for row in month.office.platform.records(county.task_id)["records"]
            if row["state"] == "accepted" and not county.leads
        ]
        accepted = figures.get(("record", county.short_name, "accepted"), 0)
        if accepted != len(held):
            yield f"{county.name}: {accepted} records accepted, the exchange holds {len(held)}"
        for state in ("open", "sent", "unknown"):
            if figures.get(("record", county.short_name, state), 0):
                yield f"{county.name}: records {state} at the end"
    if not any(day.figures.get(("record", COUNTIES[0].short_name, "unknown"), 0) for day in month.days):
        yield "what was parked was never counted as unknown"
