"""Batches that we send to the platform: forms, confirmations, materials; an answer for each row."""

from __future__ import annotations

from collections.abc import Callable

from mock_platform.canonical_json import sha256_hex
from mock_platform.draw_in_force import confirmations_complete, objects_in_force, team_of
from mock_platform.inspections import plan_visit
from mock_platform.refusal import Refusal, require
from mock_platform.shanghai_time import wire_time
from mock_platform.world import Row, World

Take = Callable[[World, Row, str, str], Row]


def take_batch(world: World, batch_no: str, rows: list[Row], raw: bytes, take: Take) -> Row:
    """Takes each row or refuses it; the same bytes again get the first answer, other bytes 49."""
    digest = sha256_hex(raw)
    twist = world.faults.twist
    held = None if twist.forgets else world.batches.get(batch_no)
    if held is not None:
        if held["digest"] != digest:
            raise Refusal("49", "该批次号已有另一份报文")
        return {**held, "replayed": True}
    answers = []
    for number, row in enumerate(rows, 1):
        try:
            require(number not in twist.rejects, "数据不合格")
            answers.append(take(world, row, batch_no, digest))
        except Refusal as refusal:
            if refusal.code not in ("49", "96"):
                raise
            answers.append(_row_answer(_key(row), "rejected", refusal.code, refusal.text, None))
    if twist.shuffled:
        world.chance("shuffle", batch_no).shuffle(answers)
    answer = {"batchNo": batch_no, "digest": digest, "receivedAt": wire_time(world.now()), "rows": answers}
    world.batches[batch_no] = {**answer, "replayed": False}
    return {**answer, "replayed": False}


def _enterprise(form: Row) -> object:
    return form["uniscid"]


def held_batch(world: World, batch_no: str) -> Row:
    """What is held of a batch. Raises Refusal 44."""
    held = world.batches.get(batch_no)
    if held is None:
        raise Refusal("44", "没有这个批次")
    found: Row = held
    return found


def _key(row: Row) -> str:
    return str(row["formNo"]) if "formNo" in row else f"{row['objectId']}/{row['deptCode']}"


def _row_answer(key: str, state: str, code: str | None, text: str | None, receipt_no: str | None) -> Row:
    return {"key": key, "state": state, "code": code, "text": text, "receiptNo": receipt_no}


# --- forms ----------------------------------------------------------------------------------


def take_form(world: World, form: Row, batch_no: str, digest: str) -> Row:
    """One enterprise's form. 49: it has one; 96: not drawn, not confirmed, unknown item or inspector."""
    held = next((other for _, other in world.forms.having(_enterprise, form["uniscid"])), None)
    if world.faults.twist.forgets and held is not None and held["version"] == form["version"]:
        receipt = world.receipt_no()  # the same form once more: it is issued already, and held twice now
        more = {"version": form["version"], "uniscid": form["uniscid"], "receiptNo": receipt}
        world.note_write("postForms", form["formNo"], digest, batch_no, **more)
        return _row_answer(form["formNo"], "accepted", None, None, receipt)
    if held is not None and not (held["formNo"] == form["formNo"] and form["version"] == held["version"] + 1):
        raise Refusal("49", "该企业已有一份检查表")
    if held is None and form["formNo"] in world.forms:
        raise Refusal("49", "该表号已用于另一企业")
    _check_objects(world, form)
    require(world.once_a_turn(confirmations_complete), "被检查对象尚未全部比对确认")
    _check_items(world, form)
    _check_inspectors(world, form)
    issue_form(world, form, batch_no)
    receipt = world.receipt_no()
    more = {"version": form["version"], "uniscid": form["uniscid"], "receiptNo": receipt}
    world.note_write("postForms", form["formNo"], digest, batch_no, **more)
    return _row_answer(form["formNo"], "accepted", None, None, receipt)


def issue_form(world: World, form: Row, batch_no: str | None) -> None:
    """The form is handed out; its group will go there."""
    again = form["formNo"] in world.forms
    issued = {**form, "batchNo": batch_no, "issuedAt": wire_time(world.now()), "visit": None}
    world.forms[form["formNo"]] = issued
    if not again:
        plan_visit(world, issued)


def _check_objects(world: World, form: Row) -> None:
    in_force = world.once_a_turn(_objects_and_owners)
    listed = [one["objectId"] for one in form["objects"]]
    due = in_force["by-owner"].get(form["uniscid"], set())
    require(in_force["all"].issuperset(listed) and bool(due), "任务未抽中该对象")
    require(set(listed) <= due, "所列对象不属于该企业")
    require(set(listed) == due and len(listed) == len(due), "该企业另有被抽中的对象未列入，或重复列入")


