"""Campaign, forms and results as the rules take them: generated, and the same words as in campaigns/."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from schemas.campaign import Campaign, Department, Plan, Ratio
from schemas.codes import (
    CheckMethod,
    DepartmentRole,
    Disposal,
    DisposalState,
    DrawMode,
    FormMode,
    ObjectKind,
    PublicationMode,
    ResultCode,
    ReviewOpinion,
    SignatureState,
)
from schemas.form import FormInspector, FormItem, FormObject, InspectionForm
from schemas.result import ItemResult, Review, Visit
from tests.factories import code, name

TASK = "130534202405281001"
WATER, MARKET = "清河县水务局", "清河县市场监督管理局"
ITEMS = {
    "SW-01": FormItem(item_code="SW-01", item_name="生产建设项目水土保持审批的后续监管", dept_code="SW"),
    "SC-01": FormItem(item_code="SC-01", item_name="登记事项检查", dept_code="SC"),
    "SC-02": FormItem(item_code="SC-02", item_name="公示信息检查", dept_code="SC"),
}
VISITED = datetime(2024, 6, 12, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai


def campaign(**changes: Any) -> Campaign:
    """The Qinghe campaign of campaigns/qinghe-2024-22.yaml."""
    members: dict[str, Any] = {
        "task_id": TASK,
        "name": "2024年清河县生产建设项目“双随机、一公开”部门联合抽查",
        "short_name": "清河2024-22",
        "plan": Plan(plan_id="13053420241001", name="2024年度清河县部门联合双随机抽查计划"),
        "adm_code": "130534",
        "adm_name": "清河县",
        "starts_on": date(2024, 5, 28),
        "ends_on": date(2024, 7, 31),
        "object_kind": ObjectKind.PROJECT,
        "ratio": Ratio(raw="不低于10%", share="0.1", at_least=True),
        "departments": (
            Department(code="SW", name=WATER, role=DepartmentRole.LEAD, items=("SW-01",)),
            Department(code="SC", name=MARKET, role=DepartmentRole.COOPERATING, items=("SC-01", "SC-02")),
        ),
        "per_group": 6,
        "draw": DrawMode.PERFORM,
        "forms": FormMode.PUSH,
        "publication": PublicationMode.PUSH,
    }
    return Campaign.model_validate(members | changes)


def form(number: int = 1, *, uscc: str | None = None, items: Sequence[str] = tuple(ITEMS)) -> InspectionForm:
    """The form of one enterprise; its team is that of its group, one group for six enterprises."""
    chance = random.Random(number)
    group = 1 + (number - 1) // 6
    departments = dict.fromkeys(ITEMS[item].dept_code for item in items)
    team = tuple(
        FormInspector(
            inspector_id=f"{dept}{2 * group + seat}", name="某人", dept_code=dept, cert_no=f"{seat}"
        )
        for dept in departments
        for seat in range(2)
    )
    return InspectionForm(
        form_no=f"{TASK}{number:04d}",
        task_id=TASK,
        uscc=uscc or code(chance),
        ent_name=name(chance, number),
        objects=(FormObject(object_id=f"清水保〔2023〕{number}号", name="厂房建设项目"),),
        items=tuple(ITEMS[item] for item in items),
        group=group,
        leader=team[0].inspector_id,
        inspectors=team,
    )


def result(
    of: InspectionForm, item: str, found: ResultCode = ResultCode.NO_PROBLEM, **changes: Any
) -> ItemResult:
    """One item's result as its department enters it: approved, a problem with its disposal."""
    problem = found not in (ResultCode.NO_PROBLEM, ResultCode.NO_SUCH_ACTIVITY)
    members: dict[str, Any] = {
        "result_id": f"{of.uscc}-{item}",
        "task_id": of.task_id,
        "uscc": of.uscc,
        "item_code": item,
        "item_name": ITEMS[item].item_name,
        "dept_code": ITEMS[item].dept_code,
        "code": found,
        "problem": "与要求不符" if problem else None,
        "disposal": Disposal.CORRECTION if problem else Disposal.NONE,
        "disposal_state": DisposalState.OPEN if problem else DisposalState.CLOSED,
        "completed_at": VISITED,
        "entered_at": VISITED,
        "updated_at": VISITED,
        "inspectors": tuple(
            person.inspector_id for person in of.inspectors if person.dept_code == ITEMS[item].dept_code
        ),
        "visit": Visit(signature=SignatureState.SIGNED, methods=(CheckMethod.ON_SITE,), cert_shown=True),
        "review": review(ReviewOpinion.APPROVED),
    }
    return ItemResult.model_validate(members | changes)


def review(opinion: ReviewOpinion, basis: str | None = None, at: datetime = VISITED) -> Review:
    """A reviewer's opinion."""
    return Review(opinion=opinion, basis=basis, by_role="领导小组办公室", at=at)


def complete(of: InspectionForm, **changes: Any) -> list[ItemResult]:
    """A result for each item of a form, the same changes in each."""
    return [result(of, item.item_code, **changes) for item in of.items]
