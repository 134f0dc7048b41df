"""A server on a real socket that answers what a test tells it, byte by byte where need be."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import pytest

from connectors.factory import Connections, connect
from connectors.profile import Profile, load_profile

SECRET = "an-invented-secret-for-tests"
APP_KEY = "test-app"


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Reply = bytes | Callable[[socket.socket, Request], None]


def http(body: bytes | str, status: str = "200 OK", kind: str = "application/json", **headers: str) -> bytes:
    data = body.encode("utf-8") if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", f"Content-Type: {kind}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + data


def envelope(data: object, code: str = "00", msg: str = "成功", **headers: str) -> bytes:
    text = json.dumps({"code": code, "msg": msg, "requestId": "r1", "data": data}, ensure_ascii=False)
    return http(text, Date=formatdate(usegmt=True), **headers)


@dataclass
class System:
    """`replies` are given in order, the last one for ever; `requests` is what came in."""

    url: str
    requests: list[Request] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    def answer(self, *replies: Reply) -> None:
        self.replies[:] = replies

    def next_reply(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        system: System = self.server.system  # type: ignore[attr-defined]
        stream = self.request.makefile("rb")
        while True:
            try:
                first = stream.readline()
                if not first.strip():
                    return
                method, target, _ = first.decode("ascii").split()
                headers: dict[str, str] = {}
                while (line := stream.readline().strip()) != b"":
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.strip().lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                request = Request(method, target, headers, body)
                system.requests.append(request)
                reply = system.next_reply()
                if callable(reply):
                    reply(self.request, request)
                    return
                self.request.sendall(reply)
            except OSError:
                return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False


@pytest.fixture
def system() -> Iterator[System]:
    server = _Server(("127.0.0.1", 0), _Handler)
    host, port = server.server_address[:2]
    server.system = System(f"http://{host}:{port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server.system  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def hebei() -> Profile:
    return load_profile("hebei")


def hurried(profile: Profile, **limits: float) -> Profile:
    """The profile with short waits, so that tests of waiting do not wait."""
    changes = {"backoff_s": 0.01, "backoff_cap_s": 0.02, "attempts": 3, **limits}
    document = profile.model_dump()
    for part in ("platform", "publicity"):
        document[part]["limits"].update(changes)
    return Profile.model_validate(document)


@pytest.fixture
def connections(system: System, hebei: Profile) -> Iterator[Connections]:
    with connect(hurried(hebei), system.url, system.url, APP_KEY, SECRET) as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/data with the real lists is not here; the generated twin is tested")
    return folder
