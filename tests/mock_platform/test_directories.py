"""Directories in pages that do not move while somebody reads them."""

from __future__ import annotations

from collections.abc import Callable

from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import office_of
from tests.mock_platform.office import PLAN_ID, TASK, Office

OBJECTS = "/api/v1/directories/objects"


def test_pages_of_a_snapshot_hold_every_row_once_in_order(simulate: Callable[..., Simulator]) -> None:
    platform = office_of(simulate(objects=12)).platform
    pages = [platform.get(OBJECTS, pageNo=number, pageSize=5) for number in (1, 2, 3, 4)]
    assert {page["total"] for page in pages} == {12}
    assert len({page["snapshot"] for page in pages}) == 1
    assert [len(page["rows"]) for page in pages] == [5, 5, 2, 0]
    ids = [row["objectId"] for page in pages for row in page["rows"]]
    assert ids == sorted(set(ids))


def test_rows_of_a_snapshot_do_not_move_while_the_directory_changes(
    simulate: Callable[..., Simulator],
) -> None:
    simulator = simulate(objects=12)
    office, code = office_of(simulator), simulator.world.objects[0]["ownerUniscid"]
    first = office.platform.get(OBJECTS, pageNo=1, pageSize=6)
    office.control.post("people", {"act": "change-state", "who": code, "state": "5"})
    rest = office.platform.get(OBJECTS, pageNo=2, pageSize=6, snapshot=first["snapshot"])
    assert {row["regState"] for row in [*first["rows"], *rest["rows"]]} == {"1"}
    fresh = office.platform.get(OBJECTS, pageSize=100)
    assert fresh["snapshot"] != first["snapshot"]
    assert {row["regState"] for row in fresh["rows"] if row["ownerUniscid"] == code} == {"5"}


def test_a_snapshot_that_is_no_longer_kept_is_answered_44(simulator: Simulator, office: Office) -> None:
    first = office.platform.get(OBJECTS)["snapshot"]
    assert office.platform.code("GET", OBJECTS, snapshot=first) == "00"
    for number in range(40):
        simulator.world.objects[0]["dom"] = f"泰山路{number}号"
        office.platform.get(OBJECTS)
    assert office.platform.code("GET", OBJECTS, snapshot=first) == "44"


def test_only_rows_changed_at_or_after_a_moment(simulator: Simulator, office: Office) -> None:
    code = simulator.world.objects[0]["ownerUniscid"]
    assert office.platform.get(OBJECTS, updatedSince="2024-05-28 00:00:00")["rows"] == []
    office.control.post("people", {"act": "change-state", "who": code, "state": "2"})
    changed = office.platform.get(OBJECTS, updatedSince="2024-05-28 09:00:00")["rows"]
    assert {row["ownerUniscid"] for row in changed} == {code}
    assert office.platform.get(OBJECTS, updatedSince="2024-05-28 09:00:01")["rows"] == []


def test_the_directory_of_the_default_size_is_partly_dirty(simulate: Callable[..., Simulator]) -> None:
    office = office_of(simulate(objects=120))
    office.sync()
    codes = [row["ownerUniscid"] for row in office.objects]
    assert len(office.objects) > 120 > len(office.fit_objects()) > 60
    assert None in codes
    assert any(len(code or "") == 15 for code in codes)
    assert any((code or "").startswith("9.") for code in codes)
    assert any((code or "") != (code or "").strip().upper() for code in codes)


def test_plan_items_and_departments_are_those_of_the_campaign_file(office: Office) -> None:
    office.sync()
    plan = office.platform.get(f"/api/v1/plans/{PLAN_ID}")
    assert office.platform.get("/api/v1/plans")["rows"] == [plan]
    [task] = plan["tasks"]
    assert (task["taskId"], task["startsOn"], task["endsOn"]) == (TASK, "2024-05-28", "2024-07-31")
    assert [(one["deptCode"], one["role"]) for one in task["departments"]] == [("SW", "1"), ("SC", "2")]
    assert [(item["itemCode"], item["deptCode"]) for item in office.items] == [
        ("SW-01", "SW"),
        ("SC-01", "SC"),
        ("SC-02", "SC"),
    ]


def test_departments_hand_in_items_and_materials_on_the_first_morning(office: Office) -> None:
    [first] = office.platform.get(office.path("materials"))["rows"]
    assert (first["deptCode"], first["itemCodes"]) == ("SW", ["SW-01"])
    assert "水土保持监测资料" in first["materials"]
    both = office.platform.get(office.path("materials"))["rows"]
    assert {row["deptCode"]: row["itemCodes"] for row in both}["SC"] == ["SC-01", "SC-02"]
    assert {row["handedInAt"][:10] for row in both} == {"2024-05-28"}
