"""Teams, the groups that they may not visit with, who goes where, and whose seat somebody else takes (§4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from verifier.recompute.document import Document
from verifier.recompute.lists import VisitFiles
from verifier.recompute.matching import first_assignment
from verifier.recompute.reveal import key
from verifier.recompute.table import Unfit


class Visits(NamedTuple):
    """What is drawn.

    Teams by group and department; objects in order; the groups that are barred for an object; the group of
    every object; the relaxation.  Groups count from 1.
    """

    teams: dict[int, dict[str, list[str]]]
    order: list[str]
    barred: dict[str, set[int]]
    assignment: dict[str, int]
    relax: int


def _by_hash(hash_key: bytes, ids: Sequence[str]) -> list[str]:
    return sorted(ids, key=lambda one: (sha256(hash_key + one.encode()).digest(), one))


def drawn_visits(commitment: Document, seed: bytes, files: VisitFiles) -> Visits:
    """Teams and matching from the committed files, which must fit as `lists.read_visit_files` sees to."""
    groups = commitment["groups"]
    teams: dict[int, dict[str, list[str]]] = {group: {} for group in range(1, groups + 1)}
    group_of: dict[str, int] = {}
    for department in commitment["departments"]:
        code, size = department["code"], department["team"]
        drawn = _by_hash(key(seed, f"inspector/{code}"), files.rosters[code])[: size * groups]
        for place, one in enumerate(drawn):
            group_of[one] = place // size + 1
            teams[group_of[one]].setdefault(code, []).append(one)

    order = _by_hash(key(seed, "object"), files.objects)
    barred = {
        one: {group_of[inspector] for inspector in unwanted if inspector in group_of}
        for one, unwanted in files.forbidden.items()
    }
    everything = (1 << groups) - 1
    allowed = {one: everything - sum(1 << group - 1 for group in barred.get(one, ())) for one in order}
    matched = [one for one in order if allowed[one]]
    pair_key = key(seed, "pair")

    def best(object_id: str, some: int) -> int:
        """The group (from 0) of a set that comes first in the object's list."""
        start = sha256(pair_key + object_id.encode() + b"\0")
        first: tuple[bytes, int] | None = None
        while some:
            group = (some & -some).bit_length()
            some &= some - 1
            hashed = start.copy()
            hashed.update(b"%d" % group)
            claim = (hashed.digest(), group)
            if first is None or claim < first:
                first = claim
        if first is None:
            raise ValueError(f"{object_id}: no group")
        return first[1] - 1

    found, relax = first_assignment(
        [allowed[one] for one in matched], groups, lambda place, some: best(matched[place], some)
    )
    assignment = {one: group + 1 for one, group in zip(matched, found, strict=True)}
    assignment |= {one: best(one, everything) + 1 for one in order if not allowed[one]}
    return Visits(teams, order, barred, assignment, relax)


# --- seats ------------------------------------------------------------------------------------------------


def _successor(
    seed: bytes, object_id: str, code: str, roster: Sequence[str], out: Collection[str]
) -> str | None:
    """Who takes a seat of this department at this object, those in `out` apart; None if nobody is left."""
    seat_key = key(seed, f"seat/{code}") + object_id.encode() + b"\0"
    return next(iter(_by_hash(seat_key, [one for one in roster if one not in out])), None)


def substitutes(commitment: Document, seed: bytes, files: VisitFiles, visits: Visits) -> list[dict[str, Any]]:
    """`substitutes` as the certificate must have it: for objects that every group is barred for."""
    found: list[dict[str, Any]] = []
    for object_id in visits.order:
        if len(visits.barred.get(object_id, ())) < commitment["groups"]:
            continue
        group, unwanted = visits.assignment[object_id], files.forbidden[object_id]
        for code in (department["code"] for department in commitment["departments"]):
            team = visits.teams[group][code]
            out = {*team, *unwanted}
            for member in team:
                if member in unwanted:
                    by = _successor(seed, object_id, code, files.rosters[code], out)
                    out |= {by} if by else set()
                    found.append(_seat(object_id, group, code, member, by))
    return found


def _seat(object_id: str, group: int, code: str, replaced: str, by: str | None) -> dict[str, Any]:
    return {"object_id": object_id, "group": group, "department": code, "replaced": replaced, "by": by}


def seat_replacements(
    seed: bytes,
    files: VisitFiles,
    visits: Visits,
    substituted: Sequence[Mapping[str, Any]],
    entries: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """What the objections of these entries lead to, in their order, in the form of `seat_replacements`.

    Raises Unfit for an object that is not visited, another group than the object's, an unknown department and
    somebody who is not on the team as it then stands.
    """
    standing: dict[tuple[str, str], set[str]] = {}
    gone: dict[tuple[str, str], set[str]] = {}
    for seat in substituted:
        where = (seat["object_id"], seat["department"])
        team = standing.setdefault(where, set(visits.teams[seat["group"]][where[1]]))
        team.remove(seat["replaced"])
        team |= {seat["by"]} if seat["by"] else set()
        gone.setdefault(where, set()).add(seat["replaced"])
    recorded = []
    for place, entry in enumerate(entries):
        object_id, code, replaced = entry["object_id"], entry["department"], entry["replaced"]
        name = f"seat_replacements[{place}]"
        if visits.assignment.get(object_id) != entry["group"]:
            raise Unfit(f"{name} an object that is visited, with its group", f"{object_id} {entry['group']}")
        if code not in files.rosters:
            raise Unfit(f"{name} a department", code)
        group = visits.assignment[object_id]
        team = standing.setdefault((object_id, code), set(visits.teams[group][code]))
        out = gone.setdefault((object_id, code), set())
        if replaced not in team:
            raise Unfit(f"{name} somebody on the team", replaced)
        by = _successor(
            seed, object_id, code, files.rosters[code], team | out | files.forbidden.get(object_id, set())
        )
        team.remove(replaced)
        out.add(replaced)
        team |= {by} if by else set()
        decided = {member: entry[member] for member in ("reason", "decided_by", "at")}
        recorded.append({**_seat(object_id, group, code, replaced, by), **decided})
    return recorded
