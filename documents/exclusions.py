"""排除报告: the objects that were left out before the draw, each with its reason, as a CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from documents.whole_file import write_whole

HEADER = ("对象编号", "名称", "排除原因")

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
_READ_AS_NUMBER = re.compile(r"0[0-9]+|[0-9]{12,}|[0-9]+[Ee][0-9]+")


class Excluded(Protocol):
    """An object that cannot be drawn; `reason` is a short Chinese label.

    If it has an attribute `detail` that says something, this follows the reason in brackets.
    """

    @property
    def object_id(self) -> str:
        """Its id in the directory."""
        ...

    @property
    def ent_name(self) -> str:
        """The enterprise's name."""
        ...

    @property
    def reason(self) -> str:
        """Why it was left out."""
        ...


def write_exclusions(path: Path, excluded: Sequence[Excluded]) -> None:
    """Writes 对象编号,名称,排除原因 in the order given: UTF-8 with a byte order mark, CRLF (RFC 4180).

    No cell can be taken for a formula, and no code of digits alone for a number (see `csv_cell`).
    Raises DrawbridgeError DB-CLI-004.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    for entry in excluded:
        writer.writerow([csv_cell(value) for value in (entry.object_id, entry.ent_name, _reason(entry))])
    # The mark tells Excel that the bytes are UTF-8.
    write_whole(path, text.getvalue().encode("utf-8-sig"))


def csv_cell(value: str) -> str:
    """The value as a spreadsheet program shows it unchanged.

    A sign of a formula at the beginning of a line, blanks before it or not, gets an apostrophe before
    the line: some programs part a cell at its line breaks. Digits that the program would round
    (it keeps fifteen), shorten (leading zeros) or raise to a power (`1E5`) get a tab behind them,
    which makes them text and which a reader drops as a blank.
    """
    text = "\n".join(_unarmed(line) for line in value.split("\n"))
    if text != value:
        return text
    return f"{value}\t" if _READ_AS_NUMBER.fullmatch(value) else value


def _unarmed(line: str) -> str:
    if line.startswith(_BEGINS_A_FORMULA) or line.lstrip().startswith(_BEGINS_A_FORMULA):
        return f"'{line}"
    return line


def _reason(entry: Excluded) -> str:
    detail = getattr(entry, "detail", None)
    return f"{entry.reason}（{detail}）" if detail else entry.reason
