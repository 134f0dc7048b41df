"""From fields to records, whatever they came in: an HTTP row or a line of a spreadsheet.

Each reader takes the raw values by our field names and gives a record with what was repaired, or
raises DrawbridgeError with the one reason why the row cannot be taken.  What the source does not
say is None, unknown or unrated, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from connectors import cells
from connectors.cells import Findings, zh
from connectors.profile import Profile
from connectors.protocols import RefusedRow
from schemas.codes import InspectorRole, InspectorStatus, ObjectKind, RegistrationState, RiskGrade
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from schemas.inspector import Inspector
from schemas.item import InspectionItem

R = TypeVar("R")
Fields = Mapping[str, object]

MAX_FIELD_CHARACTERS = 20_000
_SHOWN_CHARACTERS = 200
Build = Callable[[], R]


@dataclass(frozen=True)
class Accepted(Generic[R]):
    """A record, where it stood, and what was repaired or noticed on the way."""

    row_no: int
    record: R
    repairs: tuple[str, ...]
    notes: tuple[str, ...]


def take_row(
    row_no: int,
    raw: Mapping[str, object],
    read: Callable[[Findings], R],
) -> Accepted[R] | RefusedRow:
    """Runs one reader; a refusal becomes a `RefusedRow` with the catalogue's sentence as reason.

    A row with a field above `MAX_FIELD_CHARACTERS` is refused with DB-INPUT-034, its values cut.
    """
    found = Findings()
    giant = _giant_field(raw)
    if giant is not None:
        return RefusedRow(row_no, giant.code, giant.zh, {name: _cut(value) for name, value in raw.items()})
    try:
        record = read(found)
    except DrawbridgeError as error:
        return RefusedRow(row_no, error.code, error.zh, dict(raw))
    if not found.repairs and not found.notes:
        return Accepted(row_no, record, (), ())
    return Accepted(row_no, record, tuple(dict.fromkeys(found.repairs)), tuple(dict.fromkeys(found.notes)))


def _giant_field(raw: Mapping[str, object]) -> DrawbridgeError | None:
    """What is wrong with a row of which one field is as long as a book."""
    for name, value in raw.items():
        if isinstance(value, str) and len(value) > MAX_FIELD_CHARACTERS:
            return DrawbridgeError(
                "DB-INPUT-034", field=name[:40], length=len(value), cap=MAX_FIELD_CHARACTERS
            )
    return None


def _cut(value: object) -> object:
    """Enough of a value to recognise it; the quarantine is no place to keep books."""
    return (
        value[:_SHOWN_CHARACTERS] + "…"
        if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS
        else value
    )


def read_object(
    fields: Fields, profile: Profile, kind: ObjectKind, found: Findings
) -> Entity | ProjectObject:
    """An enterprise or a project.

    Raises DB-CODE-001 to -006, DB-INPUT-010 (columns shifted), -011 (no name), -012 (project without its
    owner's code), -013 (project without number), -014 (project without name), -020 to -027.
    """
    return _project(fields, profile, found) if kind is ObjectKind.PROJECT else _entity(fields, profile, found)


def _shared(fields: Fields, profile: Profile, found: Findings) -> dict[str, object]:
    """Members that both kinds of objects have, but for id, code and name."""
    get = fields.get
    valid = cells.coded(profile.codes["yes_no"], get("is_valid"), "is_valid", found)
    est_date = None
    try:
        est_date = cells.day(get("est_date"), "est_date", found)
    except DrawbridgeError:
        found.notes.append("成立日期读不出来，按未知处理")
    return {
        "prip_id": cells.identity(get("prip_id"), "prip_id", found),
        "reg_state": _coded_if_known("reg_state", fields, profile, found) or RegistrationState.UNKNOWN,
        "reg_org": cells.plain(get("reg_org"), "reg_org", found),
        "adm_code": _division(get("adm_code"), found),
        "address": cells.plain(get("address"), "address", found),
        "est_date": est_date,
        "risk_grade": _coded_if_known("risk_grade", fields, profile, found) or RiskGrade.UNRATED,
        "risk_source": cells.plain(get("risk_source"), "risk_source", found),
        "risk_month": cells.lenient(
            lambda: cells.month(get("risk_month"), "risk_month", found), found, "risk_month"
        ),
        "tags": cells.several(get("tags"), "tags", found),
        "is_valid": valid != "0",
        "last_check_date": cells.day(get("last_check_date"), "last_check_date", found),
        "checks_this_year": cells.count(get("checks_this_year"), "checks_this_year", found),
    }


def _coded_if_known(name: str, fields: Fields, profile: Profile, found: Findings) -> str | None:
    """Our code for a field that decides nothing by itself; unreadable, it is unknown, with a note."""
    value = fields.get(name)
    if value is None:
        return None
    return cells.lenient(lambda: cells.coded(profile.codes[name], value, name, found), found, name)


def _entity(fields: Fields, profile: Profile, found: Findings) -> Entity:
    code = _code_or_shifted(fields, found)
    name = cells.identity(fields.get("ent_name"), "ent_name", found)
    if name is None:
        raise DrawbridgeError("DB-INPUT-011")
    shared = _shared(fields, profile, found)
    return built(
        lambda: Entity.model_validate(
            {
                "object_id": code,
                "uscc": code,
                "ent_name": name,
                "reg_no": cells.identity(fields.get("reg_no"), "reg_no", found),
                "ent_type": cells.plain(fields.get("ent_type"), "ent_type", found),
                "industry": cells.plain(fields.get("industry"), "industry", found),
                "scope": cells.plain(fields.get("scope"), "scope", found),
                "legal_rep": cells.plain(fields.get("legal_rep"), "legal_rep", found),
                "tel": cells.plain(fields.get("tel"), "tel", found),
                **shared,
            }
        )
    )


def _project(fields: Fields, profile: Profile, found: Findings) -> ProjectObject:
    if cells.is_empty(fields.get("uscc")):
        if _holds_code_elsewhere(fields):
            raise DrawbridgeError("DB-INPUT-010")
        raise DrawbridgeError("DB-INPUT-012")
    code = _code_or_shifted(fields, found)
    name = cells.identity(fields.get("ent_name"), "ent_name", found)
    if name is None:
        raise DrawbridgeError("DB-INPUT-011")
    approval_no = cells.identifier(fields.get("approval_no"), "approval_no", found)
    object_id = cells.identifier(fields.get("object_id"), "object_id", found) or approval_no
    if object_id is None:
        raise DrawbridgeError("DB-INPUT-013")
    project_name = cells.identity(fields.get("project_name"), "project_name", found)
    if project_name is None:
        raise DrawbridgeError("DB-INPUT-014")
    shared = _shared(fields, profile, found)
    return built(
        lambda: ProjectObject.model_validate(
            {
                "object_id": cells.object_key(object_id),
                "uscc": code,
                "ent_name": name,
                "project_name": project_name,
                "approval_no": approval_no,
                **shared,
            }
        )
    )


def read_inspector(fields: Fields, profile: Profile, found: Findings) -> Inspector:
    """A person of the roster. Who is on it without a stated role or status is an officer on duty, by the
    list's own title; a role or status that is written but not understood is refused.

    Raises DB-INPUT-015 (no number), -016 (no name), -017 (no department), -018 (recusal without a valid
    code), -020 to -027.
    """
    get = fields.get
    cert_no = cells.identifier(get("cert_no"), "cert_no", found)
    inspector_id = cells.identifier(get("inspector_id"), "inspector_id", found) or cert_no
    if inspector_id is None:
        raise DrawbridgeError("DB-INPUT-015")
    name = cells.identity(get("name"), "name", found)
    if name is None:
        raise DrawbridgeError("DB-INPUT-016")
    dept_code = cells.identity(get("dept_code"), "dept_code", found)
    if dept_code is None:
        raise DrawbridgeError("DB-INPUT-017")
    role = cells.coded(profile.codes["inspector_role"], get("role"), "role", found)
    if role is None and cells.coded(profile.codes["yes_no"], get("is_expert"), "role", found) == "1":
        role = InspectorRole.EXPERT
    status = cells.coded(profile.codes["inspector_status"], get("status"), "status", found)
    return built(
        lambda: Inspector.model_validate(
            {
                "inspector_id": inspector_id,
                "name": name,
                "dept_code": dept_code,
                "cert_no": cert_no,
                "cert_type": cells.plain(get("cert_type"), "cert_type", found),
                "cert_valid_from": cells.day(get("cert_valid_from"), "cert_valid_from", found),
                "cert_valid_to": cells.day(get("cert_valid_to"), "cert_valid_to", found),
                "item_scope": cells.several(get("item_scope"), "item_scope", found),
                "role": role or InspectorRole.OFFICER,
                "status": status or InspectorStatus.ON_DUTY,
                "leave_from": cells.day(get("leave_from"), "leave_from", found),
                "leave_to": cells.day(get("leave_to"), "leave_to", found),
                "mobile": cells.plain(get("mobile"), "mobile", found),
                "recusals": _recusals(get("recusals"), profile, found),
            }
        )
    )


def read_item(fields: Fields, profile: Profile, found: Findings) -> InspectionItem:
    """An item of the catalogue.

    Raises DB-INPUT-019 (no legal basis: it may not be inspected, 国办发〔2015〕58号), -020 to -028.
    """
    get = fields.get
    texts = {}
    for name in ("item_code", "item_name", "dept_code"):
        texts[name] = cells.identity(get(name), name, found)
        if texts[name] is None:
            raise DrawbridgeError("DB-INPUT-028", field=zh(name))
    basis = get("legal_basis")
    # A basis is a sentence with commas of its own: only a list or lines tell several apart.
    parts = list(basis) if isinstance(basis, (list, tuple)) else str(basis or "").splitlines()
    legal_basis = [text for part in parts if (text := cells.plain(part, "legal_basis", found))]
    if not legal_basis:
        raise DrawbridgeError("DB-INPUT-019")
    kind = cells.coded(profile.codes["item_kind"], get("kind"), "kind", found)
    if kind is None:
        raise DrawbridgeError("DB-INPUT-028", field=zh("kind"))
    return built(
        lambda: InspectionItem.model_validate(
            {
                **texts,
                "kind": kind,
                "legal_basis": tuple(legal_basis),
                "content": cells.plain(get("content"), "content", found),
                "materials": cells.several(get("materials"), "materials", found),
                "valid_from": cells.day(get("valid_from"), "valid_from", found),
                "valid_to": cells.day(get("valid_to"), "valid_to", found),
                "version": cells.plain(get("version"), "version", found),
            }
        )
    )


def built(build: Build[R]) -> R:
    """The record, or DB-INPUT-027 with the first field that the model refuses."""
    try:
        return _slim(build())
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = str(first["loc"][0]) if first["loc"] else ""
        raise DrawbridgeError("DB-INPUT-027", field=zh(where)) from None


_FIELDS_SET: dict[type, set[str]] = {}


def _slim(record: R) -> R:
    """The record with the names of its members shared among its kind.

    Each would keep a set of them, half of what it takes; records are frozen, so that no set changes.
    """
    if isinstance(record, BaseModel):
        own = record.__pydantic_fields_set__
        if own == (shared := _FIELDS_SET.setdefault(type(record), own)):
            object.__setattr__(record, "__pydantic_fields_set__", shared)
    return record


@dataclass(frozen=True)
class Keyed:
    """What two rows are compared by: where the row stands, its key, what it is called, what it held.

    `owner`, of a project, is its owner's code; `owner_name` that owner's name.
    """

    row_no: int
    key: str
    name: str
    raw: Mapping[str, object]
    owner: str | None = None
    owner_name: str | None = None


def object_keyed(row_no: int, record: Entity | ProjectObject, raw: Mapping[str, object]) -> Keyed:
    """How objects are compared: an enterprise by its code, a project by its number and its owner."""
    if isinstance(record, ProjectObject):
        return Keyed(row_no, record.object_id, record.project_name, raw, record.uscc, record.ent_name)
    return Keyed(row_no, record.object_id, record.ent_name, raw)


def inspector_keyed(row_no: int, record: Inspector, raw: Mapping[str, object]) -> Keyed:
    """How inspectors are compared: by their number."""
    return Keyed(row_no, record.inspector_id, record.name, raw)


def item_keyed(row_no: int, record: InspectionItem, raw: Mapping[str, object]) -> Keyed:
    """How items are compared: by their code."""
    return Keyed(row_no, record.item_code, record.item_name, raw)


def find_doubles(rows: Iterable[Keyed]) -> list[RefusedRow]:
    """Rows of one whole list that cannot stand beside the others, sorted by row number.

    One key under two names refuses every row of that key (DB-INPUT-030): nobody knows which is right.
    The same key and name again refuses the later rows (DB-INPUT-031).  One owner's code under two names
    refuses every project of that code (DB-INPUT-032).  Width, brackets and blanks do not make two names.
    """
    listed = list(rows)
    names = _Names()
    owners = _Names()
    for row in listed:
        names.add(row.key, row.name)
        if row.owner is not None:
            owners.add(row.owner, row.owner_name or "")
    seen: dict[str, int] = {}
    refused: list[RefusedRow] = []
    for row in listed:
        error = None
        if row.key in names.several:
            error = DrawbridgeError("DB-INPUT-030")
        elif row.key in seen:
            error = DrawbridgeError("DB-INPUT-031", first=seen[row.key])
        elif row.owner in owners.several:
            error = DrawbridgeError("DB-INPUT-032")
        seen.setdefault(row.key, row.row_no)
        if error is not None:
            refused.append(RefusedRow(row.row_no, error.code, error.zh, dict(row.raw)))
    return sorted(refused, key=lambda r: r.row_no)


class _Names:
    """Under which keys more than one name stands. Most stand once: their spelling is not looked at."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self.several: set[str | None] = set()

    def add(self, key: str, name: str) -> None:
        first = self._first.setdefault(key, name)
        if first != name and cells.name_key(first) != cells.name_key(name):
            self.several.add(key)


def _code_or_shifted(fields: Fields, found: Findings) -> str:
    try:
        return cells.code(fields.get("uscc"), found)
    except DrawbridgeError as error:
        if error.code != "DB-CODE-003" and _holds_code_elsewhere(fields):
            raise DrawbridgeError("DB-INPUT-010") from None
        raise


def _holds_code_elsewhere(fields: Fields) -> bool:
    """A valid code in a column of words: the row slid to the side."""
    return any(cells.has_valid_code(fields.get(place)) for place in _WORDS)


_WORDS = ("ent_name", "reg_no", "ent_type", "est_date", "address", "reg_org", "reg_state", "scope")


def _division(value: object, found: Findings) -> str | None:
    text = cells.identifier(value, "adm_code", found)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) in (6, 9, 12)):
        raise DrawbridgeError("DB-INPUT-027", field=zh("adm_code"))
    if len(text) > 6:
        found.repairs.append("区划代码取前六位")
    return text[:6]


