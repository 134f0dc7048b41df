"""Faults of what comes back: bodies that break off, pages for people, hostile JSON, XML and compression."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mock_platform.fault_kinds import Call, Fault, Kind, rows_of_reply
from mock_platform.wire import Reply

HTML_LOGIN = "<html><head><title>用户登录</title></head><body><form>请登录</form></body></html>"
_HTML = "text/html;charset=UTF-8"
_MB = 1024 * 1024


def _truncated(call: Call, fault: Fault) -> None:
    """`args.form`: `cut` (the length promises more), `chunk` (a chunk is cut), `short` (the length lies)."""
    if call.reply is not None:
        call.reply.cut = len(call.reply.body) * 6 // 10
        call.reply.framing = fault.args.get("form", "cut")


def _wrong_reply(call: Call, fault: Fault) -> None:
    body = str(fault.args.get("body", HTML_LOGIN)).encode("utf-8")
    call.reply = Reply(int(fault.args.get("status", 200)), body, fault.args.get("contentType", _HTML))


def _wrong_type(call: Call, fault: Fault) -> None:
    if call.reply is not None:
        call.reply.content_type = str(fault.args.get("contentType", "text/html;charset=GBK"))


_ODD: dict[str, Callable[[str], str]] = {
    "duplicate_key": lambda text: '{"code":"00",' + text[1:],
    "nan": lambda text: '{"odd":NaN,' + text[1:],
    "infinite": lambda text: '{"odd":1e400,' + text[1:],
    "lone_surrogate": lambda text: '{"odd":"\\ud800",' + text[1:],
    "deep": lambda text: '{"odd":' + "[" * 2000 + "]" * 2000 + "," + text[1:],
    "integer": lambda text: '{"odd":' + "7" * 5000 + "," + text[1:],
}
JSON_ODDITIES = tuple(_ODD)
"""What `args.kind` of `json_oddities` may be."""


def _odd_json(call: Call, fault: Fault) -> None:
    if rows_of_reply(call) == "json":
        call.change_text(_ODD[str(fault.args.get("kind", "duplicate_key"))])


ENCODINGS = ("bom", "gb2312", "mislabelled", "newline", "four_bytes", "private_use")
"""What `args.kind` of `encoding_mix` may be."""
FOUR_BYTES = "\U00020000㐀"
PRIVATE_USE = "\ue5e5\ue863"


def _encoding(call: Call, fault: Fault) -> None:
    """`bom`: UTF-8 with one; `gb2312`: GBK bytes so labelled; `mislabelled`: GBK bytes called UTF-8;
    `newline`: an empty line first; `four_bytes`, `private_use`: GB18030 with such characters in the message.
    """
    if call.reply is None:
        return
    kind = str(fault.args.get("kind", "bom"))
    text, is_xml = call.reply.body.decode("utf-8"), rows_of_reply(call) == "xml"
    if kind == "bom":
        call.reply.body = b"\xef\xbb\xbf" + call.reply.body
        return
    if kind == "newline":
        call.reply.body = b"\r\n" + call.reply.body
        return
    more = {"four_bytes": FOUR_BYTES, "private_use": PRIVATE_USE}.get(kind, "镕喆")
    label = {"gb2312": "gb2312", "mislabelled": "UTF-8"}.get(kind, "gb18030")
    text = text.replace("成功", "成功" + more, 1)
    if is_xml:
        text = text.replace('encoding="UTF-8"', f'encoding="{label}"', 1)
    call.reply.body = text.encode("gb18030")
    call.reply.content_type = f"{'application/xml' if is_xml else 'application/json'};charset={label}"


def _xxe(call: Call, fault: Fault) -> None:
    """`args.to`: an address that a careless reader would fetch."""
    to = str(fault.args.get("to", "http://127.0.0.1:9/"))
    entities = f'<!ENTITY f SYSTEM "file:///etc/hostname"><!ENTITY h SYSTEM "{to}">'
    _with_doctype(call, f'<!DOCTYPE r SYSTEM "{to}x.dtd" [{entities}]>')


def _laughs(call: Call, fault: Fault) -> None:
    """`args.kind`: `nested` (ten to the tenth), `quadratic` (a long entity a hundred thousand times)."""
    if fault.args.get("kind") == "quadratic":
        _with_doctype(call, f'<!DOCTYPE r [<!ENTITY f "{"哈" * 100_000}">]>', "&f;" * 100_000)
        return
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
    _with_doctype(call, f'<!DOCTYPE r [<!ENTITY l0 "哈">{levels}]>', "&l10;")


def _with_doctype(call: Call, doctype: str, inside: str = "&f;&h;") -> None:
    def changed(text: str) -> str:
        head, _, rest = text.rpartition("?>")
        rest = rest.replace("<message>", f"<message>{inside}", 1)
        return f"{head}?>{doctype}{rest}" if head else doctype + rest

    if rows_of_reply(call) == "xml":
        call.change_text(changed)
    elif call.reply is not None:
        body = f'<?xml version="1.0"?>{doctype}<r><message>{inside}</message></r>'
        call.reply = Reply(200, body.encode(), "application/xml")


def _gzip_bomb(call: Call, fault: Fault) -> None:
    if call.reply is not None:
        call.reply.body = bomb(int(fault.args.get("megabytes", 200)))
        call.reply.headers["Content-Encoding"] = "gzip"


@lru_cache(maxsize=2)
def bomb(megabytes: int) -> bytes:
    """A gzip file of about a kilobyte for each megabyte of blanks that it unpacks to."""
    block, crc = b" " * _MB, 0
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    once = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(megabytes):
        crc = zlib.crc32(block, crc)
    tail = crc.to_bytes(4, "little") + (megabytes * _MB % 2**32).to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + once * megabytes + b"\x03\0" + tail


def _giant(call: Call, fault: Fault) -> None:
    """`args.kind`: `field` (a name as long as `args.megabytes` say), `page` (`args.rows` rows)."""
    if fault.args.get("kind") == "page":
        call.change_data(lambda data: _repeat(data, int(fault.args.get("rows", 100_000))))
    else:
        size = int(float(fault.args.get("megabytes", 20)) * _MB)
        call.change_data(lambda data: _lengthen(data, size))


def _lengthen(data: dict[str, Any], size: int) -> None:
    for row in data.get("rows") or []:
        for name in ("entName", "name", "itemName", "text"):
            if isinstance(row.get(name), str):
                row[name] = "x" * size
                return


def _repeat(data: dict[str, Any], rows: int) -> None:
    """Rows with little in them, so that there can be so many under any cap of bytes."""
    if data.get("rows"):
        first = next(iter(json.loads(json.dumps(data["rows"][0])).items()))
        data.update(rows=[dict([first])] * rows, total=rows)


def _redirect(call: Call, fault: Fault) -> None:
    call.reply = Reply(int(fault.args.get("status", 302)), b"", _HTML)
    call.reply.headers["Location"] = str(fault.args.get("to", "http://169.254.169.254/latest/meta-data/"))


BYTES: dict[str, Kind] = {
    "wrong_reply": Kind(
        "after", _wrong_reply, "another body in place of the answer (args.body, status, contentType)"
    ),
    "truncated_json": Kind(
        "after", _truncated, "the body breaks off after 60 % (args.form: cut, chunk, short)"
    ),
    "html_200_login": Kind("after", _wrong_reply, "stores, then a login page with 200"),
    "wrong_content_type": Kind("after", _wrong_type, "the body is called text/html;charset=GBK"),
    "json_oddities": Kind("after", _odd_json, f"args.kind: {', '.join(JSON_ODDITIES)}"),
    "encoding_mix": Kind("after", _encoding, f"args.kind: {', '.join(ENCODINGS)}"),
    "xxe_reply": Kind("after", _xxe, "a DOCTYPE with entities of files and of args.to"),
    "billion_laughs": Kind("after", _laughs, "entities that grow (args.kind: nested, quadratic)"),
    "gzip_bomb": Kind("after", _gzip_bomb, "a body of args.megabytes (200) in two hundred kilobytes"),
    "giant_field": Kind(
        "after", _giant, "args.kind: field of args.megabytes (20), or page of args.rows (100000)"
    ),
    "redirect_other_host": Kind("after", _redirect, "302 to args.to"),
}
"""The kinds of this file by name."""
