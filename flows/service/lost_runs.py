"""Runs that nobody ends: worker and run died together, so that Prefect goes on showing them as running.

Two looks, neither of which decides anything about a record: that is the ledger's.  `LostRuns` ends within
seconds what this very machine knows to be dead; `watch` lets the server end what has stopped giving a
sign, for workers on other machines.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.states import Crashed

from flows.service.prefect_server import HEARTBEAT_S

SILENT_S = 3 * HEARTBEAT_S
"""After so long without a sign a run is shown as crashed."""
NAME = "失联的运行"
_MESSAGE = "执行这次运行的进程已不在；下一次计划运行从台账继续。"

# A sign, or a state in which no sign is due: final, or left for later.  Names, not types, are in the events.
_SIGNS = ("heartbeat",)
_STATES_WITHOUT_SIGNS = (
    "Completed",
    "Failed",
    "Crashed",
    "Cancelled",
    "TimedOut",
    "RolledBack",
    "Paused",
    "Suspended",
    "Resuming",
    "Scheduled",
    "Late",
    "AwaitingRetry",
    "AwaitingConcurrencySlot",
    "Pending",
)
# It suspends a moment after its first sign, and the sign may arrive last: it would be ended while it waits.
_SUSPENDS = "decide"
_PAGE = 200
_WORKER = "prefect.worker.name"
_ID_OF_RUN = "PREFECT__FLOW_RUN_ID"


def client_of(api: str) -> SyncPrefectClient:
    """A client of the server at `api`, with the login of the environment."""
    return SyncPrefectClient(api, auth_string=os.environ.get("PREFECT_API_AUTH_STRING"))


def watch(client: SyncPrefectClient, silent_s: float = SILENT_S) -> None:
    """Lets the server end runs that gave no sign for `silent_s` (10 at least); there is one such rule."""
    expected = {f"prefect.flow-run.{name}" for name in (*_SIGNS, *_STATES_WITHOUT_SIGNS)}
    rule = AutomationCore(
        name=NAME,
        description="进程和执行器一起没了的运行，不再有心跳，在这里转为 Crashed。",
        trigger=EventTrigger(
            match_related=ResourceSpecification.model_validate(
                {"prefect.resource.role": "flow", "prefect.resource.name": f"!{_SUSPENDS}"}
            ),
            after={f"prefect.flow-run.{name}" for name in _SIGNS},
            expect=expected,
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=silent_s),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, name="Crashed", message=_MESSAGE)],
    )
    for known in client.read_automations_by_name(NAME):
        client.delete_automation(known.id)
    client.create_automation(rule)


def worker_name() -> str:
    """How this machine's worker is called, so that its runs can be told from those of other machines."""
    return f"drawbridge@{socket.gethostname()}"


def running_here() -> frozenset[str]:
    """The ids of the runs that processes of this machine carry out, which have them in their environment."""
    found = set()
    for process in psutil.process_iter():
        try:
            found.add(process.environ().get(_ID_OF_RUN))
        except (psutil.Error, OSError):  # gone meanwhile, or somebody else's
            continue
    return frozenset(run_id for run_id in found if run_id)


class LostRuns:
    """Ends what this machine's worker began and no process carries out any more.

    A run is ended when it was without a process in two looks: one that has just come to its end is still
    shown as running for a moment, and one that is taken up has no process yet.
    """

    def __init__(
        self, client: SyncPrefectClient, running: Callable[[], frozenset[str]] = running_here
    ) -> None:
        self._client, self._running = client, running
        self._seen: frozenset[UUID] = frozenset()

    def look(self) -> list[str]:
        """Marks lost runs as crashed and returns their names; raises httpx.HTTPError without a server."""
        began = [run for run in self._under_way() if run.labels.get(_WORKER) == worker_name()]
        running = self._running() if began else frozenset()
        without = [run for run in began if str(run.id) not in running]
        lost = [run for run in without if run.id in self._seen]
        self._seen = frozenset(run.id for run in without)
        if lost:  # a run within another one has no process of its own
            lost += self._under_way({"parent_flow_run_id": {"any_": [run.id for run in lost]}})
        for run in lost:
            self._client.set_flow_run_state(run.id, Crashed(message=_MESSAGE), force=True)
        return [run.name for run in lost]

    def _under_way(self, more: dict[str, object] | None = None) -> list[FlowRun]:
        states = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
        chosen = {"state": {"type": {"any_": states}}, **(more or {})}
        return self._client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(chosen), limit=_PAGE)
