"""A campaign whose ledger goes to PostgreSQL half-way: forms are out, nothing is published.

The mock's own record of what it took in is the oracle: everything once, and the annex table as counted there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flows.service.home import Home
from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess
from tests.end_to_end.test_statistics import counted_from

pytestmark = pytest.mark.postgres

RUN = ("run", PLAN, "--no-prefect", "--json")
CLOSED = {"name": "maintenance_window", "endpoint": "postSpotchecks", "args": {"seconds": 1}}


@pytest.fixture
def mock() -> Iterator[MockProcess]:
    with Simulator(Setting(PLAN, objects=12, seed=3)) as running:
        yield MockProcess(None, running.platform_url, running.publicity_url, running.control_url)


@pytest.fixture
def here(mock: MockProcess, tmp_path: Path) -> Installation:
    keys = {"DRAWBRIDGE_APP_KEY": Setting(PLAN).key, "DRAWBRIDGE_APP_SECRET": Setting(PLAN).secret}
    return Installation(tmp_path / "home", mock.settings(TASK) | keys | {"DRAWBRIDGE_MAX_WAIT_S": "0.5"})


def test_a_campaign_is_moved_half_way_and_ended_there(
    mock: MockProcess, here: Installation, empty_postgres_url: str
) -> None:
    mock.post("faults", CLOSED)
    assert here.call(*RUN).code == 3
    forms = [(row["key"], row["version"]) for row in mock.writes("postForms")]
    assert forms
    assert mock.writes("postSpotchecks") == []
    with closing(sqlite3.connect(here.home / "ledger.sqlite3")) as file:
        (people,) = file.execute("SELECT count(*) FROM dir_row").fetchone()

    with Home(here.home).in_use():
        assert "DB-RUN-002" in here.call("ledger", "move", "--to", empty_postgres_url).err
    moved = here.call("ledger", "move", "--to", empty_postgres_url, "--json")
    assert moved.code == 0, moved.err
    assert moved.document["tables"]["dir_row"] == people > 0
    assert "DRAWBRIDGE_DATABASE_URL 设为" in moved.document["settings"]

    # The old file is no ledger any more, for whoever forgets the setting; nothing is sent from it.
    mock.post("faults", {"clear": True})
    for command in (RUN, ("publish", "retry", TASK), ("audit", "verify")):
        refused = here.call(*command)
        assert (refused.code, "DB-LEDGER-050" in refused.err) == (2, True), refused.err
    assert "DB-LEDGER-050" in here.call("doctor", "--json").out
    assert mock.writes("postSpotchecks") == []

    here.environment["DRAWBRIDGE_DATABASE_URL"] = empty_postgres_url
    verified = here.call("audit", "verify", "--head", moved.document["head"], "--json")
    assert verified.code == 0, verified.out
    done = here.call(*RUN, more={"DRAWBRIDGE_MAX_WAIT_S": "5"})
    assert done.code == 0, done.err
    assert [(row["key"], row["version"]) for row in mock.writes("postForms")] == forms
    published = [(row["key"], row["version"]) for row in mock.writes("postSpotchecks")]
    assert len(published) == len(set(published)) == done.document["publication"]["published"] > 2
    assert here.call("reconcile", TASK, "--json").document["proposals"] == []
    mark = json.loads((here.home / "ledger-mark.json").read_text("utf-8"))
    assert mark["doubts"] == [], "the chain went on: nothing had to be compared"
    assert here.call("audit", "verify", "--head", moved.document["head"]).code == 0
    shown = dict(zip(["SW", "SC", "all"], done.document["statistics"]["rows"], strict=True))
    for line, columns in counted_from(mock.get("records"), ["SW", "SC"]).items():
        assert {key: shown[line][key] for key in columns} == columns, line


def test_a_ledger_that_comes_back_to_its_folder_needs_no_setting(
    here: Installation, empty_postgres_url: str
) -> None:
    on_postgresql = {"DRAWBRIDGE_DATABASE_URL": empty_postgres_url}
    assert here.call("audit", "verify", more=on_postgresql).code == 0
    own = f"sqlite:///{here.home / 'ledger.sqlite3'}"
    moved = here.call("ledger", "move", "--to", own, more=on_postgresql)
    assert moved.code == 0, moved.err
    assert "去掉设置 DRAWBRIDGE_DATABASE_URL" in moved.out
    assert here.call("audit", "verify").code == 0
    assert "DB-LEDGER-050" in here.call("audit", "verify", more=on_postgresql).err
