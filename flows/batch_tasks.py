"""A batch of work as a task run, where a flow run is under way; elsewhere it is simply done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext

from flows.telling.kept_safe import kept_safe

T = TypeVar("T")

_MOST = 50
_shown: Counter[tuple[UUID, str]] = Counter()


def in_task(name: str, batch: Callable[[], T]) -> T:
    """Runs one batch, as a Prefect task run called `name` (ASCII) where a flow run is under way.

    No result is kept or cached: whether a batch still has to run is the ledger's to say.  Of hundreds of
    batches in one flow run the first are task runs, as many as its page can show; each costs the server
    thirty milliseconds, and the others are simply done.
    """
    run = FlowRunContext.get()
    if run is None or run.flow_run is None:
        return batch()
    _shown[run.flow_run.id, name] += 1
    if _shown[run.flow_run.id, name] > _MOST:
        return batch()

    def safely() -> T:
        with kept_safe():
            return batch()

    return task(name=name, cache_policy=NO_CACHE, persist_result=False)(safely)()
