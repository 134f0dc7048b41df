"""drawbridge-draw/1, §3 and §4, written for the mock alone from the page alone: a second implementation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

from mock_platform.own_matching import first_assignment

Row = dict[str, Any]
SPEC = "drawbridge-draw/1"


def key_of(label: str, seed: str) -> bytes:
    """`key(label)`, 32 bytes."""
    return hashlib.sha256(f"{SPEC}/{label}".encode() + b"\0" + bytes.fromhex(seed)).digest()


def mark(key: bytes, *parts: str) -> tuple[str, str]:
    """Sort key of an id: its hash under `key`, then the id itself."""
    return hashlib.sha256(key + "\0".join(parts).encode()).hexdigest(), parts[-1]


def draw_objects(
    eligible: Sequence[tuple[str, str, str]],
    ratio: Fraction,
    strata: Sequence[tuple[str, Fraction]],
    seed: str,
) -> Row:
    """Members `strata`, `winners` and all reserves. `eligible`: (object id, stratum, uscc)."""
    key = key_of("object", seed)
    order: dict[str, list[str]] = {name: [] for name, _ in strata}
    facts = {object_id: (mark(key, object_id)[0], stratum, code) for object_id, stratum, code in eligible}
    for object_id in sorted(facts, key=lambda one: (facts[one][0], one.encode())):
        order[facts[object_id][1]].append(object_id)
    minimum = {name: ceil(share * len(order[name])) for name, share in strata}
    seats = dict(minimum)
    while sum(seats.values()) < ceil(ratio * len(facts)):
        open_ = [(name, share) for name, share in strata if seats[name] < len(order[name])]
        best = max(
            open_,
            key=lambda pair: (
                (pair[1] * len(order[pair[0]]) / seats[pair[0]]) if seats[pair[0]] else Fraction(10**9),
                -[name for name, _ in strata].index(pair[0]),
            ),
        )
        seats[best[0]] += 1
    won = sorted(
        (one for name in order for one in order[name][: seats[name]]), key=lambda one: (facts[one][0], one)
    )
    return {
        "strata": [
            {"name": name, "size": len(order[name]), "minimum": minimum[name], "drawn": seats[name]}
            for name, _ in strata
        ],
        "winners": [
            {"object_id": one, "ticket": facts[one][0], "stratum": facts[one][1], "uscc": facts[one][2]}
            for one in won
        ],
        "reserves": {name: order[name][seats[name] :] for name in order},
        "tickets": {one: ticket for one, (ticket, _, _) in facts.items()},
    }


def replace(
    drawn: Row, objections: Sequence[str], strata_of: dict[str, str], used: set[str]
) -> list[tuple[str, str | None]]:
    """One batch of replacements, in ticket order; `strata_of` and `used` go on to the next batch."""
    pairs: list[tuple[str, str | None]] = []
    tickets = drawn["tickets"]
    for gone in sorted(objections, key=lambda one: (tickets[one], one)):
        stratum = strata_of[gone]
        own = [one for one in drawn["reserves"][stratum] if one not in used]
        anywhere = sorted(
            (one for rest in drawn["reserves"].values() for one in rest if one not in used),
            key=lambda one: (tickets[one], one),
        )
        by = own[0] if own else anywhere[0] if anywhere else None
        if by is not None:
            used.add(by)
            strata_of[by] = stratum
        pairs.append((gone, by))
    return pairs


def draw_inspectors(
    objects: Sequence[str],
    rosters: Mapping[str, Sequence[str]],
    team: Mapping[str, int],
    groups: int,
    forbidden: set[tuple[str, str]],
    seed: str,
) -> Row:
    """Members `teams`, `barred`, `assignment`, `relax`, `substitutes`. `rosters`: by department."""
    teams: dict[str, dict[str, list[str]]] = {str(g): {} for g in range(1, groups + 1)}
    for code, ids in rosters.items():
        key = key_of(f"inspector/{code}", seed)
        ordered = sorted(ids, key=lambda one: mark(key, one))
        for g in range(groups):
            teams[str(g + 1)][code] = ordered[g * team[code] : (g + 1) * team[code]]
    object_key, pair_key = key_of("object", seed), key_of("pair", seed)
    ordered_objects = sorted(objects, key=lambda one: mark(object_key, one))
    wishes = {
        one: sorted(range(1, groups + 1), key=lambda g: (mark(pair_key, one, str(g))[0], g))
        for one in ordered_objects
    }
    barred = [
        (one, g)
        for one in ordered_objects
        for g in range(1, groups + 1)
        if any((one, person) in forbidden for ids in teams[str(g)].values() for person in ids)
    ]
    closed = set(barred)
    allowed = {one: [g for g in wishes[one] if (one, g) not in closed] for one in ordered_objects}
    free = [one for one in ordered_objects if allowed[one]]
    relax, assigned = first_assignment(free, allowed, groups)
    assignment = {one: assigned.get(one, wishes[one][0]) for one in ordered_objects}
    substitutes = [
        change
        for one in ordered_objects
        if not allowed[one]
        for change in _substitutes(one, assignment[one], teams, rosters, forbidden, seed)
    ]
    return {
        "teams": teams,
        "barred": [list(pair) for pair in barred],
        "assignment": [[one, assignment[one]] for one in ordered_objects],
        "relax": relax,
        "substitutes": substitutes,
    }


def _substitutes(
    one: str,
    group: int,
    teams: Mapping[str, Mapping[str, Sequence[str]]],
    rosters: Mapping[str, Sequence[str]],
    forbidden: set[tuple[str, str]],
    seed: str,
) -> list[Row]:
    found: list[Row] = []
    for code, ids in teams[str(group)].items():
        key = key_of(f"seat/{code}", seed)
        for person in ids:
            if (one, person) not in forbidden:
                continue
            taken = {*ids, *(row["by"] for row in found)}
            rest = [other for other in rosters[code] if other not in taken and (one, other) not in forbidden]
            by = min(rest, key=lambda other: mark(key, one, other))
            row = {"object_id": one, "group": group, "department": code, "replaced": person, "by": by}
            found.append(row)
    return found
