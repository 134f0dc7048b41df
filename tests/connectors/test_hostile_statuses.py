"""Statuses that say something about a repetition, and how many requests are under way at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from socket import socket

import pytest

from connectors.factory import connect
from connectors.http import Answer
from connectors.pacing import TokenBucket
from connectors.profile import Profile
from connectors.protocols import Ambiguous, NotSent, Refused, SystemUnreachable
from schemas.errors import DrawbridgeError
from tests.connectors.conftest import APP_KEY, SECRET, Reply, Request, System, envelope, http, hurried
from tests.connectors.test_http import client, get

TASK = "130534202405281001"
XML = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<Receipt><batchNo>B-00000001</batchNo><code>{}</code><message>?</message></Receipt>"
)
JSON = '{{"code":"{}","msg":"","requestId":"r","data":null}}'

# Status, code in the body (None: no body that could be read) -> what a write is taken for.
CASES: list[tuple[str, str | None, type[DrawbridgeError], str]] = [
    ("401 Unauthorized", None, NotSent, "012"),
    ("401 Unauthorized", "41", NotSent, "012"),
    ("409 Conflict", "49", Ambiguous, "014"),
    ("409 Conflict", "43", Ambiguous, "032"),
    ("409 Conflict", None, Ambiguous, "032"),
    ("422 Unprocessable Content", "49", Ambiguous, "014"),
    ("422 Unprocessable Content", None, Ambiguous, "014"),
    ("422 Unprocessable Content", "96", Refused, "015"),
    ("404 Not Found", None, Ambiguous, "018"),
]


@pytest.mark.parametrize(("status", "code", "error", "number"), CASES)
@pytest.mark.parametrize("side", ["PLATFORM", "PUBLICITY"])
def test_what_a_status_says_of_a_write(
    system: System,
    hebei: Profile,
    side: str,
    status: str,
    code: str | None,
    error: type[DrawbridgeError],
    number: str,
) -> None:
    text, kind = (JSON, "application/json") if side == "PLATFORM" else (XML, "application/xml")
    body = "<html>?</html>" if code is None else text.format(code)
    system.answer(http(body, status=status, kind="text/html" if code is None else kind))
    with connect(hurried(hebei), system.url, system.url, APP_KEY, SECRET) as connections:
        channels = connections.channels(TASK)
        channel = channels.forms if side == "PLATFORM" else channels.records
        message = b'{"batchNo":"B-00000001","rows":[]}' if side == "PLATFORM" else b"<ExchangeMessage/>"
        with pytest.raises(error) as caught:
            channel.send("B-00000001", message)
    assert type(caught.value) is error
    assert caught.value.code == f"DB-{side}-{number}"
    assert len(system.requests) == 1


def test_a_read_that_is_refused_with_401_is_signed_anew_once(system: System, hebei: Profile) -> None:
    system.answer(http("", status="401 Unauthorized"), http("{}"))
    with client(system, hebei) as which:
        assert get(which) == {}
        system.answer(http("", status="401 Unauthorized"))
        with pytest.raises(DrawbridgeError, match="DB-PLATFORM-012"):
            get(which)
    assert len({request.headers["x-nonce"] for request in system.requests}) == 4


def test_waiting_is_no_attempt_but_patience_ends_it(system: System, hebei: Profile) -> None:
    slow = http("", status="429 Too Many Requests", Retry_After="0")
    system.answer(*[slow] * 6, http("{}"))
    quick = {"retry_after_floor_s": 0.01, "attempts": 2}
    with client(system, hebei, **quick) as which:
        assert get(which) == {}
    system.requests.clear()
    system.answer(slow)
    with client(system, hebei, patience_s=0.3, **quick) as which, pytest.raises(SystemUnreachable) as caught:
        get(which)
    assert caught.value.code == "DB-PLATFORM-009"
    assert 2 < len(system.requests) < 100


def test_no_more_requests_are_under_way_than_the_profile_allows(system: System, hebei: Profile) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def slowly(connection: socket, request: Request) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.03)
        with lock:
            now -= 1
        connection.sendall(envelope({}))

    reply: Reply = slowly
    system.answer(reply)
    with client(system, hebei, concurrency=2) as which, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: get(which), range(8)))
    assert most == 2


def test_writes_side_by_side_wait_for_their_turn_at_a_slow_pace(system: System, hebei: Profile) -> None:
    system.answer(envelope({}))
    pace = {"concurrency": 4, "requests_per_s": 2.5, "burst": 1}
    with client(system, hebei, **pace) as which, ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: which.write("/", b"{}", "application/json", _status), range(4)))
    assert statuses == [200] * 4  # the last after 1.2 s, longer than anybody waits for a single turn


def _status(answer: Answer) -> int:
    return answer.status


def test_each_system_has_a_bucket_of_its_own(system: System, hebei: Profile) -> None:
    closed = http("", status="503 Service Unavailable", Retry_After="600")
    system.answer(closed, http("{}"))
    with connect(hurried(hebei), system.url, system.url, APP_KEY, SECRET) as connections:
        with pytest.raises(SystemUnreachable):
            connections.platform.items()
        assert connections.publicity_client.read("/", {}, lambda answer: answer.status) == 200
        with pytest.raises(SystemUnreachable, match="DB-PLATFORM-009"):
            connections.platform.items()
    assert len(system.requests) == 2


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        assert seconds > 0
        now += seconds

    bucket = TokenBucket(5, 3, lambda: now, sleep)
    for _ in range(13):
        assert bucket.take(60) is None
    assert now == pytest.approx(2.0)
    bucket.hold(90)
    assert bucket.take(60) == pytest.approx(90)
    assert bucket.take(120) is None
    assert now == pytest.approx(92.0)
