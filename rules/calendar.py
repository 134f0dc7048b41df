"""Working days of mainland China, by Shanghai dates.

Which days are holidays, and which Saturdays and Sundays are worked in exchange (调休), is
announced by the General Office of the State Council once a year, mostly in November for the
year after; `chinesecalendar` carries these notices since 2004.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache

import chinese_calendar

from schemas.errors import DrawbridgeError

# One zone for the whole country and no summer time since 1991: needs no zone database.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

FIRST_YEAR = min(chinese_calendar.constants.holidays).year
LAST_YEAR = max(chinese_calendar.constants.holidays).year

# A holiday fixed by law on the same day each year (全国年节及纪念日放假办法 art. 2); those by the
# moon and the sun are left out, since only what is certain may be taken off a lower bound.
_ALWAYS_OFF = frozenset({(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)})

# In no span of days since 2004 were more than three weekend days worked beyond the weekdays
# taken off in the same span (7 to 28 April 2013 has three; tests/rules/test_calendar.py counts it).
_WEEKEND_DAYS_WORKED = 3

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class CountedDay:
    """A day reached by counting working days; `provisional`: not all of the way is announced."""

    on: date
    provisional: bool


def shanghai_date(at: datetime) -> date:
    """The date in Shanghai at a moment.

    Raises DrawbridgeError DB-DEADLINE-001 if `at` does not say its zone.
    """
    if at.tzinfo is None:
        raise DrawbridgeError("DB-DEADLINE-001")
    return at.astimezone(SHANGHAI).date()


def is_announced(day: date, last_year: int = LAST_YEAR) -> bool:
    """Whether it is settled that `day` is worked or not; `last_year` is the last one announced.

    The last days of a year hang on the notice of the next one, which may move the weekend
    before New Year's Day (29 December 2018 was worked, 31 December 2022 was not): from 26
    December on nothing is settled until that notice is there.
    """
    return day.year < last_year or (day.year == last_year and (day.month, day.day) < (12, 26))


@cache  # a look at a county's deadlines asks a thousand times for the days of a few weeks
def is_working_day(day: date) -> bool:
    """Whether `day` is worked.

    Where that is not announced yet, Monday to Friday are, but for the holidays that the law
    puts on fixed dates.  Raises DrawbridgeError DB-DEADLINE-002 for a date before 2004.
    """
    if day.year < FIRST_YEAR:
        raise DrawbridgeError("DB-DEADLINE-002", date=day.isoformat(), first_year=FIRST_YEAR)
    if is_announced(day):
        return bool(chinese_calendar.is_workday(day))
    return _may_be_worked(day)


def add_working_days(start: date, days: int, last_year: int = LAST_YEAR) -> CountedDay:
    """The `days`-th working day after `start`, which itself never counts; at least one.

    Where the way leads past what is announced, the answer is the earliest day that it can be:
    every Monday to Friday counts but for the holidays on fixed dates, and so do the first three
    weekend days, since that many may yet be declared working days.  A person who keeps it is
    in time whatever the notice will say.

    `last_year`: the last year taken as announced.
    Raises DrawbridgeError DB-DEADLINE-002 for a date before 2004, ValueError for `days` below 1.
    """
    if days < 1:
        raise ValueError("at least one working day")
    spare = _WEEKEND_DAYS_WORKED
    left = days
    day = start
    while left:
        day += _DAY
        if is_announced(day, last_year):
            left -= is_working_day(day)
        elif _may_be_worked(day):
            left -= 1
        elif spare and day.weekday() >= 5 and (day.month, day.day) not in _ALWAYS_OFF:
            spare -= 1
            left -= 1
    return CountedDay(day, not is_announced(day, last_year))


def working_days_between(start: date, end: date) -> int:
    """Working days after `start` up to and including `end`; negative if `end` lies before."""
    if end < start:
        return -working_days_between(end, start)
    return sum(is_working_day(day) for day in days_after(start, end))


def days_after(start: date, end: date) -> Iterator[date]:
    """The days after `start` up to and including `end`."""
    day = start + _DAY
    while day <= end:
        yield day
        day += _DAY


def _may_be_worked(day: date) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in _ALWAYS_OFF
