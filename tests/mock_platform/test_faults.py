"""Every fault of the catalogue, each fired once, and what the other end sees of it."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mock_platform.faults import FAULTS
from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import office_of
from tests.mock_platform.office import Office, Row
from tests.mock_platform.raw_client import Answer, RawClient
from tests.mock_platform.spotchecks import message

OBJECTS = "/api/v1/directories/objects"
ITEMS = "/api/v1/directories/items"


def materials(department: str, items: list[str]) -> Row:
    """The smallest write there is."""
    return {
        "deptCode": department,
        "itemCodes": items,
        "materials": ["营业执照"],
        "handedInAt": "2024-05-28 09:00:00",
    }


WATER, MARKET = materials("SW", ["SW-01"]), materials("SC", ["SC-01", "SC-02"])


@contextmanager
def fault(office: Office, name: str, **how: Any) -> Iterator[Callable[[], Row]]:
    """Switches one fault on, gives what the control face says of it, and switches it off."""
    office.control.post("faults", {"name": name, **how})
    yield lambda: office.control.get("faults")["faults"][0]
    office.control.post("faults", {"clear": True})


def hand_in(office: Office, body: Row = WATER) -> Row:
    """Writes, and gives the answer's data."""
    answer: Row = office.platform.post(office.path("materials"), body)
    return answer


def lost(office: Office, body: Row = WATER) -> None:
    """Writes, and the connection is closed without an answer."""
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        hand_in(office, body)


def raw_hand_in(office: Office) -> Answer:
    body = b'{"deptCode":"SW","itemCodes":["SW-01"],"materials":[],"handedInAt":"2024-05-28 09:00:00"}'
    return office.platform.send("POST", office.path("materials"), body)


def written(office: Office) -> list[str]:
    return [row["key"] for row in office.control.writes("postMaterials")]


# --- what is stored, and what is not ----------------------------------------------------------


@pytest.mark.parametrize("name", ["reply_lost_before_commit", "reply_lost_after_commit"])
def test_a_lost_reply_leaves_the_write_stored_or_not_as_it_says(office: Office, name: str) -> None:
    stored = name.endswith("after_commit")
    with fault(office, name, endpoint="postMaterials", count=1) as seen:
        lost(office)
        assert seen()["fired"] == 1
        assert written(office) == ["SW"] * stored
        assert hand_in(office)["replayed"] is stored
        assert seen()["fired"] == 1
    assert written(office) == ["SW"]


@pytest.mark.parametrize("name", ["http_500_before_commit", "http_500_after_commit"])
def test_a_server_error_is_a_page_of_html(office: Office, name: str) -> None:
    stored = name.endswith("after_commit")
    with fault(office, name, endpoint="postMaterials", count=1) as seen:
        answer = raw_hand_in(office)
        assert (answer.status, answer.headers["content-type"]) == (500, "text/html;charset=UTF-8")
        assert b"<html>" in answer.body
        assert seen()["fired"] == 1
        assert written(office) == ["SW"] * stored
        again = raw_hand_in(office).json()
        assert (again["code"], again["data"]["replayed"]) == ("00", stored)
    assert written(office) == ["SW"]


def test_a_system_error_is_an_envelope_with_99(office: Office) -> None:
    with fault(office, "system_error_before_commit", endpoint="postMaterials", count=1) as seen:
        answer = raw_hand_in(office)
        assert (answer.status, answer.json()["code"], answer.json()["data"]) == (200, "99", None)
        assert (seen()["fired"], written(office)) == (1, [])


def test_too_many_requests_says_when_to_come_again(office: Office) -> None:
    with fault(office, "rate_429_retry_after_seconds", count=1, args={"seconds": 3}) as seen:
        answer = raw_hand_in(office)
        assert (answer.status, answer.headers["retry-after"], answer.json()["code"]) == (429, "3", "42")
        assert (seen()["fired"], written(office)) == (1, [])


def test_maintenance_takes_hours(office: Office) -> None:
    with fault(office, "maintenance_window", count=1) as seen:
        answer = raw_hand_in(office)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 3600
        assert (seen()["fired"], written(office)) == (1, [])


# --- held requests ------------------------------------------------------------------------------


class Sender(threading.Thread):
    """Sends one write while the test looks on."""

    def __init__(self, office: Office, body: Row) -> None:
        super().__init__(daemon=True)
        self._office, self._body = office, body
        self.answer: Row | None = None
        self.start()

    def run(self) -> None:
        self.answer = hand_in(self._office, self._body)


