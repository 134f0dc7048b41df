"""Tasks, results and reconciliation of one campaign as lists, titled as on the entry sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from documents.entry_sheet.columns import COLUMN
from documents.list_workbook import ListColumn, Value
from schemas.campaign import Campaign
from schemas.codes import Coded
from schemas.form import InspectionForm
from schemas.result import ItemResult

_SHANGHAI = ZoneInfo("Asia/Shanghai")

TASK_COLUMNS = (
    ListColumn("表单编号", 26),
    ListColumn("分组", 8),
    ListColumn("企业名称", 36),
    ListColumn("统一社会信用代码", 22),
    ListColumn("住所", 36),
    ListColumn("抽查对象", 36),
    ListColumn("检查部门", 24),
    ListColumn("事项编码", 16),
    ListColumn("检查事项", 30),
    ListColumn("所需材料", 36),
    ListColumn("执法检查人员", 36),
    ListColumn("组长", 12),
    ListColumn("表单版本", 10),
)


def task_rows(campaign: Campaign, forms: Iterable[InspectionForm]) -> Iterator[list[Value]]:
    """One row per enterprise and item."""
    departments = {one.code: one.name for one in campaign.departments}
    for form in forms:
        leader = next((one.name for one in form.inspectors if one.inspector_id == form.leader), "")
        for item in form.items:
            team = [one for one in form.inspectors if one.dept_code == item.dept_code]
            yield [
                form.form_no,
                form.group,
                form.ent_name,
                form.uscc,
                form.address,
                "、".join(thing.name for thing in form.objects),
                departments.get(item.dept_code, item.dept_code),
                item.item_code,
                item.item_name,
                "\n".join(item.materials),
                "、".join(f"{one.name}（{one.cert_no}）" if one.cert_no else one.name for one in team),
                leader,
                form.version,
            ]


_Read = Callable[[ItemResult], Value]


def _label(value: Coded | None) -> str | None:
    return None if value is None else value.label


def _yes(value: bool | None) -> str | None:
    return None if value is None else "是" if value else "否"


def _moment(value: datetime | None) -> str | None:
    return None if value is None else f"{value.astimezone(_SHANGHAI):%Y-%m-%d %H:%M}"


# Key of the entry sheet's column, which names it -> what stands in it.
_RESULT_READS: Mapping[str, _Read] = {
    "completed_on": lambda row: row.completed_at.astimezone(_SHANGHAI).date(),
    "code": lambda row: row.code.label,
    "problem": lambda row: row.problem,
    "disposal": lambda row: row.disposal.label,
    "disposal_state": lambda row: row.disposal_state.label,
    "order_lapsed": lambda row: _yes(row.order_lapsed),
    "guided": lambda row: _yes(row.guided),
    "questions_answered": lambda row: _yes(row.questions_answered),
    "subject_state": lambda row: _label(row.subject_state),
    "agreed_on": lambda row: row.visit.agreed_on,
    "arrived_at": lambda row: _moment(row.visit.arrived_at),
    "left_at": lambda row: _moment(row.visit.left_at),
    "methods": lambda row: "、".join(method.label for method in row.visit.methods),
    "cert_shown": lambda row: _yes(row.visit.cert_shown),
    "signature": lambda row: row.visit.signature.label,
    "refusal_note": lambda row: row.visit.refusal_note,
    "experts": lambda row: "；".join(f"{one.name}（{one.role}）" for one in row.visit.experts),
    "documents": lambda row: "、".join(row.visit.documents),
    "transfer_decided_on": lambda row: row.transfer.decided_on if row.transfer else None,
    "transfer_decision": lambda row: row.transfer.decision if row.transfer else None,
    "transfer_recipient": lambda row: row.transfer.recipient if row.transfer else None,
    "transfer_receipt": lambda row: row.transfer.receipt if row.transfer else None,
}

RESULT_COLUMNS = (
    ListColumn("企业名称", 36),
    ListColumn("统一社会信用代码", 22),
    ListColumn("检查部门", 24),
    ListColumn("事项编码", 16),
    ListColumn("检查事项", 30),
    *(ListColumn(COLUMN[key].title, COLUMN[key].width) for key in _RESULT_READS),
    ListColumn("录入时间", 18),
    ListColumn("审批意见", 14),
    ListColumn("录入途径", 12),
    ListColumn("结果版本", 10),
)


def result_rows(
    campaign: Campaign,
    forms: Mapping[str, InspectionForm],
    results: Iterable[ItemResult],
    by_sheet: Callable[[ItemResult], bool],
) -> Iterator[list[Value]]:
    """One row per result. `by_sheet`: whether a department entered it on a sheet."""
    departments = {one.code: one.name for one in campaign.departments}
    for row in results:
        form = forms.get(row.uscc)
        yield [
            form.ent_name if form else None,
            row.uscc,
            departments.get(row.dept_code, row.dept_code),
            row.item_code,
            row.item_name,
            *(read(row) for read in _RESULT_READS.values()),
            _moment(row.entered_at),
            row.review.opinion.label,
            "录入表" if by_sheet(row) else "平台",
            row.version,
        ]


RECONCILIATION_COLUMNS = (
    ListColumn("企业名称", 36),
    ListColumn("统一社会信用代码", 22),
    ListColumn("公示状态", 20),
    ListColumn("公示版本", 10),
    ListColumn("检查完成时间", 18),
    ListColumn("公示期限", 12),
    ListColumn("原因", 40),
    ListColumn("核对发现", 40),
)


@dataclass(frozen=True)
class Reconciled:
    """One enterprise of a reconciliation, in words; `last_day` is the legal one, as a date in text."""

    ent_name: str
    uscc: str
    state: str
    version: int | None
    completed_at: datetime | None
    last_day: Value
    reason: str | None
    findings: Sequence[str]


def reconciliation_rows(rows: Iterable[Reconciled]) -> Iterator[list[Value]]:
    """One row per enterprise."""
    for row in rows:
        yield [
            row.ent_name,
            row.uscc,
            row.state,
            row.version,
            _moment(row.completed_at),
            row.last_day,
            row.reason,
            "、".join(row.findings) or None,
        ]
