"""The office of the month: an installation in this process, three mocks, a robot and a mailbox that count.

Every start opens the installation anew from its settings, as a process of its own would.  Two clocks are
pretended: campaign time is what the mocks are moved to, and what the pipeline takes for wall time (leases,
retries, how long a system has been silent) is the same moment, so that a month passes in minutes.  Signatures
keep real time.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from flows.alerting.metrics import metrics_text
from flows.alerts import look_after_failure
from flows.site import open_site, resolve_campaign
from rules.calendar import SHANGHAI
from schemas.errors import DrawbridgeError
from tests.end_to_end.approvers import Device, WallClock, enrol
from tests.end_to_end.installation import Installation, MockProcess, start_mock
from tests.flows.alert_receiver import Mailbox, Receiver, mailbox, receiver
from tests.month.county_platform import CountyPlatform
from tests.month.plans import COUNTIES, OBJECTS, County, write_plan
from tests.month.timetable import PROJECT, Tick, flow_of

LOOK = "提醒"
_KEY, _SECRET = "key-of-the-tests", "secret-of-the-tests"


@dataclass
class WallOfTheMonth:
    """What the pipeline takes for wall time."""

    at: datetime

    def now(self) -> datetime:
        return self.at.astimezone(UTC)

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"a start waits for {seconds} s")

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass
class Ran:
    """One start: which, how long it took, the code of the error that ended it."""

    tick: Tick
    seconds: float
    code: str | None = None
    result: Any = None


_TITLE = re.compile(r"【双随机】(?P<heading>[^（\n]+)(?P<again>（第 \d+ 次）)?")
_LIMIT = re.compile(
    r"^(?P<campaign>\S+?)：(?P<what>\S+) \d+ 项(?:未完成，期限 |已过期限（)(?P<on>\d+年\d+月\d+日)"
)
_NUMBER = re.compile(r"编号 (?P<number>A\d+)，(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d)")


@dataclass(frozen=True)
class ToldAlert:
    """An alert as it arrived. Of a limit: whose, of what, and which day; else the sentence in `what`."""

    heading: str
    again: bool
    campaign: str
    what: str
    on: date
    number: str
    at: datetime


def read_alert(title: str, body: str) -> ToldAlert | None:
    """What a text says; None: it is a day's digest."""
    head, number = _TITLE.match(title), _NUMBER.search(body)
    if head is None or number is None:
        return None
    limit = _LIMIT.match(body)
    first = body.splitlines()[0].strip()
    campaign, what, day = (
        (limit["campaign"], limit["what"], limit["on"]) if limit else ("", first, "1年1月1日")
    )
    at = datetime.strptime(number["at"], "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)
    year, month, of_month = (int(part) for part in re.findall(r"\d+", day))
    return ToldAlert(
        head["heading"].strip(),
        head["again"] is not None,
        campaign,
        what,
        date(year, month, of_month),
        number["number"],
        at,
    )


@dataclass
class Office:
    """All that the month needs. `ran`: what was started, in order; `looks`: at which of these, and when."""

    folder: Path
    platform: CountyPlatform
    robot: Receiver
    mail: Mailbox
    installation: Installation
    wall: WallOfTheMonth
    codes: WallClock
    ran: list[Ran] = field(default_factory=list)
    looks: list[tuple[float, datetime]] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """Campaign time, in Shanghai."""
        return self.wall.at

    def mock(self, county: County) -> MockProcess:
        return self.platform.mocks[county.task_id]

    def told(self) -> list[ToldAlert]:
        """The alerts that the robot got, in order."""
        texts = (text.split("\n", 1) for text in self.robot.texts)
        return [told for title, body in texts if (told := read_alert(title, body)) is not None]

    def mailed(self) -> list[ToldAlert]:
        """The alerts that came by mail, in order."""
        return [told for title, body in self.mail.mails if (told := read_alert(title, body)) is not None]

    def digests(self) -> tuple[list[str], list[str]]:
        """First lines of the digests: those that the robot got, those that came by mail."""
        of_robot = [text.split("\n", 1)[0] for text in self.robot.texts]
        of_mail = [title.strip() for title, _ in self.mail.mails]
        return (
            [line for line in of_robot if "每日摘要" in line],
            [line for line in of_mail if "每日摘要" in line],
        )

    def move(self, moment: datetime) -> None:
        self.platform.move(moment)
        self.wall.at = moment

    def start(self, tick: Tick) -> Ran:
        """What Prefect does at a start, and its hook where the run fails."""
        self.move(tick.at)
        began = time.monotonic()
        ran = Ran(tick, 0)
        with self.settings():
            try:
                ran.result = asyncio.run(flow_of(tick)())  # type: ignore[arg-type]
            except DrawbridgeError as error:
                ran.code = error.code
                look_after_failure(None, None, None)
                self.looks.append((len(self.ran) + 0.5, tick.at))
        if tick.name == LOOK:
            self.looks.append((len(self.ran), tick.at))
        ran.seconds = time.monotonic() - began
        self.ran.append(ran)
        return ran

    @contextmanager
    def settings(self) -> Iterator[None]:
        with patch.dict(os.environ, self.installation.settings(), clear=True):
            yield

    def register(self, county: County, plan: Path) -> None:
        """A person gives the campaign's plan to the installation."""
        with self.settings(), open_site() as site:
            resolve_campaign(site.ledger, str(plan), site.now())

    def call(self, *arguments: object) -> Any:
        """A command of an operator; its JSON document."""
        ran = self.installation.call(*arguments, "--json")
        assert ran.code in (0, 1), ran.err
        return ran.document if ran.out else None

    def two_approvers(self) -> list[Device]:
        """Enrolled at their first decision."""
        if not self.devices:
            self.devices = [
                enrol(self.installation, "S01", "经办", self.codes),
                enrol(self.installation, "S02", "复核", self.codes),
            ]
        return self.devices

    def metrics(self) -> str:
        with self.settings(), open_site() as site:
            return metrics_text(site)

    def look_in_processes(self, how_many: int) -> None:
        """So many looks at once, each a process of its own."""
        children = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.month.look", self.now.isoformat()],
                cwd=PROJECT,
                env=self.installation.settings(),
            )
            for _ in range(how_many)
        ]
        assert [child.wait(120) for child in children] == [0] * how_many

    def restart_mock(self, county: County, plan: Path) -> None:
        """The platform's process is ended and started again on its state."""
        self.mock(county).end()
        self.platform.replace(county.task_id, _start_mock(self.folder, county, plan))
        self.move(self.now)


