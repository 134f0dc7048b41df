"""A sheet that came back, judged row by row: results, or the cells that must be mended.

What cannot be so or cannot be read is refused with its cell.  What can be so but should not (a visit after
the window, one inspector alone) is a fact: it is recorded and told, as it is when it comes from the platform.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from connectors import cells
from connectors.cells import Findings
from connectors.records import built
from documents.entry_sheet.cell_values import read_cell, read_experts, read_people, says_nothing_found
from documents.entry_sheet.columns import COLUMN, ENTERED
from documents.entry_sheet.entered import entered_cells
from documents.entry_sheet.reader import Line, Returned
from documents.entry_sheet.rows import EntryRow
from schemas.codes import Disposal, DisposalState, ResultCode, SignatureState
from schemas.errors import DrawbridgeError
from schemas.result import ItemResult

SHANGHAI = ZoneInfo("Asia/Shanghai")
_NO_PROBLEM = (ResultCode.NO_PROBLEM, ResultCode.NO_SUCH_ACTIVITY)
# What may follow where nothing was found.
_MILD = (Disposal.NONE, Disposal.GUIDANCE, Disposal.DAILY_SUPERVISION)


@dataclass(frozen=True)
class Mark:
    """One thing that is wrong, in one cell: the row's number in the sheet, the column's key."""

    row_no: int
    column: str
    error: DrawbridgeError

    @property
    def text(self) -> str:
        """What the cell's comment says."""
        return f"{self.error.zh}{self.error.act}（{self.error.code}）"


@dataclass(frozen=True)
class Ground:
    """What a sheet is judged by.

    `rows`: what the department has to enter.  `others`: row id -> name of the department whose item it is.
    `held`: the newest result of each row id that a sheet entered; `by_platform`: that the platform entered;
    `published`: codes of enterprises whose results are out.  `today` and `drawn_on` are Shanghai dates, `now`
    carries its zone.
    """

    task_id: str
    dept_code: str
    rows: Sequence[EntryRow]
    others: Mapping[str, str]
    held: Mapping[str, ItemResult]
    by_platform: Mapping[str, ItemResult]
    published: frozenset[str]
    correcting: bool
    drawn_on: date
    today: date
    now: datetime


@dataclass
class Judged:
    """`results` are new or changed; they count only if there are no `marks`. `blank`: rows not filled in.
    `fresh`: rows that were added to the list after the sheet was made."""

    results: list[ItemResult] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    unchanged: int = 0
    blank: int = 0
    fresh: int = 0


def judge(returned: Returned, ground: Ground) -> Judged:
    """Judges a whole sheet."""
    judged = Judged()
    by_id = {row.row_id: row for row in ground.rows}
    mine = _own_lines(returned, ground, by_id, judged.marks)
    shared = _shared_cells(mine)
    seen = {row.row_id for _, row in mine}
    # Where a row of an enterprise is gone, what it said of the visit may be gone with it.
    told = {row.uscc for row in ground.rows if row.row_id in returned.given and row.row_id not in seen}
    for line, row in mine:
        if not _is_filled(line):
            judged.blank += 1
            continue
        _check_given(line, row, judged.marks)
        reading = _Reading(line, row, shared[row.uscc], ground, row.uscc not in told)
        told.add(row.uscc)
        result = reading.result()
        judged.marks.extend(reading.marks)
        if result is None:
            continue
        if result in (ground.held.get(row.row_id), ground.by_platform.get(row.row_id)):
            judged.unchanged += 1
        else:
            judged.results.append(result)
    judged.marks.extend(_missing(returned, by_id, seen, mine))
    judged.fresh = sum(key not in returned.given for key in by_id)
    judged.marks.sort(key=lambda mark: (mark.row_no, returned.places[mark.column]))
    return judged


