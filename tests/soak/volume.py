"""`python -m tests.soak.volume --publications 10000`: many publications through a mock that fails often.

One in a hundred requests meets each of F01 to F04, F06, F11, F17, F19, F34 and F35 of the fault catalogue.
The mock is a process of its own behind real sockets (`platform_process`, which would take the same record
twice); the waits are on a clock of the run's own, which the mock's late commits go by too.  What the mock
rejected is corrected and goes out as the next version, as an operator would have it.

Before the last line a table of hits per fault, in which a zero fails the run; the last line says what was
published, lost, doubled by the mock's own record, and how many invariants were broken.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from connectors.factory import connect
from connectors.profile import Profile
from connectors.protocols import Channel
from delivery.deliver import Hooks, Outcome, deliver
from delivery.queue import Due, enqueue
from delivery.receipts import poll_receipts
from ledger.engine import Ledger
from ledger.outbox import OutboxItem, outbox_items
from schemas.publication import PublicationRecord
from tests.delivery.system import FakeClock
from tests.soak.acts import STARTED
from tests.soak.databases import Databases, opened
from tests.soak.drive import wait_for
from tests.soak.invariants import broken, look
from tests.soak.material import KEY, PLAN, PROJECT, SECRET, TASK, payload

WRITE, QUERY = "postSpotchecks", "getReceipt"
FAULTS: Mapping[str, tuple[str, str]] = {
    "F01": ("reply_lost_after_commit", WRITE),
    "F02": ("http_500_after_commit", WRITE),
    "F03": ("http_500_before_commit", WRITE),
    "F04": ("http_502_504_gateway", WRITE),
    "F06": ("stale_read_after_write", QUERY),
    "F11": ("rate_429_retry_after_seconds", WRITE),
    "F17": ("reset_mid_request", WRITE),
    "F19": ("truncated_json", WRITE),
    "F34": ("partial_acceptance", WRITE),
    "F35": ("partial_reply_missing_items", WRITE),
}
"""Number in the catalogue -> name of the fault, and the requests that meet it."""

PLATFORMS: Mapping[str, tuple[bool, bool]] = {
    "queries": (False, True),
    "both": (True, True),
}
"""What the other side can do: recognise repetitions, be asked."""

QUIET_WITHIN = 60
_PATIENCE_S = 600.0
_UNNOTICED_S = 0.5  # the mock is told of the time in steps of this, or it would be told all the time


@dataclass
class Mock:
    """The mock's ports."""

    urls: Mapping[str, str]

    def get(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.urls['control']}/control/{what}", timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def post(self, what: str, body: object) -> None:
        request = urllib.request.Request(  # noqa: S310 - the mock's own face
            f"{self.urls['control']}/control/{what}", json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310
            pass


class SharedClock(FakeClock):
    """A clock that moves when somebody sleeps, the mock's with it."""

    def __init__(self, mock: Mock) -> None:
        super().__init__()
        self._mock, self._told = mock, 0.0

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        if self.monotonic() - self._told >= _UNNOTICED_S:
            self._told = self.monotonic()
            self._mock.post("character", {"elapsed": self._told})


@dataclass
class Verdict:
    """What the mock's record and the ledger say in the end. `states`: of the newest version of each."""

    published: int
    lost: list[str]
    doubled: list[str]
    broken: list[str]
    hits: Mapping[str, int]
    states: Counter[str] = field(default_factory=Counter)
    corrected: int = 0
    slept_s: float = 0.0

    @property
    def never_met(self) -> list[str]:
        return [number for number, count in self.hits.items() if not count]

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.broken or self.never_met)


@contextmanager
def running_mock(folder: Path, seed: int) -> Iterator[Mock]:
    """The mock of the soak, in a process of its own."""
    ready, log = folder / "ready.json", folder / "mock.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "tests.soak.platform_process", str(PLAN), str(ready),
                "--seed", str(seed),
            ],
            cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_for(ready, process, log)
        yield Mock(json.loads(ready.read_text("utf-8")))
    finally:
        process.terminate()
        process.wait(20)


def profile_for(platform: str, batch: int) -> Profile:
    """The reference profile as it ships, but for what the other side can do."""
    document = tomllib.loads((PROJECT / "connectors/profiles/hebei.toml").read_text("utf-8"))
    dedupes, can_query = PLATFORMS[platform]
    rule = {"dedupes": dedupes, "can_query": can_query, "batch_size": batch}
    document["publicity"]["capability"]["record"] |= rule
    return Profile.model_validate(document)


