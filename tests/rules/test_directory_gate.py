"""A directory that lost too much is not used."""

from __future__ import annotations

import pytest

from rules.directory_gate import shrinks_too_much, too_many_refused


@pytest.mark.parametrize(
    ("before", "now", "percent", "stops"),
    [
        (100, 80, 20, False),
        (100, 79, 20, True),
        (100, 130, 20, False),
        (0, 0, 20, False),
        (40, 20, 20, False),  # twenty rows are looked through by hand
        (40, 19, 20, True),
        (132_000, 105_600, 20, False),
        (132_000, 105_599, 20, True),
        (100, 79, 0, True),
        (100, 0, 100, False),
    ],
)
def test_how_much_a_list_may_shrink(before: int, now: int, percent: int, stops: bool) -> None:
    assert shrinks_too_much(before, now, percent) is stops


@pytest.mark.parametrize(
    ("read", "refused", "percent", "stops"),
    [(100, 20, 20, False), (100, 21, 20, True), (0, 0, 20, False), (40, 20, 20, False), (40, 21, 20, True)],
)
def test_how_many_rows_may_be_bad(read: int, refused: int, percent: int, stops: bool) -> None:
    assert too_many_refused(read, refused, percent) is stops
