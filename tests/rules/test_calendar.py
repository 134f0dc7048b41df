"""Working days of mainland China: announced ones, and what is certain where nothing is announced yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import (
    FIRST_YEAR,
    LAST_YEAR,
    SHANGHAI,
    add_working_days,
    days_after,
    is_announced,
    is_working_day,
    shanghai_date,
    working_days_between,
)
from schemas.errors import DrawbridgeError

# The arrangements of 2024, from the State Council's yearly notice (国办发明电〔2023〕7号).
WORKED_WEEKENDS_2024 = [
    "02-04", "02-18", "04-07", "04-28", "05-11", "09-14", "09-29", "10-12",
]  # fmt: skip
WEEKDAYS_OFF_2024 = [
    "01-01",
    "02-12", "02-13", "02-14", "02-15", "02-16",
    "04-04", "04-05",
    "05-01", "05-02", "05-03",
    "06-10",
    "09-16", "09-17",
    "10-01", "10-02", "10-03", "10-04", "10-07",
]  # fmt: skip


def days_of(year: int) -> list[date]:
    return list(days_after(date(year - 1, 12, 31), date(year, 12, 31)))


def is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def test_the_whole_of_2024_is_worked_as_the_notice_of_the_state_council_says() -> None:
    exceptions = {f"2024-{day}" for day in WORKED_WEEKENDS_2024 + WEEKDAYS_OFF_2024}
    for day in days_of(2024):
        assert is_working_day(day) is (is_weekend(day) == (day.isoformat() in exceptions)), day


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2024, 5, 28, 15, 59, 59, tzinfo=UTC), date(2024, 5, 28)),
        (datetime(2024, 5, 28, 16, 0, tzinfo=UTC), date(2024, 5, 29)),
        (datetime(2024, 5, 28, 23, 30, tzinfo=UTC), date(2024, 5, 29)),
        (datetime(2024, 5, 28, 23, 59, tzinfo=SHANGHAI), date(2024, 5, 28)),
        (datetime(2024, 5, 28, 20, 0, tzinfo=timezone(timedelta(hours=-5))), date(2024, 5, 29)),
    ],
)
def test_a_moment_belongs_to_its_day_in_shanghai(moment: datetime, day: date) -> None:
    assert shanghai_date(moment) == day


def test_a_moment_without_a_zone_belongs_to_no_day() -> None:
    with pytest.raises(DrawbridgeError) as refused:
        shanghai_date(datetime(2024, 5, 28, 12))  # noqa: DTZ001 - that is what is refused
    assert refused.value.code == "DB-DEADLINE-001"


@pytest.mark.parametrize(
    ("start", "days", "on"),
    [
        ("2024-05-28", 1, "2024-05-29"),
        ("2024-05-31", 1, "2024-06-03"),  # Friday: the weekend does not count
        ("2024-06-01", 1, "2024-06-03"),  # from a Saturday
        ("2024-06-07", 1, "2024-06-11"),  # Dragon Boat Festival on Monday
        ("2024-09-13", 1, "2024-09-14"),  # a Saturday that is worked
        ("2024-09-30", 1, "2024-10-08"),  # the National Day week
        ("2024-09-06", 20, "2024-10-11"),
    ],
)
def test_the_start_never_counts_and_what_is_worked_does(start: str, days: int, on: str) -> None:
    counted = add_working_days(date.fromisoformat(start), days)
    assert (counted.on.isoformat(), counted.provisional) == (on, False)


@pytest.mark.parametrize("days", [0, -1])
def test_no_days_at_all_is_a_mistake_of_ours(days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        add_working_days(date(2024, 5, 28), days)


def test_before_the_first_known_year_nothing_is_known() -> None:
    assert FIRST_YEAR == 2004
    with pytest.raises(DrawbridgeError) as refused:
        is_working_day(date(FIRST_YEAR - 1, 12, 31))
    assert refused.value.code == "DB-DEADLINE-002"
    assert str(FIRST_YEAR) in refused.value.zh


@given(st.dates(date(2004, 1, 1), date(LAST_YEAR, 12, 25)), st.integers(0, 60))
def test_days_between_are_counted_in_both_directions(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    forward = working_days_between(start, end)
    assert forward == sum(is_working_day(start + timedelta(days=n)) for n in range(1, days + 1))
    assert working_days_between(end, start) == -forward


# What the earliest possible limit rests on, counted over all years that are announced.


def test_the_days_that_the_law_fixes_were_never_worked() -> None:
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        for month, day in ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3)):
            assert not is_working_day(date(year, month, day))


def test_never_were_more_than_three_weekend_days_worked_beyond_the_weekdays_taken_off() -> None:
    most = span = 0
    for day in days_after(date(FIRST_YEAR - 1, 12, 31), date(LAST_YEAR, 12, 25)):
        worked = is_working_day(day)
        fixed = (day.month, day.day) in {(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)}
        gain = int(worked) if is_weekend(day) else -int(not worked and not fixed)
        span = max(0, span + gain)
        most = max(most, span)
    assert most == 3


@pytest.mark.parametrize(
    ("start", "days"), [(date(2013, 4, 6), 18), (date(2004, 10, 8), 90), (date(2006, 2, 4), 63)]
)
def test_the_spans_with_most_weekend_days_worked_are_in_time_all_the_same(start: date, days: int) -> None:
    assert add_working_days(start, days, last_year=FIRST_YEAR - 1).on <= add_working_days(start, days).on


def test_no_notice_changed_a_day_of_the_year_before_earlier_than_26_december() -> None:
    """The days from 26 December on that are not as the weekdays say hang on next year's holiday."""
    late = [
        day
        for year in range(FIRST_YEAR, LAST_YEAR + 1)
        for day in days_of(year)
        if (day.month, day.day) >= (12, 20) and bool(chinese_calendar.is_workday(day)) == is_weekend(day)
    ]
    assert date(2018, 12, 29) in late
    assert all((day.month, day.day) >= (12, 26) for day in late)


def test_the_last_days_of_the_last_announced_year_are_open() -> None:
    assert is_announced(date(LAST_YEAR, 12, 25))
    assert not is_announced(date(LAST_YEAR, 12, 26))
    assert not is_announced(date(LAST_YEAR + 1, 1, 4))
    assert is_announced(date(LAST_YEAR - 1, 12, 31))


def test_a_count_into_the_unknown_says_so_and_takes_the_earliest_day() -> None:
    start = date(2023, 12, 20)
    known = add_working_days(start, 10)
    unknown = add_working_days(start, 10, last_year=2023)
    assert not known.provisional
    assert unknown.provisional
    # 21, 22, 25 are certain; of 26-29 all may be worked, of 30 and 31 too: the tenth is 2 January.
    assert unknown.on == date(2024, 1, 2)
    assert unknown.on <= known.on


def test_a_count_that_ends_in_what_is_announced_is_final() -> None:
    assert not add_working_days(date(LAST_YEAR, 12, 20), 1).provisional
    assert add_working_days(date(LAST_YEAR, 12, 25), 1).provisional


def test_far_ahead_monday_to_friday_are_worked_but_for_the_fixed_days() -> None:
    year = LAST_YEAR + 3
    for day in days_of(year):
        fixed = (day.month, day.day) in {(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)}
        assert is_working_day(day) is (not is_weekend(day) and not fixed)
