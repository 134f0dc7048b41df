"""The next page is fetched while this one is stored; what is written is the same, after a fault too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.protocols import Page
from flows import sync
from flows.exchange.pages_ahead import PagesAhead, pages_ahead
from flows.site import Site
from flows.sync import pull
from ledger.directory import open_snapshot
from ledger.tables import dir_page, dir_row, dir_snapshot, quarantine
from mock_platform.simulator import Setting, Simulator
from schemas.errors import DrawbridgeError
from tests.end_to_end.installation import PLAN
from tests.flows.test_directory_gate import PAGE, held, shrink, site_of, standing

TIMES = {"changed_at", "committed_at", "recorded_at", "begun_at", "closed_at"}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Setting(PLAN, objects=3 * PAGE + 20, seed=3)) as running:
        yield running


def page(number: int) -> Page[Any]:
    return Page(number, 9, "S1", [number], [], 0, f"{number:064x}")


def test_a_page_is_fetched_while_the_one_before_is_stored() -> None:
    began = threading.Event()

    def fetch(page_no: int, snapshot: str | None) -> Page[Any]:
        if page_no == 2:
            began.set()
        return page(page_no)

    with pages_ahead(fetch) as ahead:
        assert ahead.take(1, None).page_no == 1
        ahead.ask(2, "S1")
        assert began.wait(10), "asked for although nobody has taken it yet"
        assert ahead.take(2, "S1").page_no == 2


def test_a_page_that_was_not_the_one_asked_for_is_fetched_anew() -> None:
    asked: list[tuple[int, str | None]] = []

    def fetch(page_no: int, snapshot: str | None) -> Page[Any]:
        asked.append((page_no, snapshot))
        return page(page_no)

    with pages_ahead(fetch) as ahead:
        ahead.ask(2, "S1")
        assert ahead.take(2, "S2").page_no == 2
        assert ahead.take(3, "S2").page_no == 3
    assert asked == [(2, "S1"), (2, "S2"), (3, "S2")]


def test_what_a_page_raises_is_raised_when_its_turn_comes() -> None:
    def fetch(page_no: int, snapshot: str | None) -> Page[Any]:
        raise DrawbridgeError("DB-PLATFORM-021", page=page_no, before=1)

    with pages_ahead(fetch) as ahead:
        ahead.ask(2, None)
        with pytest.raises(DrawbridgeError, match="DB-PLATFORM-021"):
            ahead.take(2, None)


def written(site: Site) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the directory's tables, but for the times."""
    with site.ledger.read() as tx:
        return {
            table.name: sorted(
                map(tuple, tx.execute(sa.select(*(c for c in table.c if c.name not in TIMES)))), key=str
            )
            for table in (dir_row, dir_page, dir_snapshot, quarantine)
        }


def test_what_is_written_is_the_same_without_being_ahead(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulator.world.lock:
        for row in simulator.world.objects[::40]:
            row["ownerUniscid"] = row["uniscid"] = "1"
    found = []
    for home in ("ahead", "one by one"):
        with site_of(simulator, tmp_path / home) as site:
            assert pull(site, "object").quarantined > 0
            shrink(simulator, 0)
            pull(site, "object")
            found.append(written(site))
        monkeypatch.setattr(PagesAhead, "ask", lambda self, page_no, snapshot: None)
    assert found[0] == found[1]
    assert len(found[0]["dir_page"]) >= 8


def test_a_system_that_fails_while_it_is_asked_ahead_costs_no_committed_page(
    simulator: Simulator, tmp_path: Path
) -> None:
    fault = simulator.world.faults.set(
        "schema_drift", "listObjects", calls=[3], args={"kind": "renamed", "column": "regState"}
    )
    with site_of(simulator, tmp_path) as site:
        with pytest.raises(DrawbridgeError, match="DB-PLATFORM-020"):
            pull(site, "object")
        assert standing(site) is None
        with site.ledger.read() as tx:
            left = open_snapshot(tx, site.source, "object")
        assert left is not None
        assert left.pages == 2, "the page before was being stored, and is"
        assert held(site) == left.accepted == 2 * PAGE - left.quarantined
        state = pull(site, "object")  # goes on with the third
        assert fault.seen == 3 + state.pages - 2
        assert (state.snapshot_no, state.accepted + state.quarantined) == (1, state.read)


def test_a_ledger_that_fails_while_a_page_is_asked_ahead_ends_the_pass_where_it_stood(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = sync.commit_page

    def fails_once(tx: Any, pass_: Any, page: Page[Any], now: Any) -> Any:
        done = commit(tx, pass_, page, now)
        if page.page_no == 2:
            raise OSError("the disk is gone")
        return done

    with site_of(simulator, tmp_path) as site:
        monkeypatch.setattr(sync, "commit_page", fails_once)
        with pytest.raises(OSError, match="disk"):
            pull(site, "object")
        monkeypatch.undo()
        with site.ledger.read() as tx:
            left = open_snapshot(tx, site.source, "object")
        assert left is not None
        assert left.pages == 1
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("pages-ahead")]
        state = pull(site, "object")
        assert state.read == len(simulator.world.objects)
