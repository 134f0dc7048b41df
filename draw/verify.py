"""Certificate in, table of checks out (§6).

Everything is computed again from what the verifier holds.  A certificate alone
shows a good deal; with the frozen files it shows everything that computation
fixes; who kept a digest sees whether the documents are those that were shown
in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from draw import frozen, objects
from draw.canonical import Source, canonical, digest, parse_document
from draw.certificate import check_certificate_form
from draw.commitment import Document, check_sense, seal_for
from draw.compute import (
    InspectorFiles,
    batches_of,
    read_inspector_files,
    same_as_committed,
    seat_objections_of,
)
from draw.public_number import fits
from draw.report import NAMES, Row, compare, failed, not_checked, ok
from draw.seed import draw_seed
from draw.stages import departments_of, draw_inspectors, draw_objects
from draw.text import SPEC
from draw.verify_before import rows_of_former_documents
from schemas.errors import DrawbridgeError

# Where a commitment of the right form makes no sense, the row that says so; the form is the default.
_ROW_OF_SENSE = {"DB-DRAW-055": "public", "DB-DRAW-056": "previous", "DB-DRAW-057": "previous"}


@dataclass(frozen=True)
class Evidence:
    """What the verifier holds besides the certificate; whatever is missing leaves its checks open.

    `before` are whole documents: the certificate of the stage before, the
    certificate or abandonment of the round before, the certificate that this one
    corrects, in any order.  The digests are what somebody else kept: of the
    commitment (from before the reveal), of the closing (from before the public
    number), of the certificate.
    """

    eligible: Source | None = None
    objects: Source | None = None
    forbidden: Source | None = None
    rosters: Mapping[str, Source] = field(default_factory=dict)
    before: Sequence[bytes] = ()
    commitment_digest: str | None = None
    closing_digest: str | None = None
    certificate_digest: str | None = None


def verify_certificate(certificate: bytes, evidence: Evidence | None = None) -> list[Row]:
    """The table of §6, in the order of `report.NAMES`; raises nothing for a bad certificate.

    A certificate that cannot be read has one row, `form`, besides that of its
    digest.  Evidence that belongs to no certificate of this kind is refused: files
    of the other stage (DB-DRAW-087), a document before that is none (088).
    """
    held = evidence or Evidence()
    rows: dict[str, Row] = {}
    try:
        document: Document = parse_document(certificate, "certificate")
        check_certificate_form(document)
    except DrawbridgeError as error:
        rows["form"] = failed("form", SPEC, f"{error.en} ({error.code})")
    else:
        rows["form"] = ok("form")
        promised = document["commitment"]
        _refuse_foreign_files(promised["stage"], held)
        rows.update(_rows_of_reveal(document))
        rows.update(_STAGES[promised["stage"]](document, _seed(document), held))
        rows.update(rows_of_former_documents(document, held.before))
        rows.update(_rows_of_sense(promised))
        rows["kept_commitment"] = _kept(
            "kept_commitment", held.commitment_digest, digest(canonical(promised)), "--commitment-digest"
        )
        rows["kept_closing"] = _kept(
            "kept_closing", held.closing_digest, digest(_closing(document)), "--closing-digest"
        )
    rows["kept_certificate"] = _kept(
        "kept_certificate", held.certificate_digest, digest(certificate), "--certificate-digest"
    )
    return [rows[check] for check in NAMES if check in rows]


def publishers_to_ask(certificate: bytes) -> list[dict[str, str]]:
    """The public numbers to compare with their publishers: `{id, format, not_before, value}`.

    Nothing computed can tell whether people copied a number rightly.  Empty for a
    certificate that cannot be read.
    """
    try:
        document = parse_document(certificate, "certificate")
        check_certificate_form(document)
    except DrawbridgeError:
        return []
    values = {entry["id"]: entry["value"] for entry in document["contributions"]}
    return [
        {
            "id": entry["id"],
            "format": entry["format"],
            "not_before": entry["not_before"],
            "value": values.get(entry["id"], ""),
        }
        for entry in document["commitment"]["contributors"]
        if entry["kind"] == "public"
    ]


def _refuse_foreign_files(stage: str, held: Evidence) -> None:
    given: dict[str, dict[str, object]] = {
        "objects": {"--eligible": held.eligible},
        "inspectors": {
            "--objects": held.objects,
            "--forbidden": held.forbidden,
            "--roster": held.rosters or None,
        },
    }
    for other, options in given.items():
        for option, source in options.items():
            if other != stage and source is not None:
                raise DrawbridgeError("DB-DRAW-087", option=option, stage=stage)


def _kept(check: str, kept: str | None, found: str, option: str) -> Row:
    return not_checked(check, option) if kept is None else compare(check, kept, found)


def _closing(document: Document) -> bytes:
    """The closing that must have been handed out before this certificate's public number."""
    sealed = {e["id"] for e in document["commitment"]["contributors"] if e["kind"] == "sealed"}
    return canonical(
        {
            "spec": SPEC,
            "commitment_digest": digest(canonical(document["commitment"])),
            "contributions": [entry for entry in document["contributions"] if entry["id"] in sealed],
        }
    )


