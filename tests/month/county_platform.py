"""One platform for three campaigns: in front of three mocks, each of which knows one campaign.

An office has one platform, whatever campaigns are on it; a mock plays one campaign.  So this passes a request
on to the mock whose task it names, joins the directories of all, and tells one campaign clock.  Whatever is
answered comes from the mocks; nothing is judged or remembered here but the joined lists.

    with CountyPlatform([mock, ...]) as platform:
        platform.move(datetime)         # the clock of all mocks
        platform.settings()             # what points an installation at it
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

import httpx

from mock_platform.signature import signature
from tests.end_to_end.installation import MockProcess

_DIRECTORIES = {
    "/api/v1/directories/objects": "objectId",
    "/api/v1/directories/inspectors": "inspectorId",
}
_ITEMS = "/api/v1/directories/items"
_DETAIL = "getDrRaninsResDetail-"
_PASSED_ON = ("x-app-key", "x-timestamp", "x-nonce", "x-signature", "content-type", "accept")
_GIVEN_BACK = ("content-type", "retry-after", "content-encoding")
_PAGE = 200

Answer = tuple[int, dict[str, str], bytes]


class CountyPlatform:
    """The front; `mocks` by task id. Its addresses stay when a mock is started again (`replace`)."""

    def __init__(self, mocks: Mapping[str, MockProcess], key: str, secret: str) -> None:
        self.mocks = dict(mocks)
        self._key, self._secret = key, secret
        self._now = ""
        self._begun: dict[str, datetime] = {}
        self._lists: dict[str, list[str]] = {}
        self._http = httpx.Client(trust_env=False, follow_redirects=False, timeout=30)
        self._servers = {
            what: _server(answer)
            for what, answer in (
                ("platform", self._on_platform),
                ("publicity", self._on_publicity),
                ("clock", self._on_clock),
            )
        }

    def __enter__(self) -> Self:
        for server in self._servers.values():
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers.values():
            server.shutdown()
            server.server_close()
        self._http.close()

    def url(self, what: str) -> str:
        """The address of `platform`, `publicity` or `clock`."""
        return f"http://127.0.0.1:{self._servers[what].server_address[1]}"

    def replace(self, task_id: str, mock: MockProcess) -> None:
        """From now on this process plays the campaign."""
        self.mocks[task_id] = mock
        self._begun.pop(task_id, None)
        self._now = ""

    def end(self) -> None:
        """Ends the mocks."""
        for mock in self.mocks.values():
            mock.end()

    def move(self, moment: datetime) -> None:
        """All mocks' people act who are due until `moment` (with its zone), and that is what time it is.

        A mock begins at nine on the first day of its campaign; until then it stands still.
        """
        now = moment.isoformat(timespec="seconds")
        if now == self._now:
            return
        self._now = now
        for task, mock in self.mocks.items():
            begun = self._begun.get(task) or datetime.fromisoformat(mock.get("clock")["now"])
            self._begun[task] = begun
            if moment >= begun:
                address = f"{mock.control_url}/control/clock"
                self._http.post(address, json={"advanceTo": now}).raise_for_status()

    def records(self, task_id: str) -> dict[str, Any]:
        """A mock's own full lists, for judging."""
        found: dict[str, Any] = self._http.get(f"{self.mocks[task_id].control_url}/control/records").json()
        return found

    # --- the three faces ------------------------------------------------------------------------

    def _on_clock(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return _json({"now": self._now, "next": None})

    def _on_platform(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        path = urlsplit(target).path
        if path in _DIRECTORIES:
            return self._directory(path, parse_qs(urlsplit(target).query))
        if path == _ITEMS:
            rows = [row for mock in self.mocks.values() for row in self._asked(mock, path)["data"]["rows"]]
            return _json({"code": "00", "msg": "成功", "requestId": "joined", "data": {"rows": rows}})
        named = self._named(target, body)
        if named is not None:
            return self._pass_on(named.platform_url, method, target, headers, body)
        return self._first(lambda mock: mock.platform_url, method, target, headers)

    def _on_publicity(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        named = self._named(target, body)
        if _DETAIL in target and named is not None:
            task = next(task for task, mock in self.mocks.items() if mock is named)
            return self._pass_on(
                named.publicity_url, method, target.replace(f"{_DETAIL}{task}-", _DETAIL), headers, body
            )
        if named is not None:
            return self._pass_on(named.publicity_url, method, target, headers, body)
        if "getDrRaninsRes-" in target:
            return self._public_rows(method, target, headers)
        return self._first(lambda mock: mock.publicity_url, method, target, headers)

    # --- how an answer is made ---------------------------------------------------------------------

    def _named(self, target: str, body: bytes) -> MockProcess | None:
        """The mock of the campaign that the request names: every batch and record begins with its number."""
        address = unquote(target)
        return next(
            (mock for task, mock in self.mocks.items() if task in address or task.encode() in body), None
        )

    def _pass_on(
        self, base: str, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        sent = {name: headers[name] for name in _PASSED_ON if headers.get(name)}
        got = self._http.request(
            method, base + target, headers=sent | {"Accept-Encoding": "identity"}, content=body
        )
        return got.status_code, {n: got.headers[n] for n in _GIVEN_BACK if n in got.headers}, got.content

    def _first(self, base: Any, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """The first mock that knows it: an enterprise, a public number."""
        answers = [self._pass_on(base(mock), method, target, headers, b"") for mock in self.mocks.values()]
        return next((answer for answer in answers if answer[0] == 200), answers[0])

    def _public_rows(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """What the public sees of an enterprise: it is in one county's register."""
        found: Answer | None = None
        for task, mock in self.mocks.items():
            answer = self._pass_on(mock.publicity_url, method, target, headers, b"")
            if answer[0] != 200 or json.loads(answer[2]).get("data"):
                return answer[0], answer[1], answer[2].replace(_DETAIL.encode(), f"{_DETAIL}{task}-".encode())
            found = answer
        if found is None:
            raise LookupError("no mocks")
        return found

    def _directory(self, path: str, query: Mapping[str, Sequence[str]]) -> Answer:
        number, size = int(query["pageNo"][0]), int(query["pageSize"][0])
        token = query.get("snapshot", [""])[0]
        if token not in self._lists:
            rows = [row for mock in self.mocks.values() for row in self._whole_list(mock, path)]
            texts = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
            token = hashlib.sha256(path.encode() + "\n".join(texts).encode()).hexdigest()[:24]
            self._lists = {**dict(list(self._lists.items())[-8:]), token: texts}
        texts = self._lists[token]
        page = [json.loads(text) for text in texts[(number - 1) * size : number * size]]
        data = {"total": len(texts), "pageNo": number, "pageSize": size, "snapshot": token, "rows": page}
        return _json({"code": "00", "msg": "成功", "requestId": "joined", "data": data})

    def _whole_list(self, mock: MockProcess, path: str) -> list[Any]:
        rows: list[Any] = []
        while True:
            place = f"{path}?pageNo={1 + len(rows) // _PAGE}&pageSize={_PAGE}"
            data = self._asked(mock, place)["data"]
            rows += data["rows"]
            if len(rows) >= data["total"] or not data["rows"]:
                return rows

    def _asked(self, mock: MockProcess, target: str) -> dict[str, Any]:
        """A signed question of our own."""
        stamp, nonce = str(int(time.time() * 1000)), uuid.uuid4().hex
        headers = {
            "X-App-Key": self._key,
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": signature(self._secret.encode(), "GET", target, stamp, nonce, b""),
        }
        answer = self._http.get(mock.platform_url + quote(target, safe="/?&=-_"), headers=headers)
        found: dict[str, Any] = answer.json()
        return found


def _json(document: object) -> Answer:
    return 200, {"content-type": "application/json;charset=UTF-8"}, json.dumps(document).encode()


def _server(answer: Any) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: apart, the second waits for an acknowledgement

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = answer(self.command, self.path, self.headers, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        do_GET = do_POST = _do  # noqa: N815 - names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer(("127.0.0.1", 0), Handler)
