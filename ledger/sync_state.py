"""An open pass over a directory, as whoever takes it over holds it between two pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ledger.quarantine import Refusal
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


@dataclass
class Sync:
    """An open pass, standing before `next_page`.

    `seen`: row key -> page and digest of the pages committed so far; `marks`: number, digest, rows read,
    total claimed and snapshot token of each of them. After an error it may be ahead of the ledger: begin
    again with `begin_sync`.
    """

    source: str
    kind: str
    snapshot_no: int
    next_page: int = 1
    remote_snapshot: str | None = None
    read: int = 0
    seen: dict[str, tuple[int, str]] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """How the audit chain calls this directory."""
        return f"{self.kind}@{digest_of(self.source)[:16]}"
