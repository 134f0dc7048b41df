"""Which facts make which alert: who has to be told, at once or in the day's digest, and what is the same.

An alert has a key: as long as its condition holds it is the same alert and is told once; when the
condition ends and comes back, it is a new one.  No fact here is personal: of enterprises there are
numbers, of people none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

Urgency = Literal["immediate", "digest"]


@dataclass(frozen=True)
class OpenDeadline:
    """So many open things of one kind that end on one day; `left`: working days, negative after it."""

    task_id: str
    campaign: str
    what: str
    on: date
    left: int
    count: int


@dataclass(frozen=True)
class ParkedBatch:
    """Records of one message whose outcome nobody knows and no program can find out."""

    task_id: str
    campaign: str
    what: str
    batch_no: str
    count: int


@dataclass(frozen=True)
class StoppedStage:
    """A stage that ended with an error, by its code."""

    task_id: str
    campaign: str
    stage: str
    title: str
    code: str


@dataclass(frozen=True)
class BrokenChain:
    """The audit chain is not as it was written, from event `broken_at` on."""

    broken_at: int
    reason: str


@dataclass(frozen=True)
class FailingSystem:
    """An outside system (PLATFORM, PUBLICITY) whose last answer to a message was a fault of transport.

    `code` is that fault's; `since` when it came (wall time, any zone).
    """

    system: str
    code: str
    since: datetime


@dataclass(frozen=True)
class Uncounted:
    """A campaign whose deadlines cannot be computed; `cause` is a code or the name of an exception."""

    task_id: str
    campaign: str
    cause: str


@dataclass(frozen=True)
class Facts:
    """What was looked at. None: it was not looked at, so nothing follows from its absence.

    Of the campaigns in `uncounted` nothing is among `deadlines`, and nothing follows from that either.
    """

    deadlines: Sequence[OpenDeadline] | None = None
    uncounted: Sequence[Uncounted] = ()
    parked: Sequence[ParkedBatch] | None = None
    stopped: Sequence[StoppedStage] | None = None
    failing: Sequence[FailingSystem] | None = None
    chain: Sequence[BrokenChain] | None = None


@dataclass(frozen=True)
class Alert:
    """Something that is wrong now. `code` names its wording in the catalogue, `facts` fill it (JSON)."""

    key: str
    kind: str
    code: str
    urgency: Urgency
    task_id: str | None = None
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Changes:
    """What is new since the last look, and the keys of what is over."""

    raised: Sequence[Alert]
    over: Sequence[str]


DANGER: Mapping[str, int] = {
    "部门确认": 0,
    "现场检查": 2,
    "结果录入": 2,
    "公示": 2,
    "移交列入经营异常名录": 2,
}
"""Working days left from which a limit is in danger, by what is due: the last day of a limit of one
working day, the last two days of longer ones (`rules.deadlines.WarningLevel.URGENT`)."""
_DANGER_OF_OTHERS = 2

SOON_WORKING_DAYS = 5
"""A limit that ends within so many working days is named in the digest."""

# One fault in the middle of a run is retried within seconds; an hourly run has ended long before this.
_STANDING = timedelta(minutes=10)

# Numbers of connectors.faults that say: the system gave no answer of its own.
_NO_ANSWER = frozenset({"001", "002", "003", "004", "005", "006", "010", "011", "016", "018"})
SYSTEMS: Mapping[str, str] = {"PLATFORM": "省级平台", "PUBLICITY": "信用公示系统"}

DRAW_REFUSED = "DB-RUN-009"
"""How a stage ends when the platform's draw fails a hard check."""

# Kind of alert -> what of `Facts` it follows from.
LOOKS: Mapping[str, str] = {
    "deadline": "deadlines",
    "overdue": "deadlines",
    "uncounted": "deadlines",
    "parked": "parked",
    "draw": "stopped",
    "stopped": "stopped",
    "unreachable": "failing",
    "chain": "chain",
}


def alerts_of(facts: Facts, now: datetime) -> list[Alert]:
    """Everything that is wrong, by key. `now` is wall time, in any zone; the facts carry their own days."""
    found: dict[str, Alert] = {}
    for alert in _all_of(facts, now):
        found.setdefault(alert.key, alert)
    return [found[key] for key in sorted(found)]


