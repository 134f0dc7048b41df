"""The certificates of both stages: their form, and what follows from them (§5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from draw import shape, text
from draw.canonical import parse_document
from draw.commitment import Document, Stage, check_form, check_sense
from schemas.errors import DrawbridgeError

_BOTH: dict[str, shape.Check] = {
    "spec": shape.exactly(text.SPEC),
    "commitment": check_form,
    "commitment_digest": shape.HEX64,
    "contributions": shape.each(shape.members({"id": shape.TEXT, "value": shape.TEXT})),
    "seed": shape.HEX64,
    "corrects": shape.nullable(shape.HEX64),
}

_DECISION: dict[str, shape.Check] = {"reason": shape.SENTENCE, "decided_by": shape.TEXT, "at": shape.TIME}

_SEAT: dict[str, shape.Check] = {
    "object_id": shape.OBJECT_ID,
    "group": shape.integer(1),
    "department": shape.DEPARTMENT,
    "replaced": shape.TEXT,
}

_OBJECT_AND_GROUP = shape.each(shape.pair(shape.OBJECT_ID, shape.integer(1)))


def _group_number(value: str, where: str) -> None:
    if not value.isascii() or not value.isdecimal() or value.startswith("0"):
        raise DrawbridgeError("DB-DRAW-023", where=where, member=ascii(value)[1:-1])


_STAGE: dict[str, dict[str, shape.Check]] = {
    "objects": {
        "strata": shape.each(
            shape.members(
                {
                    "name": shape.TEXT,
                    "size": shape.integer(0),
                    "minimum": shape.integer(0),
                    "drawn": shape.integer(0),
                }
            )
        ),
        "winners": shape.each(
            shape.members(
                {
                    "object_id": shape.OBJECT_ID,
                    "ticket": shape.HEX64,
                    "stratum": shape.TEXT,
                    "uscc": shape.OBJECT_ID,
                }
            )
        ),
        "reserves": shape.mapping(shape.TEXT, shape.each(shape.OBJECT_ID)),
        "replacements": shape.each(
            shape.members(
                {
                    "object_id": shape.OBJECT_ID,
                    "by": shape.nullable(shape.OBJECT_ID),
                    "uscc": shape.nullable(shape.OBJECT_ID),
                    "batch": shape.integer(1),
                    **_DECISION,
                }
            )
        ),
    },
    "inspectors": {
        "teams": shape.mapping(
            shape.string(_group_number), shape.mapping(shape.DEPARTMENT, shape.each(shape.TEXT))
        ),
        "barred": _OBJECT_AND_GROUP,
        "assignment": _OBJECT_AND_GROUP,
        "relax": shape.integer(0),
        "substitutes": shape.each(shape.members({**_SEAT, "by": shape.TEXT})),
        "seat_replacements": shape.each(
            shape.members({**_SEAT, "by": shape.nullable(shape.TEXT), **_DECISION})
        ),
    },
}


def check_certificate_form(value: Any, where: str = "certificate") -> None:
    """Refuses a certificate of another form than §5 gives (DB-DRAW-001 to 025).

    What it says is not recomputed here: see `verifier`.
    """
    if not isinstance(value, dict):
        raise DrawbridgeError("DB-DRAW-025", where=where, expected="object")
    if "commitment" not in value:
        raise DrawbridgeError("DB-DRAW-024", where=where, member="commitment")
    check_form(value["commitment"], f"{where}.commitment")
    shape.members({**_BOTH, **_STAGE[value["commitment"]["stage"]]})(value, where)


def parse_certificate(data: bytes, stage: Stage | None = None, name: str = "certificate") -> Document:
    """The certificate in these bytes; with `stage`, refuses one of the other stage (DB-DRAW-062).

    Refuses as `canonical.parse_document`, `check_certificate_form` and, for its
    commitment, `commitment.check_sense` do.
    """
    document = parse_document(data, name)
    check_certificate_form(document, name)
    check_sense(document["commitment"])
    found = document["commitment"]["stage"]
    if stage is not None and found != stage:
        raise DrawbridgeError("DB-DRAW-062", found=found, expected=stage)
    checked: Document = document
    return checked


def standing_objects(certificate: Document) -> list[tuple[str, str]]:
    """`(object_id, uscc)` of the objects to inspect: winners, less the replaced, plus the replacements.

    Winners first in ticket order, then replacements in recorded order.  A replacement whose enterprise
    is not named is refused (DB-DRAW-025); no computation gives one.
    """
    standing = {winner["object_id"]: winner["uscc"] for winner in certificate["winners"]}
    for index, replacement in enumerate(certificate["replacements"]):
        standing.pop(replacement["object_id"], None)
        if replacement["by"] is not None:
            if replacement["uscc"] is None:
                raise DrawbridgeError("DB-DRAW-025", where=f"replacements[{index}].uscc", expected="string")
            standing[replacement["by"]] = replacement["uscc"]
    return list(standing.items())


def objects_of_next_stage(certificate: Document) -> list[str]:
    """What objects.txt holds: the distinct enterprises (`uscc`) of the standing objects, sorted."""
    return sorted({uscc for _, uscc in standing_objects(certificate)})


def team_of_visit(certificate: Document, object_id: str) -> dict[str, list[str]]:
    """Who visits an object, by department, substitutes and seat replacements carried out.

    A substitute takes the place of the one replaced; the first of the first
    department leads.  An unknown object is refused (DB-DRAW-083).
    """
    group = next((g for o, g in certificate["assignment"] if o == object_id), None)
    if group is None:
        raise DrawbridgeError("DB-DRAW-083", object_id=object_id)
    return _team(
        certificate, group, [seat for seat in _changes(certificate) if seat["object_id"] == object_id]
    )


def teams_of_visits(certificate: Document) -> dict[str, dict[str, list[str]]]:
    """`team_of_visit` of every object, in the order of the assignment and in one pass over it."""
    changed: dict[str, list[Any]] = {}
    for seat in _changes(certificate):
        changed.setdefault(seat["object_id"], []).append(seat)
    return {
        object_id: _team(certificate, group, changed.get(object_id, ()))
        for object_id, group in certificate["assignment"]
    }


def _changes(certificate: Document) -> list[Any]:
    return [*certificate["substitutes"], *certificate["seat_replacements"]]


def _team(certificate: Document, group: int, changes: Sequence[Any]) -> dict[str, list[str]]:
    team = certificate["teams"][str(group)]
    ordered = {d["code"]: list(team[d["code"]]) for d in certificate["commitment"]["departments"]}
    for seat in changes:
        names = ordered[seat["department"]]
        place = names.index(seat["replaced"])
        names[place : place + 1] = [] if seat["by"] is None else [seat["by"]]
    return ordered
