"""A ledger moves whole or not at all: every table, both ways, killed, cut off, without room, refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from ledger.audit import AuditHead, Event, append, append_all, events, head, verify_audit
from ledger.engine import Ledger, open_ledger
from ledger.moving import MOVED, RECEIVED, move, moved_to
from ledger.tables_alerts import alert
from ledger.tables_outbox import lease
from ledger.types import SealedBytes, SealedText, UtcTime
from schemas.errors import DrawbridgeError
from tests.ledger.samples import NOW

pytestmark = pytest.mark.postgres

PROJECT = Path(__file__).resolve().parents[2]
TABLES = {table.name: table for table in alert.metadata.sorted_tables}
CHAIN = ("audit_event", "audit_head")
EVENTS = 600  # more than a slice

# A program that moves and ends itself at a named moment, as a power cut would.
KILLED = """
import os, signal, sys
from datetime import UTC, datetime
import sqlalchemy as sa
from ledger.moving import move

def end(at):
    if at == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

copied = []

@sa.event.listens_for(sa.Engine, "before_cursor_execute")
def _(connection, cursor, statement, *rest):
    if connection.dialect.name == "postgresql" and statement.startswith("INSERT INTO exchange_log"):
        copied.append(statement)
        end("copying")

@sa.event.listens_for(sa.Engine, "commit")
def _(connection):
    if copied and connection.get_execution_options().get("drawbridge_writes"):
        end(f"committing {connection.dialect.name}")

