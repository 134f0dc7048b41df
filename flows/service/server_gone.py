"""What is done where Prefect's server is gone for a moment, and where it is gone for good.

What a run did is in the ledger; the server is only told of it.  So a message to it waits while `serve`
starts it again, and is given up before it holds up the run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from schemas.errors import DrawbridgeError

PATIENCE_S = 30.0
"""Longer than a server takes to be found dead and to start again."""
_TRY_EVERY_S = 1.0
_LOOK_EVERY_S = 0.5

log = logging.getLogger("drawbridge.server_gone")


def tell(message: Callable[[], object], patience_s: float = PATIENCE_S) -> bool:
    """Sends something that the server shows to people; False if nobody could be told within `patience_s`."""
    end = time.monotonic() + patience_s
    while True:
        try:
            message()
            return True
        except httpx.TransportError:
            if time.monotonic() >= end:
                log.warning("Prefect 服务没有应答，本次说明页没有写成；台账不受影响。")
                return False
        time.sleep(_TRY_EVERY_S)


def is_server_gone(error: BaseException | None) -> bool:
    """Whether an error comes from a request to Prefect's server that got no answer.

    Requests to the outside systems never end that way: the connectors turn what httpx raises into errors of
    the catalogue, and what lies behind one of those is theirs.
    """
    while error is not None and not isinstance(error, DrawbridgeError):
        if isinstance(error, httpx.TransportError):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


@contextmanager
def watched(is_running: Callable[[], bool], leave: Callable[[], None]) -> Iterator[None]:
    """Calls `leave`, in a thread, as soon as the server of this very run is dead.

    Prefect itself would try to reach it for minutes, with a traceback for every part of it that does.
    """
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_EVERY_S):
            if not is_running():
                leave()
                return

    threading.Thread(target=look, name="prefect-server-watch", daemon=True).start()
    try:
        yield
    finally:
        over.set()
