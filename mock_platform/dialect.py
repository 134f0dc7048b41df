"""Another system's way of saying what the contract says: paths, members, codes, pages, signature.

The mock itself speaks the contract of schemas/contracts and nothing else.  A dialect stands at the port: it
turns a request into the contract's before anything looks at it, and the answer into the system's own when
everything, faults included, is done with it.  What it must not change is what was signed and what a digest
is made of: `Request.sent` is the request as it came.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from mock_platform.dialect_shapes import Row, Shapes
from mock_platform.refusal import Refusal
from mock_platform.signature import Scheme
from mock_platform.wire import Reply, Request

_PAGED = ("OFFSET", "LIMIT")


@dataclass(frozen=True)
class Route:
    """One operation: its path here and in the contract, and the shapes of what is sent and answered.

    Parameters that the contract has in its path are named in braces there, and come in the query here.
    """

    operation: str
    method: str
    path: str
    contract: str
    answer: str = ""
    body: str = ""


@dataclass(frozen=True)
class Dialect:
    """A dialect. `parameters`: name in a query -> the contract's, and its form; `codes`: answer codes."""

    name: str
    scheme: Scheme
    routes: tuple[Route, ...]
    shapes: Shapes
    parameters: Mapping[str, tuple[str, str]]
    codes: Mapping[str, int]
    envelope: tuple[str, str, str, str]
    exchange: Mapping[str, str]

    def inward(self, request: Request) -> Request:
        """The request as the contract has it; one that cannot be read so carries its refusal."""
        route = self._route(request)
        if route is None:
            return replace(request, target="/unknown", sent=request)
        try:
            target = self._target(route, dict(request.query))
            body = request.body
            if route.body and body:
                told = self.shapes.inward(route.body, json.loads(body))
                body = json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
        except Refusal as refusal:
            return replace(request, target=route.contract, sent=request, refusal=refusal)
        except (ValueError, RecursionError):
            unread = Refusal("96", "报文不是合格的 JSON")
            return replace(request, target=route.contract, sent=request, refusal=unread)
        return replace(request, target=target, body=body, sent=request)

    def outward(self, request: Request, reply: Reply | None) -> Reply | None:
        """The answer in the system's own names; what is no answer of the contract stays as it is."""
        if reply is None:
            return None
        encoding = _encoding(reply.body)
        try:
            text = reply.body.decode(encoding)
            held = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
            if not (isinstance(held, dict) and {"code", "msg"} <= set(held)):
                return reply
            route = self._route(request)
            shape = route.answer if route is not None else ""
            data = held.get("data")
            said = {
                "code": self.codes.get(held["code"], held["code"]),
                "msg": held["msg"],
                "requestId": held.get("requestId"),
                "data": self._answer(shape, data) if shape else data,
            }
            named = dict(zip(self.envelope, said.values(), strict=True))
            body = json.dumps(named, ensure_ascii=False, separators=(",", ":")).encode(encoding)
        except (ValueError, RecursionError):
            return reply
        if reply.cut is not None:
            reply.cut = len(body) * 6 // 10
        return replace(reply, body=body)

    def exchange_inward(self, request: Request) -> Request:
        """A request to the exchange, whose messages are the contract's own: only its paths differ."""
        for theirs, ours in self.exchange.items():
            if request.path == theirs or (theirs.endswith("/") and request.path.startswith(theirs)):
                return replace(request, target=ours + request.target.removeprefix(theirs), sent=request)
        if request.path.startswith("/exchange/"):
            return replace(request, target="/unknown", sent=request)
        return replace(request, sent=request)

    def _route(self, request: Request) -> Route | None:
        for route in self.routes:
            if (route.method, route.path) == (request.method, request.path):
                return route
        return None

    def _target(self, route: Route, query: dict[str, str]) -> str:
        arguments: dict[str, str] = {}
        if set(query) & set(_PAGED):
            offset, limit = (_number(query.pop(name, "0")) for name in _PAGED)
            if limit < 1 or offset % limit:
                raise Refusal("96", "OFFSET 须是 LIMIT 的整数倍")
            arguments |= {"pageNo": str(offset // limit + 1), "pageSize": str(limit)}
        for name, text in query.items():
            if name not in self.parameters:
                raise Refusal("96", f"没有参数 {name[:40]}")
            ours, form = self.parameters[name]
            arguments[ours] = self.shapes.read(form, text)
        path = route.contract
        for name in [*arguments]:
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", quote(arguments.pop(name), safe=""))
        if "{" in path:
            raise Refusal("97", "缺少参数")
        return path + (f"?{urlencode(arguments)}" if arguments else "")

    def _answer(self, shape: str, data: Any) -> Any:
        if isinstance(data, dict) and "pageNo" in data:
            page: Row = {**data, "offset": (data["pageNo"] - 1) * data["pageSize"]}
            data = {name: value for name, value in page.items() if name != "pageNo"}
        return self.shapes.outward(shape, data)


def _encoding(body: bytes) -> str:
    """What a fault may have written the answer in."""
    if body.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise Refusal("98", "OFFSET、LIMIT 应为整数")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> Row:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member twice")
    return dict(pairs)


def _no_number(name: str) -> float:
    raise ValueError(name)