move(sys.argv[1], sys.argv[2], datetime.now(UTC))
"""


def value_of(column: sa.Column[Any], number: int) -> Any:
    """Something that the column can hold; equal in columns that refer to each other."""
    if column.nullable and number == 1:
        return None
    match column.type:
        case UtcTime():
            return datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC) + timedelta(days=number)
        case sa.Boolean():
            return number % 2 == 0
        case sa.LargeBinary() | SealedBytes():
            return b"\x00\xff'" + bytes([number]) * 1000
        case sa.Integer():
            return number
        case sa.String(length=None) | SealedText():
            return f'{{"名称":"清河县第{number}商贸有限公司","𠮷":"\\u0000"}}\n'
    return f"键{number}"


def fill(ledger: Ledger) -> None:
    """Three rows in every table, and a chain of some slices."""
    with ledger.write() as tx:
        for table in alert.metadata.sorted_tables:
            if table.name not in CHAIN:
                rows = [{one.name: value_of(one, number) for one in table.columns} for number in range(3)]
                tx.execute(table.insert(), rows)
        append_all(tx, [Event("drawn", f"任务{number}", {"count": number}) for number in range(EVENTS)], NOW)


def rows_of(url: str) -> dict[str, list[str]]:
    """Every row of every table, chain included, read without what moves them."""
    engine = sa.create_engine(sa.make_url(url))
    with engine.connect() as tx:
        found = {
            name: sorted(repr(tuple(row)) for row in tx.execute(sa.select(table)))
            for name, table in TABLES.items()
        }
    engine.dispose()
    return found


def is_empty(url: str) -> bool:
    found = rows_of(url)
    return found.pop("audit_head") == [repr((1, 0, "0" * 64))] and not any(found.values())


def end_of(url: str) -> AuditHead:
    with closing(open_ledger(url)) as ledger, ledger.read() as tx:
        return head(tx)


def is_in_use(url: str) -> bool:
    """Whether the ledger takes what happens next."""
    with closing(open_ledger(url)) as ledger:
        with ledger.write() as tx:
            gone = moved_to(tx)
            append(tx, "still-used", "任务", {}, NOW)
        return gone is None and verify_audit(ledger.engine).broken_at is None


def refused(source: str, target: str, code: str, **how: Any) -> DrawbridgeError:
    with pytest.raises(DrawbridgeError) as raised:
        move(source, target, NOW, **how)
    assert raised.value.code == code
    return raised.value


@pytest.fixture
def file(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def filled(file: str) -> str:
    with closing(open_ledger(file)) as ledger:
        fill(ledger)
    return file


def test_every_table_goes_to_postgresql_and_back(
    filled: str, empty_postgres_url: str, tmp_path: Path
) -> None:
    before, end = rows_of(filled), end_of(filled)
    there = move(filled, empty_postgres_url, NOW)
    assert set(there.tables) == set(TABLES)
    back = f"sqlite:///{tmp_path / 'back.db'}"
    returned = move(empty_postgres_url, back, NOW)
    assert there.head.seq == end.seq + 1
    assert returned.head.seq == end.seq + 3
    for url, more in ((empty_postgres_url, 3), (back, 4)):
        after = rows_of(url)
        for name in TABLES.keys() - set(CHAIN):
            assert len(after[name]) == 3
            assert after[name] == before[name], name
        assert set(before["audit_event"]) < set(after["audit_event"])
        assert len(after["audit_event"]) == EVENTS + more
    with closing(open_ledger(back)) as ledger:
        assert verify_audit(ledger.engine, [end, there.head, returned.head]).broken_at is None
        with ledger.read() as tx:
            kinds = [one.kind for one in events(tx, subject="ledger")]
    assert kinds == [MOVED, RECEIVED, MOVED, RECEIVED]
    assert is_in_use(back)


def test_no_table_is_numbered_by_its_database(filled: str) -> None:
    """Else its counter would have to be set in the target; and no table is unknown to the move."""
    assert [name for name, table in TABLES.items() if table.autoincrement_column is not None] == []
    engine = sa.create_engine(filled)
    assert set(sa.inspect(engine).get_table_names()) == {*TABLES, "alembic_version"}
    engine.dispose()


def test_what_was_left_behind_takes_nothing_more(
    filled: str, empty_postgres_url: str, tmp_path: Path
) -> None:
    """Not even from who had it open, on either database."""
    places = [filled, empty_postgres_url, f"sqlite:///{tmp_path / 'back.db'}"]
    for source, target in pairwise(places):
        with closing(open_ledger(source)) as open_still:
            move(source, target, NOW)
            before = rows_of(source)
            with (
                pytest.raises(sa.exc.IntegrityError, match=r"was moved|append-only"),
                open_still.write() as tx,
            ):
                append(tx, "drawn", "任务", {}, NOW)
        assert rows_of(source) == before
        again = refused(source, f"sqlite:///{tmp_path / 'third.db'}", "DB-LEDGER-050")
        assert not (tmp_path / "third.db").exists()
        assert str(sa.make_url(target).database) in again.zh
    assert is_in_use(places[-1])


@pytest.mark.parametrize("moment", ["copying", "committing postgresql"])
def test_a_kill_leaves_the_target_empty_and_the_source_as_it_was(
    filled: str, empty_postgres_url: str, moment: str
) -> None:
    before = rows_of(filled)
    kill(filled, empty_postgres_url, moment)
    assert rows_of(filled) == before
    assert is_empty(empty_postgres_url)
    assert is_in_use(filled)
    move(filled, empty_postgres_url, NOW)
    assert is_in_use(empty_postgres_url)


def test_a_kill_between_the_commits_is_ended_by_moving_again(filled: str, empty_postgres_url: str) -> None:
    before = rows_of(filled)
    kill(filled, empty_postgres_url, "committing sqlite")
    assert rows_of(filled) == before
    there = rows_of(empty_postgres_url)
    ended = move(filled, empty_postgres_url, NOW)
    assert ended.tables == {}
    assert rows_of(empty_postgres_url) == there
    with closing(open_ledger(filled)) as ledger, ledger.read() as tx:
        assert moved_to(tx) is not None
        assert head(tx) == ended.head
    refused(filled, empty_postgres_url, "DB-LEDGER-050")
    assert is_in_use(empty_postgres_url)


def test_a_source_that_was_used_since_is_another_ledger(
    filled: str, empty_postgres_url: str, tmp_path: Path
) -> None:
    """As it stands after such a kill: a copy from before the move."""
    shutil.copyfile(str(sa.make_url(filled).database), tmp_path / "before.db")
    before = f"sqlite:///{tmp_path / 'before.db'}"
    move(filled, empty_postgres_url, NOW)
    assert is_in_use(before)
    refused(before, empty_postgres_url, "DB-LEDGER-051")
    assert is_in_use(before)


def kill(source: str, target: str, moment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, source, target, moment],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL


@contextmanager
def listening(name: str, listener: Callable[..., None]) -> Iterator[None]:
    sa.event.listen(sa.Engine, name, listener)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, name, listener)


def test_a_connection_that_breaks_leaves_the_target_empty(filled: str, empty_postgres_url: str) -> None:
    server = sa.create_engine(empty_postgres_url)

    def cut(connection: sa.Connection, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO exchange_log") and connection.dialect.name == "postgresql":
            number = cursor.connection.info.backend_pid
            with server.begin() as tx:
                tx.execute(sa.text("SELECT pg_terminate_backend(:number, 5000)"), {"number": number})

    with listening("before_cursor_execute", cut):
        refused(filled, empty_postgres_url, "DB-LEDGER-009")
    server.dispose()
    assert is_empty(empty_postgres_url)
    assert is_in_use(filled)


def test_a_full_disk_leaves_the_target_empty(filled: str, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'target.db'}"
    open_ledger(target).close()

    def limit(connection: Any, record: Any) -> None:
        if connection.execute("PRAGMA database_list").fetchone()[2].endswith("target.db"):
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count={pages + 20}")

    with listening("connect", limit):
        assert "target.db" in refused(filled, target, "DB-LEDGER-006").zh
    assert is_empty(target)
    assert is_in_use(filled)


def test_a_lease_that_is_held_keeps_the_ledger_where_it_is(filled: str, empty_postgres_url: str) -> None:
    held = {
        "lease_name": "push/任务",
        "owner": "host:1",
        "fence": 3,
        "expires_at": NOW + timedelta(minutes=1),
    }
    with closing(open_ledger(filled)) as ledger, ledger.write() as tx:
        tx.execute(lease.insert(), held)
    assert "host:1" in refused(filled, empty_postgres_url, "DB-LEDGER-053").zh
    engine = sa.create_engine(empty_postgres_url)
    assert sa.inspect(engine).get_table_names() == [], "nothing was made there"
    engine.dispose()
    move(filled, empty_postgres_url, NOW, is_gone=lambda owner: owner == "host:1")


def test_what_is_not_empty_is_left_alone(filled: str, empty_postgres_url: str) -> None:
    with closing(open_ledger(empty_postgres_url)) as ledger, ledger.write() as tx:
        append(tx, "drawn", "任务", {}, NOW)
    before = rows_of(empty_postgres_url)
    refused(filled, empty_postgres_url, "DB-LEDGER-051")
    refused(filled, filled, "DB-LEDGER-051")
    assert rows_of(empty_postgres_url) == before
    assert is_in_use(filled)


@pytest.mark.parametrize("older", ["source", "target"])
def test_another_revision_is_refused(filled: str, empty_postgres_url: str, older: str) -> None:
    open_ledger(empty_postgres_url).close()
    url = {"source": filled, "target": empty_postgres_url}[older]
    engine = sa.create_engine(url)
    with engine.begin() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '0004'"))
    assert "0004" in refused(filled, empty_postgres_url, "DB-LEDGER-052").zh
    with engine.begin() as tx:
        assert tx.scalar(sa.text("SELECT version_num FROM alembic_version")) == "0004"
    engine.dispose()
    assert is_empty(empty_postgres_url)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, empty_postgres_url: str) -> None:
    refused(f"sqlite:///{tmp_path / 'none.db'}", empty_postgres_url, "DB-LEDGER-052")
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_does_not_fit_is_said_by_its_table(filled: str, empty_postgres_url: str) -> None:
    with closing(open_ledger(filled)) as ledger, ledger.write() as tx:
        tx.execute(sa.text("UPDATE campaign SET short_name = :long"), {"long": "长" * 200})
    assert "campaign" in refused(filled, empty_postgres_url, "DB-LEDGER-054").zh
    assert is_empty(empty_postgres_url)
    assert is_in_use(filled)


def test_a_copy_that_differs_is_undone(filled: str, empty_postgres_url: str) -> None:
    with closing(open_ledger(empty_postgres_url)) as ledger, ledger.engine.begin() as tx:
        tx.exec_driver_sql(
            "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.facts = trim(NEW.facts) || 'x'; RETURN NEW; END $$"
        )
        tx.exec_driver_sql(
            "CREATE TRIGGER other BEFORE INSERT ON stage FOR EACH ROW EXECUTE FUNCTION other()"
        )
    assert "stage" in refused(filled, empty_postgres_url, "DB-LEDGER-055").zh
    assert is_empty(empty_postgres_url)
    assert is_in_use(filled)


def test_a_source_that_cannot_be_closed_is_not_moved(filled: str, empty_postgres_url: str) -> None:
    """As for a role of PostgreSQL that does not own the tables; here the trigger's name is taken."""
    with closing(open_ledger(filled)) as ledger, ledger.write() as tx:
        tx.execute(sa.text("CREATE TRIGGER audit_event_moved AFTER UPDATE ON lease BEGIN SELECT 1; END"))
    with pytest.raises(sa.exc.OperationalError, match="already exists"):
        move(filled, empty_postgres_url, NOW)
    assert is_empty(empty_postgres_url)
    assert is_in_use(filled)


def test_a_broken_chain_is_not_moved(filled: str, empty_postgres_url: str) -> None:
    with closing(open_ledger(filled)) as ledger, ledger.write() as tx:
        tx.execute(sa.text("DROP TRIGGER audit_event_update"))
        tx.execute(sa.text("UPDATE audit_event SET kind = 'other' WHERE seq_no = 7"))
    assert "第 7 条" in refused(filled, empty_postgres_url, "DB-LEDGER-056").zh
    assert is_empty(empty_postgres_url)
