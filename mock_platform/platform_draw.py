"""The platform leads: it draws, replaces, matches, makes the forms and feeds the publicity system."""

from __future__ import annotations

import json
from typing import Any

from mock_platform import departments
from mock_platform.agenda import Act
from mock_platform.batches import issue_form
from mock_platform.canonical_json import canonical, sha256_hex
from mock_platform.departments import answers_missing, plan_dispatch
from mock_platform.draw_in_force import (
    GONE,
    confirmations_complete,
    enterprises_in_force,
    objects_in_force,
    team_of,
)
from mock_platform.fates import RESULTS, assign_fates
from mock_platform.own_certificates import (
    begun,
    eligible_members,
    frozen,
    salted,
    shown_reserves,
    times_before,
)
from mock_platform.own_draw import draw_inspectors, draw_objects, replace
from mock_platform.own_list import eligible_rows, fit_people, overall_of, recusals, strata_of
from mock_platform.shanghai_time import add_working_days, office_moment, on, wire_time
from mock_platform.unfair_draws import PICKERS, pick
from mock_platform.world import Player, World

Row = dict[str, Any]
_REPLACING = ("1", "2", "3", "4", "5")
_DECIDED_BY = "省平台"
_REASONS = {"1": "注销", "2": "吊销", "3": "撤销", "4": "迁出", "5": "不在范围"}


def begin(world: World) -> None:
    """Plans the platform's draw, if it draws."""
    if world.plan.platform_draws:
        at = on(add_working_days(world.plan.starts_on, 2), 9, 30)
        world.will(at, "platform-draws", "platform", "平台抽取被检查对象", ("draw",))


# --- what the platform does -------------------------------------------------------------------


def draw(world: World, act: Act) -> None:
    """Stage `objects`, and the objects go out to the departments."""
    plan = world.plan
    eligible, strata = eligible_rows(world), strata_of(plan)
    times = times_before(act.at)
    overall = overall_of(plan, len(eligible))
    document = begun(world, "objects", *times, eligible_members(eligible, overall, strata))
    result = draw_objects(eligible, overall, strata, document["seed"])
    variant = world.meta["platform-draw"]
    if variant in PICKERS:
        result["winners"] = pick(variant, world.chance("unfair"), eligible, result)
    certificate = {
        **document,
        "strata": result["strata"],
        "winners": result["winners"],
        "reserves": shown_reserves(result["reserves"], set()),
        "replacements": [],
    }
    world.drawn["frozen"] = eligible
    world.drawn["by"], world.drawn["at"] = "platform", wire_time(act.at)
    world.drawn["objects"] = [
        _row(one["object_id"], one["uscc"], one["stratum"], None) for one in result["winners"]
    ]
    world.drawn["certificates"] = [canonical(certificate)]
    plan_dispatch(world, [row["objectId"] for row in world.drawn["objects"]])


def confirm(world: World, act: Act) -> None:
    """A department answers; with the last answer the platform goes on."""
    departments.confirm(world, act)
    if not world.plan.platform_draws or answers_missing(world):
        return
    at = office_moment(act.at, 30)
    if _accepted_objections(world):
        world.will(at, "platform-replaces", "platform", "平台递补异议成立的对象", ("draw", "confirmations"))
    elif confirmations_complete(world):
        day = on(add_working_days(act.at.date(), 2), 9, 30)
        world.will(day, "platform-matches", "platform", "平台抽取人员并匹配", ("draw",))


def replace_objects(world: World, act: Act) -> None:
    """One batch of replacements, a certificate that corrects the one before, and another dispatch."""
    objections = _accepted_objections(world)
    before = json.loads(world.drawn["certificates"][-1])
    frozen = [tuple(row) for row in world.drawn["frozen"]]
    overall = overall_of(world.plan, len(frozen))
    result = draw_objects(frozen, overall, strata_of(world.plan), before["seed"])
    strata = {row["objectId"]: row["stratum"] for row in world.drawn["objects"]}
    used = {row["objectId"] for row in world.drawn["objects"]}
    codes = {object_id: code for object_id, _, code in world.drawn["frozen"]}
    batch = 1 + max((one["batch"] for one in before["replacements"]), default=0)
    rows = {row["objectId"]: row for row in world.drawn["objects"]}
    added = []
    for gone, by in replace(result, list(objections), strata, used):
        rows[gone]["replacedBy"] = by if by is not None else GONE
        if by is not None:
            rows[by] = _row(by, codes[by], rows[gone]["stratum"], gone)
        added.append(
            {
                "object_id": gone,
                "by": by,
                "uscc": codes[by] if by is not None else None,
                "batch": batch,
                "reason": _REASONS[objections[gone]],
                "decided_by": _DECIDED_BY,
                "at": act.at.isoformat(timespec="seconds"),
            }
        )
    certificate = {
        **before,
        "corrects": sha256_hex(world.drawn["certificates"][-1].encode()),
        "replacements": [*before["replacements"], *added],
        "reserves": shown_reserves(result["reserves"], used),
    }
    world.drawn["objects"] = list(rows.values())
    world.drawn["certificates"] = [*world.drawn["certificates"], canonical(certificate)]
    plan_dispatch(world, [str(one["by"]) for one in added if one["by"] is not None])


