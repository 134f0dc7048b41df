"""The pages as pictures, against those that somebody looked at.

`DRAWBRIDGE_UPDATE_PICTURES=1 pytest tests/documents/test_paper_pictures.py` draws them anew; look at the
difference before it is committed.  Another edition of the fonts moves outlines by parts of a dot, which the
tolerance takes; another layout moves whole lines, which it does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from documents.paper.press import TEMPLATES, Press, PressSettings
from tests.documents.paper_cases import cases
from tests.documents.printed_page import pictures

PICTURES = Path(__file__).parent / "pictures"
CASES = {name: case for name, case in cases().items() if name not in ("form-group", "notice-hard")}
SCALE = 0.75
_GREYS = 16
_FAR = 64
"""Shades by which a dot is another: a line moved or gone, not an edge drawn otherwise."""
_FAR_AT_MOST = 0.006


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    with Press() as opened:
        yield opened


def in_few_greys(picture: Any) -> Any:
    """As it is kept: sixteen shades make a small file."""
    step = 255 / (_GREYS - 1)
    return np.round(np.round(np.asarray(picture.convert("L"), dtype=float) / step) * step)


def difference(one: Any, other: Any) -> float:
    """The share of dots that are another; 1 for another size or number of pages."""
    if one.shape != other.shape:
        return 1.0
    return float((np.abs(one - other) > _FAR).mean())


def kept(name: str) -> list[Path]:
    return sorted(PICTURES.glob(f"{name}-[0-9].png"))


@pytest.mark.parametrize("name", CASES)
def test_the_pages_look_as_they_did(press: Press, name: str) -> None:
    now = [in_few_greys(page) for page in pictures(press.print(*CASES[name]), SCALE)]
    if os.environ.get("DRAWBRIDGE_UPDATE_PICTURES"):
        for path in kept(name):
            path.unlink()
        PICTURES.mkdir(exist_ok=True)
        for number, page in enumerate(now, 1):
            picture = Image.fromarray(page.astype(np.uint8)).quantize(_GREYS)
            picture.save(PICTURES / f"{name}-{number}.png", optimize=True)
    before = [in_few_greys(Image.open(path)) for path in kept(name)]
    assert len(now) == len(before)
    assert [
        round(difference(*pair), 4)
        for pair in zip(now, before, strict=True)
        if difference(*pair) > _FAR_AT_MOST
    ] == []


def test_a_line_that_moved_is_another_picture(tmp_path: Path) -> None:
    ours = (TEMPLATES / "form.typ").read_text("utf-8")
    assert "at-least(23mm, {" in ours
    (tmp_path / "form.typ").write_text(ours.replace("at-least(23mm, {", "at-least(25mm, {"), "utf-8")
    with Press(PressSettings(templates=tmp_path)) as changed:
        first = in_few_greys(next(pictures(changed.print(*CASES["form"]), SCALE)))
    assert difference(first, in_few_greys(Image.open(kept("form")[0]))) > _FAR_AT_MOST
