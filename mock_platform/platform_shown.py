"""The platform's own draw as it shows it: fair, or unfair or damaged in one named way (`platform_variants`).

What the platform does afterwards follows from the fair draw underneath, so that nothing else breaks.
"""

from __future__ import annotations

import json
from typing import Any

from mock_platform.canonical_json import sha256_hex
from mock_platform.draw_in_force import GONE, enterprises_in_force
from mock_platform.own_list import fit_people, recusals, unfit_object
from mock_platform.world import World

Row = dict[str, Any]
_WITH_CERTIFICATES = ("certified", "damaged")


def drawn_by_platform(world: World) -> Row:
    """The draw as the platform shows it, tampered with as the variant says."""
    drawn, variant = world.drawn, world.meta["platform-draw"]
    objects = [
        {name: row[name] for name in ("objectId", "uniscid", "stratum", "replaces")}
        for row in drawn["objects"]
        if row["replacedBy"] != GONE
    ]
    shown: Row = {
        "drawnBy": "platform",
        "drawnAt": drawn["at"],
        "eligible": [object_id for object_id, _, _ in drawn["frozen"]],
        "objects": objects,
        "groups": None,
        "assignment": None,
        "certificates": None,
    }
    if "groups" in drawn:
        shown["groups"] = [
            {
                "group": int(group),
                "inspectors": [
                    {"inspectorId": one, "deptCode": code} for code, ids in team.items() for one in ids
                ],
            }
            for group, team in drawn["groups"].items()
        ]
        shown["assignment"] = [
            {"uniscid": code, "group": group} for code, group in drawn["assignment"].items()
        ]
    if variant in _WITH_CERTIFICATES:
        shown["certificates"] = [_document(text) for text in drawn["certificates"]]
    tamper = _TAMPER.get(variant)
    if tamper is not None:
        tamper(world, shown)
    return shown


def _document(text: str) -> Row:
    document = json.loads(text)["commitment"]
    return {
        "stage": document["stage"],
        "round": document["round"],
        "document": text,
        "digest": sha256_hex(text.encode()),
    }


# --- what is wrong with what it shows ------------------------------------------------------------


def _damage(world: World, shown: Row) -> None:
    text = shown["certificates"][0]["document"]
    place = text.index('"seed":"') + len('"seed":"')
    other = "0" if text[place] != "0" else "1"
    shown["certificates"][0]["document"] = text[:place] + other + text[place + 1 :]


def _draw_unfit(world: World, shown: Row) -> None:
    object_id, code = unfit_object(world)
    shown["objects"][0] |= {"objectId": object_id, "uniscid": code}


def _draw_twice(world: World, shown: Row) -> None:
    shown["objects"].append(dict(shown["objects"][0]))


def _draw_with_replacement(world: World, shown: Row) -> None:
    """The latter half of the draw fell on objects of the former."""
    objects = shown["objects"]
    for place in range(len(objects) // 2, len(objects)):
        objects[place] = dict(objects[place - len(objects) // 2])


def _draw_too_few(world: World, shown: Row) -> None:
    del shown["objects"][1:]


def _send_uncertified(world: World, shown: Row) -> None:
    for team in shown["groups"] or []:
        member = team["inspectors"][0]
        unfit = next(
            row["inspectorId"]
            for row in world.inspectors
            if row["deptCode"] == member["deptCode"] and row["certValidTo"] is None
        )
        member["inspectorId"] = unfit


def _send_one_person(world: World, shown: Row) -> None:
    for team in shown["groups"] or []:
        code = team["inspectors"][0]["deptCode"]
        first = [one for one in team["inspectors"] if one["deptCode"] == code][:1]
        team["inspectors"] = first + [one for one in team["inspectors"] if one["deptCode"] != code]


def _send_forbidden(world: World, shown: Row) -> None:
    """Somebody with a recusal among the enterprises goes exactly there."""
    if shown["assignment"] is None:
        return
    rosters = {one.code: fit_people(world, one.code) for one in world.plan.departments}
    codes = enterprises_in_force(world)
    people = {row["inspectorId"]: row for row in world.inspectors}
    for code, person in recusals(world, codes, rosters):
        group = world.drawn["assignment"][code]
        team = next(one for one in shown["groups"] if one["group"] == group)
        member = next(one for one in team["inspectors"] if one["deptCode"] == people[person]["deptCode"])
        member["inspectorId"] = person
        return


_TAMPER = {
    "damaged": _damage,
    "not-eligible": _draw_unfit,
    "duplicate": _draw_twice,
    "with-replacement": _draw_with_replacement,
    "too-few": _draw_too_few,
    "uncertified-inspector": _send_uncertified,
    "one-person-team": _send_one_person,
    "forbidden-pair": _send_forbidden,
}