def _start_mock(folder: Path, county: County, plan: Path) -> MockProcess:
    # At so small a speed the clock stands still until it is moved, whatever requests wait for.
    place = folder / f"mock-{county.division}"
    return start_mock(place, plan, "--objects", OBJECTS, "--seed", county.seed, "--speed", "1e-9")


@contextmanager
def office(folder: Path, begins: datetime) -> Iterator[tuple[Office, Mapping[str, Path]]]:
    """An opened office and the plan files by task id."""
    folder.mkdir(parents=True, exist_ok=True)
    plans = {county.task_id: write_plan(county, folder) for county in COUNTIES}
    with ExitStack() as open_things:
        mocks = {}
        for county in COUNTIES:
            mocks[county.task_id] = _start_mock(folder, county, plans[county.task_id])
        platform = open_things.enter_context(CountyPlatform(mocks, _KEY, _SECRET))
        open_things.callback(platform.end)
        robot = open_things.enter_context(receiver())
        mail = open_things.enter_context(mailbox())
        wall, codes = WallOfTheMonth(begins), WallClock(datetime.now(UTC))
        addresses = f"{robot.robot} mailto://127.0.0.1:{mail.port}?from=drawbridge@example.org&to=office@example.org&mode=insecure"
        installation = Installation(
            folder / "home",
            {
                "DRAWBRIDGE_PLATFORM_URL": platform.url("platform"),
                "DRAWBRIDGE_PUBLICITY_URL": platform.url("publicity"),
                "DRAWBRIDGE_CLOCK_URL": platform.url("clock"),
                "DRAWBRIDGE_APP_KEY": _KEY,
                "DRAWBRIDGE_APP_SECRET": _SECRET,
                "DRAWBRIDGE_ALERT_URLS": addresses,
                "DRAWBRIDGE_METRICS_FILE": str(folder / "drawbridge.prom"),
            },
        )
        for name, clock in _clocks(wall, codes).items():
            open_things.enter_context(patch(name, clock))
        opened = Office(folder, platform, robot, mail, installation, wall, codes)
        opened.move(begins)
        yield opened, plans


@cache
def _trusted() -> ssl.SSLContext:
    """What httpx trusts, read once: each start opens three clients, and nothing here speaks TLS."""
    return ssl.create_default_context()


def _clocks(wall: WallOfTheMonth, codes: WallClock) -> dict[str, Any]:
    class CampaignClock:
        """What the mocks' clocks say, without asking over HTTP at every turn."""

        def __init__(self, control_url: str) -> None:
            del control_url

        def now(self) -> datetime:
            return wall.now()

        def close(self) -> None:
            pass

    return {
        "flows.exchange.delivering.RealClock": lambda: wall,
        "flows.alerts.wall_clock": wall.now,
        "flows.decisions.approving.wall": codes,
        "connectors.factory.MockClock": CampaignClock,
        # apprise lets five seconds of real time pass between two mails.
        "apprise.url.URLBase.throttle": lambda *_, **__: None,
        "connectors.http._tls": lambda area, ca_file: _trusted(),
    }
