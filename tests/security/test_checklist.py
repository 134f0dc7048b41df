"""docs/security.md names every line of the checklist, files that are there and tests that are there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.end_to_end.installation import PROJECT

PAGE = (PROJECT / "docs" / "security.md").read_text("utf-8")
LINES = {
    cells[0].strip(): cells
    for line in PAGE.splitlines()
    if (cells := line.strip("|").split("|"))[0].startswith(" S")
}
NAMED = re.compile(r"`([^`]+)`")


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((PROJECT / path).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_line_is_there_once_and_in_order() -> None:
    assert list(LINES) == [f"S{number}" for number in range(1, 21)]


@pytest.mark.parametrize("number", LINES)
def test_what_a_line_names_exists(number: str) -> None:
    _, what, where, shown = LINES[number]
    assert what.strip()
    files, named = NAMED.findall(where), NAMED.findall(shown)
    assert files
    assert named
    assert [path for path in files if not (PROJECT / path).is_file()] == []
    for one in named:
        path, _, name = one.partition("::")
        assert name in names_in(path), one
