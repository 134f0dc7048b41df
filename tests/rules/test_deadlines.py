"""The limits of the notice: one working day to confirm, twenty to enter and to publish, ten for a listing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import LAST_YEAR, add_working_days, is_working_day, working_days_between
from rules.deadlines import (
    Deadline,
    WarningLevel,
    abnormal_list_deadline,
    confirmation_deadline,
    entry_deadline,
    first_public_number,
    publication_deadline,
    reveal_deadline,
    warning_level,
    working_days_left,
)
from schemas.campaign import PublicNumber
from schemas.errors import DrawbridgeError

SHANGHAI = ZoneInfo("Asia/Shanghai")


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("completed", "last"),
    [
        ("2024-05-28", "2024-06-26"),
        ("2024-07-31", "2024-08-28"),
        ("2024-09-06", "2024-10-11"),
        ("2024-09-14", "2024-10-18"),
        ("2024-10-05", "2024-11-01"),
        ("2025-09-10", "2025-10-14"),
        ("2026-01-30", "2026-03-05"),
    ],
)
def test_twenty_working_days_from_completion(completed: str, last: str) -> None:
    assert publication_deadline(noon(completed)) == Deadline(date.fromisoformat(last))
    assert entry_deadline(noon(completed)) == Deadline(date.fromisoformat(last))


@pytest.mark.parametrize(("dispatched", "last"), [("2024-09-13", "2024-09-14"), ("2024-06-07", "2024-06-11")])
def test_one_working_day_to_confirm(dispatched: str, last: str) -> None:
    assert confirmation_deadline(noon(dispatched)).on == date.fromisoformat(last)


def test_half_past_eleven_at_night_utc_counts_from_the_next_day_in_shanghai() -> None:
    late = datetime(2024, 5, 27, 23, 30, tzinfo=UTC)
    assert publication_deadline(late) == publication_deadline(noon("2024-05-28"))
    assert publication_deadline(late) != publication_deadline(noon("2024-05-27"))


def test_ten_working_days_for_a_listing() -> None:
    assert abnormal_list_deadline(noon("2024-06-03")).on == date(2024, 6, 18)


def test_a_year_without_announced_holidays_gives_a_provisional_limit() -> None:
    beyond = datetime(LAST_YEAR + 1, 1, 10, 12, tzinfo=SHANGHAI)
    limit = publication_deadline(beyond)
    assert limit.provisional
    assert limit.on > beyond.date()
    assert not publication_deadline(noon("2024-05-28")).provisional


def test_a_moment_without_its_zone_is_refused() -> None:
    with pytest.raises(DrawbridgeError) as refused:
        publication_deadline(datetime(2024, 5, 28, 12))  # noqa: DTZ001 - that is what is refused
    assert refused.value.code == "DB-DEADLINE-001"


def test_a_date_before_the_first_known_year_is_refused() -> None:
    with pytest.raises(DrawbridgeError) as refused:
        publication_deadline(noon("2001-05-28"))
    assert refused.value.code == "DB-DEADLINE-002"


def test_a_limit_ends_with_the_last_second_of_its_day_in_shanghai() -> None:
    limit = publication_deadline(noon("2024-05-28"))
    last = datetime(2024, 6, 26, 23, 59, 59, tzinfo=SHANGHAI)
    assert limit.ends_at == last
    assert not limit.has_passed(last)
    assert limit.has_passed(last + timedelta(seconds=1))
    # The same moments as a machine in UTC says them: 16:00 there is midnight here.
    assert not limit.has_passed(datetime(2024, 6, 26, 15, 59, 59, tzinfo=UTC))
    assert limit.has_passed(datetime(2024, 6, 26, 16, 0, tzinfo=UTC))


def test_the_plan_may_give_other_limits() -> None:
    assert confirmation_deadline(noon("2024-06-07"), 2).on == date(2024, 6, 12)
    assert entry_deadline(noon("2024-06-07"), 5).on == date(2024, 6, 17)


@given(st.dates(date(2004, 1, 1), date(2040, 1, 1)))
def test_no_day_is_too_far_ahead_for_a_limit(day: date) -> None:
    limit = publication_deadline(noon(day.isoformat()))
    assert day + timedelta(days=20) < limit.on <= day + timedelta(days=45)
    assert limit.provisional is (limit.on > date(LAST_YEAR, 12, 25))


@given(st.dates(date(2004, 1, 1), date(LAST_YEAR, 10, 1)), st.integers(1, 40))
def test_counting_forward_and_counting_between_agree(start: date, days: int) -> None:
    counted = add_working_days(start, days)
    assert is_working_day(counted.on)
    assert working_days_between(start, counted.on) == days


@given(st.dates(date(2004, 1, 1), date(LAST_YEAR - 1, 10, 1)), st.integers(1, 20))
def test_a_provisional_limit_is_never_later_than_the_one_that_is_announced_later(
    start: date, days: int
) -> None:
    announced = add_working_days(start, days)
    before_the_notice = add_working_days(start, days, last_year=start.year - 1)
    assert before_the_notice.on <= announced.on
    assert before_the_notice.provisional


def test_warnings_grow_as_the_limit_comes_nearer() -> None:
    limit = publication_deadline(noon("2024-05-28"))
    day, seen = date(2024, 5, 28), []
    while day <= limit.on + timedelta(days=1):
        level = warning_level(day, limit)
        if not seen or seen[-1] is not level:
            seen.append(level)
        day += timedelta(days=1)
    assert seen == list(WarningLevel)
    fifteenth, eighteenth, twentieth = (add_working_days(date(2024, 5, 28), days).on for days in (15, 18, 20))
    assert warning_level(fifteenth, limit) is WarningLevel.NEAR
    assert warning_level(fifteenth - timedelta(days=1), limit) is WarningLevel.NONE
    assert warning_level(eighteenth, limit) is WarningLevel.URGENT
    assert warning_level(twentieth, limit) is WarningLevel.LAST_DAY
    assert working_days_left(limit.on, limit) == 0
    assert working_days_left(limit.on + timedelta(days=1), limit) < 0


def test_a_weekend_after_the_limit_is_late_all_the_same() -> None:
    friday = Deadline(date(2024, 6, 14))
    assert [working_days_left(date(2024, 6, day), friday) for day in (13, 14, 15, 16, 17)] == [
        1,
        0,
        -1,
        -1,
        -1,
    ]
    assert warning_level(date(2024, 6, 15), friday) is WarningLevel.OVERDUE


def test_reveals_end_at_five_in_the_afternoon_of_a_working_day() -> None:
    assert reveal_deadline(noon("2024-06-07"), 1) == datetime(2024, 6, 11, 17, tzinfo=SHANGHAI)
    assert reveal_deadline(noon("2024-06-07"), 0) == datetime(2024, 6, 7, 17, tzinfo=SHANGHAI)
    evening = datetime(2024, 6, 7, 18, tzinfo=SHANGHAI)
    assert reveal_deadline(evening, 0) == datetime(2024, 6, 11, 17, tzinfo=SHANGHAI)


def number(name: str, day: str) -> PublicNumber:
    return PublicNumber(id=name, announced_at=noon(day), format="数字", pattern="^[0-9]{3}$")


@pytest.mark.parametrize("order", [1, -1])
def test_the_first_number_after_the_reveal_counts_and_without_one_nothing_is_drawn(order: int) -> None:
    listed = [number("1", "2024-05-30"), number("2", "2024-06-02"), number("3", "2024-06-04")][::order]
    assert first_public_number(listed, noon("2024-05-30")).id == "2"
    assert first_public_number(listed, noon("2024-05-30") - timedelta(seconds=1)).id == "1"
    with pytest.raises(DrawbridgeError) as refused:
        first_public_number(listed, noon("2024-06-04"))
    assert refused.value.code == "DB-DEADLINE-003"
