"""The proxy of deploy/nginx.conf, started for real: what people may do in Prefect, and what carries code."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.end_to_end.installation import PROJECT

ID = "570ddb50-61a4-4405-8184-936a370eea76"
# What the pages of Prefect 3.8 ask for while an operator works.
PRESSED = [
    ("GET", "/deployments"),
    ("POST", "/api/deployments/filter"),
    ("POST", "/api/deployments/paginate"),
    ("POST", f"/api/deployments/{ID}/create_flow_run"),
    ("POST", f"/api/deployments/{ID}/pause_deployment"),
    ("PATCH", f"/api/deployments/{ID}/schedules/{ID}"),
    ("POST", f"/api/flow_runs/{ID}/resume"),
    ("POST", f"/api/flow_runs/{ID}/set_state"),
    ("POST", "/api/flow_runs/filter"),
    ("POST", "/api/work_pools/filter"),
    ("GET", "/api/work_pools/drawbridge"),
    ("POST", "/api/block_documents/filter"),
    ("POST", "/api/logs/filter"),
]
CODE = [
    ("POST", "/api/deployments/"),
    ("POST", "/api/deployments"),
    ("PATCH", f"/api/deployments/{ID}"),
    ("PATCH", f"/api/./deployments/{ID}/"),
    ("PATCH", f"/api/deployments/x/../{ID}"),
    ("PATCH", f"/%61pi/deployments/{ID}"),
    ("PATCH", f"//api//deployments//{ID}"),
    ("DELETE", f"/api/deployments/{ID}"),
    ("POST", "/api/deployments/bulk_delete"),
    ("POST", "/api/work_pools/"),
    ("PATCH", "/api/work_pools/drawbridge"),
    ("PUT", "/api/work_pools/drawbridge/concurrency_status"),
    ("DELETE", "/api/work_pools/drawbridge"),
    ("POST", "/api/block_documents/"),
    ("PATCH", f"/api/block_documents/{ID}"),
    ("POST", "/api/automations/"),
    ("PUT", f"/api/automations/{ID}"),
    ("POST", "/api/flows/"),
    ("PUT", "/api/admin/storage"),
]


class Behind(BaseHTTPRequestHandler):
    """In the place of Prefect: 204 for whatever reaches it."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _answer  # noqa: N815 - as the library asks

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Its port: the configuration as it is, without TLS and without people's passwords."""
    if shutil.which("nginx") is None:
        pytest.skip("no nginx on this machine")
    folder = tmp_path_factory.mktemp("nginx")
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = (PROJECT / "deploy" / "nginx.conf").read_text("utf-8")
    for pattern, instead in (
        (r"^ *(ssl_|auth_basic).*\n", ""),
        (r"server \{\s*listen 80;.*?\n    \}\n", ""),
        (r"listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        (r"127\.0\.0\.1:4200", f"127.0.0.1:{behind.server_address[1]}"),
        (r"/run/nginx\.pid|/var/log/nginx/drawbridge\.log", str(folder / "of-nginx")),
        (r"^events", "daemon off;\nevents"),
        (r"^http \{", "".join(["http {\n", *(f"{t}_temp_path {folder};\n" for t in TEMPORARY)])),
    ):
        text, changed = re.subn(
            pattern, instead, text, flags=re.MULTILINE | re.DOTALL if ".*?" in pattern else re.MULTILINE
        )
        assert changed, pattern
    (folder / "nginx.conf").write_text(text, "utf-8")
    process = subprocess.Popen(
        ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            assert process.poll() is None, (folder / "error.log").read_text("utf-8")
            if answer(port, "GET", "/") == 204:
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        behind.shutdown()
        behind.server_close()


TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def answer(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path, b"{}" if method != "GET" else None)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "path"), PRESSED)
def test_what_operators_press_reaches_prefect(proxy: int, method: str, path: str) -> None:
    assert answer(proxy, method, path) == 204


@pytest.mark.parametrize(("method", "path"), CODE)
def test_what_carries_code_does_not(proxy: int, method: str, path: str) -> None:
    assert answer(proxy, method, path) == 403
