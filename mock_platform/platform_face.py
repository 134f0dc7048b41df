"""The provincial platform's JSON interface: every operation of platform.openapi.yaml."""

from __future__ import annotations

import itertools
import json
import secrets
from collections.abc import Callable
from typing import Any

from mock_platform.answering import answer, interrupted
from mock_platform.batches import held_batch, take_batch, take_confirmation, take_form, take_materials
from mock_platform.canonical_json import sha256_hex, strict_json
from mock_platform.contract import platform_contract
from mock_platform.departments import ask_for_seals
from mock_platform.draw_in_force import GONE
from mock_platform.draw_intake import certificates, take_certificate, take_closing, take_commitment
from mock_platform.platform_shown import drawn_by_platform
from mock_platform.refusal import Refusal, require
from mock_platform.shanghai_time import read_wire_time
from mock_platform.wire import Caller, Reply, Request
from mock_platform.world import Row, World

_HELD_SNAPSHOTS = 32
_RUN = secrets.token_hex(4)
_numbers = itertools.count(1)


def answer_platform(world: World, request: Request, caller: Caller) -> Reply | None:
    """Answers one request on the platform's port."""
    asked = request if world.dialect is None else world.dialect.inward(request)
    reply = answer(
        world, asked, caller, name_of=_name, perform=_perform, refuse=_refuse, signed=lambda _: True
    )
    return reply if world.dialect is None else world.dialect.outward(request, reply)


def interrupt_platform(world: World, request: Request) -> float | None:
    """Whether a request to the platform's port is cut off while it comes in."""
    asked = request if world.dialect is None else world.dialect.inward(request)
    return interrupted(world, asked, name_of=_name)


def _name(request: Request) -> str:
    try:
        return platform_contract().find(request.method, request.path).name
    except Refusal:
        return "unknown"


def _perform(world: World, request: Request) -> Reply:
    if request.refusal is not None:
        raise request.refusal
    operation = platform_contract().find(request.method, request.path)
    arguments = operation.arguments(request.path, request.query)
    if arguments.get("taskId", world.plan.task_id) != world.plan.task_id:
        raise Refusal("44", "没有这个任务")
    if operation.body is None:
        data = _READS[operation.name](world, arguments)
    else:
        body = strict_json(request.body)
        operation.body(body, "报文")
        data = _WRITES[operation.name](world, body, request.as_sent.body)
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return _envelope("00", "成功", text)


def _refuse(world: World, request: Request, refusal: Refusal) -> Reply:
    return _envelope(refusal.code, refusal.text, "null")


def _envelope(code: str, message: str, data: str) -> Reply:
    head = json.dumps(
        {"code": code, "msg": message, "requestId": f"{_RUN}-{next(_numbers):08d}"}, ensure_ascii=False
    )
    return Reply(body=f'{head[:-1]},"data":{data}}}'.encode())


# --- directories ----------------------------------------------------------------------------


def _directory(collection: str, key: str) -> Callable[[World, Row], str]:
    def read(world: World, arguments: Row) -> str:
        rows, token = _snapshot(world, getattr(world, collection), key, arguments)
        number, size = arguments["pageNo"], arguments["pageSize"]
        page = ",".join(rows[(number - 1) * size : number * size])
        facts = {"total": len(rows), "pageNo": number, "pageSize": size, "snapshot": token}
        return json.dumps(facts)[:-1] + f',"rows":[{page}]}}'

    return read


def _snapshot(world: World, rows: list[Row], key: str, arguments: Row) -> tuple[list[str], str]:
    """The rows of a snapshot as JSON texts; its token is the digest of what they say."""
    wanted = arguments.get("snapshot")
    if wanted in world.snapshots:
        return world.snapshots[wanted], wanted
    since = arguments.get("updatedSince")
    if since is not None:
        _time(since)
    chosen = sorted(
        (row for row in rows if since is None or row["updatedAt"] >= since),
        key=lambda row: (row[key] or "", json.dumps(row, sort_keys=True)),
    )
    texts = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in chosen]
    token = sha256_hex(f"{key}\n".encode() + "\n".join(texts).encode("utf-8", "surrogatepass"))[:24]
    if wanted not in (None, token):
        raise Refusal("44", "该快照已不再保留")
    if len(world.snapshots) >= _HELD_SNAPSHOTS:
        del world.snapshots[next(iter(world.snapshots))]
    world.snapshots[token] = texts
    return texts, token


def _time(text: str) -> None:
    try:
        read_wire_time(text)
    except ValueError:
        raise Refusal("96", "时间不存在") from None


def _items(world: World, arguments: Row) -> Row:
    return {"rows": world.items}


def _plans(world: World, arguments: Row) -> Row:
    return {"rows": [_plan_row(world)]}


def _plan(world: World, arguments: Row) -> Row:
    if arguments["planId"] != world.plan.plan_id:
        raise Refusal("44", "没有这个计划")
    return _plan_row(world)


def _plan_row(world: World) -> Row:
    plan = world.plan
    departments = [
        {"deptCode": one.code, "deptName": one.name, "role": "1" if one.leads else "2"}
        for one in plan.departments
    ]
    task = {
        "taskId": plan.task_id,
        "taskName": plan.task_name,
        "taskType": plan.task_type,
        "startsOn": str(plan.starts_on),
        "endsOn": str(plan.ends_on),
        "departments": departments,
    }
    return {"planId": plan.plan_id, "planName": plan.plan_name, "year": plan.starts_on.year, "tasks": [task]}


