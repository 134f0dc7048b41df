"""Files in, certificate out: both stages as anyone can compute them (§3 to §5).

Each function takes the commitment, the values and the frozen files, refuses
whatever does not fit together, and returns the canonical certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from draw import frozen, objects, reading, substitutes
from draw.canonical import Source, canonical, digest
from draw.certificate import check_certificate_form, parse_certificate
from draw.commitment import Document, parse_commitment
from draw.reveal import contributions_in_order
from draw.seed import draw_seed
from draw.stages import departments_of, draw_inspectors, drawn_objects
from draw.text import SPEC
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class InspectorFiles:
    """The frozen files of stage `inspectors`; rosters by department code."""

    objects: Source
    forbidden: Source
    rosters: Mapping[str, Source]


def compute_objects(
    commitment: bytes,
    contributions: Mapping[str, str],
    eligible: Source,
    replacements: Sequence[Sequence[objects.Objection]] = (),
    corrects: str | None = None,
    read: reading.Reader = reading.read_twice,
) -> bytes:
    """The canonical certificate of stage `objects`.

    `contributions` are the values by contributor id, `eligible` the frozen
    eligible.tsv, `replacements` the batches of accepted objections so far,
    `corrects` the digest of the certificate that this one corrects, `read` how the
    list is read, which changes nothing in the result.  The certificate's digest is
    `canonical.digest` of the result.

    Refuses a commitment as `parse_commitment` does, values as
    `contributions_in_order`, the list as `scan_eligible`, a list that is not the
    committed one (DB-DRAW-038 to 040), objections as `objects.replace`.
    """
    promised = parse_commitment(commitment, "objects")
    given = contributions_in_order(promised, contributions)
    seed = draw_seed(digest(commitment), [entry["value"] for entry in given])
    request = reading.request_of(promised, seed, sum(map(len, replacements)))
    found, lowest = read(eligible, request)
    same_as_committed(frozen.ELIGIBLE, promised["eligible"], found.count, found.sha256, found.root)

    drawn = drawn_objects(request.seats(found.sizes), lowest, replacements)
    return _certified(promised, digest(commitment), given, seed, corrects, drawn)


def compute_inspectors(
    commitment: bytes,
    contributions: Mapping[str, str],
    files: InspectorFiles,
    seat_objections: Sequence[substitutes.SeatObjection] = (),
    corrects: str | None = None,
) -> bytes:
    """The canonical certificate of stage `inspectors`.

    `seat_objections` are those accepted so far, in the order decided.  Refuses
    as `compute_objects` does, the files as the readers of `draw.frozen` do, and
    a stage whose draw could fail as `frozen.check_stage` does.
    """
    promised = parse_commitment(commitment, "inspectors")
    given = contributions_in_order(promised, contributions)
    visits, rosters, forbidden = read_inspector_files(promised, files)
    frozen.check_stage(visits, departments_of(promised), promised["groups"], rosters, forbidden)

    seed = draw_seed(digest(commitment), [entry["value"] for entry in given])
    drawn = draw_inspectors(promised, seed, visits, rosters, forbidden, seat_objections)
    return _certified(promised, digest(commitment), given, seed, corrects, drawn)


def same_as_committed(
    name: str, promised: Mapping[str, Any], count: int, sha256: str, root: str | None = None
) -> None:
    """Refuses a file that is not the committed one: its count, digest or root differ (DB-DRAW-038 to 040)."""
    for code, member, found in (
        ("DB-DRAW-038", "count", count),
        ("DB-DRAW-039", "sha256", sha256),
        ("DB-DRAW-040", "root", root),
    ):
        if found is not None and promised[member] != found:
            raise DrawbridgeError(code, name=name, expected=promised[member], found=found)


def read_inspector_files(
    promised: Document, files: InspectorFiles
) -> tuple[list[str], dict[str, list[str]], list[frozen.ForbiddenPair]]:
    """Objects, rosters by department and forbidden pairs, each file being the committed one.

    Refuses other departments than the committed ones (DB-DRAW-047, 048).
    """
    departments = {department["code"]: department["roster"] for department in promised["departments"]}
    for code in departments:
        if code not in files.rosters:
            raise DrawbridgeError("DB-DRAW-047", department=code)
    rosters = {}
    for code, source in files.rosters.items():
        if code not in departments:
            raise DrawbridgeError("DB-DRAW-048", department=code)
        roster = frozen.read_roster(source, code)
        same_as_committed(frozen.roster_name(code), departments[code], len(roster.inspectors), roster.sha256)
        rosters[code] = roster.inspectors
    visits = frozen.read_objects(files.objects)
    same_as_committed(frozen.OBJECTS, promised["objects"], len(visits.objects), visits.sha256)
    forbidden = frozen.read_forbidden(files.forbidden)
    same_as_committed(frozen.FORBIDDEN, promised["forbidden"], len(forbidden.pairs), forbidden.sha256)
    return visits.objects, rosters, forbidden.pairs


def _certified(
    promised: Document,
    commitment_digest: str,
    given: list[dict[str, str]],
    seed: bytes,
    corrects: str | None,
    drawn: Mapping[str, Any],
) -> bytes:
    certificate = {
        "spec": SPEC,
        "commitment": promised,
        "commitment_digest": commitment_digest,
        "contributions": given,
        "seed": seed.hex(),
        "corrects": corrects,
        **drawn,
    }
    check_certificate_form(certificate)
    return canonical(certificate)


# --- corrections --------------------------------------------------------------------------------------


def batches_of(certificate: Document) -> list[list[objects.Objection]]:
    """The batches of objections that led to the certificate's replacements, empty ones included."""
    batches: list[list[objects.Objection]] = []
    for entry in certificate["replacements"]:
        while len(batches) < entry["batch"]:
            batches.append([])
        batches[-1].append(
            objects.Objection(entry["object_id"], entry["reason"], entry["decided_by"], entry["at"])
        )
    return batches


