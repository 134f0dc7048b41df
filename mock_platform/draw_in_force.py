"""The draw in force, whoever made it: which objects are to be visited, by which teams.

`world.drawn` holds `by` (client or platform), `at`, `eligible` (or null), `objects`
[{objectId, uniscid, stratum, replaces, replacedBy}], and after the second stage `groups`
{"1": {department: [inspector ids]}}, `assignment` {uniscid: group}, `changes`
[{uniscid, department, replaced, by}] in the order decided.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_platform.world import World

Row = dict[str, Any]
GONE = ""  # `replacedBy` of an object that no reserve was left for


def objects_in_force(world: World) -> list[Row]:
    """Drawn objects that were not replaced, replacements included."""
    return [row for row in world.drawn.get("objects", []) if row["replacedBy"] is None]


def enterprises_in_force(world: World) -> list[str]:
    """Codes of the enterprises to visit, sorted, each once."""
    return sorted({row["uniscid"] for row in objects_in_force(world)})


def objects_file(world: World) -> tuple[int, str]:
    """Count and SHA-256 of objects.txt, as the second stage's commitment must have them."""
    codes = enterprises_in_force(world)
    return len(codes), hashlib.sha256("".join(f"{code}\n" for code in codes).encode()).hexdigest()


def team_of(world: World, code: str) -> dict[str, list[str]]:
    """department -> inspector ids who visit that enterprise, substitutes and seat replacements included."""
    group = world.drawn["assignment"].get(code)
    teams = {department: list(ids) for department, ids in world.drawn["groups"][str(group)].items()}
    for change in world.drawn.get("changes", []):
        if change["uniscid"] != code:
            continue
        team = teams[change["department"]]
        if change["replaced"] in team:
            place = team.index(change["replaced"])
            team[place : place + 1] = [change["by"]] if change["by"] else []
    return teams


def confirmations_complete(world: World) -> bool:
    """Whether every department has answered on every object in force."""
    return bool(world.dispatches) and all(
        f"{row['objectId']}/{department.code}" in world.confirmations
        for row in objects_in_force(world)
        for department in world.plan.departments
    )
