"""How much memory a draw takes above an idle process, and whether it grows with the list.

    python -m bench.draw_memory [small|full]

Each draw runs in a process of its own, which reports its peak (VmHWM).  Idle is the same program
with a list of a thousand objects, which needs neither threads nor compiled code.  With one in a
hundred drawn the certificate itself grows with the list; with as many drawn of either list only
the reading could.  MiB: less is better.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.directory import VALUES, Directory, directory
from bench.figure import Line, figure, peak_mb
from draw.compute import compute_objects
from flows.drawing.list_reader import reader_for

SIZES = {"small": (250_000, 1_000_000), "full": (1_000_000, 10_000_000)}
LIMIT_MB = 512
FLAT = 1.15


def peak_of(made: Directory) -> int:
    """The peak of a process that draws, in MiB."""
    beside = made.path.with_suffix(".json")
    beside.write_bytes(made.commitment)
    command = [sys.executable, "-m", "bench.draw_memory", "--draw", str(beside), str(made.path)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def run(scale: str) -> Iterator[Line]:
    """Three lines: either list with 1 % drawn against the limit, and the larger against the smaller."""
    small, large = SIZES[scale]
    with directory(1_000) as made:
        idle = peak_of(made)
    for size in (small, large):
        with directory(size) as made:
            used = peak_of(made) - idle
        yield figure(
            "draw.memory, MiB above idle", size, used, LIMIT_MB / max(used, 1), 1.0, peers={"idle": idle}
        )
    peaks: dict[int, int] = {}
    for size, ratio in ((small, "0.01"), (large, f"{0.01 * small / large:.6f}")):
        with directory(size, ratio) as made:
            peaks[size] = peak_of(made) - idle
    yield figure(
        "draw.memory, times the smaller list's",
        large,
        peaks[large],
        peaks[large] / max(peaks[small], 1),
        FLAT,
        at_most=True,
        peers={f"{small} objects": peaks[small]},
    )


def _draw(commitment: Path, eligible: Path) -> None:
    compute_objects(commitment.read_bytes(), VALUES, eligible, read=reader_for())
    print(peak_mb())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--draw"]:
        _draw(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
            print(json.dumps(line, ensure_ascii=False), flush=True)