# --- commitment, contributions, seed ------------------------------------------------------------------


def _seed(document: Document) -> bytes:
    values = [entry["value"] for entry in document["contributions"]]
    return draw_seed(digest(canonical(document["commitment"])), values)


def _rows_of_sense(promised: Document) -> dict[str, Row]:
    try:
        check_sense(promised)
    except DrawbridgeError as error:
        check = _ROW_OF_SENSE.get(error.code, "form")
        return {check: failed(check, SPEC, f"{error.en} ({error.code})")}
    return {}


def _rows_of_reveal(document: Document) -> dict[str, Row]:
    promised = document["commitment"]
    rows = {
        "commitment_digest": compare(
            "commitment_digest", digest(canonical(promised)), document["commitment_digest"]
        ),
        "seed": compare("seed", _seed(document).hex(), document["seed"]),
    }
    values = {entry["id"]: entry["value"] for entry in document["contributions"]}
    order = compare(
        "seals",
        [entry["id"] for entry in promised["contributors"]],
        [entry["id"] for entry in document["contributions"]],
    )
    rows["seals"], rows["public"] = order, ok("public")
    for entry in promised["contributors"]:
        contributor, value = entry["id"], values.get(entry["id"])
        if entry["kind"] == "public":
            if value is None or not fits(entry["pattern"], value):
                rows["public"] = failed("public", f"{contributor}: {entry['format']}", value)
        elif value is not None and order.state == "ok":
            sealed = seal_for(promised, contributor, value)
            if sealed != entry["commitment"]:
                rows["seals"] = failed("seals", f"{contributor}: {entry['commitment']}", sealed)
    return rows


# --- stage `objects` ----------------------------------------------------------------------------------


def _rows_of_objects(document: Document, seed: bytes, held: Evidence) -> dict[str, Row]:
    rows = _rows_of_objects_alone(document, seed)
    if held.eligible is None:
        return _with_open(
            rows, ["files", "root", "seats", "winners", "reserves", "replacements"], frozen.ELIGIBLE
        )
    promised = document["commitment"]
    names = [stratum["name"] for stratum in promised["strata"]]
    try:
        found = frozen.scan_eligible(held.eligible, names)
    except DrawbridgeError as error:
        rows["files"] = failed("files", frozen.ELIGIBLE, f"{error.en} ({error.code})")
        return _with_open(
            rows, ["root", "seats", "winners", "reserves", "replacements"], f"the committed {frozen.ELIGIBLE}"
        )
    rows["files"] = _same_file(frozen.ELIGIBLE, promised["eligible"], found.count, found.sha256)
    rows["root"] = compare("root", promised["eligible"]["root"], found.root)
    if rows["files"].state == "failed" or len(set(names)) != len(names):
        return _with_open(
            rows, ["seats", "winners", "reserves", "replacements"], f"the committed {frozen.ELIGIBLE}"
        )
    try:
        drawn = draw_objects(promised, seed, held.eligible, found.sizes, batches_of(document))
    except DrawbridgeError as error:
        rows["replacements"] = failed("replacements", "a drawn object", f"{error.en} ({error.code})")
        drawn = draw_objects(promised, seed, held.eligible, found.sizes, [])
        drawn.pop("replacements")
    for check, member in (
        ("seats", "strata"),
        ("winners", "winners"),
        ("reserves", "reserves"),
        ("replacements", "replacements"),
    ):
        if member in drawn:
            rows[check] = compare(check, drawn[member], document[member])
    return rows


