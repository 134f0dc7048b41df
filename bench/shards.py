"""What sharding costs: two shards computed and merged, against the unsharded draw.

    python -m bench.shards [small|full]

In seconds of processor time, all cores together, since shards are for several machines; times:
less is better. `identical` says whether both certificates were the same byte for byte.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from bench.directory import VALUES, Directory, directory
from bench.figure import Line, Timing, figure
from draw.compute import compute_objects
from flows.drawing.list_reader import reader_for
from flows.drawing.shards import compute_shard, merge_into_certificate

SIZES = {"small": 1_000_000, "full": 10_000_000}
ROUNDS = {"small": 7, "full": 3}
TARGET = 1.1


def sharded(made: Directory, of: int) -> bytes:
    """The certificate by way of shards."""
    files = [
        (str(index), compute_shard(made.commitment, VALUES, made.path, index, of))
        for index in range(1, of + 1)
    ]
    return merge_into_certificate(made.commitment, VALUES, files)


def run(scale: str) -> Iterator[Line]:
    """One line, for two shards."""
    with directory(SIZES[scale]) as made:
        read = reader_for()

        def whole() -> bytes:
            return compute_objects(made.commitment, VALUES, made.path, read=read)

        identical = sharded(made, 2) == whole()
        timing = Timing({"ours": lambda: sharded(made, 2), "unsharded": whole}, ROUNDS[scale], cpu=True)
        line = figure(
            "draw.2 shards, times unsharded",
            made.count,
            timing.median("ours"),
            timing.median("ours") / timing.median("unsharded"),
            TARGET,
            at_most=True,
            peers={"unsharded": timing.median("unsharded")},
            timing=timing,
            identical=identical,
        )
        yield line | {"met": bool(line["met"]) and identical}


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
