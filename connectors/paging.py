"""Paged reading of lists that are changed while they are read, by systems that count wrongly.

A guard sees every page in order and refuses what cannot be one whole list: a page served twice, a
total that does not fit the rows, a snapshot that changed under way, pages without end.  What it
has seen is a few plain values (`PageMark`), so that a sync that commits page by page goes on after
a kill where it stood.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.protocols import Page, Platform, SystemUnreachable
from schemas.errors import DrawbridgeError
from schemas.result import ItemResult


@dataclass(frozen=True)
class PageMark:
    """What is kept of a page that was committed: enough to judge the pages after it."""

    page_no: int
    digest: str
    read: int
    total: int
    snapshot: str | None


def mark(page: Page[Any]) -> PageMark:
    """The mark of one page."""
    return PageMark(page.page_no, page.digest, page.read, page.total, page.snapshot)


class PageGuard:
    """Judges pages in order; give it the marks of pages already committed to go on after them.

    `area` is the middle part of its error codes.  `stable`: the pages belong to one snapshot that does
    not move; without a snapshot token compare `list_digest` of two passes before anything is drawn.
    """

    def __init__(self, area: str, max_pages: int, marks: Sequence[PageMark] = ()) -> None:
        self._area, self._max_pages = area, max_pages
        self._marks: list[PageMark] = []
        self._numbers: dict[str, int] = {}
        self._read = 0
        for seen in marks:
            self._accept(seen)

    @property
    def next_page(self) -> int:
        """Number of the page that is wanted next."""
        return len(self._marks) + 1

    @property
    def snapshot(self) -> str | None:
        """The snapshot token to ask the next page with."""
        return self._marks[0].snapshot if self._marks else None

    @property
    def read(self) -> int:
        """Rows so far, refused ones included."""
        return self._read

    @property
    def marks(self) -> Sequence[PageMark]:
        """What has been seen, in order."""
        return tuple(self._marks)

    @property
    def finished(self) -> bool:
        """Whether all rows are there."""
        return bool(self._marks) and self._read == self._marks[0].total

    @property
    def stable(self) -> bool:
        """Whether the system promised that the pages do not move."""
        return self.snapshot is not None

    @property
    def list_digest(self) -> str:
        """SHA-256 over the digests of all pages, in order."""
        return hashlib.sha256("".join(m.digest for m in self._marks).encode("ascii")).hexdigest()

    def check(self, page: Page[Any]) -> PageMark:
        """Accepts the next page and returns its mark, to be committed with its rows.

        Raises SystemUnreachable: -021 a page served again, or another one than was asked for; -022 the total
        does not fit the rows; -023 rows moved while they were read; -024 more pages than there can be.
        """
        found = mark(page)
        self._accept(found)
        return found

    def _accept(self, found: PageMark) -> None:
        if self.finished:
            raise self._error("024", pages=len(self._marks))
        if found.page_no != self.next_page:
            raise self._error("021", page=found.page_no, before=self.next_page)
        if found.page_no > self._max_pages:
            raise self._error("024", pages=self._max_pages)
        if self._marks and (found.snapshot, found.total) != (self._marks[0].snapshot, self._marks[0].total):
            raise self._error("023", path="")
        if found.read and found.digest in self._numbers:
            raise self._error("021", page=found.page_no, before=self._numbers[found.digest])
        read = self._read + found.read
        if read > found.total or (found.read == 0 and read < found.total):
            raise self._error("022", total=found.total, read=read)
        self._marks.append(found)
        self._numbers[found.digest] = found.page_no
        self._read = read

    def _error(self, number: str, **facts: object) -> DrawbridgeError:
        return SystemUnreachable(f"DB-{self._area}-{number}", **facts)


def same_list(area: str, first: PageGuard, second: PageGuard) -> None:
    """Two passes over a list without a snapshot promise gave the same rows, and no fewer.

    Raises SystemUnreachable -023 if not: rows moved while they were read, and nothing may be drawn from it.
    """
    one, two = ((guard.read, guard.list_digest, guard.finished) for guard in (first, second))
    if one != two or not first.finished:
        raise SystemUnreachable(f"DB-{area}-023", path="")


def walk_results(
    platform: Platform, task_id: str, updated_since: datetime | None, max_pages: int = 100_000
) -> Iterator[Page[ItemResult]]:
    """Every result changed at or after `updated_since` (UTC), page by page, none passed over.

    A result that is changed while the list is read goes to its end and shifts the others down by one, so that
    counting pages would miss a row.  Therefore the cursor moves on with the newest change seen and the first
    page is asked again; pages are counted only within one and the same second.  Rows come twice at the seams:
    take each (result, version) once.

    Raises SystemUnreachable: DB-PLATFORM-021 where a page is served again as the next one; -024 without end.
    """
    cursor, page_no, before = updated_since, 1, ""
    for _ in range(max_pages):
        page = platform.results(task_id, cursor, page_no)
        if page_no > 1 and page.read and page.digest == before:
            raise SystemUnreachable("DB-PLATFORM-021", page=page_no, before=page_no - 1)
        before = page.digest
        yield page
        if page.read == 0 or (page_no - 1) * page.read + page.read >= page.total:
            return
        newest = max((row.updated_at for row in page.rows), default=cursor)
        if newest is not None and (cursor is None or newest > cursor):
            cursor, page_no = newest, 1
        else:
            page_no += 1
    raise SystemUnreachable("DB-PLATFORM-024", pages=max_pages)
