"""A forwarder between the pipeline and one outside system that keeps every exchange for a judge."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

_NOT_FORWARDED = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as they went over the wire."""

    method: str
    target: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    answer_headers: dict[str, str]
    answer_body: bytes


@dataclass
class Recorded:
    """The proxy's address, and what passed through it."""

    url: str
    exchanges: list[Exchange] = field(default_factory=list)


@contextmanager
def recording(target: str) -> Iterator[Recorded]:
    """Forwards a port of its own to `target` while the block runs."""
    recorded = Recorded("")
    client = httpx.Client(base_url=target, trust_env=False, timeout=60)

    class Forwarder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _NOT_FORWARDED}
            answer = client.request(self.command, self.path, content=body, headers=headers)
            recorded.exchanges.append(
                Exchange(
                    self.command,
                    self.path,
                    headers,
                    body,
                    answer.status_code,
                    dict(answer.headers),
                    answer.content,
                )
            )
            self.send_response_only(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _NOT_FORWARDED | {"content-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = _forward  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forwarder)
    recorded.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield recorded
    finally:
        server.shutdown()
        server.server_close()
        client.close()
