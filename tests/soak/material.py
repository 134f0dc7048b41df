"""What a soak publishes: forms and records of a few enterprises, under keys of each schedule's own.

The enterprise numbered 0 is unknown to both systems, so that its form and its record are rejected.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from schemas.form import FormInspector, FormItem, FormObject, InspectionForm
from schemas.publication import PublicationDetail, PublicationRecord

PROJECT = Path(__file__).resolve().parents[2]
PLAN = PROJECT / "campaigns" / "qinghe-2024-22.yaml"
TASK = "130534202405281001"
COUNT = 13
KEY, SECRET = "key-of-the-soak", "secret-of-the-soak"
MARK = "清河县验证用企业"
"""Begins every enterprise's name, so that a test can look where names went."""


def _uscc(number: int) -> str:
    return f"9113053400{number:07d}X"[:18]


def _prip(number: int) -> str:
    return f"1305340000{number:08d}"


def known_enterprises(count: int) -> list[dict[str, Any]]:
    """The register's rows of the enterprises numbered 1 to `count`."""
    return [
        {"pripId": _prip(number), "uniscid": _uscc(number), "entName": f"{MARK}{number}"}
        for number in range(1, count + 1)
    ]


KNOWN_ENTERPRISES = known_enterprises(COUNT - 1)
REFUSED_FORM = _uscc(0)


def key_of(schedule: int, number: int) -> str:
    """How one enterprise's record is called in one schedule."""
    return f"S{schedule:06d}-{number}"


def payload(kind: str, key: str, version: int) -> str:
    """The record of `key` as JSON text."""
    number = int(key.rpartition("-")[2])
    return (_form if kind == "form" else _record)(key, number, version).model_dump_json()


def _record(key: str, number: int, version: int) -> PublicationRecord:
    return PublicationRecord(
        record_id=key,
        version=version,
        operation="I" if version == 1 else "U",
        prip_id=_prip(number),
        uscc=_uscc(number),
        ent_name=f"{MARK}{number}",
        plan_id="13053420241001",
        plan_name="2024年度清河县部门联合双随机抽查计划",
        task_id=TASK,
        task_name=TASK_NAME,
        task_type="不定向",
        authority="清河县水务局、清河县市场监督管理局",
        completed_on=date(2024, 5, 28),
        details=(
            PublicationDetail(
                seq_no=1, item_name="登记事项检查", result_name=RESULTS[version % len(RESULTS)]
            ),
        ),
    )


def _form(key: str, number: int, version: int) -> InspectionForm:
    return InspectionForm(
        form_no=key,
        task_id=TASK,
        uscc=_uscc(number),
        ent_name=f"{MARK}{number}",
        objects=(FormObject(object_id=f"O{number}", name=f"{MARK}{number}"),),
        items=(
            FormItem(item_code="SC-01", item_name="登记事项检查", dept_code="SC", materials=("营业执照",)),
        ),
        group=1,
        leader="I1",
        inspectors=tuple(
            FormInspector(inspector_id=f"I{one}", name=f"检查员{one}", dept_code="SC", cert_no=f"C{one}")
            for one in (1, 2)
        ),
        version=version,
    )


RESULTS = ("未发现问题", "发现问题已责令改正")
TASK_NAME = "2024年清河县生产建设项目“双随机、一公开”部门联合抽查"
