"""How the list of stage `objects` is read: what is asked of it, and what comes back.

`read_twice` is the plain way, and the check of every other: one reading for count, digest, root and
sizes, one for the lowest tickets.  A reader that is given to `compute.compute_objects` in its
place returns the same, in whatever way it reads (`parts` says how it may be shared out).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from draw import objects
from draw.canonical import Source
from draw.frozen import ELIGIBLE, EligibleList, scan_eligible
from draw.lines import read_lines
from draw.parts import EVERYTHING, Part, Question, bounds_for, enough, lowest_of, root_of
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem


class Request(NamedTuple):
    """What the draw of stage `objects` needs to know about its list.

    `strata` are `(name, ratio)` as listed, `objections` counts those that have to be replaced.
    """

    strata: tuple[tuple[str, str], ...]
    ratio: str
    seed: bytes
    objections: int

    def seats(self, sizes: Mapping[str, int]) -> list[objects.Seats]:
        """The seats of each stratum (§3.2)."""
        return objects.seats([(name, ratio, sizes[name]) for name, ratio in self.strata], self.ratio)

    @property
    def spare(self) -> int:
        """How many reserves each stratum needs at most."""
        return max(objects.RESERVES_SHOWN, self.objections)

    def keep(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """How many of the lowest tickets each stratum needs."""
        return {seat.name: min(seat.size, seat.drawn + self.spare) for seat in self.seats(sizes)}


class Answer(NamedTuple):
    """The list as it was found, and its lowest tickets by stratum, as many as `Request.keep` says."""

    found: EligibleList
    lowest: dict[str, list[objects.Ticket]]


Reader = Callable[[Source, Request], Answer]


def request_of(commitment: Mapping[str, Any], seed: bytes, objections: int) -> Request:
    """The request of a stage-`objects` commitment."""
    strata = tuple((stratum["name"], stratum["ratio"]) for stratum in commitment["strata"])
    return Request(strata, commitment["ratio"], seed, objections)


def read_twice(eligible: Source, request: Request) -> Answer:
    """The plain reader: one process, flat memory, no third-party code.

    Refuses as `frozen.scan_eligible` does, and a file that changed between the readings (DB-DRAW-039).
    """
    found = scan_eligible(eligible, [name for name, _ in request.strata])
    hasher = hashlib.sha256()
    lines = read_lines(eligible, ELIGIBLE, hasher)
    lowest = objects.lowest_tickets(lines, request.seed, request.keep(found.sizes))
    if hasher.hexdigest() != found.sha256:
        raise DrawbridgeError("DB-DRAW-039", name=ELIGIBLE, expected=found.sha256, found=hasher.hexdigest())
    return Answer(found, lowest)


# --- reading in parts ---------------------------------------------------------------------------------

_KEPT_WHOLE_BYTES = 4 << 20
_SAMPLES, _SAMPLE_BYTES = 32, 8 << 10


def first_question(eligible: Source, request: Request) -> Question:
    """The question to begin with: bounds from sizes that a look at some places of the list suggests.

    Of a short list everything is kept.  The same file and request give the same question.
    """
    names = [name for name, _ in request.strata]
    try:
        length = len(eligible) if isinstance(eligible, bytes) else eligible.stat().st_size
        if length <= _KEPT_WHOLE_BYTES:
            return Question(request.seed, dict.fromkeys(names, EVERYTHING))
        sizes = _suggested_sizes(eligible, length, names)
    except OSError as error:
        raise DrawbridgeError(
            "DB-DRAW-028", name=ELIGIBLE, path=str(eligible), problem=problem(error, reading=True)
        ) from None
    return Question(request.seed, bounds_for(request.seats(sizes), request.spare))


def _suggested_sizes(eligible: Source, length: int, names: Sequence[str]) -> dict[str, int]:
    counted: Counter[bytes] = Counter()
    seen = 1
    for sample in range(_SAMPLES):
        at = (length - _SAMPLE_BYTES) * sample // (_SAMPLES - 1)
        part = _bytes_at(eligible, at, _SAMPLE_BYTES)
        lines = part[part.find(b"\n") + 1 : part.rfind(b"\n")]  # whole ones
        seen += len(lines) + 1
        counted.update(
            lines.replace(b"\n", b"\t").split(b"\t")[1::3]
        )  # of three columns, as whoever reads it sees to
    return {name: counted[name.encode()] * length // seen for name in names}


def _bytes_at(source: Source, at: int, size: int) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            file.seek(at)
            return file.read(size)
    return source[at : at + size]


def next_question(question: Question, whole: Part, request: Request) -> Question | None:
    """None if the part that is the whole list kept enough; or the question to put once more, to all of it."""
    keep = request.keep(whole.sizes)
    if enough(whole, keep):
        return None
    exact = bounds_for(request.seats(whole.sizes), request.spare)
    short = {name for name, size in keep.items() if len(whole.kept[name]) < size}
    return Question(
        question.seed,
        {name: EVERYTHING if bound >= exact[name] and name in short else exact[name]
         for name, bound in question.bounds.items()},
    )  # fmt: skip


def answer_of(whole: Part, sha256: str, request: Request) -> Answer:
    """The answer, from the part that is the whole list and has kept enough."""
    found = EligibleList(whole.count, sha256, root_of(whole), whole.sizes)
    return Answer(found, lowest_of(whole, request.keep(whole.sizes)))
