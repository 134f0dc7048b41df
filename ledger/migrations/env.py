"""How Alembic reaches the ledger: on the connection that `ledger.migrate` hands over, or by `-x url=…`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from ledger.tables_alerts import alert
from ledger.tables_outbox import delivery_item

# One for all: who imports a module of tables adds them to it.
metadata = alert.metadata
assert metadata is delivery_item.metadata  # noqa: S101


def _run(connection: sa.Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    _run(handed_over)
else:
    with sa.create_engine(context.get_x_argument(as_dictionary=True)["url"]).begin() as own:
        _run(own)
