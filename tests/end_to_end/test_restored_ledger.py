"""A ledger that was restored from before the last publication compares first; nothing goes out twice.

The mock's own record of what it took in is the oracle.  After the restore it takes whatever is sent once
more, as new, so that a second sending would show.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.approvers import Device, WallClock, enrol
from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess

RUN = ("run", PLAN, "--no-prefect", "--json")
RETRY = ("publish", "retry", TASK)
CLOSED = {"name": "maintenance_window", "endpoint": "postSpotchecks", "args": {"seconds": 1}}


class SqliteBackup:
    """Copies the ledger's file and puts the copy back."""

    def __init__(self, home: Path) -> None:
        self.settings: dict[str, str] = {}
        self._ledger, self._copy = home / "ledger.sqlite3", home.parent / "backup.sqlite3"

    def take(self) -> None:
        with closing(sqlite3.connect(self._ledger)) as source, closing(sqlite3.connect(self._copy)) as copy:
            source.backup(copy)

    def restore(self) -> None:
        for left in self._ledger.parent.glob("ledger.sqlite3*"):
            left.unlink()
        shutil.copyfile(self._copy, self._ledger)


class PostgresBackup:
    """Copies the ledger's database and makes it anew from the copy, as dump and restore would."""

    def __init__(self, server: sa.URL, url: str) -> None:
        self.settings = {"DRAWBRIDGE_DATABASE_URL": url}
        self._name = str(sa.make_url(url).database)
        self._server = sa.create_engine(server, isolation_level="AUTOCOMMIT")

    def take(self) -> None:
        self._copy(self._name, f"{self._name}_copy")

    def restore(self) -> None:
        self._copy(f"{self._name}_copy", self._name)

    def close(self) -> None:
        with self._server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {self._name}_copy WITH (FORCE)"))
        self._server.dispose()

    def _copy(self, source: str, to: str) -> None:
        with self._server.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {to} WITH (FORCE)"))
            connection.execute(sa.text(f"CREATE DATABASE {to} TEMPLATE {source}"))


Backup = SqliteBackup | PostgresBackup


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def backup(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backup]:
    if request.param == "sqlite":
        yield SqliteBackup(tmp_path / "home")
        return
    server, url = (request.getfixturevalue(name) for name in ("postgres_server", "empty_postgres_url"))
    copies = PostgresBackup(server, url)
    yield copies
    copies.close()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Setting(PLAN, objects=20, seed=3)) as running:
        yield running


@pytest.fixture
def mock(simulator: Simulator) -> MockProcess:
    return MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)


@pytest.fixture
def here(mock: MockProcess, backup: Backup, tmp_path: Path) -> Installation:
    keys = {"DRAWBRIDGE_APP_KEY": Setting(PLAN).key, "DRAWBRIDGE_APP_SECRET": Setting(PLAN).secret}
    settings = mock.settings(TASK) | keys | {"DRAWBRIDGE_MAX_WAIT_S": "0"} | backup.settings
    return Installation(tmp_path / "home", settings)


@pytest.fixture
def approvers(here: Installation, wall: WallClock) -> Callable[[], tuple[Device, Device]]:
    return lambda: (enrol(here, "A01", "经办", wall), enrol(here, "A02", "复核", wall))


def sent(mock: MockProcess) -> list[tuple[str, int]]:
    return [(row["key"], row["version"]) for row in mock.writes("postSpotchecks")]


def until_it_would_send(mock: MockProcess, here: Installation) -> None:
    """All records are approved and queued; the exchange is closed for maintenance."""
    mock.post("faults", CLOSED)
    ran = here.call(*RUN, more={"DRAWBRIDGE_MAX_WAIT_S": "0.5"})
    assert ran.code == 3, ran.err
    counts = here.call("publish", "status", TASK, "--json").document["counts"]
    assert counts["ready"] > 2
    assert counts.keys() <= {"ready", "withheld"}


def open_again(mock: MockProcess) -> None:
    mock.post("faults", {"clear": True})
    mock.post("faults", {"name": "idempotency_key_forgotten", "endpoint": "postSpotchecks"})


def take_over(here: Installation, record: dict[str, Any], one: Device, two: Device) -> None:
    found = ("--enterprise", record["uniscid"], "--receipt", record["receiptNo"], "--reason", "恢复备份")
    asked = here.call("publish", "take-over", TASK, *found, "--json", *one.options())
    assert asked.code == 0, asked.err
    allowed = here.call("publish", "allow", TASK, asked.document["act"], *two.options())
    assert allowed.code == 0, allowed.err


def test_a_restored_ledger_compares_before_it_sends(
    simulator: Simulator,
    mock: MockProcess,
    here: Installation,
    backup: Backup,
    approvers: Callable[[], tuple[Device, Device]],
) -> None:
    until_it_would_send(mock, here)
    one, two = approvers()

    # Restored with its folder, where the mark is left out; nothing was published: it goes on by itself.
    (here.home / "ledger-mark.json").unlink()
    assert here.call(*RETRY).code == 3
    backup.take()  # a ledger that has compared, under the doubt of that restore
    open_again(mock)
    done = here.call(*RETRY, more={"DRAWBRIDGE_MAX_WAIT_S": "5"})
    assert done.code == 0, done.err
    published = sent(mock)
    looked = here.call("reconcile", TASK, "--json")
    assert (looked.code, looked.document["proposals"]) == (0, [])
    assert len(published) == len(set(published)) == looked.document["in_time"] > 2

    # All of it was: nothing is sent, whoever tries.
    backup.restore()
    for command in (RUN, RETRY):
        refused = here.call(*command)
        assert refused.code == 2
        assert f"已有 {len(published)} 条记录，台账里没有" in refused.err
        assert "DB-DELIVERY-008" in refused.err
    looked = here.call("reconcile", TASK, "--json")
    assert looked.document["unexpected"] == len(published)
    assert "DB-DELIVERY-008" in here.call(*RETRY).err

    # Two people take each over; as long as one is left, nothing is sent.
    records = [row for row in simulator.world.records.values() if row["state"] == "accepted"]
    for record in records[1:]:
        take_over(here, record, one, two)
    assert "DB-DELIVERY-008" in here.call(*RETRY).err
    take_over(here, records[0], one, two)
    mark = json.loads((here.home / "ledger-mark.json").read_text("utf-8"))
    assert mark["seq"] == here.call("audit", "verify", "--json").document["events"]
    done = here.call(*RETRY)
    assert done.code == 0, done.err
    looked = here.call("reconcile", TASK, "--json")
    assert (looked.code, looked.document["in_time"]) == (0, len(published))

    # The same backup once more: what was taken over is forgotten too.
    backup.restore()
    assert "DB-DELIVERY-008" in here.call(*RETRY).err
    backup.restore()
    (here.home / "ledger-mark.json").unlink()
    assert "DB-DELIVERY-008" in here.call(*RETRY).err
    assert sent(mock) == published
    assert here.call("audit", "verify").code == 0
