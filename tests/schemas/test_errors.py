"""One catalogue: every code has its wording, every code that is raised exists, none is dead."""

from __future__ import annotations

import pickle
import re
import string
from pathlib import Path

import pytest

from schemas.errors import DrawbridgeError, catalogue

_PROJECT = Path(__file__).resolve().parents[2]
_ROOMS = ("schemas", "rules", "draw", "connectors", "ledger", "delivery", "documents", "flows")
_CODE = re.compile(r"DB-[A-Z]+-[0-9]{3}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def source() -> str:
    files = [path for room in _ROOMS for path in sorted((_PROJECT / room).rglob("*.py"))]
    return "\n".join(path.read_text("utf-8") for path in files)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", catalogue())
def test_an_error_says_what_is_so_and_what_to_do(code: str) -> None:
    entry = catalogue()[code]
    assert _CODE.fullmatch(code)
    assert _CHINESE.search(entry.zh)
    assert _CHINESE.search(entry.act)
    assert not _CHINESE.search(entry.en)
    assert "！" not in entry.zh + entry.act
    facts = dict.fromkeys(placeholders(entry.zh + entry.act + entry.en), 1)
    line = str(DrawbridgeError(code, **facts))
    assert line.endswith(f"（{code}）")
    assert "\n" not in line


def test_every_code_that_the_source_names_has_its_wording() -> None:
    named = set(_CODE.findall(source()))
    # Codes that are put together from an area and a number are named by their pattern only.
    assert named - set(catalogue()) == set()


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        DrawbridgeError("DB-NOSUCH-001")


def test_errors_survive_being_pickled_with_their_facts() -> None:
    error = DrawbridgeError("DB-CLI-002", name="x")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (again.code, str(again)) == (error.code, str(error))
