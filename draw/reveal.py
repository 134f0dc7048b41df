"""Values that open their seals, and the two documents that can end a reveal (§2).

`closing` is handed out before the public number exists; `abandonment` ends a
round in which somebody did not reveal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from draw import shape, text
from draw.canonical import canonical, digest, parse_document, parse_json
from draw.commitment import Document, check_commitment, parse_commitment, seal_for
from draw.public_number import fits
from draw.seed import seal
from schemas.errors import DrawbridgeError

# So many rounds back are looked at to say what a seal was made for.
_ROUNDS_TRIED = 20

_CONTRIBUTIONS = shape.each(shape.members({"id": shape.TEXT, "value": shape.TEXT}))

_CLOSING = {
    "spec": shape.exactly(text.SPEC),
    "commitment_digest": shape.HEX64,
    "contributions": _CONTRIBUTIONS,
}

_ABANDONMENT = {
    "spec": shape.exactly(text.SPEC),
    "abandoned": shape.exactly(True),
    "commitment": check_commitment,
    "commitment_digest": shape.HEX64,
    "contributions": _CONTRIBUTIONS,
    "withheld": shape.each(shape.TEXT),
    "reason": shape.SENTENCE,
    "at": shape.TIME,
}


def parse_contributions(data: bytes, name: str = "contributions") -> dict[str, str]:
    """Values by contributor id, from JSON `{"水务局": "…", …}`.

    Refuses as `canonical.parse_json` does, and anything but an object of strings (DB-DRAW-025).
    """
    values = parse_json(data, name)
    shape.mapping(shape.TEXT, shape.string(lambda value, where: value))(values, name)
    return dict(values)


def contributor_of(commitment: Document, contributor: str) -> Mapping[str, Any]:
    """The contributor's entry in the commitment; refuses an id that is not there (DB-DRAW-074)."""
    for entry in commitment["contributors"]:
        if entry["id"] == contributor:
            found: Mapping[str, Any] = entry
            return found
    raise DrawbridgeError("DB-DRAW-074", contributor=contributor)


def check_value(commitment: Document, contributor: str, value: str) -> None:
    """Refuses a value that is not this contributor's part of this very draw.

    A sealed value that is malformed (DB-DRAW-010), does not open its seal (070)
    or would open it in another stage or round (063), a public number that does
    not fit its pattern (071), an unknown contributor (074).  No refusal repeats
    the value.
    """
    entry = contributor_of(commitment, contributor)
    if entry["kind"] == "public":
        if not fits(entry["pattern"], value):
            raise DrawbridgeError("DB-DRAW-071", contributor=contributor, format=entry["format"])
        return
    text.check_sealed_value(value, contributor)
    if seal_for(commitment, contributor, value) != entry["commitment"]:
        _refuse_other_draw(commitment, contributor, value, entry["commitment"])
        raise DrawbridgeError(
            "DB-DRAW-070", contributor=contributor, stage=commitment["stage"], round=commitment["round"]
        )


def _refuse_other_draw(commitment: Document, contributor: str, value: str, sealed: str) -> None:
    """Tells a seal that was made for another draw of this campaign from a wrong value."""
    latest = commitment["round"] + 1
    for stage in ("objects", "inspectors"):
        for number in range(max(1, latest - _ROUNDS_TRIED), latest + 1):
            if seal(commitment["campaign"], stage, number, contributor, value) == sealed:
                raise DrawbridgeError("DB-DRAW-063", contributor=contributor, stage=stage, round=number)


def check_published(commitment: Document, contributor: str, at: datetime) -> None:
    """Refuses a public number that is given before it can have been published (DB-DRAW-072).

    `at` is the moment of taking it over, with its time zone.
    """
    entry = contributor_of(commitment, contributor)
    if entry["kind"] == "public" and at < text.parse_time(entry["not_before"], "not_before"):
        raise DrawbridgeError("DB-DRAW-072", contributor=contributor, not_before=entry["not_before"])


def withheld(commitment: Document, values: Mapping[str, str], kind: str = "sealed") -> list[str]:
    """Who of this kind has not given a value, in the order of `contributors`."""
    return [
        entry["id"]
        for entry in commitment["contributors"]
        if entry["kind"] == kind and entry["id"] not in values
    ]


