"""Approvers of a test, with the devices that show their codes."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from ledger.approvers import STEP_S, code_at
from tests.end_to_end.installation import Installation


@dataclass
class Device:
    """What an approver holds in the hand; each code is good once, so it shows those beside it too."""

    approver_id: str
    secret: bytes
    shown: list[int] = field(default_factory=list)

    def code(self) -> str:
        for beside in (1, 0, -1):  # what is shown first is good longest
            at = datetime.now(UTC) + timedelta(seconds=beside * STEP_S)
            step = int(at.timestamp()) // STEP_S
            if step not in self.shown:
                self.shown.append(step)
                return code_at(self.secret, at)
        raise AssertionError("no fresh code within half a minute")

    def options(self) -> tuple[str, ...]:
        return "--by", self.approver_id, "--code", self.code()


def enrol(here: Installation, approver_id: str, role: str, *leave: str) -> Device:
    added = here.call("approver", "add", approver_id, "--role", role, "--json", *leave)
    assert added.code == 0, added.err
    secret = parse_qs(urlsplit(added.document["device"]).query)["secret"][0]
    return Device(approver_id, base64.b32decode(secret))
