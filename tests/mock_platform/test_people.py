"""What people do by themselves, and what they can be made to do or leave undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from draw.canonical import digest
from draw.commitment import parse_commitment
from draw.reveal import build_abandonment
from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import office_of
from tests.mock_platform.office import DEPARTMENTS, Office


def plan(office: Office, act: str, **more: object) -> None:
    """Over the control face: somebody will do or leave something."""
    office.control.post("people", {"act": act, **more})


def wire(text: str) -> datetime:
    return datetime.strptime(text + "+0800", "%Y-%m-%d %H:%M:%S%z")


# --- the draw -----------------------------------------------------------------------------------


def test_nobody_reveals_before_the_commitment_is_stored_nor_the_lottery_before_the_closing(
    office: Office,
) -> None:
    office.sync()
    commitment = office.objects_commitment()
    number = parse_commitment(commitment)["contributors"][-1]["id"]
    early = office.now()
    for _ in range(5):
        assert office.platform.get(office.path("draw/reveals"), stage="objects", round=1)["reveals"] == []
        assert office.platform.send("GET", f"/public-numbers/{quoted(number)}").status == 404
    assert office.now() == early
    values = office.values("objects", commitment)
    assert office.now() >= datetime.fromisoformat(
        parse_commitment(commitment)["contributors"][-1]["not_before"]
    )
    assert list(values)[-1] == number


def quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_a_department_that_withholds_its_part_ends_the_round_by_an_abandonment(office: Office) -> None:
    office.sync()
    plan(office, "withhold-reveal", who="SW")
    commitment = office.objects_commitment()
    office.post_document("draw/commitment", "objects", commitment)
    values = office.reveals("objects")
    assert list(values) == ["清河县市场监督管理局"]
    assert office.now() > datetime.fromisoformat(parse_commitment(commitment)["reveal_by"])
    end = build_abandonment(commitment, values, reason="未在期限内揭示", at=office.now().isoformat())
    office.post_document("draw/closing", "objects", end)
    # The next round begins, with fresh seals.
    first = {one.id: one.commitment for one in office.terms("objects")["contributors"][:2]}
    for _ in range(2):
        seals = office.platform.get(office.path("draw/seals"), stage="objects", round=2)["seals"]
    assert {one["contributor"] for one in seals} == set(first)
    assert {one["commitment"] for one in seals}.isdisjoint(first.values())


def test_a_second_round_is_not_sealed_while_the_first_one_lasts(office: Office) -> None:
    office.sync()
    commitment = office.objects_commitment()
    office.post_document("draw/commitment", "objects", commitment)
    for _ in range(3):
        assert office.platform.get(office.path("draw/seals"), stage="objects", round=2)["seals"] == []


def test_an_abandonment_is_not_taken_while_there_is_time_to_reveal(office: Office) -> None:
    office.sync()
    commitment = office.objects_commitment()
    office.post_document("draw/commitment", "objects", commitment)
    end = build_abandonment(commitment, {}, reason="太慢", at=office.now().isoformat())
    body = {"stage": "objects", "round": 1, "document": end.decode(), "digest": digest(end)}
    assert office.platform.code("POST", office.path("draw/closing"), body) == "96"


def test_a_department_that_does_not_seal(office: Office) -> None:
    plan(office, "withhold-seal", who="SW")
    for _ in range(4):
        seals = office.platform.get(office.path("draw/seals"), stage="objects", round=1)["seals"]
    assert [one["contributor"] for one in seals] == ["清河县市场监督管理局"]


# --- confirmation --------------------------------------------------------------------------------


def test_answers_come_within_the_working_day_after_the_dispatch(office: Office) -> None:
    office.sync()
    office.draw_objects()
    rows = office.confirm()
    # Thursday to Friday; Friday to Monday.
    limits = {"2024-05-30": "2024-05-31", "2024-05-31": "2024-06-03"}
    for sent in office.control.get("records")["dispatches"]:
        answers = [row for row in rows if row["objectId"] in sent["objects"]]
        assert len(answers) == len(DEPARTMENTS) * len(sent["objects"])
        assert all(sent["at"] < row["at"] <= limits[sent["at"][:10]] + " 17:30:00" for row in answers)


@pytest.mark.parametrize(
    ("act", "answered"),
    [("confirm-late", {"SW", "SC"}), ("never-confirm", {"SC"})],
    ids=["confirm-late", "never-confirm"],  # a set has no order to be called by
)
def test_a_department_that_is_late_or_silent(office: Office, act: str, answered: set[str]) -> None:
    office.sync()
    plan(office, "no-objections")
    plan(office, act, who="SW")
    office.draw_objects()
    for _ in range(6):
        data = office.platform.get(office.path("confirmations"))
    assert {row["deptCode"] for row in data["rows"]} == answered
    assert {row["verdict"] for row in data["rows"]} == {"1"}
    for row in data["rows"]:
        if row["deptCode"] == "SW":
            assert wire(row["at"]) - wire(data["dispatchedAt"]) > timedelta(days=2)


def test_an_answer_given_in_our_system_stands_and_the_department_gives_no_other(office: Office) -> None:
    office.sync()
    plan(office, "no-objections")
    office.draw_objects()
    drawn = office.platform.get(office.path("draw"))["objects"][0]
    office.platform.get(office.path("confirmations"))
    at = f"{office.now():%Y-%m-%d %H:%M:%S}"
    row = {
        "objectId": drawn["objectId"],
        "deptCode": "SW",
        "verdict": "2",
        "reason": "5",
        "evidence": "水土保持设施验收报备证明",
        "byRole": "系统管理员",
        "at": at,
    }
    batch = {"batchNo": "CONFIRM-01", "rows": [row]}
    answer = office.platform.post(office.path("confirmations"), batch)
    assert answer["rows"][0]["state"] == "accepted"
    rows = office.confirmations({drawn["objectId"]})
    assert [one for one in rows if (one["objectId"], one["deptCode"]) == (drawn["objectId"], "SW")] == [row]
    again = office.platform.post(office.path("confirmations"), {**batch, "batchNo": "CONFIRM-02"})
    assert (again["rows"][0]["state"], again["rows"][0]["code"]) == ("rejected", "49")


# --- visits, results, review --------------------------------------------------------------------


def matched(office: Office) -> Office:
    office.sync()
    office.draw_objects()
    office.confirm()
    office.draw_inspectors()
    return office


def test_results_follow_the_calendar_of_the_visits(office: Office) -> None:
    office.run()
    holidays = {"2024-06-08", "2024-06-09", "2024-06-10"}
    for row in office.results:
        arrived, left = wire(row["arrivedAt"]), wire(row["leftAt"])
        assert arrived < left <= wire(row["completedAt"]) <= wire(row["enteredAt"]) <= wire(row["updatedAt"])
        assert row["arrivedAt"][:10] not in holidays
        assert arrived.isoweekday() < 6
        form = next(one for one in office.forms if one["uniscid"] == row["uniscid"])
        members = {one["inspectorId"] for one in form["inspectors"] if one["deptCode"] == row["deptCode"]}
        assert set(row["inspectors"]) == members
        assert row["certShown"] is True


def test_an_enterprise_that_is_not_visited_has_no_result_when_the_window_closes(office: Office) -> None:
    matched(office)
    skipped, *others = office.forms
    plan(office, "skip-visit", who=skipped["uniscid"])
    office.push("FORMS-0001", office.forms)
    for _ in range(60):
        rows = office.pages(office.path("results"), 1000)
    assert {row["uniscid"] for row in rows} == {form["uniscid"] for form in others}
    assert office.now() >= datetime.fromisoformat("2024-07-31T18:00:00+08:00")


def test_a_department_that_enters_its_results_late(office: Office) -> None:
    plan(office, "enter-late", who="SW", workingDays=25)
    office.run()
    waits = {
        code: [wire(r["enteredAt"]) - wire(r["completedAt"]) for r in office.results if r["deptCode"] == code]
        for code in ("SW", "SC")
    }
    assert min(waits["SW"]) > timedelta(days=30) > max(waits["SC"])


def test_a_reviewer_who_does_not_look_and_one_who_withholds(office: Office) -> None:
    matched(office)
    unseen, withheld = (form["uniscid"] for form in office.forms[:2])
    plan(office, "never-review", who=unseen)
    plan(office, "withhold", who=withheld, basis="涉及商业秘密")
    office.push("FORMS-0001", office.forms)
    for _ in range(60):
        rows = office.pages(office.path("results"), 1000)
    opinions = {row["uniscid"]: row["review"]["opinion"] for row in rows}
    assert (opinions[unseen], opinions[withheld]) == ("0", "2")
    assert {row["review"]["basis"] for row in rows if row["uniscid"] == withheld} == {"涉及商业秘密"}


def test_a_pending_problem_is_followed_up_by_a_new_version(simulate: Callable[..., Simulator]) -> None:
    office = office_of(simulate(objects=120))
    office.run()
    pending = {row["resultId"] for row in office.results if row["resultCode"] == "8"}
    assert {row["disposalState"] for row in office.results if row["resultId"] in pending} == {"1"}
    office.control.post("clock", {"advanceTo": "2024-09-01T09:00:00+08:00"})
    rows = {row["resultId"]: row for row in office.pages(office.path("results"), 1000)}
    assert {(rows[one]["disposalState"], rows[one]["version"]) for one in pending} == {("2", 2)}


def test_an_enterprise_that_was_renamed_meanwhile(office: Office) -> None:
    office.run()
    form = office.due()[0]
    plan(office, "rename", who=form["uniscid"], name="清河县改名后有限公司")
    record = office.record(form)
    office.publish("BATCH-0001", [record])
    assert office.settled("BATCH-0001") == {record["recordId"]: ("rejected", "50")}
    again = office.record(form, version=2, entName="清河县改名后有限公司")
    office.publish("BATCH-0002", [again])
    assert office.settled("BATCH-0002") == {record["recordId"]: ("accepted", None)}


# --- time ----------------------------------------------------------------------------------------


def test_at_full_speed_time_goes_on_only_for_those_who_wait(office: Office) -> None:
    start = office.now()
    office.sync()
    office.platform.get("/api/v1/plans")
    office.platform.get(office.path("forms"))
    assert office.now() == start
    office.platform.get(office.path("materials"))
    assert office.now() > start


def test_who_only_reads_the_clock_again_and_again_gets_to_the_next_limit(office: Office) -> None:
    office.sync()
    commitment = office.objects_commitment()
    office.post_document("draw/commitment", "objects", commitment)
    limit = datetime.fromisoformat(parse_commitment(commitment)["reveal_by"])
    end = time.monotonic() + 20
    while office.now() <= limit:
        assert time.monotonic() < end
        time.sleep(0.1)
    shown = office.platform.get(office.path("draw/reveals"), stage="objects", round=1)["reveals"]
    assert len(shown) == 2


def test_with_a_factor_the_clock_runs_and_people_act_when_they_are_due(
    simulate: Callable[..., Simulator],
) -> None:
    office = office_of(simulate(speed=3600.0))
    assert office.platform.get(office.path("materials"))["rows"] == []
    end = time.monotonic() + 20
    while len(office.platform.get(office.path("materials"))["rows"]) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    rows = office.platform.get(office.path("materials"))["rows"]
    assert all(wire(row["handedInAt"]) <= office.now() for row in rows)
    assert {code for row in rows for code in row["itemCodes"]} == {"SW-01", "SC-01", "SC-02"}
