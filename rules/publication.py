"""What is published of an enterprise's results, from which day the limit runs, and what is withheld.

One record per enterprise and task with one line per item (国办函〔2016〕74号: results are put
under the enterprise's name).  Nothing of the description of a problem and nobody's name is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rules.calendar import shanghai_date
from rules.visits import is_complete, missing_items, review_of, standing_results
from schemas.campaign import Campaign
from schemas.codes import ResultCode, ReviewOpinion
from schemas.errors import DrawbridgeError
from schemas.form import FormItem, InspectionForm
from schemas.publication import PublicationDetail, PublicationRecord
from schemas.result import ItemResult
from schemas.uscc import is_market_entity

__all__ = [
    "NOT_A_MARKET_ENTITY",
    "authority_of",
    "completed_at",
    "completion",
    "first_completed_at",
    "is_complete",
    "is_market_entity",
    "normalise_result_text",
    "publication_record",
    "withheld_reason",
]

NOT_A_MARKET_ENTITY = "非市场主体"
_NO_BASIS = "（未写明依据）"


def completed_at(form: InspectionForm, results: Iterable[ItemResult]) -> datetime:
    """When the inspection was completed: the latest completion among the departments, UTC.

    The limits of 20 working days run from its Shanghai date.  Raises DrawbridgeError
    DB-PUBLISH-002 if nothing of the form has a result.
    """
    return max(_completions(form, results)).astimezone(UTC)


def completion(form: InspectionForm, results: Sequence[ItemResult]) -> datetime | None:
    """`completed_at` of a form that `is_complete`, else None; one look at its results instead of two."""
    found = standing_results(form, results)
    if not found or any(item.item_code not in found for item in form.items):
        return None
    return max(row.completed_at for row in found.values()).astimezone(UTC)


def first_completed_at(form: InspectionForm, results: Iterable[ItemResult]) -> datetime:
    """The earliest completion among the departments, UTC: warnings run from here.

    A department that never enters its results does not stop the clock unseen.  Raises
    DrawbridgeError DB-PUBLISH-002 if nothing of the form has a result.
    """
    return min(_completions(form, results)).astimezone(UTC)


def publication_record(
    campaign: Campaign,
    form: InspectionForm,
    results: Sequence[ItemResult],
    *,
    prip_id: str | None,
    record_id: str,
    ent_name: str | None = None,
) -> PublicationRecord:
    """The first version of an enterprise's record.

    `ent_name` is the name in the register today, where it may differ from the form's.  Lines
    come department by department, the lead's first.  Raises DrawbridgeError DB-PUBLISH-002
    (an item has no result) and -003 (the form is another task's).
    """
    if form.task_id != campaign.task_id:
        raise DrawbridgeError("DB-PUBLISH-003", uscc=form.uscc, task_id=form.task_id)
    found = standing_results(form, results)
    if not found or len(found) < len({item.item_code for item in form.items}):
        raise _incomplete(form, missing_items(form, results))
    return PublicationRecord(
        record_id=record_id,
        prip_id=prip_id,
        uscc=form.uscc,
        ent_name=ent_name or form.ent_name,
        plan_id=campaign.plan.plan_id,
        plan_name=campaign.plan.name,
        task_id=campaign.task_id,
        task_name=campaign.name,
        task_type=campaign.task_type.label,
        authority=authority_of(campaign, form),
        completed_on=shanghai_date(max(row.completed_at for row in found.values())),
        details=tuple(
            PublicationDetail(
                seq_no=number, item_name=item.item_name, result_name=found[item.item_code].code.label
            )
            for number, item in enumerate(_by_department(campaign, form), 1)
        ),
    )


def authority_of(campaign: Campaign, form: InspectionForm) -> str:
    """抽查机关: the legal names of the departments that inspect this enterprise, lead first, by 、.

    A department without an item on the form (registration items of an owner that is registered
    elsewhere) did not inspect and is not named.
    """
    involved = {item.dept_code for item in form.items}
    return "、".join(one.name for one in campaign.departments if one.code in involved)


def withheld_reason(uscc: str, results: Sequence[ItemResult]) -> str | None:
    """Why the results of the enterprise `uscc` are not published; None if they may be.

    An owner that is no market entity is not in the credit publicity system at all; else the
    reviewer says so with a basis (政府信息公开条例 §14-16).
    """
    if not is_market_entity(uscc):
        return NOT_A_MARKET_ENTITY
    review = review_of(results)
    if review.opinion is not ReviewOpinion.WITHHELD:
        return None
    return review.basis or review.opinion.label + _NO_BASIS


# Wordings that are seen beside the official ones, without punctuation.
_OTHER_WORDINGS: dict[str, ResultCode] = {
    "正常": ResultCode.NO_PROBLEM,
    "不予配合检查情节严重": ResultCode.NOT_COOPERATING,
    "不予配合情节严重": ResultCode.NOT_COOPERATING,
    "发现问题经责令已改正": ResultCode.ORDERED_TO_CORRECT,
    "通过登记的住所或者经营场所无法联系": ResultCode.NOT_REACHABLE,
    "通过登记的住所或经营场所无法联系": ResultCode.NOT_REACHABLE,
}
_PUNCTUATION = str.maketrans("", "", "（）()[]〔〕【】、，,；;。.:： \t\r\n\u3000\ufeff")
_KNOWN_WORDINGS: dict[str, ResultCode] = {
    code.label.translate(_PUNCTUATION): code for code in ResultCode
} | _OTHER_WORDINGS


def normalise_result_text(text: str) -> ResultCode:
    """The result that a wording means; its `label` is the official one, and only that is published.

    Brackets of either width, with or without 、, and marks at the end make no difference (domain
    reference §2.2).  Raises DrawbridgeError DB-PUBLISH-001 for any other wording: nothing is guessed.
    """
    code = _KNOWN_WORDINGS.get(text.translate(_PUNCTUATION))
    if code is None:
        raise DrawbridgeError("DB-PUBLISH-001", text=text[:40])
    return code


def _completions(form: InspectionForm, results: Iterable[ItemResult]) -> list[datetime]:
    found = [row.completed_at for row in standing_results(form, results).values()]
    if not found:
        raise _incomplete(form, form.items)
    return found


def _incomplete(form: InspectionForm, missing: Sequence[FormItem]) -> DrawbridgeError:
    items = "、".join(item.item_name for item in missing)
    return DrawbridgeError("DB-PUBLISH-002", uscc=form.uscc, items=items)


def _by_department(campaign: Campaign, form: InspectionForm) -> list[FormItem]:
    place = {department.code: number for number, department in enumerate(campaign.departments)}
    return sorted(form.items, key=lambda item: place.get(item.dept_code, len(place)))