def _rows_of_objects_alone(document: Document, seed: bytes) -> dict[str, Row]:
    """What is wrong with the certificate by itself, without the list; nothing found proves little."""
    promised, rows = document["commitment"], {}
    strata = document["strata"]
    if row := _first_failure(
        compare("seats", [s["name"] for s in promised["strata"]], [s["name"] for s in strata]),
        compare("seats", promised["eligible"]["count"], sum(s["size"] for s in strata)),
    ):
        rows["seats"] = row
    else:
        minima = [
            objects.at_least(own["ratio"], s["size"])
            for own, s in zip(promised["strata"], strata, strict=True)
        ]
        total = max(sum(minima), objects.at_least(promised["ratio"], promised["eligible"]["count"]))
        within = all(low <= s["drawn"] <= s["size"] for low, s in zip(minima, strata, strict=True))
        if row := _first_failure(
            compare("seats", minima, [s["minimum"] for s in strata]),
            compare("seats", total, sum(s["drawn"] for s in strata)),
            ok("seats") if within else failed("seats", "minimum ≤ drawn ≤ size", "outside"),
        ):
            rows["seats"] = row
    winners = document["winners"]
    won = {s["name"]: 0 for s in strata}
    for winner in winners:
        won[winner["stratum"]] = won.get(winner["stratum"], 0) + 1
    order = [(winner["ticket"], winner["object_id"]) for winner in winners]
    if row := _first_failure(
        compare(
            "winners",
            [objects.ticket_of(seed, winner["object_id"]).hex() for winner in winners],
            [winner["ticket"] for winner in winners],
        ),
        compare("winners", sorted(set(order)), order),
        compare("winners", {s["name"]: s["drawn"] for s in strata}, won),
    ):
        rows["winners"] = row
    return rows


# --- stage `inspectors` -------------------------------------------------------------------------------

_DRAWN = ("teams", "barred", "assignment", "substitutes", "seat_replacements")


def _rows_of_inspectors(document: Document, seed: bytes, held: Evidence) -> dict[str, Row]:
    promised = document["commitment"]
    rows: dict[str, Row] = {}
    missing = [
        name
        for name, source in (
            (frozen.OBJECTS, held.objects),
            (frozen.FORBIDDEN, held.forbidden),
            *((frozen.roster_name(d["code"]), held.rosters.get(d["code"])) for d in promised["departments"]),
        )
        if source is None
    ]
    if missing or held.objects is None or held.forbidden is None:
        return _with_open(rows, ["files", *_DRAWN], "、".join(missing))
    files = InspectorFiles(held.objects, held.forbidden, held.rosters)
    try:
        visits, rosters, forbidden = read_inspector_files(promised, files)
        frozen.check_stage(visits, departments_of(promised), promised["groups"], rosters, forbidden)
    except DrawbridgeError as error:
        expected = error.facts.get("expected", "the committed files")
        rows["files"] = failed("files", expected, f"{error.en} ({error.code})")
        return _with_open(rows, list(_DRAWN), "the committed files")
    rows["files"] = ok("files")
    objections = seat_objections_of(document)
    try:
        drawn = draw_inspectors(promised, seed, visits, rosters, forbidden, objections)
    except DrawbridgeError as error:
        rows["seat_replacements"] = failed(
            "seat_replacements", "a member of the team", f"{error.en} ({error.code})"
        )
        drawn = draw_inspectors(promised, seed, visits, rosters, forbidden, [])
        drawn.pop("seat_replacements")
    for check in _DRAWN:
        if check in drawn:
            rows[check] = compare(check, drawn[check], document[check])
    if rows["assignment"].state == "ok":
        rows["assignment"] = compare("assignment", {"relax": drawn["relax"]}, {"relax": document["relax"]})
    return rows


_STAGES: dict[str, Callable[[Document, bytes, Evidence], dict[str, Row]]] = {
    "objects": _rows_of_objects,
    "inspectors": _rows_of_inspectors,
}


def _same_file(name: str, promised: Mapping[str, Any], count: int, sha256: str) -> Row:
    try:
        same_as_committed(name, promised, count, sha256)
    except DrawbridgeError as error:
        return failed("files", f"{name} {error.facts['expected']}", error.facts["found"])
    return ok("files")


def _first_failure(*rows: Row) -> Row | None:
    return next((row for row in rows if row.state == "failed"), None)


def _with_open(rows: dict[str, Row], checks: Sequence[str], missing: str) -> dict[str, Row]:
    """The rows, those of `checks` that are not there yet being left open."""
    return {**{check: not_checked(check, missing) for check in checks}, **rows}
