"""Faults of the way between: connections, time, status lines, the outside systems' clock and signature."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

from mock_platform.fault_kinds import Call, Fault, Kind, nothing
from mock_platform.wire import Port, Reply, json_reply

_HOLD_STEP_S = 0.02
HTML_500 = "<html><head><title>500</title></head><body><h1>系统异常，请稍后再试</h1></body></html>"
HTML_MAINTENANCE = "<html><head><title>公告</title></head><body><h1>系统维护中</h1></body></html>"
_HTML = "text/html;charset=UTF-8"
_YEAR_2099 = 4_070_908_800


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


def _silent(call: Call, fault: Fault) -> None:
    _hold(call, fault)
    call.dropped = True


def _drop(call: Call, fault: Fault) -> None:
    call.dropped = True


def _trickle(call: Call, fault: Fault) -> None:
    if call.reply is not None:
        call.reply.pace_s = float(fault.args.get("seconds", 1.0))


def _reset(call: Call, fault: Fault) -> None:
    """The share of the body (`args.share`) that is still read is the wire's to know."""


def _server_error(call: Call, fault: Fault) -> None:
    call.reply = Reply(int(fault.args.get("status", 500)), HTML_500.encode(), _HTML)


def _too_many(call: Call, fault: Fault) -> None:
    seconds = float(fault.args.get("seconds", 7))
    as_date = fault.args.get("form") == "date"
    _refuse_pace(call, formatdate(time.time() + seconds, usegmt=True) if as_date else f"{seconds:g}")


def _too_many_oddly(call: Call, fault: Fault) -> None:
    forms = {
        "past": "Wed, 21 Oct 2015 07:28:00 GMT",
        "future": formatdate(_YEAR_2099, usegmt=True),
        "garbage": "bald",
        "negative": "-5",
    }
    _refuse_pace(call, forms[str(fault.args.get("form", "past"))])


def _refuse_pace(call: Call, retry_after: str) -> None:
    call.reply = json_reply({"code": "42", "msg": "请求过于频繁", "requestId": "-", "data": None}, 429)
    call.reply.headers["Retry-After"] = retry_after


def _maintenance(call: Call, fault: Fault) -> None:
    if fault.args.get("form") == "page":
        call.reply = Reply(200, HTML_MAINTENANCE.encode(), _HTML)
        return
    call.reply = Reply(503, "系统维护中".encode(), _HTML)
    call.reply.headers["Retry-After"] = str(fault.args.get("seconds", 14_400))


def _envelope_99(call: Call, fault: Fault) -> None:
    call.reply = json_reply({"code": "99", "msg": "系统异常", "requestId": "-", "data": None})


def _expired_token(call: Call, fault: Fault) -> None:
    """After `args.after` requests the next `args.refused` are refused with 401, then it is well again."""
    fault.memory["n"] = number = fault.memory.get("n", 0) + 1
    after, refused = int(fault.args.get("after", 0)), int(fault.args.get("refused", 1))
    if after < number <= after + refused:
        call.reply = json_reply({"code": "41", "msg": "登录已失效", "requestId": "-", "data": None}, 401)


def _skewed_clock(call: Call, fault: Fault) -> None:
    call.clock_off_s = float(fault.args.get("seconds", 600))


def _refused_signature(call: Call, fault: Fault) -> None:
    call.reply = json_reply({"code": "41", "msg": "签名不符", "requestId": "-", "data": None})


def _used_nonce(call: Call, fault: Fault) -> None:
    call.reply = json_reply({"code": "41", "msg": "随机串已使用过", "requestId": "-", "data": None})


def _stop_listening(port: Port, fault: Fault, on: bool) -> None:
    if on:
        port.stop_listening()
    else:
        port.listen_again()


def _other_certificate(port: Port, fault: Fault, on: bool) -> None:
    """`args.certificate`: a PEM file with certificate and key."""
    if on:
        port.use_certificate(Path(fault.args["certificate"]))
    else:
        port.use_certificate(port.own_certificate)


TRANSPORT: dict[str, Kind] = {
    "hold_before": Kind("before", _hold, "holds the request before anything happens"),
    "hold_after_commit": Kind(
        "after", _hold, "stores, then holds the reply until cleared or the client is gone"
    ),
    "reply_lost_before_commit": Kind("before", _drop, "closes the connection, nothing stored"),
    "reply_lost_after_commit": Kind("after", _drop, "stores, then closes the connection"),
    "http_500_before_commit": Kind("before", _server_error, "500 with a page of HTML, nothing stored"),
    "http_500_after_commit": Kind("after", _server_error, "stores, then 500 with a page of HTML"),
    "system_error_before_commit": Kind("before", _envelope_99, "200 with code 99, nothing stored"),
    "rate_429_retry_after_seconds": Kind(
        "before", _too_many, "429 and Retry-After of args.seconds (args.form=date: as a date), nothing stored"
    ),
    "rate_429_http_date_past": Kind(
        "before", _too_many_oddly, "429 and a Retry-After of args.form past, future, garbage or negative"
    ),
    "maintenance_window": Kind(
        "before", _maintenance, "503 and Retry-After of hours (args.form=page: a page, 200), nothing stored"
    ),
    "slow_trickle": Kind("after", _trickle, "stores, then sends the reply byte by byte, args.seconds apart"),
    "slow_headers": Kind("after", _silent, "stores, then says nothing at all (args.phase=before: not even)"),
    "connection_refused": Kind(
        "switch", nothing, "nobody listens (endpoint: platform or publicity)", _stop_listening
    ),
    "reset_mid_request": Kind("head", _reset, "RST while the body is sent, after args.share of it (0.5)"),
    "tls_error": Kind("switch", nothing, "presents the certificate args.certificate", _other_certificate),
    "token_expiry_mid_run": Kind(
        "before", _expired_token, "after args.after requests 401 for args.refused of them (1), nothing stored"
    ),
    "clock_skew": Kind("before", _skewed_clock, "the system's clock, Date included, is args.seconds ahead"),
    "signature_bad": Kind("before", _refused_signature, "code 41, the signature is refused, nothing stored"),
    "nonce_replay": Kind("before", _used_nonce, "code 41, the nonce is known already, nothing stored"),
}
"""The kinds of this file by name."""
