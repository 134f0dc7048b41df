"""Each mutant of the drawing code is caught by the test that its table names."""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from schemas.errors import DrawbridgeError
from tests.draw.mutants import DRAW, MUTANTS, Check, Mutant, again, matching

RED = (AssertionError, DrawbridgeError, pytest.fail.Exception)
"""How a test fails that sees something wrong; a mutant that cannot run at all proves nothing."""

# Comparisons with brute force take seconds and are made in their own file.
CHECKS = {repr(m.check): m.check for m in MUTANTS.values() if m.check.file != "test_draw_brute_force"}


class _Loader(SourceFileLoader):
    """Loads a module from another text than its file's."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(self.text, self.path, "exec", dont_inherit=True)
        return code


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module with another text; all others are found as ever."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        self.name, self.path, self.text = name, path, text

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        loader = _Loader(fullname, str(self.path), self.text)
        return importlib.util.spec_from_file_location(fullname, self.path, loader=loader)


def ours() -> dict[str, ModuleType]:
    return {name: m for name, m in sys.modules.items() if name.partition(".")[0] in ("draw", "tests")}


@contextmanager
def imported(mutant: Mutant | None) -> Iterator[None]:
    """`draw` and `tests` are imported anew within, one module changed; afterwards all is as before."""
    finders = []
    if mutant is not None:
        path = DRAW / f"{mutant.module}.py"
        finders.append(_Finder(f"draw.{mutant.module}", path, mutant.source()))
    before = ours()
    for name in before:
        del sys.modules[name]
    sys.meta_path[:0] = finders
    try:
        yield
    finally:
        for finder in finders:
            sys.meta_path.remove(finder)
        for name in ours():
            del sys.modules[name]
        sys.modules.update(before)


def is_red(mutant: Mutant | None, check: Check) -> bool:
    with imported(mutant):
        try:
            check.run()
        except RED:
            return True
    return False


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: f"{check.function}-{check.arguments}")
def test_the_check_is_green_on_the_code_as_it_is(check: Check) -> None:
    assert not is_red(None, check)


@pytest.mark.parametrize("name", MUTANTS)
def test_caught(name: str) -> None:
    mutant = MUTANTS[name]
    assert is_red(mutant, mutant.check), f"{name}: {mutant.check.function} does not see it"


def test_the_matching_that_mutants_are_made_of_is_right_as_long_as_nothing_is_changed() -> None:
    for name in (
        "relaxed more than it must be",
        "any balanced assignment",
        "greedy matching",
    ):
        check = MUTANTS[name].check
        assert not is_red(again("matching", matching(), check), check)


def test_a_mutant_whose_text_has_gone_or_stands_twice_is_no_mutant() -> None:
    check = Check("test_draw_vectors", "test_objects", ("V1",))
    before = ours()
    for old in ("no such text", "return"):
        with pytest.raises(ValueError, match="times what is to be changed"):
            is_red(Mutant("seed", old, "", check), check)
    assert ours() == before


def test_afterwards_the_real_code_is_there_again() -> None:
    before = {name: module for name, module in sys.modules.items() if name.startswith(("draw", "tests"))}
    name = "C as hex text in the seed"
    assert is_red(MUTANTS[name], MUTANTS[name].check)
    assert {name: sys.modules[name] for name in before} == before
