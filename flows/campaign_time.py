"""What time it is for a campaign, where only the books are open.

A real platform lives by the wall clock.  A campaign that a mock of ours plays lives in campaign time: the
mock's clock tells it while the mock runs, and afterwards the newest step of its runs: what people do beside
them, such as enrolling an approver, is recorded by the wall's clock.
"""

from __future__ import annotations

from datetime import datetime

from connectors.campaign_clock import MockClock
from connectors.protocols import SystemUnreachable
from flows.service.own_mock import has_mock
from flows.site import OfflineBooks
from ledger.figures import last_step_at
from schemas.campaign import Campaign


def campaign_time(books: OfflineBooks, campaign: Campaign) -> datetime:
    """The time by which the campaign's legal dates are counted; aware."""
    clock_url = books.settings.clock_url
    if clock_url is not None:
        clock = MockClock(clock_url)
        try:
            return clock.now()
        except SystemUnreachable:
            return _last(books, campaign)
        finally:
            clock.close()
    played = books.settings.platform_url is None and has_mock(books.home, campaign.task_id)
    return _last(books, campaign) if played else books.now()


def _last(books: OfflineBooks, campaign: Campaign) -> datetime:
    with books.ledger.read() as tx:
        return last_step_at(tx, campaign.task_id) or books.now()
