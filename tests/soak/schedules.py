"""Seeded schedules of kills and faults: what is planned for the n-th run of a seed.

Every schedule has a point at which the delivering process dies (in turn, so that each gets its share) and
most have faults of the platform; the rest is drawn.  What a point or a fault needs in order to be met at all
is in two tables, `POINTS` and `FAULTS`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.soak.acts import LAG_S, READS
from tests.soak.material import COUNT, key_of


@dataclass(frozen=True)
class Capabilities:
    """One kind of platform. `stale`: its reads may miss what is held, fewer times than the profile looks."""

    name: str
    dedupes: bool
    can_query: bool
    stale: bool = False


PLATFORMS: dict[str, Capabilities] = {
    one.name: one
    for one in (
        Capabilities("dedupes", True, False),
        Capabilities("dedupes-and-queried", True, True),
        Capabilities("queried", False, True),
        Capabilities("queried-stale", False, True, stale=True),
        Capabilities("neither", False, False),
    )
}
_QUERIED = ("queried", "queried-stale")
_ASKED = ("dedupes-and-queried", *_QUERIED)
_ANY = tuple(PLATFORMS)
_ABLE = tuple(name for name in PLATFORMS if name != "neither")


@dataclass(frozen=True)
class Point:
    """What it takes to come to a point: platforms, a fault before it, whether answers are delayed."""

    platforms: Sequence[str] = _ANY
    fault: str | None = None
    pending: bool = False
    act: str = "work"
    kinds: Sequence[str] = ("form", "record")


_LOST, _NOT_STORED = "reply_lost_after_commit", "http_500_before_commit"
_BY_NUMBER: dict[int, Point] = {
    1: Point(),
    2: Point(),
    3: Point(),
    4: Point(),
    5: Point(),
    6: Point(),
    7: Point(),
    8: Point(),
    9: Point(_ASKED, _LOST),
    10: Point(_QUERIED, _NOT_STORED),
    11: Point(_ASKED, None, pending=True, kinds=("record",)),
    12: Point(_ANY, kinds=("record",)),
    13: Point(_ANY, _LOST, act="correct"),
}
POINTS: dict[str, Point] = {
    f"{letter}{number}": point
    for letter, kind in (("T", "form"), ("B", "record"))
    for number, point in _BY_NUMBER.items()
    if kind in point.kinds
} | {
    "O2": Point(("neither",), _LOST, act="decide"),
    "O3": Point(("neither",), _NOT_STORED, act="decide"),
}


@dataclass(frozen=True)
class Fault:
    """A fault that the soak sets: on writes or on questions, and for which platforms it is a fair one."""

    on: str = "write"
    platforms: Sequence[str] = _ANY
    args: Mapping[str, Any] = field(default_factory=dict)
    most: int = 2


# Name in the mock's catalogue -> how it is used. A name that this mock does not have is left out.
FAULTS: dict[str, Fault] = {
    "reply_lost_after_commit": Fault(),  # F01
    "reply_lost_before_commit": Fault(),
    "http_500_after_commit": Fault(),  # F02
    "http_500_before_commit": Fault(),  # F03
    "system_error_before_commit": Fault(),
    "http_502_504_gateway": Fault(args={"queries": READS - 1}, most=1),  # F04
    "stale_read_after_write": Fault("query", ("queried-stale",), {"reads": READS - 1}, most=READS - 1),  # F06
    "duplicate_reply": Fault(most=1),  # F07
    # F09; where nobody repeats and nobody asks, the first would run for ever and end at any moment.
    "idempotency_in_flight": Fault("write", _ABLE, {"repeats": 1, "queries": READS - 1}, most=3),
    "rate_429_retry_after_seconds": Fault(args={"seconds": 1}),  # F11
    "maintenance_window": Fault(args={"seconds": 1}),  # F13
    "rate_429_http_date_past": Fault(args={"form": "past"}),  # F12
    "slow_trickle": Fault(args={"seconds": 0.05}, most=1),  # F14
    "slow_headers": Fault(args={"seconds": 1.0}, most=1),  # F15
    "reset_mid_request": Fault(),  # F17
    "truncated_json": Fault(),  # F19
    "html_200_login": Fault(),  # F20
    "wrong_reply": Fault(),
    "wrong_content_type": Fault(most=1),  # F21
    "xxe_reply": Fault(most=1),  # F24
    "redirect_other_host": Fault(args={"to": "http://127.0.0.2/"}, most=1),  # F28
    "partial_acceptance": Fault(args={"rejects": [1]}, most=1),  # F34
    "partial_reply_missing_items": Fault(args={"rows": 1}, most=1),  # F35
    "receipt_for_other_batch": Fault(args={"what": "digest"}),  # F36
    "receipt_duplicate": Fault(most=1),  # F37
    "token_expiry_mid_run": Fault(args={"after": 1}, most=2),  # F38
    "signature_bad": Fault(most=1),  # F40
    "nonce_replay": Fault(most=1),
}
SILENT = ("crossed_receipt", "refused_whole", "hold_after_commit")
"""Met without a line above: a receipt for other bytes, a message refused as a whole (both of the soak's own
mock), and a reply held until SIGKILL comes from outside.
"""

_ENDPOINTS = {
    ("form", "write"): "postForms",
    ("form", "query"): "getBatch",
    ("record", "write"): "postSpotchecks",
    ("record", "query"): "getReceipt",
}


@dataclass(frozen=True)
class Schedule:
    """One schedule. `deaths`: of the runs that follow each other; `faults`: bodies for the control face."""

    number: int
    kind: str
    platform: Capabilities
    at_once: bool
    batch_size: int
    side_by_side: int
    due: Sequence[tuple[str, int]]
    held: Sequence[tuple[str, int]]
    withheld: Sequence[tuple[str, int]]
    correction: Sequence[tuple[str, int]]
    deaths: Sequence[Mapping[str, Any]]
    act_death: Mapping[str, Any] | None
    faults: Sequence[Mapping[str, Any]]
    crossed: int
    refuse_at: int
    outside_kill: bool
    twice: bool
    rogue: bool
    operators: bool


def schedule(seed: int, number: int, catalogue: Sequence[str], *, quiet: bool = False) -> Schedule:
    """The `number`-th schedule of a seed, with the faults that this mock knows (`catalogue`).

    `quiet`: the same without any kill or fault.
    """
    chance = random.Random(f"{seed}/{number}")
    names = list(POINTS)
    target = names[number % len(names)]
    point = POINTS[target]
    wanted = list(_known(catalogue))
    turn = wanted[(number // 2) % len(wanted)] if point.fault is None else point.fault
    kind = {"T": "form", "B": "record"}.get(target[0]) or chance.choice(("form", "record"))
    fair = [name for name in point.platforms if name in _platforms_for(turn)] or list(point.platforms)
    platform = PLATFORMS[chance.choice(fair)]
    keys = [key_of(number, one) for one in range(COUNT)]
    chance.shuffle(keys)
    due = [(key, 1) for key in keys[: chance.randint(3, 10)]]
    corrected = point.act == "correct" or chance.random() < 0.2
    death = {"point": target, "nth": chance.randint(1, 2), "how": chance.choice(("kill", "exit"))}
    if point.act == "work" and target[1:] not in ("9", "10", "11", "12", "13"):
        death["nth"] = 1 + (number // len(names)) % 3 % (3 if target[1:] != "8" else 1)
    elif point.act == "decide":
        death["nth"] = 1 + (number // len(names)) % 2
    elif point.act == "work":
        death["nth"] = 1 + (number // len(names)) % (2 if target[1:] in ("9", "10") else 1)
    deaths = [death] if point.act == "work" else []
    if chance.random() < 0.6:  # killed again while it recovers
        again = chance.choice([name for name in names if name[0] == target[0]])
        deaths.append({"point": again, "nth": 1, "how": chance.choice(("kill", "exit"))})
    plain = Schedule(
        number=number,
        kind=kind,
        platform=platform,
        at_once=not point.pending and (kind == "form" or not platform.can_query or chance.random() < 0.5),
        batch_size=chance.choice((1, 1, 2, 3)),
        side_by_side=chance.choice((1, 3)),
        due=due,
        held=[(key, 1) for key in keys[10 : 10 + chance.randint(0, 2)]],
        withheld=[(keys[12], 1)] if chance.random() < 0.3 else [],
        correction=[(key, 2) for key, _ in due[:2]] if corrected else [],
        deaths=deaths,
        act_death=death if point.act != "work" else None,
        faults=_faults(chance, kind, platform, turn, wanted, certain=point.fault is not None),
        crossed=1 if chance.random() < 0.1 else 0,
        # Mostly the second write: where repetitions are recognised, it is one of what was unknown.
        refuse_at=chance.choice((1, 2, 2, 3)) if chance.random() < (0.3 if platform.dedupes else 0.1) else 0,
        outside_kill=chance.random() < 0.06 and point.act == "work" and point.fault is None,
        twice=chance.random() < 0.1,
        rogue=chance.random() < 0.1,
        operators=point.act == "decide" or chance.random() < 0.5,
    )
    return plain if not quiet else _undisturbed(plain)


def _undisturbed(plain: Schedule) -> Schedule:
    values = {**vars(plain), "deaths": (), "act_death": None, "faults": (), "crossed": 0, "refuse_at": 0}
    return Schedule(**{**values, "outside_kill": False, "twice": False, "rogue": False})


def _known(catalogue: Sequence[str]) -> list[str]:
    return [name for name in FAULTS if name in catalogue]


def _platforms_for(fault: str) -> Sequence[str]:
    return FAULTS[fault].platforms


def _faults(
    chance: random.Random, kind: str, platform: Capabilities, turn: str, wanted: list[str], *, certain: bool
) -> list[Mapping[str, Any]]:
    """The fault whose turn it is, on one of the first writes, and up to two others as they come."""
    found = [_body(chance, kind, turn, platform.can_query, calls=[1] if certain else None)]
    others = [n for n in wanted if n != turn and platform.name in FAULTS[n].platforms]
    while chance.random() < 0.35 and others and len(found) < 3:
        found.append(_body(chance, kind, others.pop(chance.randrange(len(others))), platform.can_query))
    stale = "stale_read_after_write"
    # Once: twice as many wrong reads are more than the profile promises.
    if platform.stale and stale in wanted and all(one["name"] != stale for one in found):
        found.append(_body(chance, kind, stale, True))
    return found


def _body(
    chance: random.Random, kind: str, name: str, asked: bool, calls: list[int] | None = None
) -> dict[str, Any]:
    fault = FAULTS[name]
    body = body_of(kind, name, asked, calls)
    if calls is None and fault.on == "write":
        body |= {"calls": [chance.randint(1, 3)]} if chance.random() < 0.6 else {"probability": 0.5}
    return body


def body_of(kind: str, name: str, asked: bool, calls: list[int] | None) -> dict[str, Any]:
    """What is posted to the control face. `asked`: this platform can be queried."""
    fault = FAULTS[name]
    args = dict(fault.args)
    if "queries" in args and not asked:  # nobody asks there: it is repetitions, or time, that count
        args = {"repeats": 1, "queries": 10**6} if "repeats" in args else {"seconds": LAG_S}
    body: dict[str, Any] = {"name": name, "endpoint": _ENDPOINTS[kind, fault.on], "args": args}
    return {**body, "count": fault.most} if calls is None else {**body, "calls": calls, "count": 1}