def match(world: World, act: Act) -> None:
    """Stage `inspectors`, and the forms are made."""
    plan, codes = world.plan, enterprises_in_force(world)
    rosters = {one.code: fit_people(world, one.code) for one in plan.departments}
    pairs = recusals(world, codes, rosters)
    groups = plan.group_count(len(codes))
    salts = {name: world.chance("own-salt", name).randbytes(32).hex() for name in (*rosters, "forbidden")}
    listed = [f"{code}\t{person}\t{reason}" for (code, person), reason in sorted(pairs.items())]
    members = {
        "objects_certificate": sha256_hex(world.drawn["certificates"][-1].encode()),
        "objects": frozen(codes),
        "departments": [
            {"code": one.code, "team": one.team, "roster": salted(salts[one.code], rosters[one.code])}
            for one in plan.departments
        ],
        "forbidden": salted(salts["forbidden"], listed),
        "groups": groups,
    }
    document = begun(world, "inspectors", *times_before(act.at), members)
    team = {one.code: one.team for one in plan.departments}
    result = draw_inspectors(codes, rosters, team, groups, set(pairs), document["seed"])
    certificate = {**document, **result, "seat_replacements": []}
    world.drawn["groups"], world.drawn["assignment"] = result["teams"], dict(result["assignment"])
    world.drawn["changes"] = [
        {
            "uniscid": one["object_id"],
            "department": one["department"],
            "replaced": one["replaced"],
            "by": one["by"],
        }
        for one in result["substitutes"]
    ]
    world.drawn["certificates"] = [*world.drawn["certificates"], canonical(certificate)]
    assign_fates(world, codes)
    if plan.platform_makes_forms:
        world.will(
            office_moment(act.at, 60), "platform-issues", "platform", "平台生成并派发一企一表", ("forms",)
        )


def issue_forms(world: World, act: Act) -> None:
    """One form for each enterprise in force."""
    people = {row["inspectorId"]: row for row in world.inspectors}
    in_force = objects_in_force(world)
    rows = {row["objectId"]: row for row in world.objects}
    for number, code in enumerate(enterprises_in_force(world), 1):
        owned = [one["objectId"] for one in in_force if one["uniscid"] == code]
        first = rows[owned[0]]
        team = team_of(world, code)
        members = [people[one] for ids in team.values() for one in ids]
        form = {
            "formNo": f"{world.plan.task_id}P{number:04d}",
            "uniscid": code,
            "entName": first["ownerName"] or first["entName"],
            "dom": first["dom"],
            "objects": [
                {"objectId": one, "name": rows[one]["projectName"] or rows[one]["entName"]} for one in owned
            ],
            "items": [
                {name: item[name] for name in ("itemCode", "itemName", "deptCode", "materials")}
                for item in world.items
                if code.startswith("9") or item["deptCode"] == world.plan.lead.code
            ],
            "group": world.drawn["assignment"][code],
            "leader": members[0]["inspectorId"],
            "inspectors": [
                {name: one[name] for name in ("inspectorId", "name", "deptCode", "certNo")} for one in members
            ],
            "version": 1,
        }
        issue_form(world, form, None)


def feed(world: World, act: Act) -> None:
    """系统完成数据交换: an approved result appears under the enterprise in public."""
    form = world.forms[act.data["form"]]
    code, plan = form["uniscid"], world.plan
    prip_id = next((key for key, row in world.enterprises.items() if row["uniscid"] == code), None)
    if prip_id is None:
        return
    results = [world.results[f"{code}-{item['itemCode']}"] for item in form["items"]]
    order = {one.code: place for place, one in enumerate(plan.departments)}
    taking_part = sorted({item["deptCode"] for item in form["items"]}, key=order.__getitem__)
    names = {one.code: one.name for one in plan.departments}
    record_id = f"P-{plan.task_id}-{code}"
    shown = {
        "pripId": prip_id,
        "raninsPlanId": plan.plan_id,
        "raninsPlaneName": plan.plan_name,
        "raninsTaskId": plan.task_id,
        "raninsTaskName": plan.task_name,
        "raninsTypeName": "定向" if plan.task_type == "1" else "不定向",
        "insAuth": "、".join(names[one] for one in taking_part),
        "insDate": max(row["completedAt"] for row in results)[:10],
        "publicDate": str(act.at.date()),
        "details": [
            {
                "seqno": number,
                "raninsItemName": row["itemName"],
                "raninsCheckResName": RESULTS[row["resultCode"]],
            }
            for number, row in enumerate(results, 1)
        ],
        "version": 1,
    }
    world.records[record_id] = {
        **shown,
        "recordId": record_id,
        "uniscid": code,
        "entName": form["entName"],
        "operation": "I",
        "state": "accepted",
        "collected": True,
        "before": None,
        "seq": len(world.records) + 1,
        "shown": shown,
    }


PLAYERS: dict[str, Player] = {
    "platform-draws": draw,
    "confirm": confirm,
    "platform-replaces": replace_objects,
    "platform-matches": match,
    "platform-issues": issue_forms,
    "feed": feed,
}


# --- parts ------------------------------------------------------------------------------------


def _row(object_id: str, code: str, stratum: str, replaces: str | None) -> Row:
    return {
        "objectId": object_id,
        "uniscid": code,
        "stratum": stratum,
        "replaces": replaces,
        "replacedBy": None,
    }


def _accepted_objections(world: World) -> dict[str, str]:
    """Objects in force to which a department objects for a reason that replaces: id -> reason."""
    return {
        row["objectId"]: answer["reason"]
        for row in objects_in_force(world)
        for department in world.plan.departments
        for answer in [world.confirmations.get(f"{row['objectId']}/{department.code}")]
        if answer is not None and answer["verdict"] == "2" and answer["reason"] in _REPLACING
    }
