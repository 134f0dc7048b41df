"""What a reconciliation can find: the page shows the table that the command prints from."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from flows.exchange.findings import FINDINGS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"


def test_the_page_shows_the_table_of_the_code() -> None:
    lines = PAGE.read_text("utf-8").partition("| finding | what is so |")[2].splitlines()[2:]
    table = takewhile(lambda line: line.startswith("|"), lines)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    shown = {kind.strip("`"): (title, act) for kind, title, act in rows}
    assert shown == {kind: (found.title, found.act) for kind, found in FINDINGS.items()}
