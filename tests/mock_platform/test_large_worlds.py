"""A mock of thousands: what it looks up is found without a look at each, its directory ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mock_platform.directory import generated_objects
from mock_platform.plan import read_plan
from mock_platform.roster import generated_roster
from mock_platform.store import Kept

PLAN = Path(__file__).resolve().parents[2] / "campaigns" / "qinghe-2024-22.yaml"


def owner(row: dict[str, Any]) -> object:
    return row["owner"]


def test_members_are_found_by_what_they_say_however_they_came() -> None:
    kept = Kept()

    def found(wanted: str) -> list[str]:
        quick = [key for key, _ in kept.having(owner, wanted)]
        assert sorted(quick) == sorted(key for key, row in kept.items() if row["owner"] == wanted)
        return quick

    kept["1"], kept["2"], kept["3"] = {"owner": "a"}, {"owner": "b"}, {"owner": "a"}
    assert found("a") == ["1", "3"]
    kept["1"]["owner"] = "b"
    kept.touch("1")
    assert (found("a"), found("b")) == (["3"], ["2", "1"])
    kept["3"] = {"owner": "b"}
    del kept["2"]
    assert (found("a"), found("b")) == ([], ["1", "3"])
    kept.pop("1")
    kept.update({"7": {"owner": "a"}, "8": {"owner": "b"}})  # not noticed, and found all the same
    assert (found("a"), found("b")) == (["7"], ["3", "8"])
    kept["7"]["owner"] = "c"  # edited by a test that says nothing: it is at least not taken for what it was
    assert kept.having(owner, "a") == []
    kept.clear()
    kept["9"] = {"owner": "a"}
    assert found("a") == ["9"]
    kept.load({"5": {"owner": "a"}, "6": {"owner": "a"}})
    assert found("a") == ["5", "6"]


def test_a_directory_of_more_enterprises_than_there_are_short_names() -> None:
    plan = read_plan(PLAN)
    rows = generated_objects(plan, 1, 5_000)  # as many as `demo --objects` takes
    assert len(rows) >= 5_000
    owners = {row["ownerUniscid"]: row["ownerName"] for row in rows if row["ownerName"]}
    assert len({*owners.values()}) > 3_200
    roster = generated_roster(plan, 1, rows)
    assert max(len(row["recusals"]) for row in roster) == 25
