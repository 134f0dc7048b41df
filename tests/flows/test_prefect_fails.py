"""Prefect fails too: server, worker and runs are killed, started twice, retried while they live.

One service for all, and a campaign whose records are approved a few at a time, so that each test has its own
to publish.  The oracle is the mock's own record of what it accepted.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psutil
import pytest

from flows.service.lost_runs import SILENT_S
from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.approvers import enrol
from tests.end_to_end.installation import PLAN, TASK, Installation, MockProcess
from tests.flows.served import Served, serving, until

PUBLISH = "公示结果"
CRASHED_WITHIN_S = 30
"""As docs/reliability.md says."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service whose campaign waits for one department's confirmation."""
    setting = Setting(PLAN, objects=120, seed=3)
    with Simulator(setting) as simulator:
        mock = MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)
        keys = {"DRAWBRIDGE_APP_KEY": setting.key, "DRAWBRIDGE_APP_SECRET": setting.secret}
        here = Installation(
            tmp_path_factory.mktemp("served") / "home",
            mock.settings(TASK) | keys | {"DRAWBRIDGE_MAX_WAIT_S": "1"},
        )
        for act in ({"act": "no-objections"}, {"act": "never-confirm", "who": "SC"}, {"act": "never-review"}):
            mock.post("people", act)
        assert here.call("run", PLAN, "--no-prefect").code == 3
        with serving(here, mock) as served:
            for row in served.ask("POST", "/deployments/filter", {}):  # nothing starts by the wall's clock
                served.ask("POST", f"/deployments/{row['id']}/pause_deployment")
            yield served


@pytest.fixture(scope="module")
def silent(office: Served) -> tuple[str, str]:
    """Two runs without a sign for almost as long as they may be: one publishes, one may be suspended."""
    return silent_run(office, "publish-results"), silent_run(office, "decide")


class Held:
    """A publication that has reached the other side and waits for its answer: the middle of it."""

    def __init__(self, office: Served, deployment: str = PUBLISH) -> None:
        self.office = office
        self.before = office.records()
        self.approved = approve(office, 2)
        office.mock.post("faults", {"name": "hold_after_commit", "endpoint": "postSpotchecks"})
        self.run_id = office.start(deployment)
        until(lambda: office.records() - self.before, "nothing was sent")

    def release(self) -> None:
        """The other side answers again."""
        self.office.mock.post("faults", {"clear": True})

    def all_once(self) -> bool:
        """Whether the mock holds every approved record exactly once, and nothing else is new."""
        after = self.office.records()
        return set((after - self.before).values()) == {1} and set(after - self.before) == self.approved


def approve(office: Served, count: int) -> set[str]:
    """Approves some that are complete; returns their records' keys. Brings the campaign so far before."""
    listed = office.here.call("publish", "status", TASK, "--json").document
    if not listed["counts"]:  # the test that lets the department confirm runs elsewhere
        assert office.here.call("confirm", TASK, "--department", "SC", "--all").code == 0
        assert office.ended(office.start("整个任务"))["state_type"] == "COMPLETED"
        listed = office.here.call("publish", "status", TASK, "--json").document
    ready = [row["uscc"] for row in listed["open"] if row["state"] == "unreviewed"][:count]
    assert len(ready) == count, listed["counts"]
    for uscc in ready:
        done = office.here.call("approve", TASK, "--enterprise", uscc, "--role", "审核人")
        assert done.code == 0, done.err
    return {f"{TASK}-{uscc}" for uscc in ready}


@pytest.mark.usefixtures("silent")
def test_a_campaign_that_waits_goes_on_after_the_server_was_killed(office: Served) -> None:
    device = enrol(office.here, "A01", "市场监管局经办人")
    todo = {"campaign": TASK, "kind": "confirm", "key": "all", "title": "部门确认"}
    waiting = office.start("待办", todo)
    office.ended(waiting, ("PAUSED",))

    server = office.noted("prefect-server")
    office.kill(server)
    office.server_is_back(server)
    assert office.run(waiting)["state_type"] == "PAUSED"

    form = {"department": "SC", "approver": "A01", "code": device.code()}
    office.ask("POST", f"/flow_runs/{waiting}/resume", {"run_input": form})
    assert office.ended(waiting)["state_type"] == "COMPLETED"
    assert office.ended(office.start("整个任务"))["state_type"] == "COMPLETED"
    stages = office.here.call("campaign", "show", TASK, "--json").document["stages"]
    assert stages["push"]["state"] == "done"
    answers = [row["key"] for row in office.mock.writes("postConfirmations")]
    assert len(answers) == len(set(answers)) > 0


