"""Real HTTP/1.1 on a real port: one thread for each connection, kept alive, one write for each reply."""

from __future__ import annotations

import json
import select
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from mock_platform.refusal import Refusal

MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """One request as it came. `target` is path and query as sent; header names are lower case.

    A dialect gives the contract's request instead, with what was `sent`, or why it is refused.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    sent: Request | None = None
    refusal: Refusal | None = None

    @property
    def as_sent(self) -> Request:
        """The request as it came, whose bytes are signed and digested."""
        return self.sent or self

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
    """One reply. `cut`: send only so many bytes of the body, then close the connection.

    `framing` of what is cut: `cut` and `chunk` promise the whole body, by length or in a chunk; `short` is as
    long as it says.  `pace_s`: seconds between two bytes of the body.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    framing: Literal["cut", "chunk", "short"] = "cut"
    pace_s: float = 0.0


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
        except ValueError:  # a connection under TLS cannot be peeked into
            return False
        except OSError:
            return True


Answer = Callable[[Request, Caller], Reply | None]
# What of a body (0 to 1) is read before the connection is reset; None: it is not.
Interrupt = Callable[[Request], float | None]


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], answer: Answer, interrupt: Interrupt | None) -> None:
        self.answer, self.interrupt = answer, interrupt
        self.open: set[socket.socket] = set()
        self.to_reset: set[socket.socket] = set()
        self.tls: ssl.SSLContext | None = None
        self.accepted = 0
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """One connection; under TLS its handshake is made by the thread that serves it."""
        connection, address = super().get_request()
        self.accepted += 1
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Ends a connection; one that is to be reset sends no orderly end first."""
        if request in self.to_reset:
            self.to_reset.discard(request)
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_request(request)
        else:
            super().shutdown_request(request)

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
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.server.interrupt is not None:
            share = self.server.interrupt(Request(self.command, self.path, headers))
            if share is not None:
                self.rfile.read(int(int(headers.get("content-length", 0)) * share))
                self.server.to_reset.add(self.connection)
                self.close_connection = True
                return
        body = self._body()
        if body is None:
            return
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
        body = b"" if self.command == "HEAD" else reply.body[: reply.cut]
        if reply.framing == "chunk":
            headers["Transfer-Encoding"] = "chunked"
            body = f"{len(reply.body):x}\r\n".encode() + body
        else:
            length = len(body) if reply.framing == "short" else len(reply.body)
            headers.setdefault("Content-Length", str(length))
        breaks_off = reply.cut is not None and reply.framing != "short"
        if self.close_connection or breaks_off:
            headers["Connection"] = "close"
        head = f"HTTP/1.1 {reply.status} {phrase}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        data = head.encode("latin-1") + b"\r\n"
        if reply.pace_s:
            self.connection.sendall(data)
            for number in range(len(body)):
                time.sleep(reply.pace_s)
                self.connection.sendall(body[number : number + 1])
        else:
            self.connection.sendall(data + body)
        if breaks_off:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Nothing is logged: the writes are listed on the control face."""


class Port:
    """One listening port and its thread. `certificate`: a PEM file with certificate and key, for TLS."""

    def __init__(
        self,
        host: str,
        port: int,
        answer: Answer,
        interrupt: Interrupt | None = None,
        certificate: Path | None = None,
    ) -> None:
        self.host, self._answer, self._interrupt = host, answer, interrupt
        self.own_certificate = certificate
        self._tls: ssl.SSLContext | None = None
        self._server: _Server | None = None
        self.number = port
        self._accepted = 0
        self.use_certificate(certificate)
        self.listen_again()

    @property
    def url(self) -> str:
        """`http://host:port`, or `https://` under TLS."""
        return f"http{'s' if self.own_certificate else ''}://{self.host}:{self.number}"

    @property
    def accepted(self) -> int:
        """How many connections were taken so far."""
        return self._accepted + (0 if self._server is None else self._server.accepted)

    def use_certificate(self, certificate: Path | None) -> None:
        """Shows this certificate from the next connection on; None: no TLS."""
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        if self._server is not None:
            self._server.tls = self._tls

    def listen_again(self) -> None:
        """Listens, at the number that it had before if there was one."""
        if self._server is None:
            self._server = _Server((self.host, self.number), self._answer, self._interrupt)
            self._server.tls = self._tls
            self.number = int(self._server.server_address[1])
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
            self._thread.start()

    def stop_listening(self) -> None:
        """Connections are refused from now on, and those that are open end."""
        server, self._server = self._server, None
        if server is None:
            return
        self._accepted += server.accepted
        server.shutdown()
        server.server_close()
        for connection in list(server.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        self._thread.join(5)

    def close(self) -> None:
        """Stops listening and ends the open connections."""
        self.stop_listening()
