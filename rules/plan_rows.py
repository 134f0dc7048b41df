"""One line of a published annual plan, read into what a plan file needs; what it does not say stays open.

Offices publish plans as tables: ratio, frequency and number of objects as people write them
(`=1`, `3次/年`, `1户(实际以…为准。)`), months without a year, departments by name.  What can be read
in one way is taken; what can be read in several is told as a doubt; nothing is filled in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from rules.plan_writer import plan_number, task_number
from rules.ratios import parse_ratio
from schemas.campaign import Ratio
from schemas.codes import ObjectKind
from schemas.errors import DrawbridgeError

_YEAR = re.compile(r"20[0-9]{2}")
_MONTH = re.compile(r"([0-9]{1,2})月(?:份)?")
_SPAN = re.compile(r"([0-9]{1,2})(?:月(?:份)?)?(?:-|—|–|~|至|到)([0-9]{1,2})月(?:份)?")
_DATES = re.compile(r"(20[0-9]{2})[-./年]([0-9]{1,2})[-./月]([0-9]{1,2})日?")
_NOT_BINDING = re.compile(r"以.+为准")
_WITH_OTHERS = re.compile(r"[、,;/\n]")


@dataclass(frozen=True)
class Known:
    """What the table does not say and whoever imports it does: division, year, codes of departments."""

    division: str | None = None
    division_name: str | None = None
    year: int | None = None
    object_kind: ObjectKind | None = None
    departments: Mapping[str, str] | None = None
    per_group: int = 6


@dataclass(frozen=True)
class PlanRow:
    """A line as it stands in the table; blanks are None. `row_no` as the spreadsheet shows it."""

    row_no: int
    subject: str
    lead: str | None
    others: str | None
    object_kind: str | None
    base: str | None
    ratio: str | None
    frequency: str | None
    count: str | None
    when: str | None
    source: str | None


@dataclass(frozen=True)
class ReadRow:
    """What became of a line: the plan file's members, what is in doubt, and what is missing.

    `ratio` keeps the text as it stands in `raw`.
    """

    row: PlanRow
    document: dict[str, object]
    ratio: Ratio | None
    frequency: Ratio | None
    doubts: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether the plan file can be used as it is."""
        return not self.doubts and not self.missing


def read_row(row: PlanRow, known: Known, serial: int) -> ReadRow:
    """Reads a line; `serial` distinguishes the lines of one table in their numbers.

    Raises DrawbridgeError DB-RATIO-001 to -004 for a ratio, frequency or number that cannot be read,
    DB-ANNUAL-003 if neither ratio nor number is there.
    """
    doubts: list[str] = []
    ratio, written = _ratio(row, doubts)
    frequency = parse_ratio(row.frequency) if row.frequency else None
    if frequency is None and ratio.per_year is not None:
        frequency = ratio
    cap = _cap(frequency, doubts)
    year = known.year or _year_of(row)
    window = _window(row.when, year, doubts)
    departments, kind = _departments(row, known, doubts), _kind(row, known)
    doubts += [f"“{name}”不是全称" for name in _short_names(departments)]
    place = known.division_name
    if place and row.lead and place not in f"{row.lead}{row.source or ''}":
        doubts.append(f"检查主体和来源里没有“{place}”，区划待核")
    starts_on = window[0] if window else None
    document: dict[str, object] = {
        "名称": _name(row, year),
        "简称": _short(row.subject),
        "计划": {
            "编号": plan_number(known.division, year) if known.division and year else None,
            "名称": f"{year}年度{row.lead or ''}抽查计划" if year else None,
        },
        "任务编号": task_number(known.division, starts_on, serial) if known.division and starts_on else None,
        "区划": {"代码": known.division, "名称": known.division_name},
        "时间": {"自": window[0], "至": window[1]} if window else None,
        "对象": {"类型": kind.label if kind else None},
        "比例": {"总体": written},
        "频次上限": f"{cap}次/年" if cap else None,
        "部门": departments,
        "组": {"每组户数": known.per_group},
        "抽取": {"方式": "核验平台抽取"},
        "表单": {"方式": "核对"},
        "公示": {"方式": "核对"},
    }
    missing = [
        name
        for name, there in (
            ("年度", year),
            ("区划代码", known.division),
            ("时间", window),
            ("对象类型", kind),
            ("检查主体", row.lead),
            ("部门代码", all(one.get("代码") for one in departments) if departments else row.lead is None),
            ("协同部门的事项", len(departments) < 2),
        )
        if not there
    ]
    return ReadRow(row, document, ratio, frequency, tuple(doubts), tuple(missing))


