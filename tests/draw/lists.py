"""Lists of stage `objects` with a commitment to each, and one change that each must be refused for."""

from __future__ import annotations

import random
from collections.abc import Sequence

from draw.canonical import canonical
from draw.frozen import scan_eligible
from draw.seed import seal

CAMPAIGN, DEPARTMENT, LOTTERY = "130534202405281001", "水务局", "双色球2024061"
VALUES = {DEPARTMENT: "ab" * 32, LOTTERY: "03 08 17 21 26 32 11"}
STRATA = (("高", "0.5"), ("B", "0.1"), ("C 类", "0.03"))
NAMES = [name for name, _ in STRATA]

ODD_IDS = (
    "007", "1e5", "NULL", "'", '"a"', "\\N", "\\", "a b", ",", "清水保〔2023〕1号", "𠮷", "～", "é", "x" * 64,
    "汉" * 21, "x" * 23, "x" * 24, "-", "#", "--", "0x10", "true", "91130534601441071X",
    "=1+1", "%s", "{}", "$1",
)  # fmt: skip


def eligible(count: int, chance: int = 1, odd: Sequence[str] = ODD_IDS) -> bytes:
    """eligible.tsv of `count` random ids of all lengths and of the odd ones."""
    dice = random.Random(chance)
    ids = {f"{dice.randrange(10**9)}{'Z' * dice.randrange(30)}" for _ in range(count)} | set(odd)
    return b"".join(
        f"{one}\t{dice.choices(NAMES, (1, 3, 6))[0]}\t{dice.choice((one, 'U' + one[:20]))}\n".encode()
        for one in sorted(ids)
    )


def commitment(data: bytes, ratio: str = "0.1") -> bytes:
    """The commitment to this list."""
    found = scan_eligible(data, NAMES)
    return canonical(
        {
            "spec": "drawbridge-draw/1",
            "hash": "sha256",
            "stage": "objects",
            "campaign": CAMPAIGN,
            "round": 1,
            "previous": None,
            "reason": None,
            "approved_by": None,
            "frozen_at": "2024-05-28T09:00:00+08:00",
            "reveal_by": "2024-05-29T17:00:00+08:00",
            "contributors": [
                {
                    "id": DEPARTMENT,
                    "kind": "sealed",
                    "commitment": seal(CAMPAIGN, "objects", 1, DEPARTMENT, VALUES[DEPARTMENT]),
                },
                {
                    "id": LOTTERY,
                    "kind": "public",
                    "not_before": "2024-05-30T21:15:00+08:00",
                    "format": "红球升序六个，蓝球一个，以空格分隔",
                    "pattern": "^[0-9]{2}( [0-9]{2}){6}$",
                },
            ],
            "eligible": {"count": found.count, "sha256": found.sha256, "root": found.root},
            "ratio": ratio,
            "strata": [{"name": name, "ratio": share} for name, share in STRATA],
        }
    )


def line(number: int, stratum: str = "B", head: str = "Q") -> bytes:
    """Line `number` (from 0) of `plain`."""
    return f"{head}{number:05d}\t{stratum}\tU{number}\n".encode()


def plain(count: int) -> list[bytes]:
    """Lines that only need to be in order."""
    return [line(number) for number in range(count)]


FAULTS: dict[str, tuple[bytes, str]] = {
    "a carriage return": (b"Q00700x\tB\tU\r\n", "DB-DRAW-030"),
    "an empty line": (b"\n", "DB-DRAW-032"),
    "two columns": (b"Q00700x\tB\n", "DB-DRAW-033"),
    "four columns": (b"Q00700x\tB\tU\tV\n", "DB-DRAW-033"),
    "no column": (b"Q00700x\n", "DB-DRAW-033"),
    "an empty id": (b"\tB\tU\n", "DB-DRAW-001"),
    "an empty stratum": (b"Q00700x\t\tU\n", "DB-DRAW-001"),
    "an empty uscc": (b"Q00700x\tB\t\n", "DB-DRAW-001"),
    "a blank before": (b" Q00700x\tB\tU\n", "DB-DRAW-002"),
    "a blank behind": (b"Q00700x \tB\tU\n", "DB-DRAW-002"),
    "a blank behind the uscc": (b"Q00700x\tB\tU \n", "DB-DRAW-002"),
    "a stratum with a blank": (b"Q00700x\tB \tU\n", "DB-DRAW-002"),
    "not composed": ("Q00700e\u0301\tB\tU\n".encode(), "DB-DRAW-003"),
    "an invisible character": ("Q00700\u200b\tB\tU\n".encode(), "DB-DRAW-004"),
    "a delete": (b"Q00700\x7f\tB\tU\n", "DB-DRAW-004"),
    "a zero byte": (b"Q00700\x00\tB\tU\n", "DB-DRAW-004"),
    "65 bytes": (b"Q00700" + b"x" * 59 + b"\tB\tU\n", "DB-DRAW-005"),
    "a uscc of 65 bytes": (b"Q00700x\tB\t" + b"x" * 65 + b"\n", "DB-DRAW-005"),
    "no UTF-8": (b"Q00700\xff\tB\tU\n", "DB-DRAW-020"),
    "a stratum that is not UTF-8": (b"Q00700x\t\xff\tU\n", "DB-DRAW-020"),
    "the same id": (b"Q00700\tB\tother\n", "DB-DRAW-035"),
    "out of order": (b"Q00699x\tB\tU\n", "DB-DRAW-034"),
    "a beginning of the one before": (b"Q0070\tB\tU\n", "DB-DRAW-034"),
    "an unlisted stratum": (b"Q00700x\tD\tU\n", "DB-DRAW-041"),
    "a stratum that begins like a listed one": ("Q00700x\tC 类x\tU\n".encode(), "DB-DRAW-041"),
}
"""A line that is put behind line 700 (from 0) of `plain`, and the code."""
