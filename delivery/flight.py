"""Messages on their way: their intents are committed, their answers not recorded yet.

As many are sent side by side as the profile allows (`Capability.at_once`); only the exchange itself is done
by other threads, everything about the ledger by the caller's.  What is answered is handed back once
`Policy.record_within_s` have passed, so that it is recorded while slower ones are still out.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from connectors.faults import FAULTS
from connectors.protocols import Ambiguous, NotSent, Refused
from delivery.answers import HELD_BACK, fits
from delivery.run import Run
from ledger.messages import Message
from schemas.publication import Receipt

_LOOK_S = 1.0

Members = Sequence[tuple[str, int]]
"""Key and version of what is in a message."""


@dataclass(frozen=True)
class Landed:
    """What came of one send: the receipt of these very bytes, or the error."""

    message: Message
    members: Members
    receipt: Receipt | None
    error: NotSent | Refused | Ambiguous | None

    def count(self, run: Run) -> None:
        """Counts its records, if anything of it may have reached the other side."""
        if not isinstance(self.error, NotSent):
            run.on_the_wire(len(self.members))


def exchange(run: Run, message: Message, members: Members) -> Landed:
    """Hands the message to the network, once."""
    run.hooks.under_way(1)
    try:
        receipt = run.channel.send(message.batch_no, message.body)
        if not fits(message, members, receipt):
            raise Ambiguous("DB-DELIVERY-021")
    except (NotSent, Refused, Ambiguous) as error:
        return Landed(message, members, None, error)
    finally:
        run.hooks.under_way(-1)
    return Landed(message, members, receipt, None)


def speaks_of_another(error: Ambiguous) -> bool:
    """Whether the other side answered about this number, but not with the receipt of these bytes."""
    numbers = (FAULTS["duplicate"].number, FAULTS["receipt"].number)
    return error.code == "DB-DELIVERY-021" or error.code.rpartition("-")[2] in numbers


class Flight:
    """A window of messages under way."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._waiting: deque[tuple[Message, Members]] = deque()
        self._out: set[Future[Landed]] = set()
        self._at_once = min(run.channel.capability.at_once, run.window)
        self._pool: ThreadPoolExecutor | None = None
        self._answered_in_s = 0.0
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    @property
    def open(self) -> int:
        """How many messages are not answered yet."""
        return len(self._waiting) + len(self._out)

    def launch(self, messages: Sequence[tuple[Message, Members]]) -> None:
        """Takes on messages whose intents were just committed."""
        self._waiting.extend(messages)

    def landed(self) -> list[Landed]:
        """Waits until something can be recorded; empty only if nothing is open.

        Once one was not answered as it should be, what has not left yet comes back as not sent.
        """
        is_slow = self._answered_in_s >= self._run.policy.worth_a_thread_s
        if self._pool is None and self._at_once > 1 and is_slow:
            self._pool = ThreadPoolExecutor(self._at_once, "drawbridge-send")
        done = self._in_turn() if self._pool is None else self._side_by_side(self._pool)
        for one in done:
            one.count(self._run)
            self._stopped = self._stopped or isinstance(one.error, NotSent | Ambiguous)
        return done

    def _in_turn(self) -> list[Landed]:
        done: list[Landed] = []
        began = self._run.clock.monotonic()
        while self._waiting:
            message, members = self._waiting.popleft()
            if self._is_stopped:
                done.append(_held_back(message, members))
                continue
            self._before()
            sent_at = time.perf_counter()
            done.append(exchange(self._run, message, members))
            self._answered_in_s = time.perf_counter() - sent_at
            late = self._run.clock.monotonic() - began >= self._run.policy.record_within_s
            if late or done[-1].error is not None:
                break
        return done

    def _side_by_side(self, pool: ThreadPoolExecutor) -> list[Landed]:
        done: list[Landed] = []
        ends_at = time.monotonic() + self._run.policy.record_within_s
        while True:
            while self._waiting and (self._is_stopped or len(self._out) < self._at_once):
                message, members = self._waiting.popleft()
                if self._is_stopped:
                    done.append(_held_back(message, members))
                else:
                    self._before()
                    self._out.add(pool.submit(exchange, self._run, message, members))
            left_s = ends_at - time.monotonic()
            if not self._out or (done and (left_s <= 0 or not self._waiting)):
                return done
            finished, self._out = wait(self._out, max(left_s, 0.0) if done else _LOOK_S, FIRST_COMPLETED)
            done += [future.result() for future in finished]
            self._run.keep_lease()
            if any(one.error is not None for one in done):
                return done

    @property
    def _is_stopped(self) -> bool:
        """Whether nothing more leaves; the wait that a fault asks for may be over before it is recorded."""
        return self._stopped or self._run.is_held or self._run.hooks.is_ending()

    def _before(self) -> None:
        self._run.keep_lease()
        self._run.reach(2)


def _held_back(message: Message, members: Members) -> Landed:
    return Landed(message, members, None, NotSent(HELD_BACK))