def _ratio(row: PlanRow, doubts: list[str]) -> tuple[Ratio, str]:
    """The ratio and how the plan file writes it: with the number of objects where that binds."""
    ratio = parse_ratio(row.ratio)
    count = _count(row.count)
    if ratio.share is None and ratio.minimum is None and count is None:
        raise DrawbridgeError("DB-ANNUAL-003")
    written = (row.ratio or "").strip()
    if ratio.share is not None and ratio.per_year is not None:
        written = _share(ratio)
    base = _plain_count(row.base)
    if base is not None and count is not None and ratio.fraction is not None:
        needed = ceil(ratio.fraction * base)
        if count < needed:
            doubts.append(f"基数 {base} 的 {row.ratio} 是 {needed} 个，表上写 {count} 个")
    if count is not None and ratio.minimum is None and not _NOT_BINDING.search(row.count or ""):
        written = f"{written}（{count}户）" if written else f"{count}户"
    return ratio, written


def _share(ratio: Ratio) -> str:
    """A share in percent, exactly."""
    assert ratio.fraction is not None  # noqa: S101 - the caller looked
    percent = ratio.fraction * 100
    whole, rest = divmod(percent.numerator, percent.denominator)
    text = str(whole) if not rest else f"{percent.numerator / percent.denominator:.4f}".rstrip("0")
    return f"{'不低于' if ratio.at_least else ''}{text}%"


def _cap(frequency: Ratio | None, doubts: list[str]) -> int | None:
    """Once a year is a cap; a least number is none, and several a year may be several tasks."""
    if frequency is None or frequency.per_year is None:
        return None
    if not frequency.per_year_exact:
        doubts.append(f"频次“{frequency.raw}”是下限，不是上限；频次上限没有写")
        return None
    if frequency.per_year > 1:
        doubts.append(f"频次“{frequency.raw}”：一年 {frequency.per_year} 次，是否分为几个任务由办公室定")
    return frequency.per_year


def _count(written: str | None) -> int | None:
    """A number of objects: `7户`, or a plain number in a column of numbers."""
    if not written:
        return None
    plain = _plain_count(written)
    return plain if plain is not None else parse_ratio(written).minimum


def _plain_count(written: str | None) -> int | None:
    text = unicodedata.normalize("NFKC", written or "").strip().removesuffix(".0")
    return int(text) if re.fullmatch("[0-9]{1,7}", text) else None


def _year_of(row: PlanRow) -> int | None:
    """The year that the table itself names, if all places name the same one."""
    found = {match for text in (row.when, row.subject, row.source) for match in _YEAR.findall(text or "")}
    return int(found.pop()) if len(found) == 1 else None


def _window(written: str | None, year: int | None, doubts: list[str]) -> tuple[date, date] | None:
    """First and last day; None with a doubt where the text has several windows or is not understood."""
    text = "".join(unicodedata.normalize("NFKC", written or "").split())
    if not text:
        return None
    days = [_day(*map(int, match)) for match in _DATES.findall(text)]
    if len(days) == 2 and None not in days and ".." not in text:
        return (days[0], days[1]) if days[0] and days[1] else None
    span = _SPAN.fullmatch(text)
    months = [int(month) for month in ([span[1], span[2]] if span else _MONTH.findall(text))]
    if days or not months or not all(1 <= month <= 12 for month in months):
        doubts.append(f"时间“{_line(written)}”不是一个起止时间")
        return None
    if span is None and months != list(range(months[0], months[0] + len(months))):
        doubts.append(f"时间“{_line(written)}”不连续，是几个时段")
        return None
    if year is None or months[0] > months[-1]:
        return None
    ends = date(year + (months[-1] == 12), months[-1] % 12 + 1, 1) - timedelta(days=1)
    return date(year, months[0], 1), ends


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _kind(row: PlanRow, known: Known) -> ObjectKind | None:
    written = (row.object_kind or "").strip()
    return next((kind for kind in ObjectKind if kind.label == written), known.object_kind)


def _departments(row: PlanRow, known: Known, doubts: list[str]) -> list[dict[str, object]]:
    if not row.lead:
        return []
    codes = known.departments or {}
    names = [part.strip() for part in _WITH_OTHERS.split(row.others or "") if part.strip()]
    others = [name for name in dict.fromkeys(names) if name != row.lead]
    if len(others) < len(names):
        doubts.append(f"参与部门“{_line(row.others)}”里有牵头部门或重复")
    return [
        {
            "代码": codes.get(name),
            "名称": name,
            "角色": "牵头" if place == 0 else "协同",
            "事项": [row.subject] if place == 0 else None,
        }
        for place, name in enumerate([row.lead, *others])
    ]


def _short_names(departments: list[dict[str, object]]) -> list[str]:
    """Names without the place whose authority it is (市水利局): results are published under legal names."""
    return [str(one["名称"]) for one in departments if str(one["名称"])[:1] in "省市县区"]


def _name(row: PlanRow, year: int | None) -> str:
    """The task's name: as the table has it, with year and authority before a bare item."""
    if _YEAR.search(row.subject):
        return row.subject
    return f"{year}年{row.lead or ''}{row.subject}" if year else row.subject


def _short(subject: str) -> str:
    return subject[:40]


def _line(text: str | None) -> str:
    line = " ".join((text or "").split())
    return line if len(line) <= 30 else line[:29] + "…"
