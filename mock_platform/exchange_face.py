"""The publicity system's exchange: takes records in, settles them minutes later, answers what it holds.

At once: 49 (this record and version is held, or the enterprise's result of this task is
under another record) and 96 (plan, task, wording, operation).  At settlement, 5 to 30
minutes of campaign time later: 97 (no such pripId) and 50 (another registered name).
"""

from __future__ import annotations

from datetime import date, timedelta
from xml.sax.saxutils import escape

from mock_platform.agenda import Act
from mock_platform.canonical_json import sha256_hex
from mock_platform.credit_code import same_name
from mock_platform.exchange_message import Message, batch_no_of, read_message
from mock_platform.fates import RESULTS
from mock_platform.refusal import Refusal, require
from mock_platform.shanghai_time import iso_time, on
from mock_platform.wire import Reply, Request
from mock_platform.world import Row, World

_XML = "application/xml;charset=UTF-8"
_TYPES = {"1": "定向", "2": "不定向"}
_LIVE = ("pending", "accepted")


def post_spotchecks(world: World, request: Request) -> Reply:
    """`POST /exchange/v1/spotchecks`."""
    require(not world.plan.platform_publishes, "本任务的公示由平台归集，不接收推送")
    digest, batch_no = sha256_hex(request.body), batch_no_of(request.body)
    twist = world.faults.twist
    held = None if twist.forgets else world.messages.get(batch_no)
    if held is not None and held["digest"] == digest:
        return _receipt(batch_no, held, "true", held["first"])
    message = read_message(request.body)
    if held is not None:
        raise Refusal("49", "该批次号已有另一份报文")
    answers = []
    for number, record in enumerate(message.records, 1):
        if number in twist.rejects:
            answers.append(_answer(record, "rejected", "96", "数据不合格", None))
        else:
            answers.append(_take(world, message, record, digest))
    if twist.shuffled:
        world.chance("shuffle", batch_no).shuffle(answers)
    held = {
        "digest": digest,
        "receivedAt": iso_time(world.now()),
        "first": answers,
        "now": [dict(a) for a in answers],
    }
    world.messages[message.batch_no] = held
    _plan_settlement(world, message, answers)
    return _receipt(message.batch_no, held, "false", answers)


def get_receipt(world: World, batch_no: str) -> Reply:
    """`GET /exchange/v1/receipts/{batchNo}`: how the records of a message stand now."""
    world.wait_for(f"receipt/{batch_no}")
    held = world.messages.get(batch_no)
    if held is None:
        raise Refusal("44", "没有这个批次")
    return _receipt(batch_no, held, None, held["now"])