def until(condition: Callable[[], bool]) -> None:
    """Waits, five seconds at most."""
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_request_held_before_has_stored_nothing_until_it_is_released(office: Office) -> None:
    with fault(office, "hold_before", endpoint="postMaterials", count=1) as seen:
        sender = Sender(office, WATER)
        until(lambda: seen()["fired"] == 1)
        assert seen()["holding"] == 1
        assert (written(office), sender.answer) == ([], None)
    sender.join(5)
    assert sender.answer is not None
    assert sender.answer["replayed"] is False
    assert written(office) == ["SW"]


def test_the_reply_of_the_second_write_is_held_after_it_was_stored(office: Office) -> None:
    with fault(office, "hold_after_commit", endpoint="postMaterials", args={"write": 2}) as seen:
        assert hand_in(office, WATER)["replayed"] is False
        assert seen()["fired"] == 0
        sender = Sender(office, MARKET)
        until(lambda: seen()["fired"] == 1)
        assert (written(office), sender.answer) == (["SW", "SC"], None)
        assert office.platform.code("GET", ITEMS) == "00", "others are served meanwhile"
        assert hand_in(office, WATER)["replayed"] is True
        assert seen()["fired"] == 1
    sender.join(5)
    assert sender.answer is not None
    assert sender.answer["replayed"] is False


def test_what_is_held_for_a_client_that_has_gone_is_let_go(office: Office) -> None:
    with fault(office, "hold_after_commit", endpoint="postMaterials", count=1) as seen:
        impatient = RawClient(office.platform.url, timeout=0.3)
        with pytest.raises(socket.timeout):
            impatient.post(office.path("materials"), WATER)
        until(lambda: seen()["holding"] == 0)
        assert (seen()["fired"], written(office)) == (1, ["SW"])
        assert hand_in(office)["replayed"] is True


def test_a_held_request_goes_on_after_the_seconds_given(office: Office) -> None:
    with fault(office, "hold_before", endpoint="listItems", count=1, args={"seconds": 0.2}):
        begun = time.monotonic()
        assert office.platform.code("GET", ITEMS) == "00"
        assert time.monotonic() - begun >= 0.2


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def twelve(simulate: Callable[..., Simulator]) -> Office:
    """The office of a mock with twelve objects: three pages of four."""
    return office_of(simulate(objects=12))


def page(office: Office, number: int) -> tuple[int, list[str]]:
    """Total and ids of one page of four."""
    shown = office.platform.get(OBJECTS, pageNo=number, pageSize=4)
    return shown["total"], [row["objectId"] for row in shown["rows"]]


def test_a_page_comes_again_as_the_next_one(twelve: Office) -> None:
    honest = [page(twelve, number) for number in (1, 2, 3)]
    with fault(twelve, "page_repeated", endpoint="listObjects", calls=[2]) as seen:
        assert [page(twelve, number) for number in (1, 2, 3)] == [honest[0], honest[0], honest[2]]
        assert (seen()["fired"], seen()["seen"]) == (1, 3)


def test_pages_go_round_for_ever_with_a_total_that_is_never_reached(twelve: Office) -> None:
    honest = [page(twelve, number)[1] for number in (1, 2)]
    with fault(twelve, "page_never_ends", endpoint="listObjects") as seen:
        twelve.control.post("faults", {"name": "endless_total", "endpoint": "listObjects"})
        shown = [page(twelve, number) for number in (1, 2, 3, 4, 5)]
        assert shown == [(10**9, honest[number % 2]) for number in range(5)]
        assert seen()["fired"] == 5


def test_a_row_slips_onto_the_page_before(twelve: Office) -> None:
    honest = [page(twelve, number)[1] for number in (1, 2)]
    with fault(twelve, "row_moved_between_pages", endpoint="listObjects", calls=[2]) as seen:
        assert page(twelve, 1)[1] == honest[0]
        assert page(twelve, 2) == (12, honest[1][1:])
        assert seen()["fired"] == 1


def test_a_total_lies(twelve: Office) -> None:
    with fault(twelve, "total_lies", endpoint="listObjects", count=1, args={"by": -2}) as seen:
        assert [page(twelve, 1)[0] for _ in range(2)] == [10, 12]
        assert seen()["fired"] == 1


# --- answers that are not what was asked for ------------------------------------------------------


