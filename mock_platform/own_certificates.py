"""The documents of a draw that the platform makes itself, by draw-spec.md §2 and §5, from the page alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from mock_platform.canonical_json import canonical, sha256_hex
from mock_platform.draw_intake import seed_of
from mock_platform.own_draw import SPEC
from mock_platform.shanghai_time import iso_time
from mock_platform.world import World

Row = dict[str, Any]
_SHOWN_RESERVES = 10
_NUMBER_FORMAT, _NUMBER_PATTERN = "八个数字", "^[0-9]{8}$"


def begun(
    world: World, stage: str, frozen_at: datetime, reveal_by: datetime, published: datetime, members: Row
) -> Row:
    """Members that both stages' certificates share: commitment, values, seed."""
    number_id = f"省级公共随机数{published:%Y%m%d}-{stage}"
    values = [
        (department.name, world.chance("own-value", stage, department.code).randbytes(32).hex())
        for department in world.plan.departments
    ]
    number = f"{world.chance('own-number', stage).randrange(10**8):08d}"
    contributors: list[Row] = [
        {"id": name, "kind": "sealed", "commitment": _seal(world, stage, name, value)}
        for name, value in values
    ]
    contributors.append(
        {
            "id": number_id,
            "kind": "public",
            "not_before": iso_time(published),
            "format": _NUMBER_FORMAT,
            "pattern": _NUMBER_PATTERN,
        }
    )
    commitment = {
        "spec": SPEC,
        "hash": "sha256",
        "stage": stage,
        "campaign": world.plan.task_id,
        "round": 1,
        "previous": None,
        "reason": None,
        "approved_by": None,
        "frozen_at": iso_time(frozen_at),
        "reveal_by": iso_time(reveal_by),
        "contributors": contributors,
        **members,
    }
    digest = sha256_hex(canonical(commitment).encode())
    contributions = [{"id": name, "value": value} for name, value in [*values, (number_id, number)]]
    return {
        "spec": SPEC,
        "commitment": commitment,
        "commitment_digest": digest,
        "contributions": contributions,
        "seed": seed_of(digest, contributions),
        "corrects": None,
    }


def eligible_members(
    eligible: Sequence[tuple[str, str, str]], ratio: Fraction, strata: Sequence[tuple[str, Fraction]]
) -> Row:
    """What the commitment of stage `objects` says of the frozen list."""
    lines = ["\t".join(row) for row in sorted(eligible, key=lambda row: row[0].encode())]
    return {
        "eligible": {**frozen(lines), "root": merkle_root([line.encode() for line in lines])},
        "ratio": decimal(ratio),
        "strata": [{"name": name, "ratio": decimal(share)} for name, share in strata],
    }


def frozen(lines: Sequence[str]) -> Row:
    """Count and SHA-256 of a frozen file."""
    return {"count": len(lines), "sha256": sha256_hex("".join(f"{line}\n" for line in lines).encode())}


def salted(salt: str, lines: Sequence[str]) -> Row:
    """The same of a file that begins with its salt, which is not counted."""
    return {**frozen([f"salt\t{salt}", *lines]), "count": len(lines)}


def merkle_root(leaves: Sequence[bytes]) -> str:
    """RFC 9162 §2.1.1, hex."""
    if not leaves:
        return hashlib.sha256(b"").hexdigest()
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        paired = [
            hashlib.sha256(b"\1" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)
        ]
        level = paired + ([level[-1]] if len(level) % 2 else [])
    return level[0].hex()


def shown_reserves(reserves: Mapping[str, Sequence[str]], used: set[str]) -> dict[str, list[str]]:
    """The first ten of each stratum, or as many as were used."""
    shown = {}
    for name, ids in reserves.items():
        last_used = max((place + 1 for place, one in enumerate(ids) if one in used), default=0)
        shown[name] = list(ids[: max(_SHOWN_RESERVES, last_used)])
    return shown


def decimal(share: Fraction) -> str:
    """A ratio as draw-spec.md §1 writes it."""
    if share == 1:
        return "1"
    return "0." + f"{share.numerator * 10**6 // share.denominator:06d}".rstrip("0")


def times_before(drawn_at: datetime) -> tuple[datetime, datetime, datetime]:
    """Freeze, end of the reveal, and announcement of the number, on the day before the draw."""
    day = drawn_at.replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=1)
    return day, day.replace(hour=18), day.replace(hour=21, minute=15)


def _seal(world: World, stage: str, name: str, value: str) -> str:
    parts = [f"{SPEC}/contribution", world.plan.task_id, stage, "1", name, value]
    return sha256_hex("\0".join(parts).encode())