def _own_lines(
    returned: Returned, ground: Ground, by_id: Mapping[str, EntryRow], marks: list[Mark]
) -> list[tuple[Line, EntryRow]]:
    """The lines that are the department's rows, each once; the others are marked."""
    mine: list[tuple[Line, EntryRow]] = []
    first: dict[str, int] = {}
    claimed = {str(line.cells["row_id"]) for line in returned.lines if _holds_own_code(line, by_id)}
    for line in returned.lines:
        key = str(line.cells["row_id"] or "").strip()
        row = by_id.get(key)
        error, column = None, "ent_name"
        if row is None:
            if _is_remark(line):
                continue
            if key in returned.given:
                error = DrawbridgeError("DB-ENTRY-045") if _is_filled(line) else None
            elif key in ground.others:
                error, column = DrawbridgeError("DB-ENTRY-035", department=ground.others[key]), "item_name"
            else:
                error, column = _stranger(line, ground, first), "ent_name"
        elif key in claimed and not _holds_own_code(line, by_id):
            # A copy of a row with another enterprise written over it.
            error = DrawbridgeError("DB-ENTRY-031")
        elif key in first:
            error, column = DrawbridgeError("DB-ENTRY-034", first=first[key]), "number"
        else:
            first[key] = line.number
            mine.append((line, row))
        if error is not None:
            marks.append(Mark(line.number, column, error))
    return mine


def _stranger(line: Line, ground: Ground, first: Mapping[str, int]) -> DrawbridgeError:
    """What a row without a known id is: the same enterprise and item again, or one that was added."""
    code = cells.object_key(str(line.cells["uscc"] or ""))
    item = cells.name_key(str(line.cells["item_name"] or ""))
    for row in ground.rows:
        if row.uscc == code and cells.name_key(row.item_name) == item:
            return DrawbridgeError("DB-ENTRY-034", first=first.get(row.row_id, "?"))
    return DrawbridgeError("DB-ENTRY-031")


def _holds_own_code(line: Line, by_id: Mapping[str, EntryRow]) -> bool:
    row = by_id.get(str(line.cells["row_id"] or "").strip())
    return row is not None and line.cells["uscc"] == row.uscc


def _is_remark(line: Line) -> bool:
    """Whether a row below the list only says who filled it in, or the like."""
    held = [key for key, value in line.cells.items() if not cells.is_empty(value)]
    return not {"row_id", "uscc", "item_name"} & set(held) and len(held) <= 2


def _is_filled(line: Line) -> bool:
    """Whether somebody wrote something; the team is written by us."""
    return any(not cells.is_empty(line.cells[column.key]) for column in ENTERED if column.kind != "people")


def _shared_cells(mine: Sequence[tuple[Line, EntryRow]]) -> dict[str, dict[str, object]]:
    """For each enterprise what its first filled cell says of the visit."""
    shared: dict[str, dict[str, object]] = {}
    for line, row in mine:
        of_visit = shared.setdefault(row.uscc, {})
        for column in ENTERED:
            value = line.cells[column.key]
            if column.shared and not cells.is_empty(value):
                of_visit.setdefault(column.key, value)
    return shared


def _check_given(line: Line, row: EntryRow, marks: list[Mark]) -> None:
    """What we filled in must stand as it was: code, names, item."""
    error = _wrong_code(line.cells["uscc"], row.uscc)
    if error is not None:
        marks.append(Mark(line.number, "uscc", error))
    for key in ("ent_name", "objects", "item_name"):
        written, expected = line.cells[key], getattr(row, key)
        if str(written or "").strip() != expected.strip():
            error = DrawbridgeError("DB-ENTRY-042", field=COLUMN[key].title, expected=expected)
            marks.append(Mark(line.number, key, error))


def _wrong_code(written: object, expected: str) -> DrawbridgeError | None:
    if written == expected:
        return None
    if isinstance(written, str) and cells.half_width(written).strip() == expected:
        if written.strip() == expected:
            return None
        return DrawbridgeError("DB-ENTRY-033", field=COLUMN["uscc"].title, expected=expected)
    try:
        cells.code(written, Findings())
    except DrawbridgeError as error:
        return error
    return DrawbridgeError("DB-ENTRY-032", expected=expected)