def _objects_and_owners(world: World) -> Row:
    by_owner: dict[str, set[str]] = {}
    for row in objects_in_force(world):
        by_owner.setdefault(row["uniscid"], set()).add(row["objectId"])
    return {"by-owner": by_owner, "all": set().union(*by_owner.values())}


def _roster(world: World) -> Row:
    return {row["inspectorId"]: row for row in world.inspectors}


def _check_items(world: World, form: Row) -> None:
    known = {item["itemCode"]: item for item in world.items}
    codes = [item["itemCode"] for item in form["items"]]
    require(len(set(codes)) == len(codes), "事项重复")
    for item in form["items"]:
        held = known.get(item["itemCode"])
        require(held is not None, "事项不在抽查事项清单中")
        same = held is not None and (held["itemName"], held["deptCode"]) == (
            item["itemName"],
            item["deptCode"],
        )
        require(same, "事项名称或部门与清单不符")
    require(world.plan.lead.code in {item["deptCode"] for item in form["items"]}, "缺少牵头部门的事项")


def _check_inspectors(world: World, form: Row) -> None:
    require("groups" in world.drawn, "检查人员尚未抽取")
    known = world.once_a_turn(_roster)
    today = str(world.now().date())
    given: dict[str, set[str]] = {}
    for one in form["inspectors"]:
        held = known.get(one["inspectorId"])
        if held is None or (held["deptCode"], held["certNo"]) != (one["deptCode"], one["certNo"]):
            raise Refusal("96", "检查人员不在该部门名录库中，或证号不符")
        require(held["role"] == "1" and held["status"] in ("1", "2"), "检查人员不能参加检查")
        require((held["certValidTo"] or "") >= today, "执法证件已过有效期")
        related = {pair["uniscid"] for pair in held["recusals"] or []}
        require(form["uniscid"] not in related, "检查人员应当回避")
        given.setdefault(one["deptCode"], set()).add(one["inspectorId"])
    require(form["leader"] in {one["inspectorId"] for one in form["inspectors"]}, "组长不在检查人员之列")
    require(len(form["inspectors"]) == sum(map(len, given.values())), "检查人员重复")
    require(world.drawn["assignment"].get(form["uniscid"]) == form["group"], "组号与匹配结果不符")
    team = {code: set(ids) for code, ids in team_of(world, form["uniscid"]).items()}
    require(all(ids <= team.get(code, set()) for code, ids in given.items()), "检查人员与匹配结果不符")
    for code in {item["deptCode"] for item in form["items"]}:
        require(given.get(code) == team[code] and len(team[code]) >= 2, "部门的检查人员不全，或少于两人")


# --- confirmations and materials given in our system -------------------------------------------


def take_confirmation(world: World, row: Row, batch_no: str, digest: str) -> Row:
    """An answer given in our system. 49: the department has answered; 96: not dispatched."""
    key = f"{row['objectId']}/{row['deptCode']}"
    sent = {object_id for one in world.dispatches.values() for object_id in one["objects"]}
    require(row["objectId"] in sent, "该对象没有派发")
    require(row["deptCode"] in {department.code for department in world.plan.departments}, "没有这个部门")
    require(row["verdict"] == "1" or row.get("reason") in ("1", "2", "3", "4", "5", "9"), "异议须写明理由")
    if key in world.confirmations and not world.faults.twist.forgets:
        raise Refusal("49", "该部门对该对象已有答复")
    world.confirmations[key] = {"reason": None, "evidence": None, **row}
    receipt = world.receipt_no()
    world.note_write("postConfirmations", key, digest, batch_no, receiptNo=receipt)
    return _row_answer(key, "accepted", None, None, receipt)


def take_materials(world: World, row: Row, raw: bytes) -> Row:
    """A department's items and materials, handed in through our system, once."""
    code, digest = row["deptCode"], sha256_hex(raw)
    held = None if world.faults.twist.forgets else world.materials.get(code)
    if held is not None and held.get("digest") == digest:
        return {**held["answer"], "replayed": True}
    if held is not None:
        raise Refusal("49", "该部门已报送")
    known = {item["itemCode"] for item in world.items if item["deptCode"] == code}
    require(set(row["itemCodes"]) <= known, "事项不在该部门的抽查事项清单中")
    answer = {"digest": digest, "receivedAt": wire_time(world.now()), "receiptNo": world.receipt_no()}
    world.materials[code] = {**row, "digest": digest, "answer": answer}
    world.note_write("postMaterials", code, digest, None, receiptNo=answer["receiptNo"])
    return {**answer, "replayed": False}
