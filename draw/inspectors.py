"""Stage `inspectors`: teams, joint groups, and the order in which objects come and choose (§4.1, §4.2)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from draw.frozen import Department, ForbiddenPair
from draw.seed import key

Teams = dict[int, dict[str, list[str]]]
"""Members by group number (from 1) and department code, in team order."""


def draw_teams(
    seed: bytes, departments: Sequence[Department], rosters: Mapping[str, Sequence[str]], groups: int
) -> Teams:
    """Group g takes positions (g−1)·team+1 … g·team of each department's drawn order.

    A roster must have team × groups ids (the freeze has seen to it).
    """
    teams: Teams = {group: {} for group in range(1, groups + 1)}
    for code, team in departments:
        ordered = _in_hash_order(key(seed, "inspector/" + code), rosters[code])
        for group in teams:
            teams[group][code] = ordered[(group - 1) * team : group * team]
    return teams


def objects_in_order(seed: bytes, objects: Iterable[str]) -> list[str]:
    """The objects by H(key("object") ‖ object_id) of this stage's seed, then by id."""
    return _in_hash_order(key(seed, "object"), objects)


def _in_hash_order(prefix: bytes, ids: Iterable[str]) -> list[str]:
    return sorted(ids, key=lambda one: (hashlib.sha256(prefix + one.encode()).digest(), one))


def preferred_groups(pair_key: bytes, object_id: str, groups: Iterable[int]) -> list[int]:
    """These groups as the object prefers them: by H(key("pair") ‖ object_id ‖ 00 ‖ decimal g), then g."""
    prefix, sha256 = pair_key + object_id.encode() + b"\0", hashlib.sha256
    ranked = [(sha256(prefix + b"%d" % group).digest(), group) for group in groups]
    ranked.sort()
    return [group for _, group in ranked]


def barred_groups(teams: Teams, forbidden: Iterable[ForbiddenPair]) -> dict[str, set[int]]:
    """Groups with a member who may not visit the object, by object id; objects without any are left out."""
    group_of = {
        inspector: group
        for group, team in teams.items()
        for members in team.values()
        for inspector in members
    }
    barred: dict[str, set[int]] = {}
    for object_id, inspector, _ in forbidden:
        if inspector in group_of:
            barred.setdefault(object_id, set()).add(group_of[inspector])
    return barred
