"""When what waits for another system can go on: what it asked for itself, such as a maintenance window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flows.site import SHANGHAI, Books
from ledger.messages import messages_in
from schemas.campaign import Campaign

_SOON = timedelta(minutes=5)
"""A pause that is over by then is nobody's concern."""


def not_before(books: Books, campaign: Campaign, kind: str, wall: datetime | None = None) -> str:
    """`；下次报送不早于 11月24日 18:00`, as an addition to what a stage waits for; empty for a short pause.

    `kind`: of the outbox; `wall`: wall time, by which pauses are counted.
    """
    now = wall or datetime.now(UTC)
    with books.ledger.read() as tx:
        found = messages_in(tx, kind, campaign.task_id, ("ready", "sending"))
    times = [one.next_try_at for one in found if one.next_try_at is not None]
    if not times or min(times) < now + _SOON:
        return ""
    at = min(times).astimezone(SHANGHAI)
    return f"；下次报送不早于 {at.month}月{at.day}日 {at:%H:%M}"
