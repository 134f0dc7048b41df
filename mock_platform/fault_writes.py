"""Faults of what is taken in and what is said of it: late commits, repetitions, receipts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from mock_platform.exchange_message import batch_no_of
from mock_platform.fault_kinds import Call, Fault, Kind, Twist, rows_of_reply
from mock_platform.fault_late import QUERIES
from mock_platform.fault_transport import HTML_500
from mock_platform.wire import Reply, json_reply

_RECORD = re.compile(r"<record>.*?</record>", re.DOTALL)
_STATE = re.compile(r"<state>[a-z]+</state>")


def _gateway_error(call: Call, fault: Fault) -> None:
    """The message is carried out later; a question is answered as by a gateway, and that is all."""
    status = int(fault.args.get("status", 502 if fault.fired % 2 else 504))
    if call.request.method == "POST":
        late, twist = call.world.faults.late, call.twist
        if "queries" in fault.args:
            late.hold_back(call, twist=twist, looks=int(fault.args["queries"]))
        elif "units" in fault.args:
            late.hold_back(call, twist=twist, units=float(fault.args["units"]))
        else:
            late.hold_back(call, twist=twist, seconds=float(fault.args.get("seconds", 3)))
    call.reply = Reply(status, HTML_500.replace("500", str(status)).encode(), "text/html;charset=UTF-8")


def _after_the_window(call: Call, fault: Fault) -> None:
    """Carried out once another message has been taken in at the same endpoint, whatever that one held."""
    if call.request.method == "POST":
        call.world.faults.late.hold_back(call, twist=Twist(forgets=True), after_another=True)
    call.reply = Reply(504, HTML_500.replace("500", "504").encode(), "text/html;charset=UTF-8")


def _stale_read(call: Call, fault: Fault) -> None:
    """The first `args.reads` questions at each address find nothing."""
    if call.endpoint not in QUERIES:
        return
    seen = fault.memory.setdefault(call.request.path, 0)
    fault.memory[call.request.path] = seen + 1
    if seen < int(fault.args.get("reads", 2)):
        call.reply = _not_held(call)


def _not_held(call: Call) -> Reply:
    if call.endpoint == "getBatch":
        return json_reply({"code": "44", "msg": "没有这个批次", "requestId": "-", "data": None})
    text = "<Receipt><batchNo/><code>44</code><message>没有这个批次</message></Receipt>"
    return Reply(body=text.encode(), content_type="application/xml;charset=UTF-8")


def _duplicate(call: Call, fault: Fault) -> None:
    """What was stored, now or before, is answered with 49 (`args.status`: 200, or 409)."""
    if call.reply is not None:
        _say(call, "49", "该批次已报送", int(fault.args.get("status", 409)))


def _other_body(call: Call, fault: Fault) -> None:
    """Another sender used the number first: 422, and questions find a batch of other bytes."""
    batch_no = _batch_no(call)
    with call.world.turn():
        if batch_no:
            _keep_foreign(call, batch_no)
    _say(call, "49", "该批次号已有另一份报文", 422)


def _keep_foreign(call: Call, batch_no: str) -> None:
    world, digest = call.world, "f" * 64
    if call.endpoint == "postSpotchecks":
        at = world.now().isoformat(timespec="seconds")
        world.messages[batch_no] = {"digest": digest, "receivedAt": at, "first": [], "now": []}
    else:
        at = world.now().strftime("%Y-%m-%d %H:%M:%S")
        held = {"batchNo": batch_no, "digest": digest, "receivedAt": at, "rows": [], "replayed": False}
        world.batches[batch_no] = held


def _in_flight(call: Call, fault: Fault) -> None:
    """The first is still being worked on: 409 for it and its repetitions, `args.repeats` of them (2)."""
    late = call.world.faults.late
    body = call.request.body
    known: set[bytes] = fault.memory.setdefault("known", set())
    if body not in known:
        known.add(body)
        repeats, queries = int(fault.args.get("repeats", 2)), int(fault.args.get("queries", 3))
        late.hold_back(call, repeats=repeats, looks=queries)
    if late.is_waiting(body):
        _say(call, "43", "上一次请求仍在处理", 409)


def _forgotten(call: Call, fault: Fault) -> None:
    """What is held under this number, and of these rows, is forgotten: the key was pruned."""
    call.twist = replace(call.twist, forgets=True)


def _partial(call: Call, fault: Fault) -> None:
    rejects = fault.args.get("rejects", [4, 9])
    call.twist = replace(call.twist, rejects=frozenset(int(one) for one in rejects), shuffled=True)


def _missing_rows(call: Call, fault: Fault) -> None:
    """The last `args.rows` (2) are not in the reply, though at least one is."""
    less = int(fault.args.get("rows", 2))
    if rows_of_reply(call) == "xml":
        _change_records(call, lambda rows: rows[: max(1, len(rows) - less)])
        return
    call.change_data(lambda data: _cut(data, less))


def _cut(data: dict[str, Any], less: int) -> None:
    if isinstance(data.get("rows"), list):
        data["rows"] = data["rows"][: max(1, len(data["rows"]) - less)]


def _change_records(call: Call, change: Any) -> None:
    def changed(text: str) -> str:
        rows = _RECORD.findall(text)
        if not rows:
            return text
        start, end = text.index("<records>") + 9, text.index("</records>")
        return text[:start] + "".join(change(rows)) + text[end:]

    call.change_text(changed)


def _other_batch(call: Call, fault: Fault) -> None:
    """`args.what`: `batch`, `digest`, or both (the default)."""
    what = fault.args.get("what", "both")
    if rows_of_reply(call) == "xml":
        call.change_text(lambda text: _other_receipt(text, what))
        return
    if what != "digest":
        call.change_data(lambda data: data.update(batchNo="OTHER-" + str(data.get("batchNo", ""))[:50]))
    if what != "batch":
        call.change_data(lambda data: data.update(digest="0" * 64))


def _other_receipt(text: str, what: str) -> str:
    if "<Receipt" not in text:
        return text
    if what != "digest":
        start, end = text.index("<batchNo>") + 9, text.index("</batchNo>")
        text = text[:start] + "OTHER-" + text[start:end][:50] + text[end:]
    if what != "batch":
        text = re.sub(r"<digest>[0-9a-f]{64}</digest>", f"<digest>{'0' * 64}</digest>", text)
    return text


def _twice(call: Call, fault: Fault) -> None:
    """The first row of a receipt stands in it twice."""
    if rows_of_reply(call) == "xml":
        _change_records(call, lambda rows: [rows[0], *rows])
    else:
        call.change_data(
            lambda data: data.update(rows=[*data["rows"][:1], *data["rows"]]) if data.get("rows") else None
        )


def _out_of_date(call: Call, fault: Fault) -> None:
    """A question gets an answer from before the decision: every row is pending, as it was at first."""
    if call.endpoint not in QUERIES or rows_of_reply(call) != "xml":
        return
    call.change_text(lambda text: _STATE.sub("<state>pending</state>", text))


def _batch_no(call: Call) -> str:
    if call.endpoint == "postSpotchecks":
        return batch_no_of(call.request.body)
    try:
        body = json.loads(call.request.body)
    except ValueError:
        return ""
    return str(body.get("batchNo", "")) if isinstance(body, dict) else ""


def _say(call: Call, code: str, text: str, status: int) -> None:
    if call.request.path.startswith("/exchange/"):
        inner = f"<batchNo>{_batch_no(call)}</batchNo><code>{code}</code><message>{text}</message>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Receipt>{inner}</Receipt>'.encode()
        call.reply = Reply(status, body, "application/xml;charset=UTF-8")
    else:
        call.reply = json_reply({"code": code, "msg": text, "requestId": "-", "data": None}, status)


WRITES: dict[str, Kind] = {
    "http_502_504_gateway": Kind(
        "before",
        _gateway_error,
        "502 or 504, stored after args.seconds (3), args.units of campaign time, or at question args.queries",
    ),
    "late_commit_after_void": Kind(
        "before", _after_the_window, "504, stored once another message was, even if that makes a double"
    ),
    "stale_read_after_write": Kind(
        "before", _stale_read, "the first args.reads (2) questions at each address find nothing"
    ),
    "duplicate_reply": Kind(
        "after", _duplicate, "stores, then says that it was submitted before (49; args.status 409 or 200)"
    ),
    "idempotency_key_conflict": Kind(
        "before", _other_body, "422: the number belongs to other bytes, nothing stored"
    ),
    "idempotency_in_flight": Kind(
        "before",
        _in_flight,
        "409 while the first runs, which ends after args.repeats (2) or args.queries (3)",
    ),
    "idempotency_key_forgotten": Kind(
        "before", _forgotten, "takes a message as new, although it was taken before"
    ),
    "partial_acceptance": Kind(
        "before", _partial, "rows args.rejects (4, 9) are refused, the answers in another order"
    ),
    "partial_reply_missing_items": Kind(
        "after", _missing_rows, "stores, then leaves the last args.rows (2) out of the reply"
    ),
    "receipt_for_other_batch": Kind(
        "after", _other_batch, "the receipt names another batch or digest (args.what: batch, digest, both)"
    ),
    "receipt_duplicate": Kind("after", _twice, "a row stands twice in the receipt"),
    "receipt_late": Kind("after", _out_of_date, "questions get the answer from before the decision"),
}
"""The kinds of this file by name."""