def contributions_in_order(commitment: Document, values: Mapping[str, str]) -> list[dict[str, str]]:
    """All contributions as the certificate lists them.

    Refuses a contributor that is not in the commitment (DB-DRAW-074), a value
    missing (073), and values as `check_value` does.
    """
    for contributor in values:
        contributor_of(commitment, contributor)
    for entry in commitment["contributors"]:
        if entry["id"] not in values:
            raise DrawbridgeError("DB-DRAW-073", contributor=entry["id"])
    return _given(commitment, values)


def _given(commitment: Document, values: Mapping[str, str]) -> list[dict[str, str]]:
    given = []
    for entry in commitment["contributors"]:
        if entry["id"] in values:
            check_value(commitment, entry["id"], values[entry["id"]])
            given.append({"id": entry["id"], "value": values[entry["id"]]})
    return given


def _sealed_only(commitment: Document, values: Mapping[str, str]) -> None:
    for contributor in values:
        if contributor_of(commitment, contributor)["kind"] != "sealed":
            raise DrawbridgeError("DB-DRAW-076", contributor=contributor)


def build_closing(commitment: bytes, values: Mapping[str, str]) -> bytes:
    """The canonical closing document: every sealed part is open, the public number not yet known.

    `values` are the sealed values by contributor id.  Refuses a sealed part that
    is missing (DB-DRAW-075: then the round is abandoned), a public number among
    them (076), and values as `check_value` does.
    """
    parsed = parse_commitment(commitment)
    _sealed_only(parsed, values)
    missing = withheld(parsed, values)
    if missing:
        raise DrawbridgeError("DB-DRAW-075", contributors="、".join(missing))
    document = {
        "spec": text.SPEC,
        "commitment_digest": digest(commitment),
        "contributions": _given(parsed, values),
    }
    return canonical(document)


def build_abandonment(commitment: bytes, values: Mapping[str, str], *, reason: str, at: str) -> bytes:
    """The canonical abandonment document, which ends the round.

    `values` are those given until `at`.  Withheld are the sealed parts that are
    missing; if none is, the public numbers that their publishers never gave.
    Refuses if nothing is missing (DB-DRAW-077), a public number beside a missing
    sealed part (076), and values as `check_value` does.
    """
    parsed = parse_commitment(commitment)
    for contributor in values:
        contributor_of(parsed, contributor)
    missing = withheld(parsed, values)
    if missing:
        _sealed_only(parsed, values)
    else:
        missing = withheld(parsed, values, "public")
    if not missing:
        raise DrawbridgeError("DB-DRAW-077")
    document = {
        "spec": text.SPEC,
        "abandoned": True,
        "commitment": parsed,
        "commitment_digest": digest(commitment),
        "contributions": _given(parsed, values),
        "withheld": missing,
        "reason": reason,
        "at": at,
    }
    shape.members(_ABANDONMENT)(document, "abandonment")
    return canonical(document)


def parse_closing(data: bytes, commitment: bytes) -> dict[str, str]:
    """The sealed values by contributor id in a closing document of this commitment.

    Refuses another form (DB-DRAW-020 to 026), another commitment (078), and
    contributions that are not exactly the sealed ones in order, each opening its seal.
    """
    document = parse_document(data, "closing")
    shape.members(_CLOSING)(document, "closing")
    return _same_as_built(data, document, commitment, build_closing)


def parse_abandonment(data: bytes) -> Document:
    """The abandonment in these bytes, checked: form, digest of its commitment, seals, who withheld."""
    document = parse_document(data, "abandonment")
    shape.members(_ABANDONMENT)(document, "abandonment")

    def build(commitment: bytes, values: Mapping[str, str]) -> bytes:
        return build_abandonment(commitment, values, reason=document["reason"], at=document["at"])

    _same_as_built(data, document, canonical(document["commitment"]), build)
    checked: Document = document
    return checked


def _same_as_built(
    data: bytes, document: Any, commitment: bytes, build: Callable[[bytes, Mapping[str, str]], bytes]
) -> dict[str, str]:
    if document["commitment_digest"] != digest(commitment):
        raise DrawbridgeError("DB-DRAW-078", expected=digest(commitment), found=document["commitment_digest"])
    values = {entry["id"]: entry["value"] for entry in document["contributions"]}
    if build(commitment, values) != data:
        raise DrawbridgeError("DB-DRAW-079")
    return values
