"""A system that stands behind the Channel protocol, in memory, and does what it is told to do wrong.

    system = System(dedupes=True)
    system.plan("commit_lose", "ok")   # the first write is stored and its answer lost, the second is fine
    system.records                     # every record it holds: (key, version) -> how many times
    system.sends, system.queries       # what reached it

Whatever it answers, `records` is the truth that a test judges by.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from connectors.protocols import Ambiguous, Capability, NotSent, Outgoing, Refused, SystemUnreachable
from schemas.errors import DrawbridgeError
from schemas.publication import Receipt, ReplyState, RowReply

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


class FakeClock:
    """A wall clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.at = START
        self.slept = 0.0
        self.listeners: list[Callable[[datetime], None]] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Stored:
    """A message that was taken in. `visible_after`: so many more queries do not see it."""

    digest: str
    rows: list[RowReply]
    visible_after: int = 0


@dataclass
class System:
    """`capability` as in the Protocol; `clock` lets late commits happen in time."""

    clock: FakeClock
    kind: str = "record"
    dedupes: bool = False
    can_query: bool = True
    settle_reads: int = 3
    settle_window_s: float = 60.0
    batch_size: int = 4
    key_life_s: float | None = None
    system: str = "publicity"
    stale_reads: int = 0
    rejects: frozenset[str] = frozenset()
    pends: frozenset[str] = frozenset()
    refuses: frozenset[str] = frozenset()
    unwritable: frozenset[str] = frozenset()
    records: Counter[tuple[str, int]] = field(default_factory=Counter)
    held: dict[str, Stored] = field(default_factory=dict)
    late: list[tuple[datetime, str, bytes]] = field(default_factory=list)
    sends: list[tuple[str, bytes]] = field(default_factory=list)
    queries: int = 0
    query_plan: deque[str] = field(default_factory=deque)
    send_plan: deque[str] = field(default_factory=deque)
    inside: Callable[[int], None] = lambda number: None

    @property
    def capability(self) -> Capability:
        return Capability(
            self.dedupes, self.can_query, self.settle_reads, self.settle_window_s, self.key_life_s
        )

    def plan(self, *faults: str) -> None:
        """What the next writes meet, one after the other; afterwards all is well."""
        self.send_plan.extend(faults)

    def encode(self, batch_no: str, items: Sequence[Outgoing], created_at: datetime) -> bytes:
        for item in items:
            if item.key in self.unwritable:
                raise DrawbridgeError("DB-INPUT-040", detail=item.key)
        return json.dumps(
            {
                "batch": batch_no,
                "at": created_at.isoformat(),
                "rows": [[item.key, item.version, item.payload] for item in items],
            }
        ).encode()

    def send(self, batch_no: str, body: bytes) -> Receipt:
        fault = self.send_plan.popleft() if self.send_plan else "ok"
        if fault == "not_sent":
            raise NotSent("DB-PUBLICITY-001", path="/")
        if fault.startswith("retry_after:"):
            error = NotSent("DB-PUBLICITY-009", path="/")
            error.retry_after_s = float(fault.partition(":")[2])
            raise error
        self.sends.append((batch_no, body))
        self.inside(3)
        if fault == "500_before":
            raise Ambiguous("DB-PUBLICITY-005", path="/", status=500)
        if fault.startswith("late:"):
            self.late.append(
                (self.clock.now() + timedelta(seconds=float(fault.partition(":")[2])), batch_no, body)
            )
            raise Ambiguous("DB-PUBLICITY-005", path="/", status=502)
        if fault == "duplicate":
            raise Ambiguous("DB-PUBLICITY-014", path="/", answer_code="49", answer_text="")
        rows = json.loads(body)["rows"]
        if fault == "refuse" or any(key in self.refuses for key, _, _ in rows):
            raise Refused("DB-PUBLICITY-015", path="/", answer_code="96", answer_text="数据错误")
        self._commit(batch_no, body)
        self.inside(4)
        if fault == "commit_lose":
            raise Ambiguous("DB-PUBLICITY-004", path="/", detail="reset")
        if fault == "crash":
            raise RuntimeError("a bug in the connector")
        receipt = self._receipt(batch_no)
        if fault == "other_batch":
            return receipt.model_copy(update={"digest": "0" * 64})
        if fault == "partial":
            return receipt.model_copy(update={"rows": receipt.rows[1:]})
        return receipt

    def query(self, batch_no: str) -> Receipt | None:
        self.queries += 1
        self._commit_late()
        fault = self.query_plan.popleft() if self.query_plan else "ok"
        if fault == "unreachable":
            raise SystemUnreachable("DB-PUBLICITY-003", path="/")
        if fault.startswith("retry_after:"):
            asked_s = float(fault.partition(":")[2])
            raise SystemUnreachable("DB-PUBLICITY-010", path="/", retry_after_s=asked_s)
        stored = self.held.get(batch_no)
        if stored is None or fault == "absent":
            return None
        if stored.visible_after > 0:
            stored.visible_after -= 1
            return None
        receipt = self._receipt(batch_no)
        if fault == "other_bytes":
            return receipt.model_copy(update={"digest": "f" * 64})
        if fault == "partial":
            return receipt.model_copy(update={"rows": receipt.rows[1:]})
        return receipt

    def settle_pending(self) -> None:
        """The centre decides on everything that is pending."""
        for batch_no, stored in self.held.items():
            stored.rows = [
                row
                if row.state is not ReplyState.PENDING
                else RowReply(
                    key=row.key, state=ReplyState.ACCEPTED, receipt_no=f"R-{row.key}-{batch_no[-6:]}"
                )
                for row in stored.rows
            ]

    def doubled(self) -> list[tuple[str, int]]:
        return [one for one, count in self.records.items() if count > 1]

    def _commit_late(self) -> None:
        arrived = [one for one in self.late if one[0] <= self.clock.now()]
        self.late = [one for one in self.late if one not in arrived]
        for _, batch_no, body in arrived:
            self._commit(batch_no, body)

    def _commit(self, batch_no: str, body: bytes) -> None:
        self._commit_late()
        if self.dedupes and batch_no in self.held:
            return
        rows = []
        for key, version, _ in json.loads(body)["rows"]:
            if key in self.rejects:
                rows.append(RowReply(key=key, state=ReplyState.REJECTED, code="97", text="查无此企业"))
                continue
            self.records[key, version] += 1
            state = ReplyState.PENDING if key in self.pends else ReplyState.ACCEPTED
            number = None if state is ReplyState.PENDING else f"R-{key}-{batch_no[-6:]}"
            rows.append(RowReply(key=key, state=state, receipt_no=number))
        self.held[batch_no] = Stored(hashlib.sha256(body).hexdigest(), rows, self.stale_reads)

    def _receipt(self, batch_no: str) -> Receipt:
        stored = self.held[batch_no]
        return Receipt(
            batch_no=batch_no, digest=stored.digest, received_at=self.clock.now(), rows=tuple(stored.rows)
        )
