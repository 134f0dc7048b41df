"""The campaign clock and the agenda: who does what at which moment of campaign time.

At speed `max` the clock stands still until a request waits for something that an act will
bring; then the acts up to that one happen at once and the clock is at its moment.  With a
number X the clock runs X times wall time and acts happen when they are due.
"""

from __future__ import annotations

import bisect
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from mock_platform.shanghai_time import iso_time

Speed = float | Literal["max"]


@dataclass
class Act:
    """One planned act. `topics` name what it brings to those who wait; `data` is what it needs."""

    id: int
    at: datetime
    kind: str
    who: str
    what: str
    topics: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it is kept in the state file."""
        return {**asdict(self), "at": iso_time(self.at), "topics": list(self.topics)}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Act:
        """From the state file."""
        return cls(**{**row, "at": datetime.fromisoformat(row["at"]), "topics": tuple(row["topics"])})


class CampaignClock:
    """Campaign time, Asia/Shanghai, to the second; never goes back."""

    def __init__(self, start: datetime, speed: Speed) -> None:
        self.speed: Speed = speed
        self._moment, self._wall = start, time.monotonic()

    def now(self) -> datetime:
        """The moment it is in the campaign."""
        if self.speed == "max":
            return self._moment
        passed = timedelta(seconds=(time.monotonic() - self._wall) * self.speed)
        return (self._moment + passed).replace(microsecond=0)

    def set(self, moment: datetime) -> None:
        """Moves on to a later moment; an earlier one is ignored."""
        if moment > self.now():
            self._moment, self._wall = moment, time.monotonic()


class Agenda:
    """The acts that are still to come, in order of moment, then of planning."""

    def __init__(self) -> None:
        self._acts: list[Act] = []
        self._topics: Counter[str] = Counter()
        self.changed: dict[int, Act | None] = {}

    def __iter__(self) -> Iterator[Act]:
        return iter(self._acts)

    def __len__(self) -> int:
        return len(self._acts)

    def add(self, act: Act) -> None:
        """Plans an act."""
        bisect.insort(self._acts, act, key=lambda one: (one.at, one.id))
        self._topics.update(act.topics)
        self.changed[act.id] = act

    def pop_due(self, until: datetime) -> Act | None:
        """Takes out the next act if its moment is not later than `until`."""
        if not self._acts or self._acts[0].at > until:
            return None
        return self._taken(self._acts.pop(0))

    def cancel(self, unwanted: Callable[[Act], bool]) -> None:
        """Takes out the acts that will not happen."""
        for act in [one for one in self._acts if unwanted(one)]:
            self._acts.remove(act)
            self._taken(act)

    def _taken(self, act: Act) -> Act:
        self._topics.subtract(act.topics)
        self.changed[act.id] = None
        return act

    def next_for(
        self, topics: Collection[str], counts: Callable[[Act], bool], whole_day: bool = False
    ) -> datetime | None:
        """When the next act on one of the topics happens (`whole_day`: that day's last); None: never."""
        if not any(self._topics[topic] > 0 for topic in topics):
            return None
        found: datetime | None = None
        for act in self._acts:
            if found is not None and (not whole_day or act.at.date() > found.date()):
                break
            if not set(act.topics).isdisjoint(topics) and counts(act):
                found = act.at
        return found