def get_held_record(world: World, record_id: str) -> Reply:
    """`GET /exchange/v1/records/{recordId}`: version, digest and state held."""
    world.wait_for(f"record/{record_id}")
    held = world.records.get(record_id)
    if held is None:
        raise Refusal("44", "没有这条记录")
    members = [(name, held[name]) for name in ("recordId", "version", "digest", "state")]
    members.append(("collected", "true" if held["collected"] else "false"))
    return _xml("HeldRecord", "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in members))


def refuse_xml(world: World, request: Request, refusal: Refusal) -> Reply:
    """A refusal of the whole message, as a Receipt."""
    batch_no = batch_no_of(request.body)
    return _xml(
        "Receipt",
        f"<batchNo>{escape(batch_no)}</batchNo><code>{refusal.code}</code><message>{escape(refusal.text)}</message>",
    )


def _receipt(batch_no: str, held: Row, replayed: str | None, answers: list[Row]) -> Reply:
    records = "".join(
        "<record>"
        + "".join(
            f"<{name}>{escape(str(value))}</{name}>" for name, value in answer.items() if value is not None
        )
        + "</record>"
        for answer in answers
    )
    again = f"<replayed>{replayed}</replayed>" if replayed else ""
    return _xml(
        "Receipt",
        f"<batchNo>{escape(batch_no)}</batchNo><code>00</code><message>成功</message><digest>{held['digest']}</digest>"
        f"<receivedAt>{held['receivedAt']}</receivedAt>{again}<records>{records}</records>",
    )


def _xml(name: str, inner: str) -> Reply:
    return Reply(
        body=f'<?xml version="1.0" encoding="UTF-8"?>\n<{name}>{inner}</{name}>'.encode(), content_type=_XML
    )


# --- taking in ------------------------------------------------------------------------------


def _take(world: World, message: Message, record: Row, digest: str) -> Row:
    try:
        _check_content(world, record)
        if not world.faults.twist.forgets:
            _check_place(world, record)
    except Refusal as refusal:
        return _answer(record, "rejected", refusal.code, refusal.text, None)
    receipt = world.receipt_no()
    more = {"version": record["version"], "uniscid": record["uniscid"], "recordDigest": record["digest"]}
    world.note_write(
        "postSpotchecks", record["recordId"], digest, message.batch_no, operation=record["operation"], **more
    )
    world.settle_write(len(world.writes), "pending")
    before = world.records.get(record["recordId"])
    place = record["recordId"]
    if before is not None and before["version"] == record["version"]:  # forgotten: it is held twice now
        place, before = f"{place}#{len(world.writes)}", None
    world.records[place] = {
        **record,
        "state": "pending",
        "collected": False,
        "batchNo": message.batch_no,
        "receiptNo": receipt,
        "receivedAt": iso_time(world.now()),
        "seq": len(world.writes),
        "shown": before["shown"] if before else None,
        "before": before if before and before["state"] in _LIVE else None,
    }
    return _answer(record, "pending", None, None, receipt)


def _answer(record: Row, state: str, code: str | None, text: str | None, receipt_no: str | None) -> Row:
    return {
        "recordId": record["recordId"],
        "version": record["version"],
        "state": state,
        "code": code,
        "text": text,
        "receiptNo": receipt_no,
    }


def _check_content(world: World, record: Row) -> None:
    plan = world.plan
    require(
        record["raninsPlanId"] == plan.plan_id and record["raninsPlaneName"] == plan.plan_name, "抽查计划不符"
    )
    require(
        record["raninsTaskId"] == plan.task_id and record["raninsTaskName"] == plan.task_name, "抽查任务不符"
    )
    require(record["raninsTypeName"] == _TYPES[plan.task_type], "抽查类型不符")
    legal = set(plan.authority.split("、"))
    require(set(record["insAuth"].split("、")) <= legal, "抽查机关不是本任务的部门")
    done = date.fromisoformat(record["insDate"])
    require(
        plan.starts_on <= done <= plan.ends_on and done <= world.now().date(), "抽查完成日期不在抽查时间内"
    )
    names = {item["itemName"] for item in world.items}
    details = record["details"]
    require([one["seqno"] for one in details] == list(range(1, len(details) + 1)), "检查事项序号不连续")
    for one in details:
        require(one["raninsItemName"] in names, "检查事项不属于本任务")
        require(one["raninsCheckResName"] in RESULTS.values(), "检查结果不是规定的表述")
    require(len({one["raninsItemName"] for one in details}) == len(details), "检查事项重复")


def _subject(record: Row) -> object:
    return record["uniscid"], record["raninsTaskId"]


def _check_place(world: World, record: Row) -> None:
    """Whether this version may follow what is held."""
    held = world.records.get(record["recordId"])
    live = held is not None and held["state"] in _LIVE
    if held is not None and record["version"] <= held["version"]:
        raise Refusal("49", "该记录的这一版本已收到")
    if record["operation"] == "I":
        require(not live, "该记录已存在", "49")
        for _, other in world.records.having(_subject, _subject(record)):
            if other["recordId"] != record["recordId"] and other["state"] in _LIVE:
                raise Refusal("49", "该主体本任务的抽查结果已由另一记录公示")
        return
    require(held is not None and (live or record["operation"] == "U"), "没有可更正或撤回的记录")
    if held is not None:
        require(record["uniscid"] == held["uniscid"], "更正不能改变主体")
        require(record["operation"] == "U" or not held["collected"], "记录已被采集，不能撤回，只能更正")


# --- settling -------------------------------------------------------------------------------


def _plan_settlement(world: World, message: Message, answers: list[Row]) -> None:
    waiting = [answer["recordId"] for answer in answers if answer["state"] == "pending"]
    if not waiting:
        return
    minutes = world.chance("settle", message.batch_no).randint(5, 30)
    owners = {world.records[record_id]["uniscid"] for record_id in waiting}
    topics = [
        f"receipt/{message.batch_no}",
        *(f"record/{one}" for one in waiting),
        *(f"public/{one}" for one in owners),
    ]
    what = f"交换批次 {message.batch_no} 入库 {len(waiting)} 条"
    at = world.now() + timedelta(minutes=minutes)
    world.will(at, "settle", "exchange", what, tuple(topics), batch=message.batch_no, records=waiting)


def settle(world: World, act: Act) -> None:
    """The exchange has looked its records up in the register: shown to the public, or rejected."""
    held = world.messages[act.data["batch"]]
    for answer in held["now"]:
        if answer["state"] == "pending":
            _settle_version(world, answer, _place(world, answer["recordId"], act.data["batch"]))
    world.messages.touch(act.data["batch"])
    night = on(act.at.date() + timedelta(days=1), 2)
    world.will(night, "collect", "exchange", "总局采集", (), records=act.data["records"])


def _place(world: World, record_id: str, batch_no: str) -> str:
    """Where a record of that message is held: under its own id, or beside it if it is held twice."""
    places = (pair for pair in world.records.having(_own_id, record_id) if pair[0] != record_id)
    return next((key for key, record in places if record["batchNo"] == batch_no), record_id)


def _own_id(record: Row) -> object:
    return record["recordId"]


def _settle_version(world: World, answer: Row, place: str) -> None:
    newest = world.records[place]
    record: Row = newest
    while record["version"] != answer["version"]:  # a later version came while this one was pending
        record = record["before"]
    try:
        _check_register(world, record)
    except Refusal as refusal:
        answer["state"], answer["code"], answer["text"] = "rejected", refusal.code, refusal.text
        record["state"] = "rejected"
        before = record["before"]
        if record is newest and before is not None and before["state"] in _LIVE:
            world.records[place] = before  # a refused correction leaves what was there
    else:
        answer["state"] = "accepted"
        withdrawn = record["operation"] == "D"
        record["state"] = "withdrawn" if withdrawn else "accepted"
        record["shown"] = None if withdrawn else _public(world, record)
        if record is not newest and newest["state"] == "pending":
            newest["shown"] = record["shown"]
    world.settle_write(record["seq"], record["state"])
    world.records.touch(place)


def collect(world: World, act: Act) -> None:
    """The centre has collected the records: from now on they can only be corrected."""
    for record_id in act.data["records"]:
        world.records[record_id]["collected"] = True
        world.records.touch(record_id)


def _check_register(world: World, record: Row) -> None:
    enterprise = world.enterprises.get(record["pripId"])
    if enterprise is None or enterprise["uniscid"] != record["uniscid"]:
        raise Refusal("97", "没有这个主体")
    if not same_name(enterprise["entName"], record["entName"]):
        raise Refusal("50", "名称与登记名称不一致")


def _public(world: World, record: Row) -> Row:
    """What the public sees of a record. A correction keeps the day on which the first version appeared."""
    names = (
        "pripId raninsPlanId raninsPlaneName raninsTaskId raninsTaskName raninsTypeName insAuth insDate "
        "details version"
    )
    shown = record["shown"] or {}
    return {
        **{name: record[name] for name in names.split()},
        "publicDate": shown.get("publicDate", str(world.now().date())),
    }
