"""The columns of an entry sheet: one literal table, read by its writer, its reader and its documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.codes import (
    CheckMethod,
    Coded,
    Disposal,
    DisposalState,
    RegistrationState,
    ResultCode,
    SignatureState,
)

Kind = Literal["given", "date", "time", "coded", "several", "yes_no", "text", "people"]

LAYOUT = "1"
"""Version of the layout, kept in the sheet."""

ENTRY_SHEET, HELP_SHEET, CODES_SHEET, ORIGIN_SHEET = "结果录入", "填表说明", "代码表", "表源"
HEADER_ROW = 3
"""Number of the header row; the title and a line of advice stand above it."""


@dataclass(frozen=True)
class Column:
    """One column. `given`: filled in by us and locked. `shared`: says something of the visit, so that it is
    left empty from an enterprise's second row on.  `advice` pops up when the cell is chosen."""

    key: str
    title: str
    kind: Kind
    width: int
    advice: str = ""
    table: str = ""
    required: bool = False
    shared: bool = False


COLUMNS = (
    Column("row_id", "行标识", "given", 4),
    Column("number", "序号", "given", 6),
    Column("ent_name", "企业名称", "given", 30),
    Column("uscc", "统一社会信用代码", "given", 22),
    Column("objects", "抽查对象", "given", 24),
    Column("item_name", "检查事项", "given", 24),
    Column(
        "completed_on", "检查日期", "date", 12, "完成检查的日期，如 2024-06-20。", required=True, shared=True
    ),
    Column("code", "检查结果", "coded", 26, "从下拉表中选择。", "result", required=True),
    Column("problem", "发现问题情况", "text", 30, "发现问题的，写明问题。"),
    Column("disposal", "处置情况", "coded", 20, "发现问题的必须选择。", "disposal"),
    Column("disposal_state", "处置状态", "coded", 10, "不填时：有处置的为未完结。", "disposal_state"),
    Column("order_lapsed", "责令期限已过", "yes_no", 10, "责令公示而期满仍未公示的，选“是”。"),
    Column("guided", "行政指导", "yes_no", 10, "本户接受了行政指导的，选“是”。"),
    Column("questions_answered", "现场解答疑难问题", "yes_no", 10, "现场解答了疑难问题的，选“是”。"),
    Column("subject_state", "对象现状", "coded", 10, "与登记不同时填写，如注销、迁出。", "subject_state"),
    Column("agreed_on", "约定日期", "date", 12, "与企业约定的日期。", shared=True),
    Column("arrived_at", "到达时间", "time", 9, "如 9:30。", shared=True),
    Column("left_at", "离开时间", "time", 9, "如 11:00。", shared=True),
    Column("methods", "核查方式", "several", 18, "可选几项，用、隔开。", "methods", shared=True),
    Column("cert_shown", "出示执法证件", "yes_no", 10, "是否出示了执法证件。", shared=True),
    Column("signature", "签字情况", "coded", 12, "从下拉表中选择。", "signature", required=True, shared=True),
    Column("refusal_note", "拒签说明", "text", 20, "拒绝签字的，如实写明。", shared=True),
    Column(
        "inspectors", "检查人员", "people", 24, "已填检查组的人；没有到场的删去。", required=True, shared=True
    ),
    Column("experts", "专业人员", "text", 20, "姓名（专业或职务），几个人用；隔开。", shared=True),
    Column(
        "documents", "依据的其他材料", "text", 24, "采用的其他部门检查结果或专业意见，用、隔开。", shared=True
    ),
    Column("transfer_decided_on", "移送决定日期", "date", 12, "领导小组决定移送的日期。"),
    Column("transfer_decision", "移送决定", "text", 20),
    Column("transfer_recipient", "移送接收单位", "text", 20),
    Column("transfer_receipt", "移送接收回执", "text", 16),
)

COLUMN = {column.key: column for column in COLUMNS}
ENTERED = tuple(column for column in COLUMNS if column.kind != "given")

TABLES: dict[str, type[Coded]] = {
    "result": ResultCode,
    "disposal": Disposal,
    "disposal_state": DisposalState,
    "subject_state": RegistrationState,
    "methods": CheckMethod,
    "signature": SignatureState,
}
YES_NO = {"是": True, "否": False}


def choices(column: Column) -> list[str]:
    """What may stand in a cell that has a drop-down; empty for the others."""
    if column.kind == "yes_no":
        return list(YES_NO)
    return [member.label for member in TABLES[column.table]] if column.table else []