def test_the_server_is_gone_in_the_middle_of_a_publication(office: Served) -> None:
    held = Held(office)
    server = office.noted("prefect-server")
    office.kill(server)
    held.release()
    office.server_is_back(server)
    assert office.ended(held.run_id)["state_type"] == "COMPLETED"
    assert held.all_once()
    # The place of the run that was under way is free again: the next one is not refused.
    assert office.ended(office.start(PUBLISH))["state_type"] == "COMPLETED"
    assert held.all_once()


def test_worker_and_run_are_killed_in_the_middle_of_a_publication(office: Served) -> None:
    held = Held(office)
    worker = office.noted("worker")
    runs = worker.children(recursive=True)
    assert runs
    office.kill(worker, *runs)
    killed_at = time.monotonic()
    crashed = office.ended(held.run_id)
    assert crashed["state_type"] == "CRASHED"
    assert "下一次计划运行" in crashed["state"]["message"]
    assert time.monotonic() - killed_at < CRASHED_WITHIN_S
    held.release()
    assert office.ended(office.start(PUBLISH))["state_type"] == "COMPLETED"
    assert held.all_once()


def test_the_same_flow_is_started_twice_and_retried_while_it_is_alive(office: Served) -> None:
    held = Held(office)
    second, campaign = office.start(PUBLISH), office.start("整个任务")
    assert office.ended(second)["state_type"] == "CANCELLED"
    pressed = {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}}
    office.ask("POST", f"/flow_runs/{held.run_id}/set_state", pressed)
    until(lambda: len(carrying_out(held.run_id)) > 1, "no second process takes the run up")
    until(lambda: office.run(campaign)["state_type"] == "RUNNING", "the campaign does not run")
    held.release()
    assert office.ended(campaign)["state_type"] == "COMPLETED"
    until(lambda: not carrying_out(held.run_id), "the run goes on for ever")
    assert office.ended(held.run_id)["state_type"] == "COMPLETED"
    assert held.all_once()


def test_an_operator_asks_for_an_act_in_a_form(office: Served) -> None:
    """A wrong code is told and the form waits again; the right one leaves an act for a second person."""
    (record,) = approve(office, 1)
    assert office.ended(office.start(PUBLISH))["state_type"] == "COMPLETED"
    device = enrol(office.here, "A02", "经办")
    run = office.start("公示办理", {"campaign": TASK})
    office.ended(run, ("PAUSED",))
    form = {
        "act": "撤回",
        "enterprise": record.removeprefix(f"{TASK}-"),
        "reason": "公示有误",
        "approver": "A02",
    }
    office.ask("POST", f"/flow_runs/{run}/resume", {"run_input": {**form, "code": "000000"}})
    until(lambda: office.run(run)["state_type"] != "PAUSED", "the form was not taken")
    office.ended(run, ("PAUSED",))
    office.ask("POST", f"/flow_runs/{run}/resume", {"run_input": {**form, "code": device.code()}})
    assert office.ended(run)["state_type"] == "COMPLETED"
    (act,) = office.here.call("publish", "status", TASK, "--json").document["acts"]
    assert (act["kind"], act["record"], act["allowed_by"]) == ("withdraw", record, None)
    assert office.ended(office.start("公示情况", {"campaign": TASK}))["state_type"] == "COMPLETED"


def test_a_run_elsewhere_that_gives_no_sign_is_ended(office: Served, silent: tuple[str, str]) -> None:
    publishing, suspending = silent
    assert office.ended(publishing)["state_type"] == "CRASHED"
    assert office.run(suspending)["state_type"] == "RUNNING", "its last sign may come after it was suspended"


def test_all_that_was_started_ends_with_it(office: Served) -> None:
    service = psutil.Process(office.process.pid)
    family = [service, *service.children(recursive=True)]
    service.terminate()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    assert not (office.here.home / "processes.jsonl").exists()


def silent_run(office: Served, flow: str) -> str:
    """A run of a worker on another machine whose last sign is almost as old as the server's rule allows."""
    flow_id = office.ask("POST", "/flows/", {"name": flow})["id"]
    run_id = office.ask("POST", "/flow_runs/", {"flow_id": flow_id, "state": {"type": "RUNNING"}})["id"]
    last = datetime.now(UTC) - timedelta(seconds=SILENT_S - 2)
    sign = {
        "id": str(uuid4()),
        "occurred": last.isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run_id}"},
        "related": [
            {
                "prefect.resource.id": f"prefect.flow.{flow_id}",
                "prefect.resource.role": "flow",
                "prefect.resource.name": flow,
            }
        ],
    }
    office.ask("POST", "/events", [sign])
    return str(run_id)


def carrying_out(run_id: str) -> list[int]:
    """The processes that carry out a run with flows in it: the ones that Prefect's engine was started in."""
    found = []
    for process in psutil.process_iter():
        try:
            engine = "prefect.engine" in process.cmdline() or "prefect.flow_engine" in process.cmdline()
            if engine and process.environ().get("PREFECT__FLOW_RUN_ID") == run_id:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
