"""Real HTTP/1.1 on a real port: one thread for each connection, kept alive, one write for each reply."""

from __future__ import annotations

import json
import select
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """One request as it came. `target` is path and query as sent; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path as sent, percent-encoding kept."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """Parameters, decoded, in the order sent."""
        text = self.target.partition("?")[2]
        pairs = (part.partition("=") for part in text.split("&") if part)
        return [
            (unquote(name.replace("+", " ")), unquote(value.replace("+", " "))) for name, _, value in pairs
        ]


@dataclass
class Reply:
    """One reply. `cut`: send only so many bytes of the body, then close the connection."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


def json_reply(value: Any, status: int = 200) -> Reply:
    """A reply of JSON text."""
    return Reply(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))


class Caller:
    """The other end of the connection, for faults that hold a reply back."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def is_gone(self) -> bool:
        """Whether the client has closed the connection or died."""
        try:
            readable, _, _ = select.select([self._connection], [], [], 0)
            return bool(readable) and self._connection.recv(1, socket.MSG_PEEK) == b""
        except OSError:
            return True


Answer = Callable[[Request, Caller], Reply | None]


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], answer: Answer) -> None:
        self.answer = answer
        self.open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        body = self._body()
        if body is None:
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.answer(Request(self.command, self.path, headers, body), Caller(self.connection))
        if reply is None:
            self.close_connection = True
        else:
            self._send(reply)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the names that the standard library calls

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            self._refuse(411)
            return None
        if int(length) > MAX_BODY:
            self._refuse(413)
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client went away while it was sending
            self.close_connection = True
            return None
        return body

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._send(Reply(status, content_type="text/plain"))

    def _send(self, reply: Reply) -> None:
        phrase = HTTPStatus(reply.status).phrase
        headers = {"Date": formatdate(usegmt=True), "Content-Type": reply.content_type, **reply.headers}
        headers.setdefault("Content-Length", str(len(reply.body)))
        if self.close_connection or reply.cut is not None:
            headers["Connection"] = "close"
        head = f"HTTP/1.1 {reply.status} {phrase}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        body = b"" if self.command == "HEAD" else reply.body[: reply.cut]
        self.connection.sendall(head.encode("latin-1") + b"\r\n" + body)
        if reply.cut is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Nothing is logged: the writes are listed on the control face."""


class Port:
    """One listening port and its thread."""

    def __init__(self, host: str, port: int, answer: Answer) -> None:
        self._server = _Server((host, port), answer)
        self.host, self.number = host, int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """`http://host:port`."""
        return f"http://{self.host}:{self.number}"

    def close(self) -> None:
        """Stops listening and ends the open connections."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join(5)
