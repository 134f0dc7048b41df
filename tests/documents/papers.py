"""A campaign and its forms, invented, with names that try to be something else than text."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

from schemas.campaign import Campaign, Department, Plan, Ratio
from schemas.codes import DepartmentRole, DrawMode, FormMode, ObjectKind, PublicationMode
from schemas.form import FormInspector, FormItem, FormObject, InspectionForm
from tests.factories import code

TASK = "130534202405281001"
FORMULA = '=HYPERLINK("http://example.invalid","清河")'
RARE = "清河县𠮷㐂羊绒有限公司"
"""𠮷 and 㐂 take four bytes each in GB18030."""


def campaign(**changes: Any) -> Campaign:
    members: dict[str, Any] = {
        "task_id": TASK,
        "name": "2024年清河县生产建设项目“双随机、一公开”部门联合抽查",
        "short_name": "清河2024-22",
        "document_no": "清双随机办〔2024〕22号",
        "plan": Plan(plan_id="13053420241001", name="2024年度抽查计划"),
        "adm_code": "130534",
        "adm_name": "清河县",
        "starts_on": date(2024, 5, 28),
        "ends_on": date(2024, 7, 31),
        "object_kind": ObjectKind.PROJECT,
        "ratio": Ratio(raw="不低于10%", share="0.1", at_least=True),
        "departments": (
            Department(code="SW", name="清河县水务局", role=DepartmentRole.LEAD, items=("SW-01",)),
            Department(
                code="SC",
                name="清河县市场监督管理局",
                role=DepartmentRole.COOPERATING,
                items=("SC-01", "SC-02"),
            ),
        ),
        "per_group": 6,
        "draw": DrawMode.PERFORM,
        "forms": FormMode.PUSH,
        "publication": PublicationMode.PUSH,
    }
    return Campaign.model_validate(members | changes)


def form(number: int, **changes: Any) -> InspectionForm:
    uscc = code(random.Random(number))
    members: dict[str, Any] = {
        "form_no": f"{TASK}-{number:03d}",
        "task_id": TASK,
        "uscc": uscc,
        "ent_name": f"清河县试验{number}号有限公司",
        "address": f"清河县长江街{number}号",
        "objects": (FormObject(object_id=f"清水审〔2023〕{number}号", name=f"第{number}标段工程"),),
        "items": (
            FormItem(
                item_code="SW-01",
                item_name="生产建设项目水土保持审批的后续监管",
                dept_code="SW",
                materials=("水土保持方案批复文件", "水土保持监测资料"),
            ),
            FormItem(item_code="SC-01", item_name="登记事项检查", dept_code="SC", materials=("营业执照",)),
            FormItem(item_code="SC-02", item_name="公示信息检查", dept_code="SC", materials=("营业执照",)),
        ),
        "group": 1 + number % 3,
        "leader": "SW-1",
        "inspectors": tuple(
            FormInspector(inspector_id=f"{dept}-{n}", name=f"试验员{dept}{n}", dept_code=dept, cert_no=cert)
            for dept, n, cert in (("SW", 1, "0301"), ("SW", 2, "0302"), ("SC", 1, "0401"), ("SC", 2, ""))
        ),
    }
    return InspectionForm.model_validate(members | changes)


def row(unit: str, *counts: int) -> dict[str, str | int]:
    keys = (
        "ent_drawn",
        "inspectors_drawn",
        "problem_items",
        "problem_ents",
        "guided_ents",
        "to_abnormal_list_ents",
        "to_case_ents",
        "qa_ents",
    )
    return {"report_unit": unit, **dict(zip(keys, counts, strict=True))}
