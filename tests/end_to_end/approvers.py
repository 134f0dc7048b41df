"""Approvers of a test, with the devices that show their codes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from ledger.approvers import STEP_S, code_at
from tests.end_to_end.installation import Installation


@dataclass
class WallClock:
    """The time by which codes are judged in this process; whoever waits for the next code moves it on."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def next_code(self) -> datetime:
        self.at += timedelta(seconds=STEP_S)
        return self.at


@dataclass
class Device:
    """What an approver holds in the hand. A code is good once: whoever needs another waits for it."""

    approver_id: str
    secret: bytes
    now: Callable[[], datetime]

    def code(self) -> str:
        return code_at(self.secret, self.now())

    def options(self) -> tuple[str, ...]:
        return "--by", self.approver_id, "--code", self.code()


def enrol(here: Installation, approver_id: str, role: str, clock: WallClock | None = None) -> Device:
    """Enrols an approver; without a clock the device shows the code of this very moment."""
    added = here.call("approver", "add", approver_id, "--role", role, "--json")
    assert added.code == 0, added.err
    secret = parse_qs(urlsplit(added.document["device"]).query)["secret"][0]
    now = (lambda: datetime.now(UTC)) if clock is None else clock.next_code
    return Device(approver_id, base64.b32decode(secret), now)
