"""A page as it was received: its rows are read when somebody first looks at them.

Whoever compares two passes, or finds that a page is the one that it took over before, needs its digest and
its counts alone, and reading a row costs many times what receiving it does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Generic, TypeVar

import pydantic

from connectors.profile import Profile
from connectors.protocols import Page, RefusedRow

T = TypeVar("T")


class ReceivedPage(Page[T], Generic[T]):
    """A page of `count` rows; `read` makes records of them, once. One thread at a time looks at it."""

    _count: int
    _reading: Callable[[], Page[T]]
    _page: Page[T] | None

    def __init__(
        self,
        page_no: int,
        total: int,
        snapshot: str | None,
        digest: str,
        count: int,
        read: Callable[[], Page[T]],
    ) -> None:
        own: dict[str, object] = {"page_no": page_no, "total": total}
        own |= {"snapshot": snapshot, "digest": digest}
        own |= {"_count": count, "_reading": read, "_page": None}
        for name, value in own.items():  # a page is frozen
            object.__setattr__(self, name, value)

    @property
    def _whole(self) -> Page[T]:
        page = self._page
        if page is None:
            page = self._reading()
            object.__setattr__(self, "_page", page)
            object.__setattr__(self, "_reading", None)  # the rows as received are not needed any more
        return page

    @property
    def rows(self) -> Sequence[T]:
        """Accepted rows."""
        return self._whole.rows

    @property
    def refused(self) -> Sequence[RefusedRow]:
        """Rows that became no record."""
        return self._whole.refused

    @property
    def normalised(self) -> int:
        """How many accepted rows were repaired."""
        return self._whole.normalised

    @property
    def notes(self) -> Sequence[str]:
        """What was noticed."""
        return self._whole.notes

    @property
    def read(self) -> int:
        """Number of rows that the page held, read or not."""
        return self._count


def reader_of(profile: Profile) -> str:
    """A digest of what makes records of rows: the program's readers, models and sentences, and the profile.

    Two pages of equal digests, read under equal readers, give equal records and reasons.
    """
    return hashlib.sha256(f"{_program()}\n{profile.model_dump_json()}".encode()).hexdigest()


@lru_cache(maxsize=1)
def _program() -> str:
    whole = hashlib.sha256(pydantic.VERSION.encode())
    for room in ("connectors", "schemas"):
        for path, file in sorted(_sources(files(room), room)):
            whole.update(f"\n{path}\n".encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _sources(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _sources(entry, f"{path}/{entry.name}")
        elif entry.name.endswith((".py", ".toml")):
            found.append((f"{path}/{entry.name}", entry))
    return found
