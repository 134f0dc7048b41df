"""How much memory taking a directory over needs above an idle process, and whether it grows with it.

    python -m bench.sync_memory [small|full]

Each pull runs in a process of its own, which reports its peak (VmHWM) and what it had before it asked for the
first page, with everything loaded and the ledger open.  The platform makes its pages as they are asked for.
dlt, where there is one, takes the smaller directory over in the same way.  MiB: less is better.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.delivery import receiver
from bench.figure import Line, figure, peak_mb
from bench.sync import Platform
from bench.sync_peers import dlt_in
from ledger.engine import open_ledger

SIZES = {"small": (20_000, 100_000), "full": (100_000, 3_000_000)}
LIMIT_MB = 120
FLAT = 1.15
_WARM = 1_000
_TIMEOUT_S = 900


def peak_of(port: str, size: int, folder: Path) -> tuple[int, int]:
    """Idle and peak of a process that takes so many rows over, in MiB."""
    command = [sys.executable, "-m", "bench.sync_memory", "--pull", port, str(size), str(folder)]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    idle, peak = json.loads(out.splitlines()[-1])
    return idle, peak


def run(scale: str) -> Iterator[Line]:
    """Either directory against the limit, the larger against the smaller, and dlt."""
    small, large = SIZES[scale]
    used: dict[int, int] = {}
    peaks: dict[int, int] = {}
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as name, ExitStack() as more:
        folder = Path(name)
        port = more.enter_context(receiver(folder, "bench.sync_platform", "READY"))
        dlt = more.enter_context(dlt_in(folder))
        base = f"http://127.0.0.1:{port}/{small}/clean"
        dlt.merge(base, small, f"sqlite:///{folder}/dlt.db", _TIMEOUT_S)
        theirs = {} if dlt.missing else {f"dlt {dlt.version}, {small}": dlt.peak_mb - dlt.idle_mb}
        for size in (small, large):
            idle, peak = peak_of(port, size, folder)
            used[size], peaks[size] = peak - idle, peak
            line = figure(
                "sync.memory, MiB above idle",
                size,
                used[size],
                LIMIT_MB / max(used[size], 1),
                1.0,
                peers={"idle": idle} | (theirs if size == small else {}),
            )
            yield line | ({"not_measured": dlt.missing} if dlt.missing else {})
    yield figure(
        "sync.memory, MiB in all, times the smaller directory's",
        large,
        peaks[large],
        peaks[large] / peaks[small],
        FLAT,
        at_most=True,
        peers={f"{small} rows": peaks[small]},
    )


def _pull(port: str, size: int, folder: Path) -> None:
    with ExitStack() as more:
        ledgers = [open_ledger(f"sqlite:///{folder}/pull-{size}-{one}.db") for one in range(2)]
        Platform(f"http://127.0.0.1:{port}/{_WARM}/clean", more).pull(ledgers[0])
        platform = Platform(f"http://127.0.0.1:{port}/{size}/clean", more)
        idle = peak_mb()
        state = platform.pull(ledgers[1])
        if state.accepted != size:
            raise ValueError(f"not taken over: {state}")
        for ledger in ledgers:
            ledger.close()
    print(json.dumps([idle, peak_mb()]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--pull"]:
        _pull(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
            print(json.dumps(line, ensure_ascii=False), flush=True)
