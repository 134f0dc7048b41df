"""Shanghai time and its working days, as the mock's people live by them.

Days off and shifted weekends are copied by hand from the State Council's yearly notices
(国务院办公厅关于部分节假日安排的通知, 2024 to 2026); another year counts Monday to Friday.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")  # no daylight saving since 1991

# First and last day off (month, day), and the weekend days that are worked instead.
_NOTICES: dict[int, tuple[list[tuple[int, int, int, int]], list[tuple[int, int]]]] = {
    2024: (
        [
            (1, 1, 1, 1),
            (2, 10, 2, 17),
            (4, 4, 4, 6),
            (5, 1, 5, 5),
            (6, 10, 6, 10),
            (9, 15, 9, 17),
            (10, 1, 10, 7),
        ],
        [(2, 4), (2, 18), (4, 7), (4, 28), (5, 11), (9, 14), (9, 29), (10, 12)],
    ),
    2025: (
        [(1, 1, 1, 1), (1, 28, 2, 4), (4, 4, 4, 6), (5, 1, 5, 5), (5, 31, 6, 2), (10, 1, 10, 8)],
        [(1, 26), (2, 8), (4, 27), (9, 28), (10, 11)],
    ),
    2026: (
        [
            (1, 1, 1, 3),
            (2, 15, 2, 23),
            (4, 4, 4, 6),
            (5, 1, 5, 5),
            (6, 19, 6, 21),
            (9, 25, 9, 27),
            (10, 1, 10, 7),
        ],
        [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)],
    ),
}
_OPENS, _CLOSES = time(9, 0), time(17, 30)


def is_working_day(day: date) -> bool:
    """Whether offices are open on that day."""
    off, worked = _NOTICES.get(day.year, ([], []))
    if (day.month, day.day) in worked:
        return True
    if any((m1, d1) <= (day.month, day.day) <= (m2, d2) for m1, d1, m2, d2 in off):
        return False
    return day.weekday() < 5


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day after `day`; 0: `day` itself or the next working day."""
    if count == 0:
        while not is_working_day(day):
            day += timedelta(days=1)
    for _ in range(count):
        day += timedelta(days=1)
        while not is_working_day(day):
            day += timedelta(days=1)
    return day


def on(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of a day in Shanghai."""
    return datetime.combine(day, time(hour, minute), SHANGHAI)


def office_moment(after: datetime, minutes: int) -> datetime:
    """`minutes` of office time after a moment: nights, weekends and holidays are skipped."""
    moment, left = _into_office(after), timedelta(minutes=minutes)
    while True:
        closes = datetime.combine(moment.date(), _CLOSES, SHANGHAI)
        if moment + left <= closes:
            return moment + left
        left -= closes - moment
        moment = on(add_working_days(moment.date(), 1), _OPENS.hour)


def _into_office(moment: datetime) -> datetime:
    day = moment.date()
    if not is_working_day(day) or moment.timetz().replace(tzinfo=None) >= _CLOSES:
        return on(add_working_days(day, 1), _OPENS.hour)
    return max(moment, datetime.combine(day, _OPENS, SHANGHAI))


def wire_time(moment: datetime) -> str:
    """Beijing wall-clock time without zone, as the platform writes it."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def read_wire_time(text: str) -> datetime:
    """The moment that the platform's notation means. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)


def iso_time(moment: datetime) -> str:
    """With its zone, to the second: `2024-05-28T09:00:00+08:00`."""
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")
