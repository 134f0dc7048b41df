"""Both stages of the draw once more, by the slowest correct methods.

Written from draw-spec.md alone and sharing nothing with `draw`: every hash is spelt out, every
assignment is enumerated and measured, ratios are fractions, order comes from `sorted`.  What a
member is called is what the certificate calls it (§5).
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

NAME = b"drawbridge-draw/1"


def sha(data: bytes) -> bytes:
    """H of §1."""
    return hashlib.sha256(data).digest()


def seed_of(commitment: bytes, values: Sequence[str]) -> bytes:
    """§2: out of the commitment's canonical bytes and the values in the order of its contributors."""
    return sha(NAME + b"/seed" + b"\0" + sha(commitment) + b"".join(sha(one.encode()) for one in values))


def key(seed: bytes, label: str) -> bytes:
    """§2."""
    return sha(NAME + b"/" + label.encode() + b"\0" + seed)


def by_hash(prefix: bytes, ids: Sequence[str]) -> list[str]:
    """The ids by H(prefix ‖ id), a big-endian number, then by the bytes of the id."""
    return sorted(ids, key=lambda one: (int.from_bytes(sha(prefix + one.encode()), "big"), one.encode()))


# --- stage `objects` (§3) -----------------------------------------------------------------------------


def seats_by_adams(strata: Sequence[tuple[str, str, int]], ratio: str) -> list[dict[str, Any]]:
    """§3.2 with fractions; `strata` are name, ratio and size as listed."""
    rows: list[dict[str, Any]] = [
        {"name": name, "size": size, "minimum": math.ceil(Fraction(share) * size)}
        for name, share, size in strata
    ]
    drawn: list[int] = [row["minimum"] for row in rows]
    while sum(drawn) < math.ceil(Fraction(ratio) * sum(size for _, _, size in strata)):
        best = None
        for h, (_, share, size) in enumerate(strata):
            if drawn[h] == size:
                continue
            claim = Fraction(share) * size / drawn[h]  # no stratum with an object has a minimum of none
            if best is None or claim > best[0]:
                best = claim, h
        assert best is not None
        drawn[best[1]] += 1
    return [{**row, "drawn": count} for row, count in zip(rows, drawn, strict=True)]


def objects_stage(
    seed: bytes,
    rows: Sequence[tuple[str, str, str]],
    strata: Sequence[tuple[str, str]],
    ratio: str,
    batches: Sequence[Sequence[str]],
) -> dict[str, Any]:
    """Strata, winners, reserves, and `(object, by, uscc, batch)` for each replacement.

    `rows` are id, stratum and uscc, `strata` name and ratio as listed, `batches` ids as recorded.
    """
    everything = {row[0]: row for row in rows}
    order = by_hash(key(seed, "object"), list(everything))
    place = {one: position for position, one in enumerate(order)}
    queue = {name: [one for one in order if everything[one][1] == name] for name, _ in strata}
    seated = seats_by_adams([(name, share, len(queue[name])) for name, share in strata], ratio)
    drawn = {seat["name"]: queue[seat["name"]][: seat["drawn"]] for seat in seated}
    spare = {seat["name"]: queue[seat["name"]][seat["drawn"] :] for seat in seated}
    winners = [one for one in order if any(one in part for part in drawn.values())]

    used: list[str] = []
    first_drawn_in = {one: everything[one][1] for one in winners}
    replaced: list[tuple[str, str | None, str | None, int]] = []
    for number, batch in enumerate(batches, 1):
        for gone in sorted(batch, key=place.__getitem__):
            own = [one for one in spare[first_drawn_in[gone]] if one not in used]
            anywhere = [one for one in order if any(one in part for part in spare.values())]
            left = own or [one for one in anywhere if one not in used]
            if not left:
                replaced.append((gone, None, None, number))
                continue
            used.append(left[0])
            first_drawn_in[left[0]] = first_drawn_in[gone]
            replaced.append((gone, left[0], everything[left[0]][2], number))

    def shown(queue: list[str]) -> list[str]:
        return queue[: max(10, sum(one in used for one in queue))]

    return {
        "strata": seated,
        "winners": [
            {
                "object_id": one,
                "ticket": sha(key(seed, "object") + one.encode()).hex(),
                "stratum": everything[one][1],
                "uscc": everything[one][2],
            }
            for one in winners
        ],
        "reserves": {name: shown(part) for name, part in spare.items()},
        "replacements": replaced,
    }


