"""How a public number is written: the pattern of §2.

A pattern has ASCII digits, single blanks, `[0-9]`, `{n}` and `( … )` only, so
it stands for texts of one length.  It is unrolled into a template with one
character per position (`D` for any digit) instead of being handed to a regular
expression engine: engines differ in `$`, in digits beyond ASCII and in how long
they take.
"""

from __future__ import annotations

import re

from schemas.errors import DrawbridgeError

LENGTH_LIMIT = 4096
"""Longest value that a pattern may describe, in characters."""

_ANY_DIGIT = "D"
_DIGITS = "0123456789"
_PIECE = re.compile(
    r"(?P<literal>[0-9 ])|(?P<digit>\[0-9\])|(?P<open>\()|(?P<close>\))|\{(?P<count>[1-9][0-9]{0,3})\}"
)


def check_pattern(pattern: str, what: str = "pattern") -> str:
    """The template of a pattern: digits, blanks and `D` for any digit.

    Refuses with DB-DRAW-013 what is no pattern of §2: another character, open or
    empty brackets, a count of zero or with nothing to repeat, no `^` or `$`, two
    blanks in a row, a blank at an end, nothing at all, more than 4,096 positions.
    """
    template = _unroll(pattern[1:-1]) if pattern.startswith("^") and pattern.endswith("$") else None
    if not template or "  " in template or template != template.strip():
        raise DrawbridgeError("DB-DRAW-013", what=what)
    return template


def _unroll(body: str) -> str | None:
    """The template, or None if the body is not well formed or too long."""
    groups: list[list[str]] = [[]]  # what each open bracket holds so far, the outermost first
    position, counted = 0, True  # `counted`: there is nothing that a count could repeat
    while position < len(body):
        piece = _PIECE.match(body, position)
        if piece is None:
            return None
        position = piece.end()
        kind = piece.lastgroup
        if kind == "open":
            groups.append([])
        elif kind == "close":
            if len(groups) == 1 or not groups[-1]:
                return None
            group = "".join(groups.pop())
            groups[-1].append(group)
        elif kind == "count":
            repeated = int(piece["count"])
            if counted or len(groups[-1][-1]) * repeated > LENGTH_LIMIT:
                return None
            groups[-1][-1] *= repeated
        else:
            groups[-1].append(_ANY_DIGIT if kind == "digit" else piece.group())
        counted = kind in ("open", "count")
        if sum(map(len, groups[-1])) > LENGTH_LIMIT:
            return None
    return "".join(groups[0]) if len(groups) == 1 else None


def fits(pattern: str, value: str) -> bool:
    """Whether the whole value is written as the pattern says."""
    template = check_pattern(pattern)
    return len(template) == len(value) and all(
        found in _DIGITS if wanted == _ANY_DIGIT else found == wanted
        for wanted, found in zip(template, value, strict=True)
    )
