"""The public form of an inspectors' certificate, made again from the whole one (§5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from verifier.recompute.document import Document, canonical, parse
from verifier.recompute.former import Former
from verifier.recompute.lists import Source, roster_name, salt_and_ids
from verifier.recompute.table import Row, Unfit, compare, failed, not_checked, not_fit, ok

_SAME = ("spec", "commitment", "commitment_digest", "contributions", "seed", "corrects", "relax")


def row_of_public_form(
    data: bytes, document: Document, formers: Sequence[Former], rosters: Mapping[str, Source]
) -> Row:
    """The row `public_form`; `data` are the bytes that `document` was read from."""
    promised = document["commitment"]
    which = ("campaign", "stage", "round")
    candidates = [
        one
        for one in formers
        if one.certified and all(one.commitment[member] == promised[member] for member in which)
    ]
    missing = ["--before (full certificate)"] if not candidates else []
    missing += [roster_name(one["code"]) for one in promised["departments"] if one["code"] not in rosters]
    if missing:
        return not_checked("public_form", "、".join(missing))
    full = next((one for one in candidates if one.digest == document["full"]), None)
    if full is None:
        return failed("public_form", f"full {document['full']}", candidates[0].digest)
    try:
        salts = {
            one["code"]: salt_and_ids(rosters[one["code"]], one["code"], one["roster"])[0]
            for one in promised["departments"]
        }
        again = _public(full, salts)
    except Unfit as unfit:
        return not_fit("public_form", unfit)
    written = canonical(again)
    return ok("public_form") if written == data else compare("public_form", parse(written), document)


def _public(full: Former, salts: Mapping[str, str]) -> dict[str, Any]:
    """The public form. Raises Unfit where the whole certificate does not hold together."""
    whole = full.document
    codes = [one["code"] for one in full.commitment["departments"]]

    def masked(team: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        try:
            return {
                code: sorted(sha256(f"{salts[code]}\0{one}".encode()).hexdigest()[:16] for one in ids)
                for code, ids in team.items()
            }
        except KeyError as absent:
            raise Unfit("departments of the commitment", absent.args[0]) from None

    changes: dict[str, list[Mapping[str, Any]]] = {}
    for seat in [*whole["substitutes"], *whole["seat_replacements"]]:
        changes.setdefault(seat["object_id"], []).append(seat)
    visits = []
    for object_id, group in whole["assignment"]:
        drawn = whole["teams"].get(str(group), {})
        if set(drawn) != set(codes):
            raise Unfit(f"group {group} with its departments", "another in the full certificate")
        team = {code: list(drawn[code]) for code in codes}
        for seat in changes.get(object_id, ()):
            _change(team, seat)
        visits.append({"object_id": object_id, "group": group, "team": masked(team)})
    return {
        **{member: whole[member] for member in _SAME},
        "teams": {group: masked(team) for group, team in whole["teams"].items()},
        "visits": visits,
        "full": full.digest,
    }


def _change(team: Mapping[str, list[str]], seat: Mapping[str, Any]) -> None:
    names = team.get(seat["department"], [])
    if seat["replaced"] not in names:
        raise Unfit("a seat of the team in the full certificate", seat["replaced"])
    names.remove(seat["replaced"])
    if seat["by"] is not None:
        names.append(seat["by"])
