"""How the outside systems write times and days, as a profile says it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator, model_validator

from schemas.record import Record

_PER_SECOND = {"s": 1, "ms": 1000}
_ISO_DAY = "%Y-%m-%d"  # which the readers of rows know by themselves
_PROBE = datetime(2024, 11, 25, 13, 45, 58, tzinfo=UTC)


class Clock(Record):
    """Wall-clock times of `zone`, in strptime formats; `ms` or `s`: numbers since 1970 instead."""

    zone: str
    time_format: str
    date_format: str

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("没有这个时区") from None
        return zone

    @model_validator(mode="after")
    def _what_is_written_can_be_read(self) -> Self:
        local = _PROBE.astimezone(self.zone_info)
        if self.read_time(self.write_time(_PROBE)) != _PROBE:
            raise ValueError("time_format 写出的时间读不回来，须有年月日时分秒")
        if self.date_format not in _PER_SECOND:
            written = local.strftime(self.date_format)
            if self.read_date(written) != local.date():
                raise ValueError("date_format 写出的日期读不回来，须有年月日")
        return self

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone as an object."""
        return ZoneInfo(self.zone)

    @property
    def writes_iso_days(self) -> bool:
        """Whether days are written as the readers of rows expect them anyway."""
        return self.date_format == _ISO_DAY

    def read_time(self, written: object) -> datetime:
        """Aware UTC time; raises ValueError if it is not written that way."""
        return self._read(written, self.time_format).astimezone(UTC)

    def write_time(self, at: datetime) -> str:
        """`at` is aware. Numbers are written as their digits."""
        if self.time_format in _PER_SECOND:
            return str(int(at.timestamp() * _PER_SECOND[self.time_format]))
        return at.astimezone(self.zone_info).strftime(self.time_format)

    def read_date(self, written: object) -> date:
        """The day in `zone`; raises ValueError if it is not written that way."""
        return self._read(written, self.date_format).astimezone(self.zone_info).date()

    def day_of(self, written: object) -> object:
        """A day that is written just as `date_format` says, as a date; anything else as it is."""
        if self.writes_iso_days or not isinstance(written, (str, int)):
            return written
        try:
            day = self.read_date(written)
        except ValueError:
            return written
        is_exact = self.date_format in _PER_SECOND or day.strftime(self.date_format) == written
        return day if is_exact else written

    def _read(self, written: object, form: str) -> datetime:
        if form in _PER_SECOND:
            return _since_1970(written, _PER_SECOND[form])
        if not isinstance(written, str):
            raise ValueError("no text")
        return datetime.strptime(written, form).replace(tzinfo=self.zone_info)


def _since_1970(written: object, per_second: int) -> datetime:
    if isinstance(written, str) and written.isascii() and written.isdigit():
        written = int(written)
    if not isinstance(written, int) or isinstance(written, bool) or not 0 <= written < 10**14:
        raise ValueError("no number since 1970")
    return datetime.fromtimestamp(written / per_second, UTC)
