"""How a face answers a request: faults, signature, the call itself, its commit, faults again."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from email.utils import formatdate
from sys import stderr

from mock_platform.fault_kinds import Call
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
    endpoint = name_of(request)
    call = Call(world, request, endpoint, caller, perform, signed(endpoint))
    faults = world.faults.match(endpoint, request.path)
    world.faults.late.asked(world, endpoint, request.body)
    world.faults.act("before", faults, call)
    if not call.dropped and call.reply is None:
        _perform(call, request, refuse)
        world.faults.act("after", faults, call)
        if call.stored:
            world.faults.late.stored(world, call)
    if call.reply is not None and call.clock_off_s:
        call.reply.headers["Date"] = formatdate(time.time() + call.clock_off_s, usegmt=True)
    return None if call.dropped else call.reply


def interrupted(world: World, request: Request, *, name_of: NameOf) -> float | None:
    """What of the body (0 to 1) is read before the connection is reset; None: it is not."""
    return world.faults.reset_share(world.faults.match(name_of(request), request.path, head=True))


def _perform(call: Call, as_sent: Request, refuse: Refuse) -> None:
    world = call.world
    with world.turn(), world.faults.twisted(call.twist):
        before = len(world.writes)
        try:
            if call.signed:
                now = time.time() + call.clock_off_s
                sent = as_sent.as_sent
                world.gate.admit(sent.method, sent.target, sent.headers, sent.body, now)
            call.reply = call.perform(world, call.request)
        except Refusal as refusal:
            call.reply = refuse(world, as_sent, refusal)
        except Exception:
            traceback.print_exc(file=stderr)
            call.reply = refuse(world, as_sent, Refusal("99", "系统异常"))
        _count_writes(world, call, before)


def _count_writes(world: World, call: Call, before: int) -> None:
    if len(world.writes) == before:
        return
    earlier = sum(1 for row in world.writes[:before] if row["endpoint"] == call.endpoint)
    fresh = sum(1 for row in world.writes[before:] if row["endpoint"] == call.endpoint)
    call.first_write, call.last_write = earlier + 1, earlier + fresh
