"""Rows of the provincial platform, read and written by the profile's names and codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors import cells
from connectors.cells import Findings
from connectors.profile import Names, Profile
from connectors.protocols import PlatformDraw, PlatformTeam, Reveal, Seal
from schemas.codes import ObjectKind
from schemas.confirmation import Confirmation
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm
from schemas.item import Materials

Row = Mapping[str, Any]
_MOST_NOTES = 20
_MOST_DIGITS = 9


class Drift(ValueError):
    """An answer lacks a member that the contract promises, or holds something of another kind there."""


def object_kind(profile: Profile, row: Row) -> ObjectKind:
    """What kind of object a row is. Raises DB-INPUT-026 if it does not say so in a known way."""
    written = profile.platform.value("entity", "object_kind", row)
    kind = cells.coded(profile.codes["object_kind"], written, "object_kind", Findings())
    if kind is None:
        raise DrawbridgeError("DB-INPUT-026", field=cells.zh("object_kind"))
    return ObjectKind.PROJECT if kind == ObjectKind.PROJECT.value else ObjectKind.ENTERPRISE


# Kind of rows -> the columns that decide over who is drawn, who inspects and what is published.
_DECIDING = {
    "entity": ("object_kind", "uscc", "ent_name", "reg_state", "is_valid"),
    "project": ("object_kind", "uscc", "reg_state", "is_valid"),
    "inspector": ("inspector_id", "name", "dept_code", "role", "status", "cert_valid_to", "recusals"),
    "result": ("result_id", "uscc", "item_code", "code", "review"),
}


def columns(profile: Profile, kinds: tuple[str, ...], rows: Sequence[Row]) -> tuple[str, ...]:
    """Notes on columns that the profile does not know; one more is no harm.

    `kinds`: what a row may be, of the first of them unless it says so.  Raises Drift where such a column has
    come and one that decides is gone from every row of a kind: it was renamed; DB-PLATFORM-034 where not one
    column is known.
    """
    known = {
        name for kind in kinds for names in profile.platform.fields[kind].values() for name in _each(names)
    }
    known.update(profile.platform.ignored_columns)
    fresh = sorted({name for row in rows for name in row} - known)
    if not fresh:
        return ()
    if known.isdisjoint(name for row in rows for name in row):
        raise DrawbridgeError("DB-PLATFORM-034", name=profile.name, seen="、".join(n[:40] for n in fresh[:6]))
    for kind in kinds:
        present = {name for row in rows if _kind_of(profile, kinds, row) == kind for name in row}
        for field in _DECIDING[kind]:
            if present and present.isdisjoint(_each(profile.platform.fields[kind][field])):
                raise Drift(profile.platform.name(kind, field))
    return tuple(f"接口配置中没有的列 {name[:40]}，未采用" for name in fresh[:_MOST_NOTES])


def _each(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _kind_of(profile: Profile, kinds: tuple[str, ...], row: Row) -> str:
    if "project" not in kinds:
        return kinds[0]
    written = profile.platform.value("entity", "object_kind", row)
    ours = profile.ours("object_kind", written)
    return "project" if ours == ObjectKind.PROJECT.value else kinds[0]


def seal(profile: Profile, row: Row) -> Seal:
    """A sealed commitment."""
    name = profile.platform.name
    return Seal(_str(row, name("seal", "contributor")), _str(row, name("seal", "commitment")))


def reveal(profile: Profile, row: Row) -> Reveal:
    """An opened value."""
    name = profile.platform.name
    return Reveal(
        _str(row, name("reveal", "contributor")),
        _str(row, name("reveal", "value")),
        time(profile, row.get(name("reveal", "at"))),
    )


def materials(profile: Profile, row: Row) -> Materials:
    """What a department handed in."""
    name = profile.platform.name
    return Materials(
        dept_code=_str(row, name("materials", "dept_code")),
        item_codes=_texts(profile, "materials", "item_codes", row),
        materials=_texts(profile, "materials", "materials", row),
        handed_in_at=time(profile, row.get(name("materials", "handed_in_at"))),
    )


def confirmation(profile: Profile, row: Row) -> Confirmation:
    """A department's answer. The object's id is written as ours are (`cells.object_key`)."""
    got = profile.platform.ours("confirmation", row)
    name = profile.platform.name
    reason = _code(profile, "objection_reason", got["reason"])
    return Confirmation.model_validate(
        {
            "object_id": cells.object_key(_str(row, name("confirmation", "object_id"))),
            "dept_code": _str(row, name("confirmation", "dept_code")),
            "verdict": _must(_code(profile, "verdict", got["verdict"]), "verdict"),
            "reason": reason,
            "evidence": text_or_none(got["evidence"]),
            "by_role": _str(row, name("confirmation", "by_role")),
            "at": time(profile, got["at"]),
        }
    )


def confirmation_out(profile: Profile, record: Confirmation) -> dict[str, object]:
    """The same, as the platform wants it."""
    return _named(
        profile,
        "confirmation",
        {
            "object_id": record.object_id,
            "dept_code": record.dept_code,
            "verdict": profile.theirs("verdict", record.verdict),
            "reason": None if record.reason is None else profile.theirs("objection_reason", record.reason),
            "evidence": record.evidence,
            "by_role": record.by_role,
            "at": profile.clock.write_time(record.at),
        },
    )


def materials_out(profile: Profile, record: Materials) -> dict[str, object]:
    """A department's materials, as the platform wants them."""
    return _named(
        profile,
        "materials",
        {
            "dept_code": record.dept_code,
            "item_codes": profile.platform.listed(record.item_codes),
            "materials": profile.platform.listed(record.materials),
            "handed_in_at": profile.clock.write_time(record.handed_in_at),
        },
    )