# --- the draw -------------------------------------------------------------------------------


def _seals(world: World, arguments: Row) -> Row:
    stage, round_no = arguments["stage"], arguments["round"]
    if not world.plan.platform_draws:
        ask_for_seals(world, stage, round_no)
        world.wait_for(f"seals/{stage}/{round_no}")
    rows = [world.seals[key] for key in sorted(world.seals) if key.startswith(f"{stage}/{round_no}/")]
    seals = [{"contributor": row["contributor"], "commitment": row["commitment"]} for row in rows]
    return {"stage": stage, "round": round_no, "seals": seals}


def _reveals(world: World, arguments: Row) -> Row:
    stage, round_no = arguments["stage"], arguments["round"]
    world.wait_for(f"reveals/{stage}/{round_no}")
    rows = [row for key, row in sorted(world.seals.items()) if key.startswith(f"{stage}/{round_no}/")]
    reveals = [
        {"contributor": row["contributor"], "value": row["value"], "revealedAt": row["revealedAt"]}
        for row in rows
        if row["revealedAt"]
    ]
    return {"stage": stage, "round": round_no, "reveals": reveals}


def _draw(world: World, arguments: Row) -> Row:
    if world.plan.platform_draws:
        world.wait_for("draw")
        if "objects" not in world.drawn:
            raise Refusal("44", "尚未抽取")
        return drawn_by_platform(world)
    if "objects" not in world.drawn:
        raise Refusal("44", "尚未抽取")
    documents = [
        {name: held[name] for name in ("stage", "round", "document", "digest")}
        for stage in ("objects", "inspectors")
        for round_no in range(1, 100)
        for held in certificates(world, stage, round_no)
    ]
    objects = [
        {name: row[name] for name in ("objectId", "uniscid", "stratum", "replaces")}
        for row in world.drawn["objects"]
        if row["replacedBy"] is None or row["replacedBy"] != GONE
    ]
    return {"drawnBy": "client", "drawnAt": world.drawn["at"], "objects": objects, "certificates": documents}


# --- confirmations, forms, results --------------------------------------------------------------


def _materials(world: World, arguments: Row) -> Row:
    world.wait_for("materials")
    names = ("deptCode", "itemCodes", "materials", "handedInAt")
    return {"rows": [{name: row[name] for name in names} for row in world.materials.values()]}


def _confirmations(world: World, arguments: Row) -> Row:
    world.wait_for("confirmations")
    sent = [world.dispatches[key]["at"] for key in sorted(world.dispatches)]
    rows = sorted(world.confirmations.values(), key=lambda row: (row["at"], row["objectId"], row["deptCode"]))
    return {"dispatchedAt": sent[-1] if sent else None, "rows": rows}


def _forms(world: World, arguments: Row) -> Row:
    if arguments["pageNo"] == 1:
        world.wait_for("forms")
    rows = [{k: v for k, v in world.forms[key].items() if k != "visit"} for key in sorted(world.forms)]
    return _page(rows, arguments)


def _results(world: World, arguments: Row) -> Row:
    since = arguments.get("updatedSince")
    if since is not None:
        _time(since)
    if arguments["pageNo"] == 1:
        # Only there: rows must not move while one pages through them.
        world.wait_for("results", whole_day=True)
    rows = [row for row in world.results.values() if since is None or row["updatedAt"] >= since]
    return _page(sorted(rows, key=lambda row: (row["updatedAt"], row["resultId"])), arguments)


def _page(rows: list[Row], arguments: Row) -> Row:
    number, size = arguments["pageNo"], arguments["pageSize"]
    page = rows[(number - 1) * size : number * size]
    return {"total": len(rows), "pageNo": number, "pageSize": size, "snapshot": None, "rows": page}


def _post_forms(world: World, body: Row, raw: bytes) -> Row:
    require(not world.plan.platform_makes_forms, "本任务的一企一表由平台生成，不接收推送")
    return take_batch(world, body["batchNo"], body["rows"], raw, take_form)


def _post_confirmations(world: World, body: Row, raw: bytes) -> Row:
    return take_batch(world, body["batchNo"], body["rows"], raw, take_confirmation)


_READS: dict[str, Callable[[World, Row], Any]] = {
    "listObjects": _directory("objects", "objectId"),
    "listInspectors": _directory("inspectors", "inspectorId"),
    "listItems": _items,
    "listPlans": _plans,
    "getPlan": _plan,
    "getDraw": _draw,
    "listSeals": _seals,
    "listReveals": _reveals,
    "listMaterials": _materials,
    "listConfirmations": _confirmations,
    "listForms": _forms,
    "getBatch": lambda world, arguments: held_batch(world, arguments["batchNo"]),
    "listResults": _results,
}
_WRITES: dict[str, Callable[[World, Row, bytes], Row]] = {
    "postDraw": take_certificate,
    "postCommitment": take_commitment,
    "postClosing": take_closing,
    "postMaterials": take_materials,
    "postConfirmations": _post_confirmations,
    "postForms": _post_forms,
}
