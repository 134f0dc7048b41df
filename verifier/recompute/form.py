"""The form of certificates and abandonments: members and types as §2 and §5 list them, as a grammar in
data.

A grammar is read so: a mapping has exactly these members; `[x]` is a list of x; `(x, y)` a list of exactly
these; a set holds the allowed constants; `Null(x)` is null or x; `Keyed(k, x)` a mapping whose member names
are k; a name is one of the kinds of `_KINDS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from verifier.recompute.document import Document, parse
from verifier.recompute.table import Unfit
from verifier.recompute.writing import moment, ratio

SPEC = "drawbridge-draw/1"
"""The name of this version; its ASCII bytes begin every hash label."""

ID_BYTES = 64
"""Longest object id and `uscc`, in UTF-8 bytes."""

_LARGEST = 2**53 - 1


class Null(NamedTuple):
    """Null or what the grammar says."""

    grammar: Any


class Keyed(NamedTuple):
    """A mapping whose member names are data."""

    key: str
    grammar: Any


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_GROUP = re.compile(r"[1-9][0-9]*")


def _text(value: str) -> bool:
    return bool(value) and not _CONTROL.search(value)


def _id(value: str) -> bool:
    return _text(value) and len(value.encode("utf-8")) <= ID_BYTES


def _time(value: str) -> bool:
    moment(value)
    return True


def _ratio(value: str) -> bool:
    ratio(value)
    return True


_KINDS: dict[str, tuple[type, Callable[[Any], object]]] = {
    "text": (str, _text),
    "reason": (str, bool),
    "id": (str, _id),
    "hex64": (str, _HEX64.fullmatch),
    "time": (str, _time),
    "ratio": (str, _ratio),
    "group member": (str, _GROUP.fullmatch),
    "from 0": (int, lambda value: 0 <= value <= _LARGEST),
    "from 1": (int, lambda value: 1 <= value <= _LARGEST),
    "from 2": (int, lambda value: 2 <= value <= _LARGEST),
}

_COUNTED = {"count": "from 0", "sha256": "hex64"}
_CONTRIBUTIONS = [{"id": "text", "value": "text"}]
_CONTRIBUTOR = {
    "sealed": {"id": "text", "kind": {"sealed"}, "commitment": "hex64"},
    "public": {"id": "text", "kind": {"public"}, "not_before": "time", "format": "text", "pattern": "text"},
}
_COMMITMENT: dict[str, Any] = {
    "spec": {SPEC},
    "hash": {"sha256"},
    "stage": {"objects", "inspectors"},
    "campaign": "text",
    "round": "from 1",
    "previous": Null("hex64"),
    "reason": Null("reason"),
    "approved_by": Null("text"),
    "frozen_at": "time",
    "reveal_by": "time",
    "contributors": "contributors",  # each by its kind
}
_COMMITMENT_OF = {
    "objects": {
        **_COMMITMENT,
        "eligible": {**_COUNTED, "root": "hex64"},
        "ratio": "ratio",
        "strata": [{"name": "text", "ratio": "ratio"}],
    },
    "inspectors": {
        **_COMMITMENT,
        "objects_certificate": "hex64",
        "objects": _COUNTED,
        "departments": [{"code": "text", "team": "from 2", "roster": _COUNTED}],
        "forbidden": _COUNTED,
        "groups": "from 1",
    },
}
_CERTIFICATE: dict[str, Any] = {
    "spec": {SPEC},
    "commitment": "commitment",  # by its stage
    "commitment_digest": "hex64",
    "contributions": _CONTRIBUTIONS,
    "seed": "hex64",
    "corrects": Null("hex64"),
}
_DECISION = {"reason": "reason", "decided_by": "text", "at": "time"}
_SEAT = {"object_id": "id", "group": "from 1", "department": "text", "replaced": "text"}
_TEAMS = Keyed("group member", Keyed("text", ["text"]))
_CERTIFICATE_OF = {
    "objects": {
        **_CERTIFICATE,
        "strata": [{"name": "text", "size": "from 0", "minimum": "from 0", "drawn": "from 0"}],
        "winners": [{"object_id": "id", "ticket": "hex64", "stratum": "text", "uscc": "id"}],
        "reserves": Keyed("text", ["id"]),
        "replacements": [
            {"object_id": "id", "by": Null("id"), "uscc": Null("id"), "batch": "from 1", **_DECISION}
        ],
    },
    "inspectors": {
        **_CERTIFICATE,
        "teams": _TEAMS,
        "barred": [("id", "from 1")],
        "assignment": [("id", "from 1")],
        "relax": "from 0",
        "substitutes": [{**_SEAT, "by": "text"}],
        "seat_replacements": [{**_SEAT, "by": Null("text"), **_DECISION}],
    },
}
_PUBLIC_FORM = {
    **_CERTIFICATE,
    "teams": _TEAMS,
    "relax": "from 0",
    "visits": [{"object_id": "id", "group": "from 1", "team": Keyed("text", ["text"])}],
    "full": "hex64",
}
_ABANDONMENT = {
    "spec": {SPEC},
    "abandoned": {True},
    "commitment": "commitment",
    "commitment_digest": "hex64",
    "contributions": _CONTRIBUTIONS,
    "withheld": ["text"],
    "reason": "reason",
    "at": "time",
}


def read_certificate(data: bytes) -> Document:
    """The certificate, whole or in public form, in these bytes. Raises Unfit if its form is another one."""
    document = parse(data)
    stage = _stage(document)
    if "full" in document and stage == "inspectors":
        _match(_PUBLIC_FORM, document, "")
    else:
        _match(_CERTIFICATE_OF[stage], document, "")
    checked: Document = document
    return checked


def read_former(data: bytes) -> Document:
    """The whole certificate or the abandonment in these bytes. Raises Unfit if it is neither."""
    document = parse(data)
    stage = _stage(document)
    _match(_ABANDONMENT if "abandoned" in document else _CERTIFICATE_OF[stage], document, "")
    checked: Document = document
    return checked


def _stage(document: Any) -> str:
    commitment = document.get("commitment") if isinstance(document, dict) else None
    stage = commitment.get("stage") if isinstance(commitment, dict) else None
    if not isinstance(stage, str) or stage not in _COMMITMENT_OF:
        raise Unfit("commitment.stage objects / inspectors", "something else")
    return stage


def _match(grammar: Any, value: Any, place: str) -> None:
    """Raises Unfit at the first place where the value is not what the grammar says."""
    if isinstance(grammar, str):
        _match_name(grammar, value, place)
    elif isinstance(grammar, Null):
        if value is not None:
            _match(grammar.grammar, value, place)
    elif isinstance(grammar, set):
        if not isinstance(value, str | bool) or value not in grammar:
            raise Unfit(f"{place} {' / '.join(sorted(map(str, grammar)))}", _kind(value))
    elif isinstance(grammar, dict):
        _match_members(grammar, value, place)
    elif isinstance(grammar, Keyed):
        for member, inner in _mapping(value, place).items():
            _match(grammar.key, member, f"{place}.{member} its name")
            _match(grammar.grammar, inner, f"{place}.{member}")
    else:
        _match_entries(grammar, value, place)


def _match_entries(grammar: Any, value: Any, place: str) -> None:
    if not isinstance(value, list):
        raise Unfit(f"{place} a list", _kind(value))
    if isinstance(grammar, tuple) and len(value) != len(grammar):
        raise Unfit(f"{place} {len(grammar)} entries", f"{len(value)} entries")
    for index, one in enumerate(value):
        _match(grammar[index] if isinstance(grammar, tuple) else grammar[0], one, f"{place}[{index}]")


def _match_members(grammar: dict[str, Any], value: Any, place: str) -> None:
    members = _mapping(value, place)
    for member in sorted(members.keys() ^ grammar.keys()):
        where = f"{place}.{member}".lstrip(".")
        raise Unfit(where, f"no {where}") if member in grammar else Unfit(f"no {where}", where)
    for member, inner in grammar.items():
        _match(inner, members[member], f"{place}.{member}".lstrip("."))


def _match_name(name: str, value: Any, place: str) -> None:
    if name == "commitment":
        stage = value.get("stage") if isinstance(value, dict) else None
        _match(_COMMITMENT_OF.get(str(stage), _COMMITMENT), value, place)
        _match_sense(value, place)
        return
    if name == "contributors":
        if not isinstance(value, list):
            raise Unfit(f"{place} a list", _kind(value))
        for index, one in enumerate(value):
            kind = one.get("kind") if isinstance(one, dict) else None
            _match(_CONTRIBUTOR.get(str(kind), _CONTRIBUTOR["sealed"]), one, f"{place}[{index}]")
        return
    kind, allowed = _KINDS[name]
    if type(value) is not kind:
        raise Unfit(f"{place} {name}", _kind(value))
    try:
        if not allowed(value):
            raise Unfit(name, value)
    except Unfit as unfit:
        raise Unfit(f"{place} {unfit.expected}", unfit.found) from None


def _match_sense(commitment: Any, place: str) -> None:
    """What every commitment has: both kinds of contributors, departments, and each name once."""
    for member, name in (("contributors", "id"), ("strata", "name"), ("departments", "code")):
        names = [one[name] for one in commitment.get(member, ())]
        if len(set(names)) != len(names):
            raise Unfit(f"{place}.{member} each {name} once", "one twice")
    kinds = {one["kind"] for one in commitment["contributors"]}
    for kind in ("sealed", "public"):
        if kind not in kinds:
            raise Unfit(f"{place}.contributors one that is {kind}", "none")
    if commitment["stage"] == "inspectors" and not commitment["departments"]:
        raise Unfit(f"{place}.departments at least one", "none")


def _mapping(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unfit(f"{place or 'certificate'} an object", _kind(value))
    return value


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number"}
    return kinds.get(type(value), "null")
