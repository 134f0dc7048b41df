"""Campaign time: what the law's clock says, which is not always the wall's.

Against a real platform it is the wall clock.  Against a mock of our own it is read from the mock's
control face, where its people move it on.  Signatures, leases and settle windows use wall time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol

import httpx

from connectors.protocols import SystemUnreachable


class CampaignClock(Protocol):
    """Tells campaign time."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...


class WallClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)


class MockClock:
    """The clock of a mock, at `GET {control_url}/control/clock`."""

    def __init__(self, control_url: str) -> None:
        self._http = httpx.Client(
            base_url=control_url.rstrip("/"), trust_env=False, follow_redirects=False, timeout=10
        )

    def now(self) -> datetime:
        """Aware UTC. Raises SystemUnreachable DB-PLATFORM-029 if the control face gives no time."""
        try:
            answer = self._http.get("/control/clock")
            at = datetime.fromisoformat(answer.json()["now"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise SystemUnreachable("DB-PLATFORM-029", detail=type(error).__name__) from None
        if at.tzinfo is None:
            raise SystemUnreachable("DB-PLATFORM-029", detail="no zone")
        return at.astimezone(UTC)

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()
