"""The rows of stage `inspectors`: files, teams, barred pairs, assignment, substitutes, seat replacements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verifier.recompute import lists, teams
from verifier.recompute.document import Document
from verifier.recompute.reveal import Reveal
from verifier.recompute.table import Row, Unfit, compare, not_checked, not_fit, ok

DRAWN = ("teams", "barred", "assignment", "substitutes", "seat_replacements")


def rows_of_inspectors(
    document: Document,
    reveal: Reveal,
    objects: lists.Source | None,
    forbidden: lists.Source | None,
    rosters: Mapping[str, lists.Source],
) -> dict[str, Row]:
    """The rows `files` and those of the draw; all files are needed."""
    commitment = document["commitment"]
    absent = [code for code in (one["code"] for one in commitment["departments"]) if code not in rosters]
    if objects is None or forbidden is None or absent:
        given = {lists.OBJECTS: objects, lists.FORBIDDEN: forbidden}
        missing = [name for name, source in given.items() if source is None]
        missing += [lists.roster_name(code) for code in absent]
        return {check: not_checked(check, "、".join(missing)) for check in ("files", *DRAWN)}
    try:
        files = lists.read_visit_files(commitment, objects, forbidden, rosters)
    except Unfit as unfit:
        return {
            "files": not_fit("files", unfit),
            **{check: not_checked(check, "the committed files") for check in DRAWN},
        }
    return {"files": ok("files"), **_computed(document, reveal, files)}


def _computed(document: Document, reveal: Reveal, files: lists.VisitFiles) -> dict[str, Row]:
    commitment = document["commitment"]
    visit = teams.drawn_visits(commitment, reveal.seed, files)
    expected: dict[str, Any] = {
        "teams": {str(group): visit.teams[group] for group in sorted(visit.teams)},
        "barred": [[one, group] for one in visit.order for group in sorted(visit.barred.get(one, ()))],
        "assignment": [[one, visit.assignment[one]] for one in visit.order],
        "substitutes": teams.substitutes(commitment, reveal.seed, files, visit),
    }
    rows = {check: compare(check, value, document[check]) for check, value in expected.items()}
    if rows["assignment"].state == "ok":
        rows["assignment"] = compare("assignment", visit.relax, document["relax"], "relax")
    entries = document["seat_replacements"]
    try:
        again = teams.seat_replacements(reveal.seed, files, visit, expected["substitutes"], entries)
        rows["seat_replacements"] = compare("seat_replacements", again, entries)
    except Unfit as unfit:
        rows["seat_replacements"] = not_fit("seat_replacements", unfit)
    return rows
