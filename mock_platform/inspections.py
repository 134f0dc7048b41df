"""The visits, the results that departments enter, the reviewer, and how pending problems end.

Joint groups go out from the second working day after their forms are accepted, two enterprises a
day, inside the window.  A department completes on the spot (one in eight: the next working
day, after papers), enters its results zero to three working days later; the reviewer
decides one or two working days after the last department's entry.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mock_platform import names
from mock_platform.agenda import Act
from mock_platform.fates import Fate, fate_of
from mock_platform.shanghai_time import add_working_days, is_working_day, on, wire_time

if TYPE_CHECKING:
    from mock_platform.world import World

Row = dict[str, Any]
_REVIEWER = "县“双随机、一公开”工作领导小组办公室"
_SLOTS = ((9, 30), (14, 30))


def plan_visit(world: World, form: Row) -> None:
    """The joint group of a form will visit its enterprise."""
    if world.intends("skip-visit", form["uniscid"]):
        return
    place = len(world.forms.having(_group, form["group"])) - 1
    day = add_working_days(world.now().date(), 2 + place // 2)
    day = min(day, _last_working_day(world.plan.ends_on))
    hour, minute = _SLOTS[place % 2]
    rng = world.chance("visit", form["uniscid"])
    at = on(day, hour, minute) + timedelta(minutes=rng.randint(0, 20))
    what = f"第{form['group']}组到 {form['uniscid']} 现场检查"
    world.will(at, "visit", f"group-{form['group']}", what, ("results",), form=form["formNo"])


def _group(form: Row) -> object:
    return form["group"]


def visit(world: World, act: Act) -> None:
    """The group is there; each department will enter what it found."""
    form = world.forms[act.data["form"]]
    rng = world.chance("stay", form["uniscid"])
    left = act.at + timedelta(minutes=rng.randint(50, 130))
    form["visit"] = {
        "agreedOn": str(act.at.date()),
        "arrivedAt": wire_time(act.at),
        "leftAt": wire_time(left),
    }
    world.forms.touch(form["formNo"])
    for code in dict.fromkeys(item["deptCode"] for item in form["items"]):
        rng = world.chance("entry", form["uniscid"], code)
        completed = left
        if rng.random() < 0.125 and act.at.date() < _last_working_day(world.plan.ends_on):
            completed = on(add_working_days(left.date(), 1), 11, 30)
        late = world.intends("enter-late", code)
        days = (
            int(late.get("workingDays", world.plan.entry_days + 3)) if late else rng.choice((0, 1, 1, 2, 3))
        )
        entered = max(
            completed + timedelta(minutes=30),
            on(add_working_days(completed.date(), days), 15, rng.randint(0, 59)),
        )
        if days == 0:
            entered = completed + timedelta(minutes=rng.randint(60, 180))
        what = f"{code} 录入 {form['uniscid']} 的抽查结果"
        data = {"form": form["formNo"], "completed": wire_time(completed)}
        world.will(entered, "enter", code, what, ("results",), **data)


def enter(world: World, act: Act) -> None:
    """One department's results of one form are on the platform."""
    form = world.forms[act.data["form"]]
    fate = fate_of(world, form["uniscid"])
    items = [item for item in form["items"] if item["deptCode"] == act.who]
    hit = _hit(form, fate)
    for item in items:
        row = _result(world, form, item, fate if item["itemCode"] in hit else Fate(), act)
        row |= _footer(world, form, fate, act.who, bool({i["itemCode"] for i in items} & hit))
        world.results[row["resultId"]] = row
    if is_complete(world, form) and not world.intends("never-review", form["uniscid"]):
        rng = world.chance("review", form["uniscid"])
        at = on(add_working_days(act.at.date(), rng.choice((1, 1, 2))), 10, rng.randint(0, 59))
        what = f"审核 {form['uniscid']} 的结果公示"
        world.will(at, "review", "reviewer", what, ("results",), form=form["formNo"])


def is_complete(world: World, form: Row) -> bool:
    """Whether every item of the form has its result."""
    return all(f"{form['uniscid']}-{item['itemCode']}" in world.results for item in form["items"])