def seat_objections_of(certificate: Document) -> list[substitutes.SeatObjection]:
    """The seat objections that led to the certificate's seat replacements, in the order decided."""
    return [
        substitutes.SeatObjection(*(entry[member] for member in substitutes.SeatObjection._fields))
        for entry in certificate["seat_replacements"]
    ]


def values_of(certificate: Document) -> dict[str, str]:
    """The values by contributor id."""
    return {entry["id"]: entry["value"] for entry in certificate["contributions"]}


def correct_objects(
    certificate: bytes,
    eligible: Source,
    batch: Sequence[objects.Objection] = (),
    values: Mapping[str, str] | None = None,
    read: reading.Reader = reading.read_twice,
) -> bytes:
    """The certificate that corrects this one: by one more batch of objections, or another public number.

    `values` replaces single values (a public number that was copied wrongly).
    Refuses a correction that corrects nothing (DB-DRAW-085), and as `compute_objects` does.
    """
    former = parse_certificate(certificate, "objects")
    if not batch and not values:
        raise DrawbridgeError("DB-DRAW-085")
    batches = batches_of(former)
    return compute_objects(
        canonical(former["commitment"]),
        {**values_of(former), **(values or {})},
        eligible,
        [*batches, list(batch)] if batch else batches,
        digest(certificate),
        read,
    )


def correct_inspectors(
    certificate: bytes,
    files: InspectorFiles,
    seat_objections: Sequence[substitutes.SeatObjection] = (),
    values: Mapping[str, str] | None = None,
) -> bytes:
    """The certificate that corrects this one: by further seat objections, or another public number.

    Refuses a correction that corrects nothing (DB-DRAW-085), and as `compute_inspectors` does.
    """
    former = parse_certificate(certificate, "inspectors")
    if not seat_objections and not values:
        raise DrawbridgeError("DB-DRAW-085")
    return compute_inspectors(
        canonical(former["commitment"]),
        {**values_of(former), **(values or {})},
        files,
        [*seat_objections_of(former), *seat_objections],
        digest(certificate),
    )
