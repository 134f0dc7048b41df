"""The header of a table that people made: below title rows, in two rows, with many names for one column."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from connectors import cells
from connectors.profile import SheetRule

SEARCHED_ROWS = 20


@dataclass(frozen=True)
class Header:
    """Where the columns are: our field -> column index. `titles` is what stands above each column.

    `first_row` is the number of the first row of data.
    """

    columns: dict[str, int]
    titles: tuple[str, ...]
    first_row: int
    notes: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns up to the last one with a title."""
        return len(self.titles)


@dataclass(frozen=True)
class NoHeader:
    """What was seen instead: the titles that looked most like a header."""

    seen: tuple[str, ...]
    rows: int


class DoubledColumn(ValueError):
    """Two columns with one and the same title, for a field that must be there."""


def title_key(text: str) -> str:
    """What spellings of one title have in common: no width, brackets, blanks, line breaks, stars, colons."""
    narrow = cells.bracket_key("".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf")))
    return narrow.strip("*:").replace("*", "")


def find_header(rows: Iterator[tuple[int, list[object]]], rule: SheetRule) -> Header | NoHeader:
    """The header within the first rows. Raises DoubledColumn."""
    names = {
        title_key(name): (field, rank)
        for field, known in rule.columns.items()
        for rank, name in enumerate(known)
    }
    looked_at = list(islice(rows, SEARCHED_ROWS + 1))
    best: tuple[str, ...] = ()
    most = -1
    for index, (number, row) in enumerate(looked_at):
        below = looked_at[index + 1][1] if index + 1 < len(looked_at) else []
        for titles, height in _candidates(row, below, names):
            columns, notes = _match(titles, names, rule)
            if all(field in columns for field in rule.required):
                shown = tuple(title[-1] if title else "" for title in titles)
                return Header(columns, _trim(shown), number + height, notes)
            if len(columns) > most:
                most = len(columns)
                best = tuple(title[-1] for title in titles if title and title[-1])
    return NoHeader(best[:20], len(looked_at))


Titles = list[tuple[str, ...]]
"""For each column the texts that may be its title, the plainest last."""

Names = dict[str, tuple[str, int]]


def _candidates(row: Sequence[object], below: Sequence[object], names: Names) -> Iterator[tuple[Titles, int]]:
    upper, lower = [_text(cell) for cell in row], [_text(cell) for cell in below]
    if _is_second_header(upper, lower, names):
        yield _two_rows(upper, lower), 2
    yield [(text,) if text else () for text in upper], 1


def _is_second_header(upper: Sequence[str], lower: Sequence[str], names: Names) -> bool:
    """Whether the row below still names columns: it names some, and holds nothing that data would hold."""
    said = [text for text in lower if text]
    if not said or any(cells.has_valid_code(text) for text in said):
        return False
    width = max(len(upper), len(lower))
    above = _filled([*upper, *[""] * (width - len(upper))])
    hits = sum(
        title_key(text) in names or title_key(above[column] + text) in names
        for column, text in enumerate(lower)
        if text and text != above[column]
    )
    # A merged cell that spans both rows stands in both: alone it makes no second header.
    return hits > 0 and hits * 2 >= sum(text != above[column] for column, text in enumerate(lower) if text)


def _two_rows(upper: Sequence[str], lower: Sequence[str]) -> Titles:
    width = max(len(upper), len(lower))
    top = [*upper, *[""] * (width - len(upper))]
    bottom = [*lower, *[""] * (width - len(lower))]
    group = _filled(top)
    titles: Titles = []
    for column in range(width):
        if bottom[column] and bottom[column] != top[column]:
            titles.append((group[column] + bottom[column], bottom[column]))
        else:
            titles.append((top[column],) if top[column] else ())
    return titles


def _filled(texts: Sequence[str]) -> list[str]:
    """Each empty cell with what stands to its left: the title of a group of columns."""
    result: list[str] = []
    for text in texts:
        result.append(text or (result[-1] if result else ""))
    return result


def _match(titles: Titles, names: Names, rule: SheetRule) -> tuple[dict[str, int], tuple[str, ...]]:
    """Columns by field. Of several names for one field the one that the profile lists first wins."""
    found: dict[str, tuple[int, int, str]] = {}
    notes: list[str] = []
    for column, texts in enumerate(titles):
        hit = next(((text, *names[title_key(text)]) for text in texts if title_key(text) in names), None)
        if hit is None:
            continue
        text, field, rank = hit
        before = found.get(field)
        if before is not None:
            if before[0] == rank and field in rule.required:
                raise DoubledColumn(text)
            notes.append(f"“{before[2]}”与“{text}”是同一项，取“{before[2] if before[0] <= rank else text}”")
        if before is None or rank < before[0]:
            found[field] = (rank, column, text)
    return {field: column for field, (_, column, _) in found.items()}, tuple(notes)


def _trim(titles: tuple[str, ...]) -> tuple[str, ...]:
    end = len(titles)
    while end and not titles[end - 1]:
        end -= 1
    return titles[:end]


def _text(cell: object) -> str:
    return "" if cell is None else " ".join(str(cell).split())
