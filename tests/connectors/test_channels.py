"""Writing to the platform: the bytes, and what a receipt must say before it is believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.factory import Connections
from connectors.platform_channels import BatchChannel, DocumentChannel, canonical, document_kind
from connectors.protocols import Ambiguous, NotSent, Outgoing, Refused, SystemUnreachable
from schemas.codes import ObjectionReason, Verdict
from schemas.confirmation import Confirmation
from schemas.errors import DrawbridgeError
from schemas.item import Materials
from schemas.publication import ReplyState
from tests.connectors.conftest import Request, System, envelope
from tests.connectors.rows import AT, TASK, certificate_text, form

BATCH = "F-20240623-0001"


def outgoing(key: str, payload: str) -> Outgoing:
    return Outgoing(key, 1, payload)


def two_forms() -> list[Outgoing]:
    return [outgoing(form(n).form_no, form(n).model_dump_json()) for n in (1, 2)]


def reply_to(change: Callable[[dict[str, Any]], None] = lambda data: None) -> Callable[..., None]:
    """Answers with a right receipt for whatever comes in, changed before it goes out."""

    def answer(connection: Any, request: Request) -> None:
        message = json.loads(request.body)
        data: dict[str, Any] = {
            "batchNo": message.get("batchNo"),
            "digest": hashlib.sha256(request.body).hexdigest(),
            "receivedAt": "2024-06-23 10:00:01",
            "receiptNo": "N-1",
            "rows": [
                {"key": row.get("formNo") or f"{row['objectId']}/{row['deptCode']}", "state": "accepted"}
                for row in message.get("rows", [])
            ],
        }
        change(data)
        connection.sendall(envelope(data))

    return answer


def test_a_batch_of_forms_is_canonical_json(connections: Connections) -> None:
    body = connections.channels(TASK).forms.encode(BATCH, two_forms(), AT)
    message = json.loads(body)
    assert body == json.dumps(message, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode(
        "utf-8"
    )
    assert list(message) == ["batchNo", "rows"]
    first = message["rows"][0]
    assert first["formNo"] == form(1).form_no
    assert first["uniscid"] == form(1).uscc
    assert [person["inspectorId"] for person in first["inspectors"]] == ["SW-001", "SW-002"]
    assert first["items"][0]["materials"] == ["批复文件"]


def test_the_same_batch_has_the_same_bytes_whenever_it_is_encoded(connections: Connections) -> None:
    channel = connections.channels(TASK).forms
    later = datetime(2024, 6, 24, tzinfo=UTC)
    assert channel.encode(BATCH, two_forms(), AT) == channel.encode(BATCH, two_forms(), later)


def test_a_right_receipt_settles_every_row(system: System, connections: Connections) -> None:
    channel = connections.channels(TASK).forms
    body = channel.encode(BATCH, two_forms(), AT)
    system.answer(reply_to())
    receipt = channel.send(BATCH, body)
    assert system.requests[0].body == body
    assert system.requests[0].target == f"/api/v1/tasks/{TASK}/forms"
    assert receipt.digest == hashlib.sha256(body).hexdigest()
    assert receipt.received_at == datetime(2024, 6, 23, 2, 0, 1, tzinfo=UTC)
    assert {row.key: row.state for row in receipt.rows} == {
        form(1).form_no: ReplyState.ACCEPTED,
        form(2).form_no: ReplyState.ACCEPTED,
    }


def test_a_refused_row_keeps_its_reason_without_personal_numbers(
    system: System, connections: Connections
) -> None:
    def refuse_first(data: dict[str, Any]) -> None:
        data["rows"][0] |= {"state": "rejected", "code": "97", "text": "联系 13803190000\n查无此户"}

    channel = connections.channels(TASK).forms
    system.answer(reply_to(refuse_first))
    first, second = channel.send(BATCH, channel.encode(BATCH, two_forms(), AT)).rows
    assert (first.state, first.code, first.text) == (ReplyState.REJECTED, "97", "联系 … 查无此户")
    assert second.state is ReplyState.ACCEPTED


def test_rows_that_a_receipt_leaves_out_stay_unknown(system: System, connections: Connections) -> None:
    channel = connections.channels(TASK).forms
    system.answer(reply_to(lambda data: data["rows"].pop()))
    assert len(channel.send(BATCH, channel.encode(BATCH, two_forms(), AT)).rows) == 1


WRONG_RECEIPTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another batch": (lambda data: data.update(batchNo="F-20240623-0002"), "019"),
    "other bytes": (lambda data: data.update(digest="0" * 64), "019"),
    "a row never sent": (lambda data: data["rows"].append({"key": "x", "state": "accepted"}), "019"),
    "a row twice": (lambda data: data["rows"].append(dict(data["rows"][0])), "019"),
    "no digest": (lambda data: data.pop("digest"), "020"),
    "an unknown state": (lambda data: data["rows"][0].update(state="done"), "020"),
    "rows that are no rows": (lambda data: data.update(rows="2"), "020"),
    "a row without a key": (lambda data: data["rows"][0].pop("key"), "020"),
    "a time in another form": (lambda data: data.update(receivedAt="23/6/2024"), "020"),
}


@pytest.mark.parametrize("case", WRONG_RECEIPTS)
def test_a_receipt_that_speaks_of_something_else_proves_nothing(
    system: System, connections: Connections, case: str
) -> None:
    change, number = WRONG_RECEIPTS[case]
    channel = connections.channels(TASK).forms
    system.answer(reply_to(lambda data: change(data) and None))
    with pytest.raises(Ambiguous) as caught:
        channel.send(BATCH, channel.encode(BATCH, two_forms(), AT))
    assert caught.value.code == f"DB-PLATFORM-{number}"
    assert len(system.requests) == 1


def test_a_batch_can_be_asked_for(system: System, connections: Connections) -> None:
    channel = connections.channels(TASK).forms
    held = {
        "batchNo": BATCH,
        "digest": "0" * 64,
        "receivedAt": "2024-06-23 10:00:01",
        "rows": [{"key": "k", "state": "pending"}],
    }
    system.answer(envelope(held), envelope(None, "44", "无此批次"), envelope(held | {"batchNo": "other"}))
    receipt = channel.query(BATCH)
    assert receipt is not None
    assert receipt.rows[0].state is ReplyState.PENDING
    assert channel.query(BATCH) is None
    with pytest.raises(SystemUnreachable, match="DB-PLATFORM-019"):
        channel.query(BATCH)
    assert {request.target for request in system.requests} == {f"/api/v1/batches/{BATCH}"}


def test_confirmations_are_keyed_by_object_and_department(system: System, connections: Connections) -> None:
    channel = connections.channels(TASK).confirmations
    answer = Confirmation(
        object_id="清水审〔2023〕1号",
        dept_code="SC",
        verdict=Verdict.OBJECTION,
        reason=ObjectionReason.DEREGISTERED,
        evidence="登记系统查询",
        by_role="系统管理员",
        at=AT,
    )
    body = channel.encode(BATCH, [outgoing("清水审〔2023〕1号/SC", answer.model_dump_json())], AT)
    (row,) = json.loads(body)["rows"]
    assert (row["verdict"], row["reason"], row["at"]) == ("2", "1", "2024-06-23 10:00:00")
    system.answer(reply_to())
    assert channel.send(BATCH, body).rows[0].key == "清水审〔2023〕1号/SC"


@pytest.mark.parametrize("kind", ["commitment", "closing", "draw"])
def test_a_document_of_the_draw_travels_as_its_own_text(
    system: System, connections: Connections, kind: str
) -> None:
    channel = connections.channels(TASK).draw
    text = certificate_text(kind)
    body = channel.encode("D-00000001", [outgoing(f"objects/1/{kind}", text)], AT)
    message = json.loads(body)
    assert message == {
        "stage": "objects",
        "round": 1,
        "document": text,
        "digest": hashlib.sha256(text.encode()).hexdigest(),
    }
    system.answer(reply_to())
    receipt = channel.send("D-00000001", body)
    assert (receipt.batch_no, receipt.rows[0].key) == ("D-00000001", f"objects/1/{kind}")
    assert (receipt.rows[0].state, receipt.rows[0].receipt_no) == (ReplyState.ACCEPTED, "N-1")
    expected = {"commitment": "/draw/commitment", "closing": "/draw/closing", "draw": "/draw"}[kind]
    assert system.requests[0].target == f"/api/v1/tasks/{TASK}{expected}"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("objects/1/draw", certificate_text("closing")),
        ("objects/x/closing", certificate_text("closing")),
        ("objects", certificate_text("closing")),
        ("objects/1/draw", "no JSON"),
        ("objects/1/draw", "[]"),
    ],
)
def test_a_document_under_a_key_that_does_not_fit_is_not_written(
    connections: Connections, key: str, text: str
) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        connections.channels(TASK).draw.encode("D-00000001", [outgoing(key, text)], AT)
    assert caught.value.code == "DB-INPUT-040"


def test_a_message_holds_one_document(connections: Connections) -> None:
    channel = connections.channels(TASK).draw
    documents = [outgoing(f"objects/{n}/closing", certificate_text("closing")) for n in (1, 2)]
    for items in (documents, []):
        with pytest.raises(DrawbridgeError, match="DB-INPUT-040"):
            channel.encode("D-00000001", items, AT)


def test_a_receipt_for_other_bytes_of_a_document_is_no_receipt(
    system: System, connections: Connections
) -> None:
    channel = connections.channels(TASK).draw
    body = channel.encode("D-00000001", [outgoing("objects/1/draw", certificate_text("draw"))], AT)
    system.answer(reply_to(lambda data: data.update(digest="f" * 64)))
    with pytest.raises(Ambiguous, match="DB-PLATFORM-019"):
        channel.send("D-00000001", body)


def test_a_document_cannot_be_asked_for(connections: Connections) -> None:
    channel = connections.channels(TASK).draw
    assert not channel.capability.can_query
    with pytest.raises(SystemUnreachable, match="DB-PLATFORM-025"):
        channel.query("D-00000001")


def test_materials_are_keyed_by_their_department(system: System, connections: Connections) -> None:
    channel = connections.channels(TASK).materials
    handed = Materials(dept_code="SW", item_codes=("SW-01",), materials=("批复文件",), handed_in_at=AT)
    body = channel.encode("M-00000001", [outgoing("SW", handed.model_dump_json())], AT)
    assert json.loads(body)["handedInAt"] == "2024-06-23 10:00:00"
    system.answer(reply_to())
    assert channel.send("M-00000001", body).rows[0].key == "SW"
    assert system.requests[0].target == f"/api/v1/tasks/{TASK}/materials"


@pytest.mark.parametrize(
    ("code", "error"),
    [("41", NotSent), ("42", NotSent), ("49", Ambiguous), ("97", Refused), ("99", Ambiguous)],
)
def test_the_platforms_codes_say_what_became_of_a_document(
    system: System, connections: Connections, code: str, error: type[DrawbridgeError]
) -> None:
    channel = connections.channels(TASK).draw
    body = channel.encode("D-00000001", [outgoing("objects/1/draw", certificate_text("draw"))], AT)
    system.answer(envelope(None, code, "说明"))
    with pytest.raises(error) as caught:
        channel.send("D-00000001", body)
    assert type(caught.value) is error


def test_what_a_channel_can_do_stands_in_the_profile(connections: Connections) -> None:
    channels = connections.channels(TASK)
    assert isinstance(channels.forms, BatchChannel)
    assert isinstance(channels.draw, DocumentChannel)
    assert (channels.forms.system, channels.forms.kind, channels.forms.batch_size) == ("platform", "form", 20)
    assert channels.forms.capability.dedupes
    assert (channels.draw.batch_size, channels.materials.batch_size) == (1, 1)


@pytest.mark.parametrize("value", [{"name": "甲\ud800厂"}, {"n": 2**53 + 1}, {"x": float("nan")}])
def test_what_json_cannot_say_for_everybody_is_not_written(value: dict[str, Any]) -> None:
    with pytest.raises(DrawbridgeError) as caught:
        canonical(value)
    assert caught.value.code == "DB-INPUT-040"


def test_kinds_of_documents_are_told_by_their_members() -> None:
    assert [document_kind(certificate_text(k)) for k in ("commitment", "closing", "draw")] == [
        "commitment",
        "closing",
        "draw",
    ]
