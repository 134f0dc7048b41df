"""Rows and records of our own making, for tests of the connectors."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime

from schemas.form import FormInspector, FormItem, FormObject, InspectionForm
from schemas.publication import PublicationDetail, PublicationRecord
from schemas.uscc import ALPHABET, check_character

TASK = "130534202405281001"


def code(number: int, prefix: str = "91130534") -> str:
    """A valid code that belongs to nobody on purpose: its organisation part counts up in base 31."""
    digits = ""
    chance = random.Random(number)
    for _ in range(17 - len(prefix)):
        digits += chance.choice(ALPHABET)
    return prefix + digits + check_character(prefix + digits)


def entity_row(number: int, **changes: object) -> dict[str, object]:
    """An enterprise as the platform writes it."""
    row: dict[str, object] = {
        "objectId": code(number),
        "objectType": "1",
        "uniscid": code(number),
        "entName": f"清河县试验{number}号有限公司",
        "pripId": f"P{number:06d}",
        "regState": "1",
        "admCode": "130534",
        "dom": f"清河县长江街{number}号",
        "estDate": "2001-02-03",
        "riskGrade": "B",
        "riskMonth": "2024-04",
        "tags": ["生产建设项目"],
        "isValid": "1",
        "checksThisYear": 0,
        "updatedAt": "2024-05-01 08:00:00",
    }
    return row | changes


def project_row(number: int, **changes: object) -> dict[str, object]:
    """A project as the platform writes it."""
    row = entity_row(
        number,
        objectId=f"清水审〔2023〕{number}号",
        objectType="2",
        projectName=f"第{number}标段工程",
        approvalNo=f"清水审〔2023〕{number}号",
        ownerUniscid=code(number),
        ownerName=f"清河县试验{number}号有限公司",
        projectPlace="清河县城东",
    )
    return row | changes


def inspector_row(number: int, **changes: object) -> dict[str, object]:
    """An inspector as the platform writes it."""
    row: dict[str, object] = {
        "inspectorId": f"SW-{number:03d}",
        "name": f"试验员{number}",
        "deptCode": "SW",
        "certNo": f"03{number:06d}",
        "certValidFrom": "2022-01-01",
        "certValidTo": "2027-12-31",
        "itemScope": ["SW-01"],
        "role": "1",
        "status": "1",
        "recusals": [{"uniscid": code(1), "reason": "relative"}],
        "updatedAt": "2024-05-01 08:00:00",
    }
    return row | changes


def result_row(number: int, **changes: object) -> dict[str, object]:
    """A result as the platform writes it."""
    row: dict[str, object] = {
        "resultId": f"R{number:05d}",
        "taskId": TASK,
        "uniscid": code(number),
        "itemCode": "SC-01",
        "itemName": "登记事项检查",
        "deptCode": "SC",
        "resultCode": "1",
        "problem": None,
        "disposal": "0",
        "disposalState": "2",
        "completedAt": "2024-06-20 16:30:00",
        "enteredAt": "2024-06-21 09:00:00",
        "guided": False,
        "qaAnswered": True,
        "inspectors": ["SC-001", "SC-002"],
        "agreedOn": "2024-06-20",
        "arrivedAt": "2024-06-20 15:00:00",
        "leftAt": "2024-06-20 16:30:00",
        "methods": ["1", "2"],
        "certShown": True,
        "signature": "1",
        "experts": [],
        "documents": [],
        "transfer": None,
        "review": {"opinion": "1", "basis": None, "byRole": "审核人", "at": "2024-06-22 10:00:00"},
        "version": 1,
        "updatedAt": "2024-06-22 10:00:00",
    }
    return row | changes


def page(
    rows: list[dict[str, object]], page_no: int, total: int, snapshot: str | None = "S1"
) -> dict[str, object]:
    """The data of a paged answer."""
    return {"total": total, "pageNo": page_no, "pageSize": 100, "snapshot": snapshot, "rows": rows}


def form(number: int) -> InspectionForm:
    """A form of ours."""
    return InspectionForm(
        form_no=f"{TASK}-{number:03d}",
        task_id=TASK,
        uscc=code(number),
        ent_name=f"清河县试验{number}号有限公司",
        address=None,
        objects=(FormObject(object_id=f"清水审〔2023〕{number}号", name="第一标段"),),
        items=(FormItem(item_code="SW-01", item_name="水土保持", dept_code="SW", materials=("批复文件",)),),
        group=1,
        leader="SW-001",
        inspectors=tuple(
            FormInspector(inspector_id=f"SW-00{n}", name=f"试验员{n}", dept_code="SW", cert_no=f"03{n}")
            for n in (1, 2)
        ),
    )


def publication(number: int, **changes: object) -> PublicationRecord:
    """A record for the publicity system."""
    fields: dict[str, object] = {
        "record_id": f"{TASK}-{number:03d}",
        "prip_id": f"P{number:06d}",
        "uscc": code(number),
        "ent_name": f"清河县试验{number}号有限公司",
        "plan_id": "13053420241001",
        "plan_name": "2024年度清河县部门联合双随机抽查计划",
        "task_id": TASK,
        "task_name": "2024年清河县生产建设项目“双随机、一公开”部门联合抽查",
        "task_type": "不定向",
        "authority": "清河县水务局、清河县市场监督管理局",
        "completed_on": date(2024, 6, 20),
        "details": (
            PublicationDetail(seq_no=1, item_name="登记事项检查", result_name="未发现问题"),
            PublicationDetail(seq_no=2, item_name="公示信息检查", result_name="未按规定公示应当公示的信息"),
        ),
    }
    return PublicationRecord.model_validate(fields | changes)


AT = datetime(2024, 6, 23, 2, 0, tzinfo=UTC)


def certificate_text(kind: str) -> str:
    """The least that tells the three documents of a draw apart."""
    members = {
        "commitment": {"spec": "drawbridge-draw/1", "contributors": [], "stage": "objects"},
        "closing": {"spec": "drawbridge-draw/1", "contributions": [], "commitment_digest": "0"},
        "draw": {"spec": "drawbridge-draw/1", "seed": "0", "contributions": [], "commitment": {}},
    }
    return json.dumps(members[kind], separators=(",", ":"), sort_keys=True)
