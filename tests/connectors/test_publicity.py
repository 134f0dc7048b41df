"""The exchange's XML and the public view, written by us and read with care."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.factory import Connections, connect
from connectors.profile import Profile
from connectors.protocols import Ambiguous, NotSent, Outgoing, Refused, SystemUnreachable
from schemas.codes import RegistrationState
from schemas.errors import DrawbridgeError
from schemas.publication import ReplyState
from tests.connectors.conftest import APP_KEY, SECRET, Request, System, http, hurried
from tests.connectors.rows import AT, TASK, publication

BATCH = "P-20240623-0001"
XSD = Path(__file__).parents[2] / "schemas" / "contracts" / "exchange.xsd"


def outgoing(*numbers: int, **changes: object) -> list[Outgoing]:
    records = [publication(n, **changes) for n in numbers]
    return [Outgoing(record.record_id, record.version, record.model_dump_json()) for record in records]


def encoded(connections: Connections, *numbers: int, **changes: object) -> bytes:
    return connections.channels(TASK).records.encode(BATCH, outgoing(*numbers, **changes), AT)


def xml(text: str | bytes, status: str = "200 OK") -> bytes:
    return http(text, status=status, kind="application/xml; charset=utf-8")


def receipt_text(
    body: bytes, *states: tuple[str, str], batch_no: str = BATCH, code: str = "00", **changes: str
) -> str:
    digest = changes.get("digest", hashlib.sha256(body).hexdigest())
    received = changes.get("received", "2024-06-23T10:00:01+08:00")
    records = "".join(
        f"<record><recordId>{key}</recordId><version>1</version><state>{state}</state></record>"
        for key, state in states
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Receipt><batchNo>{batch_no}</batchNo><code>{code}</code>'
        f"<message>说明</message><digest>{digest}</digest><receivedAt>{received}</receivedAt>"
        f"<records>{records}</records></Receipt>"
    )


KEYS = (f"{TASK}-001", f"{TASK}-002")


# --- what we write -------------------------------------------------------------------------------


def test_a_message_is_valid_by_the_contract(connections: Connections) -> None:
    body = encoded(connections, 1, 2)
    schema = etree.XMLSchema(etree.parse(XSD))
    root = etree.fromstring(body)
    schema.assertValid(root)
    assert root.findtext("Header/sender") == "130534-SSJ"
    assert root.findtext("Header/receiver") == "130000-GSXT"
    assert root.findtext("Header/batchNo") == BATCH
    assert root.findtext("Header/createdAt") == "2024-06-23T10:00:00+08:00"
    assert root.findtext("Header/count") == "2"
    assert [record.findtext("recordId") for record in root.iterfind("Body/Record")] == list(KEYS)
    assert [
        line.findtext("raninsCheckResName") for line in root.iterfind("Body/Record[1]/details/detail")
    ] == [
        "未发现问题",
        "未按规定公示应当公示的信息",
    ]


@pytest.mark.parametrize("name", ["清河县甲厂", "𠮷<A>&amp;B]]>\t甲 \r\n厂", "“甲”'\"厂\u00a0\u2028\ue5e5"])
def test_the_header_s_digest_is_that_of_the_body_in_canonical_xml(
    connections: Connections, name: str
) -> None:
    root = etree.fromstring(encoded(connections, 1, 2, ent_name=name))
    assert root.findtext("Body/Record/entName") == name
    body = root.find("Body")
    assert body is not None
    alone = etree.fromstring(etree.tostring(body, with_tail=False))
    assert root.findtext("Header/digest") == hashlib.sha256(etree.tostring(alone, method="c14n2")).hexdigest()


def test_names_are_escaped_and_rare_characters_kept(connections: Connections) -> None:
    name = "清河县𠮷<A&B>“甲”厂"
    root = etree.fromstring(encoded(connections, 1, ent_name=name))
    assert root.findtext("Body/Record/entName") == name


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"prip_id": None}, "DB-PUBLICITY-030"),
        ({"ent_name": "甲\x07厂"}, "DB-PUBLICITY-031"),
        ({"ent_name": "甲" * 201}, "DB-PUBLICITY-031"),
        ({"plan_id": "1"}, "DB-PUBLICITY-031"),
        ({"task_type": "其他"}, "DB-PUBLICITY-031"),
        ({"uscc": "I" * 18}, "DB-PUBLICITY-031"),
    ],
)
def test_a_record_that_does_not_fit_the_contract_is_not_sent(
    connections: Connections, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        encoded(connections, 1, **changes)
    assert caught.value.code == code
    assert "甲" not in str(caught.value)


def test_a_batch_number_that_does_not_fit_is_not_sent(connections: Connections) -> None:
    with pytest.raises(DrawbridgeError, match="DB-PUBLICITY-031"):
        connections.channels(TASK).records.encode("批次一", outgoing(1), AT)


# --- receipts ------------------------------------------------------------------------------------


def test_a_receipt_says_what_became_of_each_record(system: System, connections: Connections) -> None:
    body = encoded(connections, 1, 2)
    system.answer(xml(receipt_text(body, (KEYS[0], "accepted"), (KEYS[1], "pending"))))
    receipt = connections.channels(TASK).records.send(BATCH, body)
    assert system.requests[0].body == body
    assert system.requests[0].target == "/exchange/v1/spotchecks"
    assert system.requests[0].headers["content-type"] == "application/xml; charset=utf-8"
    assert [(row.key, row.state) for row in receipt.rows] == [
        (KEYS[0], ReplyState.ACCEPTED),
        (KEYS[1], ReplyState.PENDING),
    ]
    assert receipt.received_at == datetime(2024, 6, 23, 2, 0, 1, tzinfo=UTC)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a0 "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(8))
    + "]><Receipt>&a8;</Receipt>"
)

Answers = Callable[[bytes], bytes]
WRONG: dict[str, tuple[Answers, type[DrawbridgeError], str]] = {
    "another batch": (
        lambda body: xml(receipt_text(body, (KEYS[0], "accepted"), batch_no="P-20240623-0002")),
        Ambiguous,
        "019",
    ),
    "other bytes": (
        lambda body: xml(receipt_text(body, (KEYS[0], "accepted"), digest="0" * 64)),
        Ambiguous,
        "019",
    ),
    "a record never sent": (lambda body: xml(receipt_text(body, ("x", "accepted"))), Ambiguous, "019"),
    "a record twice": (
        lambda body: xml(receipt_text(body, (KEYS[0], "accepted"), (KEYS[0], "pending"))),
        Ambiguous,
        "019",
    ),
    "a state of its own": (lambda body: xml(receipt_text(body, (KEYS[0], "ok"))), Ambiguous, "020"),
    "a time that no clock shows": (
        lambda body: xml(receipt_text(body, (KEYS[0], "accepted"), received="2024-06-23T24:00:00+08:00")),
        Ambiguous,
        "020",
    ),
    "another document": (lambda body: xml("<?xml version='1.0'?><Other/>"), Ambiguous, "020"),
    "a broken one": (lambda body: xml(receipt_text(body)[:-20]), Ambiguous, "006"),
    "a page": (lambda body: http("<html>登录</html>", kind="text/html"), Ambiguous, "006"),
    "a maintenance page": (lambda body: http("<html>系统维护中</html>", kind="text/html"), Ambiguous, "011"),
    "a document type": (
        lambda body: xml('<?xml version="1.0"?><!DOCTYPE Receipt SYSTEM "http://127.0.0.1:1/x"><Receipt/>'),
        Ambiguous,
        "006",
    ),
    "an outside entity": (
        lambda body: xml(
            '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><Receipt>&x;</Receipt>'
        ),
        Ambiguous,
        "006",
    ),
    "entities without end": (lambda body: xml(BOMB), Ambiguous, "006"),
    "the same in UTF-16": (
        lambda body: xml(BOMB.replace("?>", " encoding='utf-16'?>").encode("utf-16")),
        Ambiguous,
        "006",
    ),
    "signature": (lambda body: xml(receipt_text(body, code="41")), NotSent, "012"),
    "other content under this number": (lambda body: xml(receipt_text(body, code="49")), Ambiguous, "014"),
    "bad data": (lambda body: xml(receipt_text(body, code="96")), Refused, "015"),
    "a system error": (lambda body: xml(receipt_text(body, code="99")), Ambiguous, "016"),
    "a code that nobody knows": (lambda body: xml(receipt_text(body, code="77")), Ambiguous, "017"),
}


@pytest.mark.parametrize("case", WRONG)
def test_only_a_receipt_for_these_very_bytes_is_believed(
    system: System, connections: Connections, case: str
) -> None:
    answer, error, number = WRONG[case]
    body = encoded(connections, 1)
    system.answer(answer(body))
    began = time.monotonic()
    with pytest.raises(error) as caught:
        connections.channels(TASK).records.send(BATCH, body)
    assert type(caught.value) is error
    assert caught.value.code == f"DB-PUBLICITY-{number}"
    assert len(system.requests) == 1
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: b"\r\n" + text.encode(),
        lambda text: text.replace("UTF-8", "GB18030").encode("gb18030"),
        lambda text: text.split("?>")[1].encode(),
    ],
    ids=["mark", "empty line", "GB18030", "no declaration"],
)
def test_receipts_come_in_many_dresses(
    system: System, connections: Connections, dress: Callable[[str], bytes]
) -> None:
    body = encoded(connections, 1)
    system.answer(xml(dress(receipt_text(body, (KEYS[0], "accepted")))))
    assert connections.channels(TASK).records.send(BATCH, body).rows[0].key == KEYS[0]


def test_a_batch_can_be_asked_for(system: System, connections: Connections) -> None:
    channel = connections.channels(TASK).records
    body = encoded(connections, 1)
    system.answer(
        xml(receipt_text(body, (KEYS[0], "rejected"))),
        xml(receipt_text(body, code="44"), status="404 Not Found"),
        xml(receipt_text(body, batch_no="P-20240623-0009")),
    )
    receipt = channel.query(BATCH)
    assert receipt is not None
    assert receipt.rows[0].state is ReplyState.REJECTED
    assert channel.query(BATCH) is None
    with pytest.raises(SystemUnreachable, match="DB-PUBLICITY-019"):
        channel.query(BATCH)
    assert {request.target for request in system.requests} == {f"/exchange/v1/receipts/{BATCH}"}


def held_text(record_id: str) -> str:
    return (
        f"<HeldRecord><recordId>{record_id}</recordId><version>2</version><digest>{'a' * 64}</digest>"
        "<state>accepted</state><collected>true</collected></HeldRecord>"
    )


def test_what_the_exchange_holds_of_a_record(system: System, connections: Connections) -> None:
    system.answer(
        xml(held_text("R/1")),
        xml(receipt_text(b"", batch_no="", code="44"), status="404 Not Found"),
        xml(held_text("R/2")),
    )
    assert connections.publicity.held("R/1") == (2, "a" * 64, "accepted")
    assert connections.publicity.held("R/1") is None
    with pytest.raises(SystemUnreachable, match="DB-PUBLICITY-019"):
        connections.publicity.held("R/1")
    assert {request.target for request in system.requests} == {"/exchange/v1/records/R%2F1"}


# --- the public view -----------------------------------------------------------------------------


def public_row(number: int, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "raninsPlanId": "13053420241001",
        "raninsPlaneName": "2024年度抽查计划",
        "raninsTaskId": TASK,
        "raninsTaskName": f"第{number}次抽查",
        "raninsTypeName": "不定向",
        "insAuth": "清河县水务局",
        "insDate": 1718812800000,  # 2024-06-20 00:00 in Shanghai
        "url": f"/gsxt/details-{number}.html?id={number}",
    }
    return row | changes


DETAILS = {"data": [{"seqno": 1, "raninsItemName": "登记事项检查", "raninsCheckResName": "未发现问题"}]}


def view(system: System, *pages: object, pages_said: object = None, details: object = DETAILS) -> None:
    """A public view of these pages; a detail's link is answered with `details`."""

    def answer(connection: Any, request: Request) -> None:
        if "details-" in request.target:
            connection.sendall(http(json.dumps(details, ensure_ascii=False)))
            return
        start = int(request.target.split("start=")[1].split("&")[0]) // 10
        data = {"data": pages[start % len(pages)], "totalPage": pages_said or len(pages)}
        connection.sendall(http(json.dumps(data, ensure_ascii=False)))

    system.answer(answer)


