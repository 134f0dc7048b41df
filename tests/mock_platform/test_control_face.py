"""The control face, and a world that a test edits with its own hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from mock_platform.__main__ import main
from mock_platform.control_face import CALLS
from mock_platform.faults import FAULTS
from mock_platform.intentions import ACTS
from mock_platform.platform_variants import VARIANTS
from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import PLAN, PLATFORM_PLAN, office_of, setting
from tests.mock_platform.office import Office
from tests.mock_platform.raw_client import RawClient


def refused(office: Office, what: str, body: object) -> str:
    """The sentence with which the control face refuses."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = RawClient(office.control.url, signed=False).send("POST", f"/control/{what}", raw)
    assert answer.status == 400
    return str(answer.json()["error"])


def test_the_clock_can_be_moved_forward_only(office: Office) -> None:
    start = office.now()
    assert start.isoformat() == "2024-05-28T09:00:00+08:00"
    moved = office.control.post("clock", {"advanceSeconds": 60})
    assert moved["now"] == "2024-05-28T09:01:00+08:00"
    moved = office.control.post("clock", {"advanceTo": "2024-05-29T09:00:00"})
    assert moved["now"] == "2024-05-29T09:00:00+08:00"
    assert moved["next"] > moved["now"]
    wrong = [
        {"advanceTo": "2024-05-28T09:00:00+08:00"},
        {"advanceTo": "tomorrow"},
        {"advanceSeconds": "60"},
        {"advanceSeconds": -1},
        {"advanceSeconds": 1, "advanceTo": "2024-06-01T09:00:00"},
        {},
        [],
        b"{",
    ]
    assert all(refused(office, "clock", one) for one in wrong)
    assert office.now().isoformat() == "2024-05-29T09:00:00+08:00"


def test_people_lists_what_they_will_do_in_order_of_time(office: Office) -> None:
    people = office.control.get("people")
    moments = [datetime.fromisoformat(one["at"]) for one in people]
    assert moments == sorted(moments)
    assert {"SW", "SC", "lottery", "platform"} <= {one["who"] for one in people}
    office.platform.get(office.path("materials"))
    assert office.control.get("people") == people[1:]


def test_acts_and_faults_that_do_not_exist_are_refused_with_those_that_do(office: Office) -> None:
    message = refused(office, "people", {"act": "dance"})
    assert all(act in message for act in ACTS)
    message = refused(office, "faults", {"name": "earthquake"})
    assert all(name in message for name in FAULTS)
    assert refused(office, "faults", {"name": "hold_before", "when": "now"})
    assert set(office.control.get("faults")["catalogue"]) == set(FAULTS)


def test_an_address_that_does_not_exist(office: Office) -> None:
    assert RawClient(office.control.url, signed=False).send("GET", "/control/nothing").status == 404
    assert RawClient(office.control.url, signed=False).send("POST", "/control/health", b"{}").status == 404


def test_records_are_the_mocks_own_lists(office: Office) -> None:
    office.run()
    held = office.control.get("records")
    assert [one["formNo"] for one in held["forms"]] == [form["formNo"] for form in office.forms]
    assert sorted(one["resultId"] for one in held["results"]) == sorted(
        one["resultId"] for one in office.results
    )
    assert held["records"] == []
    assert len(held["objects"]) == 5
    office.publish("BATCH-0001", [office.record(form) for form in office.due()])
    assert {one["state"] for one in office.control.get("records")["records"]} == {"pending"}


def test_the_platforms_way_of_drawing_can_be_chosen_before_it_draws(
    simulate: Callable[..., Simulator],
) -> None:
    office = office_of(simulate(PLATFORM_PLAN))
    office.control.post("people", {"act": "platform-draw", "variant": "duplicate"})
    assert refused(office, "people", {"act": "platform-draw", "variant": "magic"})
    drawn = office.platform.get("/api/v1/tasks/130534202405281002/draw")["objects"]
    assert drawn[-1] == drawn[0]


# --- in the hand of a test ---------------------------------------------------------------------------


def test_a_row_that_a_test_changes_is_served_at_once(simulator: Simulator, office: Office) -> None:
    simulator.world.objects[0]["regState"] = "2"
    del simulator.world.objects[1]
    office.sync()
    assert len(office.objects) == 4
    assert [row["regState"] for row in office.objects].count("2") == 1


def test_an_edited_world_survives_with_its_file(tmp_path: Path) -> None:
    state = tmp_path / "folder" / "state.sqlite3"
    with Simulator(setting(state=state)) as first:
        first.world.objects[0]["entName"] = "清河县改过的有限公司"
        first.world.save()
    with Simulator(setting(state=state)) as second:
        assert second.world.objects == first.world.objects
        assert second.world.objects[0]["entName"] == "清河县改过的有限公司"


def test_a_state_file_belongs_to_one_task(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite3"
    Simulator(setting(state=state)).close()
    with pytest.raises(ValueError, match="130534202405281001"):
        Simulator(setting(PLATFORM_PLAN, state=state))


def test_a_file_that_is_no_state_is_said_so_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "notes.txt"
    state.write_text("not a database, but something that somebody needs\n" * 100)
    before = state.read_bytes()
    assert main(["--campaign", str(PLAN), "--state", str(state)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "状态文件打不开" in line
    assert state.read_bytes() == before


def test_a_port_that_is_taken_is_said_so(simulator: Simulator) -> None:
    taken = int(simulator.platform_url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"):
        Simulator(setting(port=taken))


def test_public_numbers_are_announced_on_both_ports(office: Office) -> None:
    office.control.post("clock", {"advanceTo": "2024-05-31T09:00:00+08:00"})
    target = "/public-numbers/%E5%8F%8C%E8%89%B2%E7%90%832024061"
    both = [client.send("GET", target).json() for client in (office.platform, office.publicity)]
    assert both[0] == both[1]
    assert both[0]["publishedAt"] == "2024-05-30T21:15:00+08:00"
    balls = [int(ball) for ball in both[0]["value"].split(" ")]
    assert balls[:6] == sorted(set(balls[:6]))
    assert 1 <= balls[0] < balls[5] <= 33
    assert 1 <= balls[6] <= 16


# --- its page -----------------------------------------------------------------------------------------


def test_the_page_about_it_names_every_call_act_variant_and_fault() -> None:
    page = (Path(__file__).parents[2] / "docs" / "control-face.md").read_text("utf-8")
    names = [*(f"{method} {path}" for method, path in CALLS), *ACTS, *VARIANTS, *FAULTS]
    assert [name for name in names if f"`{name}`" not in page] == []
