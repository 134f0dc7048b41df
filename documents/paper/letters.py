"""The letters of a campaign: announcement, inspection notice, rectification order, problem leads passed on.

Each function returns the data of the template that it names.  What the ledger does not know (a
telephone of the office, a signature) is left to be written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from documents.group_sheet import leader_name, object_lines
from documents.paper.forms import Owner, campaign_facts, department_names, in_words
from documents.paper.qr import qr_svg
from rules.calendar import shanghai_date
from rules.disposals import REFERRED, transfer_state
from schemas.campaign import Campaign
from schemas.codes import Disposal, ResultCode
from schemas.form import InspectionForm
from schemas.item import InspectionItem
from schemas.result import ItemResult

ANNOUNCEMENT, NOTICE, RECTIFICATION, TRANSFERS = "announcement", "notice", "rectification", "transfers"

PUBLICISE_WITHIN_DAYS = 10
"""企业经营异常名录管理暂行办法 §7: an order to publicise gives ten days."""
CORRECT_WITHIN_DAYS = 30
"""For other orders, where the office says nothing else; our choice."""


def announcement_paper(
    campaign: Campaign, items: Iterable[InspectionItem], on: date | None = None
) -> dict[str, Any]:
    """The public announcement of the campaign: basis, subject, content, method (notice 六(四)).

    `items` are those of the catalogue that the campaign inspects; `on` the day on the letter.
    """
    catalogue = {item.item_code: item for item in items}
    planned = {item.item_code: item for item in campaign.items}
    found = {**planned, **catalogue}
    by_name = {item.item_name: item for item in found.values()}
    departments = []
    for department in campaign.departments:
        named = [found.get(ref) or by_name.get(ref) for ref in department.items]
        departments.append(
            {
                "name": department.name,
                "role": department.role.label,
                "team": department.team,
                "items": [
                    {
                        "name": ref if item is None else item.item_name,
                        "basis": [] if item is None else list(item.legal_basis),
                        "content": None if item is None else item.content,
                    }
                    for ref, item in zip(department.items, named, strict=True)
                ],
            }
        )
    return {
        "title": f"{campaign.name}公告",
        "campaign": campaign_facts(campaign),
        "adm_name": campaign.adm_name or "",
        "object_kind": campaign.object_kind.label,
        "risk": [f"{grade.label} {ratio.raw}" for grade, ratio in campaign.risk_ratios.items()],
        "publish_days": campaign.publish_working_days,
        "departments": departments,
        "on": None if on is None else in_words(on),
    }


def notice_paper(
    campaign: Campaign, form: InspectionForm, owner: Owner, on: date | None = None
) -> dict[str, Any]:
    """检查通知书 with its annex, the materials to prepare, for one enterprise.

    国办发〔2024〕54号 and the model documents of 2025: who comes, for what, how often, and what the
    enterprise may demand.
    """
    names = department_names(campaign)
    used = [*(p.dept_code for p in form.inspectors), *(i.dept_code for i in form.items)]
    departments = [
        {
            "name": names.get(code, code),
            "inspectors": [
                {"name": p.name, "cert_no": p.cert_no} for p in form.inspectors if p.dept_code == code
            ],
            "items": [
                {"name": i.item_name, "materials": list(i.materials)}
                for i in form.items
                if i.dept_code == code
            ],
        }
        for code in dict.fromkeys([*names, *used])
        if code in used
    ]
    return {
        "title": f"检查通知书 {form.ent_name}",
        "campaign": campaign_facts(campaign),
        "form_no": form.form_no,
        "ent_name": form.ent_name,
        "uscc": form.uscc,
        "address": form.address,
        "objects": object_lines(form),
        "leader": leader_name(form),
        "household": owner.is_household,
        "frequency_cap": campaign.frequency_cap,
        "departments": departments,
        "on": None if on is None else in_words(on),
        "qr": qr_svg(f"{form.form_no} {form.uscc}"),
    }


def orders_of(results: Iterable[ItemResult]) -> dict[tuple[str, str], list[ItemResult]]:
    """Results that lead to an order to correct, by enterprise and department: one order each.

    Code 2 (not publicised) and 5 (ordered to correct), and whatever is disposed of by 责令改正.
    """
    found: dict[tuple[str, str], list[ItemResult]] = {}
    for row in results:
        ordered = row.code in (ResultCode.NOT_PUBLICISED, ResultCode.ORDERED_TO_CORRECT)
        if row.is_problem and (ordered or row.disposal is Disposal.CORRECTION):
            found.setdefault((row.uscc, row.dept_code), []).append(row)
    return found


def rectification_paper(
    campaign: Campaign,
    form: InspectionForm,
    owner: Owner,
    orders: Sequence[ItemResult],
    items: Mapping[str, InspectionItem],
    within_days: int = CORRECT_WITHIN_DAYS,
) -> dict[str, Any]:
    """责令改正通知书 of one department to one enterprise, each problem with its deadline.

    The days are calendar days from the Shanghai date on which the inspection was completed.
    """
    names = department_names(campaign)
    dept_code = orders[0].dept_code
    problems = []
    for row in orders:
        days = PUBLICISE_WITHIN_DAYS if row.code is ResultCode.NOT_PUBLICISED else within_days
        found_on = shanghai_date(row.completed_at)
        item = items.get(row.item_code)
        problems.append(
            {
                "item": row.item_name,
                "result": row.code.label,
                "problem": row.problem,
                "basis": [] if item is None else list(item.legal_basis),
                "found_on": in_words(found_on),
                "days": days,
                "by": in_words(found_on + timedelta(days=days)),
            }
        )
    return {
        "title": f"责令改正通知书 {form.ent_name}",
        "campaign": campaign_facts(campaign),
        "form_no": form.form_no,
        "department": names.get(dept_code, dept_code),
        "ent_name": form.ent_name,
        "uscc": form.uscc,
        "address": form.address,
        "signs_as": owner.signs_as,
        "problems": problems,
    }


def transfers_paper(
    campaign: Campaign,
    forms: Mapping[str, InspectionForm],
    results: Iterable[ItemResult],
    on: date | None = None,
) -> dict[str, Any]:
    """线索移送清单: finding, the leading group's decision, recipient, receipt (notice 五(四)2-3)."""
    names = department_names(campaign)
    headings = {
        Disposal.CASE: "移交案件查办机构",
        Disposal.REFERRAL: "移送其他监管部门",
        Disposal.POLICE: "移送公安司法机关",
    }
    rows = [row for row in results if row.disposal in REFERRED]
    return {
        "title": f"{campaign.name}线索移送清单",
        "campaign": campaign_facts(campaign),
        "on": None if on is None else in_words(on),
        "sections": [
            {
                "heading": heading,
                "rows": [_lead(names, forms, row) for row in rows if row.disposal is disposal],
            }
            for disposal, heading in headings.items()
        ],
    }


def _lead(names: Mapping[str, str], forms: Mapping[str, InspectionForm], row: ItemResult) -> dict[str, Any]:
    transfer = row.transfer
    form = forms.get(row.uscc)
    return {
        "ent_name": row.uscc if form is None else form.ent_name,
        "uscc": row.uscc,
        "department": names.get(row.dept_code, row.dept_code),
        "item": row.item_name,
        "problem": row.problem,
        "found_on": shanghai_date(row.completed_at).isoformat(),
        "decided_on": None if transfer is None else transfer.decided_on.isoformat(),
        "decision": None if transfer is None else transfer.decision,
        "recipient": None if transfer is None else transfer.recipient,
        "receipt": None if transfer is None else transfer.receipt,
        "state": transfer_state(transfer).label,
    }
