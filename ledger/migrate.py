"""Bringing a database to the tables of this version, by the scripts in `migrations/`."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from schemas.errors import DrawbridgeError

REVISION = "0006"
"""The revision that this version of the program works with: the newest script's."""

# Any number that nobody else locks in the ledger's database: two runs must not migrate at once.
_MIGRATION_LOCK = 0x44_52_41_57

SCRIPTS = Path(__file__).parent / "migrations"


def recorded_revision(connection: Connection) -> str | None:
    """The revision that a database is at; None: it holds no ledger."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def upgrade(engine: Engine) -> None:
    """Runs the scripts that are missing, all in one transaction; a kill half-way leaves the old state.

    Raises DrawbridgeError DB-LEDGER-010 if the database is at a revision that this version does not know.
    """
    with engine.begin() as connection:
        if recorded_revision(connection) == REVISION:
            return
    with engine.execution_options(drawbridge_writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        revision = recorded_revision(connection)
        if revision == REVISION:
            return
        _run_scripts(connection, revision)


def _run_scripts(connection: Connection, revision: str | None) -> None:
    # Imported here: it takes longer than everything else of an opening, and is needed once per version.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise DrawbridgeError("DB-LEDGER-010", found=revision, known=REVISION)
    command.upgrade(config, "head")
