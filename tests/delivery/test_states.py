"""One state table: what docs/reliability.md shows is what the code works by."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from delivery.states import MOVES, after
from ledger.outbox import STATES
from tests.delivery.conftest import Desk

PROJECT = Path(__file__).resolve().parents[2]


def shown() -> dict[str, tuple[tuple[str, ...], str, str, str]]:
    """The rows of the page's table."""
    text = (PROJECT / "docs" / "reliability.md").read_text("utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.partition("| move | from |")[2].splitlines()[2:]
    ]
    table = {}
    for row in rows:
        if len(row) != 5:
            break
        before = tuple(re.findall(r"`(.+?)`", row[1]))
        table[row[0].strip("`")] = (before, row[2].strip("`"), row[3].strip("`"), row[4])
    return table


def test_the_page_shows_the_table_of_the_code() -> None:
    assert shown() == {name: (move.before, move.after, move.event, move.why) for name, move in MOVES.items()}


def test_every_state_is_entered_and_known() -> None:
    assert {move.after for move in MOVES.values()} == set(STATES)
    assert {state for move in MOVES.values() for state in move.before} <= set(STATES)


def test_a_state_is_written_by_no_other_hand() -> None:
    """Nobody in delivery/ spells the state that an item gets: the table does."""
    spelt = re.compile(r"set_items?\([^()]*(?:\([^()]*\)[^()]*)*state=[\"']")
    for path in sorted((PROJECT / "delivery").glob("*.py")):
        assert spelt.search(path.read_text("utf-8")) is None, path.name


def test_what_the_table_does_not_have_is_a_mistake(sqlite_desk: Desk) -> None:
    sqlite_desk.queue(["A"])
    (item,) = sqlite_desk.items()
    assert after("intend", item) == "sending"
    with pytest.raises(LookupError, match="confirm-absent: A v1 is ready"):
        after("confirm-absent", item)
