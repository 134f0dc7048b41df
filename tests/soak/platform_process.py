"""`python -m tests.soak.platform_process PLAN READY`: the mock as a process of its own, with a character.

It is `mock_platform` with everything taken out that would protect us from ourselves: it accepts the same
record as often as it is sent, and recognises a repetition only if its character says so.  So a double that
we cause is in `GET /control/writes` twice, which is what the soak judges by.

    POST /control/character {"dedupes": true, "atOnce": true}   forgets all records, clears faults, sets both
    POST /control/character {"cross": 1}    the next write gets a receipt for other bytes, nothing is stored
    POST /control/character {"refuseAt": 2} the second write from now is refused as a whole, nothing is stored
    POST /control/character {"enterprises": 9000}  so many are known from now on
    POST /control/character {"elapsed": 12.5}      late commits happen by this clock, no more by the wall's
    GET  /control/character                 how often either happened

It is never killed while a soak runs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mock_platform import control_face, exchange_face, platform_face, publicity_face
from mock_platform.batches import take_batch
from mock_platform.exchange_message import batch_no_of
from mock_platform.refusal import Refusal
from mock_platform.shanghai_time import iso_time, wire_time
from mock_platform.simulator import Setting, Simulator
from mock_platform.wire import Reply, Request
from mock_platform.world import Row, World
from tests.soak.material import KEY, KNOWN_ENTERPRISES, REFUSED_FORM, SECRET, known_enterprises


@dataclass
class Character:
    """`dedupes`: the same batch again gets the first answer; `at_once`: nothing stays pending."""

    dedupes: bool = True
    at_once: bool = True
    cross: int = 0
    crossed: int = 0
    refuse_at: int = 0
    refused: int = 0
    elapsed: float = 0.0


CHARACTER = Character()


def become(world: World, body: Row) -> Row:
    """Sets the character; with `dedupes` and `atOnce` everything that was written is forgotten first."""
    if "cross" in body or "refuseAt" in body:
        CHARACTER.cross = int(body.get("cross", CHARACTER.cross))
        CHARACTER.refuse_at = int(body.get("refuseAt", CHARACTER.refuse_at))
        return {}
    if "elapsed" in body:
        _move_clock(world, float(body["elapsed"]))
        return {}
    if "enterprises" in body:
        world.enterprises.update({row["pripId"]: row for row in known_enterprises(int(body["enterprises"]))})
        return {}
    world.faults.clear()
    if hasattr(world.faults, "late"):  # what still waits to be committed belongs to the schedule before
        world.faults.late._waiting.clear()
    for kept in (world.records, world.messages, world.forms, world.batches):
        kept.clear()
        kept.changed.clear()
    world.writes.clear()
    world.agenda.cancel(lambda act: True)
    world.enterprises.clear()
    world.enterprises.update({row["pripId"]: row for row in KNOWN_ENTERPRISES})
    CHARACTER.dedupes, CHARACTER.at_once = bool(body["dedupes"]), bool(body["atOnce"])
    CHARACTER.cross = CHARACTER.crossed = CHARACTER.refuse_at = CHARACTER.refused = 0
    return {}


def _move_clock(world: World, elapsed: float) -> None:
    """A clock of the test's own: seconds since it began, of which only it knows how long they are."""
    CHARACTER.elapsed = elapsed
    world.faults.late.wall = _elapsed
    world.faults.late.commit_due(world)


def _elapsed() -> float:
    return CHARACTER.elapsed


def show(world: World, body: Row) -> Row:
    return {"crossed_receipt": CHARACTER.crossed, "refused_whole": CHARACTER.refused}


def post_records(world: World, request: Request) -> Reply:
    """The exchange's write, in character."""
    batch_no = batch_no_of(request.body)
    perhaps_refuse()
    if crosses():
        held = {"digest": hashlib.sha256(b"another").hexdigest(), "receivedAt": iso_time(world.now())}
        return exchange_face._receipt(batch_no, held, "false", _answers_out_of_nothing(request.body))
    if not CHARACTER.dedupes:
        world.messages.pop(batch_no, None)
    known = batch_no in world.messages
    reply = original_post(world, request)
    if CHARACTER.at_once and batch_no in world.messages:
        world.wait_for(f"receipt/{batch_no}")
        held = world.messages[batch_no]
        return exchange_face._receipt(batch_no, held, "true" if known else "false", held["now"])
    return reply


