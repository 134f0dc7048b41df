"""Faults that can be switched on, as state: by name, endpoint, call number, probability, count.

`FAULTS` is the catalogue.  A fault of phase `before` acts before anything of the request
is looked at, one of phase `after` when the answer is made and committed.  `endpoint` is an
operationId or the beginning of a path; `calls` are numbers of the matching requests, from 1,
since the fault was set; `args.write`: k fires on the request that stored the k-th write of its endpoint.
Faults live in this process; they are not kept in the state file.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from mock_platform.chance import chance
from mock_platform.wire import Caller, Reply, Request, json_reply

_HOLD_STEP_S = 0.02
_HTML_500 = "<html><head><title>500</title></head><body><h1>系统异常，请稍后再试</h1></body></html>"
_HTML_LOGIN = "<html><head><title>用户登录</title></head><body><form>请登录</form></body></html>"


@dataclass
class Fault:
    """One fault that was set. `seen` counts matching requests, `fired` how often it acted.

    `held` are the requests that it holds back at this moment.
    """

    name: str
    endpoint: str | None = None
    calls: Sequence[int] | None = None
    probability: float | None = None
    count: int | None = None
    args: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0
    held: set[int] = field(default_factory=set)
    cleared: threading.Event = field(default_factory=threading.Event)

    def to_json(self) -> dict[str, Any]:
        """As the control face lists it."""
        names = ("name", "endpoint", "calls", "probability", "count", "args", "seen", "fired")
        return {**{name: getattr(self, name) for name in names}, "holding": len(self.held)}


@dataclass
class Call:
    """One request on its way: a fault may rewrite it, set or change the reply, or drop the connection."""

    request: Request
    endpoint: str
    caller: Caller
    reply: Reply | None = None
    dropped: bool = False
    first_write: int = 0
    last_write: int = 0

    def wrote(self, number: int) -> bool:
        """Whether this call stored the `number`-th write of its endpoint."""
        return self.first_write <= number <= self.last_write


@dataclass(frozen=True)
class Kind:
    """What a fault of this name does, and when."""

    phase: Literal["before", "after"]
    does: Callable[[Call, Fault], None]
    about: str


class Faults:
    """The faults that are set now."""

    def __init__(self, seed: int) -> None:
        self._seed, self._lock = seed, threading.Lock()
        self.active: list[Fault] = []

    def set(
        self,
        name: str,
        endpoint: str | None = None,
        *,
        calls: Sequence[int] | None = None,
        probability: float | None = None,
        count: int | None = None,
        args: dict[str, Any] | None = None,
    ) -> Fault:
        """Switches a fault on. Raises KeyError for a name that the catalogue does not have."""
        if name not in FAULTS:
            raise KeyError(name)
        fault = Fault(name, endpoint, calls, probability, count, args or {})
        with self._lock:
            self.active.append(fault)
        return fault

    def clear(self, name: str | None = None) -> None:
        """Switches off all faults, or those of one name; what they hold is let go."""
        with self._lock:
            for fault in self.active:
                if name in (None, fault.name):
                    fault.cleared.set()
            self.active = [fault for fault in self.active if not fault.cleared.is_set()]

    def match(self, endpoint: str, path: str) -> list[Fault]:
        """Those that may act on this request; counts it for each."""
        if not self.active:
            return []
        with self._lock:
            return [fault for fault in self.active if self._matches(fault, endpoint, path)]

    def _matches(self, fault: Fault, endpoint: str, path: str) -> bool:
        if fault.endpoint and fault.endpoint != endpoint and not path.startswith(fault.endpoint):
            return False
        fault.seen += 1
        if fault.count is not None and fault.fired >= fault.count:
            return False
        if fault.calls is not None and fault.seen not in fault.calls:
            return False
        if fault.probability is None:
            return True
        return chance(self._seed, "fault", fault.name, fault.seen).random() < fault.probability

    def act(self, phase: str, faults: Sequence[Fault], call: Call) -> None:
        """Lets the faults of one phase do what they do."""
        for fault in faults:
            kind = FAULTS[fault.name]
            if kind.phase != phase or call.dropped or fault.cleared.is_set():
                continue
            if "write" in fault.args and not call.wrote(fault.args["write"]):
                continue
            with self._lock:
                if fault.count is not None and fault.fired >= fault.count:
                    continue
                fault.fired += 1
            kind.does(call, fault)


# --- what they do ---------------------------------------------------------------------------


def _hold(call: Call, fault: Fault) -> None:
    """Until the fault is cleared, the client is gone, or `args.seconds` have passed."""
    fault.held.add(id(call))
    try:
        end = time.monotonic() + float(fault.args.get("seconds", 3600))
        while time.monotonic() < end and not fault.cleared.wait(_HOLD_STEP_S):
            if call.caller.is_gone():
                call.dropped = True
                return
    finally:
        fault.held.discard(id(call))


def _drop(call: Call, fault: Fault) -> None:
    call.dropped = True


def _server_error(call: Call, fault: Fault) -> None:
    status = int(fault.args.get("status", 500))
    call.reply = Reply(status, _HTML_500.encode(), "text/html;charset=UTF-8")


def _too_many(call: Call, fault: Fault) -> None:
    call.reply = json_reply({"code": "42", "msg": "请求过于频繁", "requestId": "-", "data": None}, 429)
    call.reply.headers["Retry-After"] = str(fault.args.get("seconds", 7))


def _maintenance(call: Call, fault: Fault) -> None:
    call.reply = Reply(503, "系统维护中".encode(), "text/html;charset=UTF-8")
    call.reply.headers["Retry-After"] = str(fault.args.get("seconds", 14_400))


def _envelope_99(call: Call, fault: Fault) -> None:
    call.reply = json_reply({"code": "99", "msg": "系统异常", "requestId": "-", "data": None})


def _page_back(call: Call, fault: Fault) -> None:
    """Page n is served again as page n + 1 (every later page is the one before it)."""
    number = _page(call)
    if number > 1:
        _ask_for_page(call, number - 1)


def _pages_in_a_circle(call: Call, fault: Fault) -> None:
    _ask_for_page(call, (_page(call) - 1) % int(fault.args.get("pages", 2)) + 1)


def _page(call: Call) -> int:
    number = dict(call.request.query).get("pageNo", "1")
    return int(number) if number.isdigit() else 1


def _ask_for_page(call: Call, number: int) -> None:
    """The request is looked at as one for another page; its signature was checked as it came."""
    query = [(name, value) for name, value in call.request.query if name != "pageNo"]
    target = call.request.path + "?" + urlencode([*query, ("pageNo", str(number))])
    call.request = Request(call.request.method, target, call.request.headers, call.request.body)


def _data(call: Call, change: Callable[[dict[str, Any]], None]) -> None:
    if call.reply is None:
        return
    try:
        envelope = json.loads(call.reply.body)
    except ValueError:
        return
    if isinstance(envelope, dict) and isinstance(envelope.get("data"), dict):
        change(envelope["data"])
        call.reply = json_reply(envelope, call.reply.status)


def _row_moved(call: Call, fault: Fault) -> None:
    """The first row of every page but the first is missing: it moved onto the page before."""
    if _page(call) > 1:
        _data(call, lambda data: data["rows"].pop(0) if data.get("rows") else None)


def _total_lies(call: Call, fault: Fault) -> None:
    _data(call, lambda data: data.update(total=data.get("total", 0) + int(fault.args.get("by", 1))))


def _endless_total(call: Call, fault: Fault) -> None:
    _data(call, lambda data: data.update(total=10**9))


def _other_batch(call: Call, fault: Fault) -> None:
    if call.reply is not None and b"<Receipt" in call.reply.body:
        text = call.reply.body.decode("utf-8")
        start, end = text.index("<batchNo>") + 9, text.index("</batchNo>")
        call.reply.body = (text[:start] + "OTHER-" + text[start:end][:50] + text[end:]).encode("utf-8")
    _data(
        call, lambda data: data.update(batchNo="OTHER-" + str(data.get("batchNo", ""))[:50], digest="0" * 64)
    )


def _wrong_reply(call: Call, fault: Fault) -> None:
    body = str(fault.args.get("body", _HTML_LOGIN)).encode("utf-8")
    call.reply = Reply(
        int(fault.args.get("status", 200)), body, fault.args.get("contentType", "text/html;charset=UTF-8")
    )


def _truncated(call: Call, fault: Fault) -> None:
    if call.reply is not None:
        call.reply.cut = len(call.reply.body) * 6 // 10


FAULTS: dict[str, Kind] = {
    "hold_before": Kind("before", _hold, "holds the request before anything happens"),
    "hold_after_commit": Kind(
        "after", _hold, "stores, then holds the reply until cleared or the client is gone"
    ),
    "reply_lost_before_commit": Kind("before", _drop, "closes the connection, nothing stored"),
    "reply_lost_after_commit": Kind("after", _drop, "stores, then closes the connection"),
    "http_500_before_commit": Kind("before", _server_error, "500 with a page of HTML, nothing stored"),
    "http_500_after_commit": Kind("after", _server_error, "stores, then 500 with a page of HTML"),
    "system_error_before_commit": Kind("before", _envelope_99, "200 with code 99, nothing stored"),
    "rate_429_retry_after_seconds": Kind("before", _too_many, "429 and Retry-After, nothing stored"),
    "maintenance_window": Kind("before", _maintenance, "503 and Retry-After of hours, nothing stored"),
    "page_repeated": Kind("before", _page_back, "page n again as page n + 1"),
    "page_never_ends": Kind("before", _pages_in_a_circle, "pages go round for ever"),
    "endless_total": Kind("after", _endless_total, "a total of 10^9, set together with page_never_ends"),
    "row_moved_between_pages": Kind("after", _row_moved, "a row slips onto the page before while one pages"),
    "total_lies": Kind("after", _total_lies, "total is not the number of rows (args.by)"),
    "receipt_for_other_batch": Kind("after", _other_batch, "the receipt names another batch and digest"),
    "wrong_reply": Kind(
        "after", _wrong_reply, "another body in place of the answer (args.body, status, contentType)"
    ),
    "truncated_json": Kind("after", _truncated, "the body breaks off after 60 %"),
}