def test_the_public_view_is_read_to_its_end_with_details(system: System, connections: Connections) -> None:
    first = [public_row(n) for n in range(10)]
    view(system, first, [public_row(10, insDate="2024-06-21")])
    rows = connections.publicity.public_rows("P000001")
    assert [row.task_name for row in rows] == [f"第{n}次抽查" for n in range(11)]
    assert (rows[0].completed_on, rows[10].completed_on) == (date(2024, 6, 20), date(2024, 6, 21))
    assert rows[0].details[0].result_name == "未发现问题"
    assert rows[0].prip_id == "P000001"
    assert system.requests[1].target == "/gsxt/details-0.html?id=0"


def test_an_enterprise_without_records_has_none(system: System, connections: Connections) -> None:
    view(system, [])
    assert connections.publicity.public_rows("P000001") == []


def test_an_item_without_its_name_is_kept(system: System, connections: Connections) -> None:
    view(
        system,
        [public_row(1)],
        details={"data": [{"seqno": 1, "raninsItemName": None, "raninsCheckResName": "未发现问题"}]},
    )
    assert connections.publicity.public_rows("P000001")[0].details[0].item_name == ""


def test_a_page_that_is_served_again_is_noticed(system: System, connections: Connections) -> None:
    view(system, [public_row(1)], pages_said=5)
    with pytest.raises(SystemUnreachable, match="DB-PUBLICITY-021"):
        connections.publicity.public_rows("P000001")


