"""Text that people typed, inside Markdown."""

from __future__ import annotations

import re

_MARKS = re.compile(r"([\\`*_\[\]<>|#~!])")


def cell(text: str) -> str:
    """One line that Markdown shows as it is, in a sentence or in a table's cell.

    Line breaks become blanks; no name opens a table's column, a link, a picture, HTML or emphasis.
    """
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
