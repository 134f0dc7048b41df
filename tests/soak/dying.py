"""Where a process that delivers dies: at a named point, the n-th time, by its own hand or by SIGKILL.

Points 3 and 4 lie inside a request; they are reached in the socket's own calls, so that half a body
really was sent, or the reply really had arrived, when the process is gone.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpcore

from connectors import deadline


@dataclass(frozen=True)
class Death:
    """`how`: `exit` (os._exit 137, as a container's end) or `kill` (SIGKILL)."""

    point: str
    nth: int = 1
    how: str = "kill"


class Points:
    """Counts the points that this process reaches, and ends it at one of them."""

    def __init__(self, death: Death | None, say: Callable[[str], None]) -> None:
        self._death, self._say = death, say
        self.reached: Counter[str] = Counter()

    def reach(self, point: str) -> None:
        """Says that a point is reached; does not return from the one that was asked for."""
        self.reached[point] += 1
        death = self._death
        if death is None or death.point != point or self.reached[point] != death.nth:
            return
        self._say(point)
        if death.how == "exit":
            os._exit(137)
        os.kill(os.getpid(), signal.SIGKILL)


def watch_the_wire(letter: str, reach: Callable[[str], None], is_body: Callable[[bytes], bool]) -> None:
    """Makes the sockets of this process reach points 3 and 4 of a write."""

    class Stream(deadline._Stream):
        sent_a_body = False

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            if not is_body(buffer):
                super().write(buffer, timeout)
                return
            super().write(buffer[: len(buffer) // 2], timeout)
            reach(f"{letter}3")
            super().write(buffer[len(buffer) // 2 :], timeout)
            self.sent_a_body = True

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            data = super().read(max_bytes, timeout)
            if self.sent_a_body:  # it answers after it committed
                self.sent_a_body = False
                reach(f"{letter}4")
            return data

    class Backend(httpcore.SyncBackend):
        def connect_tcp(self, *arguments: Any, **named: Any) -> httpcore.NetworkStream:
            return Stream(super().connect_tcp(*arguments, **named))

    deadline._Backend = Backend  # type: ignore[assignment,misc]  # _Stream keeps the total deadline
