"""`python -m bench.sync_platform READY`: a platform with directories of any size, and quick.

`/SIZE/KIND/api/v1/directories/objects?pageNo=…&pageSize=…` gives a page of so many enterprises that do not
exist, about 490 bytes each, as the profile `hebei` names their columns.  KIND is `clean`, or `bad`: then one
row in a hundred is wrong, each in one of three ways.  Nothing is checked, signatures neither; pages are kept
once they were made as long as a directory is no larger than `KEPT_ROWS`, so that what is measured is whoever
asks.  A process of its own; it ends when its standard input does.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from schemas.uscc import check_character

KEPT_ROWS = 200_000
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
    b"Date: %b\r\nContent-Length: %d\r\n\r\n"
)
_ENVELOPE = (
    '{"code":"00","msg":"成功","requestId":"r-%d",'
    '"data":{"pageNo":%d,"total":%d,"snapshot":"S1","rows":[%s]}}'
)
_ROW = (
    '{"objectId":"%(code)s","objectType":"1","uniscid":"%(code)s","entName":%(name)s,'
    '"pripId":"%(number)032d","regNo":"130534%(number)09d","entType":"有限责任公司","regState":"1",'
    '"regOrg":"清河县行政审批局","admCode":"130534","dom":"清河县长江街%(number)d号","estDate":"%(day)s",'
    '"industry":"1762","riskGrade":"%(grade)s",'
    '"riskMonth":"2024-04","tags":[],"isValid":"1","checksThisYear":0,'
    '"updatedAt":"2024-04-28 08:00:00"}'
)


def row(number: int, bad: bool) -> str:
    """One row as JSON; the same for the same number."""
    body = f"91130534{number:09d}"
    code = body + check_character(body)
    day = f"20{number % 20:02d}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    name = f'"清河县第{number}号羊绒制品有限公司"'
    if bad and number % 100 == 7:
        kind = number // 100 % 3
        if kind == 0:
            code = body + ("0" if code[-1] != "0" else "1")
        elif kind == 1:
            name = "null"
        else:
            day, name = "不详", name[:-1] + '\\u0007"'
    return _ROW % {"code": code, "name": name, "number": number, "day": day, "grade": "ABCD"[number % 4]}


def page(size: int, bad: bool, page_no: int, page_size: int) -> bytes:
    """The body of one answer."""
    first = (page_no - 1) * page_size
    rows = ",".join(row(number, bad) for number in range(first + 1, min(first + page_size, size) + 1))
    return (_ENVELOPE % (page_no, page_no, size, rows)).encode()


class Pages:
    """Bodies by the target that asked for them."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def of(self, target: str) -> bytes:
        """The page that `target` names."""
        found = self._kept.get(target)
        if found is None:
            parts = urlsplit(target)
            query = parse_qs(parts.query)
            _, size, kind, *_ = parts.path.split("/")
            page_no, page_size = (int(query[name][0]) for name in ("pageNo", "pageSize"))
            found = page(int(size), kind == "bad", page_no, page_size)
            if int(size) <= KEPT_ROWS:
                self._kept[target] = found
        return found


def serve(connection: socket.socket, pages: Pages) -> None:
    """One connection, kept alive until the other side closes it."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        held = b""
        while True:
            while b"\r\n\r\n" not in held:
                more = connection.recv(1 << 16)
                if not more:
                    return
                held += more
            head, _, held = held.partition(b"\r\n\r\n")
            body = pages.of(head.split(b" ", 2)[1].decode("ascii"))
            connection.sendall(_HEAD % (_now(), len(body)) + body)


def _now() -> bytes:
    return formatdate(usegmt=True).encode("ascii")


def main(ready: Path) -> None:
    """Listens on a free port of the loopback, whose number it writes to `ready`."""
    pages = Pages()
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_until_left_alone, daemon=True).start()
    ready.with_suffix(".part").write_text(str(listener.getsockname()[1]))
    ready.with_suffix(".part").replace(ready)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, pages), daemon=True).start()


def _until_left_alone() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
