"""The mock in another system's names: what a client of that system sees, told apart from our connectors."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import PLATFORM_PLAN, office_of, setting
from tests.mock_platform.raw_client import KEY, SECRET, Answer, Control, RawClient

NAME = "national-supervision"
TASK = "TASK_ID=130534202405281001"


@pytest.fixture
def national() -> Iterator[Simulator]:
    with Simulator(setting(dialect=NAME)) as simulator:
        yield simulator


def ask(simulator: Simulator, method: str, target: str, body: object = None, **changed: str) -> Answer:
    """One request, signed by the standard library alone; `changed` are headers in place of its own."""
    raw = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    shanghai = time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + 8 * 3600))
    path, _, query = target.partition("?")
    pairs = "&".join(sorted(query.split("&"))) if query else ""
    nonce = uuid.uuid4().hex
    text = (
        KEY + shanghai + nonce + method + path + (f"?{pairs}" if pairs else "") + _md5(raw).lower() + SECRET
    )
    headers = {"APPKEY": KEY, "REQUESTTIME": shanghai, "NONCESTR": nonce, "SIGN": _md5(text.encode())}
    return RawClient(simulator.platform_url, signed=False).send(method, target, raw, headers | changed)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper()


def test_every_member_of_every_answer_is_in_capitals(national: Simulator) -> None:
    answer = ask(national, "GET", "/hlwjg/jgdx/list?OFFSET=0&LIMIT=2").json()
    assert set(answer) == {"CODE", "MESSAGE", "REQUEST_ID", "DATA"}
    assert answer["CODE"] == 200
    page = answer["DATA"]
    assert set(page) == {"TOTAL", "OFFSET", "LIMIT", "ROWS"}
    assert (page["TOTAL"], page["OFFSET"], page["LIMIT"], len(page["ROWS"])) == (5, 0, 2, 2)
    for row in page["ROWS"]:
        assert all(name == name.upper() for name in row)
        assert len(row["CD_TIME"]) == 14
        assert row["SUPERVISE_OBJECT_TYPE"] == "02"
        assert row["IS_VALID"] == "Y"
        assert isinstance(row["SUPERVISE_OBJECT_TAG"], str)


def test_pages_count_rows(national: Simulator) -> None:
    listed = []
    for offset in (0, 2, 4):
        page = ask(national, "GET", f"/hlwjg/jgdx/list?OFFSET={offset}&LIMIT=2").json()["DATA"]
        assert page["OFFSET"] == offset
        listed += [row["SUPERVISE_OBJECT_CODE"] for row in page["ROWS"]]
    assert listed == sorted(row["objectId"] for row in national.world.objects)


REFUSED: dict[str, tuple[str, str, Any, int]] = {
    "the contract's own path": ("GET", "/api/v1/directories/objects", None, 404),
    "the contract's own parameter": ("GET", "/hlwjg/jgdx/list?pageNo=1", None, 422),
    "half a page": ("GET", "/hlwjg/jgdx/list?OFFSET=1&LIMIT=2", None, 422),
    "no number": ("GET", "/hlwjg/jgdx/list?OFFSET=x&LIMIT=2", None, 415),
    "no task": ("GET", "/hlwjg/jcxw/result", None, 400),
    "another task": ("GET", "/hlwjg/jcxw/result?TASK_ID=130534202405281009&OFFSET=0&LIMIT=5", None, 404),
    "a time in the contract's writing": (
        "GET",
        f"/hlwjg/jcxw/result?{TASK}&CD_TIME_FROM=2024-06-01%2000:00:00",
        None,
        422,
    ),
    "a stage by the contract's name": ("GET", f"/hlwjg/ssj/seals?{TASK}&STAGE=objects&ROUND=1", None, 422),
    "a member by the contract's name": ("POST", f"/hlwjg/jcxw/form?{TASK}", {"batchNo": "b"}, 422),
    "a code of one digit": (
        "POST",
        f"/hlwjg/ssj/confirm?{TASK}",
        {"CD_BATCH": "20240603-1", "ROWS": [{"CONFIRM_RESULT": "1"}]},
        422,
    ),
    "a list that is one": (
        "POST",
        f"/hlwjg/ssj/material?{TASK}",
        {"SUPERVISE_ITEM_IMPLEMENT_CODES": ["SW-01"]},
        415,
    ),
    "something missing": ("POST", f"/hlwjg/jcxw/form?{TASK}", {"CD_BATCH": "20240603-1"}, 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_said_in_another_way_is_refused(national: Simulator, case: str) -> None:
    method, target, body, code = REFUSED[case]
    answer = ask(national, method, target, body).json()
    assert answer["CODE"] == code, answer
    assert answer["DATA"] is None
    assert Control(national.control_url).writes() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"SIGN": "0" * 32},
        {"SIGN": ""},
        {"REQUESTTIME": "20240603090203"},
        {"REQUESTTIME": str(int(time.time() * 1000))},
        {"NONCESTR": "short"},
        {"APPKEY": "somebody"},
    ],
)
def test_a_signature_that_does_not_hold_is_401(national: Simulator, changed: dict[str, str]) -> None:
    assert ask(national, "GET", "/hlwjg/jgsx/list", **changed).json()["CODE"] == 401


def test_the_contracts_signature_is_none_here(national: Simulator) -> None:
    client = RawClient(national.platform_url)
    assert client.send("GET", "/hlwjg/jgsx/list").json()["CODE"] == 401


def test_a_digest_is_of_the_bytes_that_were_sent(national: Simulator) -> None:
    """Receipt and control face speak of what came, not of what the dialect makes of it."""
    body = {
        "IMPLEMENT_INSTITUTION_CODE": "SW",
        "SUPERVISE_ITEM_IMPLEMENT_CODES": national.world.items[0]["itemCode"],
        "CHECK_MATERIAL": "批复文件,监测资料",
        "SUBMITTED_DATE": "20240528090000",
    }
    answer = ask(national, "POST", f"/hlwjg/ssj/material?{TASK}", body).json()
    assert answer["CODE"] == 200, answer
    sent = hashlib.sha256(json.dumps(body, ensure_ascii=False).encode()).hexdigest()
    assert answer["DATA"]["DIGEST"] == sent
    (written,) = Control(national.control_url).writes("postMaterials")
    assert written["digest"] == sent
    assert national.world.materials["SW"]["materials"] == ["批复文件", "监测资料"]


def test_faults_speak_the_dialect_too(national: Simulator) -> None:
    faults = national.world.faults
    faults.set("schema_drift", "listItems", args={"kind": "renamed", "column": "itemName"}, count=1)
    (row, *_) = ask(national, "GET", "/hlwjg/jgsx/list").json()["DATA"]["ROWS"]
    assert "SUPERVISE_ITEM_NAME" not in row
    assert "ITEMNAMENEW" in row
    faults.set("encoding_mix", "listItems", args={"kind": "gb2312"}, count=1)
    answer = ask(national, "GET", "/hlwjg/jgsx/list")
    assert json.loads(answer.body.decode("gb18030"))["CODE"] == 200
    faults.set("signature_bad", "listItems", count=1)
    assert ask(national, "GET", "/hlwjg/jgsx/list").json()["CODE"] == 401
    faults.set("json_oddities", "listItems", args={"kind": "nan"}, count=1)
    assert b"NaN" in ask(national, "GET", "/hlwjg/jgsx/list").body


def test_the_exchange_differs_in_path_and_signature_alone(national: Simulator) -> None:
    client = RawClient(national.publicity_url, signed=False)
    assert b"<code>41</code>" in client.send("GET", "/hlwjg/gxjh/receipt/b-1").body
    assert client.send("GET", "/exchange/v1/receipts/b-1").status == 404
    assert client.send("GET", "/gsxt/corp-query-entprise-info-getDrRaninsRes-x.html").json()["data"] == []


def test_the_contract_is_spoken_where_nothing_is_said() -> None:
    with Simulator(setting(PLATFORM_PLAN)) as simulator:
        assert simulator.world.dialect is None
        assert office_of(simulator).platform.get("/api/v1/directories/items")["rows"]
