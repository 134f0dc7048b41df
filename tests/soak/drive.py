"""One schedule from start to end: kills, faults, recovery until quiet, and the verdict.

A `Stage` is everything that outlives a schedule: the mock as a process, the forge that makes processes to
be killed, and where databases come from.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.soak.acts import LAG_S, Place
from tests.soak.databases import Databases, one_server, opened
from tests.soak.invariants import ANY_TIME, Seen, broken, doubled, look, lost
from tests.soak.material import PLAN, PROJECT
from tests.soak.schedules import POINTS, Schedule

QUIET_WITHIN = 14
"""I12: without faults left, so many runs are enough."""
_PATIENCE_S = 2.0


@dataclass
class Verdict:
    """What one schedule showed. `hits`: points where a process died; `fired`: faults that acted."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.doubled or self.broken)


@dataclass
class Stage:
    """The mock, the forge, the databases; `catalogue`: names of faults that the mock knows."""

    urls: Mapping[str, str]
    forge: subprocess.Popen[str]
    databases: Databases

    @property
    def catalogue(self) -> list[str]:
        return list(self.get("faults")["catalogue"])

    def get(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.urls['control']}/control/{what}", timeout=20) as answer:  # noqa: S310
            return json.load(answer)

    def post(self, what: str, body: object) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the mock's own face
            f"{self.urls['control']}/control/{what}", json.dumps(body).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return json.load(answer)

    def order(self, **order: Any) -> list[dict[str, Any]]:
        """Has the forge carry out an act; returns how each process ended."""
        if self.forge.stdin is None or self.forge.stdout is None:
            raise RuntimeError("no forge")
        self.forge.stdin.write(json.dumps(order) + "\n")
        self.forge.stdin.flush()
        line = self.forge.stdout.readline()
        if not line:
            raise RuntimeError("the forge is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        ends: list[dict[str, Any]] = answer["ends"]
        return ends


@contextmanager
def open_stage(database: str, rooms: Path = PROJECT, spoilt: Sequence[str] = ()) -> Iterator[Stage]:
    """Starts everything; `rooms`: where the code of the delivering process is (a mutant's copy).

    `spoilt`: statements that are run on every empty ledger.
    """
    with tempfile.TemporaryDirectory(prefix="drawbridge-soak-") as name:
        folder = Path(name)
        ready = folder / "ready.json"
        log = (folder / "mock.log").open("wb")
        mock = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.platform_process", str(PLAN), str(ready)],
            cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        forge = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.forge"], cwd=rooms, text=True, env=_environment(rooms),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            wait_for(ready, mock, folder / "mock.log")
            with Databases.open(database, folder, spoilt) as databases:
                yield Stage(json.loads(ready.read_text("utf-8")), forge, databases)
        finally:
            for process in (forge, mock):
                process.terminate()
                process.wait(20)
            log.close()


def _environment(rooms: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(rooms)}


def wait_for(ready: Path, mock: subprocess.Popen[bytes], log: Path) -> None:
    """Until the mock has written its addresses. Raises RuntimeError with its log if it does not."""
    end = time.monotonic() + 60
    while not ready.exists():
        if mock.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the mock did not start: {log.read_text('utf-8')[-2000:]}")
        time.sleep(0.02)


class Run:
    """One schedule under way."""

    def __init__(self, stage: Stage, plan: Schedule) -> None:
        self.stage, self.plan, self.verdict = stage, plan, Verdict()
        self.url = stage.databases.fresh()
        self.place = Place(
            self.url, stage.urls["platform"], stage.urls["publicity"], plan.kind,
            plan.platform.dedupes, plan.platform.can_query, plan.batch_size,
            plan.side_by_side,
        )  # fmt: skip
        stage.post("character", {"dedupes": plan.platform.dedupes, "atOnce": plan.at_once})
        self.due = list(plan.due)
        self.corrected = False

    def work(self, death: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """One process that delivers; returns how it ended."""
        order = {
            "act": "work", "place": asdict(self.place), "death": death, "due": self.due,
            "held": self.plan.held, "withheld": self.plan.withheld, "patience_s": _PATIENCE_S,
            "reconcile": True, **more,
        }  # fmt: skip
        return self._carry_out(order)

    def act(self, name: str, death: Mapping[str, Any] | None, **more: Any) -> dict[str, Any]:
        """One process that does something else than deliver."""
        return self._carry_out({"act": name, "place": asdict(self.place), "death": death, **more})

    def _carry_out(self, order: dict[str, Any]) -> dict[str, Any]:
        ends = self.stage.order(**order)
        for end in ends:
            if "died" in end:
                self.verdict.hits[end["died"]] += 1
                if end["code"] not in (137, -9):
                    self.verdict.broken.append(
                        f"a process that died at {end['died']} ended with {end['code']}"
                    )
            elif "error" in end and "DB-LEDGER-040" not in end["error"]:
                self.verdict.broken.append(f"a run ended with an error: {end['error'][-600:]}")
        return ends[0]

    def see(self, more: Sequence[str] = ()) -> Seen:
        """Both records as they are now; what always holds is checked, and `more`."""
        ledger = opened(self.url)
        try:
            keys = {key for key, _ in (*self.due, *self.plan.held, *self.plan.withheld)}
            writes = [w for w in self.stage.get("writes")["writes"] if w["key"] in keys]
            hidden = frozenset((*self.plan.held, *self.plan.withheld))
            seen = look(ledger, self.plan.kind, frozenset(self.due), hidden, writes)
            self.verdict.broken += broken(seen, (*ANY_TIME, *more))
            return seen
        finally:
            ledger.close()

    def judge(self) -> Seen:
        """Everything that must hold when all is quiet."""
        ledger = opened(self.url)
        try:
            seen = self.see()
            seen = replace(seen, ledger=ledger)
            self.verdict.lost += lost(seen)
            self.verdict.doubled += doubled(seen)
            self.verdict.broken += broken(seen)
            return seen
        finally:
            ledger.close()


def perform(stage: Stage, plan: Schedule) -> Verdict:
    """The whole schedule, and what it showed."""
    run = Run(stage, plan)
    for fault in plan.faults:
        stage.post("faults", fault)
    if plan.crossed or plan.refuse_at:
        stage.post("character", {"cross": plan.crossed, "refuseAt": plan.refuse_at})
    if plan.rogue:
        run.act("rogue", None, due=run.due)
    if plan.outside_kill:
        _kill_from_outside(run)
    for death in plan.deaths:
        run.work(death, twice=False)
    if plan.act_death is not None and plan.act_death["point"] in ("T13", "B13"):
        run.work(None, patience_s=0.0)
    _correct(run)
    if plan.twice:
        run.work(None, twice=True)
    if plan.operators and (plan.deaths or _death_of_decision(run)):
        run.work(None, patience_s=0.1)
        decide(run, _death_of_decision(run))
    _count_faults(run)
    stage.post("faults", {"clear": True})
    stage.post("character", {"cross": 0, "refuseAt": 0})
    seen = judge_until_quiet(run)
    if plan.operators and seen.listed:
        decide(run, _death_of_decision(run))
        judge_until_quiet(run)
    run.verdict.ended.update(item.state for item in seen.items)
    stage.databases.drop(run.url)
    return run.verdict


def judge_until_quiet(run: Run) -> Seen:
    """Recovery without faults, and then everything that must hold."""
    _until_quiet(run)
    seen = run.judge()
    if not run.plan.platform.dedupes and not run.plan.platform.can_query:
        _nothing_was_sent_again(run, seen)
    return seen


def _kill_from_outside(run: Run) -> None:
    endpoint = "postForms" if run.plan.kind == "form" else "postSpotchecks"
    run.stage.post("faults", {"name": "hold_after_commit", "endpoint": endpoint, "count": 1})
    end = run.work(None, kill_while=f"{run.stage.urls['control']}/control/faults")
    if end["code"] == -9:
        run.verdict.fired["hold_after_commit"] += 1
    run.stage.post("faults", {"clear": True, "name": "hold_after_commit"})


def _correct(run: Run) -> None:
    if not run.plan.correction:
        return
    death = run.plan.act_death if run.plan.act_death and run.plan.act_death["point"][1:] == "13" else None
    for one in (death, None):
        run.act("correct", one, due=run.due, correction=run.plan.correction)
    run.due += run.plan.correction


def decide(run: Run, death: Mapping[str, Any] | None) -> None:
    """Two people ask the other side, which says what it holds, and enter that; they may be interrupted."""
    truth = _truth(run)
    for one in (death, None) if death is not None else (None,):
        run.act("decide", one, truth=truth)
    listed = run.see().listed
    if listed:
        run.verdict.broken.append(f"decided and still listed: {sorted(listed)}")


def _truth(run: Run) -> list[list[Any]]:
    time.sleep(3 * LAG_S)  # nobody believes "absent" before a late commit can have come
    writes = run.stage.get("writes")["writes"]
    return [[w["key"], w["version"], w["receiptNo"]] for w in writes if w["state"] != "rejected"]


def _death_of_decision(run: Run) -> Mapping[str, Any] | None:
    death = run.plan.act_death
    return death if death is not None and POINTS[death["point"]].act == "decide" else None


def _count_faults(run: Run) -> None:
    for fault in run.stage.get("faults")["faults"]:
        if fault["fired"]:
            run.verdict.fired[fault["name"]] += fault["fired"]
    for name, times in run.stage.get("character").items():
        if times:
            run.verdict.fired[name] += times


def _until_quiet(run: Run) -> None:
    """The same again until only people can do more; then once more, which writes nothing."""
    for _ in range(QUIET_WITHIN):
        end = run.work(None)
        result = end.get("result")
        if result is None:
            continue
        if not (result["unknown"] or result["pending"] or (result["ready"] and not result["parked"])):
            break
    else:
        run.verdict.broken.append(f"I12 progress: not quiet after {QUIET_WITHIN} runs: {result}")
    _writes_nothing_more(run)


def _writes_nothing_more(run: Run) -> None:
    if any(fault["name"] == "http_502_504_gateway" for fault in run.plan.faults):
        time.sleep(2 * LAG_S)  # what its gateway still holds comes in by itself
    before = run.stage.get("writes")["count"]
    audit = run.see().events[-1:]
    result = run.work(None).get("result") or {}
    after = run.stage.get("writes")["count"]
    if after != before or result.get("sent") or result.get("wire"):
        run.verdict.broken.append(f"I10 quiet: a run on a quiet system sent {result.get('sent')}")
    if run.see().events[-1:] != audit:
        run.verdict.broken.append("I10 quiet: a run on a quiet system changed the ledger")


def _nothing_was_sent_again(run: Run, seen: Seen) -> None:
    """Where nobody can say, a message whose outcome was unknown once was sent once, and is listed."""
    for number, message in seen.messages.items():
        if message.state == "parked" and message.sends - message.tries > 1:
            run.verdict.broken.append(
                f"NEITHER: message {number} was sent {message.sends} times and is unknown"
            )


def perform_all(
    database: str,
    numbers: Sequence[int],
    plan_of: Callable[[int, Sequence[str]], Schedule],
    *,
    lanes: int,
    rooms: Path = PROJECT,
    spoilt: Sequence[str] = (),
) -> Iterator[tuple[Schedule, Verdict]]:
    """Performs schedules on so many stages side by side; each has a mock and databases of its own."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Schedule, Verdict] | BaseException | None] = queue.SimpleQueue()
    for number in numbers:
        waiting.put(number)
    ended = threading.Event()

    def lane(server: str) -> None:
        try:
            with open_stage(server, rooms, spoilt) as stage:
                catalogue = stage.catalogue
                while not ended.is_set():
                    plan = plan_of(waiting.get_nowait(), catalogue)
                    done.put((plan, perform(stage, plan)))
        except queue.Empty:
            done.put(None)
        except BaseException as error:
            done.put(error)

    with one_server(database) as server:
        threads = [threading.Thread(target=lane, args=(server,)) for _ in range(lanes)]
        for thread in threads:
            thread.start()
        try:
            open_lanes = lanes
            while open_lanes:
                found = done.get()
                if isinstance(found, BaseException):
                    raise found
                if found is None:
                    open_lanes -= 1
                else:
                    yield found
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def summary(verdicts: Sequence[Verdict]) -> Verdict:
    """All of them together."""
    whole = Verdict()
    for one in verdicts:
        whole.lost += one.lost
        whole.doubled += one.doubled
        whole.broken += one.broken
        whole.hits += one.hits
        whole.fired += one.fired
        whole.ended += one.ended
    return whole
