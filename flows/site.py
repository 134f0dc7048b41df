"""Everything that a flow works with, opened from the settings: ledger, connections, clock, folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from connectors.factory import Connections, connect
from connectors.profile import Profile, load_profile
from flows.home import Home
from flows.ledger_mark import begin as begin_mark
from flows.settings import LEDGER_FILE, Settings, load_settings
from ledger.campaigns import campaign_of, register_campaign
from ledger.engine import Ledger, open_ledger
from rules.plan_file import load_campaign
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The source of rows that came from spreadsheets.
IMPORTED = "spreadsheets"


class Books(Protocol):
    """What can be read and recorded without any connection to an outside system."""

    @property
    def home(self) -> Home:
        """The folder of the installation."""
        ...

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        ...

    @property
    def source(self) -> str:
        """The directory that rows come from."""
        ...

    def now(self) -> datetime:
        """The time of record, in Asia/Shanghai."""
        ...


@dataclass(frozen=True)
class OfflineBooks:
    """Books without connections: what is recorded now has the wall clock's time."""

    settings: Settings
    home: Home
    ledger: Ledger
    source: str

    def now(self) -> datetime:
        """Wall time, in Asia/Shanghai."""
        return datetime.now(SHANGHAI)


@dataclass(frozen=True)
class Site:
    """An opened installation. `source` names the directory that rows come from."""

    settings: Settings
    home: Home
    ledger: Ledger
    profile: Profile
    connections: Connections
    source: str

    def now(self) -> datetime:
        """Campaign time, in Asia/Shanghai."""
        return self.connections.clock.now().astimezone(SHANGHAI)

    def sleep(self, seconds: float) -> None:
        """Waits on wall time."""
        time.sleep(seconds)


@contextmanager
def open_books(settings: Settings | None = None) -> Iterator[OfflineBooks]:
    """The ledger without any connection, for commands that work on what is recorded."""
    settings = settings or load_settings()
    home = Home(settings.home)
    home.folder()
    _refuse_a_lost_ledger(settings, home)
    ledger = open_ledger(settings.ledger_url)
    try:
        begin_mark(home, ledger)
        yield OfflineBooks(settings, home, ledger, source_of(settings))
    finally:
        ledger.close()


def _refuse_a_lost_ledger(settings: Settings, home: Home) -> None:
    """A folder with certificates in it has had a ledger: a new, empty one would pass for the truth.

    Raises DrawbridgeError DB-RUN-029.
    """
    if settings.database_url is None and not (home.root / LEDGER_FILE).exists():
        held = next(home.root.glob("*/抽取证书-*.json"), None)
        if held is not None:
            raise DrawbridgeError("DB-RUN-029", path=home.root / LEDGER_FILE, certificate=held)


def source_of(settings: Settings) -> str:
    """The directory in force: as set, else the platform's, else what was imported from spreadsheets."""
    if settings.source is not None:
        return settings.source
    return f"{settings.profile}:{settings.platform_url}" if settings.platform_url else IMPORTED


def require_platform(settings: Settings) -> None:
    """Raises DrawbridgeError DB-SET-002 if an address, key or secret of the outside systems is missing."""
    for name in ("platform_url", "publicity_url", "app_key"):
        if getattr(settings, name) is None:
            raise DrawbridgeError("DB-SET-002", name=f"DRAWBRIDGE_{name.upper()}")
    settings.secret  # noqa: B018 - as much as reading it


@contextmanager
def open_site(settings: Settings | None = None) -> Iterator[Site]:
    """Opens what the settings name; closes it afterwards.

    Raises DrawbridgeError DB-SET-002 if an address, key or secret is missing.
    """
    settings = settings or load_settings()
    require_platform(settings)
    profile = load_profile(settings.profile)
    with open_books(settings) as books:
        connections = connect(
            profile,
            platform_url=str(settings.platform_url),
            publicity_url=str(settings.publicity_url),
            app_key=str(settings.app_key),
            app_secret=settings.secret,
            ca_file=settings.ca_file,
            clock_url=settings.clock_url,
        )
        try:
            yield Site(settings, books.home, books.ledger, profile, connections, books.source)
        finally:
            connections.close()


def read_plan(path: Path) -> Campaign:
    """A plan file as a campaign. Raises DrawbridgeError DB-CLI-003 or DB-PLAN-…."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DrawbridgeError("DB-CLI-003", path=path, detail=error.strerror) from error
    return load_campaign(raw, str(path))


def find_plan(name: str, folder: Path = Path("campaigns")) -> Path | None:
    """The plan file called `name`: a path, or a file of the campaigns folder with or without its ending."""
    for candidate in (Path(name), folder / name, folder / f"{name}.yaml", folder / f"{name}.yml"):
        if candidate.is_file():
            return candidate
    return None


def resolve_campaign(ledger: Ledger, name: str, now: datetime) -> Campaign:
    """The campaign called `name`: of the ledger, or of a plan file, which is then registered.

    Raises DrawbridgeError DB-CLI-002 if there is none, DB-RUN-006 if the file differs from the plan
    that the campaign was begun with.
    """
    with ledger.read() as tx:
        known = campaign_of(tx, name)
    if known is not None:
        return known
    path = find_plan(name)
    if path is None:
        raise DrawbridgeError("DB-CLI-002", name=name)
    campaign = read_plan(path)
    with ledger.write() as tx:
        recorded = register_campaign(tx, campaign, now)
    if recorded != campaign:
        raise DrawbridgeError("DB-RUN-006", task_id=campaign.task_id)
    return recorded