def _answers_out_of_nothing(body: bytes) -> list[Row]:
    rows = exchange_face.read_message(body).records
    return [exchange_face._answer(row, "accepted", None, None, f"X-{row['recordId']}") for row in rows]


def post_batch(world: World, batch_no: str, rows: list[Row], raw: bytes, take: Any) -> Row:
    """The platform's write of forms, in character."""
    perhaps_refuse()
    if crosses():
        answers = [
            {"key": r["formNo"], "state": "accepted", "code": None, "text": None, "receiptNo": "X-1"}
            for r in rows
        ]
        digest = hashlib.sha256(b"another").hexdigest()
        return {
            "batchNo": batch_no,
            "digest": digest,
            "receivedAt": wire_time(world.now()),
            "rows": answers,
            "replayed": False,
        }
    if not CHARACTER.dedupes:
        world.batches.pop(batch_no, None)
    return take_batch(world, batch_no, rows, raw, take)


def take_any_form(world: World, form: Row, batch_no: str, digest: str) -> Row:
    """Takes a form without looking who was drawn; refuses the enterprise that nobody knows."""
    if form["uniscid"] == REFUSED_FORM:
        raise Refusal("96", "任务未抽中该对象")
    receipt = world.receipt_no()
    world.forms[form["formNo"]] = {**form, "batchNo": batch_no}
    more = {"version": form["version"], "uniscid": form["uniscid"], "receiptNo": receipt}
    world.note_write("postForms", form["formNo"], digest, batch_no, **more)
    return {"key": form["formNo"], "state": "accepted", "code": None, "text": None, "receiptNo": receipt}


def perhaps_refuse() -> None:
    """Raises Refusal 96 where this write is the one to be refused."""
    if CHARACTER.refuse_at == 0:
        return
    CHARACTER.refuse_at -= 1
    if CHARACTER.refuse_at == 0:
        CHARACTER.refused += 1
        raise Refusal("96", "报文不合要求")


def crosses() -> bool:
    if CHARACTER.cross == 0:
        return False
    CHARACTER.cross -= 1
    CHARACTER.crossed += 1
    return True


original_post = exchange_face.post_spotchecks
original_take = exchange_face._take


def take_record(world: World, *arguments: Any) -> Row:
    """Takes a record and lists its receipt number with the write."""
    answer = original_take(world, *arguments)
    if answer["receiptNo"]:
        world.writes[-1]["receiptNo"] = answer["receiptNo"]
    return answer


def _put(module: Any, name: str, value: Any) -> None:
    """Replaces a member that is there; a mock that no longer has it is another one."""
    if not hasattr(module, name):
        raise SystemExit(f"{module.__name__} has no {name} any more: tests/soak/platform_process.py is stale")
    setattr(module, name, value)


def loosen() -> None:
    """Takes out what would hide a double."""
    _put(publicity_face, "post_spotchecks", post_records)
    _put(exchange_face, "_take", take_record)
    _put(exchange_face, "_check_place", lambda world, record, *more: None)
    _put(platform_face, "take_batch", post_batch)
    _put(platform_face, "take_form", take_any_form)
    control_face.CALLS["POST", "/control/character"] = become
    control_face.CALLS["GET", "/control/character"] = show


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("plan", type=Path)
    parser.add_argument("ready_file", type=Path)
    parser.add_argument("--seed", type=int, default=1, help="of the faults' chance")
    given = parser.parse_args()
    loosen()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, frame: ended.set())
    with Simulator(Setting(given.plan, KEY, SECRET, objects=5, seed=given.seed)) as simulator:
        facts = {
            "platform": simulator.platform_url,
            "publicity": simulator.publicity_url,
            "control": simulator.control_url,
        }
        partial = given.ready_file.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(facts), "utf-8")
        partial.replace(given.ready_file)
        while not ended.wait(1.0):
            if os.getppid() == 1:  # whoever started it is gone
                return


if __name__ == "__main__":
    main()