def _recusals(value: object, profile: Profile, found: Findings) -> tuple[tuple[str, str], ...]:
    """Pairs of code and reason; a sheet writes `代码` or `代码:原因`, parted by ; or 、."""
    code_name = profile.platform.name("inspector", "recusal_uscc")
    reason_name = profile.platform.name("inspector", "recusal_reason")
    entries: list[tuple[object, object]] = []
    if isinstance(value, (list, tuple)):
        for entry in value:
            if not isinstance(entry, dict):
                raise DrawbridgeError("DB-INPUT-018")
            entries.append((entry.get(code_name), entry.get(reason_name)))
    else:
        for part in cells.several(value, "recusals", found):
            whose, _, why = cells.half_width(part).partition(":")
            entries.append((whose, why or None))
    result: list[tuple[str, str]] = []
    for written, reason in entries:
        try:
            uscc = cells.code(written, found)
        except DrawbridgeError:
            raise DrawbridgeError("DB-INPUT-018") from None
        result.append((uscc, _recusal_reason(reason, profile, found)))
    return tuple(dict.fromkeys(result))


def _recusal_reason(value: object, profile: Profile, found: Findings) -> str:
    table = profile.codes["recusal_reason"]
    text = cells.plain(value, "recusals", found)
    if text is None or text not in table:
        if text is not None:
            found.notes.append("回避原因的写法不认识，按其他原因处理")
        return table.get("其他", "other")
    return table[text]