def _missing(
    returned: Returned,
    by_id: Mapping[str, EntryRow],
    seen: set[str],
    mine: Sequence[tuple[Line, EntryRow]],
) -> Iterator[Mark]:
    """Rows that were deleted, marked where they would stand: at the next row that is there."""
    there = sorted(
        (returned.given[row.row_id], line.number) for line, row in mine if row.row_id in returned.given
    )
    for key, number in returned.given.items():
        if key in by_id and key not in seen:
            place = next((line for given, line in there if given > number), returned.header)
            row = by_id[key]
            facts = {"number": number, "name": row.ent_name, "item": row.item_name}
            yield Mark(place, "number", DrawbridgeError("DB-ENTRY-030", **facts))


class _Reading:
    """One filled line on its way to a result.

    `leads`: it is its enterprise's first filled line, which answers for what nobody wrote of the visit.
    """

    def __init__(
        self, line: Line, row: EntryRow, shared: Mapping[str, object], ground: Ground, leads: bool
    ) -> None:
        self._line, self._row, self._shared = line, row, shared
        self._ground, self._leads = ground, leads
        self.marks: list[Mark] = []

    def result(self) -> ItemResult | None:
        """The result, or None if there are marks."""
        got = {column.key: self._read(column.key) for column in ENTERED}
        if not self.marks:
            self._check(got)
        if self.marks or any(got[column.key] is None for column in ENTERED if column.required):
            return None  # what is missing is marked at the enterprise's first row
        try:
            return self._settled(built(lambda: ItemResult.model_validate(self._members(got))))
        except DrawbridgeError as error:
            self._mark("code", error)
            return None

    def _mark(self, key: str, error: DrawbridgeError) -> None:
        self.marks.append(Mark(self._line.number, key, error))

    def _read(self, key: str) -> object:
        column, own = COLUMN[key], self._line.cells[key]
        inherited = column.shared and cells.is_empty(own)
        value = self._shared.get(key) if inherited else own
        if cells.is_empty(value):
            if column.required and (self._leads or not column.shared):
                self._mark(key, DrawbridgeError("DB-ENTRY-036", field=column.title))
            return None
        try:
            if column.kind == "people":
                return read_people(column, value, self._row.team)
            return read_cell(column, value)
        except DrawbridgeError as error:
            if not inherited:  # else it is marked where it stands
                self._mark(key, error)
            return None

    def _check(self, got: dict[str, object]) -> None:
        code, disposal = got["code"], got["disposal"]
        is_problem = code not in _NO_PROBLEM
        if isinstance(got["problem"], str) and says_nothing_found(got["problem"]):
            got["problem"] = None
        if is_problem and got["problem"] is None:
            self._mark("problem", DrawbridgeError("DB-ENTRY-028"))
        if is_problem and disposal in (None, Disposal.NONE):
            self._mark("disposal", DrawbridgeError("DB-ENTRY-027"))
        if not is_problem:
            for key, wrong in (("problem", got["problem"]), ("disposal", disposal not in (None, *_MILD))):
                if wrong and isinstance(code, ResultCode):
                    facts = {"result": code.label, "field": COLUMN[key].title}
                    self._mark(key, DrawbridgeError("DB-ENTRY-029", **facts))
        if got["signature"] is SignatureState.REFUSED and not got["refusal_note"]:
            self._mark("refusal_note", DrawbridgeError("DB-ENTRY-037"))
        for key in ("completed_on", "transfer_decided_on"):
            self._check_day(key, got[key])
        arrived, left = got["arrived_at"], got["left_at"]
        if isinstance(arrived, time) and isinstance(left, time) and left < arrived:
            self._mark("left_at", DrawbridgeError("DB-ENTRY-039"))
        transfer = [got[f"transfer_{part}"] for part in ("decided_on", "decision", "recipient")]
        if any(transfer) and not all(transfer):
            self._mark("transfer_decided_on", DrawbridgeError("DB-ENTRY-043"))
        try:
            experts = got["experts"]
            got["experts"] = read_experts(COLUMN["experts"], experts if isinstance(experts, str) else None)
            got["documents"] = cells.several(got["documents"], "documents", Findings())
        except DrawbridgeError as error:
            self._mark("experts" if error.code == "DB-ENTRY-044" else "documents", error)

    def _check_day(self, key: str, day: object) -> None:
        if not isinstance(day, date):
            return
        title = COLUMN[key].title
        if day > self._ground.today:
            self._mark(key, DrawbridgeError("DB-ENTRY-024", field=title, on=day))
        elif day < self._ground.drawn_on:
            facts = {"field": title, "on": day, "drawn": self._ground.drawn_on}
            self._mark(key, DrawbridgeError("DB-ENTRY-025", **facts))

    def _members(self, got: Mapping[str, object]) -> dict[str, object]:
        disposal = got["disposal"] or Disposal.NONE
        closed = DisposalState.CLOSED if disposal is Disposal.NONE else DisposalState.OPEN
        row, now = self._row, self._ground.now
        return {
            "result_id": result_id(row),
            "task_id": self._ground.task_id,
            "uscc": row.uscc,
            "item_code": row.item_code,
            "item_name": row.item_name,
            "dept_code": self._ground.dept_code,
            "code": got["code"],
            "problem": got["problem"],
            "disposal": disposal,
            "disposal_state": got["disposal_state"] or closed,
            "order_lapsed": got["order_lapsed"] or False,
            "subject_state": got["subject_state"],
            "completed_at": _moment(got["completed_on"], got["left_at"] or time()),
            "entered_at": now,
            "guided": disposal is Disposal.GUIDANCE if got["guided"] is None else got["guided"],
            "questions_answered": got["questions_answered"] or False,
            "inspectors": got["inspectors"] or (),
            "visit": {
                "agreed_on": got["agreed_on"],
                "arrived_at": _moment(got["completed_on"], got["arrived_at"]),
                "left_at": _moment(got["completed_on"], got["left_at"]),
                "methods": got["methods"] or (),
                "cert_shown": got["cert_shown"],
                "signature": got["signature"],
                "refusal_note": got["refusal_note"],
                "experts": got["experts"],
                "documents": got["documents"],
            },
            "transfer": self._transfer(got),
            "updated_at": now,
        }

    def _transfer(self, got: Mapping[str, object]) -> dict[str, object] | None:
        parts = {part: got[f"transfer_{part}"] for part in ("decided_on", "decision", "recipient", "receipt")}
        return parts if parts["decided_on"] else None

    def _settled(self, result: ItemResult) -> ItemResult | None:
        """The result with its version: what is on record if nothing in it differs, else the next one."""
        row, ground = self._row, self._ground
        theirs = ground.by_platform.get(row.row_id)
        if theirs is not None:
            if entered_cells(theirs, row) == entered_cells(result, row):
                return theirs
            self._mark("code", DrawbridgeError("DB-ENTRY-040"))
            return None
        held = ground.held.get(row.row_id)
        if held is None:
            return result
        known = {name: getattr(held, name) for name in ("entered_at", "updated_at", "version", "review")}
        if result.model_copy(update=known) == held:
            return held
        if row.uscc in ground.published and not ground.correcting:
            self._mark("code", DrawbridgeError("DB-ENTRY-041"))
            return None
        return result.model_copy(update={"version": held.version + 1, "entered_at": held.entered_at})


def result_id(row: EntryRow) -> str:
    """The id of a result that is entered by a sheet; a platform's own ids have no such beginning."""
    return f"sheet/{row.row_id}"


def _moment(day: object, at: object) -> datetime | None:
    if not isinstance(day, date) or not isinstance(at, time):
        return None
    return datetime.combine(day, at, SHANGHAI)
