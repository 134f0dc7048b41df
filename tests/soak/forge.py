"""Makes processes that deliver, and kills them: `python -m tests.soak.forge`, orders on stdin, line by line.

It has imported everything that a delivery needs and has one thread and no connection of its own, so that a
fork is a fresh process within milliseconds.  An order is one JSON line:

    {"act": "work", "place": {…}, "death": {"point": "B5", "nth": 1, "how": "kill"} or null, "twice": false,
     "kill_while": "http://…/control/faults" or null, …}

and so is the answer: for each process how it ended, where it died, what it said, what it reached.
With `kill_while`, SIGKILL comes from here as soon as the platform holds a request back (a fault `hold_…`).
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

# Whatever a delivery imports is imported here, before the first fork.
import psycopg  # noqa: F401
import sqlalchemy.dialects.postgresql
import sqlalchemy.dialects.sqlite  # noqa: F401

import connectors.http
from tests.soak.acts import ACTS, Place, desk_at
from tests.soak.dying import Death

LONGEST_S = 60.0


@dataclass
class Child:
    """One forked process: its number, and the pipe that it speaks through."""

    pid: int
    pipe: int


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """Starts the process or the two of an order, waits for their end."""
    children = [_start(order) for _ in range(2 if order.get("twice") else 1)]
    if order.get("kill_while"):
        _kill_while_held(children[0], order["kill_while"])
    return {"ends": [_end_of(child) for child in children]}


def _start(order: dict[str, Any]) -> Child:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    os.close(reading)
    try:
        _live(order, writing)
    finally:
        os._exit(70)


def _live(order: dict[str, Any], pipe: int) -> None:
    """The life of a process that delivers; it ends here."""

    def say(what: str, value: Any) -> None:
        os.write(pipe, (json.dumps([what, value]) + "\n").encode())

    death = None if order.get("death") is None else Death(**order["death"])
    try:
        with desk_at(Place(**order["place"]), death, lambda point: say("died", point)) as desk:
            result = ACTS[order["act"]](desk, order)
            say("reached", desk.points.reached)
        say("result", result)
    except BaseException:
        say("error", traceback.format_exc()[-3000:])
        os._exit(1)
    os._exit(0)


def _kill_while_held(child: Child, faults_url: str) -> None:
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        with urllib.request.urlopen(faults_url, timeout=5) as answer:  # noqa: S310 - the mock's own face
            if any(fault["holding"] for fault in json.load(answer)["faults"]):
                os.kill(child.pid, signal.SIGKILL)
                return
        if select.select([child.pipe], [], [], 0.005)[0]:
            return  # it has ended, or speaks: nothing is held any more


def _end_of(child: Child) -> dict[str, Any]:
    said: dict[str, Any] = {}
    text = b""
    end = time.monotonic() + LONGEST_S
    while True:
        if not select.select([child.pipe], [], [], max(0.0, end - time.monotonic()))[0]:
            os.kill(child.pid, signal.SIGKILL)
            said["error"] = f"not done after {LONGEST_S} s"
            break
        some = os.read(child.pipe, 65536)
        if not some:
            break
        text += some
    os.close(child.pipe)
    _, status = os.waitpid(child.pid, 0)
    for line in text.splitlines():
        what, value = json.loads(line)
        said[what] = value
    return {"code": os.waitstatus_to_exitcode(status), **said}


def warm_up() -> None:
    """Reads the machine's certificates once, not in every process: it takes longer than a whole delivery."""
    connectors.http._tls = lru_cache(connectors.http._tls)
    for area in ("PLATFORM", "PUBLICITY"):
        connectors.http._tls(area, None)


def main() -> None:
    warm_up()
    for line in sys.stdin:
        try:
            answer: dict[str, Any] = carry_out(json.loads(line))
        except Exception:
            answer = {"ends": [], "error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
