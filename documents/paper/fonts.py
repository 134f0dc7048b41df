"""The fonts that print: found on this machine or in a folder, and which characters they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import typst

from schemas.errors import DrawbridgeError

DEFAULT_FAMILIES = ("Noto Serif CJK SC", "Noto Sans CJK SC")
"""The text's family (宋体), then that of headings (黑体); each also stands in for the other."""

_REGULAR, _BOLD = 400, 700


class Face(NamedTuple):
    """One face of a family: its file and its place in it (`.ttc` files hold several)."""

    family: str
    weight: int
    path: Path
    number: int


def find_faces(families: Sequence[str], folder: Path | None = None) -> list[Face]:
    """The regular and bold upright faces of these families, from `folder` if it has them, else the system's.

    Raises DrawbridgeError DB-PAPER-001 for a family that is not there.
    """
    places = [] if folder is None else [str(folder)]
    there = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=places).fonts()
    found: list[Face] = []
    for family in families:
        faces = {
            font.weight: Face(family, font.weight, Path(font.path), font.index)
            for font in sorted(there, key=lambda font: _is_in(font.path, folder))
            if font.family == family and font.style == "normal" and font.path is not None
        }
        if not faces:
            raise DrawbridgeError("DB-PAPER-001", family=family)
        regular = min(faces, key=lambda weight: (abs(weight - _REGULAR), weight))
        bold = min(faces, key=lambda weight: (abs(weight - _BOLD), -weight))
        found += [faces[weight] for weight in dict.fromkeys((regular, bold))]
    return found


def _is_in(path: str | None, folder: Path | None) -> bool:
    return path is not None and folder is not None and Path(path).is_relative_to(folder)


def glyph_check(faces: Sequence[Face]) -> Callable[[str], bool]:
    """Whether any of the faces has a character; fonts are read when a character is not in those before."""
    order: dict[str, Face] = {}
    for face in faces:
        order.setdefault(face.family, face)

    def has_glyph(character: str) -> bool:
        return any(ord(character) in coverage(face.path, face.number) for face in order.values())

    return has_glyph


@cache
def coverage(path: Path, index: int) -> frozenset[int]:
    """The code points that a face has a glyph for, from its `cmap`. Raises DrawbridgeError DB-PAPER-002."""
    from fontTools.ttLib import TTFont, TTLibError  # a twentieth of a second that not every command needs

    try:
        with TTFont(path, fontNumber=index, lazy=True) as font:
            return frozenset(font.getBestCmap() or {})
    except (OSError, TTLibError) as error:
        raise DrawbridgeError("DB-PAPER-002", path=path, detail=type(error).__name__) from error