def changes(found: Iterable[Alert], known: Mapping[str, str], facts: Facts) -> Changes:
    """Compares what is wrong with what was known to be (key -> kind) at the last look.

    An alert is over only if what it follows from was looked at this time.
    """
    now = {alert.key: alert for alert in found}
    raised = [alert for key, alert in now.items() if key not in known]
    over = [key for key, kind in known.items() if key not in now and _looked_at(facts, key, kind)]
    return Changes(raised, sorted(over))


def is_no_answer(code: str) -> bool:
    """Whether an error's code says that an outside system could not be reached or gave no usable answer."""
    area, _, number = code.removeprefix("DB-").partition("-")
    return area in SYSTEMS and number in _NO_ANSWER


def soon(deadlines: Sequence[OpenDeadline]) -> list[OpenDeadline]:
    """What ends within `SOON_WORKING_DAYS` or has ended, nearest first."""
    near = [one for one in deadlines if one.left <= SOON_WORKING_DAYS]
    return sorted(near, key=lambda one: (one.on, one.task_id, one.what))


def _looked_at(facts: Facts, key: str, kind: str) -> bool:
    if LOOKS[kind] == "deadlines" and any(key.split("/")[1] == one.task_id for one in facts.uncounted):
        return False
    return getattr(facts, LOOKS[kind]) is not None


def _all_of(facts: Facts, now: datetime) -> Iterator[Alert]:
    for limit in facts.deadlines or ():
        yield from _of_deadline(limit)
    for one in facts.uncounted:
        why: dict[str, str | int] = {"campaign": one.campaign, "cause": one.cause}
        yield Alert(f"uncounted/{one.task_id}", "uncounted", "DB-ALERT-018", "immediate", one.task_id, why)
    for batch in facts.parked or ():
        shown: dict[str, str | int] = {"campaign": batch.campaign, "what": batch.what}
        shown |= {"batch_no": batch.batch_no, "count": batch.count}
        key = f"parked/{batch.task_id}/{batch.batch_no}"
        yield Alert(key, "parked", "DB-ALERT-012", "immediate", batch.task_id, shown)
    for stage in facts.stopped or ():
        yield from _of_stage(stage)
    yield from _of_systems(facts, now)
    for chain in facts.chain or ():
        broken: dict[str, str | int] = {"seq": chain.broken_at, "reason": chain.reason}
        yield Alert("chain", "chain", "DB-ALERT-014", "immediate", None, broken)


def _of_deadline(limit: OpenDeadline) -> Iterator[Alert]:
    shown: dict[str, str | int] = {"campaign": limit.campaign, "what": limit.what, "count": limit.count}
    shown |= {"on": _day(limit.on), "left": max(limit.left, 0)}
    subject = f"{limit.task_id}/{limit.what}/{limit.on}"
    if limit.left < 0:
        yield Alert(f"overdue/{subject}", "overdue", "DB-ALERT-011", "immediate", limit.task_id, shown)
    elif limit.left <= DANGER.get(limit.what, _DANGER_OF_OTHERS):
        yield Alert(f"deadline/{subject}", "deadline", "DB-ALERT-010", "immediate", limit.task_id, shown)


def _of_stage(stage: StoppedStage) -> Iterator[Alert]:
    if is_no_answer(stage.code):
        return  # told once for the system, whatever stages it stopped
    shown: dict[str, str | int] = {"campaign": stage.campaign, "stage": stage.title, "cause": stage.code}
    key = f"{stage.task_id}/{stage.stage}"
    if stage.code == DRAW_REFUSED:
        yield Alert(f"draw/{key}", "draw", "DB-ALERT-013", "immediate", stage.task_id, shown)
    else:
        yield Alert(f"stopped/{key}/{stage.code}", "stopped", "DB-ALERT-016", "digest", stage.task_id, shown)


def _of_systems(facts: Facts, now: datetime) -> Iterator[Alert]:
    if facts.failing is None:
        return
    given_up = [(stage.code.split("-")[1], stage.code) for stage in facts.stopped or ()]
    standing = [(one.system, one.code) for one in facts.failing if now - one.since >= _STANDING]
    causes = dict(reversed([one for one in given_up + standing if is_no_answer(one[1])]))
    for system, cause in sorted(causes.items()):
        shown: dict[str, str | int] = {"system": SYSTEMS[system], "cause": cause}
        yield Alert(f"unreachable/{system}", "unreachable", "DB-ALERT-015", "immediate", None, shown)


def _day(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"
