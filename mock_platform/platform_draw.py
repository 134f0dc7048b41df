"""The platform leads: it draws, replaces, matches, makes the forms and feeds the publicity system.

What it shows may be unfair or damaged in one named way (`platform_variants`); what it does afterwards
follows from the fair draw underneath, so that nothing else breaks.
"""

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
from mock_platform.own_list import eligible_rows, strata_of, unfit_object
from mock_platform.shanghai_time import add_working_days, office_moment, on, wire_time
from mock_platform.world import Player, World

Row = dict[str, Any]
_REPLACING = ("1", "2", "3", "4", "5")
_DECIDED_BY = "省平台"
_WITH_CERTIFICATES = ("certified", "damaged")
_REASONS = {"1": "注销", "2": "吊销", "3": "撤销", "4": "迁出", "5": "不在范围"}


def begin(world: World) -> None:
    """Plans the platform's draw, if it draws."""
    if world.plan.platform_draws:
        at = on(add_working_days(world.plan.starts_on, 2), 9, 30)
        world.will(at, "platform-draws", "platform", "平台抽取被检查对象", ("draw",))


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


# --- what the platform does -------------------------------------------------------------------


def draw(world: World, act: Act) -> None:
    """Stage `objects`, and the objects go out to the departments."""
    plan = world.plan
    eligible, strata = eligible_rows(world), strata_of(plan)
    times = times_before(act.at)
    document = begun(world, "objects", *times, eligible_members(eligible, plan.ratio, strata))
    result = draw_objects(eligible, plan.ratio, strata, document["seed"])
    if world.meta["platform-draw"] == "head":
        result["winners"] = _head(eligible, result)
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
    result = draw_objects(
        [tuple(row) for row in world.drawn["frozen"]], world.plan.ratio, strata_of(world.plan), before["seed"]
    )
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
    rosters = {one.code: _fit_people(world, one.code) for one in plan.departments}
    pairs = _recusals(world, codes, rosters)
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


def _document(text: str) -> Row:
    document = json.loads(text)["commitment"]
    return {
        "stage": document["stage"],
        "round": document["round"],
        "document": text,
        "digest": sha256_hex(text.encode()),
    }


def _head(eligible: list[tuple[str, str, str]], result: Row) -> list[Row]:
    """As many of each stratum as the draw took, but the first ones of the list."""
    left = {one["name"]: one["drawn"] for one in result["strata"]}
    taken = []
    for object_id, stratum, code in eligible:
        if left[stratum] > 0:
            left[stratum] -= 1
            taken.append(
                {
                    "object_id": object_id,
                    "ticket": result["tickets"][object_id],
                    "stratum": stratum,
                    "uscc": code,
                }
            )
    return taken


def _accepted_objections(world: World) -> dict[str, str]:
    """Objects in force to which a department objects for a reason that replaces: id -> reason."""
    return {
        row["objectId"]: answer["reason"]
        for row in objects_in_force(world)
        for department in world.plan.departments
        for answer in [world.confirmations.get(f"{row['objectId']}/{department.code}")]
        if answer is not None and answer["verdict"] == "2" and answer["reason"] in _REPLACING
    }


def _fit_people(world: World, department: str) -> list[str]:
    """Certified officers on duty for the whole window, by id."""
    today, end = str(world.now().date()), str(world.plan.ends_on)
    return sorted(
        row["inspectorId"]
        for row in world.inspectors
        if row["deptCode"] == department
        and row["role"] == "1"
        and row["status"] == "1"
        and row["certNo"]
        and (row["certValidFrom"] or "9999") <= today
        and (row["certValidTo"] or "") >= end
    )


def _recusals(world: World, codes: list[str], rosters: dict[str, list[str]]) -> dict[tuple[str, str], str]:
    fit = {one for ids in rosters.values() for one in ids}
    return {
        (pair["uniscid"], row["inspectorId"]): pair["reason"]
        for row in world.inspectors
        if row["inspectorId"] in fit
        for pair in row["recusals"] or []
        if pair["uniscid"] in codes
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
    rosters = {one.code: _fit_people(world, one.code) for one in world.plan.departments}
    codes = enterprises_in_force(world)
    people = {row["inspectorId"]: row for row in world.inspectors}
    for code, person in _recusals(world, codes, rosters):
        group = world.drawn["assignment"][code]
        team = next(one for one in shown["groups"] if one["group"] == group)
        member = next(one for one in team["inspectors"] if one["deptCode"] == people[person]["deptCode"])
        member["inspectorId"] = person
        return


_TAMPER = {
    "damaged": _damage,
    "not-eligible": _draw_unfit,
    "duplicate": _draw_twice,
    "too-few": _draw_too_few,
    "uncertified-inspector": _send_uncertified,
    "one-person-team": _send_one_person,
    "forbidden-pair": _send_forbidden,
}
