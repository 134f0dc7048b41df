"""How many records this process has put on the wire to a platform, for the run's summary."""

from __future__ import annotations

_sent = [0]


def add(records: int) -> None:
    """Counts records that were sent."""
    _sent[0] += records


def count() -> int:
    """Records sent since `reset`."""
    return _sent[0]


def reset() -> None:
    """Begins to count anew."""
    _sent[0] = 0
