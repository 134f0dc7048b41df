"""A client of the contract, of the standard library alone: it shares no code with our connectors."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

Row = dict[str, Any]
KEY, SECRET = "key-of-the-tests", "secret-of-the-tests"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)  # noqa: S314 - from the mock of the same test


@dataclass
class RawClient:
    """One port. `send` takes what is sent literally; `get` and `post` sign, and expect code 00."""

    url: str
    key: str = KEY
    secret: str = SECRET
    signed: bool = True
    timeout: float = 30
    codes: list[str] = field(default_factory=list)

    def send(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own. `headers` replace or, if empty, leave out those signed."""
        shown = {**(self.sign(method, target, body) if self.signed else {}), **(headers or {})}
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=self.timeout)
        try:
            connection.request(method, target, body, {name: text for name, text in shown.items() if text})
            reply = connection.getresponse()
            return Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def sign(self, method: str, target: str, body: bytes, at: float | None = None) -> dict[str, str]:
        """The four headers of the contract, for now or for `at` (seconds since 1970)."""
        timestamp, nonce = str(int((time.time() if at is None else at) * 1000)), str(uuid.uuid4())
        path, _, query = target.partition("?")
        pairs = sorted(tuple(part.split("=", 1)) for part in query.split("&") if part)
        shown = path + ("?" + "&".join("=".join(pair) for pair in pairs) if pairs else "")
        lines = [method, shown, timestamp, nonce, hashlib.new("sm3", body).hexdigest()]
        mac = hmac.new(self.secret.encode(), "\n".join(lines).encode(), "sm3").hexdigest()
        return {"X-App-Key": self.key, "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": mac}

    def envelope(self, method: str, path: str, body: object = None, **query: object) -> Row:
        """The whole envelope, whatever its code is."""
        text = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in query.items())
        raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = self.send(method, path + (f"?{text}" if text else ""), raw)
        assert answer.status == 200, answer
        envelope: Row = answer.json()
        assert envelope.keys() == {"code", "msg", "requestId", "data"}
        return envelope

    def get(self, path: str, **query: object) -> Any:
        envelope = self.envelope("GET", path, **query)
        assert envelope["code"] == "00", envelope
        return envelope["data"]

    def post(self, path: str, body: object) -> Any:
        envelope = self.envelope("POST", path, body)
        assert envelope["code"] == "00", envelope
        return envelope["data"]

    def code(self, method: str, path: str, body: object = None, **query: object) -> str:
        """The code alone, of what is expected to be refused; nothing but a code and a text comes with it."""
        envelope = self.envelope(method, path, body, **query)
        assert envelope["code"] == "00" or envelope["data"] is None
        return str(envelope["code"])


@dataclass
class Control:
    """The control face."""

    url: str

    def get(self, what: str) -> Any:
        answer = RawClient(self.url, signed=False).send("GET", f"/control/{what}")
        assert answer.status == 200, answer
        return answer.json()

    def post(self, what: str, body: object) -> Any:
        raw = json.dumps(body, ensure_ascii=False).encode()
        answer = RawClient(self.url, signed=False).send("POST", f"/control/{what}", raw)
        assert answer.status == 200, answer.body.decode()
        return answer.json()

    def writes(self, endpoint: str | None = None) -> list[Row]:
        listed = self.get("writes")
        assert listed["count"] == len(listed["writes"])
        return [row for row in listed["writes"] if endpoint in (None, row["endpoint"])]
