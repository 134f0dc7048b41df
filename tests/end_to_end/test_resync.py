"""A directory that lacks what publication needs is put right and pulled anew; the draw stays as it was."""

from __future__ import annotations

from pathlib import Path

from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess


def test_records_wait_for_their_addresses_and_go_out_after_a_new_sync(tmp_path: Path) -> None:
    with Simulator(Setting(PLAN, objects=20, seed=3)) as simulator:
        rows = simulator.world.objects
        known = [row["pripId"] for row in rows]
        for row in rows:
            row["pripId"] = None
        mock = MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)
        keys = {
            "DRAWBRIDGE_APP_KEY": simulator.setting.key,
            "DRAWBRIDGE_APP_SECRET": simulator.setting.secret,
        }
        installation = Installation(tmp_path / "home", mock.settings(TASK) | keys)
        waiting = installation.call("run", PLAN, "--no-prefect", "--json", "--max-wait", "2")
        assert waiting.code == 3, waiting.err
        assert "主体身份代码" in waiting.document["waiting_for"]
        assert mock.writes("postSpotchecks") == []

        for row, prip_id in zip(rows, known, strict=True):
            row["pripId"] = prip_id
        done = installation.call("run", PLAN, "--no-prefect", "--json", "--resync")
        assert done.code == 0, done.err
        assert done.document["draw"] == waiting.document["draw"]
        assert done.document["publication"]["published"] > 0
