"""Every mutant still fits the code that it changes; whether they are caught is `python -m tests.mutants`."""

from __future__ import annotations

import pytest

from tests.mutants.mutants import MUTANTS, Edit, Mutant, StaleAnchor, changed
from tests.soak.material import PROJECT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_a_mutant_fits_and_is_still_a_program(mutant: Mutant) -> None:
    assert mutant.edits or mutant.spoilt
    texts: dict[str, str] = {}
    for edit in mutant.edits:
        text = texts.get(edit.path) or (PROJECT / edit.path).read_text("utf-8")
        texts[edit.path] = changed(text, mutant, edit)
    for path, text in texts.items():
        compile(text, path, "exec")


def test_a_text_that_moved_is_reported() -> None:
    gone = Edit("delivery/resolve.py", "no such line", "")
    with pytest.raises(StaleAnchor, match="0 times"):
        changed("something else", Mutant("gone", "", (gone,)), gone)
