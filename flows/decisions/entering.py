"""Results that a department enters on a sheet: made here, filled in by hand, taken in here.

They take the way that the platform's take: the same record, the same checks in the stage that collects, the
same versions, the same review before anything is published.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from documents.entry_sheet.checks import Ground, Judged, judge
from documents.entry_sheet.marker import marked_path, write_marked
from documents.entry_sheet.reader import Returned, read_returned
from documents.entry_sheet.rows import department_of, entry_rows, row_id
from documents.entry_sheet.writer import entry_sheet
from documents.whole_file import PRIVATE, write_whole
from flows.exchange.publishing import latest_items
from flows.paper.visits import visits_of
from flows.site import SHANGHAI, Books
from ledger.draws import round_in_force
from ledger.engine import Transaction
from ledger.results import ResultsOutcome, record_entered_results, results
from rules.visits import findings
from schemas.campaign import Campaign, Department
from schemas.errors import DrawbridgeError
from schemas.publication import PublicationRecord
from schemas.result import ItemResult

_SHEET_IDS = "sheet/"
# Nothing of a record in these states has left our hands.
_NOT_OUT = frozenset({"held", "ready", "void", "withheld", "rejected"})


@dataclass(frozen=True)
class Taken:
    """What came of one sheet. `marked`: the copy with the marks, if there are any; then nothing was recorded.

    `notices`: what was recorded and should be looked at.
    """

    department: Department
    judged: Judged
    outcome: ResultsOutcome
    marked: Path | None
    notices: tuple[DrawbridgeError, ...]


def write_entry_sheet(books: Books, campaign: Campaign, dept_code: str, path: Path) -> int:
    """Writes the department's sheet, with what is recorded already filled in; returns its rows.

    It names inspectors: readable by its owner alone.  Raises DrawbridgeError DB-ENTRY-003 (department), -004
    (no forms yet), DB-CLI-004.
    """
    department = department_of(campaign, dept_code)
    visits = visits_of(books, campaign)
    rows = entry_rows(visits.forms.values(), dept_code)
    if not rows:
        raise DrawbridgeError("DB-ENTRY-004", department=department.name)
    held = {row_id(one.uscc, one.item_code): one for one in visits.results}
    with books.ledger.read() as tx:
        drawn_on = _drawn_on(tx, campaign)
    data = entry_sheet(campaign, department, rows, drawn_on=drawn_on, made_on=books.now().date(), held=held)
    write_whole(path, data, mode=PRIVATE)
    return len(rows)


def take_entry_sheet(
    books: Books,
    campaign: Campaign,
    path: Path,
    *,
    dept_code: str | None = None,
    correction: str | None = None,
) -> Taken:
    """Takes a sheet in, whole or not at all; one that was taken in before changes nothing.

    `dept_code`: whose sheet it must be; `correction`: the reason why published results are changed.
    Raises DrawbridgeError DB-INPUT-001 to -008, -042 to -046 (the file), DB-ENTRY-001 to -005, -007, -008.
    """
    returned = read_returned(path)
    if returned.task_id != campaign.task_id:
        raise DrawbridgeError("DB-ENTRY-002", found=returned.task_id, wanted=campaign.task_id)
    department = department_of(campaign, returned.dept_code)
    if dept_code is not None and dept_code != department.code:
        wanted = department_of(campaign, dept_code).name
        raise DrawbridgeError("DB-ENTRY-008", found=department.name, wanted=wanted)
    forms = list(visits_of(books, campaign).forms.values())
    published = _published(books, campaign)
    now = books.now()
    # Judged and recorded in one transaction, so that of two at once the second sees what the first did.
    with books.ledger.write() as tx:
        newest = results(tx, campaign.task_id)
        ground = Ground(
            task_id=campaign.task_id,
            dept_code=department.code,
            rows=entry_rows(forms, department.code),
            others={
                row.row_id: other.name
                for other in campaign.departments
                if other.code != department.code
                for row in entry_rows(forms, other.code)
            },
            held={
                row_id(one.uscc, one.item_code): one for one in newest if one.result_id.startswith(_SHEET_IDS)
            },
            by_platform={
                row_id(one.uscc, one.item_code): one
                for one in newest
                if not one.result_id.startswith(_SHEET_IDS)
            },
            published=published,
            correcting=correction is not None,
            drawn_on=_drawn_on(tx, campaign),
            today=now.date(),
            now=now,
        )
        judged = judge(returned, ground)
        if not judged.marks:
            if not judged.results and not judged.unchanged:
                raise DrawbridgeError("DB-ENTRY-007", path=path)
            source: dict[str, object] = {"department": department.code, "sheet": returned.digest}
            if correction is not None:
                source["reason"] = correction
            outcome = record_entered_results(tx, campaign.task_id, judged.results, source, now)
            told = findings(campaign, forms, judged.results)
            return Taken(department, judged, outcome, None, tuple(told))
    return Taken(department, judged, ResultsOutcome(0, 0, 0, 0), _marked(path, returned, judged), ())


def _marked(path: Path, returned: Returned, judged: Judged) -> Path:
    target = marked_path(path)
    write_marked(path, target, judged.marks, returned.places, returned.header)
    return target


def _drawn_on(tx: Transaction, campaign: Campaign) -> date:
    """The day on which the inspectors' pools were frozen (Shanghai); before it nobody could be sent.

    Where the platform drew, the first day of the campaign.
    """
    round_ = round_in_force(tx, campaign.task_id, "inspectors")
    frozen = json.loads(round_.commitment).get("frozen_at") if round_ is not None else None
    if not isinstance(frozen, str):
        return campaign.starts_on
    return datetime.fromisoformat(frozen).astimezone(SHANGHAI).date()


def _published(books: Books, campaign: Campaign) -> frozenset[str]:
    """Enterprises whose record is out of our hands, or perhaps."""
    out: set[str] = set()
    for item in latest_items(books, campaign).values():
        record = PublicationRecord.model_validate_json(item.payload)
        withdrawn = record.operation == "D" and item.state == "accepted"
        if item.state not in _NOT_OUT and not withdrawn:
            out.add(record.uscc)
    return frozenset(out)


def entered_by_sheet(result: ItemResult) -> bool:
    """Whether a department entered the result on a sheet rather than on the platform."""
    return result.result_id.startswith(_SHEET_IDS)
