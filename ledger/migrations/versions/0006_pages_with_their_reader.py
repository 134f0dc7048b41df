"""What is kept of a directory's page says who read it; older programs do not understand it."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The number alone: with it an older program refuses the ledger (DB-LEDGER-010)."""
