"""Everything that a flow works with, opened from the settings: ledger, connections, clock, folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from connectors.factory import Connections, connect
from connectors.profile import Profile, load_profile
from flows.command_line.ending import pause
from flows.exchange.ledger_mark import begin as begin_mark
from flows.service.home import Home
from flows.settings import LEDGER_FILE, Settings, load_settings
from ledger.campaigns import campaign_of, register_campaign
from ledger.encrypted import read_keys
from ledger.engine import Ledger, open_ledger
from ledger.moving import moved_to
from rules.plan_file import load_campaign
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The source of rows that came from spreadsheets.
IMPORTED = "spreadsheets"
# Where plan files are looked for, in the folder that a command is given in.
PLANS = Path("campaigns")


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
        """Waits on wall time. Raises KeyboardInterrupt once this process is asked to end."""
        pause(seconds)


@contextmanager
def open_books(settings: Settings | None = None) -> Iterator[OfflineBooks]:
    """The ledger without any connection, for commands that work on what is recorded.

    Raises DrawbridgeError DB-APPROVER-020 for a file of keys that is none, and as `open_ledger`.
    """
    settings = settings or load_settings()
    home = Home(settings.home)
    home.folder()
    _refuse_a_lost_file(settings, home)
    ledger = open_ledger(settings.ledger_url, read_keys(settings.key_file))
    try:
        _refuse_a_moved_ledger(ledger)
        _refuse_another_ledger(home, ledger)
        begin_mark(home, ledger)
        yield OfflineBooks(settings, home, ledger, source_of(settings))
    finally:
        ledger.close()


def drawn_campaigns(home: Home) -> dict[str, Path]:
    """The campaigns that were drawn from this folder: task id, and a certificate that shows it."""
    return {path.parent.name: path for path in home.root.glob("*/抽取证书-*.json")}


def _refuse_a_lost_file(settings: Settings, home: Home) -> None:
    """Before the file is made anew: it would be taken for the ledger by whoever looks next.

    Raises DrawbridgeError DB-RUN-029.
    """
    if settings.database_url is None and not (home.root / LEDGER_FILE).exists():
        for certificate in drawn_campaigns(home).values():
            raise DrawbridgeError("DB-RUN-029", path=home.root / LEDGER_FILE, certificate=certificate)


def _refuse_a_moved_ledger(ledger: Ledger) -> None:
    """What was recorded in a ledger that was left behind would be missing in the one that is used.

    Raises DrawbridgeError DB-LEDGER-050.
    """
    with ledger.read() as tx:
        gone = moved_to(tx)
    if gone is not None:
        raise DrawbridgeError("DB-LEDGER-050", place=ledger.place, to=gone[0], at=gone[1])


def _refuse_another_ledger(home: Home, ledger: Ledger) -> None:
    """A ledger that does not know what was drawn from this folder would draw and publish it once more.

    It is empty, or another database: the setting was changed in the middle of a campaign.
    Raises DrawbridgeError DB-RUN-029.
    """
    drawn = drawn_campaigns(home)
    if not drawn:
        return
    with ledger.read() as tx:
        for task_id, certificate in drawn.items():
            if campaign_of(tx, task_id) is None:
                raise DrawbridgeError("DB-RUN-029", path=ledger.place, certificate=certificate)


def source_of(settings: Settings) -> str:
    """The directory in force: as set, else the platform's, else what was imported from spreadsheets."""
    if settings.source is not None:
        return settings.source
    url = (settings.platform_url or "").rstrip("/")  # with and without the slash it is one platform
    return f"{settings.profile}:{url}" if url else IMPORTED


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
        raise DrawbridgeError("DB-CLI-003", path=path, detail=problem(error, reading=True)) from error
    return load_campaign(raw, str(path))


def find_plan(name: str, folder: Path = PLANS) -> Path | None:
    """The plan file called `name`: one that `plan_file_at` finds, or the file of the campaigns folder whose
    task number or short name it is.
    """
    numbered = (path for path, plan in plans_of(folder) if name in (plan.task_id, plan.short_name))
    return plan_file_at(name, folder) or next(numbered, None)


def plan_file_at(name: str, folder: Path = PLANS) -> Path | None:
    """The file called `name`: a path, or a file of the campaigns folder with or without its ending."""
    for candidate in (Path(name), folder / name, folder / f"{name}.yaml", folder / f"{name}.yml"):
        if _is_file(candidate):
            return candidate
    return None


def plans_of(folder: Path = PLANS) -> Iterator[tuple[Path, Campaign]]:
    """The plans of the campaigns folder that can be read, by the names of their files."""
    for path in plan_files(folder):
        with suppress(DrawbridgeError):
            yield path, read_plan(path)


def plan_files(folder: Path = PLANS) -> list[Path]:
    """Every file of the campaigns folder that is called as plans are."""
    return sorted(folder.glob("*.y*ml"))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # longer than a name may be, or in a folder that may not be looked into
        return False


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
