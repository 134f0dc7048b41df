"""Delivering records against posting their bytes.

    python -m bench.delivery [small|full]

`ours` is `delivery.deliver` through the channel of the profile `hebei`, from items that are queued to the
last receipt: messages are built, checked and frozen, intents committed to a ledger in SQLite on this disk
(synchronous=FULL), requests signed, receipts read, checked and recorded, with their audit events.
The peer posts the same bytes with one plain `httpx.Client`, signs nothing, keeps nothing and looks at the
status only.  Both talk to the same receiver, which answers as fast as it can (`bench.delivery_receiver`).

Since a receiver that does nothing is none, both are measured too against one that parses, checks and stores
what it gets (`to one that checks`), and one in a message against one that answers after 50 ms (`to one that
is far`): there messages go out side by side, as the profile allows, and the peer waits for each.  Records per
second, wall time; `fdatasync_ms` is how long 4 KiB take to reach the disk.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.delivery_xml import record
from bench.figure import Line, Timing, figure
from connectors.factory import connect
from connectors.profile import Profile, load_profile
from connectors.protocols import Channel
from delivery.clock import RealClock
from delivery.deliver import deliver
from delivery.hooks import SILENT
from delivery.queue import Due, enqueue
from ledger.engine import Ledger, open_ledger
from ledger.messages import messages_in

TASK = "130534202405281001"
AT = datetime(2024, 5, 28, 1, 0, tzinfo=UTC)
# Records, and how many of them are in a message.
SIZES = {"small": ((10_000, 100), (1_000, 1)), "full": ((10_000, 100), (10_000, 1))}
TARGETS = {100: 0.5, 1: 0.35}
FAR, FAR_TARGET = {"small": 200, "full": 1_000}, 2.0
ROUNDS = {"small": 5, "full": 5}
_KEY = "bench"


def profile_for(batch: int) -> Profile:
    """The reference profile without a limit of pace."""
    document = load_profile("hebei").model_dump()
    document["publicity"]["capability"]["record"]["batch_size"] = batch
    document["publicity"]["limits"] |= {"requests_per_s": 1_000_000, "burst": 1_000_000}
    return Profile.model_validate(document)


@contextmanager
def receiver(folder: Path, *command: str) -> Iterator[str]:
    """A process that takes in what is posted; gives what it wrote of itself."""
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", *(str(ready) if part == "READY" else part for part in command)],
        stdin=subprocess.PIPE,
    ) as process:
        try:
            for _ in range(600):
                if ready.exists():
                    break
                time.sleep(0.05)
            yield ready.read_text("utf-8")
        finally:
            process.terminate()


class Desk:
    """An empty ledger for each round, and connections that stay."""

    def __init__(self, folder: Path, count: int, batch: int, url: str, more: ExitStack) -> None:
        self._folder, self._count, self._numbers = folder, count, itertools.count()
        self._connections = more.enter_context(connect(profile_for(batch), url, url, _KEY, _KEY))
        self._plain = more.enter_context(httpx.Client(base_url=url))
        self._due = [
            Due(one.record_id, 1, one.model_dump_json())
            for one in (record(number) for number in range(1, count + 1))
        ]
        self._ready: list[Ledger] = []
        self.bodies: list[bytes] = []

    @property
    def channel(self) -> Channel:
        return self._connections.channels(TASK).records

    def prepare(self, rounds: int) -> None:
        """So many ledgers in which everything is queued."""
        for _ in range(rounds):
            ledger = open_ledger(f"sqlite:///{self._folder}/ledger-{next(self._numbers)}.db")
            with ledger.write() as tx:
                enqueue(tx, "record", TASK, self._due, AT, approved=True)
            self._ready.append(ledger)

    def ours(self) -> None:
        """Everything in one ledger is delivered."""
        ledger = self._ready.pop()
        found = deliver(
            ledger, self.channel, TASK, owner="bench:1", clock=RealClock(), hooks=SILENT, now=lambda: AT
        )
        if found.accepted + found.pending != self._count:
            raise ValueError(f"not delivered: {found}")
        if not self.bodies:
            with ledger.read() as tx:
                self.bodies = [m.body for m in messages_in(tx, "record", TASK, ("done", "pending"))]
        ledger.close()

    def plain(self) -> None:
        """The same bytes, posted."""
        for body in self.bodies:
            answer = self._plain.post(
                "/exchange/v1/spotchecks", content=body, headers={"Content-Type": "application/xml"}
            )
            answer.raise_for_status()


def fdatasync_ms(folder: Path) -> float:
    """Median of writing 4 KiB and waiting until they are on the disk."""
    taken = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(200):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def run(scale: str) -> Iterator[Line]:
    """For each size of message: to a receiver that does nothing, to one that checks; then to one far away."""
    for count, batch in SIZES[scale]:
        for how, more in (("", []), (", to one that checks", ["checks"])):
            name = f"delivery.records, {batch} in a message{how}"
            yield _one(count, batch, name, more, ROUNDS[scale], TARGETS[batch])
    name = "delivery.records, 1 in a message, to one that is far"
    yield _one(FAR[scale], 1, name, ["far"], ROUNDS[scale], FAR_TARGET)


def _one(count: int, batch: int, name: str, how: list[str], rounds: int, target: float) -> Line:
    with tempfile.TemporaryDirectory(prefix="drawbridge-bench-") as place, ExitStack() as more:
        folder = Path(place)
        port = more.enter_context(receiver(folder, "bench.delivery_receiver", "READY", *how))
        desk = Desk(folder, count, batch, f"http://127.0.0.1:{port}", more)
        desk.prepare(rounds + 1)
        desk.ours()
        timing = Timing({"ours": desk.ours, "httpx": desk.plain}, rounds)
        mine, theirs = (count / timing.median(one) for one in ("ours", "httpx"))
        return figure(
            name,
            count,
            mine,
            mine / theirs,
            target,
            peers={"httpx.Client, the same bytes": theirs},
            timing=timing,
            fdatasync_ms=round(fdatasync_ms(folder), 2),
        )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
