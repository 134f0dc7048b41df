"""Where alerts go: one channel per address, robots of our own, everything else by apprise.

An address is what the robot's page shows (see `connectors.notification_robots`), or one of apprise's:
`mailtos://user:password@host?to=…`, `json://host/path`, and some hundred more.  An address holds a token or
a password: a channel is named by its kind and a digest of the address, and nothing else of it is shown.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset
from apprise.common import NotifyFormat

from connectors.notification_robots import RobotChannel, is_safe, robot_at
from connectors.protocols import Ambiguous
from schemas.errors import DrawbridgeError

# Its warnings quote tokens that do not fit.
logging.getLogger("apprise").setLevel(logging.CRITICAL)

# apprise's own schemes for the three robots: its answer says nothing of a refusal.
_OURS = frozenset({"dingtalk", "wecombot", "feishu", "lark"})


class NotificationChannel(Protocol):
    """One way to people. `name` tells channels apart and holds no secret."""

    @property
    def name(self) -> str:
        """Kind and digest of the address, such as `dingtalk-3f2a9c01`."""
        ...

    def send(self, title: str, body: str) -> None:
        """Hands over one text. Raises NotSent, Ambiguous or Refused with a code DB-ALERT-002…-004."""
        ...


@dataclass(frozen=True)
class AppriseChannel:
    """An address that apprise serves."""

    name: str
    service: Apprise

    def send(self, title: str, body: str) -> None:
        """See `NotificationChannel`; apprise does not say why, so a failure is always DB-ALERT-003."""
        if not self.service.notify(title=title, body=body, body_format=NotifyFormat.TEXT):
            raise Ambiguous("DB-ALERT-003", channel=self.name)


def channels(addresses: Iterable[str], now: Callable[[], float] = time.time) -> list[NotificationChannel]:
    """The channels of some addresses; opens nothing. `now`: wall time in seconds, for signatures.

    The same address twice is one channel. Raises DrawbridgeError DB-ALERT-001 for an address that cannot
    be used, by its place in the list from 1 on, since the address itself is a secret.
    """
    found: dict[str, NotificationChannel] = {}
    for number, address in enumerate(addresses, 1):
        channel = _channel(address, number, now)
        found.setdefault(channel.name, channel)
    return list(found.values())


def addresses_in(text: str) -> list[str]:
    """The addresses of a setting or a file: separated by white space, lines beginning with # left out."""
    lines = (line.strip() for line in text.splitlines())
    return [address for line in lines if not line.startswith("#") for address in line.split()]


def _channel(address: str, number: int, now: Callable[[], float]) -> NotificationChannel:
    try:
        scheme = urlsplit(address).scheme.lower()
        robot = robot_at(address)
    except ValueError:
        raise DrawbridgeError("DB-ALERT-001", number=number, detail="不是网址") from None
    mark = hashlib.sha256(address.encode()).hexdigest()[:8]
    if robot is not None:
        if not is_safe(address):
            raise DrawbridgeError("DB-ALERT-001", number=number, detail="机器人地址须为 https")
        return RobotChannel(f"{robot.name}-{mark}", robot, address, now)
    if scheme in _OURS:
        detail = "机器人请填其页面上显示的 https 地址"
        raise DrawbridgeError("DB-ALERT-001", number=number, detail=detail)
    service = Apprise(asset=AppriseAsset(app_id="drawbridge", app_desc="drawbridge", async_mode=False))
    if scheme in ("http", "https") or not service.add(address):
        raise DrawbridgeError("DB-ALERT-001", number=number, detail="不认识的渠道")
    return AppriseChannel(f"{scheme}-{mark}", service)
