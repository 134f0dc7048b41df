"""How fast we may ask: a token bucket, and what `Retry-After` says (RFC 9110 §10.2.3)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime


def retry_after_s(header: str | None, now: float, floor_s: float, cap_s: float) -> float | None:
    """Seconds to wait, from either form of the header, never below `floor_s` nor above `cap_s`.

    `now` is seconds since 1970 as the answering system's clock says. None: no header.  Garbage and a date
    in the past give the floor, a date in 2099 the cap.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        wanted = float(text[:12])
    else:
        try:
            wanted = parsedate_to_datetime(text).timestamp() - now
        except (TypeError, ValueError, OverflowError):
            wanted = floor_s
    return min(max(wanted, floor_s), cap_s)


_TICK_S = 1e-3  # clocks and sleeps differ by so much


class TokenBucket:
    """At most `rate` requests a second in the long run and `burst` at once; thread-safe.

    `hold` stops everybody for a while: what a system asked of one request holds for all of them.
    """

    def __init__(
        self,
        rate: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._burst, self._clock, self._sleep = rate, float(burst), clock, sleep
        self._tokens, self._at = float(burst), clock()
        self._held_until = self._at
        self._lock = threading.Lock()

    def hold(self, seconds: float) -> None:
        """No token is given for that long."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock() + seconds)

    def take(self, patience_s: float) -> float | None:
        """Takes a token, sleeping where needed. If that would last longer than `patience_s`: takes none and
        returns the seconds that are missing; else None."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
            wait = max(self._held_until - now, (1 - self._tokens) / self._rate, 0.0)
            if wait > patience_s:
                return wait
            self._tokens -= 1
        if wait > 0:
            self._sleep(wait)
            with self._lock:
                held_s = self._held_until - self._clock()
            if held_s > _TICK_S:  # asked for while this one slept
                return held_s
        return None
