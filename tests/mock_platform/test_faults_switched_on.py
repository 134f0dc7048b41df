"""Faults from the command line, by number, by chance; those that need no request or come after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mock_platform.simulator import Simulator
from tests.mock_platform.conftest import PLAN, office_of
from tests.mock_platform.office import Office
from tests.mock_platform.raw_client import KEY, SECRET, Control, RawClient
from tests.mock_platform.test_faults import fault, hand_in, lost, raw_hand_in, until, written

PROJECT = Path(__file__).resolve().parents[2]


def command(*more: str) -> list[str]:
    return [
        sys.executable, "-m", "mock_platform", "--campaign", str(PLAN), "--objects", "5", *more,
    ]  # fmt: skip


def test_faults_are_set_on_the_command_line(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    faults = ("F02:endpoint=postMaterials:count=1:args.status=503", "total_lies:calls=2,3:args.by=-2")
    process = subprocess.Popen(
        command("--ready-file", str(ready), *(word for text in faults for word in ("--fault", text))),
        cwd=PROJECT,
        env={**os.environ, "DRAWBRIDGE_MOCK_APP_KEY": KEY, "DRAWBRIDGE_MOCK_APP_SECRET": SECRET},
        stdout=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 30
        while not ready.exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        urls = json.loads(ready.read_text("utf-8"))
        control = Control(urls["controlUrl"])
        office = Office(RawClient(urls["platformUrl"]), RawClient(urls["publicityUrl"]), control)
        listed = control.get("faults")["faults"]
        assert [(one["name"], one["calls"], one["args"]) for one in listed] == [
            ("http_500_after_commit", None, {"status": 503}),
            ("total_lies", [2, 3], {"by": -2}),
        ]
        assert raw_hand_in(office).status == 503
        assert written(office) == ["SW"]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_fault_that_there_is_not_ends_the_command(tmp_path: Path) -> None:
    ended = subprocess.run(command("--fault", "earthquake"), cwd=PROJECT, capture_output=True, text=True)
    assert ended.returncode == 2
    assert "没有这种故障：earthquake" in ended.stderr


def test_a_number_of_the_catalogue_is_a_name(office: Office) -> None:
    with fault(office, "F01", endpoint="postMaterials", count=1) as seen:
        lost(office)
        assert (seen()["name"], written(office)) == ("reply_lost_after_commit", ["SW"])
    office.control.post("faults", {"name": "F01"})
    assert office.control.post("faults", {"clear": True, "name": "F01"})["faults"] == []


def test_chance_is_the_same_for_the_same_seed(simulate: Callable[..., Simulator]) -> None:
    def fired(seed: int) -> list[int]:
        simulator = simulate(seed=seed)
        fault = simulator.world.faults.set("hold_before", "listItems", probability=0.3, args={"seconds": 0})
        office, hits = office_of(simulator), []
        for number in range(40):
            before = fault.fired
            office.platform.get("/api/v1/directories/items")
            hits += [number] * (fault.fired - before)
        return hits

    assert fired(1) == fired(1)
    assert fired(1) != fired(2)
    assert 4 <= len(fired(1)) <= 22


def test_nobody_listens_until_it_is_cleared(office: Office) -> None:
    assert office.platform.code("GET", "/api/v1/directories/items") == "00"
    with fault(office, "connection_refused", endpoint="platform") as seen:
        assert seen()["fired"] == 1
        with pytest.raises(ConnectionRefusedError):
            hand_in(office)
        assert office.publicity.send("GET", "/").status == 200
    assert hand_in(office)["replayed"] is False


def test_a_connection_is_reset_while_the_body_comes(office: Office) -> None:
    with fault(office, "reset_mid_request", endpoint="postMaterials", count=1) as seen:
        with pytest.raises(ConnectionResetError):
            hand_in(office)
        assert (seen()["seen"], seen()["fired"], written(office)) == (1, 1, [])
    assert hand_in(office)["replayed"] is False


def test_a_gateway_gives_up_and_the_write_is_stored_a_moment_later(office: Office) -> None:
    with fault(office, "http_502_504_gateway", endpoint="postMaterials", count=1, args={"seconds": 0.3}):
        assert (raw_hand_in(office).status, written(office)) == (502, [])
        until(lambda: written(office) == ["SW"])
    assert raw_hand_in(office).json()["data"]["replayed"] is True


def test_what_is_not_signed_is_not_stored_later_either(simulator: Simulator, office: Office) -> None:
    unsigned = RawClient(office.platform.url, signed=False)
    with fault(office, "http_502_504_gateway", args={"seconds": 0}):
        assert unsigned.send("POST", office.path("materials"), b"{}").status == 502
    assert len(simulator.world.faults.late) == 0


def test_what_was_forgotten_is_stored_twice_and_shown_so(office: Office) -> None:
    assert hand_in(office)["replayed"] is False
    with fault(office, "idempotency_key_forgotten", endpoint="postMaterials"):
        assert hand_in(office)["replayed"] is False
    assert written(office) == ["SW", "SW"]