def review(world: World, act: Act) -> None:
    """The opinion on publication (结果公示审批意见), the same on all rows of the enterprise."""
    form = world.forms[act.data["form"]]
    fate = fate_of(world, form["uniscid"])
    withheld = world.intends("withhold", form["uniscid"])
    opinion = "2" if withheld else fate.review
    basis = (withheld or {}).get("basis", "依法依规不适合公开") if withheld else fate.basis
    for item in form["items"]:
        key = f"{form['uniscid']}-{item['itemCode']}"
        row = world.results[key]
        row["review"] = {"opinion": opinion, "basis": basis, "byRole": _REVIEWER, "at": wire_time(act.at)}
        row["updatedAt"] = wire_time(act.at)
        world.results.touch(key)
        if row["resultCode"] == "8":
            at = on(add_working_days(act.at.date(), 25), 16)
            world.will(at, "close-pending", item["deptCode"], f"{key} 后续处理办结", (), key=key)
    if world.plan.platform_publishes and opinion == "1" and form["uniscid"].startswith("9"):
        topics = (f"public/{form['uniscid']}",)
        if world.intends("never-feed", form["uniscid"]):
            return
        late = world.intends("feed-late", form["uniscid"])
        at = on(act.at.date() + timedelta(days=int(late.get("days", 30)) if late else 1), 6)
        world.will(
            at, "feed", "platform", f"{form['uniscid']} 的结果归集到公示系统", topics, form=form["formNo"]
        )


def close_pending(world: World, act: Act) -> None:
    """A pending problem was followed up: a new version of its result."""
    row = world.results[act.data["key"]]
    row["disposalState"], row["version"] = "2", row["version"] + 1
    row["updatedAt"] = wire_time(act.at)
    world.results.touch(act.data["key"])


def something_outstanding(world: World) -> bool:
    """Whether a form that was handed out has no complete result yet."""
    return any(not is_complete(world, form) for form in world.forms.values())


# --- rows -----------------------------------------------------------------------------------


def _hit(form: Row, fate: Fate) -> set[str]:
    """Item codes that the finding falls on."""
    if fate.theme in ("none", "all"):
        return {item["itemCode"] for item in form["items"]} if fate.theme == "all" else set()
    fitting = [item["itemCode"] for item in form["items"] if _theme(item["itemName"]) == fate.theme]
    return set(fitting[:1] or [form["items"][0]["itemCode"]])


def _theme(name: str) -> str:
    return "publicity" if "公示" in name else "registration" if "登记" in name else "technical"


def _result(world: World, form: Row, item: Row, fate: Fate, act: Act) -> Row:
    transfer = None
    if fate.transfer:
        decision, recipient = fate.transfer
        decided = add_working_days(act.at.date(), 0)
        number = world.chance("transfer", form["uniscid"]).randint(1, 99)
        transfer = {
            "decidedOn": str(decided),
            "decision": f"{world.plan.division_name}“双随机、一公开”领导小组研究：{decision}",
            "recipient": recipient.format(lead=world.plan.lead.name),
            "receipt": f"移送回执〔{decided.year}〕{number}号",
        }
    return {
        "resultId": f"{form['uniscid']}-{item['itemCode']}",
        "taskId": world.plan.task_id,
        "uniscid": form["uniscid"],
        "itemCode": item["itemCode"],
        "itemName": item["itemName"],
        "deptCode": item["deptCode"],
        "resultCode": fate.code,
        "problem": fate.problem,
        "disposal": fate.disposal,
        "disposalState": "2" if fate.closed else "1",
        "orderLapsed": fate.lapsed,
        "subjectState": fate.subject_state or "1",
        "completedAt": act.data["completed"],
        "enteredAt": wire_time(act.at),
        "guided": fate.guided,
        "transfer": transfer,
        "review": {"opinion": "0", "basis": None, "byRole": None, "at": None},
        "version": 1,
        "updatedAt": wire_time(act.at),
    }


def _footer(world: World, form: Row, fate: Fate, department: str, hit: bool) -> Row:
    """What a department's rows of one form have in common: who came, who signed."""
    rng = world.chance("footer", form["uniscid"], department)
    signature = fate.signature if hit and fate.signature else rng.choice(("1", "1", "2"))
    experts = []
    if fate.expert and department == world.plan.lead.code:
        experts = [{"name": names.person(rng), "role": "水土保持专业技术人员"}]
    return {
        **form["visit"],
        "qaAnswered": fate.answered or rng.random() < 0.1,
        "inspectors": [one["inspectorId"] for one in form["inspectors"] if one["deptCode"] == department],
        "methods": ["1", "3"] if experts else ["1"] if rng.random() < 0.7 else ["1", "2"],
        "certShown": True,
        "signature": signature,
        "refusalNote": fate.refusal_note if signature == "3" else None,
        "experts": experts,
        "documents": ["专业机构出具的水土保持监测季报"] if experts else [],
    }


def _last_working_day(day: date) -> date:
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def latest_completion(world: World, form: Row) -> datetime:
    """The latest completion among the departments of a form."""
    keys = [f"{form['uniscid']}-{item['itemCode']}" for item in form["items"]]
    texts = [world.results[key]["completedAt"] for key in keys]
    return datetime.fromisoformat(max(texts))
