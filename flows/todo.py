"""What waits for people, as suspended runs with a form; the decision itself lives in the ledger.

`open-todos` looks at the ledger and sees to it that every open decision has one suspended run.  A run that is
lost is replaced by another; a decision made elsewhere (command line, platform) ends the run that waits for
it.  Suspended runs survive a restart of the server, for weeks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.deployments.flow_runs import arun_deployment
from prefect.states import Cancelled

from documents.markdown import cell
from flows.decisions.approving import role_of
from flows.decisions.asking import ask_until_right
from flows.decisions.deciding import answer_for_department, campaign_called, decide_publication
from flows.decisions.evidence import evidence_now
from flows.decisions.open_decisions import Todo, todos
from flows.decisions.operating import ACTS, allow, ask_resolve, parked_of
from flows.decisions.todo_forms import ConfirmationForm, FindingForm, PublicationForm, SecondPersonForm
from flows.drawing.redraw import allow_round
from flows.exchange.publishing import RECORD
from flows.site import Site, open_site
from flows.stage import heard
from flows.telling.artifacts import table, write_artifact
from ledger.campaigns import campaigns
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

DEPLOYMENT = "decide/待办"
_WEEKS = timedelta(weeks=26)
_WAITING = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED]


# --- recording what a form says -------------------------------------------------------------------------


def _words(text: str) -> list[str]:
    return text.replace("，", " ").replace(",", " ").split()


def _record_publication(site: Site, campaign: Campaign, key: str, form: Any) -> str:
    role = role_of(site.ledger, form.approver, form.code)
    count = decide_publication(
        site, campaign, _words(form.enterprises), form.decision, role, form.reason or None
    )
    return f"{form.decision} {count} 户（{role}）"


def _record_confirmation(site: Site, campaign: Campaign, key: str, form: Any) -> str:
    role = role_of(site.ledger, form.approver, form.code)
    department, count = answer_for_department(
        site,
        campaign,
        form.department.strip(),
        _words(form.objects),
        form.verdict,
        form.reason or None,
        form.evidence or None,
        role,
    )
    return f"{department.name} {form.verdict} {count} 个对象（{role}）"


def _record_finding(site: Site, campaign: Campaign, key: str, form: Any) -> str:
    if (form.found == "已公示") != bool(form.receipt.strip()):
        raise DrawbridgeError("DB-ACT-008")
    role = role_of(site.ledger, form.approver, form.code)
    receipt = form.receipt.strip() or None
    act = ask_resolve(site, campaign, RECORD, key, receipt, form.reason, form.approver, role)
    return f"已申请（编号 {act.act_no}），等待第二人审批"


def _record_act(site: Site, campaign: Campaign, key: str, form: Any) -> str:
    role = role_of(site.ledger, form.approver, form.code)
    act = allow(site, campaign, int(key), form.approver, role)
    return f"已批准编号 {act.act_no}：{ACTS[act.kind]} {act.key}（{role}）"


def _record_round(site: Site, campaign: Campaign, key: str, form: Any) -> str:
    role = role_of(site.ledger, form.approver, form.code)
    leave = allow_round(site, campaign, key, form.approver, role)
    return f"已批准阶段 {leave.stage} 第 {leave.round_no} 轮（{role}）"


_FORMS: dict[str, tuple[Any, Callable[[Site, Campaign, str, Any], str]]] = {
    "publication": (PublicationForm, _record_publication),
    "confirm": (ConfirmationForm, _record_confirmation),
    "resolve": (FindingForm, _record_finding),
    "act": (SecondPersonForm, _record_act),
    "round": (SecondPersonForm, _record_round),
}
"""Kind of decision -> its form, and what is done with what it says."""


# --- flows ----------------------------------------------------------------------------------------------


@flow(
    name="decide",
    description="等待一位审批人在本页填写意见（Resume）。意见写入台账；填写有误会说明原因并重新等待。",
    flow_run_name="待办 · {title}",
    persist_result=True,
)
def decide(campaign: str, kind: str, key: str, title: str) -> str:
    """Suspends until the form is filled in rightly; ends at once when the decision was made elsewhere."""
    form, record = _FORMS[kind]

    def describe(site: Site) -> tuple[Campaign, str] | None:
        chosen = campaign_called(site, campaign)
        todo = next((one for one in todos(site, chosen) if (one.kind, one.key) == (kind, key)), None)
        if todo is None:
            return None
        evidence = evidence_now(site, parked_of(site, chosen, RECORD, key)) if kind == "resolve" else []
        lines = "\n".join(f"- {cell(line)}" for line in [*todo.lines, *evidence] if line)
        return chosen, f"**{todo.title}**\n\n{lines}"

    def recorded(site: Site, chosen: Campaign, given: Any) -> str:
        return record(site, chosen, key, given)

    said = ask_until_right(form, kind, int(_WEEKS.total_seconds()), describe, recorded)
    with heard(), open_site() as site:
        return _finished(campaign_called(site, campaign), kind, said or "已在别处办理，或不再需要办理。")


def _finished(campaign: Campaign, kind: str, text: str) -> str:
    write_artifact(f"todo-{campaign.task_id}-{kind}", f"# 待办\n\n{campaign.name}\n\n{text}\n", "待办")
    return text


@flow(
    name="open-todos",
    description="把等待各方办理的事项列成待办，每项一个等待填写的运行；已办的自动结束。",
    flow_run_name="待办清单",
)
async def open_todos() -> dict[str, list[str]]:
    """Makes the runs that are missing, ends those that nobody needs. Returns titles by task id."""
    listed = await asyncio.to_thread(_listed)
    found: dict[str, list[str]] = {}
    wanted = {todo.tag(campaign) for campaign, todo in listed}
    async with get_client() as client:
        runs = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": _WAITING}}})
        )
        waiting = {tag: run for run in runs for tag in run.tags if tag.startswith("待办:")}
        for tag, run in waiting.items():
            if tag not in wanted and run.state is not None and run.state.is_paused():
                await client.set_flow_run_state(run.id, Cancelled(message="已在别处办理"), force=True)
    for campaign, todo in listed:
        found.setdefault(campaign.task_id, []).append(todo.title)
        if todo.tag(campaign) not in waiting:
            await arun_deployment(
                DEPLOYMENT,
                parameters={
                    "campaign": campaign.task_id,
                    "kind": todo.kind,
                    "key": todo.key,
                    "title": f"{todo.title} · {campaign.short_name}",
                },
                tags=["待办", campaign.short_name, todo.tag(campaign)],
                timeout=0,
                as_subflow=False,
            )
    rows = [(campaign.short_name, todo.title, "；".join(todo.lines)[:200]) for campaign, todo in listed]
    text = table(("任务", "待办", "说明"), rows) if rows else "没有等待办理的事项。"
    write_artifact("todos", f"# 待办清单\n\n{text}\n", "待办清单")
    return found


def _listed() -> list[tuple[Campaign, Todo]]:
    with heard(), open_site() as site:
        with site.ledger.read() as tx:
            known = campaigns(tx)
        return [(campaign, todo) for campaign in known for todo in todos(site, campaign)]
