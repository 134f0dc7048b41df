"""The annex's layout: its heads, where each number stands in the workbook, and how people name a cell."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from rules.annex_count import COLUMNS
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

TITLE = "全县“双随机、一公开”部门联合抽查统计表"
NAME = "统计表"

# The annex's upper heads and the columns beneath each; a column without one is as high as both.
GROUPS: tuple[tuple[str | None, tuple[str, ...]], ...] = (
    (None, ("report_unit",)),
    (None, ("ent_drawn",)),
    (None, ("inspectors_drawn",)),
    ("发现问题", ("problem_items", "problem_ents")),
    ("抽查结果处理", ("guided_ents", "to_abnormal_list_ents", "to_case_ents")),
    (None, ("qa_ents",)),
)
KEYS = tuple(key for _, keys in GROUPS for key in keys)
COUNTS = KEYS[1:]
FIRST_ROW = 4
"""Of the numbers, counted from 0; the same in the table of all units and in each unit's own."""

_SEPARATORS = re.compile(r"[:：/!]")
_COORDINATE = re.compile(r"\$?([A-Za-z])\$?([0-9]{1,3})")
_NEAR = 3


class Heading(NamedTuple):
    """What stands above a table: what it is about, the line beneath, a day for the file's properties."""

    name: str
    line: str
    day_text: str

    @classmethod
    def of(cls, campaign: Campaign) -> Heading:
        """The heading of one campaign's table."""
        window = f"{campaign.starts_on.isoformat()} 至 {campaign.ends_on.isoformat()}"
        parts = (campaign.document_no, f"任务编号 {campaign.task_id}", f"抽查时间 {window}")
        return cls(campaign.name, "    ".join(part for part in parts if part), campaign.starts_on.isoformat())

    @classmethod
    def of_year(cls, year: int, campaigns: Sequence[Campaign], until: str) -> Heading:
        """The heading of a year's table: its tasks, and until which day (yyyy-mm-dd) it counts."""
        place = next((one.adm_name for one in campaigns if one.adm_name), "")
        return cls(
            f"{place}{year}年度部门联合抽查（累计）",
            f"任务 {len(campaigns)} 个    截至 {until}",
            f"{year}-01-01",
        )


class CellName(NamedTuple):
    """A number of the table: the unit's row and the column's key."""

    unit: str
    column: str


def resolve_cell(written: str, units: Sequence[str], codes: dict[str, str] | None = None) -> CellName:
    """The number that a person means; `units` are the rows' names, the county's last.

    Understood: a cell of the table of all units (`B5`), of a unit's own sheet (`清河县水务局!A5`), a
    column by heading or key (`随机抽查企业`, `ent_drawn`; the county's row), and unit and column
    joined by a colon, slash or exclamation mark (`清河县水务局:发现问题企业`).  `codes`: short names
    of units (`SW`).  Raises DrawbridgeError DB-REPORT-001 with the nearest names.
    """
    named = {_plain(unit): unit for unit in units} | {
        _plain(code): unit for code, unit in (codes or {}).items() if unit in units
    }
    named |= {_plain("合计"): units[-1], _plain("全县"): units[-1]}
    place, separator, rest = _split(written)
    coordinate = _COORDINATE.fullmatch(unicodedata.normalize("NFKC", rest).strip())
    if coordinate is not None and (not separator or _plain(place) in named):
        found = _at(coordinate, units, named[_plain(place)] if separator else None)
        if found is not None:
            return found
    unit = named.get(_plain(place)) if separator else units[-1]
    column = _column(rest)
    if unit is None or column is None:
        raise DrawbridgeError("DB-REPORT-001", cell=_short(written), near="、".join(_near(written, units)))
    return CellName(unit, column)


def coordinate_of(cell: CellName, units: Sequence[str]) -> str:
    """Where the number stands in the table of all units, such as `B5`."""
    return f"{chr(ord('A') + KEYS.index(cell.column))}{FIRST_ROW + 1 + list(units).index(cell.unit)}"


def heading_text(key: str) -> str:
    """A column's heading without its unit."""
    return COLUMNS[key].partition("(")[0]


def _split(written: str) -> tuple[str, str, str]:
    found = list(_SEPARATORS.finditer(written))
    if not found:
        return "", "", written
    last = found[-1]
    return written[: last.start()].strip(" '“”"), last.group(), written[last.end() :]


def _at(coordinate: re.Match[str], units: Sequence[str], unit: str | None) -> CellName | None:
    place, row = ord(coordinate[1].upper()) - ord("A"), int(coordinate[2]) - FIRST_ROW - 1
    if unit is not None:  # a unit's own sheet has one row of numbers and no column of units
        return CellName(unit, COUNTS[place]) if row == 0 and place < len(COUNTS) else None
    if not 0 <= row < len(units) or not 0 < place < len(KEYS):
        return None
    return CellName(units[row], KEYS[place])


def _column(written: str) -> str | None:
    plain = _plain(written)
    return next((key for key in COUNTS if plain in (key, _plain(COLUMNS[key]), heading_text(key))), None)


def _near(written: str, units: Sequence[str]) -> list[str]:
    """The nearest names of what was written, or all columns if nothing is near."""
    names = {_plain(heading_text(key)): heading_text(key) for key in COUNTS} | {key: key for key in COUNTS}
    names |= {_plain(unit): f"{unit}:{heading_text(COUNTS[0])}" for unit in units}
    place, _, rest = _split(written)
    wanted = [part for part in (_plain(rest), _plain(place)) if part]
    found = [name for part in wanted for name in difflib.get_close_matches(part, names, n=_NEAR, cutoff=0.4)]
    found += [name for part in wanted for name in names if len(part) > 1 and (part in name or name in part)]
    if found:
        return [names[name] for name in dict.fromkeys(found)][:_NEAR]
    return [heading_text(key) for key in COUNTS]


def _plain(text: str) -> str:
    narrow = unicodedata.normalize("NFKC", text)
    return "".join(narrow.split()).strip("'\"").casefold()


def _short(written: str) -> str:
    line = " ".join(written.split())
    return line if len(line) <= 40 else line[:39] + "…"
