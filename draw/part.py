"""A department's part of a draw as it keeps it and as it hands it in (§2).

`part`: kept by the department alone, with the value.  `seal`: handed in before the commitment.
`opening`: handed in after it, and bound to that one commitment by its digest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from draw import shape, text
from draw.canonical import canonical, digest, parse_document
from draw.commitment import Document, parse_commitment
from draw.reveal import check_value
from draw.seed import seal
from schemas.errors import DrawbridgeError

_DRAW: dict[str, shape.Check] = {
    "spec": shape.exactly(text.SPEC),
    "campaign": shape.TEXT,
    "stage": shape.exactly("objects", "inspectors"),
    "round": shape.integer(1),
    "id": shape.TEXT,
    "commitment": shape.HEX64,
}
_PART = {**_DRAW, "part": shape.exactly("part"), "value": shape.string(text.check_sealed_value)}
_SEAL = {**_DRAW, "part": shape.exactly("seal")}
_OPENING: dict[str, shape.Check] = {
    "spec": shape.exactly(text.SPEC),
    "part": shape.exactly("opening"),
    "commitment_digest": shape.HEX64,
    "id": shape.TEXT,
    "value": shape.string(text.check_sealed_value),
}


class Seal(NamedTuple):
    """Whose seal, for which draw, and the commitment that hides the value (64 hex digits)."""

    campaign: str
    stage: str
    round: int
    contributor: str
    commitment: str


class Opening(NamedTuple):
    """Whose value, for the commitment with this digest."""

    contributor: str
    commitment_digest: str
    value: str


def new_part(campaign: str, stage: str, round_: int, contributor: str, value: str) -> bytes:
    """The canonical document that a department keeps; `value`: 32 random bytes, 64 lower-case hex digits."""
    sealed = seal(campaign, stage, round_, contributor, value)
    document = {
        "spec": text.SPEC,
        "part": "part",
        "campaign": campaign,
        "stage": stage,
        "round": round_,
        "id": contributor,
        "commitment": sealed,
        "value": value,
    }
    shape.members(_PART)(document, "part")
    return canonical(document)


def seal_of(part: bytes) -> bytes:
    """What the department hands in of its part: everything but the value."""
    kept = _part(part)
    return canonical({**{name: kept[name] for name in _DRAW}, "part": "seal"})


def parse_seal(data: bytes, name: str = "seal") -> Seal:
    """The seal in these bytes. Refuses another form (DB-DRAW-001 to 026)."""
    document = parse_document(data, name)
    shape.members(_SEAL)(document, name)
    return _seal(document)


def seal_in(part: bytes) -> Seal:
    """The seal of a department's part. Refuses another form, and a value that does not fit (DB-DRAW-070)."""
    return _seal(_part(part))


def open_part(part: bytes, commitment: bytes) -> bytes:
    """The canonical opening of a part for this commitment.

    Refuses a commitment to another campaign, stage or round than the part was made for
    (DB-CEREMONY-001), or one that does not hold this part (002).
    """
    kept, promised = _part(part), parse_commitment(commitment)
    for member in ("campaign", "stage", "round"):
        if kept[member] != promised[member]:
            raise DrawbridgeError(
                "DB-CEREMONY-001", member=member, part=kept[member], promised=promised[member]
            )
    held = {one["id"]: one["commitment"] for one in promised["contributors"] if one["kind"] == "sealed"}
    if held.get(kept["id"]) != kept["commitment"]:
        raise DrawbridgeError("DB-CEREMONY-002", contributor=kept["id"])
    check_value(promised, kept["id"], kept["value"])
    return canonical(
        {
            "spec": text.SPEC,
            "part": "opening",
            "commitment_digest": digest(commitment),
            "id": kept["id"],
            "value": kept["value"],
        }
    )


def parse_opening(data: bytes, name: str = "opening") -> Opening:
    """The opening in these bytes. Refuses another form (DB-DRAW-001 to 026)."""
    document = parse_document(data, name)
    shape.members(_OPENING)(document, name)
    return Opening(document["id"], document["commitment_digest"], document["value"])


def kind_of_part(data: bytes, name: str) -> str:
    """`part`, `seal` or `opening`. Refuses anything else (DB-CEREMONY-003)."""
    document = parse_document(data, name)
    kind = document.get("part") if isinstance(document, dict) else None
    if kind not in ("part", "seal", "opening"):
        raise DrawbridgeError("DB-CEREMONY-003", name=name)
    return str(kind)


def _part(data: bytes) -> Document:
    document: Any = parse_document(data, "part")
    shape.members(_PART)(document, "part")
    sealed = seal(*(document[name] for name in ("campaign", "stage", "round", "id", "value")))
    if sealed != document["commitment"]:
        raise DrawbridgeError(
            "DB-DRAW-070", contributor=document["id"], stage=document["stage"], round=document["round"]
        )
    checked: Document = document
    return checked


def _seal(document: Document) -> Seal:
    return Seal(*(document[name] for name in ("campaign", "stage", "round", "id", "commitment")))
