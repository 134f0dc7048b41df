"""The list, the draws and the teams as plain sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from schemas.errors import DrawbridgeError

Positions = npt.NDArray[np.int64]
"""Where the drawn objects stand in the list, from 0, rising, each once."""


@dataclass(frozen=True)
class Listing:
    """The eligible objects in the platform's order.

    `strata`: the stratum of each object if the draw is made in strata, else None.
    `traits`: name of a trait -> the class of each object (see `draw.audit.traits`).
    """

    ids: Sequence[str]
    strata: Sequence[str] | None = None
    traits: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Drawn:
    """One draw: its name, what was drawn in the order shown, its number in the platform's count if known."""

    name: str
    ids: Sequence[str]
    serial: int | None = None


@dataclass(frozen=True)
class Visit:
    """Who went to an object in which round. No names: whatever code the platform uses for a person."""

    round: str
    object_id: str
    inspectors: frozenset[str]


@dataclass(frozen=True)
class Series:
    """Draws from one list as positions.

    `strata`: the stratum of each position, numbered from 0; all 0 where the draw has none.
    """

    size: int
    strata: npt.NDArray[np.int64]
    draws: tuple[Positions, ...]

    @property
    def stratum_sizes(self) -> tuple[int, ...]:
        """Objects by stratum."""
        return tuple(int(n) for n in np.bincount(self.strata))

    def counts(self, draw: Positions) -> tuple[int, ...]:
        """Drawn by stratum: what a fair draw is held to."""
        return tuple(int(n) for n in np.bincount(self.strata[draw], minlength=len(self.stratum_sizes)))

    @property
    def total(self) -> int:
        """Drawn in all draws together, an object as often as it was drawn."""
        return sum(len(draw) for draw in self.draws)


def place(listing: Listing, draws: Sequence[Drawn]) -> Series:
    """Where the drawn objects stand; those outside the list and second mentions are left to `hard`.

    Raises DrawbridgeError DB-CHANCE-001 (fewer than two objects in the list), -002 (an object twice in the
    list), -003 (no draw, or one without objects), -004 (none of a draw's objects is in the list: another
    list, or another column), -005 (more drawn than there are to draw from).
    """
    if len(listing.ids) < 2:
        raise DrawbridgeError("DB-CHANCE-001", count=len(listing.ids))
    where: dict[str, int] = {}
    for index, object_id in enumerate(listing.ids):
        if where.setdefault(object_id, index) != index:
            raise DrawbridgeError("DB-CHANCE-002", object_id=object_id, line=index + 1)
    if not draws:
        raise DrawbridgeError("DB-CHANCE-003", name="--drawn")
    placed = []
    for draw in draws:
        if not draw.ids:
            raise DrawbridgeError("DB-CHANCE-003", name=draw.name)
        known = {where[one] for one in draw.ids if one in where}
        if not known:
            raise DrawbridgeError("DB-CHANCE-004", name=draw.name, count=len(draw.ids))
        if len(draw.ids) > len(listing.ids):
            raise DrawbridgeError(
                "DB-CHANCE-005", name=draw.name, count=len(draw.ids), eligible=len(listing.ids)
            )
        placed.append(np.array(sorted(known), dtype=np.int64))
    return Series(len(listing.ids), _numbered(listing), tuple(placed))


def _numbered(listing: Listing) -> npt.NDArray[np.int64]:
    if listing.strata is None:
        return np.zeros(len(listing.ids), dtype=np.int64)
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in listing.strata], dtype=np.int64)
