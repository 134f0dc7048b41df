"""Several projects of one owner: drawn as projects, visited once, one form, one record."""

from __future__ import annotations

import json
from pathlib import Path

from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess


def test_two_projects_of_one_owner_become_one_form_and_one_record(tmp_path: Path) -> None:
    with Simulator(Setting(PLAN, objects=8, seed=3)) as simulator:
        world = simulator.world
        # Every project belongs to one of two owners, all of grade D: half of them are drawn.
        owners = [world.objects[0], world.objects[1]]
        shared = ("uniscid", "entName", "ownerUniscid", "ownerName", "pripId")
        for number, row in enumerate(world.objects):
            row |= {name: owners[number % 2][name] for name in shared}
            row["riskGrade"] = "D"
        mock = MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)
        mock.post("people", {"act": "no-objections"})
        settings = mock.settings(TASK) | {
            "DRAWBRIDGE_APP_KEY": simulator.setting.key,
            "DRAWBRIDGE_APP_SECRET": simulator.setting.secret,
        }
        installation = Installation(tmp_path / "home", settings)
        ran = installation.call("run", PLAN, "--no-prefect", "--json")
        assert ran.code == 0, ran.err
        facts = ran.document
        records = mock.get("records")
    assert facts["draw"]["drawn"] == 4
    drawn = {row["objectId"]: row["uniscid"] for row in records["drawn"]["objects"]}
    assert len(records["forms"]) == facts["forms"]["due"] == len(set(drawn.values())) < len(drawn)
    for form in records["forms"]:
        mine = {object_id for object_id, code in drawn.items() if code == form["uniscid"]}
        assert {one["objectId"] for one in form["objects"]} == mine
    published = {record["uniscid"] for record in records["records"]}
    assert len(records["records"]) == len(published) == facts["publication"]["published"]
    assert json.dumps(facts["statistics"]["rows"][-1]["ent_drawn"]) == str(len(records["forms"]))