def test_pages_without_end_come_to_one(system: System, hebei: Profile) -> None:
    document = hurried(hebei).model_dump()
    document["publicity"]["paging"]["max_pages"] = 3
    view(system, [public_row(1)], [public_row(2)], pages_said=99)
    with (
        connect(Profile.model_validate(document), system.url, system.url, APP_KEY, SECRET) as opened,
        pytest.raises(SystemUnreachable, match="DB-PUBLICITY-024"),
    ):
        opened.publicity.public_rows("P000001")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "https://example.invalid/x", "//example.invalid/x"])
def test_a_link_to_another_host_is_not_followed(system: System, connections: Connections, url: str) -> None:
    view(system, [public_row(1, url=url)])
    with pytest.raises(DrawbridgeError, match="DB-PUBLICITY-027"):
        connections.publicity.public_rows("P000001")
    assert len(system.requests) == 1


@pytest.mark.parametrize(
    "change",
    [{"insDate": "昨天"}, {"insDate": 10**18}, {"raninsTaskId": 5}, {"raninsPlanId": None}],
)
def test_a_view_of_another_shape_is_no_data(
    system: System, connections: Connections, change: dict[str, object]
) -> None:
    view(system, [public_row(1, **change)])
    with pytest.raises(SystemUnreachable, match="DB-PUBLICITY-020"):
        connections.publicity.public_rows("P000001")


