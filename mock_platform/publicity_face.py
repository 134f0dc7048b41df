"""The publicity system's port: exchange, public JSON, public numbers, and a page for people."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from urllib.parse import unquote

from mock_platform.answering import answer, interrupted
from mock_platform.exchange_face import get_held_record, get_receipt, post_spotchecks, refuse_xml
from mock_platform.public_pages import REGISTRATION, enterprise_page, home_page
from mock_platform.refusal import Refusal
from mock_platform.shanghai_time import on
from mock_platform.wire import Caller, Reply, Request, json_reply
from mock_platform.world import Row, World

_ROWS = "/gsxt/corp-query-entprise-info-getDrRaninsRes-"
_DETAIL = "/gsxt/corp-query-entprise-info-getDrRaninsResDetail-"
_ENTERPRISE = "/gsxt/corp-query-entprise-info-primaryinfoapp-entbaseInfo-"
_ROUTES: list[tuple[str, str, re.Pattern[str]]] = [
    ("postSpotchecks", "POST", re.compile(r"/exchange/v1/spotchecks")),
    ("getReceipt", "GET", re.compile(r"/exchange/v1/receipts/([^/]+)")),
    ("getHeldRecord", "GET", re.compile(r"/exchange/v1/records/([^/]+)")),
    ("getPublicRows", "GET", re.compile(re.escape(_ROWS) + r"([^/]+)\.html")),
    ("getPublicDetail", "GET", re.compile(re.escape(_DETAIL) + r"([^/]+)\.html")),
    ("getPublicEnterprise", "GET", re.compile(re.escape(_ENTERPRISE) + r"([^/]+)\.html")),
    ("getPublicNumber", "GET", re.compile(r"/public-numbers/([^/]+)")),
    ("getHomePage", "GET", re.compile(r"/")),
    ("getEnterprisePage", "GET", re.compile(r"/entprise/([^/]+)")),
]
_SIGNED = ("postSpotchecks", "getReceipt", "getHeldRecord")


def answer_publicity(world: World, request: Request, caller: Caller) -> Reply | None:
    """Answers one request on the publicity system's port."""
    return answer(
        world,
        request if world.dialect is None else world.dialect.exchange_inward(request),
        caller,
        name_of=lambda one: _route(one)[0],
        perform=_perform,
        refuse=_refuse,
        signed=lambda name: name in _SIGNED,
    )


def interrupt_publicity(world: World, request: Request) -> float | None:
    """Whether a request to the publicity system's port is cut off while it comes in."""
    asked = request if world.dialect is None else world.dialect.exchange_inward(request)
    return interrupted(world, asked, name_of=lambda one: _route(one)[0])


def _route(request: Request) -> tuple[str, str]:
    for name, method, pattern in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found and method == request.method:
            return name, unquote(found[1]) if pattern.groups else ""
    return "unknown", ""


def _perform(world: World, request: Request) -> Reply:
    name, argument = _route(request)
    if name == "unknown":
        raise Refusal("44", "没有这个地址")
    return _CALLS[name](world, request, argument)


def _refuse(world: World, request: Request, refusal: Refusal) -> Reply:
    if request.path.startswith("/exchange/"):
        return refuse_xml(world, request, refusal)
    status = 404 if refusal.code == "44" else 500 if refusal.code == "99" else 400
    return json_reply({"code": refusal.code, "msg": refusal.text}, status)


# --- the public view ------------------------------------------------------------------------


def shown_records(world: World, prip_id: str) -> list[Row]:
    """What the public sees under one enterprise, latest first."""
    rows = [row for _, row in world.records.having(_shown_under, prip_id)]
    return sorted(rows, key=lambda row: (row["shown"]["insDate"], row["recordId"]), reverse=True)


def _shown_under(record: Row) -> object:
    return record["shown"]["pripId"] if record["shown"] else None


def _public_id(record: Row) -> object:
    return f"{record['seq']:08d}" if record["shown"] else None


