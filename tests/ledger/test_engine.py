"""The database under the ledger: made, migrated, described, refused, and written by one at a time."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ledger.audit import append, events, verify_audit
from ledger.campaigns import campaigns, record_input, register_campaign
from ledger.engine import Ledger, describe_database, open_ledger
from ledger.migrate import REVISION
from ledger.tables_outbox import metadata
from schemas.errors import DrawbridgeError
from tests.ledger.samples import NOW, TASK, campaign


def test_a_new_database_is_brought_to_the_newest_revision(url: str) -> None:
    assert describe_database(url).revision is None
    open_ledger(url).close()
    state = describe_database(url)
    assert (state.revision, state.is_current) == (REVISION, True)
    assert state.name.split()[0] in ("SQLite", "PostgreSQL")


def test_describing_makes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    assert describe_database(f"sqlite:///{path}").revision is None
    assert not path.exists()


def test_the_migrations_lead_to_the_tables_of_the_program(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_opening_again_changes_nothing(url: str) -> None:
    first = open_ledger(url)
    with first.write() as tx:
        register_campaign(tx, campaign(), NOW)
    first.close()
    second = open_ledger(url)
    with second.read() as tx:
        assert campaigns(tx) == [campaign()]
    second.close()


def test_two_programs_may_open_a_new_database_at_once(url: str) -> None:
    opened: list[Ledger] = []
    failed: list[BaseException] = []

    def open_it() -> None:
        try:
            opened.append(open_ledger(url))
        except BaseException as error:
            failed.append(error)

    together(open_it, 3)
    assert failed == []
    for ledger in opened:
        ledger.close()
    assert describe_database(url).is_current


def test_a_ledger_of_a_newer_program_is_left_alone(url: str) -> None:
    ledger = open_ledger(url)
    with ledger.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    ledger.close()
    with pytest.raises(DrawbridgeError) as refusal:
        open_ledger(url)
    assert refusal.value.code == "DB-LEDGER-010"
    assert describe_database(url).is_current is False


@pytest.mark.parametrize(
    "address", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:", "sqlite"]
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        open_ledger(address)
    assert refusal.value.code == "DB-LEDGER-001"


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("这不是数据库。" * 200)
    with pytest.raises(DrawbridgeError) as refusal:
        open_ledger(f"sqlite:///{path}")
    assert refusal.value.code == "DB-LEDGER-008"


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        open_ledger(f"sqlite:///{tmp_path / 'missing' / 'ledger.db'}")
    assert refusal.value.code == "DB-LEDGER-003"


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        open_ledger("postgresql://somebody:secret-word@127.0.0.1:1/ledger")
    assert refusal.value.code == "DB-LEDGER-009"
    assert "secret-word" not in str(refusal.value)


@pytest.mark.parametrize("changed", [{"database": "nothing"}, {"username": "nobody"}])
def test_a_server_that_refuses_is_not_one_that_is_gone(
    postgres_server: sa.URL, changed: dict[str, str]
) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        open_ledger(postgres_server.set(**changed).render_as_string(hide_password=False))
    assert refusal.value.code == "DB-LEDGER-002"


def test_a_ledger_in_use_is_waited_for_and_then_said(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    ledger.engine.dispose()
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        impatient = Ledger(sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.1}), ledger.place)
        with pytest.raises(DrawbridgeError) as refusal, impatient.write() as tx:
            append(tx, "test", "s", {}, NOW)
        assert refusal.value.code == "DB-LEDGER-005"
        other.execute("ROLLBACK")


def test_a_body_that_fails_leaves_nothing_behind(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.write() as tx:
            register_campaign(tx, campaign(), NOW)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    with ledger.read() as tx:
        assert campaigns(tx) == []
        assert events(tx) == []


def test_reading_sees_one_state_while_another_writes(ledger: Ledger) -> None:
    with ledger.read() as reading:
        assert campaigns(reading) == []
        with ledger.write() as tx:
            register_campaign(tx, campaign(), NOW)
        assert campaigns(reading) == []
    with ledger.read() as tx:
        assert campaigns(tx) == [campaign()]


def test_two_writers_at_once_come_one_after_the_other(url: str) -> None:
    open_ledger(url).close()
    failed: list[BaseException] = []

    def write() -> None:
        try:
            own = open_ledger(url)
            for _ in range(15):
                with own.write() as tx:
                    append(tx, "counted", "s", {"n": len(events(tx)) + 1}, NOW)
            own.close()
        except BaseException as error:
            failed.append(error)

    together(write, 3)
    assert failed == []
    ledger = open_ledger(url)
    with ledger.read() as tx:
        # Each saw all that was written before it: no number twice, none left out.
        assert [event.facts["n"] for event in events(tx)] == list(range(1, 46))
    assert verify_audit(ledger.engine).broken_at is None
    ledger.close()


def test_two_writers_of_the_same_fact_leave_it_once(url: str) -> None:
    ledger = open_ledger(url)
    with ledger.write() as tx:
        register_campaign(tx, campaign(), NOW)
    ledger.close()
    recorded: list[str] = []
    barrier = threading.Barrier(4)

    def write() -> None:
        own = open_ledger(url)
        mine = f"digest-{threading.get_ident()}"
        barrier.wait()
        with own.write() as tx:
            recorded.append(record_input(tx, TASK, "entities", mine, NOW))
        own.close()

    together(write, 4)
    assert len(recorded) == 4
    assert len(set(recorded)) == 1  # all got what the first one recorded


def together(work: object, count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
