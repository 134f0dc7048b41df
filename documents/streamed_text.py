"""Text in workbooks that XlsxWriter streams (`constant_memory`): whatever people typed stays what it is."""

from __future__ import annotations

import re
from typing import Any

import xlsxwriter

STREAMED = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""Options of a workbook that keeps one row in memory and turns no text into anything else."""


# What XlsxWriter does not write as it stands, streaming: what it takes for its own markup, and a text that
# looks like two escapes in a row (ECMA-376 part 1, §22.9.2.19), of which it sees the first only.
_MISTAKEN = re.compile(r"^<r>.*</r>$|_x[0-9A-Fa-f]{4}(?=_x[0-9A-Fa-f]{4}_)", re.DOTALL)


def put_text(sheet: Any, row: int, column: int, text: str, style: Any) -> None:
    """Writes a text; one that XlsxWriter would mistake goes in pieces, which a reader puts together again."""
    if ("_x" in text or text.startswith("<r>")) and _MISTAKEN.search(text):
        pieces = re.split(r"(?<=_)(?=x[0-9A-Fa-f]{4}_)|(?<=^<)(?=r>)", text)
        sheet.write_rich_string(row, column, *(part for piece in pieces for part in (style, piece)), style)
    else:
        sheet.write_string(row, column, text, style)


def system_error(error: xlsxwriter.exceptions.XlsxFileError) -> OSError:
    """What the operating system said, which XlsxWriter wraps."""
    cause = error.args[0] if error.args else None
    return cause if isinstance(cause, OSError) else OSError(str(error))
