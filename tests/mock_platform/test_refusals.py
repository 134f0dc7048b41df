"""What the two systems refuse, each with its code, and that nothing of it is stored."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from draw.canonical import canonical, digest
from draw.reveal import build_closing
from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import PLATFORM_PLAN, office_of
from tests.mock_platform.office import TASK, Office, Row
from tests.mock_platform.raw_client import RawClient
from tests.mock_platform.spotchecks import message

ITEMS = "/api/v1/directories/items"
MATERIALS: Row = {
    "deptCode": "SW",
    "itemCodes": ["SW-01"],
    "materials": [],
    "handedInAt": "2024-05-28 09:00:00",
}


@pytest.fixture
def nothing_stored(office: Office) -> Callable[[], bool]:
    """Whether no write was accepted since the test began."""
    return lambda: not office.control.writes()


# --- signature, nonce, clock ------------------------------------------------------------------


def code(client: RawClient, **headers: str) -> str:
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return str(client.send("GET", ITEMS, headers=changed).json()["code"])


@pytest.mark.parametrize("name", ["X_App_Key", "X_Timestamp", "X_Nonce", "X_Signature"])
def test_a_request_without_one_of_the_four_headers_is_refused(office: Office, name: str) -> None:
    assert code(office.platform, **{name: ""}) == "41"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X_App_Key", "somebody-else"),
        ("X_Timestamp", "yesterday"),
        ("X_Timestamp", "1716858000000"),
        ("X_Nonce", "short"),
        ("X_Nonce", "with blanks and more of them"),
        ("X_Signature", "0" * 64),
    ],
)
def test_a_wrong_header_is_refused(office: Office, name: str, value: str) -> None:
    assert code(office.platform, **{name: value}) == "41"


@pytest.mark.parametrize(("seconds", "expected"), [(-290, "00"), (-310, "41"), (290, "00"), (310, "41")])
def test_the_window_is_three_hundred_seconds_either_way(office: Office, seconds: int, expected: str) -> None:
    headers = office.platform.sign("GET", ITEMS, b"", at=time.time() + seconds)
    assert office.platform.send("GET", ITEMS, headers=headers).json()["code"] == expected


def test_a_nonce_is_accepted_once(office: Office) -> None:
    headers = office.platform.sign("GET", ITEMS, b"")
    assert office.platform.send("GET", ITEMS, headers=headers).json()["code"] == "00"
    assert office.platform.send("GET", ITEMS, headers=headers).json()["code"] == "41"


def test_a_signature_covers_method_path_query_and_body(office: Office) -> None:
    signed = office.platform.sign("GET", ITEMS + "?a=1", b"")
    assert office.platform.send("GET", ITEMS + "?a=2", headers=signed).json()["code"] == "41"
    signed = office.platform.sign("POST", office.path("forms"), b"{}")
    assert office.platform.send("POST", office.path("forms"), b"[]", signed).json()["code"] == "41"


def test_the_exchange_wants_a_signature_too_and_the_public_pages_do_not(office: Office) -> None:
    stranger = RawClient(office.publicity.url, key="somebody-else")
    answer = stranger.send("POST", "/exchange/v1/spotchecks", b"<a/>").xml()
    assert answer.findtext("code") == "41"
    assert RawClient(office.publicity.url, signed=False).send("GET", "/").status == 200


# --- form of a request -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "expected"),
    [
        ("GET", "/api/v1/nowhere", None, {}, "44"),
        ("GET", "/api/v1/plans/13053420241999", None, {}, "44"),
        ("GET", "/api/v1/plans/x", None, {}, "96"),
        ("GET", "/api/v1/tasks/130534202405281999/results", None, {}, "44"),
        ("POST", "/api/v1/tasks/130534202405281999/forms", {"batchNo": "B-0000001", "rows": []}, {}, "44"),
        ("GET", f"/api/v1/tasks/{TASK}/draw/seals", None, {"stage": "objects"}, "97"),
        ("GET", f"/api/v1/tasks/{TASK}/draw/seals", None, {"stage": "people", "round": 1}, "96"),
        ("GET", f"/api/v1/tasks/{TASK}/draw/seals", None, {"stage": "objects", "round": "one"}, "98"),
        ("GET", f"/api/v1/tasks/{TASK}/draw/seals", None, {"stage": "objects", "round": 0}, "96"),
        ("GET", f"/api/v1/tasks/{TASK}/results", None, {"updatedSince": "2024-02-30 00:00:00"}, "96"),
        ("GET", f"/api/v1/tasks/{TASK}/results", None, {"pageSize": 1001}, "96"),
        ("GET", f"/api/v1/tasks/{TASK}/results", None, {"colour": "red"}, "96"),
        ("GET", f"/api/v1/tasks/{TASK}/draw", None, {}, "44"),
        ("GET", "/api/v1/batches/NEVER-SENT-1", None, {}, "44"),
        ("GET", "/api/v1/directories/objects", None, {"snapshot": "never-given"}, "44"),
        ("POST", f"/api/v1/tasks/{TASK}/forms", {"rows": []}, {}, "97"),
        ("POST", f"/api/v1/tasks/{TASK}/forms", {"batchNo": "short", "rows": []}, {}, "96"),
        ("POST", f"/api/v1/tasks/{TASK}/forms", {"batchNo": "B-0000001", "rows": []}, {}, "96"),
        ("POST", f"/api/v1/tasks/{TASK}/forms", {"batchNo": "B-0000001", "rows": [1]}, {}, "98"),
        ("POST", f"/api/v1/tasks/{TASK}/forms", {"batchNo": "B-0000001", "rows": [{}]}, {}, "97"),
        ("POST", f"/api/v1/tasks/{TASK}/forms", [], {}, "98"),
        ("POST", f"/api/v1/tasks/{TASK}/materials", {**MATERIALS, "colour": "red"}, {}, "96"),
        ("POST", f"/api/v1/tasks/{TASK}/materials", {**MATERIALS, "itemCodes": ["SC-01"]}, {}, "96"),
        ("POST", f"/api/v1/tasks/{TASK}/materials", {**MATERIALS, "itemCodes": "SW-01"}, {}, "98"),
    ],
)
def test_a_request_that_is_not_of_the_contract(
    office: Office,
    nothing_stored: Callable[[], bool],
    method: str,
    path: str,
    body: object,
    query: Row,
    expected: str,
) -> None:
    assert office.platform.code(method, path, body, **query) == expected
    assert nothing_stored()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"batchNo":"B-0000001","batchNo":"B-0000002","rows":[]}',
        b"NaN",
        b"[" * 100_000,
    ],
    ids=["empty", "broken", "no UTF-8", "a member twice", "no JSON number", "too deep"],
)
def test_a_body_that_is_no_json(office: Office, raw: bytes) -> None:
    answer = office.platform.send("POST", office.path("forms"), raw)
    assert (answer.status, answer.json()["code"]) == (200, "96")


# --- the draw ------------------------------------------------------------------------------------


def test_the_documents_of_a_draw_are_taken_in_their_order_and_once(office: Office) -> None:
    office.sync()
    commitment = office.objects_commitment()
    body = {"stage": "objects", "round": 1, "document": commitment.decode(), "digest": digest(commitment)}
    assert office.platform.code("POST", office.path("draw/closing"), body) == "96"
    assert office.platform.get(office.path("draw/reveals"), stage="objects", round=1)["reveals"] == []
    assert office.platform.code("POST", office.path("draw/commitment"), {**body, "digest": "0" * 64}) == "96"
    blank = commitment.decode().replace(",", ", ", 1)
    loose = {**body, "document": blank, "digest": digest(blank.encode())}
    assert office.platform.code("POST", office.path("draw/commitment"), loose) == "96"
    assert office.control.writes() == []
    office.post_document("draw/commitment", "objects", commitment)
    other = office.objects_commitment("0.2")
    again = {**body, "document": other.decode(), "digest": digest(other)}
    assert office.platform.code("POST", office.path("draw/commitment"), again) == "49"


def test_a_closing_is_taken_only_with_the_revealed_values(office: Office) -> None:
    office.sync()
    commitment = office.objects_commitment()
    office.post_document("draw/commitment", "objects", commitment)
    values = office.reveals("objects")
    good = build_closing(commitment, values)
    # A value that opens nothing makes another text of the same form.
    bad = good.replace(next(iter(values.values())).encode(), b"0" * 64)
    body = {"stage": "objects", "round": 1, "document": bad.decode(), "digest": digest(bad)}
    assert office.platform.code("POST", office.path("draw/closing"), body) == "96"
    office.post_document("draw/closing", "objects", good)


def test_a_certificate_that_does_not_follow_is_refused(office: Office) -> None:
    office.sync()
    office.draw_objects()
    held = office.platform.get(office.path("draw"))["certificates"][0]
    document = json.loads(held["document"])
    winners = document["winners"]
    spoilt = [
        {**document, "seed": "0" * 64},
        {**document, "winners": winners[1:]},
        {**document, "winners": [*winners[:-1], {**winners[-1], "object_id": "清审水保〔2024〕999号"}]},
        {**document, "contributions": document["contributions"][:-1]},
        {**document, "corrects": "0" * 64},
        {**document, "more": None},
    ]
    for one in spoilt:
        raw = canonical({**one, "corrects": one["corrects"] or held["digest"]})
        body = {"stage": "objects", "round": 1, "document": raw.decode(), "digest": digest(raw)}
        assert office.platform.code("POST", office.path("draw"), body) == "96", one
    # A second first certificate would fork the chain.
    raw = canonical({**document, "reserves": {}})
    body = {"stage": "objects", "round": 1, "document": raw.decode(), "digest": digest(raw)}
    assert office.platform.code("POST", office.path("draw"), body) == "49"
    assert len(office.control.writes("postDraw")) == 1


# --- forms ----------------------------------------------------------------------------------------


@pytest.fixture
def matched(office: Office) -> Office:
    """The office when the forms are to be pushed."""
    office.sync()
    office.draw_objects()
    office.confirm()
    office.draw_inspectors()
    return office


def spoilt(form: Row, others: list[Row], inspectors: list[Row]) -> dict[str, Row]:
    """Forms that must not be taken, by what is wrong with them."""
    item, member = form["items"][0], form["inspectors"][0]
    colleagues = [row for row in inspectors if row["deptCode"] == member["deptCode"]]
    assistant = next(row for row in colleagues if row["role"] == "2")
    stranger = next(
        row
        for row in colleagues
        if row["role"] == "1" and row["certNo"]
        if row["inspectorId"] not in {one["inspectorId"] for one in form["inspectors"]}
    )

    def seat(row: Row) -> list[Row]:
        return [{k: row[k] or "-" for k in member}, *form["inspectors"][1:]]

    return {
        "unknown item": {**form, "items": [{**item, "itemCode": "SW-99"}]},
        "item of another department": {**form, "items": [{**item, "deptCode": "SC"}]},
        "item twice": {**form, "items": [*form["items"], item]},
        "without the lead's items": {
            **form,
            "items": [one for one in form["items"] if one["deptCode"] == "SC"],
        },
        "object not drawn": {**form, "objects": [{"objectId": "清审水保〔2024〕999号", "name": "无"}]},
        "object of another enterprise": {**form, "objects": others[0]["objects"]},
        "enterprise not drawn": {**form, "uniscid": "91130534MA00000000"},
        "another group": {**form, "group": form["group"] + 1},
        "one person of a department": {**form, "inspectors": form["inspectors"][1:]},
        "not of the team": {**form, "inspectors": seat(stranger), "leader": stranger["inspectorId"]},
        "no officer": {**form, "inspectors": seat(assistant), "leader": assistant["inspectorId"]},
        "wrong certificate": {**form, "inspectors": [{**member, "certNo": "1"}, *form["inspectors"][1:]]},
        "leader from elsewhere": {**form, "leader": "SW9999"},
        "person twice": {**form, "inspectors": [*form["inspectors"], member]},
    }


def test_forms_that_must_not_be_taken_are_refused_row_by_row(matched: Office) -> None:
    form = next(one for one in matched.forms if one["uniscid"].startswith("9"))
    others = [one for one in matched.forms if one is not form]
    cases = spoilt(form, others, matched.inspectors)
    for number, (name, row) in enumerate(cases.items()):
        [answer] = matched.push(f"SPOILT-{number:02d}", [row])["rows"]
        assert (answer["state"], answer["code"]) == ("rejected", "96"), name
        assert answer["text"], name
    assert matched.control.writes("postForms") == []
    good = matched.push("MIXED-0001", [cases["unknown item"], *others])["rows"]
    assert [row["state"] for row in good] == ["rejected", *["accepted"] * len(others)]
    assert [row["key"] for row in matched.control.writes("postForms")] == [one["formNo"] for one in others]


def test_an_enterprise_has_one_form(matched: Office) -> None:
    form = matched.forms[0]
    matched.push("FIRST-0001", [form])
    second = {**form, "formNo": "ANOTHER"}
    [answer] = matched.push("SECOND-001", [second])["rows"]
    assert (answer["state"], answer["code"]) == ("rejected", "49")
    [answer] = matched.push("THIRD-0001", [form])["rows"]
    assert (answer["state"], answer["code"]) == ("rejected", "49")
    [answer] = matched.push("FOURTH-001", [{**form, "version": 2}])["rows"]
    assert answer["state"] == "accepted"
    assert len(matched.pages(matched.path("forms"))) == 1


def test_a_batch_number_stands_for_one_body(matched: Office) -> None:
    matched.push("FIRST-0001", matched.forms[:1])
    body = {"batchNo": "FIRST-0001", "rows": matched.forms[1:]}
    assert matched.platform.code("POST", matched.path("forms"), body) == "49"
    assert len(matched.control.writes("postForms")) == 1


def test_no_form_before_everything_is_confirmed(office: Office) -> None:
    office.sync()
    office.draw_objects()
    row = office.fit_objects()[0]
    drawn = office.platform.get(office.path("draw"))["objects"]
    object_id, code = drawn[0]["objectId"], drawn[0]["uniscid"]
    form = {
        "formNo": "EARLY",
        "uniscid": code,
        "entName": row["ownerName"],
        "objects": [{"objectId": object_id, "name": "项目"}],
        "items": [{"itemCode": "SW-01", "itemName": "生产建设项目水土保持审批的后续监管", "deptCode": "SW"}],
        "group": 1,
        "leader": "SW0001",
        "inspectors": [
            {"inspectorId": f"SW000{n}", "name": "某", "deptCode": "SW", "certNo": "1"} for n in (1, 2)
        ],
        "version": 1,
    }
    [answer] = office.push("EARLY-0001", [form])["rows"]
    assert (answer["state"], answer["code"]) == ("rejected", "96")


def test_where_the_platform_leads_nothing_of_ours_is_taken(simulate: Callable[..., Simulator]) -> None:
    office = office_of(simulate(PLATFORM_PLAN))
    task = office.platform.get("/api/v1/plans")["rows"][0]["tasks"][0]["taskId"]
    document = {"stage": "objects", "round": 1, "document": "{}", "digest": digest(b"{}")}
    assert office.platform.code("POST", f"/api/v1/tasks/{task}/draw/commitment", document) == "96"
    rows = [{"objectId": "x", "deptCode": "SW", "verdict": "1", "byRole": "某", "at": "2024-05-30 10:00:00"}]
    answer = office.platform.post(
        f"/api/v1/tasks/{task}/confirmations", {"batchNo": "B-0000001", "rows": rows}
    )
    assert answer["rows"][0]["state"] == "rejected"
    receipt = office.publicity.send("POST", "/exchange/v1/spotchecks", b"<a/>").xml()
    assert receipt.findtext("code") == "96"
    assert office.control.writes() == []


# --- the exchange -------------------------------------------------------------------------------


@pytest.fixture
def reviewed(office: Office) -> Office:
    """The office when the records are to be published."""
    office.run()
    return office


def whole_message_code(office: Office, raw: bytes) -> str | None:
    return office.publicity.send("POST", "/exchange/v1/spotchecks", raw).xml().findtext("code")


def test_messages_that_are_not_of_the_contract_are_refused_whole(reviewed: Office) -> None:
    record = reviewed.record(reviewed.due()[0])
    good = message("BATCH-0001", [record])
    entity = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'
    cases = [
        b"",
        b"<ExchangeMessage>",
        b"<Receipt/>",
        entity,
        good.replace(b"<operation>I<", b"<operation>X<"),
        good.replace(b"<count>1<", b"<count>2<"),
        good.replace(record["entName"].encode(), "改过的名称".encode()),
        good.replace(b"<details>", b"<colour>red</colour><details>"),
        message("BATCH-0001", [{**record, "insDate": "2024-06-31"}]),
        message("BATCH-0001", [record], digest="0" * 64),
        message("short", [record]),
        good.replace(b"+08:00", b"Z"),
    ]
    for raw in cases:
        assert whole_message_code(reviewed, raw) == "96", raw[:200]
    assert reviewed.control.writes("postSpotchecks") == []
    missing = reviewed.publicity.send("GET", "/exchange/v1/receipts/BATCH-0001").xml()
    assert missing.findtext("code") == "44"


@pytest.mark.parametrize(
    "change",
    [
        {"raninsPlanId": "13053420241999"},
        {"raninsTaskId": "130534202405281999"},
        {"raninsTypeName": "定向"},
        {"insAuth": "清河县某局"},
        {"insDate": "2024-05-01"},
        {"insDate": "2024-08-01"},
        {"details": [{"seqno": 2, "raninsItemName": "登记事项检查", "raninsCheckResName": "未发现问题"}]},
        {"details": [{"seqno": 1, "raninsItemName": "别的检查", "raninsCheckResName": "未发现问题"}]},
        {"details": [{"seqno": 1, "raninsItemName": "登记事项检查", "raninsCheckResName": "正常"}]},
        {"operation": "U", "version": 2},
        {"operation": "D"},
    ],
    ids=str,
)
def test_a_record_of_another_content_is_rejected_at_once(reviewed: Office, change: Row) -> None:
    record = reviewed.record(reviewed.due()[0], **change)
    assert reviewed.publish("BATCH-0001", [record]) == {record["recordId"]: ("rejected", "96")}
    assert reviewed.control.writes("postSpotchecks") == []


@pytest.mark.parametrize(
    ("change", "code"), [({"pripId": "0" * 32}, "97"), ({"entName": "改过的名称"}, "50")]
)
def test_a_record_that_the_register_does_not_know_is_rejected_later(
    reviewed: Office, change: Row, code: str
) -> None:
    record = reviewed.record(reviewed.due()[0], **change)
    assert reviewed.publish("BATCH-0001", [record]) == {record["recordId"]: ("pending", None)}
    assert reviewed.settled("BATCH-0001") == {record["recordId"]: ("rejected", code)}
    assert reviewed.public_rows(reviewed.record(reviewed.due()[0])["pripId"]) == []
    assert [row["state"] for row in reviewed.control.writes("postSpotchecks")] == ["rejected"]


def test_a_result_is_published_once(reviewed: Office) -> None:
    form = reviewed.due()[0]
    record = reviewed.record(form)
    reviewed.publish("BATCH-0001", [record])
    assert reviewed.publish("BATCH-0002", [record]) == {record["recordId"]: ("rejected", "49")}
    other = {**record, "recordId": "ANOTHER"}
    assert reviewed.publish("BATCH-0003", [other]) == {"ANOTHER": ("rejected", "49")}
    reviewed.settled("BATCH-0001")
    assert reviewed.publish("BATCH-0004", [other]) == {"ANOTHER": ("rejected", "49")}
    assert len(reviewed.public_rows(record["pripId"])) == 1
    assert len(reviewed.control.writes("postSpotchecks")) == 1


def test_an_exchange_batch_number_stands_for_one_body(reviewed: Office) -> None:
    first, second = (reviewed.record(form) for form in reviewed.due()[:2])
    reviewed.publish("BATCH-0001", [first])
    assert whole_message_code(reviewed, message("BATCH-0001", [second])) == "49"
