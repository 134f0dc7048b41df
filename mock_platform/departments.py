"""What the departments' people do: hand in, seal, reveal, compare and confirm; and the lottery.

Every moment is campaign time.  Hand-in: first morning.  Seals: 20 to 80 minutes of office
time after they were first asked for.  Reveals: one to five office hours after our
commitment is stored, before its `reveal_by`.  Confirmation: one sitting a department, one
to five office hours after the dispatch, which follows the certificate by ten minutes.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mock_platform.agenda import Act
from mock_platform.objections import objections_for
from mock_platform.plan import Department, Number
from mock_platform.shanghai_time import add_working_days, iso_time, office_moment, on, wire_time

if TYPE_CHECKING:
    from mock_platform.world import World

SPEC = "drawbridge-draw/1"
_ROLE = "系统管理员"


def begin(world: World) -> None:
    """Plans what is known from the start: materials, announced numbers, the end of the window."""
    first = world.plan.starts_on
    for number, department in enumerate(world.plan.departments):
        at = office_moment(on(first, 9), 20 + 45 * number)
        what = f"{department.name}报送抽查事项和材料清单"
        world.will(at, "hand-in", department.code, what, ("materials",), department=department.code)
    for announced in world.plan.numbers:
        plan_number(world, announced)
    world.will(on(world.plan.ends_on, 18), "window-closes", "platform", "抽查时间结束", ("results",))


def plan_number(world: World, number: Number) -> None:
    """The lottery will announce that number at its moment."""
    if world.intends("never-announce", number.id):
        return
    topics = (f"number/{number.id}",)
    world.will(number.announced, "announce", "lottery", f"公布 {number.id}", topics, id=number.id)


def hand_in(world: World, act: Act) -> None:
    """A department's items and materials reach the office (notice 五(三)1)."""
    code = act.data["department"]
    items = [item for item in world.items if item["deptCode"] == code]
    if not items or code in world.materials:
        return
    world.materials[code] = {
        "deptCode": code,
        "itemCodes": [item["itemCode"] for item in items],
        "materials": sorted({text for item in items for text in item["materials"]}),
        "handedInAt": wire_time(act.at),
    }


# --- sealed parts ---------------------------------------------------------------------------


def ask_for_seals(world: World, stage: str, round_no: int) -> None:
    """The first request for a stage and round sets the departments to sealing."""
    asked = f"asked/{stage}/{round_no}"
    if asked in world.meta or not _is_next_round(world, stage, round_no):
        return
    world.meta[asked] = iso_time(world.now())
    for department in world.plan.departments:
        if world.intends("withhold-seal", department.code):
            continue
        minutes = world.chance("seal-at", stage, round_no, department.code).randint(20, 80)
        world.will(
            office_moment(world.now(), minutes),
            "seal",
            department.code,
            f"{department.name}封存随机数（{stage} 第{round_no}轮）",
            (f"seals/{stage}/{round_no}",),
            department=department.code,
            stage=stage,
            round=round_no,
        )


def _is_next_round(world: World, stage: str, round_no: int) -> bool:
    return round_no == 1 or f"{stage}/{round_no - 1}/closing" in world.documents


def seal(world: World, act: Act) -> None:
    """32 bytes of seeded chance, kept in the state; only their commitment is shown."""
    stage, round_no = act.data["stage"], act.data["round"]
    department = _department(world, act.data["department"])
    value = world.chance("value", stage, round_no, department.code).randbytes(32).hex()
    parts = [f"{SPEC}/contribution", world.plan.task_id, stage, str(round_no), department.name, value]
    world.seals[f"{stage}/{round_no}/{department.code}"] = {
        "contributor": department.name,
        "commitment": hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest(),
        "value": value,
        "sealedAt": wire_time(act.at),
        "revealedAt": None,
    }


