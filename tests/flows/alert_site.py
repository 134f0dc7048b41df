"""An installation whose platform is never asked, with a clock that a test moves and a campaign in its ledger.

Run as a program it looks once and tells the addresses that it is given, so that a test can kill it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from connectors.notifications import channels
from flows.alerts import Told, look
from flows.settings import Settings
from flows.site import SHANGHAI, Site, open_site
from ledger.campaigns import record_stage, register_campaign
from ledger.forms import record_forms
from ledger.results import record_results
from tests.ledger.samples import TASK, campaign, form, later, result

# Results completed on 24 November 2026 have to be public by 22 December.
LAST_DAY = datetime(2026, 12, 22, 9, 0, tzinfo=SHANGHAI)


@dataclass
class Clock:
    """Campaign time and wall time at once."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass
class Desk:
    """A site, its clock, and the addresses of its channels."""

    site: Site
    clock: Clock
    addresses: list[str]

    def look(self, at: datetime | None = None, *, with_chain: bool = True) -> Told:
        """One look, at a time of its own if given."""
        self.clock.at = at or self.clock.at
        return look(self.site, channels(self.addresses), wall=self.clock.now, with_chain=with_chain)

    def stop(self, code: str | None, stage: str = "collect") -> None:
        """Records that a stage has stopped with a code, or goes on."""
        with self.site.ledger.write() as tx:
            record_stage(
                tx, TASK, stage, done=False, facts={}, waiting_for=None, now=self.clock.at, failed=code
            )


def settings(home: Path, database_url: str | None = None, **more: object) -> Settings:
    given = {
        "home": home,
        "database_url": database_url,
        "platform_url": "http://127.0.0.1:9",
        "publicity_url": "http://127.0.0.1:9",
        "app_key": "key",
        "app_secret": "secret",
        **more,
    }
    return Settings.model_validate(given)


@contextmanager
def desk(home: Path, at: datetime, database_url: str | None = None) -> Iterator[Desk]:
    clock = Clock(at)
    with open_site(settings(home, database_url)) as opened:
        yield Desk(replace(opened, connections=replace(opened.connections, clock=clock)), clock, [])


def visited(site: Site, enterprises: int = 3) -> None:
    """A campaign whose enterprises have been visited and nothing of them published."""
    numbers = range(1, enterprises + 1)
    with site.ledger.write() as tx:
        register_campaign(tx, campaign(), later(0))
        record_forms(tx, TASK, [form(number) for number in numbers], later(0))
        record_results(tx, TASK, [result(number) for number in numbers], [], later(1))


if __name__ == "__main__":
    _, home, moment, *addresses = sys.argv
    with desk(Path(home), datetime.fromisoformat(moment)) as opened:
        opened.addresses = addresses
        opened.look()
