"""What a form's results say together: whether they are all there, what the reviewer thinks, what is wrong.

A form is one enterprise of a campaign; each of its items has one result, entered by the item's
department (notice 五(三)6-7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Protocol

from rules.calendar import shanghai_date
from rules.deadlines import entry_deadline
from schemas.campaign import Campaign
from schemas.codes import CheckMethod, Disposal, ResultCode, ReviewOpinion
from schemas.errors import DrawbridgeError
from schemas.form import FormItem, InspectionForm
from schemas.result import ItemResult, Review

# 行政处罚法 §42; notice 五(二)2: at least two inspectors on the spot.
INSPECTORS_ON_SITE = 2


def by_enterprise(results: Iterable[ItemResult]) -> dict[str, list[ItemResult]]:
    """The results of each enterprise by its USCC; both in the order in which they come."""
    grouped: dict[str, list[ItemResult]] = {}
    for row in results:
        grouped.setdefault(row.uscc, []).append(row)
    return grouped


def standing_results(form: InspectionForm, results: Iterable[ItemResult]) -> dict[str, ItemResult]:
    """The result that counts of each of the form's items, by item code in the form's order.

    `results` may hold other enterprises' and other tasks', which are left out.  Of two rows
    on one item the newest counts, unless they contradict each other: then none does, since
    nobody may choose between two findings about an enterprise (`findings` names the item).
    """
    listed: dict[str, list[ItemResult]] = {item.item_code: [] for item in form.items}
    for row in results:
        if (row.task_id, row.uscc) == (form.task_id, form.uscc) and row.item_code in listed:
            listed[row.item_code].append(row)
    return {
        item: rows[0] if len(rows) == 1 else max(rows, key=_age)
        for item, rows in listed.items()
        if rows and (len(rows) == 1 or not _contradict(rows))
    }


def missing_items(form: InspectionForm, results: Iterable[ItemResult]) -> list[FormItem]:
    """The form's items without a result that counts; a result that is not there is not 未发现问题."""
    there = standing_results(form, results)
    return [item for item in form.items if item.item_code not in there]


def is_complete(form: InspectionForm, results: Iterable[ItemResult]) -> bool:
    """Whether every item of the form has a result that counts."""
    return not missing_items(form, results)


def not_visited(
    campaign: Campaign, forms: Iterable[InspectionForm], results: Iterable[ItemResult], today: date
) -> list[InspectionForm]:
    """The forms without complete results although the campaign's window is over.

    `today` is a Shanghai date; on the window's last day nobody is late yet (notice 一).
    """
    if today <= campaign.ends_on:
        return []
    grouped = by_enterprise(results)
    return [form for form in forms if not is_complete(form, grouped.get(form.uscc, []))]


# What the rows of one enterprise say together is the first of these that any of them says: what was
# returned is entered anew, what is undecided waits, and one part withheld withholds the record.
_CAUTION = (ReviewOpinion.RETURNED, ReviewOpinion.PENDING, ReviewOpinion.WITHHELD, ReviewOpinion.APPROVED)


def review_of(results: Sequence[ItemResult]) -> Review:
    """The reviewer's opinion on one enterprise's results (结果公示审批意见), the most cautious of them.

    Among rows of the same opinion the newest is given; without results it is pending.
    """
    for opinion in _CAUTION:
        found = [row.review for row in results if row.review.opinion is opinion]
        if found:
            return max(found, key=lambda review: review.at.timestamp() if review.at else 0.0)
    return Review()


def findings(
    campaign: Campaign, forms: Iterable[InspectionForm], results: Iterable[ItemResult]
) -> list[DrawbridgeError]:
    """What is wrong with the results that came in, as errors that are told and not raised.

    Each has the facts `uscc` and mostly `item` (a name).  Codes: DB-VISIT-001 (enterprise without
    form), -002 (item not on the form), -003 (another department's item), -004 (results that
    contradict each other), -005 (completed outside the window), -006 (entered too late), -007
    (problem without disposal), -008 (listing without a legal ground), -009 (fewer than two
    inspectors on the spot), -010 (somebody who is not on the form), -011 (certificates not shown).
    """
    by_uscc = {form.uscc: form for form in forms}
    told: list[DrawbridgeError] = []
    for uscc, rows in by_enterprise(results).items():
        form = by_uscc.get(uscc)
        if form is None:
            told.append(DrawbridgeError("DB-VISIT-001", uscc=uscc))
            continue
        told.extend(_contradictions(form, rows))
        for row in rows:
            told.extend(error for check in _CHECKS for error in check(campaign, form, row))
    return told