# --- stage `inspectors` (§4) --------------------------------------------------------------------------


def assign(lists: Sequence[Sequence[int]], groups: int) -> tuple[list[int], int]:
    """§4.3 for objects that have a list of groups each, best first: the groups, and t.

    All assignments are enumerated and each is asked what t it would need.  They come in
    lexicographic order of preference, so that the first with the least t is the one.
    """
    count = len(lists)
    if count == 0:
        return [], 0
    floor, ceiling = count // groups, -(-count // groups)
    best: tuple[int, tuple[int, ...]] | None = None
    for chosen in itertools.product(*lists):
        loads = [chosen.count(group) for group in range(1, groups + 1)]
        short = floor - min(loads)  # a lower bound of max(0, floor − t) asks for no more than this
        needed = max(0, max(loads) - ceiling, short)
        if best is None or needed < best[0]:
            best = needed, chosen
    assert best is not None
    return list(best[1]), best[0]


def inspectors_stage(
    seed: bytes,
    objects: Sequence[str],
    departments: Sequence[tuple[str, int]],
    rosters: Mapping[str, Sequence[str]],
    forbidden: Sequence[tuple[str, str]],
    groups: int,
    leaving: Sequence[tuple[str, str, str]] = (),
) -> dict[str, Any]:
    """Teams, barred, assignment, relax, substitutes, and `(object, group, department, who, by)` for seats.

    `departments` are code and team size, `forbidden` pairs of object and inspector, `leaving`
    object, department and inspector of the seats to fill again, in the order decided.
    """
    numbers = range(1, groups + 1)
    order = {code: by_hash(key(seed, "inspector/" + code), rosters[code]) for code, _ in departments}
    teams = {
        str(g): {code: order[code][(g - 1) * size : g * size] for code, size in departments} for g in numbers
    }
    visits = by_hash(key(seed, "object"), objects)

    def is_barred(visit: str, g: int) -> bool:
        return any((visit, one) in forbidden for team in teams[str(g)].values() for one in team)

    def rank(visit: str, g: int) -> tuple[int, int]:
        return int.from_bytes(sha(key(seed, "pair") + visit.encode() + b"\0" + str(g).encode()), "big"), g

    lists = {visit: sorted(numbers, key=partial(rank, visit)) for visit in visits}
    free = {visit: [g for g in lists[visit] if not is_barred(visit, g)] for visit in visits}
    matched = [visit for visit in visits if free[visit]]
    chosen, relax = assign([free[visit] for visit in matched], groups)
    group_of = dict(zip(matched, chosen, strict=True))

    def next_in(code: str, visit: str, excluded: Sequence[str]) -> str | None:
        left = [i for i in rosters[code] if i not in excluded and (visit, i) not in forbidden]
        return next(iter(by_hash(key(seed, "seat/" + code) + visit.encode() + b"\0", left)), None)

    there: dict[tuple[str, str], list[str]] = {}
    gone: dict[tuple[str, str], list[str]] = {}
    substitutes = []
    for visit in visits:
        group = group_of.setdefault(visit, lists[visit][0])
        for code, _ in departments:
            seat = visit, code
            there[seat], gone[seat] = list(teams[str(group)][code]), []
            if free[visit]:
                continue
            for member in teams[str(group)][code]:
                if (visit, member) in forbidden:
                    by = next_in(code, visit, there[seat] + gone[seat])
                    assert by is not None
                    there[seat].remove(member)
                    gone[seat].append(member)
                    there[seat].append(by)
                    substitutes.append(
                        {"object_id": visit, "group": group, "department": code, "replaced": member, "by": by}
                    )
    seats = []
    for visit, code, member in leaving:
        seat = visit, code
        by = next_in(code, visit, there[seat] + gone[seat])
        there[seat].remove(member)
        gone[seat].append(member)
        there[seat] += [by] if by is not None else []
        seats.append((visit, group_of[visit], code, member, by))
    return {
        "teams": teams,
        "barred": [[visit, g] for visit in visits for g in numbers if is_barred(visit, g)],
        "assignment": [[visit, group_of[visit]] for visit in visits],
        "relax": relax,
        "substitutes": substitutes,
        "seat_replacements": seats,
    }
