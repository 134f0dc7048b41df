"""Wall time for leases, waits and settle windows. Law runs on campaign time, which is passed in beside it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class WallClock(Protocol):
    """The wall's clock; a test gives one that it moves by hand."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Returns after so many seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow, whatever is done to the system's time."""
        ...


class RealClock:
    """The machine's own."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Returns after so many seconds."""
        time.sleep(seconds)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()
