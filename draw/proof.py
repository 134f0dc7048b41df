"""That a line is in the committed list, or that none is: checked without the list (§6).

A proof carries lines with their index, RFC 9162 §2.1.3 inclusion path and ticket.  Presence has
the line itself; absence the lines of both neighbours, one at an end of the list.  It holds against
the `root` and `seed` of the certificate; that the list is sorted is presumed, as §6 says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from draw import shape, text
from draw.canonical import Source, canonical, parse_document
from draw.commitment import Document
from draw.lines import read_lines
from draw.merkle import inclusion_path, root_from_path
from draw.objects import ticket_of
from draw.report import State
from draw.text import SPEC
from schemas.errors import DrawbridgeError

_ENTRY = shape.members(
    {
        "line": shape.SENTENCE,
        "index": shape.integer(0),
        "path": shape.each(shape.HEX64),
        "ticket": shape.HEX64,
    }
)
_BOTH: dict[str, shape.Check] = {
    "spec": shape.exactly(SPEC),
    "proof": shape.exactly("presence", "absence"),
    "commitment_digest": shape.HEX64,
    "root": shape.HEX64,
    "count": shape.integer(0),
    "seed": shape.HEX64,
    "entries": shape.each(_ENTRY),
    "object_id": shape.OBJECT_ID,
}


def prove(certificate: Document, eligible: Source, object_id: str) -> bytes:
    """The canonical proof that `object_id` is, or is not, in the list of a certificate of stage `objects`.

    `eligible` is the frozen list; refuses one that is not the committed one (DB-DRAW-040) and an id that none
    can have (001 to 005).
    """
    text.check_object_id(object_id)
    lines = list(read_lines(eligible, "eligible.tsv"))
    wanted = object_id.encode()
    ids = [line.split(b"\t", 1)[0] for line in lines]
    place = _first_not_below(ids, wanted)
    present = place < len(ids) and ids[place] == wanted
    shown = [place] if present else [index for index in (place - 1, place) if 0 <= index < len(ids)]
    promised = certificate["commitment"]["eligible"]
    seed = bytes.fromhex(certificate["seed"])
    entries: list[dict[str, Any]] = [
        {
            "line": lines[index].decode(),
            "index": index,
            "path": inclusion_path(lines, index),
            "ticket": ticket_of(seed, ids[index].decode()).hex(),
        }
        for index in shown
    ]
    proof = {
        "spec": SPEC,
        "proof": "presence" if present else "absence",
        "object_id": object_id,
        "commitment_digest": certificate["commitment_digest"],
        "root": promised["root"],
        "count": promised["count"],
        "seed": certificate["seed"],
        "entries": entries,
    }
    for entry in entries:
        found = root_from_path(entry["line"].encode(), entry["index"], promised["count"], entry["path"])
        if found != promised["root"]:
            raise DrawbridgeError(
                "DB-DRAW-040", name="eligible.tsv", expected=promised["root"], found=found or "-"
            )
    return canonical(proof)


def _first_not_below(ids: Sequence[bytes], wanted: bytes) -> int:
    low, high = 0, len(ids)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if ids[middle] < wanted else (low, middle)
    return low


def parse_proof(data: bytes, name: str = "proof") -> Document:
    """The proof in these bytes. Refuses another form (DB-DRAW-001 to 026)."""
    document: Any = parse_document(data, name)
    shape.members(_BOTH)(document, name)
    checked: Document = document
    return checked


def check_proof(proof: Document, certificate: Document | None = None) -> list[tuple[str, State]]:
    """`(check, state)`: the certificate's values, each path, each ticket, and that the entries prove it.

    Without a certificate nothing ties root and seed to the draw: then that is not checked.
    """
    return [
        ("certificate", _of_certificate(proof, certificate)),
        ("path", _state(all(_leads_to_root(proof, entry) for entry in proof["entries"]))),
        ("ticket", _state(all(_ticket_holds(proof, entry) for entry in proof["entries"]))),
        ("place", _state(_place_holds(proof))),
    ]


def _state(holds: bool) -> State:
    return "ok" if holds else "failed"


def _of_certificate(proof: Document, certificate: Document | None) -> State:
    if certificate is None:
        return "not checked"
    promised = certificate["commitment"]
    if promised["stage"] != "objects":
        return "failed"
    return _state(
        proof["commitment_digest"] == certificate["commitment_digest"]
        and proof["seed"] == certificate["seed"]
        and proof["root"] == promised["eligible"]["root"]
        and proof["count"] == promised["eligible"]["count"]
    )


def _leads_to_root(proof: Document, entry: Document) -> bool:
    found = root_from_path(entry["line"].encode(), entry["index"], proof["count"], entry["path"])
    return bool(found == proof["root"])


def _ticket_holds(proof: Document, entry: Document) -> bool:
    ticket = ticket_of(bytes.fromhex(proof["seed"]), _id_of(entry)).hex()
    return bool(ticket == entry["ticket"])


def _place_holds(proof: Document) -> bool:
    """The line itself; or neighbours, side by side and on both sides, or one at an end; or an empty list."""
    ids = [_id_of(entry).encode() for entry in proof["entries"]]
    wanted = proof["object_id"].encode()
    if proof["proof"] == "presence":
        return ids == [wanted]
    places = [entry["index"] for entry in proof["entries"]]
    last = proof["count"] - 1
    if len(ids) == 2:
        return bool(places[1] == places[0] + 1 and ids[0] < wanted < ids[1])
    if len(ids) == 1:
        before_first = places[0] == 0 and wanted < ids[0]
        after_last = places[0] == last and wanted > ids[0]
        return bool(before_first or after_last)
    return not ids and last < 0


def _id_of(entry: Document) -> str:
    line: str = entry["line"]
    return line.split("\t", 1)[0]
