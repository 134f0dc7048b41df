"""The client against a server that does whatever servers do."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import logging
import socket
import ssl
import struct
import subprocess
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from connectors.factory import connect
from connectors.faults import FAULTS, Fault, NotFound, as_read_error, as_write_error
from connectors.http import Client
from connectors.profile import Profile
from connectors.protocols import Ambiguous, NotSent, Refused, SystemUnreachable
from connectors.replies import read_json
from schemas.errors import DrawbridgeError
from tests.connectors.conftest import APP_KEY, SECRET, Request, System, envelope, http, hurried


def client(system: System, profile: Profile, **limits: float) -> Client:
    rules = hurried(profile, **limits).platform
    return Client(
        area="PLATFORM",
        base_url=system.url,
        app_key=APP_KEY,
        app_secret=SECRET,
        rule=rules.signature,
        limits=rules.limits,
    )


def get(which: Client, path: str = "/p") -> object:
    return which.read(path, {}, lambda answer: read_json(answer)[0])


def post(which: Client) -> object:
    return which.write("/p", b"{}", "application/json", lambda answer: read_json(answer)[0])


def test_a_request_is_signed_over_what_was_really_sent(system: System, hebei: Profile) -> None:
    system.answer(http("{}"))
    with client(system, hebei) as which:
        which.read("/api/a", {"b": "甲 乙", "a": "1/2"}, lambda answer: None)
    (request,) = system.requests
    assert request.target == "/api/a?a=1%2F2&b=%E7%94%B2%20%E4%B9%99"
    stamp, nonce = request.headers["x-timestamp"], request.headers["x-nonce"]
    text = "\n".join(["GET", request.target, stamp, nonce, hashlib.new("sm3", b"").hexdigest()])
    expected = hmac.new(SECRET.encode(), text.encode(), "sm3").hexdigest()
    assert request.headers["x-signature"] == expected
    assert abs(int(stamp) / 1000 - time.time()) < 5
    assert SECRET not in str(request.headers)


def test_every_attempt_has_its_own_nonce(system: System, hebei: Profile) -> None:
    system.answer(http("", status="502 Bad Gateway"), http("{}"))
    with client(system, hebei) as which:
        assert get(which) == {}
    first, second = system.requests
    assert first.headers["x-nonce"] != second.headers["x-nonce"]


def test_reads_are_tried_again_and_then_given_up(system: System, hebei: Profile) -> None:
    system.answer(http("oops", status="500 Internal Server Error"))
    with client(system, hebei) as which, pytest.raises(SystemUnreachable) as caught:
        get(which)
    assert caught.value.code == "DB-PLATFORM-005"
    assert len(system.requests) == 3


def test_retry_after_is_obeyed_and_paces_the_others(system: System, hebei: Profile) -> None:
    system.answer(http("", status="429 Too Many Requests", Retry_After="1"), http("{}"))
    with client(system, hebei) as which:
        began = time.monotonic()
        get(which)
        assert time.monotonic() - began >= 1


def test_a_long_closure_is_reported_instead_of_slept_through(system: System, hebei: Profile) -> None:
    system.answer(http("", status="503 Service Unavailable", Retry_After="7200"))
    with client(system, hebei) as which:
        with pytest.raises(SystemUnreachable) as caught:
            get(which)
        assert caught.value.code == "DB-PLATFORM-010"
        assert caught.value.facts["retry_after_s"] == 7200
        with pytest.raises(NotSent) as held:  # what was asked of one request holds for all
            post(which)
    assert held.value.retry_after_s is not None
    assert 7000 < held.value.retry_after_s <= 7200
    assert len(system.requests) == 1


def test_a_slow_trickle_ends_at_the_total_deadline(system: System, hebei: Profile) -> None:
    def trickle(sock: socket.socket, request: Request) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(100):
            sock.sendall(b" ")
            time.sleep(0.1)

    system.answer(trickle)
    with client(system, hebei, total_s=0.5, read_s=0.3) as which:
        began = time.monotonic()
        with pytest.raises(Ambiguous) as caught:
            post(which)
    assert caught.value.code == "DB-PLATFORM-003"
    assert time.monotonic() - began < 2


def test_slow_headers_end_at_the_total_deadline_too(system: System, hebei: Profile) -> None:
    def trickle(sock: socket.socket, request: Request) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nX-Filler: ")
        for _ in range(100):
            sock.sendall(b"x")
            time.sleep(0.1)

    system.answer(trickle)
    with client(system, hebei, total_s=0.5, read_s=0.3) as which:
        began = time.monotonic()
        with pytest.raises(Ambiguous):
            post(which)
    assert time.monotonic() - began < 2


def test_a_gzip_bomb_is_not_unpacked(system: System, hebei: Profile) -> None:
    bomb = gzip.compress(b" " * 200_000_000, 9)
    assert len(bomb) < 300_000
    system.answer(http(bomb, Content_Encoding="gzip"))
    with client(system, hebei) as which, pytest.raises(SystemUnreachable) as caught:
        get(which)
    assert caught.value.code == "DB-PLATFORM-007"
    assert len(system.requests) == 1


def test_gzip_is_read_and_a_cut_one_is_not(system: System, hebei: Profile) -> None:
    packed = gzip.compress(b'{"a": 1}')
    system.answer(http(packed, Content_Encoding="gzip"))
    with client(system, hebei) as which:
        assert get(which) == {"a": 1}
        system.answer(http(packed[:-4], Content_Encoding="gzip"))
        with pytest.raises(SystemUnreachable, match="DB-PLATFORM-004"):
            get(which)


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest", "https://example.invalid/", "http://127.0.0.1:1/"]
)
def test_redirects_are_refused_and_nothing_is_sent_there(
    system: System, hebei: Profile, location: str
) -> None:
    system.answer(http("", status="302 Found", Location=location))
    with client(system, hebei) as which:
        with pytest.raises(SystemUnreachable, match="DB-PLATFORM-008"):
            get(which)
        with pytest.raises(Ambiguous, match="DB-PLATFORM-008"):
            post(which)
    assert len(system.requests) == 2


def reset(sock: socket.socket, request: Request) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def cut(sock: socket.socket, request: Request) -> None:
    sock.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{"code"')


def silent(sock: socket.socket, request: Request) -> None:
    time.sleep(2)


WRITES: dict[str, tuple[object, type[DrawbridgeError], str]] = {
    "429": (http("", status="429 Too Many Requests"), NotSent, "009"),
    "503 with Retry-After": (http("", status="503 Busy", Retry_After="3"), NotSent, "010"),
    "503 without": (http("", status="503 Busy"), Ambiguous, "005"),
    "500 with a page": (http("<html>oops</html>", status="500 Error", kind="text/html"), Ambiguous, "005"),
    "502": (http("<html>proxy</html>", status="502 Bad Gateway", kind="text/html"), Ambiguous, "005"),
    "reset": (reset, Ambiguous, "004"),
    "cut short": (cut, Ambiguous, "004"),
    "silent": (silent, Ambiguous, "003"),
    "login page": (http("<html>请登录</html>", kind="text/html"), Ambiguous, "006"),
    "maintenance page": (http("<html>系统维护中</html>", kind="text/html"), Ambiguous, "011"),
    "no json": (http("{'code': '00'}"), Ambiguous, "006"),
    "41": (envelope(None, "41", "签名错误"), NotSent, "012"),
    "42": (envelope(None, "42", "请求过多"), NotSent, "009"),
    "44": (envelope(None, "44", "无此任务"), Refused, "013"),
    "49": (envelope(None, "49", "重复"), Ambiguous, "014"),
    "96": (envelope(None, "96", "数据错误"), Refused, "015"),
    "97": (envelope(None, "97", "参数缺失"), Refused, "015"),
    "98": (envelope(None, "98", "类型错误"), Refused, "015"),
    "99": (envelope(None, "99", "系统异常"), Ambiguous, "016"),
    "a code that nobody knows": (envelope(None, "77", "?"), Ambiguous, "017"),
    "no data": (envelope(None), Ambiguous, "020"),
    "404 page": (http("<html>404</html>", status="404 Not Found", kind="text/html"), Ambiguous, "018"),
}


@pytest.mark.parametrize("case", WRITES)
def test_a_write_is_one_attempt_and_classified(system: System, hebei: Profile, case: str) -> None:
    reply, error, number = WRITES[case]
    system.answer(reply)  # type: ignore[arg-type]
    profile = hurried(hebei, read_s=0.5)
    with connect(profile, system.url, system.url, APP_KEY, SECRET) as connections:
        channel = connections.channels("130534202405281001").forms
        with pytest.raises(error) as caught:
            channel.send("B-00000001", b'{"batchNo":"B-00000001","rows":[]}')
    assert type(caught.value) is error
    assert caught.value.code == f"DB-PLATFORM-{number}"
    assert len(system.requests) == 1
    assert SECRET not in str(caught.value) + repr(caught.value.facts)


def test_a_refused_connection_is_certainly_not_sent(hebei: Profile) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    which = System(url)
    with client(which, hebei) as closed:
        with pytest.raises(NotSent) as caught:
            post(closed)
        assert caught.value.code == "DB-PLATFORM-001"
        with pytest.raises(SystemUnreachable, match="DB-PLATFORM-001"):
            get(closed)


def test_their_clock_is_measured_and_the_signed_time_corrected(
    system: System, hebei: Profile, caplog: pytest.LogCaptureFixture
) -> None:
    ahead = formatdate(time.time() + 600, usegmt=True)
    refused = http('{"code":"41","msg":"时间","requestId":"r","data":null}', Date=ahead)
    system.answer(refused, http('{"code":"00","msg":"","requestId":"r","data":{"rows":[]}}', Date=ahead))
    with (
        caplog.at_level(logging.WARNING),
        connect(hurried(hebei), system.url, system.url, APP_KEY, SECRET) as connections,
    ):
        assert connections.platform.clock_skew_s() == 0
        connections.platform.items()
        assert 590 < connections.platform.clock_skew_s() < 610
    first, second = (int(request.headers["x-timestamp"]) / 1000 for request in system.requests)
    assert 590 < second - first < 615
    assert "differs" in caplog.text


def test_a_wrong_secret_is_a_definite_answer(system: System, hebei: Profile) -> None:
    system.answer(envelope(None, "41", "签名错误"))
    with (
        connect(hurried(hebei), system.url, system.url, APP_KEY, SECRET) as connections,
        pytest.raises(DrawbridgeError) as caught,
    ):
        connections.platform.items()
    assert caught.value.code == "DB-PLATFORM-012"
    assert not isinstance(caught.value, SystemUnreachable)
    assert len(system.requests) == 2


@pytest.mark.parametrize(
    "address",
    [
        "http://platform.example/",
        "ftp://127.0.0.1/",
        "https://u:p@platform.example/",
        "https:///x",
        "127.0.0.1:80",
    ],
)
def test_addresses_that_cannot_be_used(system: System, hebei: Profile, address: str) -> None:
    with pytest.raises(DrawbridgeError, match="DB-PLATFORM-026") as caught:
        client(System(address), hebei)
    assert "u:p" not in str(caught.value)


def test_links_lead_to_the_same_host_only(system: System, hebei: Profile) -> None:
    with client(system, hebei) as which:
        assert which.own_path(system.url + "/d?x=1") == "/d?x=1"
        assert which.own_path("/d") == "/d"
        for url in ("http://127.0.0.1:1/d", "//evil.example/d", "https://evil.example/d", "d", "/\\evil"):
            with pytest.raises(DrawbridgeError, match="DB-PLATFORM-027"):
                which.own_path(url)


def test_proxies_of_the_environment_are_not_used(
    system: System, hebei: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    system.answer(http("{}"))
    with client(system, hebei) as which:
        assert get(which) == {}


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


def test_tls_is_always_verified(hebei: Profile, tmp_path: Path) -> None:
    import threading

    key, cert = certificate(tmp_path, "platform")
    _, other = certificate(tmp_path, "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        for _ in range(3):
            try:
                raw, _ = listener.accept()
                with context.wrap_socket(raw, server_side=True) as sock:
                    sock.recv(65536)
                    sock.sendall(http("{}"))
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    rules = hurried(hebei, attempts=1).platform

    def secure(ca_file: Path | None) -> Client:
        return Client(
            area="PLATFORM",
            base_url=f"https://127.0.0.1:{listener.getsockname()[1]}",
            app_key=APP_KEY,
            app_secret=SECRET,
            rule=rules.signature,
            limits=rules.limits,
            ca_file=ca_file,
        )

    with secure(None) as stranger, pytest.raises(NotSent, match="DB-PLATFORM-002"):
        post(stranger)
    with secure(other) as wrong, pytest.raises(SystemUnreachable, match="DB-PLATFORM-002"):
        get(wrong)
    with secure(cert) as right:
        assert get(right) == {}
    with pytest.raises(DrawbridgeError, match="DB-PLATFORM-028"):
        secure(tmp_path / "missing.pem")
    listener.close()


def test_every_fault_has_its_sentence_in_both_catalogues() -> None:
    facts = {
        "status": 500,
        "detail": "x",
        "cap": 1,
        "answer_code": "96",
        "answer_text": "x",
        "what": "x",
        "where": "x",
        "seen": "x",
    }
    for name in FAULTS:
        for area in ("PLATFORM", "PUBLICITY"):
            fault = Fault(name, retry_after_s=1.0, **facts)
            for error in (as_read_error(area, fault, "/p"), as_write_error(area, fault, "/p")):
                assert str(error).endswith(f"（DB-{area}-{fault.kind.number}）")
                assert error.en
    assert isinstance(as_read_error("PLATFORM", Fault("not_found"), "/p"), NotFound)
