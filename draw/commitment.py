"""The commitment: everything that decides the draw, fixed before anyone reveals (§2).

`C`, its digest, goes to the platform, onto the audit chain and to every
contributor before the first value is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from draw import shape, text
from draw.canonical import canonical, parse_document
from draw.frozen import FrozenInspectors, FrozenObjects
from draw.public_number import check_pattern
from draw.seed import seal
from schemas.errors import DrawbridgeError

Stage = Literal["objects", "inspectors"]
Document = Mapping[str, Any]
"""A parsed document whose form has been checked."""


class Sealed(NamedTuple):
    """A contributor that sealed its value: `commitment` is `seed.seal(…)` of it."""

    id: str
    commitment: str


class Public(NamedTuple):
    """A number that nobody here controls: when it is published, how it is written (words, pattern)."""

    id: str
    not_before: str
    format: str
    pattern: str


class Round(NamedTuple):
    """Which draw of the campaign this is.

    In round 1 the last three are None; later `previous` is the digest of the
    last round's certificate or abandonment, `reason` says why there is another,
    `approved_by` is the role that allowed it.
    """

    number: int = 1
    previous: str | None = None
    reason: str | None = None
    approved_by: str | None = None


FIRST_ROUND = Round()

_CONTRIBUTOR = {
    "sealed": {"id": shape.TEXT, "kind": shape.exactly("sealed"), "commitment": shape.HEX64},
    "public": {
        "id": shape.TEXT,
        "kind": shape.exactly("public"),
        "not_before": shape.TIME,
        "format": shape.SENTENCE,
        "pattern": shape.string(check_pattern),
    },
}


def _contributor(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise DrawbridgeError("DB-DRAW-025", where=where, expected="object")
    if "kind" not in value:
        raise DrawbridgeError("DB-DRAW-024", where=where, member="kind")
    shape.exactly(*_CONTRIBUTOR)(value["kind"], f"{where}.kind")
    shape.members(_CONTRIBUTOR[value["kind"]])(value, where)


_COUNTED = shape.members({"count": shape.integer(0), "sha256": shape.HEX64})

_BOTH: dict[str, shape.Check] = {
    "spec": shape.exactly(text.SPEC),
    "hash": shape.exactly("sha256"),
    "stage": shape.exactly("objects", "inspectors"),
    "campaign": shape.TEXT,
    "round": shape.integer(1),
    "previous": shape.nullable(shape.HEX64),
    "reason": shape.nullable(shape.SENTENCE),
    "approved_by": shape.nullable(shape.TEXT),
    "frozen_at": shape.TIME,
    "reveal_by": shape.TIME,
    "contributors": shape.each(_contributor),
}

_STAGE: dict[str, dict[str, shape.Check]] = {
    "objects": {
        "eligible": shape.members({"count": shape.integer(0), "sha256": shape.HEX64, "root": shape.HEX64}),
        "ratio": shape.RATIO,
        "strata": shape.each(shape.members({"name": shape.TEXT, "ratio": shape.RATIO})),
    },
    "inspectors": {
        "objects_certificate": shape.HEX64,
        "objects": _COUNTED,
        "departments": shape.each(
            shape.members(
                {"code": shape.DEPARTMENT, "team": shape.integer(2, "DB-DRAW-059"), "roster": _COUNTED}
            )
        ),
        "forbidden": _COUNTED,
        "groups": shape.integer(1, "DB-DRAW-060"),
    },
}


def check_commitment(value: Any, where: str = "commitment") -> None:
    """Refuses a commitment that §2 does not allow, as `check_form` and `check_sense` do."""
    check_form(value, where)
    check_sense(value)


def check_form(value: Any, where: str = "commitment") -> None:
    """Refuses unknown, missing and mistyped members (DB-DRAW-023 to 025) and malformed texts.

    A team below 2 (059) and fewer than one group (060) are refused here too.
    """
    if not isinstance(value, dict):
        raise DrawbridgeError("DB-DRAW-025", where=where, expected="object")
    if "stage" not in value:
        raise DrawbridgeError("DB-DRAW-024", where=where, member="stage")
    _BOTH["stage"](value["stage"], f"{where}.stage")
    shape.members({**_BOTH, **_STAGE[value["stage"]]})(value, where)


def check_sense(value: Document) -> None:
    """Refuses a commitment of the right form that makes no sense.

    A stratum, department or contributor twice (DB-DRAW-050, 058, 054), none that
    seals (052), no public number (053), one that is not later than `reveal_by`
    (055), a first round with a round before it (056), a later one without (057),
    no department (061).
    """
    _check_round(value)
    _check_contributors(value)
    if value["stage"] == "objects":
        _distinct([stratum["name"] for stratum in value["strata"]], "DB-DRAW-050")
    else:
        if not value["departments"]:
            raise DrawbridgeError("DB-DRAW-061")
        _distinct([department["code"] for department in value["departments"]], "DB-DRAW-058")


def _check_round(value: Document) -> None:
    history = (value["previous"], value["reason"], value["approved_by"])
    if value["round"] == 1 and any(item is not None for item in history):
        raise DrawbridgeError("DB-DRAW-056")
    if value["round"] > 1 and any(item is None for item in history):
        raise DrawbridgeError("DB-DRAW-057", round=value["round"])


def _check_contributors(value: Document) -> None:
    _distinct([contributor["id"] for contributor in value["contributors"]], "DB-DRAW-054")
    public = [contributor for contributor in value["contributors"] if contributor["kind"] == "public"]
    if len(public) == len(value["contributors"]):
        raise DrawbridgeError("DB-DRAW-052")
    if not public:
        raise DrawbridgeError("DB-DRAW-053")
    reveal_by = text.parse_time(value["reveal_by"], "reveal_by")
    for contributor in public:
        if text.parse_time(contributor["not_before"], "not_before") <= reveal_by:
            raise DrawbridgeError(
                "DB-DRAW-055",
                contributor=contributor["id"],
                not_before=contributor["not_before"],
                reveal_by=value["reveal_by"],
            )


def _distinct(names: Sequence[str], code: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DrawbridgeError(code, name=name)
        seen.add(name)


def parse_commitment(data: bytes, stage: Stage | None = None, name: str = "commitment") -> Document:
    """The commitment in these bytes; with `stage`, refuses one of the other stage (DB-DRAW-062).

    Refuses as `canonical.parse_document` and `check_commitment` do.
    """
    document = parse_document(data, name)
    check_commitment(document, name)
    if stage is not None and document["stage"] != stage:
        raise DrawbridgeError("DB-DRAW-062", found=document["stage"], expected=stage)
    checked: Document = document
    return checked


def build_objects_commitment(
    frozen: FrozenObjects,
    *,
    campaign: str,
    ratio: str,
    strata: Sequence[tuple[str, str]],
    frozen_at: str,
    reveal_by: str,
    contributors: Sequence[Sealed | Public],
    round_: Round = FIRST_ROUND,
) -> bytes:
    """The canonical commitment of stage `objects`; `canonical.digest` of it is `C`.

    `strata` are `(name, ratio)` in the order that decides between equals; ratios
    are decimals as text (`"0.1"`); times are `YYYY-MM-DDThh:mm:ss±hh:mm`; `campaign`
    is the task number.  Refuses as `check_commitment` does, and a frozen
    object of a stratum that is not listed (DB-DRAW-051).
    """
    listed = {name for name, _ in strata}
    for name, size in frozen.sizes.items():
        if size and name not in listed:
            raise DrawbridgeError("DB-DRAW-051", stratum=name)
    own = {
        "eligible": {"count": frozen.count, "sha256": frozen.sha256, "root": frozen.root},
        "ratio": ratio,
        "strata": [{"name": name, "ratio": share} for name, share in strata],
    }
    return _build("objects", campaign, round_, frozen_at, reveal_by, contributors, own)


def build_inspectors_commitment(
    frozen: FrozenInspectors,
    *,
    campaign: str,
    objects_certificate: str,
    frozen_at: str,
    reveal_by: str,
    contributors: Sequence[Sealed | Public],
    round_: Round = FIRST_ROUND,
) -> bytes:
    """The canonical commitment of stage `inspectors`.

    `objects_certificate` is the digest of the stage-`objects` certificate in
    force, the last of its corrections.  Refuses as `check_commitment` does.
    """
    own = {
        "objects_certificate": objects_certificate,
        "objects": frozen.objects,
        "departments": [
            {"code": code, "team": team, "roster": frozen.rosters[code]} for code, team in frozen.departments
        ],
        "forbidden": frozen.forbidden,
        "groups": frozen.groups,
    }
    return _build("inspectors", campaign, round_, frozen_at, reveal_by, contributors, own)


def _build(
    stage: Stage,
    campaign: str,
    round_: Round,
    frozen_at: str,
    reveal_by: str,
    contributors: Sequence[Sealed | Public],
    own: Mapping[str, object],
) -> bytes:
    document = {
        "spec": text.SPEC,
        "hash": "sha256",
        "stage": stage,
        "campaign": campaign,
        "round": round_.number,
        "previous": round_.previous,
        "reason": round_.reason,
        "approved_by": round_.approved_by,
        "frozen_at": frozen_at,
        "reveal_by": reveal_by,
        "contributors": [
            {**contributor._asdict(), "kind": "sealed" if isinstance(contributor, Sealed) else "public"}
            for contributor in contributors
        ],
        **own,
    }
    check_commitment(document)
    return canonical(document)


def seal_for(commitment: Document, contributor: str, value: str) -> str:
    """What a contributor's seal must be for its value to open it in this very draw."""
    return seal(commitment["campaign"], commitment["stage"], commitment["round"], contributor, value)