def test_a_receipt_names_another_batch(office: Office) -> None:
    body = {"batchNo": "BATCH-0001", "rows": [confirmation()]}
    with fault(office, "receipt_for_other_batch", endpoint="postConfirmations", count=1) as seen:
        answer = office.platform.post(office.path("confirmations"), body)
        assert (answer["batchNo"], answer["digest"]) == ("OTHER-BATCH-0001", "0" * 64)
        assert seen()["fired"] == 1
        assert office.platform.post(office.path("confirmations"), body)["batchNo"] == "BATCH-0001"


def test_a_receipt_of_the_exchange_names_another_batch(office: Office) -> None:
    with fault(office, "receipt_for_other_batch", endpoint="/exchange/", count=1) as seen:
        receipt = office.publicity.send("POST", "/exchange/v1/spotchecks", message("BATCH-0001", [])).xml()
        assert receipt.findtext("batchNo") == "OTHER-BATCH-0001"
        assert seen()["fired"] == 1


def confirmation() -> Row:
    """An answer on an object that nobody dispatched: the batch is kept, its row refused."""
    return {
        "objectId": "清审水保〔2024〕999号",
        "deptCode": "SW",
        "verdict": "1",
        "byRole": "系统管理员",
        "at": "2024-05-28 09:00:00",
    }


def test_a_login_page_comes_in_place_of_the_answer(office: Office) -> None:
    with fault(office, "wrong_reply", endpoint="listItems", count=1) as seen:
        answer = office.platform.send("GET", ITEMS)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html;charset=UTF-8")
        assert "用户登录" in answer.body.decode()
        assert seen()["fired"] == 1
        assert office.platform.code("GET", ITEMS) == "00"


def test_any_other_body_can_be_put_in_its_place(office: Office) -> None:
    args = {"body": "{}", "status": 418, "contentType": "application/json"}
    with fault(office, "wrong_reply", endpoint="listItems", count=1, args=args):
        answer = office.platform.send("GET", ITEMS)
        assert (answer.status, answer.body) == (418, b"{}")


def test_json_breaks_off(office: Office) -> None:
    with fault(office, "truncated_json", endpoint="listItems", count=1) as seen:
        with pytest.raises(http.client.IncompleteRead) as broken:
            office.platform.send("GET", ITEMS)
        assert broken.value.expected is not None
        assert len(broken.value.partial) / (len(broken.value.partial) + broken.value.expected) < 0.61
        assert seen()["fired"] == 1
        assert office.platform.code("GET", ITEMS) == "00"


# --- how they are switched on ------------------------------------------------------------------------


def test_the_control_face_lists_what_every_fault_does(office: Office) -> None:
    listed = office.control.get("faults")
    assert listed["catalogue"] == {name: kind.about for name, kind in FAULTS.items()}
    assert {name for names in listed["numbers"].values() for name in names} <= set(FAULTS)
    tests = Path(__file__).resolve().parents[1]
    files = [Path(__file__), *(tests / "faults" / "catalogue").glob("test_catalogue_*.py")]
    tested = "".join(path.read_text("utf-8") for path in files)
    assert [name for name in FAULTS if f'"{name}"' not in tested] == []


def test_a_fault_waits_for_its_call_its_path_and_its_chance(office: Office) -> None:
    with fault(office, "system_error_before_commit", endpoint="/api/v1/plans", calls=[2, 3]) as seen:
        assert office.platform.code("GET", ITEMS) == "00"
        codes = [office.platform.envelope("GET", "/api/v1/plans")["code"] for _ in range(4)]
        assert codes == ["00", "99", "99", "00"]
        assert (seen()["seen"], seen()["fired"]) == (4, 2)
    with fault(office, "system_error_before_commit", probability=0.5) as seen:
        codes = [office.platform.envelope("GET", ITEMS)["code"] for _ in range(60)]
        assert 15 <= codes.count("99") <= 45
        assert seen()["fired"] == codes.count("99")


def test_a_fault_of_no_catalogue_is_refused(office: Office) -> None:
    control = RawClient(office.control.url, signed=False)
    for body in (b'{"name":"earthquake"}', b'{"name":"hold_before","colour":"red"}', b"[]", b"{"):
        answer = control.send("POST", "/control/faults", body)
        assert (answer.status, "error" in answer.json()) == (400, True)
    assert office.control.get("faults")["faults"] == []


def test_faults_are_cleared_by_name(office: Office) -> None:
    office.control.post("faults", {"name": "total_lies"})
    office.control.post("faults", {"name": "truncated_json"})
    left = office.control.post("faults", {"clear": True, "name": "total_lies"})["faults"]
    assert [one["name"] for one in left] == ["truncated_json"]
