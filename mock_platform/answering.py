"""How a face answers a request: faults, signature, the call itself, its commit, faults again."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from sys import stderr

from mock_platform.faults import Call
from mock_platform.refusal import Refusal
from mock_platform.wire import Caller, Reply, Request
from mock_platform.world import World

Perform = Callable[[World, Request], Reply]
Refuse = Callable[[World, Request, Refusal], Reply]
NameOf = Callable[[Request], str]


def answer(
    world: World,
    request: Request,
    caller: Caller,
    *,
    name_of: NameOf,
    perform: Perform,
    refuse: Refuse,
    signed: Callable[[str], bool],
) -> Reply | None:
    """One request from start to end; None closes the connection without a reply.

    The signature covers the request as it came, before any fault rewrites it.  What the
    call changes is committed when `turn` ends, before the faults of phase `after` act.
    """
    call = Call(request, name_of(request), caller)
    faults = world.faults.match(call.endpoint, request.path)
    world.faults.act("before", faults, call)
    if call.dropped or call.reply is not None:
        return None if call.dropped else call.reply
    with world.turn():
        before = len(world.writes)
        try:
            if signed(call.endpoint):
                world.gate.admit(request.method, request.target, request.headers, request.body)
            call.reply = perform(world, call.request)
        except Refusal as refusal:
            call.reply = refuse(world, request, refusal)
        except Exception:
            traceback.print_exc(file=stderr)
            call.reply = refuse(world, request, Refusal("99", "系统异常"))
        _count_writes(world, call, before)
    world.faults.act("after", faults, call)
    return _outcome(call)


def _outcome(call: Call) -> Reply | None:
    return None if call.dropped else call.reply


def _count_writes(world: World, call: Call, before: int) -> None:
    if len(world.writes) == before:
        return
    earlier = sum(1 for row in world.writes[:before] if row["endpoint"] == call.endpoint)
    fresh = sum(1 for row in world.writes[before:] if row["endpoint"] == call.endpoint)
    call.first_write, call.last_write = earlier + 1, earlier + fresh
