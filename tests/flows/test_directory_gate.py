"""A list that moved while it was read, or that lost too much, stops the sync before anything follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.site import Site, open_site
from flows.sync import pull
from ledger.directory import SnapshotState, latest_snapshot, objects
from mock_platform.simulator import Setting, Simulator
from schemas.errors import DrawbridgeError
from tests.end_to_end.installation import PLAN
from tests.flows.alert_site import settings

PAGE = 100


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Setting(PLAN, objects=2 * PAGE + 20, seed=3)) as running:
        yield running


@contextmanager
def site_of(simulator: Simulator, home: Path, **more: Any) -> Iterator[Site]:
    given = {
        "platform_url": simulator.platform_url,
        "publicity_url": simulator.publicity_url,
        "app_key": simulator.setting.key,
        "app_secret": simulator.setting.secret,
    }
    with open_site(settings(home, **{**given, **more})) as site:
        yield site


def standing(site: Site, kind: str = "object") -> SnapshotState | None:
    with site.ledger.read() as tx:
        return latest_snapshot(tx, site.source, kind)


def held(site: Site) -> int:
    with site.ledger.read() as tx:
        return len(objects(tx, site.source))


def shrink(simulator: Simulator, percent: int) -> None:
    objects = simulator.world.objects
    with simulator.world.lock:
        del objects[len(objects) * (100 - percent) // 100 :]
        simulator.world.snapshots.clear()


def test_a_list_that_lost_too_much_does_not_take_the_place_of_the_last(
    simulator: Simulator, tmp_path: Path
) -> None:
    with site_of(simulator, tmp_path) as site:
        before = pull(site, "object")
        shrink(simulator, 33)
        with pytest.raises(DrawbridgeError) as stopped:
            pull(site, "object")
        assert stopped.value.code == "DB-SYNC-001"
        assert stopped.value.facts["held"] == before.accepted
        assert standing(site) == before
        assert held(site) == before.accepted, "nothing is marked as gone"
        with pytest.raises(DrawbridgeError, match="DB-SYNC-001"):
            pull(site, "object")  # trying again changes nothing
    with site_of(simulator, tmp_path, directory_loss_percent=50) as site:  # somebody has looked and allows it
        after = pull(site, "object")
        assert after.snapshot_no > before.snapshot_no
        assert held(site) == after.accepted < before.accepted


def test_a_list_that_shrinks_a_little_is_taken(simulator: Simulator, tmp_path: Path) -> None:
    with site_of(simulator, tmp_path) as site:
        before = pull(site, "object")
        shrink(simulator, 10)
        after = pull(site, "object")
        assert after.gone > 0
        assert held(site) == after.accepted < before.accepted


def test_a_list_of_which_too_many_rows_are_bad_is_not_taken_even_the_first_time(
    simulator: Simulator, tmp_path: Path
) -> None:
    with simulator.world.lock:
        for row in simulator.world.objects[::3]:
            row["objectType"] = "?"
            row["ownerUniscid"] = row["uniscid"] = "1"
    with site_of(simulator, tmp_path) as site:
        with pytest.raises(DrawbridgeError) as stopped:
            pull(site, "object")
        assert stopped.value.code == "DB-SYNC-002"
        assert standing(site) is None
        assert (site.home.folder("名录") / "隔离行-抽查对象.xlsx").exists()


def test_without_a_snapshot_a_list_is_read_twice(simulator: Simulator, tmp_path: Path) -> None:
    """Rows that slip onto the page before while one pages: every total is right, and yet rows are missing."""
    moving = {"balanced": True, "snapshot": False}
    fault = simulator.world.faults.set("row_moved_between_pages", "listObjects", count=3, args=moving)
    with site_of(simulator, tmp_path) as site:
        with pytest.raises(DrawbridgeError, match="DB-PLATFORM-023"):
            pull(site, "object")
        assert standing(site) is None
        assert fault.seen == 6, "three pages, twice"
        state = pull(site, "object")  # it has come to rest
        assert held(site) == state.accepted
        promised = fault.seen
        pull(site, "object")
        assert fault.seen - promised == 3, "with a snapshot once is enough"
