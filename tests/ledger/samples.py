"""Records of one small campaign, invented, to be written into a ledger."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from draw.canonical import canonical
from schemas.campaign import Campaign, Department, Plan, Ratio
from schemas.codes import (
    DepartmentRole,
    DrawMode,
    FormMode,
    ItemKind,
    ObjectKind,
    PublicationMode,
    ResultCode,
    SignatureState,
    Verdict,
)
from schemas.confirmation import Confirmation
from schemas.directory import Entity
from schemas.form import FormInspector, FormItem, FormObject, InspectionForm
from schemas.inspector import Inspector
from schemas.item import InspectionItem, Materials
from schemas.record import Record
from schemas.result import ItemResult, Visit
from tests.factories import code

TASK = "130534202610012001"
OTHER_TASK = "130534202604012001"
SOURCE = "http://platform.example"
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def uscc(number: int) -> str:
    return code(random.Random(number))


def campaign(task_id: str = TASK, starts_on: date = date(2026, 10, 1), short_name: str = "测试") -> Campaign:
    return Campaign(
        task_id=task_id,
        name="生产建设项目水土保持抽查",
        short_name=short_name,
        plan=Plan(plan_id="13053420261001", name="清河县2026年抽查计划"),
        adm_code="130534",
        starts_on=starts_on,
        ends_on=date(2026, 12, 20),
        object_kind=ObjectKind.ENTERPRISE,
        ratio=Ratio(raw="不低于10%", share="0.1", at_least=True),
        departments=(
            Department(code="SW", name="水务局", role=DepartmentRole.LEAD, items=("I1",)),
            Department(code="SC", name="市场监管局", role=DepartmentRole.COOPERATING, items=("I2",)),
        ),
        per_group=8,
        draw=DrawMode.PERFORM,
        forms=FormMode.PUSH,
        publication=PublicationMode.PUSH,
    )


def entity(number: int, name: str | None = None) -> Entity:
    return Entity(object_id=uscc(number), uscc=uscc(number), ent_name=name or f"清河县第{number}商贸有限公司")


def inspector(number: int, dept_code: str = "SW") -> Inspector:
    return Inspector(inspector_id=f"{dept_code}{number:03d}", name=f"检查员{number}", dept_code=dept_code)


def item(number: int) -> InspectionItem:
    return InspectionItem(
        item_code=f"I{number}",
        item_name=f"事项{number}",
        kind=ItemKind.GENERAL,
        dept_code="SW",
        legal_basis=("水土保持法 §43",),
    )


@dataclass(frozen=True)
class Refusal:
    row_no: int
    code: str = "DB-CODE-001"
    reason: str = "统一社会信用代码不对"
    raw: Any = None


@dataclass(frozen=True)
class DirectoryPage:
    """A page as a connector hands it over."""

    page_no: int
    total: int
    rows: Sequence[Record]
    refused: Sequence[Refusal] = ()
    snapshot: str | None = "S1"
    normalised: int = 0
    digest: str = ""
    notes: Sequence[str] = ()

    @property
    def read(self) -> int:
        """Number of rows that the page held."""
        return len(self.rows) + len(self.refused)


def page(
    page_no: int, total: int, rows: Sequence[Record], refused: Sequence[int] = (), digest: str | None = None
) -> DirectoryPage:
    """`refused`: row numbers of rows that could not be taken over."""
    return DirectoryPage(
        page_no,
        total,
        rows,
        tuple(Refusal(row_no, raw={"企业名称": "看不懂", "行": row_no}) for row_no in refused),
        digest=digest or f"{page_no:064x}",
    )


def materials(dept_code: str = "SW", paper: str = "水土保持方案") -> Materials:
    return Materials(dept_code=dept_code, item_codes=("I1",), materials=(paper,), handed_in_at=NOW)


def answer(number: int, verdict: Verdict = Verdict.CONFIRMED, dept_code: str = "SW") -> Confirmation:
    return Confirmation(
        object_id=uscc(number), dept_code=dept_code, verdict=verdict, by_role="系统管理员", at=NOW
    )


def form(number: int, task_id: str = TASK, version: int = 1, address: str = "清河县") -> InspectionForm:
    return InspectionForm(
        form_no=f"F{number:03d}",
        task_id=task_id,
        uscc=uscc(number),
        ent_name=f"清河县第{number}商贸有限公司",
        address=address,
        objects=(FormObject(object_id=f"P{number}", name="厂房扩建"),),
        items=(FormItem(item_code="I1", item_name="事项1", dept_code="SW"),),
        group=1,
        leader="SW001",
        inspectors=tuple(
            FormInspector(inspector_id=f"SW00{n}", name=f"检查员{n}", dept_code="SW", cert_no=f"C{n}")
            for n in (1, 2)
        ),
        version=version,
    )


def result(
    number: int, minute: int = 0, version: int = 1, found: ResultCode = ResultCode.NO_PROBLEM
) -> ItemResult:
    return ItemResult(
        result_id=f"R{number:03d}",
        task_id=TASK,
        uscc=uscc(number),
        item_code="I1",
        item_name="事项1",
        dept_code="SW",
        code=found,
        problem=None if found is ResultCode.NO_PROBLEM else "未按规定公示",
        completed_at=NOW,
        entered_at=NOW,
        visit=Visit(signature=SignatureState.SIGNED),
        version=version,
        updated_at=later(minute),
    )


def commitment(previous: str | None = None, note: str = "a") -> bytes:
    """As much of a commitment as the ledger looks at."""
    return canonical({"note": note, "previous": previous})


def certificate(corrects: str | None = None, note: str = "a") -> bytes:
    """As much of a certificate as the ledger looks at."""
    return canonical({"corrects": corrects, "note": note})
