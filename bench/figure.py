"""One figure of a benchmark, and rounds that are measured in turn."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

Line = dict[str, object]


class Timing:
    """Seconds of each contestant, one after the other, round by round."""

    def __init__(
        self, contestants: Mapping[str, Callable[[], object]], rounds: int, *, cpu: bool = False
    ) -> None:
        clock = time.process_time if cpu else time.perf_counter
        self.seconds: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(rounds):
            for name, work in contestants.items():
                gc.collect()
                began = clock()
                work()
                self.seconds[name].append(clock() - began)

    def median(self, name: str) -> float:
        """The contestant's median, in seconds."""
        return statistics.median(self.seconds[name])

    def shown(self) -> dict[str, list[float]]:
        """Minimum and median of each, in seconds."""
        return {
            name: [round(min(all_), 3), round(self.median(name), 3)] for name, all_ in self.seconds.items()
        }


def figure(
    name: str,
    size: int,
    ours: float,
    ratio: float,
    target: float,
    *,
    peers: Mapping[str, float] | None = None,
    limit: float | None = None,
    at_most: bool = False,
    timing: Timing | None = None,
    **more: object,
) -> Line:
    """The line of one figure; `at_most`: the ratio must not be above the target, else not below."""
    line: Line = {
        "name": name,
        "size": size,
        "ours": _rounded(ours),
        "peers": {peer: _rounded(value) for peer, value in (peers or {}).items()},
        "limit": None if limit is None else _rounded(limit),
        "ratio": round(ratio, 3),
        "target": target,
        "met": ratio <= target if at_most else ratio >= target,
        "rss_mb": peak_mb(),
    }
    if timing is not None:
        line["seconds"] = timing.shown()
    return line | more


def _rounded(value: float) -> float:
    return round(value) if abs(value) >= 100 else round(value, 3)


def peak_mb() -> int:
    """The most memory that this process had, in MiB; what its parent had before it does not count."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) >> 10
    return 0
