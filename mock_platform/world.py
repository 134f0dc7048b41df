"""Everything the two outside systems hold, their clock, and the people who act on it.

A test edits the collections directly; whatever the faces or the people change is committed
to the state file at the end of the same turn, before a reply goes out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from mock_platform.agenda import Act, Agenda, CampaignClock, Speed
from mock_platform.chance import chance
from mock_platform.dialect import Dialect
from mock_platform.faults import Faults
from mock_platform.plan import CampaignPlan
from mock_platform.shanghai_time import iso_time, on
from mock_platform.signature import Gate
from mock_platform.store import Kept, Store

Row = dict[str, Any]
Player = Callable[["World", Act], None]

LISTS = ("objects", "inspectors", "items")
KEPT = (
    "meta", "enterprises", "materials", "seals", "documents", "numbers", "dispatches", "confirmations",
    "drawn", "fates", "forms", "batches", "results", "records", "messages", "intentions",
)  # fmt: skip


class World:
    """The state of one mock platform.

    objects, inspectors, items   the directories' rows, dirt included (lists)
    enterprises                  the publicity system's register: pripId -> {uniscid, entName}
    forms, results, records      by formNo, resultId, recordId
    writes                       every write accepted, in order
    clock, agenda, faults        campaign time, what people will do, what goes wrong
    """

    def __init__(
        self,
        plan: CampaignPlan,
        seed: int,
        state: Path | None,
        speed: Speed,
        gate: Gate,
        dialect: Dialect | None = None,
    ) -> None:
        self.plan, self.seed, self.gate, self.dialect = plan, seed, gate, dialect
        self.lock = threading.RLock()
        self.objects: list[Row] = []
        self.inspectors: list[Row] = []
        self.items: list[Row] = []
        self.writes: list[Row] = []
        self.meta, self.enterprises, self.materials, self.seals = Kept(), Kept(), Kept(), Kept()
        self.documents, self.numbers, self.dispatches, self.confirmations = Kept(), Kept(), Kept(), Kept()
        self.drawn, self.fates, self.forms, self.batches = Kept(), Kept(), Kept(), Kept()
        self.results, self.records, self.messages, self.intentions = Kept(), Kept(), Kept(), Kept()
        self.agenda, self.faults = Agenda(), Faults(seed)
        self.clock = CampaignClock(on(plan.starts_on, 9), speed)
        self.players: dict[str, Player] = {}
        self.counts: dict[str, Callable[[World, Act], bool]] = {}
        self.snapshots: dict[str, list[str]] = {}
        self._found: dict[Callable[[World], Any], Any] | None = None
        self._store = Store(state)
        self._acting: datetime | None = None
        self._row_changes: set[tuple[str, int]] = set()
        self._saved_writes = 0
        self._write_changes: set[int] = set()

    # --- time and acts -------------------------------------------------------------------

    def now(self) -> datetime:
        """Campaign time; while somebody acts, the moment of the act."""
        return self._acting or self.clock.now()

    def will(
        self, at: datetime, kind: str, who: str, what: str, topics: tuple[str, ...] = (), **data: Any
    ) -> None:
        """Plans an act of `who`, not earlier than now."""
        number = self.meta.get("acts", 0) + 1
        self.meta["acts"] = number
        at = max(at, self.now()).replace(microsecond=0)
        self.agenda.add(Act(number, at, kind, who, what, topics, data))

    def run_until(self, moment: datetime) -> None:
        """Lets everybody act who is due, in order, and moves the clock to `moment`."""
        while (act := self.agenda.pop_due(moment)) is not None:
            self.clock.set(act.at)
            self._acting = act.at
            try:
                self.players[act.kind](self, act)
            finally:
                self._acting = None
        self.clock.set(moment)

    def catch_up(self) -> None:
        """Where the clock runs by itself, lets those act who are due."""
        if self.clock.speed != "max":
            self.run_until(self.clock.now())

    def wait_for(self, *topics: str, whole_day: bool = False) -> None:
        """A request asks for what an act may bring: at speed `max` it happens now; else nothing."""
        if self.clock.speed != "max":
            return
        moment = self.agenda.next_for(topics, self._counts, whole_day)
        if moment is not None:
            self.run_until(moment)

    def _counts(self, act: Act) -> bool:
        rule = self.counts.get(act.kind)
        return rule is None or rule(self, act)

    def chance(self, *labels: object) -> Any:
        """Seeded chance for one decision."""
        return chance(self.seed, *labels)

    def intends(self, act: str, who: str | None = None) -> Row | None:
        """What was planned over the control face for `who` (a department's code or an enterprise's)."""
        for intention in self.intentions.values():
            if intention["act"] == act and (who is None or intention.get("who") in (who, None)):
                found: Row = intention
                return found
        return None

    # --- writes and receipts ---------------------------------------------------------------

    def receipt_no(self) -> str:
        """The next receipt number."""
        self.meta["receipts"] = self.meta.get("receipts", 0) + 1
        return f"{self.plan.division}-{self.now():%Y%m%d}-{self.meta['receipts']:06d}"

    def note_write(self, endpoint: str, key: str, digest: str, batch_no: str | None, **more: Any) -> None:
        """Lists a write that was accepted. `digest`: SHA-256 of the request body that brought it."""
        row = {
            "seq": len(self.writes) + 1,
            "endpoint": endpoint,
            "key": key,
            "version": 1,
            "batchNo": batch_no,
        }
        self.writes.append({**row, "digest": digest, "at": iso_time(self.now()), "state": "accepted", **more})

    def settle_write(self, seq: int, state: str) -> None:
        """A pending write became accepted, rejected or withdrawn."""
        self.writes[seq - 1]["state"] = state
        self._write_changes.add(seq)

    def row_changed(self, collection: str, index: int) -> None:
        """Notes that a directory row was changed."""
        self._row_changes.add((collection, index))

    # --- keeping -----------------------------------------------------------------------------

    def once_a_turn(self, find: Callable[[World], Any]) -> Any:
        """What `find` finds, looked for once a turn: for what the rows of one request cannot change."""
        if self._found is None:
            return find(self)
        if find not in self._found:
            self._found[find] = find(self)
        return self._found[find]

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One request or tick: alone with the state, which is committed at its end."""
        with self.lock:
            try:
                self.catch_up()
                self._found = {}
                yield
            finally:
                self._found = None
                self.commit()

    def load(self) -> bool:
        """Takes over what an earlier process left; False: nothing there."""
        found = self._store.load()
        if "meta" not in found:
            return False
        for name in KEPT:
            getattr(self, name).load(found.get(name, {}))
        for name in (*LISTS, "writes"):
            rows = found.get(name, {})
            setattr(self, name, [rows[key] for key in sorted(rows)])
        self._saved_writes = len(self.writes)
        for row in found.get("agenda", {}).values():
            self.agenda.add(Act.from_json(row))
        self.agenda.changed.clear()
        self.gate.nonces.update(found.get("nonces", {}))
        self.clock.set(datetime.fromisoformat(self.meta["clock"]))
        return True

    def save(self) -> None:
        """Commits everything, after a test edited collections of a world that has a state file."""
        for name in KEPT:
            kept: Kept = getattr(self, name)
            kept.changed.update(kept)
        self._row_changes.update((name, index) for name in LISTS for index in range(len(getattr(self, name))))
        self._saved_writes = 0
        self.commit()

    def commit(self) -> None:
        """Writes what changed since the last commit."""
        changes: list[tuple[str, str, Any]] = []
        for name in KEPT:
            kept: Kept = getattr(self, name)
            changes += [(name, key, kept.get(key)) for key in kept.changed]
        changes += [(name, f"{index:08d}", getattr(self, name)[index]) for name, index in self._row_changes]
        fresh = {*range(self._saved_writes + 1, len(self.writes) + 1), *self._write_changes}
        changes += [("writes", f"{seq:08d}", self.writes[seq - 1]) for seq in fresh]
        for number, act in self.agenda.changed.items():
            changes.append(("agenda", f"{number:08d}", act.to_json() if act else None))
        now = iso_time(self.clock.now())
        if self.meta.get("clock") != now:  # so that a clock that runs does not go back after a kill
            self.meta["clock"] = now
            changes.append(("meta", "clock", now))
        if changes:
            changes += [
                ("nonces", nonce, self.gate.nonces[nonce])
                for nonce in self.gate.fresh
                if nonce in self.gate.nonces
            ]
            self._store.commit(changes)
            self.gate.fresh.clear()
        # Only now: what a full disk refused is still to be written with the next turn.
        for name in KEPT:
            getattr(self, name).changed.clear()
        self._saved_writes = len(self.writes)
        self._row_changes.clear()
        self._write_changes.clear()
        self.agenda.changed.clear()

    def close(self) -> None:
        """Closes the state file, after the turn that is under way."""
        with self.lock:
            self._store.close()
