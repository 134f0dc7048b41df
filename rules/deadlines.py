"""The limits of a campaign: confirmation, reveal, entry, publication, abnormal-operations list.

A limit of n working days ends with the n-th working day after the day of the event, both
dates in Shanghai; the day of the event does not count (民法典 §201).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from rules.calendar import SHANGHAI, add_working_days, is_working_day, shanghai_date, working_days_between
from schemas.campaign import PublicNumber
from schemas.codes import Coded
from schemas.errors import DrawbridgeError

# When an office closes: a department must have revealed by then.
OFFICE_CLOSES = time(17, 0)

ABNORMAL_LIST_WORKING_DAYS = 10


@dataclass(frozen=True)
class Deadline:
    """The last day on which something is in time.

    `provisional`: the holidays on the way are not all announced yet, and `on` is the earliest
    that the limit can be (see `rules.calendar.add_working_days`).
    """

    on: date
    provisional: bool = False

    @property
    def ends_at(self) -> datetime:
        """The last second of that day, in Shanghai."""
        return datetime.combine(self.on, time(23, 59, 59), SHANGHAI)

    def has_passed(self, now: datetime) -> bool:
        """Whether it is too late at `now` (any zone)."""
        return shanghai_date(now) > self.on


class WarningLevel(Coded):
    """How near a limit of 20 working days is: from the 15th, the 18th, the 20th, after it."""

    NONE = "0", "正常"
    NEAR = "1", "临近期限"
    URGENT = "2", "即将到期"
    LAST_DAY = "3", "今日到期"
    OVERDUE = "4", "已逾期"


# Working days that are left, at most, and what that means; the first line that fits.
_LEVELS: tuple[tuple[int, WarningLevel], ...] = (
    (0, WarningLevel.LAST_DAY),
    (2, WarningLevel.URGENT),
    (5, WarningLevel.NEAR),
)


def confirmation_deadline(dispatched_at: datetime, working_days: int = 1) -> Deadline:
    """End of the next working day after dispatch (notice 五(三)2: 一个工作日内).

    `dispatched_at` carries its zone.  Raises DrawbridgeError DB-DEADLINE-001, -002.
    """
    return _after(dispatched_at, working_days)


def entry_deadline(completed: datetime, working_days: int = 20) -> Deadline:
    """Until when a result must be entered on the platform (notice 五(三)7: 20个工作日).

    `completed` carries its zone.  Raises DrawbridgeError DB-DEADLINE-001, -002.
    """
    return _after(completed, working_days)


def publication_deadline(completed: datetime, working_days: int = 20) -> Deadline:
    """Until when a result must be public (国发〔2019〕5号: 20个工作日 from completion).

    `completed` carries its zone and is the latest completion among the departments.
    Raises DrawbridgeError DB-DEADLINE-001, -002.
    """
    return _after(completed, working_days)


def abnormal_list_deadline(established: datetime) -> Deadline:
    """Until when the registrar must decide on a listing: 10 working days from what was established.

    企业经营异常名录管理暂行办法 §7-9: 自查实之日 (for an order to publicise: 期限届满之日) 起10个
    工作日.  `established` carries its zone.  Raises DrawbridgeError DB-DEADLINE-001, -002.
    """
    return _after(established, ABNORMAL_LIST_WORKING_DAYS)


def reveal_deadline(now: datetime, working_days: int) -> datetime:
    """17:00 in Shanghai of the `working_days`-th working day after `now`.

    With 0: of the day of `now`, if it is worked and 17:00 lies ahead, else of the next working
    day.  `now` carries its zone.  Raises DrawbridgeError DB-DEADLINE-001, -002.
    """
    today = shanghai_date(now)
    if working_days == 0:
        closing = datetime.combine(today, OFFICE_CLOSES, SHANGHAI)
        if is_working_day(today) and now < closing:
            return closing
    day = add_working_days(today, max(working_days, 1)).on
    return datetime.combine(day, OFFICE_CLOSES, SHANGHAI)


def first_public_number(numbers: Sequence[PublicNumber], after: datetime) -> PublicNumber:
    """The number that is announced first after `after`, in whatever order they are listed (draw-spec §2).

    The plan lists several issues, so that which one counts follows from the reveal's end and
    nobody chooses.  Raises DrawbridgeError DB-DEADLINE-003 if none is announced later.
    """
    later = [number for number in numbers if number.announced_at > after]
    if later:
        return min(later, key=lambda number: number.announced_at)
    until = after.astimezone(SHANGHAI)
    raise DrawbridgeError("DB-DEADLINE-003", after=f"{until:%Y-%m-%d %H:%M}", listed=len(numbers))


def working_days_left(today: date, deadline: Deadline) -> int:
    """Working days after `today` up to the limit: 0 on the last day, negative after it."""
    left = working_days_between(today, deadline.on)
    # A weekend may lie between the limit and today: late all the same.
    return -1 if left == 0 and today > deadline.on else left


def warning_level(today: date, deadline: Deadline) -> WarningLevel:
    """How urgent a limit is: with 20 working days, from the 15th, the 18th and the 20th on."""
    if today > deadline.on:
        return WarningLevel.OVERDUE
    left = working_days_left(today, deadline)
    return next((level for limit, level in _LEVELS if left <= limit), WarningLevel.NONE)


def _after(event: datetime, working_days: int) -> Deadline:
    counted = add_working_days(shanghai_date(event), working_days)
    return Deadline(counted.on, counted.provisional)
