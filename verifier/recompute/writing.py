"""How times, ratios and the patterns of public numbers are written (§1, §2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from verifier.recompute.table import Unfit

LONGEST = 4096
"""Longest value that a pattern may stand for, in characters."""

_RATIO = re.compile(r"1|0\.[0-9]{1,6}")
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})([+-])([0-9]{2}):([0-9]{2})"
)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def ratio(text: str) -> Fraction:
    """A ratio as an exact fraction above 0 and up to 1. Raises Unfit."""
    if not _RATIO.fullmatch(text) or not Fraction(text):
        raise Unfit("a ratio", text)
    return Fraction(text)


def moment(text: str) -> int:
    """A time as seconds since 0000-03-01T00:00:00Z in the proleptic Gregorian calendar. Raises Unfit."""
    found = _TIME.fullmatch(text)
    if not found:
        raise Unfit("a time YYYY-MM-DDThh:mm:ss±hh:mm", text)
    year, month, day, hour, minute, second, ahead_h, ahead_m = (
        int(number) for number in found.groups() if number not in "+-"
    )
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    exists = year and 1 <= month <= 12 and 1 <= day <= _DAYS[month - 1] + (leap and month == 2)
    if not exists or hour > 23 or max(minute, second, ahead_m) > 59 or ahead_h > 23:
        raise Unfit("a day and an hour that exist", text)
    ahead = (ahead_h * 60 + ahead_m) * (1 if found[7] == "+" else -1)
    march, since = (month - 3) % 12, year - (month < 3)  # years that begin in March end in the leap day
    days = since * 365 + since // 4 - since // 100 + since // 400 + (153 * march + 2) // 5 + day - 1
    return ((days * 24 + hour) * 60 + minute - ahead) * 60 + second


# --- patterns ---------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"\[0-9\]|[0-9 ()]|\{[1-9][0-9]{0,3}\}")


def pattern_fits(pattern: str, value: str) -> bool:
    """Whether the whole value is what the pattern stands for; no regular expression is built from the
    pattern.

    Raises Unfit for what is no pattern.
    """
    stands_for = _unfolded(pattern)
    return len(value) == len(stands_for) and all(
        one in "0123456789" if wanted == "#" else one == wanted
        for one, wanted in zip(value, stands_for, strict=True)
    )


def _unfolded(pattern: str) -> str:
    """One character for each position of the value, `#` for any digit. Raises Unfit."""
    if len(pattern) < 2 or pattern[0] != "^" or pattern[-1] != "$":
        raise Unfit("a pattern from ^ to $", pattern)
    body = pattern[1:-1]
    tokens = [found.group() for found in _TOKEN.finditer(body)]
    if "".join(tokens) != body:
        raise Unfit("a pattern of digits, blanks, [0-9], {n} and ( … )", pattern)
    left = iter([*tokens, "$"])
    try:
        unfolded, last = _sequence(left)
    except (ValueError, RecursionError):
        raise Unfit("brackets and counts that fit, a value of at most 4096 characters", pattern) from None
    if last != "$" or not unfolded or "  " in unfolded or unfolded.strip(" ") != unfolded:
        raise Unfit("a value with single blanks between digits", pattern)
    return unfolded


def _sequence(tokens: Iterator[str]) -> tuple[str, str]:
    """What a sequence stands for, and the token that ended it: `)` or `$`."""
    parts: list[str] = []
    once = False  # whether the last part may be counted
    for piece in tokens:
        if piece in (")", "$"):
            return _joined(parts), piece
        if piece[0] == "{":
            if not once:
                raise ValueError(piece)
            count = int(piece[1:-1])
            if len(parts[-1]) * count > LONGEST:
                raise ValueError(piece)
            parts[-1] *= count
            once = False
            continue
        if piece == "(":
            inner, end = _sequence(tokens)
            if end != ")" or not inner:
                raise ValueError(piece)
            parts.append(inner)
        else:
            parts.append("#" if piece == "[0-9]" else piece)
        once = True
    raise ValueError("no end")


def _joined(parts: list[str]) -> str:
    if sum(map(len, parts)) > LONGEST:
        raise ValueError("too long")
    return "".join(parts)
