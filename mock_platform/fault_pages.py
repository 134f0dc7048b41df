"""Faults of lists: pages that move, repeat or never end, columns that change, rows that are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from mock_platform.fault_kinds import Call, Fault, Kind
from mock_platform.wire import Request

Row = dict[str, Any]
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


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


def _row_moved(call: Call, fault: Fault) -> None:
    """The first row of every page but the first is missing: it moved onto the page before.

    `args.balanced`: another row came in at the end, so that every total is right; `args.snapshot` false: the
    system makes no promise that pages stand still.
    """

    def moved(data: Row) -> None:
        rows = data.get("rows")
        if rows and _page(call) > 1:
            gone = rows.pop(0)
            if fault.args.get("balanced"):
                rows.append({**gone, **{name: f"{gone[name]}X" for name in list(gone)[:1]}})
        if fault.args.get("snapshot") is False:
            data["snapshot"] = None

    call.change_data(moved)


def _total_lies(call: Call, fault: Fault) -> None:
    call.change_data(lambda data: data.update(total=data.get("total", 0) + int(fault.args.get("by", 1))))


def _endless_total(call: Call, fault: Fault) -> None:
    call.change_data(lambda data: data.update(total=10**9))


def _drift(call: Call, fault: Fault) -> None:
    """`args.kind` happens to the column `args.column` of every row."""
    kind = str(fault.args.get("kind", "new_column"))
    column = str(fault.args.get("column", "entName"))
    change = _DRIFTS[kind]
    call.change_data(lambda data: [change(row, column) for row in data.get("rows") or []])


def _rename(row: Row, column: str) -> None:
    row[f"{column}New"] = row.pop(column, None)


def _as_object(row: Row, column: str) -> None:
    row[column] = {"value": row.get(column)}


_DRIFTS: dict[str, Callable[[Row, str], object]] = {
    "new_column": lambda row, column: row.update(newColumn="1"),
    "renamed": _rename,
    "type_changed": _as_object,
    "enum_unknown": lambda row, column: row.update({column: "ZZ"}),
}
DRIFTS = tuple(_DRIFTS)
"""What `args.kind` of `schema_drift` may be."""


def _wrong_digit(code: str) -> str:
    return code[:-1] + ("0" if code[-1] != "0" else "1")


_CODES = ("uniscid", "ownerUniscid")
_SPOILT: dict[str, Callable[[str], str]] = {
    "wrong_digit": _wrong_digit,
    "wide_digits": lambda code: code.translate(_WIDE),
}


def _bad_rows(call: Call, fault: Fault) -> None:
    """`args.kind` happens to the row `args.row` (1) of a page: a wrong check digit, wide digits, a closed
    enterprise; or the row comes again, as a `copy` or (`twice`) with something else in `args.column`.
    """
    kind, number = str(fault.args.get("kind", "wrong_digit")), int(fault.args.get("row", 1))

    def spoil(data: Row) -> None:
        rows = data.get("rows") or []
        if len(rows) < number:
            return
        row = rows[number - 1]
        if kind in _SPOILT:
            row.update({name: _SPOILT[kind](row[name]) for name in _CODES if row.get(name)})
        elif kind == "closed":
            row["regState"] = str(fault.args.get("state", "4"))
        elif kind in ("copy", "twice"):
            more = {} if kind == "copy" else {str(fault.args.get("column", "entName")): "另一名称有限公司"}
            rows.append({**json.loads(json.dumps(row)), **more})
            data["total"] = data.get("total", 0) + 1

    call.change_data(spoil)


PAGES: dict[str, Kind] = {
    "page_repeated": Kind("before", _page_back, "page n again as page n + 1"),
    "page_never_ends": Kind("before", _pages_in_a_circle, "pages go round for ever"),
    "endless_total": Kind("after", _endless_total, "a total of 10^9, set together with page_never_ends"),
    "row_moved_between_pages": Kind(
        "after",
        _row_moved,
        "a row slips onto the page before while one pages (args.balanced: another comes in; args.snapshot)",
    ),
    "total_lies": Kind("after", _total_lies, "total is not the number of rows (args.by)"),
    "schema_drift": Kind("after", _drift, f"args.kind {', '.join(DRIFTS)} happens to args.column"),
    "bad_rows": Kind(
        "after", _bad_rows, "args.kind wrong_digit, wide_digits, closed, copy, twice happens to args.row"
    ),
}
"""The kinds of this file by name."""
