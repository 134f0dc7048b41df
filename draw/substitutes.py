"""Visits whose team cannot go as drawn: barred members and later seat replacements (§4.4, §4.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from draw.frozen import Department
from draw.seed import key
from schemas.errors import DrawbridgeError


class Substitute(NamedTuple):
    """For this visit `by` takes the seat of `replaced`, who is barred."""

    object_id: str
    group: int
    department: str
    replaced: str
    by: str


class SeatObjection(NamedTuple):
    """An accepted reason why an inspector cannot go to one object; decided by a role, never a name."""

    object_id: str
    department: str
    replaced: str
    reason: str
    decided_by: str
    at: str


class SeatReplacement(NamedTuple):
    """What a seat objection led to; `by` is None where nobody was left."""

    object_id: str
    group: int
    department: str
    replaced: str
    by: str | None
    reason: str
    decided_by: str
    at: str


def next_for_seat(
    seat_key: bytes, object_id: str, roster: Sequence[str], excluded: Collection[str]
) -> str | None:
    """The inspector with the smallest H(key("seat/"code) ‖ object_id ‖ 00 ‖ inspector_id), then id."""
    prefix = seat_key + object_id.encode() + b"\0"
    return min(
        (inspector for inspector in roster if inspector not in excluded),
        key=lambda inspector: (hashlib.sha256(prefix + inspector.encode()).digest(), inspector),
        default=None,
    )


def substitutes_for(
    seed: bytes,
    object_id: str,
    group: int,
    team: Mapping[str, Sequence[str]],
    departments: Sequence[Department],
    rosters: Mapping[str, Sequence[str]],
    forbidden: Collection[str],
) -> list[Substitute]:
    """Who goes in place of the barred members of the group, departments in order, in team order.

    `forbidden` are the inspectors who may not visit this object.  The freeze has
    seen to it that somebody is left for each seat.
    """
    found = []
    for code, _ in departments:
        excluded = set(team[code]) | set(forbidden)
        for member in team[code]:
            if member in forbidden:
                by = next_for_seat(key(seed, "seat/" + code), object_id, rosters[code], excluded)
                if by is None:
                    raise ValueError(f"{object_id}: a freeze with too few inspectors of {code} got through")
                excluded.add(by)
                found.append(Substitute(object_id, group, code, member, by))
    return found


def replace_seats(
    seed: bytes,
    objections: Sequence[SeatObjection],
    assignment: Mapping[str, int],
    teams: Mapping[int, Mapping[str, Sequence[str]]],
    substitutes: Sequence[Substitute],
    rosters: Mapping[str, Sequence[str]],
    forbidden: Mapping[str, Collection[str]],
) -> list[SeatReplacement]:
    """Fill seats again, in the order in which the objections were decided.

    Each seat goes by the rule of `next_for_seat` against the team as it then
    stands; nobody who was replaced for this visit before comes back.  An inspector
    who falls out altogether is one objection per object, in object order.

    Refuses an object that is not visited (DB-DRAW-083), an unknown department
    (084) and somebody who is not in the team as it stands (082).
    """
    changes: dict[tuple[str, str], list[tuple[str, str | None]]] = {}
    for seat in substitutes:
        changes.setdefault((seat.object_id, seat.department), []).append((seat.replaced, seat.by))
    recorded = []
    for objection in objections:
        object_id, code, replaced = objection.object_id, objection.department, objection.replaced
        if object_id not in assignment:
            raise DrawbridgeError("DB-DRAW-083", object_id=object_id)
        if code not in rosters:
            raise DrawbridgeError("DB-DRAW-084", department=code)
        group = assignment[object_id]
        made = changes.setdefault((object_id, code), [])
        gone = {old for old, _ in made}
        standing = ({*teams[group][code]} | {new for _, new in made if new is not None}) - gone
        if replaced not in standing:
            raise DrawbridgeError("DB-DRAW-082", object_id=object_id, department=code, group=group)
        excluded = standing | gone | set(forbidden.get(object_id, ()))
        by = next_for_seat(key(seed, "seat/" + code), object_id, rosters[code], excluded)
        made.append((replaced, by))
        recorded.append(
            SeatReplacement(
                object_id, group, code, replaced, by, objection.reason, objection.decided_by, objection.at
            )
        )
    return recorded
