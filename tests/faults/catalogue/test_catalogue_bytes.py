"""F19 to F28: answers that break off, are no data, or are made to hurt."""

from __future__ import annotations

import logging
import resource
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.exchange_xml import parse
from connectors.http import Answer
from connectors.protocols import Ambiguous, Outgoing, SystemUnreachable
from connectors.replies import decode_text
from mock_platform.fault_bytes import ENCODINGS, FOUR_BYTES, JSON_ODDITIES, PRIVATE_USE, bomb
from tests.faults.catalogue.conftest import OBJECTS, Desk

Desks = Callable[..., Desk]
KINDS = ["record", "confirmation"]
MB = 1024 * 1024


def unknown_then_right(desk: Desk, name: str, **args: Any) -> None:
    """The write is stored, its answer cannot be believed: looked up, once there, with its receipt."""
    fault = desk.fault(name, count=1, args=args)
    outcome = desk.deliver(patience_s=0)
    assert (outcome.accepted, outcome.pending, outcome.unknown) == (0, 0, OBJECTS)
    assert fault.fired == 1
    desk.until_quiet()
    desk.judge()
    assert len(desk.batches()) == 1


def read_again(desk: Desk, name: str, **args: Any) -> None:
    """A list whose first answer cannot be believed is read again."""
    fault = desk.fault(name, "listItems", count=1, args=args)
    assert desk.connections.platform.items().read > 0
    assert (fault.seen, fault.fired) == (2, 1)


def read_fails(desk: Desk, name: str, code: str, endpoint: str = "listItems", **args: Any) -> None:
    """A list that never comes right is given up."""
    fault = desk.fault(name, endpoint, args=args)
    platform = desk.connections.platform
    with pytest.raises(SystemUnreachable) as caught:
        platform.items() if endpoint == "listItems" else platform.objects(1, None)
    assert caught.value.code == code
    assert fault.fired <= 3
    desk.well()


@pytest.mark.parametrize("form", ["cut", "chunk", "short"])
@pytest.mark.parametrize("kind", KINDS)
def test_f19_an_answer_that_breaks_off(desks: Desks, kind: str, form: str) -> None:
    desk = desks(kind, dedupes=False)
    unknown_then_right(desk, "truncated_json", form=form)
    read_again(desk, "truncated_json", form=form)


