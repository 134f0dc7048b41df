"""Rows of inspection results, one per enterprise and item."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from connectors import cells
from connectors.cells import Findings
from connectors.platform_rows import Drift, Row, text_or_none, time, whole
from connectors.profile import Profile
from connectors.records import built
from schemas.codes import ReviewOpinion
from schemas.errors import DrawbridgeError
from schemas.result import ItemResult

TABLE_NAMES = {
    "result": "检查结果",
    "disposal": "处理方式",
    "disposal_state": "处理状态",
    "check_method": "核查方式",
    "signature_state": "签字情况",
    "review_opinion": "公示审批意见",
    "reg_state": "对象状态",
}
"""Chinese names of the code tables that a result uses."""


def result(profile: Profile, row: Row) -> ItemResult:
    """One item's result. Raises DrawbridgeError DB-CODE-*, DB-INPUT-024, -026, -027."""
    got = profile.platform.ours("result", row)
    subject_state = got["subject_state"]
    members = {
        "result_id": got["result_id"],
        "task_id": got["task_id"],
        "uscc": cells.code(got["uscc"], Findings()),
        "item_code": got["item_code"],
        "item_name": got["item_name"],
        "dept_code": got["dept_code"],
        "code": _known(profile, "result", got["code"]),
        "problem": text_or_none(got["problem"]),
        "disposal": _known(profile, "disposal", got["disposal"]),
        "disposal_state": _known(profile, "disposal_state", got["disposal_state"]),
        "order_lapsed": _flag(profile, got["order_lapsed"]),
        "subject_state": None if subject_state in (None, "") else _known(profile, "reg_state", subject_state),
        "completed_at": _time(profile, got["completed_at"]),
        "entered_at": _time(profile, got["entered_at"]),
        "guided": _flag(profile, got["guided"]),
        "questions_answered": _flag(profile, got["questions_answered"]),
        "inspectors": _list(got["inspectors"]),
        "visit": _visit(profile, got),
        "transfer": _transfer(profile, got["transfer"]),
        "review": _review(profile, got["review"]),
        "version": whole(got["version"]),
        "updated_at": _time(profile, got["updated_at"]),
    }
    return built(lambda: ItemResult.model_validate(members))


def _visit(profile: Profile, got: Row) -> dict[str, object]:
    return {
        "agreed_on": _date_or_none(profile, got["agreed_on"]),
        "arrived_at": _time_or_none(profile, got["arrived_at"]),
        "left_at": _time_or_none(profile, got["left_at"]),
        "methods": [_known(profile, "check_method", method) for method in _list(got["methods"])],
        "cert_shown": _flag_or_none(profile, got["cert_shown"]),
        "signature": _known(profile, "signature_state", got["signature"]),
        "refusal_note": text_or_none(got["refusal_note"]),
        "experts": _experts(profile, _list(got["experts"])),
        "documents": _list(got["documents"]),
    }


def _experts(profile: Profile, entries: list[Any]) -> list[dict[str, object]]:
    name = profile.platform.name
    return [
        {"name": entry.get(name("result", "expert_name")), "role": entry.get(name("result", "expert_role"))}
        for entry in entries
        if isinstance(entry, dict)
    ]


def _transfer(profile: Profile, value: object) -> dict[str, object] | None:
    name = profile.platform.name
    # Where it lies flat in the row, it is there if anything of it is.
    members = [
        name("result", f"transfer_{part}") for part in ("decided_on", "decision", "recipient", "receipt")
    ]
    if not isinstance(value, dict) or all(value.get(member) in (None, "") for member in members):
        return None
    return {
        "decided_on": _date_or_none(profile, value.get(name("result", "transfer_decided_on"))),
        "decision": value.get(name("result", "transfer_decision")),
        "recipient": value.get(name("result", "transfer_recipient")),
        "receipt": value.get(name("result", "transfer_receipt")),
    }


def _review(profile: Profile, value: object) -> dict[str, object]:
    name = profile.platform.name
    held: Row = value if isinstance(value, dict) else {}
    opinion = held.get(name("result", "review_opinion"))
    return {
        "opinion": ReviewOpinion.PENDING
        if opinion in (None, "")
        else _known(profile, "review_opinion", opinion),
        "basis": text_or_none(held.get(name("result", "review_basis"))),
        "by_role": text_or_none(held.get(name("result", "review_by_role"))),
        "at": _time_or_none(profile, held.get(name("result", "review_at"))),
    }


def _known(profile: Profile, table: str, value: object) -> str:
    code = profile.ours(table, value)
    if code is None:
        raise DrawbridgeError("DB-INPUT-026", field=TABLE_NAMES[table])
    return code


def _time(profile: Profile, value: object) -> datetime:
    try:
        return time(profile, value)
    except Drift:
        raise DrawbridgeError("DB-INPUT-024", field="时间") from None


def _time_or_none(profile: Profile, value: object) -> datetime | None:
    return None if value in (None, "") else _time(profile, value)


def _date_or_none(profile: Profile, value: object) -> date | None:
    if value in (None, ""):
        return None
    try:
        return profile.clock.read_date(value)
    except ValueError:
        raise DrawbridgeError("DB-INPUT-024", field="日期") from None


def _flag(profile: Profile, value: object) -> bool:
    """What is not said did not happen, as far as the statistics go."""
    return cells.coded(profile.codes["yes_no"], value, "is_valid", Findings()) == "1"


def _flag_or_none(profile: Profile, value: object) -> object:
    """A flag that is one, or a code of `yes_no`; whatever else comes is the record's to refuse."""
    code = None if isinstance(value, bool) else profile.ours("yes_no", value)
    return value if code is None else code == "1"


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
