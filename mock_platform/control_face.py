"""The control face of docs/control-face.md: for tests, demo and operators of the mock; unsigned."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from mock_platform.canonical_json import strict_json
from mock_platform.faults import FAULTS, NUMBERS
from mock_platform.intentions import ACTS, announce_intention
from mock_platform.refusal import Refusal, require
from mock_platform.shanghai_time import SHANGHAI, iso_time
from mock_platform.wire import Caller, Reply, Request, json_reply
from mock_platform.world import Row, World

_IDLE_READS, _IDLE_S, _BURST_S = 5, 1.0, 0.03


class ClockReaders:
    """Notices somebody who waits for time alone: who reads the clock again and again and asks nothing else.

    Then, at speed `max`, the clock goes on to the next limit that our own documents set
    (topic `clock`: reveal or confirmation limit), and to nothing else.
    """

    def __init__(self) -> None:
        self._reads, self._since, self._last = 0, 0.0, 0.0

    def asked_for_something(self) -> None:
        """Another request came: nobody waits for time alone."""
        self._reads = 0

    def read(self, world: World) -> None:
        """The clock is read; enough spread reads with nothing between them move it."""
        now = time.monotonic()
        if self._reads == 0:
            self._since, self._last, self._reads = now, now, 1
        elif now - self._last >= _BURST_S:
            self._last, self._reads = now, self._reads + 1
        if self._reads >= _IDLE_READS and now - self._since >= _IDLE_S:
            self._reads = 0
            world.wait_for("clock")


def answer_control(
    world: World, readers: ClockReaders, facts: Row, request: Request, _: Caller
) -> Reply | None:
    """Answers one request on the control port. `facts` is what `health` says."""
    call = CALLS.get((request.method, request.path))
    if call is None:
        return json_reply({"error": "没有这个地址"}, 404)
    if request.path == "/control/faults":  # a held request keeps no lock, but faults need none either
        return _guarded(call, world, request)
    with world.turn():
        if (request.method, request.path) == ("GET", "/control/clock"):
            readers.read(world)
        if request.path == "/control/health":
            return json_reply({"ready": True, **facts})
        return _guarded(call, world, request)


def _guarded(call: Callable[[World, Row], Any], world: World, request: Request) -> Reply:
    try:
        body = strict_json(request.body) if request.body else {}
        require(isinstance(body, dict), "应为一个 JSON 对象")
        return json_reply(call(world, body))
    except Refusal as refusal:
        return json_reply({"error": refusal.text}, 400)


def _writes(world: World, _: Row) -> Row:
    return {"count": len(world.writes), "writes": world.writes}


def _records(world: World, _: Row) -> Row:
    return {
        "objects": world.objects,
        "inspectors": world.inspectors,
        "drawn": dict(world.drawn),
        "confirmations": list(world.confirmations.values()),
        "dispatches": list(world.dispatches.values()),
        "forms": list(world.forms.values()),
        "results": list(world.results.values()),
        "records": list(world.records.values()),
        "documents": list(world.documents.values()),
        "enterprises": dict(world.enterprises),
        "people": _people(world, {}),
    }


def _clock(world: World, _: Row) -> Row:
    following = next(iter(world.agenda), None)
    return {"now": iso_time(world.clock.now()), "next": iso_time(following.at) if following else None}


def _move_clock(world: World, body: Row) -> Row:
    require(
        body.keys() <= {"advanceTo", "advanceSeconds"} and len(body) == 1, "写明 advanceTo 或 advanceSeconds"
    )
    if "advanceTo" in body:
        try:
            moment = datetime.fromisoformat(str(body["advanceTo"]))
        except ValueError:
            raise Refusal("96", "advanceTo 不是时间") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    else:
        require(isinstance(body["advanceSeconds"], int | float), "advanceSeconds 应为数")
        moment = world.clock.now() + timedelta(seconds=body["advanceSeconds"])
    require(moment >= world.clock.now(), "时钟不能倒走")
    world.run_until(moment)
    return _clock(world, {})


def _people(world: World, _: Row) -> list[Row]:
    return [{"at": iso_time(act.at), "who": act.who, "what": act.what} for act in world.agenda]


def _intend(world: World, body: Row) -> Row:
    require(body.get("act") in ACTS, f"没有这种行为；有：{'、'.join(ACTS)}")
    announce_intention(world, body)
    return {"intentions": list(world.intentions.values())}


def _list_people(world: World, _: Row) -> list[Row]:
    planned = [
        {"at": None, "who": one.get("who"), "what": f"{one['act']}: {ACTS[one['act']]}", **one}
        for one in world.intentions.values()
    ]
    return planned + _people(world, {})


def _list_faults(world: World, _: Row) -> Row:
    return {
        "faults": [fault.to_json() for fault in world.faults.active],
        "catalogue": {name: kind.about for name, kind in FAULTS.items()},
        "numbers": NUMBERS,
    }


def _set_fault(world: World, body: Row) -> Row:
    if body.get("clear"):
        world.faults.clear(body.get("name"))
        return _list_faults(world, {})
    names = {"name", "endpoint", "calls", "probability", "count", "args"}
    known = body.get("name") in FAULTS or body.get("name") in NUMBERS
    require(body.keys() <= names and known, f"没有这种故障；有：{'、'.join(FAULTS)}")
    given = {name: value for name, value in body.items() if value is not None}
    world.faults.set(given.pop("name"), given.pop("endpoint", None), **given)
    return _list_faults(world, {})


CALLS: dict[tuple[str, str], Callable[[World, Row], Any]] = {
    ("GET", "/control/health"): lambda world, body: {},
    ("GET", "/control/writes"): _writes,
    ("GET", "/control/records"): _records,
    ("GET", "/control/clock"): _clock,
    ("POST", "/control/clock"): _move_clock,
    ("GET", "/control/people"): _list_people,
    ("POST", "/control/people"): _intend,
    ("GET", "/control/faults"): _list_faults,
    ("POST", "/control/faults"): _set_fault,
}
"""Method and path of each call."""
