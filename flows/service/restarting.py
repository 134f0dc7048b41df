"""When a process that died is started again: at once, then later and later while it keeps dying young."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.errors import DrawbridgeError

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0
LIVED_S = 60.0
"""Who has lived for so long has not died young."""


@dataclass
class Kept:
    """A process that is kept running.  Times are of one monotonic clock, in seconds.

    `title` is how people call it, `log` where it writes.  `begin` starts it, `running` says whether it runs,
    `say` tells the operator: once when a row of deaths begins, and once when it is over.
    """

    title: str
    log: object
    begin: Callable[[], None]
    running: Callable[[], bool]
    say: Callable[[str], None]
    began_at: float
    _wait_s: float = field(default=0.0, init=False)
    _due_at: float | None = field(default=None, init=False)
    _told: bool = field(default=False, init=False)

    def look(self, now: float) -> None:
        """Starts it again if it is dead and its time has come."""
        if self._due_at is None:
            if self.running():
                self._forget(now)
                return
            self._due_at = self._bury(now)
        if now >= self._due_at:
            self._due_at = None
            self.began_at = now
            try:
                self.begin()
            except DrawbridgeError as error:  # found dead by the next look
                self.say(str(error))

    def _bury(self, now: float) -> float:
        """When it is to be started again."""
        if now - self.began_at >= LIVED_S:
            self._wait_s = 0.0
        due_at = now + self._wait_s
        self._wait_s = min(max(2 * self._wait_s, FIRST_WAIT_S), LONGEST_WAIT_S)
        if not self._told:
            self._told = True
            self.say(f"{self.title}停止了，重新启动；反复停止时会越等越久。原因见 {self.log}。")
        return due_at

    def _forget(self, now: float) -> None:
        if self._told and now - self.began_at >= LIVED_S:
            self._told, self._wait_s = False, 0.0
            self.say(f"{self.title}已恢复。")
