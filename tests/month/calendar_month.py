"""The month: every start of the timetable, day after day, with what people do in between; and its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from mock_platform.shanghai_time import is_working_day
from rules.calendar import SHANGHAI
from tests.month.judge import Judge, days_left
from tests.month.office import LOOK, Office, ToldAlert, office, read_alert
from tests.month.plans import COUNTIES, FIRST_DAY, LAST_DAY
from tests.month.script import Script, script
from tests.month.timetable import Tick, ticks

BEGINS = datetime.combine(FIRST_DAY, time(9), SHANGHAI)
TWO_AT_ONCE = date(2024, 9, 27)
"""Two processes make the first look of this day at once, and there is something to tell."""
MOCK_RESTARTS = date(2024, 10, 9)
_LAST_OF_TEST = date(2024, 11, 4)
_BEFORE_VISITS = frozenset({"同步名录", "抽取对象", "部门确认", "匹配人员", "派发表单"})
_WEEKDAYS = "一二三四五六日"
Figures = Mapping[tuple[str, str, str], float]


@dataclass(frozen=True)
class Day:
    """One day, as it is told of at its end."""

    on: date
    starts: int
    failed: int
    alerts: tuple[ToldAlert, ...]
    digest: bool
    said: tuple[str, ...]
    figures: Figures
    place: int
    """The last start of the day, in the order of all starts."""

    @property
    def kind(self) -> str:
        if is_working_day(self.on):
            return "工作日" if self.on.weekday() < 5 else "调休上班"
        return "休息" if self.on.weekday() >= 5 else "放假"


@dataclass
class Month:
    """What was lived through."""

    office: Office
    script: Script
    days: list[Day] = field(default_factory=list)

    @cached_property
    def judge(self) -> Judge:
        """Asked once the month is over."""
        return Judge(self.office)


@contextmanager
def lived_month(
    folder: Path, every_nth_hour: int | None, told: Callable[[str], None] | None = None
) -> Iterator[Month]:
    """The whole month; `told` gets each line of its table when the day is over."""
    with office(folder, BEGINS) as (opened, plans):
        month = Month(opened, script(opened))
        waiting = list(COUNTIES)
        by_day: dict[date, list[Tick]] = {}
        for tick in ticks(FIRST_DAY, LAST_DAY if every_nth_hour else _LAST_OF_TEST, every_nth_hour):
            if tick.at > BEGINS:
                by_day.setdefault(tick.at.date(), []).append(tick)
        if told is not None:
            told(HEAD)
        for day, starts in by_day.items():
            before = len(opened.ran), len(opened.robot.calls)
            if day == MOCK_RESTARTS:
                opened.restart_mock(COUNTIES[2], plans[COUNTIES[2].task_id])
            first_look = next(tick for tick in starts if tick.name == LOOK)
            for tick in starts:
                opened.move(tick.at)
                while waiting and tick.at >= datetime.combine(waiting[0].starts_on, time(9), SHANGHAI):
                    opened.register(waiting[0], plans[waiting[0].task_id])
                    waiting.pop(0)
                if every_nth_hour is None and _finds_nothing(opened, tick):
                    continue
                if tick.at.minute == 5 or tick.name == LOOK:  # people are there in working hours
                    month.script.play()
                if day == TWO_AT_ONCE and tick is first_look:
                    opened.look_in_processes(2)
                opened.start(tick)
            month.days.append(_day(month, day, *before))
            if told is not None:
                told(row(month, month.days[-1]))
        yield month


def _finds_nothing(opened: Office, tick: Tick) -> bool:
    """Whether what comes before the visits is done in all campaigns: a test leaves such starts out."""
    if tick.name not in _BEFORE_VISITS:
        return False
    last = next((ran for ran in reversed(opened.ran) if ran.tick.name == tick.name), None)
    results = {} if last is None else last.result or {}
    return len(results) == len(COUNTIES) and all(one["done"] for one in results.values())


def _day(month: Month, day: date, started: int, called: int) -> Day:
    """`started`, `called`: how many starts and calls to the robot there had been before it."""
    opened = month.office
    new = opened.robot.texts[called:]
    return Day(
        day,
        len(opened.ran) - started,
        sum(ran.code is not None for ran in opened.ran[started:]),
        tuple(one for text in new if (one := read_alert(*text.split("\n", 1))) is not None),
        any("每日摘要" in text for text in new),
        tuple(month.script.said.get(day, ())),
        _figures((opened.folder / "drawbridge.prom").read_text("utf-8")),
        len(opened.ran),
    )


def _figures(text: str) -> Figures:
    """Name, campaign and the label that tells apart -> value."""
    found: dict[tuple[str, str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sample.labels
            if sample.name == "drawbridge_deadline_working_days":
                found["left", labels["name"], labels["what"]] = sample.value
            elif sample.name == "drawbridge_records":
                found[labels["kind"], labels["name"], labels["state"]] = sample.value
            elif sample.name == "drawbridge_exchange_answers_total":
                key = ("answers", labels["system"], labels["result"])
                found[key] = found.get(key, 0) + sample.value
            elif sample.name == "drawbridge_alerts":
                found["alerts", labels["kind"], labels["urgency"]] = sample.value
    return found


# --- the table ---------------------------------------------------------------------------------------------

HEAD = "\n".join(
    (
        "| 日期 | | | 启动 | 失败 | 已公示 | 最近的期限 | 摘要 | 提醒 | 这一天发生 |",
        "|---|---|---|---:|---:|---|---|---|---|---|",
    )
)


def row(month: Month, day: Day) -> str:
    """One line of the table; what is published stands in the order in which the campaigns began."""
    lists = [month.office.platform.records(county.task_id)["records"] for county in COUNTIES]
    published = [sum(1 for record in of_county if record["shown"]) for of_county in lists]
    nearest = min(
        ((left, name, what) for (kind, name, what), left in day.figures.items() if kind == "left"),
        default=None,
    )
    due = "" if nearest is None else f"{nearest[1]} {nearest[2]} {nearest[0]:.0f}"
    cells = (
        str(day.on),
        _WEEKDAYS[day.on.weekday()],
        day.kind,
        day.starts,
        day.failed or "",
        "/".join(map(str, published)),
        due,
        "✓" if day.digest else "",
        "；".join(_short(one, day.on) for one in day.alerts),
        "；".join(day.said),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _short(one: ToldAlert, today: date) -> str:
    if not one.campaign:
        return f"{one.heading}：{one.what}"
    left = days_left(today, one.on)
    when = f"剩 {left} 日" if left >= 0 else "已过"
    return f"{one.heading}：{one.campaign} {one.what} {one.on:%m-%d} {when}"
