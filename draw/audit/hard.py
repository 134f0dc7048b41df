"""What no fair draw can do: checks that need no statistics (draw-spec.md §7.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from draw.audit.listing import Drawn, Listing
from draw.objects import at_least

State = Literal["ok", "failed", "not checked"]
_SHOWN = 5


class Finding(NamedTuple):
    """One check over all draws: how many faults, and the first of them as `(draw, what)`."""

    check: str
    state: State
    faults: int = 0
    examples: tuple[tuple[str, str], ...] = ()


def hard_checks(
    listing: Listing, draws: Sequence[Drawn], *, ratio: str | None = None, minimum: int | None = None
) -> list[Finding]:
    """`inside`: drawn from the list; `once`: nothing twice in a draw; `count`: enough; `serial`.

    `ratio`: decimal fraction of the whole list, as draw-spec.md §1 writes it; `minimum`: a number.
    `serial`: the platform's numbers of the draws run without a gap and without a double.
    """
    known = set(listing.ids)
    outside = [(draw.name, one) for draw in draws for one in draw.ids if one not in known]
    twice = [
        (draw.name, one)
        for draw in draws
        for one, times in Counter(draw.ids).items()
        for _ in range(times - 1)
    ]
    return [
        _found("inside", outside),
        _found("once", twice),
        _count(listing, draws, ratio, minimum),
        _serial(draws),
    ]


def _found(check: str, faults: Sequence[tuple[str, str]]) -> Finding:
    return Finding(check, "failed" if faults else "ok", len(faults), tuple(faults[:_SHOWN]))


def _count(listing: Listing, draws: Sequence[Drawn], ratio: str | None, minimum: int | None) -> Finding:
    if ratio is None and minimum is None:
        return Finding("count", "not checked")
    least = max(at_least(ratio, len(listing.ids)) if ratio else 0, minimum or 0)
    known = set(listing.ids)
    short = [
        (draw.name, f"{n} < {least}") for draw in draws if (n := len(known.intersection(draw.ids))) < least
    ]
    return _found("count", short)


def _serial(draws: Sequence[Drawn]) -> Finding:
    numbers = sorted(draw.serial for draw in draws if draw.serial is not None)
    if len(numbers) < 2 or len(numbers) < len(draws):
        return Finding("serial", "not checked")
    given = set(numbers)
    gone = [n for n in range(numbers[0], min(numbers[-1], numbers[0] + 100_000)) if n not in given]
    doubled = [number for number, times in Counter(numbers).items() if times > 1]
    return _found("serial", [("", str(number)) for number in [*gone, *doubled]])
