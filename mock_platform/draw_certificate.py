"""What a certificate says of objects, teams and assignment: checked as the platform can, and taken over."""

from __future__ import annotations

import hashlib
from typing import Any

from mock_platform.credit_code import as_meant
from mock_platform.departments import SPEC
from mock_platform.draw_in_force import GONE, enterprises_in_force
from mock_platform.fates import assign_fates
from mock_platform.refusal import require
from mock_platform.shanghai_time import wire_time
from mock_platform.world import Row, World

_BOTH = {"spec", "commitment", "commitment_digest", "contributions", "seed", "corrects"}
_OBJECTS = _BOTH | {"strata", "winners", "reserves", "replacements"}
_INSPECTORS = _BOTH | {"teams", "barred", "assignment", "relax", "substitutes", "seat_replacements"}


def ticket(seed: str, object_id: str) -> str:
    """An object's ticket (draw-spec.md §3.1), 64 hex digits."""
    key = hashlib.sha256(f"{SPEC}/object".encode() + b"\0" + bytes.fromhex(seed)).digest()
    return hashlib.sha256(key + object_id.encode("utf-8")).hexdigest()


def check_objects(world: World, document: Row) -> None:
    """Stage objects: members, tickets and their order, counts, and that every object is in the directory."""
    require(set(document) == _OBJECTS, "证书的项目不全或有多余")
    winners, replacements = document["winners"], document["replacements"]
    require(isinstance(winners, list) and isinstance(replacements, list), "证书格式不对")
    owners = known_owners(world)
    for one in winners:
        require(set(one) == {"object_id", "ticket", "stratum", "uscc"}, "抽中对象的项目不全或有多余")
        require(one["ticket"] == ticket(document["seed"], one["object_id"]), "抽中对象的签号算不出来")
        require(one["uscc"] in owners.get(one["object_id"], ()), "抽中对象不在名录库中，或建设单位不符")
    order = [(one["ticket"], one["object_id"]) for one in winners]
    require(order == sorted(set(order)), "抽中对象重复或次序不对")
    require(
        sum(one["drawn"] for one in document["strata"]) == len(winners), "各层抽取数之和与抽中对象数不一致"
    )
    drawn = {one["object_id"] for one in winners}
    for one in replacements:
        require(one["object_id"] in drawn, "被替换的对象不在抽中之列")
        require(
            one["by"] is None or one["uscc"] in owners.get(one["by"], ()),
            "替补对象不在名录库中，或建设单位不符",
        )
        require(one["by"] not in drawn, "替补对象已在抽中之列")
        drawn.add(one["by"])


def take_objects(world: World, document: Row) -> list[str]:
    """Takes the draw over. Returns the object ids that are new and have to be dispatched."""
    before = {row["objectId"] for row in world.drawn.get("objects", [])}
    rows = [_drawn_row(one["object_id"], one["uscc"], one["stratum"], None) for one in document["winners"]]
    by_id = {row["objectId"]: row for row in rows}
    for one in document["replacements"]:
        gone = by_id[one["object_id"]]
        gone["replacedBy"] = one["by"] if one["by"] is not None else GONE
        if one["by"] is not None:
            by_id[one["by"]] = _drawn_row(one["by"], one["uscc"], gone["stratum"], one["object_id"])
            rows.append(by_id[one["by"]])
    world.drawn["objects"] = rows
    world.drawn["by"], world.drawn["at"] = "client", wire_time(world.now())
    return [row["objectId"] for row in rows if row["objectId"] not in before and row["replacedBy"] is None]


def _drawn_row(object_id: str, code: str, stratum: str | None, replaces: str | None) -> Row:
    return {
        "objectId": object_id,
        "uniscid": code,
        "stratum": stratum,
        "replaces": replaces,
        "replacedBy": None,
    }


def check_inspectors(world: World, document: Row) -> None:
    """Stage inspectors: members, teams from the rosters, every enterprise assigned once."""
    require(set(document) == _INSPECTORS, "证书的项目不全或有多余")
    teams, commitment = document["teams"], document["commitment"]
    require(sorted(teams, key=int) == [str(g) for g in range(1, commitment["groups"] + 1)], "组号不对")
    sizes = {one["code"]: one["team"] for one in commitment["departments"]}
    department_of = {row["inspectorId"]: row["deptCode"] for row in world.inspectors}
    seen: set[str] = set()
    for team in teams.values():
        require(set(team) == set(sizes), "组内部门不全")
        for code, ids in team.items():
            require(len(ids) == sizes[code], "组内人数与承诺不一致")
            require(all(department_of.get(one) == code for one in ids), "组内有人不在该部门名录库中")
            require(seen.isdisjoint(ids) and len(set(ids)) == len(ids), "一人在两组之中")
            seen.update(ids)
    assigned = [code for code, _ in document["assignment"]]
    require(sorted(assigned) == enterprises_in_force(world), "匹配的对象与抽中对象不一致")
    require(all(str(group) in teams for _, group in document["assignment"]), "匹配到不存在的组")


def take_inspectors(world: World, document: Row) -> None:
    """Takes teams and assignment over; what will be found is decided now."""
    changes = [*document["substitutes"], *document["seat_replacements"]]
    world.drawn["groups"] = document["teams"]
    world.drawn["assignment"] = dict(document["assignment"])
    world.drawn["changes"] = [
        {
            "uniscid": one["object_id"],
            "department": one["department"],
            "replaced": one["replaced"],
            "by": one["by"],
        }
        for one in changes
    ]
    assign_fates(world, enterprises_in_force(world))


def known_owners(world: World) -> dict[Any, set[str]]:
    """object id, as it is meant, -> codes under which its result may be published."""
    owners: dict[Any, set[str]] = {}
    for row in world.objects:
        code = as_meant(row["ownerUniscid"] if row["objectType"] == "2" else row["uniscid"])
        for object_id in {row["objectId"], as_meant(row["objectId"]), str(row["objectId"]).strip()}:
            owners.setdefault(object_id, set()).add(code)
    return owners
