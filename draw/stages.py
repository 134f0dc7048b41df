"""Both draws as functions of the commitment, the seed and the frozen lists (§3, §4).

They return the members of the certificate that are drawn; `draw.compute` puts
them into a certificate, `verifier` compares them with one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from draw import inspectors, objects, substitutes
from draw.canonical import Source
from draw.commitment import Document
from draw.frozen import ELIGIBLE, Department, ForbiddenPair
from draw.lines import read_lines
from draw.matching import Matching, first_matching
from draw.reading import request_of
from draw.seed import key
from schemas.errors import DrawbridgeError


def departments_of(commitment: Document) -> list[Department]:
    """The departments of a stage-`inspectors` commitment, the lead first."""
    return [Department(entry["code"], entry["team"]) for entry in commitment["departments"]]


def draw_objects(
    commitment: Document,
    seed: bytes,
    eligible: Source,
    sizes: Mapping[str, int],
    batches: Sequence[Sequence[objects.Objection]],
) -> dict[str, Any]:
    """`strata`, `winners`, `reserves` and `replacements` of stage `objects`.

    `eligible` is the committed eligible.tsv, `sizes` its objects per stratum, as
    `frozen.scan_eligible` counted them.  Refuses objections as `objects.replace`
    does, and a list that is not the committed one (DB-DRAW-039).
    """
    request = request_of(commitment, seed, sum(map(len, batches)))
    hasher = hashlib.sha256()
    lowest = objects.lowest_tickets(read_lines(eligible, ELIGIBLE, hasher), seed, request.keep(sizes))
    if hasher.hexdigest() != commitment["eligible"]["sha256"]:  # the file changed between two readings
        raise DrawbridgeError(
            "DB-DRAW-039",
            name=ELIGIBLE,
            expected=commitment["eligible"]["sha256"],
            found=hasher.hexdigest(),
        )
    return drawn_objects(request.seats(sizes), lowest, batches)


def drawn_objects(
    seated: Sequence[objects.Seats],
    lowest: Mapping[str, Sequence[objects.Ticket]],
    batches: Sequence[Sequence[objects.Objection]],
) -> dict[str, Any]:
    """The same members, from the seats and the lowest tickets that each stratum needs."""
    replaced = objects.replace(lowest, seated, batches)
    return {
        "strata": [seat._asdict() for seat in seated],
        "winners": [
            {**winner._asdict(), "ticket": winner.ticket.hex()} for winner in objects.winners(lowest, seated)
        ],
        "reserves": objects.reserves_shown(lowest, seated, replaced),
        "replacements": [replacement._asdict() for replacement in replaced],
    }


def draw_inspectors(
    commitment: Document,
    seed: bytes,
    visits: Sequence[str],
    rosters: Mapping[str, Sequence[str]],
    forbidden: Sequence[ForbiddenPair],
    seat_objections: Sequence[substitutes.SeatObjection],
) -> dict[str, Any]:
    """`teams`, `barred`, `assignment`, `relax`, `substitutes`, `seat_replacements` of stage `inspectors`.

    The lists are the committed ones, and have passed `frozen.check_stage`.
    Refuses seat objections as `substitutes.replace_seats` does.
    """
    departments, groups = departments_of(commitment), commitment["groups"]
    teams = inspectors.draw_teams(seed, departments, rosters, groups)
    ordered = inspectors.objects_in_order(seed, visits)
    barred = inspectors.barred_groups(teams, forbidden)
    unwanted: dict[str, set[str]] = {}
    for pair in forbidden:
        unwanted.setdefault(pair.object_id, set()).add(pair.inspector_id)

    assignment, relax = _assign(seed, ordered, barred, groups)
    seats: list[substitutes.Substitute] = []
    for object_id in ordered:
        if len(barred.get(object_id, ())) == groups:
            group = assignment[object_id]
            seats += substitutes.substitutes_for(
                seed, object_id, group, teams[group], departments, rosters, unwanted[object_id]
            )
    again = substitutes.replace_seats(seed, seat_objections, assignment, teams, seats, rosters, unwanted)
    return {
        "teams": {str(group): team for group, team in teams.items()},
        "barred": [[o, group] for o in ordered for group in sorted(barred.get(o, ()))],
        "assignment": [[object_id, assignment[object_id]] for object_id in ordered],
        "relax": relax,
        "substitutes": [seat._asdict() for seat in seats],
        "seat_replacements": [seat._asdict() for seat in again],
    }


def _assign(
    seed: bytes, ordered: Sequence[str], barred: Mapping[str, set[int]], groups: int
) -> tuple[dict[str, int], int]:
    """The group of every object, those barred from every group included, and the relaxation."""
    pair_key = key(seed, "pair")
    everywhere = (1 << groups) - 1
    allowed = {o: everywhere & ~sum(1 << group - 1 for group in barred.get(o, ())) for o in ordered}
    matched = [object_id for object_id in ordered if allowed[object_id]]
    matching: Matching = first_matching(
        [allowed[object_id] for object_id in matched],
        groups,
        lambda item, some: inspectors.preferred_groups(pair_key, matched[item], some),
    )
    assignment = dict(zip(matched, matching.group, strict=True))
    for object_id in ordered:
        if object_id not in assignment:
            assignment[object_id] = inspectors.preferred_groups(pair_key, object_id, range(1, groups + 1))[0]
    return assignment, matching.relax
