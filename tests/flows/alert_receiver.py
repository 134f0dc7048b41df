"""A receiver of alerts on this machine: robots, apprise's json://, and mail; what it got is the judge.

with receiver() as got:
    send to got.url + "/robot/send?access_token=T"
    got.texts            # what people would have read, in order
    got.answers = [{"errcode": 310000}]    # the next answers, then the usual ones
    got.silent.set()     # takes what comes and answers nothing
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Call:
    """One request: path, query, JSON body."""

    path: str
    query: dict[str, list[str]]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """What people read, whichever robot it was for."""
        if "content" in self.body:
            return str(self.body["content"]["text"])
        if "text" in self.body:
            return str(self.body["text"]["content"])
        return f"{self.body['title']}\n{self.body['message']}"


@dataclass
class Receiver:
    """What arrived, and how it answers."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    answers: list[dict[str, Any] | bytes] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def robot(self) -> str:
        """An address of a DingTalk robot that stands here."""
        return f"{self.url}/robot/send?access_token=T"

    @property
    def texts(self) -> list[str]:
        return [call.text for call in self.calls]

    def wait_for(self, how_many: int, timeout_s: float = 30) -> None:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.calls) >= how_many, timeout_s)


_USUAL = {"/robot/send": {"errcode": 0, "errmsg": "ok"}, "/cgi-bin/webhook/send": {"errcode": 0}}
_OF_OTHERS = {"code": 0, "msg": "success"}


@contextmanager
def receiver() -> Iterator[Receiver]:
    got = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with got.arrived:
                got.calls.append(Call(parts.path, parse_qs(parts.query), body))
                answer = got.answers.pop(0) if got.answers else _USUAL.get(parts.path, _OF_OTHERS)
                got.arrived.notify_all()
            if got.silent.is_set():
                got.over.wait(30)
                return
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    got.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield got
    finally:
        got.over.set()
        server.shutdown()
        server.server_close()


@dataclass
class Mailbox:
    """Mail that arrived: subject and text."""

    port: int = 0
    mails: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """As much of an SMTP server (RFC 5321) as a sender without encryption needs."""
    got = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 mail ready\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper().strip()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    raw = b""
                    while (part := self.rfile.readline()) != b".\r\n":
                        raw += part
                    mail = message_from_bytes(raw, policy=policy.default)
                    part_of_it = mail.get_body(("plain",))
                    got.mails.append((str(mail["Subject"]), part_of_it.get_content() if part_of_it else ""))
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    got.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield got
    finally:
        server.shutdown()
        server.server_close()
