"""When a directory that was just read must not take the place of the one before: too much of it is missing.

A list that shrinks at once is more often a broken export than that many enterprises that closed, and what
is drawn from it leaves out whoever is missing.  Nothing prescribes how much is too much; the office sets a
percentage.
"""

from __future__ import annotations


def shrinks_too_much(before: int, now: int, most_percent: int) -> bool:
    """Whether more than `most_percent` in a hundred of the rows accepted `before` are gone `now`."""
    return (before - now) * 100 > before * most_percent


def too_many_refused(read: int, refused: int, most_percent: int) -> bool:
    """Whether more than `most_percent` in a hundred of the rows `read` cannot be used."""
    return refused * 100 > read * most_percent
