"""The annex of the notice, 《全县“双随机、一公开”部门联合抽查统计表》, and its cross-foot.

户 are distinct enterprises after replacement, 人 distinct inspectors drawn, substitutes included and
experts not, 项 distinct pairs of enterprise and item.  The county's row is counted over all
departments and never summed from theirs: a joint visit is one enterprise in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from rules.annex_count import (
    COLUMNS,
    Finding,
    Inspected,
    Selection,
    counted,
    of_department,
    of_enterprises,
    whole,
)
from rules.townships import NO_TOWNSHIP, township_of
from schemas.campaign import Campaign
from schemas.form import InspectionForm

__all__ = ["COLUMNS", "AnnexRow", "AnnexTable", "annex_by_township", "annex_of", "annex_table", "cross_foot"]


@dataclass(frozen=True)
class AnnexRow:
    """One row: a department's, or the county's. Members are the annex's columns in their order."""

    report_unit: str
    ent_drawn: int
    inspectors_drawn: int
    problem_items: int
    problem_ents: int
    guided_ents: int
    to_abnormal_list_ents: int
    to_case_ents: int
    qa_ents: int


@dataclass(frozen=True)
class AnnexTable:
    """The units' rows and the county's.

    `departments` are the departments, the lead first, or the townships where the table is by
    township (`apart`: each enterprise belongs to one unit, so that enterprises add up).
    `selections` are the records behind the rows, in the same order, the county's last.
    """

    departments: tuple[AnnexRow, ...]
    county: AnnexRow
    selections: tuple[Selection, ...] = field(default=(), repr=False, compare=False)
    apart: bool = False

    @property
    def rows(self) -> list[dict[str, str | int]]:
        """All rows as they are printed, the county's last; keys as `COLUMNS`."""
        return [asdict(row) for row in (*self.departments, self.county)]

    @property
    def units(self) -> list[str]:
        """The names of the rows, the county's last."""
        return [row.report_unit for row in (*self.departments, self.county)]


def annex_table(
    campaign: Campaign,
    forms: Sequence[InspectionForm],
    results: Sequence[Finding],
    drawn_inspectors: Mapping[str, Iterable[str]] | None = None,
) -> AnnexTable:
    """Counts the annex of one campaign; nothing that is not recorded is counted.

    `drawn_inspectors`: ids by department of people drawn beside those on the forms, such as
    substitutes and whoever they replaced.
    """
    return annex_of([Inspected(campaign, forms, results, drawn_inspectors or {})])


def annex_of(inspected: Sequence[Inspected]) -> AnnexTable:
    """The annex by department over one campaign or several of one county, such as a year's.

    An enterprise, an inspector or a finding that appears in several campaigns is counted once.
    """
    names = dict.fromkeys(dept.name for one in inspected for dept in one.campaign.departments)
    return _table(inspected, {name: of_department(inspected, name) for name in names}, apart=False)


def annex_by_township(inspected: Sequence[Inspected]) -> AnnexTable:
    """The same by the township of each enterprise's address, the unknown last.

    Inspectors are counted in every township that they were drawn for.
    """
    places: dict[str, str] = {}
    for one in inspected:
        for form in one.forms:  # the newest address that names a township holds for all visits
            found = township_of(form.address, one.campaign.adm_name)
            if found != NO_TOWNSHIP or form.uscc not in places:
                places[form.uscc] = found
    names = sorted(set(places.values()), key=lambda name: (name == NO_TOWNSHIP, name))

    def lies_in(name: str) -> Callable[[InspectionForm], bool]:
        return lambda form: places[form.uscc] == name

    return _table(inspected, {name: of_enterprises(inspected, lies_in(name)) for name in names}, apart=True)


def cross_foot(table: AnnexTable) -> list[str]:
    """What does not add up, each as a Chinese sentence; empty when all does.

    Disposals of one enterprise may overlap, so that only each of them is held against the
    enterprises with problems, not their sum.
    """
    return [
        *(sentence for row in (*table.departments, table.county) for sentence in _within(row)),
        *_county_against_units(table),
    ]


# In each row the first is at most the second.
_AT_MOST = (
    ("problem_ents", "ent_drawn"),
    ("problem_ents", "problem_items"),
    ("guided_ents", "problem_ents"),
    ("to_abnormal_list_ents", "problem_ents"),
    ("to_case_ents", "problem_ents"),
    ("qa_ents", "ent_drawn"),
)
# Where every enterprise has one township, all that is counted of enterprises adds up; people do not.
_ADD_UP = {
    False: frozenset({"problem_items"}),
    True: frozenset(COLUMNS) - {"report_unit", "inspectors_drawn"},
}


def _table(inspected: Sequence[Inspected], units: Mapping[str, Selection], *, apart: bool) -> AnnexTable:
    county = whole(inspected)
    place = next((one.campaign.adm_name for one in inspected if one.campaign.adm_name), "")
    return AnnexTable(
        tuple(_row(name, selection) for name, selection in units.items()),
        _row(f"{place}合计（去重）", county),
        (*units.values(), county),
        apart,
    )


def _row(unit: str, selection: Selection) -> AnnexRow:
    counts = {key: len(counted(selection, key)) for key in COLUMNS if key != "report_unit"}
    return AnnexRow(unit, **counts)


def _within(row: AnnexRow) -> Iterator[str]:
    counts = _counts(row)
    for small, large in _AT_MOST:
        if counts[small] > counts[large]:
            yield f"{row.report_unit}：{_told(small, counts)}，大于{_told(large, counts)}"
    if counts["problem_items"] and not counts["problem_ents"]:
        yield f"{row.report_unit}：{_told('problem_items', counts)}，却没有发现问题企业"
    for key, count in counts.items():
        if count < 0:
            yield f"{row.report_unit}：{_told(key, counts)}是负数"


def _county_against_units(table: AnnexTable) -> Iterator[str]:
    """The county's count lies between the largest of the units' and their sum.

    An item belongs to one department, so that findings do add up.  People who were drawn and
    visited nobody belong to no township: there the county may have more than the sum.
    """
    county = _counts(table.county)
    columns = [_counts(row) for row in table.departments]
    units = "各乡镇" if table.apart else "各部门"
    for key, count in county.items():
        parts = [counts[key] for counts in columns]
        total = sum(parts)
        least = total if key in _ADD_UP[table.apart] else max(parts, default=0)
        most = max(total, count) if table.apart and key == "inspectors_drawn" else total
        if not least <= count <= most:
            span = f"{total}" if least == total else f"{least} 至 {total}"
            yield f"{table.county.report_unit}：{_told(key, county)}，按{units}应为 {span}"


def _counts(row: AnnexRow) -> dict[str, int]:
    return {key: value for key, value in asdict(row).items() if key != "report_unit"}


def _told(key: str, counts: Mapping[str, int]) -> str:
    name, _, unit = COLUMNS[key].rstrip(")").partition("(")
    return f"{name} {counts[key]} {unit}"
