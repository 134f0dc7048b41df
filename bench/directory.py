"""A directory of any size, made up: 18-character codes, four strata, a tenth with other columns to check."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from draw.canonical import canonical
from draw.parts import EVERYTHING, Question
from draw.parts import root_of as root_of_part
from draw.seed import seal
from flows.drawing.list_reader import read_lines_of

NAMES = ("A", "B", "C", "D")
_SHARES = (0.6, 0.25, 0.1, 0.05)
VALUES = {"department": "ab" * 32, "lottery": "03 08 17 21 26 32 11"}
_CAMPAIGN = "130534202405281001"


@dataclass(frozen=True)
class Directory:
    """A list with its commitment."""

    path: Path
    count: int
    commitment: bytes


@contextmanager
def directory(count: int, ratio: str = "0.01") -> Iterator[Directory]:
    """`count` objects, of which `ratio` of each stratum is drawn; gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as folder:
        path = Path(folder) / "eligible.tsv"
        write_list(path, count)
        yield Directory(path, count, commitment_to(path, ratio))


def write_list(path: Path, count: int) -> None:
    """The list; the same bytes for the same count."""
    dice = np.random.default_rng(1)
    with path.open("wb", buffering=1 << 20) as file:
        for start in range(0, count, 500_000):
            size = min(500_000, count - start)
            strata = dice.choice(len(NAMES), size, p=_SHARES).tolist()
            file.write(
                b"".join(
                    b"9113%013dX\t%c\t9113%013dX\n" % (number, ord("A") + stratum, number)
                    for number, stratum in zip(range(7 * start, 7 * (start + size), 7), strata, strict=True)
                )
            )


def commitment_to(path: Path, ratio: str) -> bytes:
    """The commitment to a list."""
    nothing_kept = Question(bytes(32), dict.fromkeys(NAMES, 0))
    whole, sha256 = read_lines_of(path, nothing_kept, 0, None, whole_digest=True)
    assert sum(whole.sizes.values()) == whole.count
    sealed = seal(_CAMPAIGN, "objects", 1, "department", VALUES["department"])
    return canonical(
        {
            "spec": "drawbridge-draw/1",
            "hash": "sha256",
            "stage": "objects",
            "campaign": _CAMPAIGN,
            "round": 1,
            "previous": None,
            "reason": None,
            "approved_by": None,
            "frozen_at": "2024-05-28T09:00:00+08:00",
            "reveal_by": "2024-05-29T17:00:00+08:00",
            "contributors": [
                {"id": "department", "kind": "sealed", "commitment": sealed},
                {
                    "id": "lottery",
                    "kind": "public",
                    "not_before": "2024-05-30T21:15:00+08:00",
                    "format": "seven numbers",
                    "pattern": "^[0-9]{2}( [0-9]{2}){6}$",
                },
            ],
            "eligible": {"count": whole.count, "sha256": sha256, "root": root_of_part(whole)},
            "ratio": ratio,
            "strata": [{"name": name, "ratio": ratio} for name in NAMES],
        }
    )


def keep_everything() -> dict[str, int]:
    """Bounds that keep every ticket."""
    return dict.fromkeys(NAMES, EVERYTHING)


def scale() -> str:
    """SCALE: small or full."""
    return os.environ.get("SCALE", "small")