def form(profile: Profile, task_id: str, row: Row) -> InspectionForm:
    """A form that the platform hands out."""
    name = profile.platform.name

    def item(entry: Row) -> dict[str, object]:
        return {
            "item_code": entry.get(name("form", "item_code")),
            "item_name": entry.get(name("form", "item_name")),
            "dept_code": entry.get(name("form", "dept_code")),
            "materials": profile.platform.value("form", "materials", entry) or [],
        }

    def inspector(entry: Row) -> dict[str, object]:
        return {
            "inspector_id": entry.get(name("form", "inspector_id")),
            "name": entry.get(name("form", "inspector_name")),
            "dept_code": entry.get(name("form", "dept_code")),
            "cert_no": entry.get(name("form", "cert_no")),
        }

    def drawn(entry: Row) -> dict[str, object]:
        object_id = _str(entry, name("form", "object_id"))
        return {"object_id": cells.object_key(object_id), "name": entry.get(name("form", "object_name"))}

    return InspectionForm.model_validate(
        {
            "form_no": row.get(name("form", "form_no")),
            "task_id": task_id,
            "uscc": cells.object_key(_str(row, name("form", "uscc"))),
            "ent_name": row.get(name("form", "ent_name")),
            "address": row.get(name("form", "address")),
            "objects": [drawn(entry) for entry in _rows(row, name("form", "objects"))],
            "items": [item(entry) for entry in _rows(row, name("form", "items"))],
            "group": whole(row.get(name("form", "group"))),
            "leader": row.get(name("form", "leader")),
            "inspectors": [inspector(entry) for entry in _rows(row, name("form", "inspectors"))],
            "version": whole(row.get(name("form", "version"))),
        }
    )


def form_out(profile: Profile, record: InspectionForm) -> dict[str, object]:
    """A form, as the platform wants it."""
    name = profile.platform.name
    return _named(
        profile,
        "form",
        {
            "form_no": record.form_no,
            "uscc": record.uscc,
            "ent_name": record.ent_name,
            "address": record.address,
            "objects": [
                {name("form", "object_id"): o.object_id, name("form", "object_name"): o.name}
                for o in record.objects
            ],
            "items": [
                {
                    name("form", "item_code"): i.item_code,
                    name("form", "item_name"): i.item_name,
                    name("form", "dept_code"): i.dept_code,
                    name("form", "materials"): profile.platform.listed(i.materials),
                }
                for i in record.items
            ],
            "group": record.group,
            "leader": record.leader,
            "inspectors": [
                {
                    name("form", "inspector_id"): p.inspector_id,
                    name("form", "inspector_name"): p.name,
                    name("form", "dept_code"): p.dept_code,
                    name("form", "cert_no"): p.cert_no,
                }
                for p in record.inspectors
            ],
            "version": record.version,
        },
    )


