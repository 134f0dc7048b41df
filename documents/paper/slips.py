"""“为什么抽到我”: to one enterprise, why it was drawn, and how it can check that by itself.

Holds the seed's consequences (tickets, ranks), so that it is printed only when the certificate is
public (draw-spec.md §2, §3.4); `flows.paper.papers` sees to that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from documents.paper.forms import campaign_facts, in_words
from documents.paper.qr import qr_svg
from draw.canonical import canonical, digest
from draw.certificate import parse_certificate
from draw.frozen import ELIGIBLE
from draw.lines import read_lines
from draw.merkle import leaf_hash, node_hash, root_from_path
from draw.objects import ticket_of
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm

TEMPLATE = "slip"
_QR_BYTES = 1_900
"""A proof longer than this would make a code too fine for a copier; its file is given instead."""


class Shown(NamedTuple):
    """A drawn object: its line of the list, where it stands in it and in the order of its stratum.

    `at` is its index from 0, `rank` counts from 1 by ticket; `replaces`: in whose place it came, and why.
    """

    line: bytes
    at: int
    path: list[str]
    ticket: str
    stratum: str
    rank: int
    replaces: tuple[str, str] | None


class Draw(NamedTuple):
    """A draw of stage `objects` that may be shown: its certificate, the digest of that, its drawn objects."""

    certificate: Mapping[str, Any]
    digest: str
    objects: dict[str, Shown]


def read_draw(certificate: bytes, eligible: bytes) -> Draw:
    """The drawn objects of a certificate with their proofs, from one reading of the frozen list.

    Raises DrawbridgeError DB-DRAW-040 if the list is not the committed one.
    """
    document = parse_certificate(certificate, "objects")
    promised = document["commitment"]["eligible"]
    lines = list(read_lines(eligible, ELIGIBLE))
    replaced = {
        r["by"]: (r["object_id"], r["reason"]) for r in document["replacements"] if r["by"] is not None
    }
    wanted = {*(winner["object_id"] for winner in document["winners"]), *replaced}
    places = {
        line.split(b"\t", 1)[0].decode(): index
        for index, line in enumerate(lines)
        if line.split(b"\t", 1)[0].decode() in wanted
    }
    paths = inclusion_paths(lines, list(places.values()))
    seed = bytes.fromhex(document["seed"])
    ranks = _ranks(lines, seed, [lines[index] for index in places.values()])
    objects: dict[str, Shown] = {}
    for object_id, index in places.items():
        line, path = lines[index], paths[index]
        if root_from_path(line, index, promised["count"], path) != promised["root"]:
            raise DrawbridgeError(
                "DB-DRAW-040",
                name=ELIGIBLE,
                expected=promised["root"],
                found=hashlib.sha256(line).hexdigest(),
            )
        objects[object_id] = Shown(
            line,
            index,
            path,
            ticket_of(seed, object_id).hex(),
            line.split(b"\t")[1].decode(),
            ranks[object_id],
            replaced.get(object_id),
        )
    return Draw(document, digest(certificate), objects)


def inclusion_paths(lines: Sequence[bytes], indices: Iterable[int]) -> dict[int, list[str]]:
    """RFC 9162 §2.1.3.1 inclusion paths of several lines of one list: index -> hashes, the leaf's side first.

    Hashes the list once, whatever the number of paths.
    """
    wanted = list(indices)
    paths: dict[int, list[str]] = {index: [] for index in wanted}
    level = [leaf_hash(line) for line in lines]
    height = 0
    while len(level) > 1:
        for index in wanted:
            sibling = (index >> height) ^ 1
            if sibling < len(level):
                paths[index].append(level[sibling].hex())
        pairs = [node_hash(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
        # An odd last node goes up as it is.
        level = [*pairs, level[-1]] if len(level) % 2 else pairs
        height += 1
    return paths


def _ranks(lines: Iterable[bytes], seed: bytes, wanted: Sequence[bytes]) -> dict[str, int]:
    """Rank by ticket of some objects among all of their stratum, from 1."""
    by_stratum: dict[bytes, list[tuple[bytes, bytes]]] = {}
    for line in lines:
        object_id, stratum, _ = line.split(b"\t", 2)
        by_stratum.setdefault(stratum, []).append((ticket_of(seed, object_id.decode()), object_id))
    order = {
        object_id: rank
        for tickets in by_stratum.values()
        for rank, (_, object_id) in enumerate(sorted(tickets), 1)
    }
    return {line.split(b"\t", 1)[0].decode(): order[line.split(b"\t", 1)[0]] for line in wanted}


def proof_of(draw: Draw, object_id: str) -> bytes:
    """The canonical proof of presence, as `drawbridge draw prove` makes it and the verifiers read it."""
    shown, certificate = draw.objects[object_id], draw.certificate
    promised = certificate["commitment"]["eligible"]
    return canonical(
        {
            "spec": certificate["spec"],
            "proof": "presence",
            "object_id": object_id,
            "commitment_digest": certificate["commitment_digest"],
            "root": promised["root"],
            "count": promised["count"],
            "seed": certificate["seed"],
            "entries": [
                {
                    "line": shown.line.decode(),
                    "index": shown.at,
                    "path": shown.path,
                    "ticket": shown.ticket,
                }
            ],
        }
    )


def slip_paper(
    campaign: Campaign, form: InspectionForm, draw: Draw, verifier_url: str | None
) -> dict[str, Any]:
    """The data of template `slip` for the enterprise of a form, all its drawn objects."""
    certificate = draw.certificate
    commitment = certificate["commitment"]
    sizes = {stratum["name"]: stratum for stratum in certificate["strata"]}
    values = {entry["id"]: entry["value"] for entry in certificate["contributions"]}
    public = [c for c in commitment["contributors"] if c["kind"] == "public"]
    sealed = [c for c in commitment["contributors"] if c["kind"] == "sealed"]
    return {
        "title": f"为什么抽到我 {form.ent_name}",
        "campaign": campaign_facts(campaign),
        "form_no": form.form_no,
        "ent_name": form.ent_name,
        "uscc": form.uscc,
        "count": commitment["eligible"]["count"],
        "drawn": sum(stratum["drawn"] for stratum in certificate["strata"]),
        "frozen_at": _moment(commitment["frozen_at"]),
        "sealed": len(sealed),
        "public": [
            {"id": c["id"], "at": _moment(c["not_before"]), "value": values.get(c["id"], "")} for c in public
        ],
        "seed": certificate["seed"],
        "root": commitment["eligible"]["root"],
        "digest": draw.digest,
        "objects": [
            _object(draw, o.object_id, o.name, sizes) for o in form.objects if o.object_id in draw.objects
        ],
        "verifier": verifier_url,
        "verifier_qr": qr_svg(verifier_url) if verifier_url else None,
    }


def _object(draw: Draw, object_id: str, name: str, sizes: Mapping[str, Any]) -> dict[str, Any]:
    shown = draw.objects[object_id]
    stratum = sizes[shown.stratum]
    proof = proof_of(draw, object_id)
    return {
        "object_id": object_id,
        "name": name,
        "stratum": shown.stratum,
        "size": stratum["size"],
        "seats": stratum["drawn"],
        "rank": shown.rank,
        "ticket": shown.ticket,
        "place": shown.at + 1,
        "line": shown.line.decode(),
        "path": shown.path,
        "replaces": None
        if shown.replaces is None
        else {"object_id": shown.replaces[0], "reason": shown.replaces[1]},
        "qr": qr_svg(proof.decode()) if len(proof) <= _QR_BYTES else None,
    }


def _moment(text: str) -> str:
    """A time of the certificate (`YYYY-MM-DDThh:mm:ss+08:00`) in words, to the minute."""
    moment = datetime.fromisoformat(text)
    return f"{in_words(moment.date())}{moment:%H:%M}"
