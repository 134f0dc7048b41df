"""What a work summary is made of, before it is a DOCX or Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Section(NamedTuple):
    """一、…… : a heading of the first rank; what follows belongs to it."""

    title: str


class Paragraph(NamedTuple):
    """A paragraph of prose."""

    text: str


class ToFill(NamedTuple):
    """A place that the clerk writes; `prompt` says what belongs there."""

    prompt: str


class Table(NamedTuple):
    """A table with its caption; every cell is text."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class Picture(NamedTuple):
    """A chart by its key."""

    key: str


Block = Section | Paragraph | ToFill | Table | Picture
