"""Commits that come late: a gateway gave up on a request, and the system behind it has not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mock_platform.fault_kinds import PLAIN, Call, Twist
from mock_platform.refusal import Refusal

if TYPE_CHECKING:
    from mock_platform.world import World

QUERIES = ("getBatch", "getReceipt", "getHeldRecord")
"""Questions about what is held: one of them may be what a late commit waits for."""


@dataclass(eq=False)
class Waiting:
    """One request that will be carried out: when the first of its conditions holds.

    `at_wall`: seconds of the wall's clock; `at_campaign`: campaign time; `looks`: so many more questions, the
    last of which finds it; `after_another`: once another request has stored something at its endpoint;
    `repeats`: so many more repetitions of the very same body.
    """

    call: Call
    twist: Twist
    at_wall: float | None = None
    at_campaign: datetime | None = None
    looks: int | None = None
    after_another: bool = False
    repeats: int | None = None


class Late:
    """What waits to be committed. `wall` may be a test's own clock."""

    def __init__(self) -> None:
        self.wall: Callable[[], float] = time.monotonic
        self._lock = threading.Lock()
        self._waiting: list[Waiting] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def hold_back(
        self,
        call: Call,
        *,
        twist: Twist = PLAIN,
        seconds: float | None = None,
        units: float | None = None,
        looks: int | None = None,
        after_another: bool = False,
        repeats: int | None = None,
    ) -> None:
        """Takes a request over, to be carried out later. `units` are seconds of campaign time.

        A request whose signature is refused is none.
        """
        world = call.world
        if call.signed:
            try:
                with world.turn():
                    request = call.request.as_sent
                    world.gate.admit(request.method, request.target, request.headers, request.body)
            except Refusal:
                return
        waiting = Waiting(
            call,
            twist,
            None if seconds is None else self.wall() + seconds,
            None if units is None else world.now() + timedelta(seconds=units),
            looks,
            after_another,
            repeats,
        )
        with self._lock:
            self._waiting.append(waiting)
        if seconds is not None and self.wall is time.monotonic:
            timer = threading.Timer(seconds + 0.01, self.commit_due, (world,))
            timer.daemon = True
            timer.start()

    def is_waiting(self, body: bytes) -> bool:
        """Whether the very same message still waits."""
        return any(one.call.request.body == body for one in self._waiting)

    def asked(self, world: World, endpoint: str, body: bytes) -> None:
        """A request came: counts questions and repetitions, and commits what is due."""
        with self._lock:
            for one in self._waiting:
                if one.looks is not None and endpoint in QUERIES:
                    one.looks -= 1
                if one.repeats is not None and one.call.request.body == body:
                    one.repeats -= 1
        self.commit_due(world)

    def stored(self, world: World, call: Call) -> None:
        """A request stored something at its endpoint."""
        self._commit(
            world,
            lambda one: (
                one.after_another
                and one.call.endpoint == call.endpoint
                and one.call.request.body != call.request.body
            ),
        )

    def commit_due(self, world: World) -> None:
        """Commits what is due by now; harmless at any time."""
        self._commit(world, lambda one: self._is_due(world, one))

    def _is_due(self, world: World, one: Waiting) -> bool:
        return (
            (one.at_wall is not None and self.wall() >= one.at_wall)
            or (one.at_campaign is not None and world.now() >= one.at_campaign)
            or (one.looks is not None and one.looks <= 0)
            or (one.repeats is not None and one.repeats <= 0)
        )

    def _commit(self, world: World, wanted: Callable[[Waiting], bool]) -> None:
        if not self._waiting:
            return
        with world.turn():
            with self._lock:
                due = [one for one in self._waiting if wanted(one)]
                self._waiting = [one for one in self._waiting if one not in due]
            for one in due:
                with world.faults.twisted(one.twist):
                    try:
                        one.call.perform(world, one.call.request)
                    except Refusal:
                        continue
