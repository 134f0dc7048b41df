"""Drawing from a list of any size: the certificate of stage `objects` against samples that nobody can check.

    python -m bench.draw_objects [small|full]

`ours` reads the list, checks every line and its digest, hashes every id, and returns the whole
certificate; without the Merkle tree (`merkle` says what that costs) and, in a line of its own, with it.
The peers read the same file and return as many ids of each of the four strata: DuckDB with one `USING
SAMPLE reservoir` per stratum, numpy with one `choice` without replacement per stratum, and tickets in a
plain loop of hashlib.  DuckDB without strata, one reservoir over the file, is shown too: it does not do
this job, since the sizes drawn in the strata would be left to chance.

The limit is OpenSSL's SHA-256 of 64-byte messages, called by `hashlib` in two processes; `openssl speed`,
which does nothing else, is shown beside it.
"""

from __future__ import annotations

import heapq
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context

import duckdb
import numpy as np

from bench.directory import NAMES, VALUES, Directory, directory
from bench.figure import Line, Timing, figure
from bench.merkle import without_tree
from draw.compute import compute_objects
from flows.drawing.list_reader import reader_for

SIZES = {"small": (132_000, 1_000_000), "full": (132_000, 10_000_000)}
ROUNDS = {"small": 5, "full": 3}
TARGET, OF_THE_LIMIT = 1.2, 0.6
_SAMPLE = "SELECT object_id FROM stratum USING SAMPLE reservoir({count} ROWS)"
_COLUMNS = {"object_id": "VARCHAR", "stratum": "VARCHAR", "uscc": "VARCHAR"}


def by_duckdb(made: Directory, drawn: dict[str, int]) -> list[str]:
    """Ids, the right number from each stratum; one query per stratum."""
    with duckdb.connect(":memory:") as engine:
        ids: list[str] = []
        rows = engine.read_csv(
            str(made.path), sep="\t", header=False, quotechar="", escapechar="", columns=_COLUMNS
        )
        for name, count in drawn.items():
            stratum = rows.filter(f"stratum = '{name}'")
            sample = stratum.query("stratum", _SAMPLE.format(count=count))
            ids += [one for (one,) in sample.fetchall()]
        return ids


def by_duckdb_without_strata(made: Directory, drawn: dict[str, int]) -> list[str]:
    """Ids, from anywhere in the list."""
    with duckdb.connect(":memory:") as engine:
        rows = engine.read_csv(
            str(made.path), sep="\t", header=False, quotechar="", escapechar="", columns=_COLUMNS
        )
        sample = rows.query("rows", _SAMPLE.format(count=sum(drawn.values())).replace("stratum", "rows"))
        return [one for (one,) in sample.fetchall()]


def by_numpy(made: Directory, drawn: dict[str, int]) -> list[bytes]:
    """Ids, the right number from each stratum, by numpy's generator."""
    dice = np.random.default_rng(7)
    lines = made.path.read_bytes().split(b"\n")[:-1]
    strata = np.array([line.split(b"\t", 2)[1] for line in lines])
    return [
        lines[place].split(b"\t", 1)[0]
        for name, count in drawn.items()
        for place in dice.choice(np.flatnonzero(strata == name.encode()), count, replace=False).tolist()
    ]


def by_hashlib(made: Directory, drawn: dict[str, int]) -> list[tuple[bytes, bytes]]:
    """Tickets in a plain loop on one core, nothing checked and no root."""
    key, tickets = b"k" * 32, {name.encode(): list[tuple[bytes, bytes]]() for name in NAMES}
    with made.path.open("rb") as file:
        for line in file:
            object_id, stratum, _ = line.split(b"\t", 2)
            tickets[stratum].append((sha256(key + object_id).digest(), object_id))
    return [one for name, count in drawn.items() for one in heapq.nsmallest(count, tickets[name.encode()])]


def _hash_for(seconds: float) -> float:
    """Hashes a second of a loop over one message of 64 bytes."""
    text, done, began = b"k" * 64, 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for _ in range(10_000):
            sha256(text).digest()
        done += 10_000
    return done / (time.perf_counter() - began)


def hashes_per_s() -> float:
    """OpenSSL's SHA-256 as `hashlib` has it, 64-byte messages, in two processes at once."""
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        list(pool.map(_hash_for, [0.1, 0.1]))  # both have started
        return sum(pool.map(_hash_for, [1.0, 1.0]))


def openssl_per_s() -> float | None:
    """The same without Python: two processes of `openssl speed`; None where there is none."""
    program = shutil.which("openssl")
    if program is None:
        return None
    command = [program, "speed", "-elapsed", "-multi", "2", "-seconds", "1", "-bytes", "64", "-evp", "sha256"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^sha256\s+([0-9.]+)k\s*$", shown, re.MULTILINE | re.IGNORECASE)
    return float(found[1]) * 1000 / 64 if found else None


def run(scale: str) -> Iterator[Line]:
    """For each size: without and with the root, against the peers; without it, against the hash itself."""
    for size in SIZES[scale]:
        with directory(size) as made:
            yield from _figures(made, ROUNDS[scale] if size > 500_000 else 7)


def _figures(made: Directory, rounds: int) -> Iterator[Line]:
    read = reader_for("auto")

    def ours() -> bytes:
        return compute_objects(made.commitment, VALUES, made.path, read=read)

    drawn = {one["name"]: one["drawn"] for one in json.loads(ours())["strata"]}  # and the code is compiled
    contestants = {
        "ours": lambda: without_tree(made),
        "with the root": ours,
        "duckdb": lambda: by_duckdb(made, drawn),
        "numpy": lambda: by_numpy(made, drawn),
        "duckdb without strata": lambda: by_duckdb_without_strata(made, drawn),
        "hashlib loop": lambda: by_hashlib(made, drawn),
    }
    timing = Timing(contestants, rounds)
    per_s = {name: made.count / timing.median(name) for name in contestants}
    bare, whole = per_s.pop("ours"), per_s.pop("with the root")
    fastest, limit, openssl = max(per_s["duckdb"], per_s["numpy"]), hashes_per_s(), openssl_per_s()
    for name, mine in (("draw.objects", bare), ("draw.objects, Merkle root included", whole)):
        yield figure(name, made.count, mine, mine / fastest, TARGET, peers=per_s, limit=limit, timing=timing)
    yield figure(
        "draw.objects, of what the hash allows",
        made.count,
        bare,
        bare / limit,
        OF_THE_LIMIT,
        peers={"openssl speed": openssl} if openssl else {},
        limit=limit,
    )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
