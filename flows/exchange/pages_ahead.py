"""The next page is asked for while this one is stored: one ahead, by one thread, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

from connectors.protocols import Page

Fetch = Callable[[int, str | None], Page[Any]]


class PagesAhead:
    """Pages as `fetch` gives them; what it raises is raised when the page's turn comes, not before."""

    def __init__(self, fetch: Fetch, thread: ThreadPoolExecutor) -> None:
        self._fetch, self._thread = fetch, thread
        self._asked: tuple[int, str | None] | None = None
        self._answer: Future[Page[Any]] | None = None

    def ask(self, page_no: int, snapshot: str | None) -> None:
        """Begins to fetch a page; the one before has been taken."""
        self._asked = (page_no, snapshot)
        self._answer = self._thread.submit(copy_context().run, self._fetch, page_no, snapshot)

    def take(self, page_no: int, snapshot: str | None) -> Page[Any]:
        """The page, waited for if it was asked for, fetched here and now if not."""
        asked, answer = self._asked, self._answer
        self._asked = self._answer = None
        if answer is not None and asked == (page_no, snapshot):
            return answer.result()
        return self._fetch(page_no, snapshot)


@contextmanager
def pages_ahead(fetch: Fetch) -> Iterator[PagesAhead]:
    """One thread for as long as the block runs; an exchange that is under way at its end is waited for.

    Unless the process is asked to end: then nobody waits.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="pages-ahead")
    waits = True
    try:
        yield PagesAhead(fetch, thread)
    except BaseException as error:
        waits = isinstance(error, Exception)
        raise
    finally:
        thread.shutdown(wait=waits, cancel_futures=True)
