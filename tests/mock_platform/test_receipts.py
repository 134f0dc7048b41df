"""How records stand: pending when taken in, settled minutes later, one version after another."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from mock_platform.shanghai_time import SHANGHAI
from tests.mock_platform.office import Office, Row
from tests.mock_platform.spotchecks import message


@pytest.fixture
def reviewed(office: Office) -> Office:
    """All results are in and reviewed."""
    office.run()
    return office


def states(office: Office) -> list[tuple[int, str]]:
    """Version and state of each write of a record."""
    return [(row["version"], row["state"]) for row in office.control.writes("postSpotchecks")]


def shown(office: Office, record: Row) -> list[str]:
    """Results in public under the record's enterprise, the only one there."""
    [row] = office.public_rows(record["pripId"])
    details = office.publicity.send("GET", row["url"]).json()["data"]
    return [one["raninsCheckResName"] for one in details]


def test_a_record_is_pending_first_and_settled_five_to_thirty_minutes_later(reviewed: Office) -> None:
    record, sent_at = reviewed.record(reviewed.due()[0]), reviewed.now()
    body = message("BATCH-0001", [record])
    first = reviewed.publicity.send("POST", "/exchange/v1/spotchecks", body).xml()
    assert first.findtext("digest") == hashlib.sha256(body).hexdigest()
    assert first.findtext("replayed") == "false"
    assert reviewed.receipt(first) == {record["recordId"]: ("pending", None)}
    assert (states(reviewed), reviewed.now()) == ([(1, "pending")], sent_at)
    assert reviewed.settled("BATCH-0001") == {record["recordId"]: ("accepted", None)}
    assert states(reviewed) == [(1, "accepted")]
    assert 300 <= (reviewed.now() - sent_at).total_seconds() <= 1800


def test_a_refused_correction_leaves_what_was_there(reviewed: Office) -> None:
    record = reviewed.record(reviewed.due()[0])
    reviewed.publish("BATCH-0001", [record])
    reviewed.settled("BATCH-0001")
    before = shown(reviewed, record)
    changed = [{**one, "raninsCheckResName": "发现问题已责令改正"} for one in record["details"]]
    second = {**record, "version": 2, "operation": "U", "details": changed, "entName": "另一名称"}
    reviewed.publish("BATCH-0002", [second])
    assert reviewed.settled("BATCH-0002") == {record["recordId"]: ("rejected", "50")}
    assert shown(reviewed, record) == before
    assert states(reviewed) == [(1, "accepted"), (2, "rejected")]
    reviewed.publish("BATCH-0003", [{**second, "entName": record["entName"]}])
    assert reviewed.settled("BATCH-0003") == {record["recordId"]: ("accepted", None)}
    assert set(shown(reviewed, record)) == {"发现问题已责令改正"}


def test_a_rejected_record_may_come_again_as_its_next_version(reviewed: Office) -> None:
    record = reviewed.record(reviewed.due()[0])
    reviewed.publish("BATCH-0001", [{**record, "entName": "另一名称"}])
    assert reviewed.settled("BATCH-0001") == {record["recordId"]: ("rejected", "50")}
    reviewed.publish("BATCH-0002", [{**record, "version": 2}])
    assert reviewed.settled("BATCH-0002") == {record["recordId"]: ("accepted", None)}
    assert len(shown(reviewed, record)) == len(record["details"])


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ((), [(1, "accepted"), (2, "accepted")]),
        ((1,), [(1, "rejected"), (2, "accepted")]),
        ((2,), [(1, "accepted"), (2, "rejected")]),
        ((1, 2), [(1, "rejected"), (2, "rejected")]),
    ],
)
def test_a_correction_sent_while_the_first_version_is_pending_leaves_no_receipt_open(
    reviewed: Office, wrong: tuple[int, ...], expected: list[tuple[int, str]]
) -> None:
    record = reviewed.record(reviewed.due()[0])
    changed = [{**one, "raninsCheckResName": "发现问题已责令改正"} for one in record["details"]]
    versions = [record, {**record, "version": 2, "operation": "U", "details": changed}]
    for version in versions:
        if version["version"] in wrong:
            version["entName"] = "另一名称"
        reviewed.publish(f"BATCH-000{version['version']}", [version])
    reviewed.control.post("clock", {"advanceSeconds": 3600})
    assert states(reviewed) == expected
    for number, state in expected:
        assert reviewed.settled(f"BATCH-000{number}")[record["recordId"]][0] == state
    accepted = [versions[number - 1] for number, state in expected if state == "accepted"]
    public = shown(reviewed, record) if accepted else reviewed.public_rows(record["pripId"])
    assert public == [one["raninsCheckResName"] for one in (accepted[-1]["details"] if accepted else [])]


def test_a_held_record_that_nobody_sent_is_answered_44(reviewed: Office) -> None:
    for target in ("/exchange/v1/records/NOBODYS", "/exchange/v1/receipts/NEVER-SENT"):
        assert reviewed.publicity.send("GET", target).xml().findtext("code") == "44"


def day(milliseconds: int) -> str:
    """The day in Shanghai that begins at a moment of the public view."""
    return str(datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(SHANGHAI).date())


def test_the_public_view_says_since_when_a_record_is_there(reviewed: Office) -> None:
    """A correction keeps the day; what was taken back and published anew begins anew."""
    record = reviewed.record(reviewed.due()[0])
    days = []
    for version, operation in ((1, "I"), (2, "U"), (3, "D"), (4, "I")):
        reviewed.publish(f"BATCH-000{version}", [{**record, "version": version, "operation": operation}])
        reviewed.settled(f"BATCH-000{version}")
        rows = reviewed.public_rows(record["pripId"])
        days.append(day(rows[0]["publicDate"]) if rows else None)
        if operation == "D":
            reviewed.control.post("clock", {"advanceSeconds": 24 * 3600})
    today = str(reviewed.now().date())
    assert days[0] == days[1]
    assert days[2] is None
    assert days[0] < days[3] <= today


def test_the_public_view_says_who_an_enterprise_is_today(reviewed: Office) -> None:
    record = reviewed.record(reviewed.due()[0])
    target = f"/gsxt/corp-query-entprise-info-primaryinfoapp-entbaseInfo-{record['pripId']}.html"

    def now() -> tuple[str, str]:
        said = reviewed.publicity.send("GET", target).json()
        assert said["uniscId"] == record["uniscid"]
        return said["entName"], said["regState_CN"]

    assert now() == (record["entName"], "存续（在营、开业、在册）")
    reviewed.control.post("people", {"act": "rename", "who": record["uniscid"], "name": "清河县改名厂"})
    reviewed.control.post("people", {"act": "change-state", "who": record["uniscid"], "state": "3"})
    assert now() == ("清河县改名厂", "吊销，未注销")
    page = reviewed.publicity.send("GET", f"/entprise/{record['pripId']}").body.decode()
    assert "吊销，未注销" in page
    unknown = target.replace(record["pripId"], "unknown")
    assert reviewed.publicity.send("GET", unknown).status == 404
