"""What stands on 一企一表: one enterprise's record of a joint inspection (notice 五(二)2, 五(三)4).

The province's own layout is not public; the members are those of domain reference §2.7.  What is
not known is left empty, to be written by hand; results on record fill the same boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from documents.group_sheet import leader_name, object_lines
from documents.paper.qr import qr_svg
from schemas.campaign import Campaign
from schemas.codes import (
    CheckMethod,
    Coded,
    Disposal,
    RegistrationState,
    ResultCode,
    ReviewOpinion,
    SignatureState,
)
from schemas.form import InspectionForm
from schemas.result import ItemResult

TEMPLATE = "form"
T = TypeVar("T")
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_LATEST_FIRST = (SignatureState.REFUSED, SignatureState.ABSENT, SignatureState.SEALED, SignatureState.SIGNED)
_OPINIONS = (ReviewOpinion.APPROVED, ReviewOpinion.WITHHELD, ReviewOpinion.RETURNED)
_HOUSEHOLD = "个体"


class Owner(NamedTuple):
    """What the directory says of an enterprise beside its form; personal data. None: it does not say.

    `ent_type` is its type in words: an individual household (个体工商户) has an operator, no legal
    representative.
    """

    legal_rep: str | None = None
    tel: str | None = None
    ent_type: str | None = None

    @property
    def is_household(self) -> bool:
        """Whether this is an individual household."""
        return self.ent_type is not None and _HOUSEHOLD in self.ent_type

    @property
    def signs_as(self) -> str:
        """In what capacity somebody signs for it."""
        return "经营者" if self.is_household else "法定代表人（负责人）"


def form_paper(
    campaign: Campaign,
    visits: Sequence[InspectionForm],
    owners: Mapping[str, Owner],
    results: Mapping[str, Sequence[ItemResult]] | None = None,
    places: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The data of template `form`: these forms one after the other, in the order given.

    `owners`, `results` and `places` (which visit of its group) by USCC; without results of an enterprise
    its boxes are empty; without places they are counted among these forms.
    """
    names = department_names(campaign)
    places = places if places is not None else places_in_groups(visits)
    entered = results or {}
    title = f"{visits[0].ent_name} 一企一表" if len(visits) == 1 else f"{campaign.name} 一企一表"
    return {
        "title": title,
        "campaign": campaign_facts(campaign),
        "results": [{"code": one.value, "label": one.label} for one in ResultCode],
        "disposals": [{"code": one.value, "label": one.label} for one in Disposal],
        "forms": [
            _form(
                campaign,
                names,
                form,
                places[form.uscc],
                owners.get(form.uscc, Owner()),
                entered.get(form.uscc, ()),
            )
            for form in visits
        ],
    }


def campaign_facts(campaign: Campaign) -> dict[str, str]:
    """What the papers of a campaign say of it; dates in prose, as on official paper."""
    return {
        "name": campaign.name,
        "task_id": campaign.task_id,
        "document_no": campaign.document_no or "",
        "window": f"{in_words(campaign.starts_on)}至{in_words(campaign.ends_on)}",
        "ratio": campaign.ratio.raw,
        "office": f"{campaign.adm_name or ''}“双随机、一公开”监管工作领导小组办公室",
        "lead": campaign.lead.name,
    }


def in_words(day: date) -> str:
    """`2024年5月28日`, as a date stands in prose."""
    return f"{day.year}年{day.month}月{day.day}日"


def department_names(campaign: Campaign) -> dict[str, str]:
    """Department code -> legal name, lead first."""
    return {department.code: department.name for department in campaign.departments}


def in_visiting_order(forms: Iterable[InspectionForm]) -> list[InspectionForm]:
    """Group by group, within a group in the order of the assignment, which the form numbers follow."""
    return sorted(forms, key=lambda form: (form.group, form.form_no))


def places_in_groups(forms: Iterable[InspectionForm]) -> dict[str, int]:
    """USCC -> which visit of its group it is, from 1."""
    count: dict[int, int] = {}
    found: dict[str, int] = {}
    for form in in_visiting_order(forms):
        count[form.group] = count.get(form.group, 0) + 1
        found[form.uscc] = count[form.group]
    return found


def form_code(form: InspectionForm) -> str:
    """What the QR code of a form says: number, version, enterprise."""
    return f"{form.form_no} v{form.version} {form.uscc}"


