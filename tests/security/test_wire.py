"""A system that does not keep to HTTP, over a real socket."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.http import Client
from connectors.profile import Profile, load_profile
from connectors.protocols import Ambiguous, NotSent
from tests.connectors.conftest import APP_KEY, SECRET, http, hurried
from tests.connectors.test_http import certificate, post

SOON_S = 3.0


@pytest.fixture(scope="module")
def profile() -> Profile:
    return hurried(load_profile("hebei"), total_s=1.0, read_s=0.8, attempts=1)


def client(profile: Profile, url: str, ca_file: Path | None = None) -> Client:
    rules = profile.platform
    return Client(
        area="PLATFORM",
        base_url=url,
        app_key=APP_KEY,
        app_secret=SECRET,
        rule=rules.signature,
        limits=rules.limits,
        ca_file=ca_file,
    )


def served(answer: Callable[[socket.socket], None], context: ssl.SSLContext | None = None) -> str:
    """The address of a server for one connection, whose answer begins once the request is in."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        with listener:
            try:
                raw, _ = listener.accept()
                with raw if context is None else context.wrap_socket(raw, server_side=True) as sock:
                    sock.recv(65536)
                    answer(sock)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return f"{'http' if context is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}"


def endless(piece: bytes, begins: bytes = b"") -> Callable[[socket.socket], None]:
    def answer(sock: socket.socket) -> None:
        sock.sendall(begins)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            sock.sendall(piece)

    return answer


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
HOSTILE = {
    "one header after the other": endless(b"X-A: " + b"a" * 900 + b"\r\n", OK),
    "a header that does not end": endless(b"a" * 1000, OK + b"X-A: "),
    "go on, go on": endless(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a status line that does not end": endless(b"9" * 1000, b"HTTP/1.1 "),
    "a chunk of almost any size": endless(
        b" " * 1000, OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\n"
    ),
    "chunks of one byte": endless(b"1\r\n \r\n", OK + b"Transfer-Encoding: chunked\r\n\r\n"),
    "two lengths": lambda sock: sock.sendall(OK + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}"),
    "a length below nothing": lambda sock: sock.sendall(OK + b"Content-Length: -1\r\n\r\n{}"),
    "packed in an unknown way": lambda sock: sock.sendall(http("{}", Content_Encoding="br")),
    "packed twice": lambda sock: sock.sendall(http("{}", Content_Encoding="gzip, gzip")),
    "another protocol": lambda sock: sock.sendall(b"SSH-2.0-OpenSSH_9.9\r\n"),
    "an older HTTP": lambda sock: sock.sendall(b'{"code":"00"}'),
    "switching": lambda sock: sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_write_to_such_a_system_is_unclear_and_ends_in_time(profile: Profile, case: str) -> None:
    began = time.monotonic()
    with client(profile, served(HOSTILE[case])) as which, pytest.raises(Ambiguous):
        post(which)
    assert time.monotonic() - began < SOON_S


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_old_tls_is_refused(profile: Profile, tmp_path: Path) -> None:
    key, cert = certificate(tmp_path, "platform")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(cert, key)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    lenient = ssl.create_default_context(cafile=str(cert))
    lenient.set_ciphers("DEFAULT:@SECLEVEL=0")
    lenient.minimum_version = ssl.TLSVersion.TLSv1
    url = served(lambda sock: sock.sendall(http("{}")), old)
    host, port = url.removeprefix("https://").split(":")
    with (
        socket.create_connection((host, int(port))) as raw,
        lenient.wrap_socket(raw, server_hostname=host) as sock,
    ):
        assert sock.version() == "TLSv1.1", "the server speaks it to whoever wants it"
    url = served(lambda sock: sock.sendall(http("{}")), old)
    with client(profile, url, cert) as which, pytest.raises(NotSent, match="DB-PLATFORM-002"):
        post(which)


def test_a_cookie_is_not_sent_back(profile: Profile) -> None:
    """Each request stands for itself: what a system puts into an answer comes back to it with no other."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def serve() -> None:
        with listener:
            for _ in range(2):
                sock, _ = listener.accept()
                with sock:
                    seen.append(sock.recv(65536))
                    sock.sendall(http("{}", Set_Cookie="canary=1; Path=/", Connection="close"))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with client(profile, f"http://localhost:{listener.getsockname()[1]}") as which:
        post(which)
        post(which)
    thread.join(5)
    assert len(seen) == 2
    assert b"canary" not in seen[1]