def _public_rows(world: World, request: Request, prip_id: str) -> Reply:
    enterprise = world.enterprises.get(prip_id)
    if enterprise is not None:
        world.wait_for(f"public/{enterprise['uniscid']}")
    rows = [
        {
            **{
                name: record["shown"][name]
                for name in (
                    "raninsPlanId", "raninsPlaneName", "raninsTaskId", "raninsTaskName", "raninsTypeName",
                    "insAuth",
                )
            },
            "insDate": _milliseconds(record["shown"]["insDate"]),
            "publicDate": _milliseconds(record["shown"]["publicDate"]),
            "url": f"{_DETAIL}{record['publicId']}.html",
        }
        for record in shown_with_ids(world, prip_id)
    ]  # fmt: skip
    return json_reply(_table(request, rows))


def _milliseconds(day: str) -> int:
    """The midnight that a day of Shanghai begins with, as the site writes days."""
    return int(on(date.fromisoformat(day), 0).timestamp() * 1000)


def _public_enterprise(world: World, request: Request, prip_id: str) -> Reply:
    """Who an enterprise is today, by the register."""
    row = world.enterprises.get(prip_id)
    if row is None:
        raise Refusal("44", "没有这个主体")
    state = REGISTRATION[row.get("regState", "1")]
    return json_reply({"uniscId": row["uniscid"], "entName": row["entName"], "regState_CN": state})


def shown_with_ids(world: World, prip_id: str) -> list[Row]:
    """The same with the public id that the detail's address holds."""
    return [{**row, "publicId": _public_id(row)} for row in shown_records(world, prip_id)]


def _public_detail(world: World, request: Request, public_id: str) -> Reply:
    for _, record in world.records.having(_public_id, public_id):
        return json_reply(_table(request, record["shown"]["details"], by_default=1000))
    raise Refusal("44", "没有这条记录")


def _table(request: Request, rows: list[Row], by_default: int = 5) -> Row:
    """As the site's tables ask for it: draw, start, length."""
    query = dict(request.query)
    draw, start = _number(query, "draw", 1), _number(query, "start", 0)
    length = max(1, min(_number(query, "length", by_default), 1000))
    pages = -(-len(rows) // length)
    return {
        "draw": draw,
        "recordsTotal": len(rows),
        "recordsFiltered": len(rows),
        "totalPage": pages,
        "perPage": length,
        "data": rows[start : start + length],
    }


def _number(query: dict[str, str], name: str, otherwise: int) -> int:
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else otherwise


def _public_number(world: World, request: Request, number_id: str) -> Reply:
    if _is_waited_for(world, number_id):
        world.wait_for(f"number/{number_id}")
    if number_id not in world.numbers:
        raise Refusal("44", "尚未公布")
    return json_reply(world.numbers[number_id])


def _is_waited_for(world: World, number_id: str) -> bool:
    """Only after the reveal was closed does anybody wait for the number; before, asking moves no clock."""
    closed = [key.removesuffix("closing") for key in world.documents if key.endswith("/closing")]
    return any(number_id in world.documents[f"{prefix}commitment"]["document"] for prefix in closed)


def _home(world: World, request: Request, _: str) -> Reply:
    return home_page(world, dict(request.query).get("q", ""))


def _enterprise(world: World, request: Request, prip_id: str) -> Reply:
    if prip_id not in world.enterprises:
        raise Refusal("44", "没有这个主体")
    return enterprise_page(world.enterprises[prip_id], shown_records(world, prip_id))


_CALLS: dict[str, Callable[[World, Request, str], Reply]] = {
    "postSpotchecks": lambda world, request, _: post_spotchecks(world, request),
    "getReceipt": lambda world, _, batch_no: get_receipt(world, batch_no),
    "getHeldRecord": lambda world, _, record_id: get_held_record(world, record_id),
    "getPublicRows": _public_rows,
    "getPublicDetail": _public_detail,
    "getPublicEnterprise": _public_enterprise,
    "getPublicNumber": _public_number,
    "getHomePage": _home,
    "getEnterprisePage": _enterprise,
}
