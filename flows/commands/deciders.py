"""What every command of an approver begins with: books, campaign, and the role that the code proves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flows.commands.resume import settings_for
from flows.decisions.approving import role_of
from flows.decisions.deciding import campaign_called
from flows.site import OfflineBooks, open_books
from schemas.campaign import Campaign


@contextmanager
def decided_by(name: str, approver_id: str, code: str) -> Iterator[tuple[OfflineBooks, Campaign, str]]:
    """Opens the books of the campaign called `name` for an approver; gives books, campaign and role.

    Raises DrawbridgeError DB-CLI-002 for an unknown campaign, then as `role_of` does.
    """
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        yield books, campaign, role_of(books.ledger, approver_id, code)