def _form(
    campaign: Campaign,
    names: Mapping[str, str],
    form: InspectionForm,
    place: int,
    owner: Owner,
    results: Sequence[ItemResult],
) -> dict[str, Any]:
    by_item = {row.item_code: row for row in results}
    visits = [row.visit for row in results]
    states = {row.subject_state for row in results if row.subject_state is not None}
    signature = next((state for state in _LATEST_FIRST if any(v.signature is state for v in visits)), None)
    reviewed = {row.review.opinion for row in results}
    return {
        "form_no": form.form_no,
        "version": form.version,
        "group": form.group,
        "place": place,
        "leader": leader_name(form),
        "ent_name": form.ent_name,
        "uscc": form.uscc,
        "address": form.address,
        "rep_label": owner.signs_as.replace("（", "\n（"),
        "signs_as": owner.signs_as,
        "legal_rep": owner.legal_rep,
        "tel": owner.tel,
        "objects": object_lines(form),
        "departments": _departments(campaign, names, form, by_item),
        "experts": _distinct([{"name": e.name, "role": e.role} for v in visits for e in v.experts]),
        "agreed_on": _day(min((v.agreed_on for v in visits if v.agreed_on), default=None)),
        "arrived_at": _minute(min((v.arrived_at for v in visits if v.arrived_at), default=None)),
        "left_at": _minute(max((v.left_at for v in visits if v.left_at), default=None)),
        "cert_shown": _all_of([v.cert_shown for v in visits]),
        "two_came": None,
        "methods": _choices(CheckMethod, {method for v in visits for method in v.methods}),
        "states": _choices([s for s in RegistrationState if s is not RegistrationState.UNKNOWN], states),
        "documents": _distinct([text for v in visits for text in v.documents]),
        "guided": any(row.guided for row in results) if results else None,
        "questions_answered": any(row.questions_answered for row in results) if results else None,
        "signature": _choices(SignatureState, {signature} if signature else set()),
        "refusal_note": "\n".join(_distinct([v.refusal_note for v in visits if v.refusal_note])),
        "opinions": _choices(_OPINIONS, reviewed if len(reviewed) == 1 else set()),
        "qr": qr_svg(form_code(form)),
    }


def _departments(
    campaign: Campaign,
    names: Mapping[str, str],
    form: InspectionForm,
    by_item: Mapping[str, ItemResult],
) -> list[dict[str, Any]]:
    """Lead first; items are numbered through. A department that the campaign does not name stands last."""
    roles = {department.code: department.role.label for department in campaign.departments}
    used = [*(p.dept_code for p in form.inspectors), *(i.dept_code for i in form.items)]
    found: list[dict[str, Any]] = []
    number = 0
    for code in [code for code in dict.fromkeys([*names, *used]) if code in used]:
        items: list[dict[str, Any]] = []
        for item in form.items:
            if item.dept_code == code:
                number += 1
                items.append(_item(number, item.item_name, item.materials, by_item.get(item.item_code)))
        people = [p for p in form.inspectors if p.dept_code == code]
        found.append(
            {
                "name": names.get(code, code),
                "role": roles.get(code, "协同"),
                "inspectors": [{"name": p.name, "cert_no": p.cert_no} for p in people],
                "items": items,
            }
        )
    return found


def _item(number: int, name: str, materials: Iterable[str], result: ItemResult | None) -> dict[str, Any]:
    return {
        "no": number,
        "name": name,
        "materials": list(materials),
        "result": result.code.value if result else None,
        "problem": (result.problem or "无") if result else None,
        "disposal": result.disposal.value if result else None,
    }


def _choices(table: Iterable[Coded], chosen: Iterable[Coded]) -> list[dict[str, Any]]:
    wanted = set(chosen)
    return [{"label": one.label, "on": one in wanted} for one in table]


def _distinct(values: Iterable[T]) -> list[T]:
    found: list[T] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _all_of(said: Sequence[bool | None]) -> bool | None:
    """Yes if everybody says yes, no if anybody says no, else unknown."""
    if False in said:
        return False
    return True if said and None not in said else None


def _day(day: date | None) -> str | None:
    return None if day is None else in_words(day)


def _minute(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    local = moment.astimezone(_SHANGHAI)
    return f"{in_words(local.date())}{local:%H:%M}"
