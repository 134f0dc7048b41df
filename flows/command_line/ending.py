"""A run that is asked to end: by Ctrl-C, SIGTERM or a closed terminal.

    the first signal     nothing more leaves; what is out is waited for, and that is said at once
    no message out       the run ends as soon as it looks, or is ended after `_GRACE_S`
    a second signal      it is ended at once

To be ended is what a power cut would be: the ledger holds what was done, what was out is an unknown outcome
that the next run asks about before it sends anything.  The work is done in a thread, since the main one alone
hears signals, and would not hear them while it waits for an answer; nor does Prefect, which takes SIGTERM
over wherever a flow runs in the main thread.
"""

from __future__ import annotations

import contextvars
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn, TypeVar

from connectors.profile import load_profile
from flows.command_line.command import INTERRUPTED, tell_interrupted
from flows.settings import load_settings

T = TypeVar("T")

_LOOK_S = 0.2
# What a run that looks needs to write down where it stands, and Prefect to hear of it.
_GRACE_S = 5.0

_asked = threading.Event()
_count_lock = threading.Lock()
_out = 0


def is_asked() -> bool:
    """Whether this process was asked to end."""
    return _asked.is_set()


def end_if_asked() -> None:
    """Raises KeyboardInterrupt if this process was asked to end: between two steps, never within one."""
    if _asked.is_set():
        raise KeyboardInterrupt


def pause(seconds: float) -> None:
    """Sleeps. Raises KeyboardInterrupt as soon as this process is asked to end."""
    if _asked.wait(seconds):
        raise KeyboardInterrupt


def under_way(change: int) -> None:
    """Counts messages that are out: 1 when one is handed to the network, -1 when it is answered."""
    global _out
    with _count_lock:
        _out += change


def ended_in_order(work: Callable[[], T], end: Callable[[], object]) -> T:
    """Does the work; returns what it returns, raises what it raises.

    `end`: what is done before the process is ended in the middle of the work.  Raises KeyboardInterrupt if it
    was asked to end, and did.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    _asked.clear()
    done: Future[T] = Future()

    def doing() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    with _signals_heard(_longest_answer_s(), end) as last_moment:
        thread = threading.Thread(
            target=contextvars.copy_context().run, args=(doing,), name="drawbridge-run", daemon=True
        )
        thread.start()
        while not wait([done], _LOOK_S).done:
            if _asked.is_set() and time.monotonic() >= last_moment():
                _leave(end)
    return done.result()


def _longest_answer_s() -> float:
    """How long a message may be out before its answer is given up, by the interface profile."""
    profile = load_profile(load_settings().profile)
    return max(profile.platform.limits.total_s, profile.publicity.limits.total_s)


@contextmanager
def _signals_heard(longest_s: float, end: Callable[[], object]) -> Iterator[Callable[[], float]]:
    """Hears the signals; gives until when the work is waited for, in seconds of the monotonic clock."""
    asked_at = seen_out_at = 0.0

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal asked_at, seen_out_at
        if _asked.is_set():
            _leave(end)
        asked_at = time.monotonic()
        seen_out_at = asked_at if _out else 0.0
        if _out:
            _say(
                f"收到中断：已发出的 {_out} 批还没有答复，最多等 {longest_s:.0f} 秒，不再发出新的。"
                "再按一次 Ctrl-C 立即结束，同样安全：下次运行先查明这几批的结果，不会重复发出。"
            )
        _asked.set()

    def last_moment() -> float:
        nonlocal seen_out_at
        if _out:
            seen_out_at = time.monotonic()
        return min(asked_at + longest_s, max(asked_at, seen_out_at)) + _GRACE_S

    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    before = {number: signal.getsignal(number) for number in numbers}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup leaves SIGHUP ignored
            signal.signal(number, hear)
    try:
        yield last_moment
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(end: Callable[[], object]) -> NoReturn:
    """Ends this process in the middle of whatever its threads are doing."""
    with suppress(Exception):
        end()
    with suppress(Exception):
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), b"\x1b[?25h")  # the cursor, which a progress bar hides
    tell_interrupted()
    os._exit(INTERRUPTED)


def _say(text: str) -> None:
    """To standard error, past all buffers: a signal may come in the middle of a line."""
    with suppress(OSError, ValueError):
        encoding = sys.stderr.encoding or "utf-8"
        os.write(sys.stderr.fileno(), f"\n{text}\n".encode(encoding, "backslashreplace"))
