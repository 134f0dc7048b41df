"""A PDF as it lies before a reader: its text, and what does not stand where it should.

Read with pdfium, which draws the pages in Chromium; it is no part of what makes them.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as raw

_TOUCH = 0.7
"""Points by which an ink box may reach over a line: antialiasing, and strokes of half a point."""
_MARGIN = 20.0
"""Points at the edge of a sheet that an office printer leaves white."""
_SAME_PLACE = 0.35
"""Share of the smaller box by which two characters may overlap: kerned Latin, never Chinese on Chinese."""


class Box(NamedTuple):
    """Left, bottom, right, top in points, from the sheet's lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    def shrunk(self, by: float) -> Box:
        return Box(self.left + by, self.bottom + by, self.right - by, self.top - by)

    def overlap(self, other: Box) -> float:
        """Area in common."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, width) * max(0.0, height)

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.top - self.bottom)


class Character(NamedTuple):
    text: str
    box: Box


def text_of(data: bytes) -> str:
    """The text of all pages, as a program that searches reads it; pages apart by form feeds."""
    return "\f".join(page.get_textpage().get_text_range() for page in _pages(data))


def found_text(data: bytes) -> str:
    """The text without any white space: what a name is looked for in that may be broken over lines."""
    return re.sub(r"\s+", "", text_of(data))


def page_count(data: bytes) -> int:
    return len(pdfium.PdfDocument(data))


def pictures(data: bytes, scale: float) -> Iterator[object]:
    """Each page in shades of grey, as a PIL image; `scale` 1 is 72 dots an inch."""
    for page in _pages(data):
        yield page.render(scale=scale, grayscale=True).to_pil()


def complaints(data: bytes) -> list[str]:
    """What is wrong on the pages: ink over a line, over other ink, cut off, or out of the sheet."""
    found: list[str] = []
    for number, page in enumerate(_pages(data), 1):
        characters = _characters(page)
        told = (
            *_out_of_sheet(page, characters),
            *_over_lines(_lines(page), characters),
            *_over_each_other(characters),
            *_clipped(page),
        )
        found.extend(f"page {number}: {one}" for one in told)
    return found


def fonts(data: bytes) -> dict[str, bool]:
    """Font name as the file says it -> whether its outlines are in the file."""
    found: dict[str, bool] = {}
    for page in _pages(data):
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            font = raw.FPDFTextObj_GetFont(item)
            buffer = ctypes.create_string_buffer(200)
            raw.FPDFFont_GetBaseFontName(font, buffer, 200)
            found[buffer.value.decode()] = bool(raw.FPDFFont_GetIsEmbedded(font))
    return found


def _pages(data: bytes) -> Iterator[pdfium.PdfPage]:
    document = pdfium.PdfDocument(data)
    for number in range(len(document)):
        yield document[number]


def _characters(page: pdfium.PdfPage) -> list[Character]:
    text = page.get_textpage()
    found = []
    for place in range(text.count_chars()):
        character = chr(raw.FPDFText_GetUnicode(text, place))
        if not character.isspace() and character.isprintable():
            found.append(Character(character, Box(*text.get_charbox(place))))
    return found


def _lines(page: pdfium.PdfPage) -> list[Box]:
    """The straight lines of tables, as thin boxes."""
    found = []
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH]):
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        raw.FPDFPath_GetDrawMode(item, fill, stroke)
        box = Box(*item.get_bounds())
        if stroke.value and min(box.right - box.left, box.top - box.bottom) < 2:
            found.append(box)
    return found


def _out_of_sheet(page: pdfium.PdfPage, characters: list[Character]) -> Iterator[str]:
    width, height = page.get_size()
    for one in characters:
        box = one.box
        if min(box.left, box.bottom, width - box.right, height - box.top) < _MARGIN:
            yield f"“{one.text}” stands at the edge of the sheet"


def _over_lines(lines: list[Box], characters: list[Character]) -> Iterator[str]:
    for one in characters:
        ink = one.box.shrunk(_TOUCH)
        if ink.area and any(ink.overlap(line) for line in lines):
            yield f"“{one.text}” stands on a line"


def _over_each_other(characters: list[Character]) -> Iterator[str]:
    """Compares neighbours alone: characters in the same square of the sheet."""
    squares: dict[tuple[int, int], list[Character]] = {}
    for one in characters:
        squares.setdefault((int(one.box.left // 20), int(one.box.bottom // 20)), []).append(one)
    for (column, row), some in squares.items():
        near = [c for x in (0, 1) for y in (-1, 0, 1) for c in squares.get((column + x, row + y), ())]
        for one in some:
            for other in near:
                smaller = min(one.box.area, other.box.area)
                if other is not one and one.box.overlap(other.box) > _SAME_PLACE * smaller > 0:
                    yield f"“{one.text}” stands on “{other.text}”"


def _clipped(page: pdfium.PdfPage) -> Iterator[str]:
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
        path = raw.FPDFPageObj_GetClipPath(item)
        if not path or raw.FPDFClipPath_CountPaths(path) < 1:
            continue
        corners = [point for one in range(raw.FPDFClipPath_CountPaths(path)) for point in _points(path, one)]
        ink = Box(*item.get_bounds())
        inside = Box(
            min(x for x, _ in corners),
            min(y for _, y in corners),
            max(x for x, _ in corners),
            max(y for _, y in corners),
        )
        if ink.overlap(inside) < 0.9 * ink.area:
            yield f"text at {ink.left:.0f},{ink.bottom:.0f} is cut off"


def _points(path: object, number: int) -> Iterator[tuple[float, float]]:
    for place in range(raw.FPDFClipPath_CountPathSegments(path, number)):
        segment = raw.FPDFClipPath_GetPathSegment(path, number, place)
        x, y = ctypes.c_float(), ctypes.c_float()
        if raw.FPDFPathSegment_GetPoint(segment, x, y):
            yield x.value, y.value