def _age(row: ItemResult) -> tuple[float, int, str]:
    return row.updated_at.timestamp(), row.version, row.result_id


def _contradict(rows: Sequence[ItemResult]) -> bool:
    """Whether rows of different ids find different things; versions of one id follow each other."""
    newest: dict[str, ItemResult] = {}
    for row in sorted(rows, key=_age):
        newest[row.result_id] = row
    return len({row.code for row in newest.values()}) > 1


def _contradictions(form: InspectionForm, rows: Sequence[ItemResult]) -> Iterator[DrawbridgeError]:
    for item in form.items:
        if _contradict([row for row in rows if row.item_code == item.item_code]):
            yield DrawbridgeError("DB-VISIT-004", uscc=form.uscc, item=item.item_name)


def _on_the_form(campaign: Campaign, form: InspectionForm, row: ItemResult) -> Iterator[DrawbridgeError]:
    item = next((item for item in form.items if item.item_code == row.item_code), None)
    if item is None:
        yield _error("DB-VISIT-002", row)
    elif item.dept_code != row.dept_code:
        yield _error("DB-VISIT-003", row, department=row.dept_code)


def _in_time(campaign: Campaign, form: InspectionForm, row: ItemResult) -> Iterator[DrawbridgeError]:
    completed = shanghai_date(row.completed_at)
    if not campaign.starts_on <= completed <= campaign.ends_on:
        yield _error("DB-VISIT-005", row, on=completed)
    limit = entry_deadline(row.completed_at, campaign.entry_working_days)
    if limit.has_passed(row.entered_at):
        yield _error("DB-VISIT-006", row, on=shanghai_date(row.entered_at), limit=limit.on)


def _disposed(campaign: Campaign, form: InspectionForm, row: ItemResult) -> Iterator[DrawbridgeError]:
    if row.is_problem and row.disposal is Disposal.NONE:
        yield _error("DB-VISIT-007", row)
    if row.disposal is Disposal.ABNORMAL_LIST and not has_listing_ground(row):
        yield _error("DB-VISIT-008", row)


class Ground(Protocol):
    """What of a result can be a ground for listing an enterprise."""

    @property
    def code(self) -> ResultCode: ...
    @property
    def order_lapsed(self) -> bool: ...


def has_listing_ground(row: Ground) -> bool:
    """Whether a finding is one for which the law lists an enterprise as abnormal.

    企业经营异常名录管理暂行办法 §4 (2)-(4); information not publicised is one only when an order to
    publicise it has lapsed.
    """
    if row.code is ResultCode.NOT_PUBLICISED:
        return row.order_lapsed
    return row.code in (ResultCode.FALSE_INFORMATION, ResultCode.NOT_REACHABLE)


def _inspected_by(campaign: Campaign, form: InspectionForm, row: ItemResult) -> Iterator[DrawbridgeError]:
    came = set(row.inspectors)  # empty: the platform does not say
    if came and CheckMethod.ON_SITE in row.visit.methods and len(came) < INSPECTORS_ON_SITE:
        yield _error("DB-VISIT-009", row)
    if not came <= {person.inspector_id for person in form.inspectors}:
        yield _error("DB-VISIT-010", row)
    if row.visit.cert_shown is False:
        yield _error("DB-VISIT-011", row)


def _error(code: str, row: ItemResult, **facts: object) -> DrawbridgeError:
    return DrawbridgeError(code, uscc=row.uscc, item=row.item_name, **facts)


_Check = Callable[[Campaign, InspectionForm, ItemResult], Iterator[DrawbridgeError]]
_CHECKS: tuple[_Check, ...] = (_on_the_form, _in_time, _disposed, _inspected_by)
