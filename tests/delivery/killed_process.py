"""A delivery as a process of its own, to be killed: `python killed_process.py LEDGER_URL FOLDER POINT NTH`.

The system that it writes to is a folder: one file per message, written whole or not at all, which is
there whatever happens to the process.  It recognises no repetition: every write adds a line to `writes`.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from connectors.protocols import Capability, Outgoing
from delivery.clock import RealClock
from delivery.deliver import Hooks, deliver
from ledger.engine import open_ledger
from schemas.publication import Receipt, ReplyState, RowReply

TASK = "130534202610012001"


class Folder:
    """The outside system."""

    system = "publicity"
    kind = "record"
    batch_size = 2
    capability = Capability(dedupes=False, can_query=True, settle_reads=2, settle_window_s=0.2)

    def __init__(self, folder: Path, stop_at: Hooks) -> None:
        self._folder, self._hooks = folder, stop_at

    def encode(self, batch_no: str, items: Sequence[Outgoing], created_at: datetime) -> bytes:
        return json.dumps([batch_no, [item.key for item in items]]).encode()

    def send(self, batch_no: str, body: bytes) -> Receipt:
        self._hooks.reach("B3")
        with (self._folder / "writes").open("a", encoding="utf-8") as writes:
            writes.writelines(f"{key}\n" for key in json.loads(body)[1])
        (self._folder / batch_no).write_bytes(body)
        self._hooks.reach("B4")
        return self._receipt(batch_no, body)

    def query(self, batch_no: str) -> Receipt | None:
        path = self._folder / batch_no
        return self._receipt(batch_no, path.read_bytes()) if path.exists() else None

    def _receipt(self, batch_no: str, body: bytes) -> Receipt:
        rows = [
            RowReply(key=key, state=ReplyState.ACCEPTED, receipt_no=f"R-{key}") for key in json.loads(body)[1]
        ]
        return Receipt(batch_no=batch_no, digest=hashlib.sha256(body).hexdigest(), rows=tuple(rows))


def main(url: str, folder: str, point: str, nth: int) -> None:
    reached: Counter[str] = Counter()

    def reach(name: str) -> None:
        reached[name] += 1
        if name == point and reached[name] == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    hooks = Hooks(reach)
    ledger = open_ledger(url)
    outcome = deliver(
        ledger,
        Folder(Path(folder), hooks),
        TASK,
        owner=f"{os.uname().nodename}:{os.getpid()}",
        clock=RealClock(),
        hooks=hooks,
        patience_s=20,
    )
    print(json.dumps([outcome.accepted, outcome.due, outcome.sent]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
