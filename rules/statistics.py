"""The annex of the notice, 《全县“双随机、一公开”部门联合抽查统计表》, and its cross-foot.

户 are distinct enterprises after replacement, 人 distinct inspectors drawn, substitutes included and
experts not, 项 distinct pairs of enterprise and item.  The county's row is counted over all
departments and never summed from theirs: a joint visit is one enterprise in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from rules.disposals import abnormal_list_proposals
from schemas.campaign import Campaign
from schemas.codes import Disposal
from schemas.form import InspectionForm
from schemas.result import ItemResult

# Key of a column -> its heading in the annex, with its unit.
COLUMNS: dict[str, str] = {
    "report_unit": "报表单位",
    "ent_drawn": "随机抽查企业(户)",
    "inspectors_drawn": "随机抽取执法人员(人)",
    "problem_items": "发现问题事项(项)",
    "problem_ents": "发现问题企业(个)",
    "guided_ents": "行政指导(户)",
    "to_abnormal_list_ents": "应列异常名录(户)",
    "to_case_ents": "涉嫌违法应立案调查(户)",
    "qa_ents": "现场解答疑难问题(户)",
}


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
    """The departments' rows, the lead's first, and the county's."""

    departments: tuple[AnnexRow, ...]
    county: AnnexRow

    @property
    def rows(self) -> list[dict[str, str | int]]:
        """All rows as they are printed, the county's last; keys as `COLUMNS`."""
        return [asdict(row) for row in (*self.departments, self.county)]


def annex_table(
    campaign: Campaign,
    forms: Sequence[InspectionForm],
    results: Sequence[ItemResult],
    drawn_inspectors: Mapping[str, Iterable[str]] | None = None,
) -> AnnexTable:
    """Counts the annex from forms and results; nothing that is not recorded is counted.

    `drawn_inspectors`: ids by department of people drawn beside those on the forms, such as
    substitutes and whoever they replaced.
    """
    more = {code: set(ids) for code, ids in (drawn_inspectors or {}).items()}
    departments = tuple(
        _row(
            one.name,
            {form.uscc for form in forms if any(item.dept_code == one.code for item in form.items)},
            {
                person.inspector_id
                for form in forms
                for person in form.inspectors
                if person.dept_code == one.code
            }
            | more.get(one.code, set()),
            [row for row in results if row.dept_code == one.code],
        )
        for one in campaign.departments
    )
    county = _row(
        f"{campaign.adm_name or ''}合计（去重）",
        {form.uscc for form in forms},
        {person.inspector_id for form in forms for person in form.inspectors}.union(*more.values()),
        results,
    )
    return AnnexTable(departments, county)


def cross_foot(table: AnnexTable) -> list[str]:
    """What does not add up, each as a Chinese sentence; empty when all does.

    Disposals of one enterprise may overlap, so that only each of them is held against the
    enterprises with problems, not their sum.
    """
    return [
        *(sentence for row in (*table.departments, table.county) for sentence in _within(row)),
        *_county_against_departments(table),
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


def _row(unit: str, enterprises: set[str], inspectors: set[str], results: Sequence[ItemResult]) -> AnnexRow:
    problems = {(row.uscc, row.item_code) for row in results if row.is_problem}
    return AnnexRow(
        report_unit=unit,
        ent_drawn=len(enterprises),
        inspectors_drawn=len(inspectors),
        problem_items=len(problems),
        problem_ents=len({uscc for uscc, _ in problems}),
        guided_ents=len({row.uscc for row in results if row.guided or row.disposal is Disposal.GUIDANCE}),
        to_abnormal_list_ents=len({one.uscc for one in abnormal_list_proposals(results)}),
        # The column is the notice's 五(四)2; what is transferred by 五(四)3 has none and is listed apart.
        to_case_ents=len({row.uscc for row in results if row.disposal is Disposal.CASE}),
        qa_ents=len({row.uscc for row in results if row.questions_answered}),
    )


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


def _county_against_departments(table: AnnexTable) -> Iterator[str]:
    """The county's count lies between the largest of the departments' and their sum.

    An item belongs to one department, so that findings do add up.
    """
    county = _counts(table.county)
    columns = [_counts(row) for row in table.departments]
    for key, count in county.items():
        parts = [counts[key] for counts in columns]
        total = sum(parts)
        least = total if key == "problem_items" else max(parts, default=0)
        if not least <= count <= total:
            span = f"{total}" if least == total else f"{least} 至 {total}"
            yield f"{table.county.report_unit}：{_told(key, county)}，按各部门应为 {span}"


def _counts(row: AnnexRow) -> dict[str, int]:
    return {key: value for key, value in asdict(row).items() if key != "report_unit"}


def _told(key: str, counts: Mapping[str, int]) -> str:
    name, _, unit = COLUMNS[key].rstrip(")").partition("(")
    return f"{name} {counts[key]} {unit}"
