"""What prefect.yaml starts, and when: its own schedules, computed by Prefect itself."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml
from prefect.server.schemas.schedules import CronSchedule

from rules.calendar import SHANGHAI, is_working_day

PROJECT = Path(__file__).resolve().parents[2]
# Started for one campaign of its own; and what only opens forms in the pages of Prefect's UI.
_LEFT_OUT = frozenset({"整个任务", "待办清单", "待办"})


@dataclass(frozen=True)
class Tick:
    """One start of one deployment."""

    at: datetime
    name: str
    entrypoint: str


@dataclass(frozen=True)
class Deployment:
    """A deployment of prefect.yaml that starts by the clock."""

    name: str
    entrypoint: str
    crons: tuple[str, ...]


def deployments() -> list[Deployment]:
    """The deployments with a schedule, in the order of the file."""
    document = yaml.safe_load((PROJECT / "prefect.yaml").read_text("utf-8"))
    found = []
    for one in document["deployments"]:
        schedules = one.get("schedules") or []
        if one["name"] not in _LEFT_OUT and schedules:
            assert {schedule["timezone"] for schedule in schedules} == {"Asia/Shanghai"}
            crons = tuple(schedule["cron"] for schedule in schedules)
            found.append(Deployment(one["name"], one["entrypoint"], crons))
    return found


def ticks(first: date, last: date, every_nth_hour: int | None = 1) -> list[Tick]:
    """Every start from `first` to `last`, in order; of one minute in the order of the file.

    `every_nth_hour` above 1 leaves hours out of what is started more than once a day, never the first, nor
    the look at the digest's hour, nor the last of the day.  None leaves out what a test has no time for: see
    `_bounded`.
    """
    found = [
        Tick(at, one.name, one.entrypoint)
        for one in deployments()
        for cron in one.crons
        for at in _thinned(_starts(cron, first, last), every_nth_hour or 10)
    ]
    ordered = sorted(found, key=lambda tick: tick.at)
    return ordered if every_nth_hour is not None else [tick for tick in ordered if _bounded(tick)]


def _bounded(tick: Tick) -> bool:
    """One look a day, at the digest's hour; the public view twice a week; else once on each working day."""
    if tick.name == "提醒":
        return (tick.at.hour, tick.at.minute) == (8, 30)
    if tick.name == "核对公示":
        return tick.at.weekday() in (0, 3)
    return tick.name != "统计表" and tick.at.hour < 9 and is_working_day(tick.at.date())


def flow_of(tick: Tick) -> Callable[[], Awaitable[Any]]:
    """The function behind a deployment, without Prefect around it."""
    module, _, name = tick.entrypoint.rpartition(".")
    function: Callable[[], Awaitable[Any]] = getattr(importlib.import_module(module), name).fn
    return function


def _starts(cron: str, first: date, last: date) -> list[datetime]:
    begin = datetime.combine(first, time(0), SHANGHAI)
    end = datetime.combine(last + timedelta(days=1), time(0), SHANGHAI)
    schedule = CronSchedule(cron=cron, timezone="Asia/Shanghai")
    found: list[datetime] = []
    while begin < end:  # by weeks: Prefect gives at most a thousand at once
        until = min(begin + timedelta(days=7), end)
        dates = asyncio.run(schedule.get_dates(n=1000, start=begin, end=until - timedelta(seconds=1)))
        found += [datetime.fromtimestamp(one.timestamp(), SHANGHAI) for one in dates]
        begin = until
    return found


def _thinned(starts: list[datetime], nth: int) -> list[datetime]:
    days: dict[date, list[datetime]] = {}
    for at in starts:
        days.setdefault(at.date(), []).append(at)
    kept: list[datetime] = []
    for of_day in days.values():
        for place, at in enumerate(of_day):
            is_kept = place in (0, len(of_day) - 1) or (at.hour, at.minute) == (8, 30)
            hourly = (at.hour - of_day[0].hour) % nth == 0 and at.minute == of_day[0].minute
            if nth == 1 or is_kept or hourly:
                kept.append(at)
    return kept
