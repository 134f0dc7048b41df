"""The single-file verifier against a bare loop that does nothing but hash the same ids.

    python -m bench.single_file_verifier [small|full]

`ours` is `verifier/verify.py` as a program, start and certificate included: it reads the list,
checks it, its digest and its root, and draws again.  The peer is the loop `sha256(key + id)` over
ids that are in memory already, on one core.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from bench.directory import VALUES, directory
from bench.figure import Line, Timing, figure
from draw.compute import compute_objects
from flows.drawing.list_reader import reader_for

PROGRAM = Path(__file__).parents[1] / "verifier" / "verify.py"
SIZES = {"small": (132_000, 1_000_000), "full": (132_000, 10_000_000)}
ROUNDS = {"small": 5, "full": 3}
TARGET = 0.4
ROWS = 10  # of stage `objects` that are ok where the list is given: form to replacements


def run(scale: str) -> Iterator[Line]:
    """A line for each size: objects per second."""
    for size in SIZES[scale]:
        with directory(size) as made:
            certificate = made.path.with_name("certificate.json")
            certificate.write_bytes(compute_objects(made.commitment, VALUES, made.path, read=reader_for()))
            command = [sys.executable, "-I", str(PROGRAM), str(certificate), "--eligible", str(made.path)]
            with made.path.open("rb") as file:
                ids = [line.split(b"\t", 1)[0] for line in file]

            def verify(command: list[str] = command) -> None:
                done = subprocess.run(command, capture_output=True, text=True)
                assert done.returncode == 0, done.stdout + done.stderr
                # All of the draw was checked, the list with it: nothing but what others keep is left out.
                assert done.stdout.count("相符") >= ROWS, done.stdout

            def loop(ids: list[bytes] = ids) -> None:
                key = b"k" * 32
                for one in ids:
                    sha256(key + one).digest()

            timing = Timing({"ours": verify, "hashlib loop": loop}, ROUNDS[scale])
            per_s = {name: size / timing.median(name) for name in timing.seconds}
            yield figure(
                "verifier.single file",
                size,
                per_s["ours"],
                per_s["ours"] / per_s["hashlib loop"],
                TARGET,
                peers={"hashlib loop": per_s["hashlib loop"]},
                timing=timing,
            )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
