"""What a work summary (总结) says of a campaign in numbers, counted from forms and results.

Facts only: how many were inspected, what was found, what followed, when, and against which limit.
Nothing here judges; what a campaign was like is for the departments to write (notice 六(五)).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from rules.calendar import shanghai_date, working_days_between
from rules.deadlines import publication_deadline
from rules.publication import completed_at, withheld_reason
from rules.visits import by_enterprise, is_complete
from schemas.campaign import Campaign
from schemas.codes import CheckMethod, Coded, Disposal, ResultCode, SignatureState
from schemas.form import InspectionForm
from schemas.result import ItemResult

T = TypeVar("T", bound=Coded)


@dataclass(frozen=True)
class DepartmentFacts:
    """One department: enterprises it inspected, results by code, what it found."""

    name: str
    enterprises: int
    results: Mapping[ResultCode, int]
    problem_ents: int

    @property
    def items(self) -> int:
        """Results it entered."""
        return sum(self.results.values())

    @property
    def problem_items(self) -> int:
        """Results with a problem."""
        return sum(count for code, count in self.results.items() if is_problem(code))


@dataclass(frozen=True)
class ItemFacts:
    """One item: how often it was inspected, and what was found, by code."""

    name: str
    department: str
    inspected: int
    problems: Mapping[ResultCode, int]

    @property
    def found(self) -> int:
        """Results with a problem."""
        return sum(self.problems.values())


@dataclass(frozen=True)
class Passage:
    """One enterprise on its way. Shanghai dates; None: not yet, or not known.

    `limit` is the last day for its publication, `working_days` what was used from completion to
    publication, `withheld` whether it is not to be published.
    """

    uscc: str
    completed_on: date
    entered_on: date
    published_on: date | None
    limit: date
    working_days: int | None
    withheld: bool

    @property
    def is_late(self) -> bool:
        """Whether it was published after its limit."""
        return self.published_on is not None and self.published_on > self.limit


@dataclass(frozen=True)
class CampaignSummary:
    """The numbers of a summary; enterprises are counted once."""

    campaign: Campaign
    enterprises: int
    objects: int
    groups: int
    inspectors: int
    complete: int
    departments: tuple[DepartmentFacts, ...]
    items: tuple[ItemFacts, ...]
    results: Mapping[ResultCode, int]
    disposals: Mapping[Disposal, int]
    signatures: Mapping[SignatureState, int]
    methods: Mapping[CheckMethod, int]
    passages: tuple[Passage, ...]

    @property
    def problems(self) -> int:
        """Results with a problem."""
        return sum(one.problem_items for one in self.departments)


def is_problem(code: ResultCode) -> bool:
    """Codes 2-6 and 8 (domain reference §2.2)."""
    return code not in (ResultCode.NO_PROBLEM, ResultCode.NO_SUCH_ACTIVITY)


def campaign_summary(
    campaign: Campaign,
    forms: Sequence[InspectionForm],
    results: Sequence[ItemResult],
    published: Mapping[str, datetime] | None = None,
) -> CampaignSummary:
    """Counts what a summary says. `published`: USCC -> when it became public (UTC).

    `disposals` counts results with a problem by what follows, `signatures` enterprises by the most
    reluctant signature among the departments, `methods` enterprises by each method used.
    Raises DrawbridgeError DB-DEADLINE-001, -002.
    """
    grouped = by_enterprise(results)
    return CampaignSummary(
        campaign=campaign,
        enterprises=len({form.uscc for form in forms}),
        objects=len({one.object_id for form in forms for one in form.objects}),
        groups=len({form.group for form in forms}),
        inspectors=len({person.inspector_id for form in forms for person in form.inspectors}),
        complete=sum(is_complete(form, grouped.get(form.uscc, [])) for form in forms),
        departments=tuple(_department(campaign, number, forms, results) for number in _places(campaign)),
        items=_items(campaign, forms, results),
        results=_sorted(Counter(row.code for row in results)),
        disposals=_sorted(Counter(row.disposal for row in results if row.is_problem)),
        signatures=_sorted(Counter(_signature(rows) for rows in grouped.values())),
        methods=_sorted(
            Counter(
                method
                for rows in grouped.values()
                for method in {method for row in rows for method in row.visit.methods}
            )
        ),
        passages=_passages(campaign, forms, grouped, published or {}),
    )


# The signature of an enterprise is the first of these that any department met.
_RELUCTANT = (SignatureState.REFUSED, SignatureState.ABSENT, SignatureState.SEALED, SignatureState.SIGNED)


def _signature(rows: Sequence[ItemResult]) -> SignatureState:
    return min((row.visit.signature for row in rows), key=_RELUCTANT.index)


def _places(campaign: Campaign) -> range:
    return range(len(campaign.departments))


def _department(
    campaign: Campaign, place: int, forms: Sequence[InspectionForm], results: Sequence[ItemResult]
) -> DepartmentFacts:
    one = campaign.departments[place]
    rows = [row for row in results if row.dept_code == one.code]
    return DepartmentFacts(
        name=one.name,
        enterprises=len({form.uscc for form in forms if any(i.dept_code == one.code for i in form.items)}),
        results=_sorted(Counter(row.code for row in rows)),
        problem_ents=len({row.uscc for row in rows if row.is_problem}),
    )


def _items(
    campaign: Campaign, forms: Sequence[InspectionForm], results: Sequence[ItemResult]
) -> tuple[ItemFacts, ...]:
    names = {item.item_code: (item.item_name, item.dept_code) for form in forms for item in form.items}
    names |= {row.item_code: (row.item_name, row.dept_code) for row in results if row.item_code not in names}
    departments = {dept.code: (place, dept.name) for place, dept in enumerate(campaign.departments)}
    unknown = len(departments)
    listed = []
    for code in sorted(names, key=lambda code: (departments.get(names[code][1], (unknown, ""))[0], code)):
        rows = [row for row in results if row.item_code == code]
        listed.append(
            ItemFacts(
                name=names[code][0],
                department=departments.get(names[code][1], (unknown, names[code][1]))[1],
                inspected=len({row.uscc for row in rows}),
                problems=_sorted(Counter(row.code for row in rows if row.is_problem)),
            )
        )
    return tuple(listed)


def _passages(
    campaign: Campaign,
    forms: Sequence[InspectionForm],
    grouped: Mapping[str, Sequence[ItemResult]],
    published: Mapping[str, datetime],
) -> tuple[Passage, ...]:
    found = []
    for form in forms:
        rows = grouped.get(form.uscc, [])
        if not is_complete(form, rows):
            continue
        completed = completed_at(form, rows)
        on = shanghai_date(completed)
        public = shanghai_date(published[form.uscc]) if form.uscc in published else None
        found.append(
            Passage(
                uscc=form.uscc,
                completed_on=on,
                entered_on=shanghai_date(max(row.entered_at for row in rows)),
                published_on=public,
                limit=publication_deadline(completed, campaign.publish_working_days).on,
                working_days=None if public is None else working_days_between(on, public),
                withheld=withheld_reason(form.uscc, rows) is not None,
            )
        )
    return tuple(sorted(found, key=lambda one: (one.completed_on, one.uscc)))


def _sorted(counts: Counter[T]) -> dict[T, int]:  # the code table's order, so that texts do not jump about
    return {code: counts[code] for code in sorted(counts)}
