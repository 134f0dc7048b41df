"""The end of the chain that an installation's folder remembers, and what of a chain that lacks it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from delivery.hooks import point
from flows.exchange.delivering import hooks_for
from flows.exchange.ledger_mark import MARK, begin, observe
from flows.service.home import Home
from ledger.audit import append
from ledger.engine import Ledger, open_ledger
from schemas.errors import DrawbridgeError

NOW = datetime(2024, 6, 3, 2, tzinfo=UTC)


@contextmanager
def opened(path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{path}")
    try:
        yield ledger
    finally:
        ledger.close()


def happens(ledger: Ledger, what: str) -> None:
    with ledger.write() as tx:
        append(tx, what, "test", {}, NOW)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def file(home: Home) -> Path:
    return home.folder() / "ledger.sqlite3"


def test_a_chain_that_only_grows_is_never_in_doubt(home: Home, file: Path) -> None:
    with opened(file) as ledger:
        begin(home, ledger)
        for number in range(3):
            happens(ledger, f"event-{number}")
            begin(home, ledger)
            assert observe(home, ledger) == ()


def test_a_chain_that_was_put_back_is_in_doubt_for_good(home: Home, file: Path, tmp_path: Path) -> None:
    with opened(file) as ledger:
        begin(home, ledger)
        happens(ledger, "before")
    shutil.copy(file, tmp_path / "copy")
    with opened(file) as ledger:
        happens(ledger, "sent")
        assert observe(home, ledger) == ()
    doubts: list[tuple[str, ...]] = []
    for _ in range(2):
        shutil.copy(tmp_path / "copy", file)
        with opened(file) as ledger:
            doubts.append(observe(home, ledger))
            for number in range(5):  # longer by now than what was seen
                happens(ledger, f"since-{number}")
                assert observe(home, ledger) == doubts[-1]
    assert len(doubts[0]) == 1
    assert len(doubts[1]) == 2
    assert doubts[1][0] == doubts[0][0]


def test_another_chain_of_the_same_length_is_in_doubt(home: Home, file: Path, tmp_path: Path) -> None:
    with opened(file) as ledger:
        begin(home, ledger)
        happens(ledger, "one")
        observe(home, ledger)
    with opened(tmp_path / "other.sqlite3") as ledger:
        happens(ledger, "another")
        assert len(observe(home, ledger)) == 1


@pytest.mark.parametrize("text", [None, "", "{}", '{"seq": 1', '{"seq": "x", "digest": "y", "doubts": []}'])
def test_a_mark_that_is_gone_or_unreadable_leaves_a_used_ledger_in_doubt(
    home: Home, file: Path, text: str | None
) -> None:
    with opened(file) as ledger:
        happens(ledger, "one")
        begin(home, ledger)  # too late: the ledger was used
        if text is not None:
            (home.root / MARK).write_text(text, "utf-8")
        (doubt,) = observe(home, ledger)
        happens(ledger, "two")
        assert observe(home, ledger) == (doubt,)


@pytest.mark.parametrize(("kind", "moves"), [("record", True), ("form", False)])
def test_the_mark_moves_before_the_first_byte_of_a_publication(
    home: Home, file: Path, kind: str, moves: bool
) -> None:
    with opened(file) as ledger:
        begin(home, ledger)
        hooks = hooks_for(SimpleNamespace(home=home, ledger=ledger), kind)
        happens(ledger, "intent")
        hooks.reach(point(kind, 1))
        assert json.loads((home.root / MARK).read_text("utf-8"))["seq"] == 0
        hooks.reach(point(kind, 2))
        assert json.loads((home.root / MARK).read_text("utf-8"))["seq"] == int(moves)


def test_a_folder_that_cannot_be_written_stops_what_would_send(home: Home, file: Path) -> None:
    with opened(file) as ledger:
        happens(ledger, "one")
        (home.root / MARK).with_suffix(".part").mkdir()
        with pytest.raises(DrawbridgeError, match="DB-CLI-004"):
            observe(home, ledger)