def platform_draw(profile: Profile, data: Row) -> PlatformDraw:
    """The platform's own draw. Ids and codes are normalised as ours are; nothing else is judged here."""
    name = profile.platform.name
    drawn_at = data.get(name("draw", "drawn_at"))
    eligible = data.get(name("draw", "eligible"))
    objects: list[tuple[str, str, str | None]] = []
    replaces: list[tuple[str, str]] = []
    for entry in _rows(data, name("draw", "objects")):
        object_id = cells.object_key(_str(entry, name("draw", "object_id")))
        uscc = cells.object_key(_str(entry, name("draw", "uscc")))
        objects.append((object_id, uscc, text_or_none(entry.get(name("draw", "stratum")))))
        replaced = text_or_none(entry.get(name("draw", "replaces")))
        if replaced is not None:
            replaces.append((cells.object_key(replaced), object_id))
    teams = [
        PlatformTeam(
            _int(entry, name("draw", "group")),
            tuple(
                (_str(person, name("draw", "inspector_id")), _str(person, name("draw", "dept_code")))
                for person in _rows(entry, name("draw", "inspectors"))
            ),
        )
        for entry in _rows(data, name("draw", "groups"), may_lack=True)
    ]
    assignment = [
        (cells.object_key(_str(entry, name("draw", "uscc"))), _int(entry, name("draw", "group")))
        for entry in _rows(data, name("draw", "assignment"), may_lack=True)
    ]
    certificates = [
        _str(entry, name("draw", "document")).encode("utf-8")
        for entry in _rows(data, name("draw", "certificates"), may_lack=True)
    ]
    return PlatformDraw(
        drawn_at=None if drawn_at is None else time(profile, drawn_at),
        eligible=None
        if eligible is None
        else [cells.object_key(text) for text in _texts(profile, "draw", "eligible", data)],
        objects=objects,
        replaces=replaces,
        teams=teams,
        assignment=assignment,
        certificates=certificates,
    )


def time(profile: Profile, text: object) -> datetime:
    """UTC. Raises Drift if it is not written as the profile says."""
    try:
        return profile.clock.read_time(text)
    except ValueError:
        raise Drift("time") from None


def whole(value: object) -> object:
    """A whole number that is written as its digits, as the number; anything else as it is."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return value


def rows_of(data: Row, member: str) -> list[Row]:
    """The rows of an answer. Raises Drift if they are none."""
    return _rows(data, member)


def _named(profile: Profile, kind: str, values: dict[str, object]) -> dict[str, object]:
    """By the platform's names; what is not known is left out."""
    return {profile.platform.name(kind, field): value for field, value in values.items() if value is not None}


def _code(profile: Profile, table: str, value: object) -> str | None:
    return None if value == "" else profile.ours(table, value)


def _must(value: str | None, where: str) -> str:
    if value is None:
        raise Drift(where)
    return value


def text_or_none(value: object) -> str | None:
    """Text, or None for null, an empty text or something else."""
    return value if isinstance(value, str) and value else None


def _str(row: Row, member: str) -> str:
    value = row.get(member)
    if not isinstance(value, str) or not value:
        raise Drift(member)
    return value


def _int(row: Row, member: str) -> int:
    value = whole(row.get(member))
    if not isinstance(value, int) or isinstance(value, bool):
        raise Drift(member)
    return value


def _texts(profile: Profile, kind: str, field: str, row: Row) -> tuple[str, ...]:
    value = profile.platform.value(kind, field, row)
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise Drift(profile.platform.name(kind, field))
    return tuple(value)


def _rows(row: Row, member: str, may_lack: bool = False) -> list[Row]:
    value = row.get(member)
    if value is None and may_lack:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Drift(member)
    return value