@pytest.mark.parametrize("kind", KINDS)
def test_f20_a_login_page_with_200_is_no_data(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    unknown_then_right(desk, "html_200_login")
    read_again(desk, "html_200_login")
    read_fails(desk, "html_200_login", "DB-PLATFORM-006")


@pytest.mark.parametrize("kind", KINDS)
def test_f21_a_wrong_label_is_looked_through_and_noted(desks: Desks, kind: str) -> None:
    desk = desks(kind)
    desk.fault("wrong_content_type", count=1)
    outcome = desk.deliver(patience_s=0)
    assert outcome.unknown == 0
    desk.fault("wrong_content_type", "listItems", count=1)
    notes = desk.connections.platform.items().notes
    assert "JSON 标为 text/html" in notes
    assert "标为 gbk，实为 UTF-8" in notes
    desk.until_quiet()
    desk.judge()


@pytest.mark.parametrize("odd", JSON_ODDITIES)
def test_f22_json_that_two_readers_read_differently_is_refused(desks: Desks, odd: str) -> None:
    desk = desks("confirmation")
    unknown_then_right(desk, "json_oddities", kind=odd)
    read_fails(desk, "json_oddities", "DB-PLATFORM-006", kind=odd)


@pytest.mark.parametrize("how", ENCODINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_f23_any_character_set_of_the_country_is_read(
    desks: Desks, kind: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk = desks(kind)
    desk.fault("encoding_mix", count=1, args={"kind": how})
    with caplog.at_level(logging.WARNING):
        assert desk.deliver(patience_s=0).unknown == 0
    desk.fault("encoding_mix", "listItems", count=1, args={"kind": how})
    notes = desk.connections.platform.items().notes
    rule = {"bom": "BOM", "newline": ""}.get(how, "GB18030")
    assert rule in "".join(notes)
    if kind == "record":
        assert rule in caplog.text, "which rule fired is recorded"
    desk.until_quiet()
    desk.judge()


@pytest.mark.parametrize("text", ["清河县", FOUR_BYTES, PRIVATE_USE, "镕喆"])
def test_f23_nothing_is_lost_on_the_way_there_and_back(text: str) -> None:
    raw = text.encode("gb18030")
    assert decode_text(raw, "text/xml;charset=gb2312")[0].encode("gb18030") == raw
    declared = f'<?xml version="1.0" encoding="GB2312"?><Receipt><message>{text}</message></Receipt>'
    root = parse(Answer(200, "application/xml", b"\r\n" + declared.encode("gb18030")))
    assert root.findtext("message") == text


class Trap:
    """A server that nobody may ever connect to."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self.visitors = 0
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.visitors += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    trap = Trap()
    yield trap
    trap.close()


@pytest.mark.parametrize("kind", KINDS)
def test_f24_a_doctype_is_refused_and_nothing_is_fetched(desks: Desks, kind: str, trap: Trap) -> None:
    desk = desks(kind)
    unknown_then_right(desk, "xxe_reply", to=trap.url)
    read_fails(desk, "xxe_reply", "DB-PLATFORM-006", to=trap.url)
    host = socket.gethostname()
    assert all(host not in str(item.reason) for item in desk.items())
    assert trap.visitors == 0


@pytest.mark.parametrize("growth", ["nested", "quadratic"])
@pytest.mark.parametrize("kind", KINDS)
def test_f25_entities_that_grow_are_refused_at_once(desks: Desks, kind: str, growth: str) -> None:
    desk = desks(kind)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    fault = desk.fault("billion_laughs", args={"kind": growth})
    with pytest.raises(Ambiguous, match="-006"):
        desk.channel.send(*_message(desk))
    assert fault.fired == 1
    assert time.process_time() - began < 1
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 64


def test_f25_a_reader_of_bytes_refuses_what_hides_its_doctype() -> None:
    hidden = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE r [<!ENTITY a "b">]><Receipt/>'
    for raw in (hidden.encode("utf-16"), hidden.encode("utf-16-be"), hidden.encode("utf-8")):
        with pytest.raises(Exception, match="unreadable"):
            parse(Answer(200, "application/xml", raw))


@pytest.mark.parametrize("kind", KINDS)
def test_f26_a_bomb_is_not_unpacked(desks: Desks, kind: str) -> None:
    assert 100_000 < len(bomb(200)) < 300_000
    desk = desks(kind)
    desk.fault("gzip_bomb", count=1)
    tracemalloc.start()
    try:
        assert desk.deliver(patience_s=0).unknown == OBJECTS
        assert tracemalloc.get_traced_memory()[1] < 64 * MB
    finally:
        tracemalloc.stop()
    desk.until_quiet()
    desk.judge()


def test_f26_a_list_that_is_a_bomb_is_given_up_at_the_first(desks: Desks) -> None:
    read_fails(desks(queued=False), "gzip_bomb", "DB-PLATFORM-007")


def test_f27_a_giant_field_costs_its_row_and_no_other(desks: Desks) -> None:
    desk = desks(queued=False)
    desk.fault("giant_field", "listObjects", args={"megabytes": 1})
    page = desk.connections.platform.objects(1, None)
    assert (page.read, len(page.rows)) == (OBJECTS, OBJECTS - 1)
    (row,) = page.refused
    assert row.code == "DB-INPUT-034"
    assert len(str(row.raw)) < 5_000


def test_f27_a_page_beyond_every_cap_is_refused_whole(desks: Desks) -> None:
    desk = desks(queued=False)
    read_fails(desk, "giant_field", "DB-PLATFORM-007", "listObjects", megabytes=20)
    read_fails(desk, "giant_field", "DB-PLATFORM-020", "listObjects", kind="page", rows=100_000)


@pytest.mark.parametrize("there", ["trap", "http://169.254.169.254/latest/meta-data/", "https://192.0.2.1/"])
@pytest.mark.parametrize("kind", KINDS)
def test_f28_nobody_follows_to_another_host(desks: Desks, kind: str, there: str, trap: Trap) -> None:
    desk = desks(kind)
    to = trap.url if there == "trap" else there
    began = time.monotonic()
    unknown_then_right(desk, "redirect_other_host", to=to)
    read_fails(desk, "redirect_other_host", "DB-PLATFORM-008", to=to)
    assert trap.visitors == 0
    assert time.monotonic() - began < 10, "waited for an address that answers nobody"


def _message(desk: Desk) -> tuple[str, bytes]:
    """A whole message of the desk's kind, of one row."""
    due = desk.due()[:1]
    body = desk.channel.encode(
        "B-00000001", [Outgoing(one.key, one.version, one.payload) for one in due], desk.clock.now()
    )
    return "B-00000001", body
