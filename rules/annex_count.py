"""What each number of the annex counts, and the records that each counted thing rests on.

`rules.statistics` makes the numbers as the sizes of these, so that a number and its explanation
cannot differ.  户 are enterprises, 人 inspectors, 项 pairs of enterprise and item, each counted once
however many departments, visits or campaigns it appears in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from rules.visits import Ground, has_listing_ground
from schemas.campaign import Campaign
from schemas.codes import Disposal, ResultCode
from schemas.form import FormInspector, InspectionForm
from schemas.result import NOT_A_PROBLEM
from schemas.uscc import is_market_entity

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


class Finding(Ground, Protocol):
    """What the annex looks at of a result."""

    @property
    def uscc(self) -> str: ...
    @property
    def item_code(self) -> str: ...
    @property
    def dept_code(self) -> str: ...
    @property
    def disposal(self) -> Disposal: ...
    @property
    def guided(self) -> bool: ...
    @property
    def questions_answered(self) -> bool: ...
    @property
    def is_problem(self) -> bool: ...


class CountedResult(NamedTuple):
    """A result without all that is not counted, for tables over a million of them."""

    uscc: str
    item_code: str
    dept_code: str
    code: ResultCode
    disposal: Disposal
    order_lapsed: bool
    guided: bool
    questions_answered: bool

    @property
    def is_problem(self) -> bool:
        """As `ItemResult.is_problem`."""
        return self.code not in NOT_A_PROBLEM


@dataclass(frozen=True)
class Inspected:
    """One campaign's records.

    `results`: all, or those that any column counts (`CountedResult`), where no number is explained.

    `drawn_inspectors`: ids by department of people drawn beside those on the forms, such as
    substitutes and whoever they replaced.
    """

    campaign: Campaign
    forms: Sequence[InspectionForm]
    results: Sequence[Finding]
    drawn_inspectors: Mapping[str, Iterable[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Seat:
    """An inspector drawn: on a form, or by the certificate of the second draw alone (`form` None)."""

    task_id: str
    dept_code: str
    form: InspectionForm | None
    person: FormInspector | None


Evidence = InspectionForm | Finding | Seat
Key = tuple[str, ...]
"""(uscc,), (inspector_id,) or (uscc, item_code)."""
Counted = dict[Key, list[Evidence]]


@dataclass(frozen=True)
class Selection:
    """The records that one row of the table is about."""

    forms: Sequence[InspectionForm]
    seats: Sequence[tuple[str, Seat]]
    results: Sequence[Finding]


def whole(inspected: Iterable[Inspected]) -> Selection:
    """All records: the county's row."""
    return _joined(
        Selection(one.forms, [*_on_forms(one, one.forms), *_by_draw(one, None)], one.results)
        for one in inspected
    )


def of_department(inspected: Iterable[Inspected], name: str) -> Selection:
    """The records of the department with that legal name, whatever its code in each campaign."""
    parts = []
    for one in inspected:
        code = next((dept.code for dept in one.campaign.departments if dept.name == name), None)
        if code is None:
            continue
        seats = [*_on_forms(one, one.forms), *_by_draw(one, code)]
        parts.append(
            Selection(
                [form for form in one.forms if any(item.dept_code == code for item in form.items)],
                [(key, seat) for key, seat in seats if seat.dept_code == code],
                [row for row in one.results if row.dept_code == code],
            )
        )
    return _joined(parts)


def of_enterprises(inspected: Iterable[Inspected], wanted: Callable[[InspectionForm], bool]) -> Selection:
    """The records of the enterprises whose form is wanted; people drawn without a form belong to none."""
    parts = []
    for one in inspected:
        forms = [form for form in one.forms if wanted(form)]
        codes = {form.uscc for form in forms}
        parts.append(
            Selection(forms, _on_forms(one, forms), [row for row in one.results if row.uscc in codes])
        )
    return _joined(parts)


def counted(selection: Selection, column: str) -> Counted:
    """What a column counts in a row, with its records. `column` is one of `COLUMNS` but the first."""
    return _COUNTERS[column](selection)


def _joined(parts: Iterable[Selection]) -> Selection:
    listed = list(parts)
    return Selection(
        [form for part in listed for form in part.forms],
        [seat for part in listed for seat in part.seats],
        [row for part in listed for row in part.results],
    )


def _on_forms(one: Inspected, forms: Iterable[InspectionForm]) -> list[tuple[str, Seat]]:
    return [
        (person.inspector_id, Seat(one.campaign.task_id, person.dept_code, form, person))
        for form in forms
        for person in form.inspectors
    ]


def _by_draw(one: Inspected, department: str | None) -> list[tuple[str, Seat]]:
    return [
        (inspector_id, Seat(one.campaign.task_id, code, None, None))
        for code, ids in one.drawn_inspectors.items()
        if department in (None, code)
        for inspector_id in dict.fromkeys(ids)
    ]


def _grouped(pairs: Iterable[tuple[Key, Evidence]]) -> Counted:
    found: Counted = {}
    for key, evidence in pairs:
        found.setdefault(key, []).append(evidence)
    return found


def _results_where(fits: Callable[[Finding], bool]) -> Callable[[Selection], Counted]:
    """Enterprises with a result for which that is so."""
    return lambda chosen: _grouped(((row.uscc,), row) for row in chosen.results if fits(row))


def _is_proposed_for_listing(row: Finding) -> bool:
    """The rows that `rules.disposals.abnormal_list_proposals` rests on."""
    return has_listing_ground(row) and is_market_entity(row.uscc)


_COUNTERS: dict[str, Callable[[Selection], Counted]] = {
    "ent_drawn": lambda chosen: _grouped(((form.uscc,), form) for form in chosen.forms),
    "inspectors_drawn": lambda chosen: _grouped(((key,), seat) for key, seat in chosen.seats),
    "problem_items": lambda chosen: _grouped(
        ((row.uscc, row.item_code), row) for row in chosen.results if row.is_problem
    ),
    "problem_ents": _results_where(lambda row: row.is_problem),
    "guided_ents": _results_where(lambda row: row.guided or row.disposal is Disposal.GUIDANCE),
    "to_abnormal_list_ents": _results_where(_is_proposed_for_listing),
    # The column is the notice's 五(四)2; what is transferred by 五(四)3 has none and is listed apart.
    "to_case_ents": _results_where(lambda row: row.disposal is Disposal.CASE),
    "qa_ents": _results_where(lambda row: row.questions_answered),
}
