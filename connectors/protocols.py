"""What the pipeline asks of the outside systems, whatever their transport.

The flows and `delivery` know these Protocols only; HTTP, JSON, XML and a province's names
live behind them, bound by the interface profile.

Every read raises `SystemUnreachable` when no trustworthy answer could be had after the
client's own retries, or DrawbridgeError for a definite refusal.  Writes go through
`Channel` alone and never retry by themselves: whether something may be sent again is
decided by `delivery` from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from schemas.confirmation import Confirmation
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm
from schemas.inspector import Inspector
from schemas.item import InspectionItem, Materials
from schemas.publication import PublicEnterprise, PublicRow, Receipt
from schemas.result import ItemResult

T = TypeVar("T")


class SystemUnreachable(DrawbridgeError):
    """No answer that can be trusted: transport fault, time-out, server error, unreadable reply."""


class NotSent(DrawbridgeError):
    """A write that certainly was not executed: connection refused, 429, 503 before execution.

    `retry_after_s` is what the system asked for, already capped and floored, or None.
    """

    retry_after_s: float | None = None


class Ambiguous(DrawbridgeError):
    """A write whose outcome is unknown: reply lost, 5xx, unreadable, or a receipt for other bytes."""


class Refused(DrawbridgeError):
    """A write that the system definitely refused as a whole (malformed, not allowed)."""


@dataclass(frozen=True)
class RefusedRow:
    """A row that became no record: where it stood, why (`code` of the catalogue), what it held."""

    row_no: int
    code: str
    reason: str
    raw: dict[str, object]


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a directory, already validated row by row.

    `total` is what the system claims to hold; `normalised` counts accepted rows that were
    repaired; `digest` is the SHA-256 of the rows as received; rows + refused = read.
    """

    page_no: int
    total: int
    snapshot: str | None
    rows: Sequence[T]
    refused: Sequence[RefusedRow]
    normalised: int
    digest: str
    notes: Sequence[str] = field(default=())

    @property
    def read(self) -> int:
        """Number of rows that the page held."""
        return len(self.rows) + len(self.refused)


@dataclass(frozen=True)
class Seal:
    """A department's sealed commitment for one stage and round."""

    contributor: str
    commitment: str


@dataclass(frozen=True)
class Reveal:
    """An opened value. `at` is UTC."""

    contributor: str
    value: str
    at: datetime


@dataclass(frozen=True)
class ConfirmationState:
    """Answers so far, and when the platform sent the objects out (UTC; None: not yet)."""

    dispatched_at: datetime | None
    rows: Sequence[Confirmation]


@dataclass(frozen=True)
class PlatformTeam:
    """One group of the platform's own draw: `(inspector_id, dept_code)`."""

    group: int
    inspectors: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class PlatformDraw:
    """The platform's own draw, for verification. `certificates`: canonical bytes, where published."""

    drawn_at: datetime | None
    eligible: Sequence[str] | None
    objects: Sequence[tuple[str, str, str | None]]  # object_id, uscc, stratum
    replaces: Sequence[tuple[str, str]]  # replaced object_id, replacement
    teams: Sequence[PlatformTeam]
    assignment: Sequence[tuple[str, int]]  # uscc, group
    certificates: Sequence[bytes]


@dataclass(frozen=True)
class Capability:
    """What a system can do about an outcome that is unknown.

    `dedupes`: sending identical bytes under the same batch number again is answered with the
    first receipt, for `key_life_s` seconds since it was first sent (None: for ever).  `can_query`: it says
    what it holds of a batch; absence counts only after `settle_reads` reads over at least `settle_window_s`
    seconds.  `at_once`: so many messages may be sent side by side.
    """

    dedupes: bool
    can_query: bool
    settle_reads: int
    settle_window_s: float
    key_life_s: float | None = None
    at_once: int = 1

    def recognises(self, age_s: float) -> bool:
        """Whether a message first sent so many seconds ago is still recognised when it comes again.

        The last tenth of the key's life does not count: a request may be under way when it ends.
        """
        return self.dedupes and (self.key_life_s is None or age_s < self.key_life_s * 0.9)


@dataclass(frozen=True)
class Outgoing:
    """One item to be delivered: our key in the message, its version, and its record as JSON text."""

    key: str
    version: int
    payload: str


class Channel(Protocol):
    """One kind of write to one system; used by `delivery` only."""

    @property
    def system(self) -> str:
        """`platform` or `publicity`."""
        ...

    @property
    def kind(self) -> str:
        """What is written: `form`, `record`, `draw`, `confirmation`, `materials`."""
        ...

    @property
    def capability(self) -> Capability:
        """From the profile."""
        ...

    @property
    def batch_size(self) -> int:
        """Most items in one message."""
        ...

    def encode(self, batch_no: str, items: Sequence[Outgoing], created_at: datetime) -> bytes:
        """The message's exact bytes; called once per batch, then frozen. `created_at` is UTC."""
        ...

    def send(self, batch_no: str, body: bytes) -> Receipt:
        """Sends once. Raises NotSent, Ambiguous or Refused; the receipt's digest fits `body`."""
        ...

    def query(self, batch_no: str) -> Receipt | None:
        """What the system holds of that batch now; None: nothing. Raises SystemUnreachable."""
        ...


class Platform(Protocol):
    """The provincial platform, reading side."""

    def objects(self, page_no: int, snapshot: str | None) -> Page[Entity | ProjectObject]:
        """One page of 抽查对象名录库."""
        ...

    def inspectors(self, page_no: int, snapshot: str | None) -> Page[Inspector]:
        """One page of 执法检查人员名录库."""
        ...

    def items(self) -> Page[InspectionItem]:
        """The whole 抽查事项清单."""
        ...

    def materials(self, task_id: str) -> Sequence[Materials]:
        """What the departments have handed in so far."""
        ...

    def seals(self, task_id: str, stage: str, round_no: int) -> Sequence[Seal]:
        """Sealed commitments so far."""
        ...

    def reveals(self, task_id: str, stage: str, round_no: int) -> Sequence[Reveal]:
        """Opened values so far."""
        ...

    def draw(self, task_id: str) -> PlatformDraw | None:
        """The platform's own draw; None before there is one."""
        ...

    def confirmations(self, task_id: str) -> ConfirmationState:
        """The departments' answers so far."""
        ...

    def forms(self, task_id: str) -> Iterator[InspectionForm]:
        """The forms that the platform holds."""
        ...

    def results(self, task_id: str, updated_since: datetime | None, page_no: int) -> Page[ItemResult]:
        """One page of results, oldest change first. `updated_since` is UTC, inclusive."""
        ...

    def clock_skew_s(self) -> float:
        """Their wall clock minus ours, from the Date header of the last answer; 0 before any."""
        ...


class Publicity(Protocol):
    """The credit publicity system, reading side."""

    def public_rows(self, prip_id: str) -> Sequence[PublicRow]:
        """What the public sees under one enterprise, details included."""
        ...

    def public_enterprise(self, prip_id: str) -> PublicEnterprise | None:
        """Who the enterprise is today, as the public sees it; None: nobody there, or it is not shown."""
        ...

    def held(self, record_id: str) -> tuple[int, str, str] | None:
        """`(version, digest, state)` that the exchange holds of a record; None: nothing."""
        ...


class PublicNumbers(Protocol):
    """Where an announced public number is read."""

    def value(self, number_id: str) -> str | None:
        """The value, or None before it is announced."""
        ...