def plan_reveals(world: World, stage: str, round_no: int, reveal_by: datetime) -> None:
    """Our commitment is stored and holds the seals: the departments will open them."""
    topics = (f"reveals/{stage}/{round_no}",)
    for department in world.plan.departments:
        key = f"{stage}/{round_no}/{department.code}"
        if key not in world.seals or world.intends("withhold-reveal", department.code):
            continue
        rng = world.chance("reveal-at", stage, round_no, department.code)
        at = min(
            office_moment(world.now(), rng.randint(60, 300)),
            reveal_by - timedelta(minutes=rng.randint(5, 30)),
        )
        what = f"{department.name}揭示随机数（{stage} 第{round_no}轮）"
        world.will(at, "reveal", department.code, what, topics, key=key)
    at = reveal_by + timedelta(minutes=1)
    world.will(at, "reveals-close", "platform", f"揭示截止（{stage} 第{round_no}轮）", (*topics, "clock"))


def reveal(world: World, act: Act) -> None:
    """A department shows the value that it sealed."""
    world.seals[act.data["key"]]["revealedAt"] = wire_time(act.at)
    world.seals.touch(act.data["key"])


def announce(world: World, act: Act) -> None:
    """The lottery: six ascending red numbers of 33 and a blue one of 16."""
    if world.intends("never-announce", act.data["id"]):
        return
    rng = world.chance("lottery", act.data["id"])
    balls = [*sorted(rng.sample(range(1, 34), 6)), rng.randint(1, 16)]
    value = " ".join(f"{ball:02d}" for ball in balls)
    world.numbers[act.data["id"]] = {"id": act.data["id"], "value": value, "publishedAt": iso_time(act.at)}


# --- comparison and confirmation --------------------------------------------------------------


def plan_dispatch(world: World, objects: list[str]) -> None:
    """The platform will send these drawn objects to all departments."""
    if objects:
        at = world.now() + timedelta(minutes=10)
        what = f"派发 {len(objects)} 个被检查对象"
        world.will(at, "dispatch", "platform", what, ("confirmations",), objects=objects)


def dispatch(world: World, act: Act) -> None:
    """Sends objects out; each department answers at one sitting within its limit."""
    number = len(world.dispatches) + 1
    objects = act.data["objects"]
    world.dispatches[f"{number:04d}"] = {"at": wire_time(act.at), "objects": objects}
    limit = on(add_working_days(act.at.date(), world.plan.confirm_days), 23, 59)
    objections = {} if number > 1 or world.intends("no-objections") else objections_for(world, objects)
    for department in world.plan.departments:
        late = world.intends("confirm-late", department.code)
        if world.intends("never-confirm", department.code):
            continue
        minutes = world.chance("confirm-at", number, department.code).randint(60, 300)
        at = office_moment(act.at, minutes)
        if late:
            at = on(add_working_days(limit.date(), int(late.get("workingDays", 2))), 10)
        mine = {key: value for key, value in objections.items() if value["deptCode"] == department.code}
        what = f"{department.name}比对和确认 {len(objects)} 个对象"
        world.will(at, "confirm", department.code, what, ("confirmations",), objects=objects, objections=mine)
    what = "确认期限届满"
    world.will(
        limit + timedelta(minutes=1), "confirmation-limit", "platform", what, ("confirmations", "clock")
    )


def confirm(world: World, act: Act) -> None:
    """A department's answers on the objects of one dispatch, but those given in our system already."""
    for object_id in act.data["objects"]:
        key = f"{object_id}/{act.who}"
        if key in world.confirmations:
            continue
        objection = act.data["objections"].get(object_id)
        world.confirmations[key] = {
            "objectId": object_id,
            "deptCode": act.who,
            "verdict": "2" if objection else "1",
            "reason": objection["reason"] if objection else None,
            "evidence": objection["evidence"] if objection else None,
            "byRole": _ROLE,
            "at": wire_time(act.at),
        }


def answers_missing(world: World) -> bool:
    """Whether a department still owes an answer on a dispatched object."""
    return any(
        f"{object_id}/{department.code}" not in world.confirmations
        for sent in world.dispatches.values()
        for object_id in sent["objects"]
        for department in world.plan.departments
    )


def nothing(world: World, act: Act) -> None:
    """A limit passes; nobody does anything."""


def _department(world: World, code: str) -> Department:
    return next(department for department in world.plan.departments if department.code == code)
