"""An open pass over a directory, as whoever takes it over holds it between two pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ledger.quarantine import Refusal
from ledger.sync_seen import Seen
from ledger.texts import digest_of
from schemas.record import Record

CONFLICT = "-"
"""In place of a row's digest: the pass held different rows under this key, all are quarantined."""

Mark: TypeAlias = tuple[int, str, int, int, str | None]
"""What is kept of a committed page: number, digest, rows read, total claimed, snapshot token."""


class DirectoryPage(Protocol):
    """One page as a connector hands it over, validated row by row."""

    @property
    def page_no(self) -> int: ...
    @property
    def total(self) -> int: ...
    @property
    def snapshot(self) -> str | None: ...
    @property
    def rows(self) -> Sequence[Record]: ...
    @property
    def refused(self) -> Sequence[Refusal]: ...
    @property
    def normalised(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def notes(self) -> Sequence[str]: ...
    @property
    def read(self) -> int: ...


@dataclass
class Sync:
    """An open pass, standing before `next_page`.

    `seen`: the keys of the pages committed so far; `marks`: number, digest, rows read, total claimed and
    snapshot token of each of them.  `reader` says what makes records of rows, as a digest; `before`: page ->
    digest of the last complete pass, as far as the same reader read it.  As long as it `follows`, every page
    was the one of that pass, which was the one before and held no row in dispute: then no row can be there
    twice, the directory is as that pass left it, and `seen` is filled only once that ends.  After an error it
    may be ahead of the ledger: begin again with `begin_sync`.
    """

    source: str
    kind: str
    snapshot_no: int
    next_page: int = 1
    remote_snapshot: str | None = None
    read: int = 0
    seen: Seen = field(default_factory=Seen, repr=False)
    marks: list[Mark] = field(default_factory=list)
    reader: str = ""
    before_no: int = 0
    before_pages: int = 0
    before_digest: str = ""
    follows: bool = False
    before: Mapping[int, str] = field(default_factory=dict, repr=False)

    @property
    def subject(self) -> str:
        """How the audit chain calls this directory."""
        return f"{self.kind}@{digest_of(self.source)[:16]}"

    def held_before(self, page: DirectoryPage) -> bool:
        """Whether the last complete pass held the very same page, read by the same reader."""
        return bool(self.reader) and self.before.get(page.page_no) == page.digest
