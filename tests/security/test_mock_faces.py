"""The mock's faces under anything that a signed client may send: an answer of the contract, never a failure.

`tests/mock_platform` asks what is meant to be asked; this asks the rest.  The mock is the judge of all other
tests, so nothing that is sent to it may bring it down or leave a row behind that nobody posted.
`FUZZ_EXAMPLES` as in test_readers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, PROJECT, TASK
from tests.mock_platform.raw_client import KEY, SECRET, Control, RawClient
from tests.security.mangling import JSON, MARKUP, mangled

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "150"))
CONTRACT = yaml.safe_load((PROJECT / "schemas" / "contracts" / "platform.openapi.yaml").read_text("utf-8"))
OPERATIONS = [
    (method.upper(), path)
    for path, methods in CONTRACT["paths"].items()
    for method in methods
    if method in ("get", "post")
]
PARAMETERS = ("page", "pageSize", "pageNo", "snapshot", "updatedSince", "stage", "roundNo", "deptCode", "x")
VALUES = st.sampled_from(
    ["", "0", "-1", "1", "9" * 40, "1e3", "objects", "null", "\u202e", "%00", "2024-13-41"]
) | (st.text(st.characters(exclude_categories=("Cs",)), max_size=12))
NAMES = st.sampled_from([TASK, "0" * 18, "x", "..", "%2e%2e", "a'b", "号"])
BODIES = mangled(
    [
        b'{"deptCode":"SW","itemCodes":["SW-01"],"materials":[]}',
        b'{"forms":[{}]}',
        b'{"stage":"objects"}',
        b"[]",
    ],
    JSON,
)
MESSAGE = b"""<?xml version='1.0' encoding='UTF-8'?>
<ExchangeMessage><Header><sender>a</sender><receiver>b</receiver><batchNo>P-1</batchNo><count>0</count>
<digest>0</digest></Header><Body></Body></ExchangeMessage>"""
ODD = settings(
    max_examples=EXAMPLES,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(Setting(PLAN, key=KEY, secret=SECRET, objects=5, seed=5)) as running:
        yield running


@ODD
@given(
    st.sampled_from(OPERATIONS),
    NAMES,
    st.dictionaries(st.sampled_from(PARAMETERS), VALUES, max_size=3),
    BODIES,
)
def test_whatever_is_asked_the_mock_answers_by_its_contract(
    simulator: Simulator, operation: tuple[str, str], name: str, query: dict[str, str], body: bytes
) -> None:
    method, path = operation
    for part in ("planId", "taskId", "batchNo"):
        path = path.replace(f"{{{part}}}", quote(name, safe="%"))
    text = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    sent = body if method == "POST" else b""
    answer = RawClient(simulator.platform_url).send(method, path + (f"?{text}" if text else ""), sent)
    assert answer.status < 500, (operation, name, query, body, answer.body[:200])
    envelope = json.loads(answer.body)
    assert envelope.keys() >= {"code", "msg"}
    assert envelope["code"] == "00" or envelope.get("data") is None


@ODD
@given(mangled([MESSAGE], MARKUP))
def test_whatever_is_exchanged_is_answered_by_a_receipt(simulator: Simulator, body: bytes) -> None:
    answer = RawClient(simulator.publicity_url).send("POST", "/exchange/v1/spotchecks", body)
    assert answer.status < 500, (body, answer.body[:200])


def test_nothing_of_it_was_published(simulator: Simulator) -> None:
    assert Control(simulator.control_url).writes("postSpotchecks") == []


def test_a_body_longer_than_any_is_refused(simulator: Simulator) -> None:
    client = RawClient(simulator.platform_url)
    answer = client.send("POST", f"/api/v1/tasks/{TASK}/forms", b'{"forms":[' + b"[" * 1_000_000)
    assert answer.status < 500
    assert json.loads(answer.body)["code"] != "00"


def test_the_contract_names_what_is_tried(tmp_path: Path) -> None:
    assert len(OPERATIONS) > 15
    assert ("POST", "/api/v1/tasks/{taskId}/forms") in OPERATIONS
