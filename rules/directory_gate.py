"""When a directory that was just read must not take the place of the one before: too much of it is missing.

A list that shrinks at once is more often a broken export than that many enterprises that closed, and what
is drawn from it leaves out whoever is missing.  Nothing prescribes how much is too much; the office sets a
percentage.
"""

from __future__ import annotations

FEW = 20
"""So many rows are looked through by hand, whatever their share of a short list: they stop nothing."""


def shrinks_too_much(before: int, now: int, most_percent: int) -> bool:
    """Whether more than `most_percent` in a hundred of the rows `before`, and not FEW, are gone `now`."""
    return before - now > FEW and (before - now) * 100 > before * most_percent


def too_many_refused(read: int, refused: int, most_percent: int) -> bool:
    """Whether more than `most_percent` in a hundred of the rows `read`, and not FEW, cannot be used."""
    return refused > FEW and refused * 100 > read * most_percent