class Run:
    """All publications, from the queue to quiet."""

    def __init__(self, ledger: Ledger, mock: Mock, channel: Channel, clock: SharedClock) -> None:
        self.ledger, self.mock, self.channel, self.clock = ledger, mock, channel, clock
        self.due: set[tuple[str, int]] = set()

    def queue(self, rows: list[tuple[str, int]]) -> None:
        """A first version, or the correction of one that was rejected: still the first record there."""
        due = [
            Due(key, version, _as_first(payload("record", key, version)), _last_day(key))
            for key, version in rows
        ]
        with self.ledger.write() as tx:
            enqueue(tx, "record", TASK, due, STARTED, approved=True)
        self.due |= set(rows)

    def until_quiet(self) -> Outcome:
        """The same again and again, as a schedule does it. Raises AssertionError if it never ends (I12)."""
        for _ in range(QUIET_WITHIN):
            outcome = deliver(
                self.ledger, self.channel, TASK, owner="volume:1", clock=self.clock, hooks=Hooks(),
                now=lambda: STARTED, patience_s=_PATIENCE_S,
            )  # fmt: skip
            if outcome.pending:
                outcome = poll_receipts(
                    self.ledger, self.channel, TASK, clock=self.clock, hooks=Hooks(), now=lambda: STARTED
                )
            if not (outcome.unknown or outcome.pending or outcome.ready):
                return outcome
            wake = outcome.next_try_at or self.clock.now()
            self.clock.advance(max(1.0, (wake - self.clock.now()).total_seconds()))
        raise AssertionError(f"not quiet after {QUIET_WITHIN} runs: {outcome}")

    def items(self) -> list[OutboxItem]:
        with self.ledger.read() as tx:
            return outbox_items(tx, "record", TASK)

    def correct(self) -> int:
        """What was rejected goes out again, and nothing else."""
        newest = {item.key: item for item in self.items()}
        rejected = [(item.key, item.version + 1) for item in newest.values() if item.state == "rejected"]
        self.queue(rejected)
        return len(rejected)

    def verdict(self, keys: list[str]) -> Verdict:
        """By the mock's record: each key taken in once in all, whatever the version."""
        writes = self.mock.get("writes")["writes"]
        live = Counter(write["key"] for write in writes if write["state"] == "accepted")
        fired: Counter[str] = Counter()
        for fault in self.mock.get("faults")["faults"]:
            fired[fault["name"]] += fault["fired"]
        seen = look(self.ledger, "record", frozenset(self.due), frozenset(), writes)
        return Verdict(
            published=sum(1 for key in keys if live[key] == 1),
            lost=[key for key in keys if not live[key]],
            doubled=[key for key, count in live.items() if count > 1],
            broken=broken(seen),
            hits={number: fired[name] for number, (name, _) in FAULTS.items()},
            states=Counter({item.key: item.state for item in seen.items}.values()),
            slept_s=self.clock.slept,
        )


def perform(publications: int, *, platform: str, batch: int, rate: float, seed: int) -> Verdict:
    """Everything from an empty ledger to the verdict; with faults up to the end."""
    with tempfile.TemporaryDirectory(prefix="drawbridge-volume-") as name:
        folder = Path(name)
        with running_mock(folder, seed) as mock, Databases.open("sqlite", folder) as databases:
            mock.post("character", {"dedupes": PLATFORMS[platform][0], "atOnce": False})
            mock.post("character", {"enterprises": publications})
            mock.post("character", {"elapsed": 0.0})
            for fault, endpoint in FAULTS.values():
                mock.post("faults", {"name": fault, "endpoint": endpoint, "probability": rate})
            clock = SharedClock(mock)
            connections = connect(
                profile_for(platform, batch), mock.urls["platform"], mock.urls["publicity"], KEY, SECRET,
                sleep=clock.sleep, monotonic=clock.monotonic,
            )  # fmt: skip
            ledger = opened(databases.fresh())
            try:
                return _performed(Run(ledger, mock, connections.channels(TASK).records, clock), publications)
            finally:
                ledger.close()
                connections.close()


def _performed(run: Run, publications: int) -> Verdict:
    keys = [f"V-{number}" for number in range(1, publications + 1)]
    run.queue([(key, 1) for key in keys])
    run.until_quiet()
    corrected = 0
    while count := run.correct():
        corrected += count
        run.until_quiet()
    found = run.verdict(keys)
    found.corrected = corrected
    writes = run.mock.get("writes")["count"]
    again = run.until_quiet()
    if again.sent or run.mock.get("writes")["count"] != writes:
        found.broken.append(f"I10 quiet: a run on a quiet system sent {again.sent}")
    return found


def _as_first(text: str) -> str:
    return PublicationRecord.model_validate_json(text).model_copy(update={"operation": "I"}).model_dump_json()


def _last_day(key: str) -> date:
    return STARTED.date() + timedelta(days=4 + int(key.rpartition("-")[2]) % 20)


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    began = time.monotonic()
    found = perform(
        given.publications, platform=given.platform, batch=given.batch, rate=given.rate, seed=given.seed
    )
    width = max(len(name) for name, _ in FAULTS.values())
    for number, (name, _) in FAULTS.items():
        print(f"{number}  {name:<{width}} {found.hits[number]:>6}")
    for line in (*found.lost[:5], *found.doubled[:5], *found.broken[:10]):
        print(f"    {line}")
    if found.never_met:
        print(f"never met: {', '.join(found.never_met)}")
    states = ", ".join(f"{state} {count}" for state, count in sorted(found.states.items()))
    print(
        f"platform {given.platform}, {given.batch} in a message, {given.rate:g} of the requests each,"
        f" {time.monotonic() - began:.0f} s, waited {found.slept_s:.0f} s by the run's clock;"
        f" corrected {found.corrected}; in the ledger: {states}"
    )
    print(
        f"publications {given.publications}, published {found.published}, lost {len(found.lost)},"
        f" doubled {len(found.doubled)}, invariants broken {len(found.broken)}"
    )
    return 0 if found.is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.volume")
    add = parser.add_argument
    add("--publications", type=int, default=10_000, metavar="N", help="how many (10000)")
    add("--batch", type=int, default=10, metavar="N", help="records in a message (10)")
    add("--rate", type=float, default=0.01, metavar="P", help="share of requests that meet each fault (0.01)")
    add("--platform", choices=sorted(PLATFORMS), default="queries", help="what the other side can do")
    add("--seed", type=int, default=1, help="which requests the faults hit (1)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
