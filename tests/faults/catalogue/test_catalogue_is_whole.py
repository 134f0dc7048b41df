"""F01 to F40: each has a fault in the mock, a line in the mock's document, and a test."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from mock_platform.faults import FAULTS, NUMBERS, fault_of_text, named

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parents[2] / "docs" / "control-face.md"
ALL = [f"F{number:02d}" for number in range(1, 41)]


def by_number() -> dict[str, list[ast.FunctionDef]]:
    found: dict[str, list[ast.FunctionDef]] = {}
    for path in sorted(HERE.glob("test_catalogue_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            match = re.match(r"test_f(\d\d)_", getattr(node, "name", ""))
            if match and isinstance(node, ast.FunctionDef):
                found.setdefault(f"F{match[1]}", []).append(node)
    return found


TESTS = by_number()


@pytest.mark.parametrize("number", ALL)
def test_every_fault_of_the_catalogue_is_there_and_has_its_test(number: str) -> None:
    assert set(NUMBERS) == set(ALL) == set(TESTS)
    said = "".join(ast.unparse(node) for path in sorted(HERE.glob("test_*.py")) for node in [_module(path)])
    assert all(name in FAULTS for name in NUMBERS[number])
    assert all(repr(name) in said for name in NUMBERS[number]), "a test switches it on"
    assert named(number) == NUMBERS[number][0]


def _module(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def test_the_document_names_every_fault_with_its_number() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert [name for name in FAULTS if f"`{name}`" not in text] == []
    rows = _rows(text)
    missing = [
        (number, name) for number, names in NUMBERS.items() for name in names if name not in rows[number]
    ]
    assert missing == []


def _rows(text: str) -> dict[str, str]:
    """Number -> the table rows that bear it."""
    found: dict[str, str] = {}
    for row in text.splitlines():
        if row.startswith("| F"):
            for number in re.findall(r"F\d\d", row.split("|")[1]):
                found[number] = found.get(number, "") + row
    return found


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("F01", {"name": "reply_lost_after_commit", "args": {}}),
        (
            "redirect_other_host:endpoint=/api/v1:calls=1,3:args.to=http://127.0.0.1:9/a:b",
            {
                "name": "redirect_other_host",
                "endpoint": "/api/v1",
                "calls": [1, 3],
                "args": {"to": "http://127.0.0.1:9/a:b"},
            },
        ),
        (
            "F34:probability=0.01:count=2:args.rejects=[4,9]",
            {"name": "partial_acceptance", "probability": 0.01, "count": 2, "args": {"rejects": [4, 9]}},
        ),
    ],
)
def test_a_fault_is_written_on_one_line(text: str, meaning: dict[str, object]) -> None:
    assert fault_of_text(text) == meaning


@pytest.mark.parametrize("text", ["earthquake", "F41", "F01:calls=one", "F01:probability=often", ""])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the parser of the command line says it in its own words
        fault_of_text(text)
