"""A result on record as the cells of the sheet say it."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from connectors import cells
from documents.entry_sheet.columns import YES_NO
from documents.entry_sheet.rows import EntryRow, person_text
from schemas.result import ItemResult

SHANGHAI = ZoneInfo("Asia/Shanghai")


def entered_cells(result: ItemResult, row: EntryRow) -> dict[str, object]:
    """Field -> what stands in its cell. Two results with the same cells say the same."""
    visit, transfer = result.visit, result.transfer
    names = {person.inspector_id: person_text(person) for person in row.team}
    no_yes = tuple(YES_NO)[::-1]
    completed = result.completed_at.astimezone(SHANGHAI)
    return {
        "completed_on": completed.date(),
        "code": result.code.label,
        "problem": result.problem,
        "disposal": result.disposal.label,
        "disposal_state": result.disposal_state.label,
        "order_lapsed": no_yes[result.order_lapsed],
        "guided": no_yes[result.guided],
        "questions_answered": no_yes[result.questions_answered],
        "subject_state": None if result.subject_state is None else result.subject_state.label,
        "agreed_on": visit.agreed_on,
        "arrived_at": _clock(visit.arrived_at),
        "left_at": _clock(visit.left_at),
        "methods": "、".join(method.label for method in visit.methods),
        "cert_shown": None if visit.cert_shown is None else no_yes[visit.cert_shown],
        "signature": visit.signature.label,
        "refusal_note": visit.refusal_note,
        "inspectors": "、".join(names[one] for one in result.inspectors if one in names),
        "experts": "；".join(f"{expert.name}（{expert.role}）" for expert in visit.experts),
        "documents": cells.joined(visit.documents),
        "transfer_decided_on": transfer and transfer.decided_on,
        "transfer_decision": transfer and transfer.decision,
        "transfer_recipient": transfer and transfer.recipient,
        "transfer_receipt": transfer and transfer.receipt,
    }


def _clock(moment: datetime | None) -> time | None:
    return None if moment is None else moment.astimezone(SHANGHAI).time()
