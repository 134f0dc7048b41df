"""The signature against values that the openssl command line made; who is let in by it: test_refusals.py."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from mock_platform.signature import signature
from tests.mock_platform.raw_client import RawClient

SECRET = "一个约定的密钥-2024"
TIMESTAMP, NONCE = "1716858000123", "0123456789abcdef0123456789abcdef"
# Made with `openssl dgst -sm3` and `… -hmac`: method, target as sent, as signed, body, signature.
GOLDEN = [
    pytest.param(
        "GET",
        "/api/v1/directories/objects?snapshot=&pageSize=50&pageNo=2",
        "/api/v1/directories/objects?pageNo=2&pageSize=50&snapshot=",
        b"",
        "4d09bc8fb3c63e599115fa1513d2f3dcf428b9a4cc0bf4e31dc27f6546e95d60",
        id="parameters are sorted",
    ),
    pytest.param(
        "GET",
        "/api/v1/plans",
        "/api/v1/plans",
        b"",
        "dd8c0296b77181e213467414186126f544b068b70e61462deadb05e483880497",
        id="no question mark without parameters",
    ),
    pytest.param(
        "GET",
        "/api/v1/tasks/130534202405281001/results?updatedSince=2024-06-03%2009%3A00%3A00&pageNo=1",
        "/api/v1/tasks/130534202405281001/results?pageNo=1&updatedSince=2024-06-03%2009%3A00%3A00",
        b"",
        "e8e08e714311ccd1aefaedc462d8894c42b3d37cb4496f9667ad84d17dc5c864",
        id="percent-encoding stays as sent",
    ),
    pytest.param(
        "POST",
        "/api/v1/tasks/130534202405281001/forms",
        "/api/v1/tasks/130534202405281001/forms",
        '{"batchNo":"BATCH-0001","rows":[{"entName":"清河县某某羊绒有限公司"}]}'.encode(),
        "b0c4215597a5d80bdf566263f981ab3f22e71a28546169eae584546cd50ce62f",
        id="a body of Chinese text",
    ),
]


@pytest.mark.parametrize(("method", "target", "signed_target", "body", "wanted"), GOLDEN)
def test_signature_is_the_one_that_openssl_makes(
    method: str, target: str, signed_target: str, body: bytes, wanted: str
) -> None:
    assert signature(SECRET.encode(), method, target, TIMESTAMP, NONCE, body) == wanted


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on the PATH")
@pytest.mark.parametrize(("method", "target", "signed_target", "body", "wanted"), GOLDEN)
def test_golden_values_come_out_of_openssl_again(
    method: str, target: str, signed_target: str, body: bytes, wanted: str
) -> None:
    text = "\n".join([method, signed_target, TIMESTAMP, NONCE, _openssl(body)])
    assert _openssl(text.encode(), "-hmac", SECRET) == wanted


def _openssl(data: bytes, *options: str) -> str:
    command = ["openssl", "dgst", "-sm3", *options]
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=20)
    return done.stdout.decode().split()[-1]


def test_client_of_these_tests_signs_as_the_platform_reckons() -> None:
    target, body = "/api/v1/directories/objects?snapshot=&pageSize=50&pageNo=2", "清河".encode()
    headers = RawClient("http://127.0.0.1:9", secret=SECRET).sign("POST", target, body)
    wanted = signature(SECRET.encode(), "POST", target, headers["X-Timestamp"], headers["X-Nonce"], body)
    assert headers["X-Signature"] == wanted