@pytest.mark.parametrize(
    "details",
    [
        {"data": [{"seqno": None, "raninsItemName": "甲", "raninsCheckResName": "乙"}]},
        {"data": [{"raninsItemName": "甲", "raninsCheckResName": "乙"}]},
        {"data": "no rows"},
        {"rows": []},
    ],
)
def test_details_of_another_shape_are_no_data(
    system: System, connections: Connections, details: object
) -> None:
    view(system, [public_row(1)], details=details)
    with pytest.raises(SystemUnreachable, match="DB-PUBLICITY-020"):
        connections.publicity.public_rows("P000001")


def test_since_when_a_record_is_public_is_read_where_it_is_said(
    system: System, connections: Connections
) -> None:
    at = [1718812800000, "2024-06-21", "2024-06-21 08:30:00", None, ""]
    view(system, [public_row(n, publicDate=value) for n, value in enumerate(at)])
    said = [row.published_on for row in connections.publicity.public_rows("P000001")]
    assert said == [date(2024, 6, 20), date(2024, 6, 21), date(2024, 6, 21), None, None]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("存续（在营、开业、在册）", RegistrationState.ACTIVE),
        ("吊销，未注销", RegistrationState.REVOKED),
        ("注销", RegistrationState.DEREGISTERED),
        ("另一种写法", RegistrationState.UNKNOWN),
    ],
)
def test_who_an_enterprise_is_today(
    system: System, connections: Connections, said: str, state: RegistrationState
) -> None:
    answer = {"uniscId": "91130534MA00000000", "entName": " 清河县某公司 ", "regState_CN": said}
    system.answer(http(json.dumps(answer, ensure_ascii=False)))
    found = connections.publicity.public_enterprise("P 1")
    assert found is not None
    assert (found.uscc, found.ent_name, found.reg_state) == ("91130534MA00000000", "清河县某公司", state)
    assert system.requests[0].target.endswith("-entbaseInfo-P%201.html")


def test_an_enterprise_that_the_public_does_not_know_is_nobody(
    system: System, connections: Connections
) -> None:
    system.answer(http("{}", status="404 Not Found"))
    assert connections.publicity.public_enterprise("P000001") is None


def test_a_profile_without_that_page_asks_for_nothing(system: System, hebei: Profile) -> None:
    document = hurried(hebei).model_dump()
    document["publicity"]["enterprise"] = None
    with connect(Profile.model_validate(document), system.url, system.url, APP_KEY, SECRET) as opened:
        assert opened.publicity.public_enterprise("P000001") is None
    assert system.requests == []


@pytest.mark.parametrize(
    "answer",
    [[], {}, {"uniscId": 5, "entName": "甲", "regState_CN": "注销"}, {"uniscId": "9", "entName": "甲"}],
)
def test_an_enterprise_of_another_shape_is_no_data(
    system: System, connections: Connections, answer: object
) -> None:
    system.answer(http(json.dumps(answer, ensure_ascii=False)))
    with pytest.raises(SystemUnreachable, match="DB-PUBLICITY-020"):
        connections.publicity.public_enterprise("P000001")
