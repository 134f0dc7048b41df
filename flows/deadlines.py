"""watch-deadlines: warns of confirmations, visits, publications and hand-offs that come due; reads only."""

from __future__ import annotations

from prefect import flow

from flows.legal_dates import SOON_WORKING_DAYS, Due, due_dates
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.artifacts import table
from schemas.campaign import Campaign

__all__ = ["SOON_WORKING_DAYS", "Due", "due_dates", "watch_deadlines"]


def step(site: Site, campaign: Campaign) -> Outcome:
    """Lists what is due; done when nothing is late or near."""
    listed = due_dates(site, campaign)
    near = [due for due in listed if due.left < SOON_WORKING_DAYS]
    late = [due for due in listed if due.left < 0]
    rows = [
        (due.what, due.subject, f"{due.on}{'（暂定）' if due.provisional else ''}", due.left, _mark(due))
        for due in listed
    ]
    facts: dict[str, object] = {"open": len(listed), "near": len(near), "late": len(late)}
    line = f"未结 {len(listed)} 项，5 个工作日内到期 {len(near)} 项，已过期 {len(late)} 项"
    report = table(("事项", "对象", "期限", "剩余工作日", ""), rows) if rows else "没有未结的期限。"
    return Outcome(not near, line, facts, None, report)


def _mark(due: Due) -> str:
    return "🔴" if due.left < SOON_WORKING_DAYS else ""


STAGE = Stage("deadlines", "期限提醒", step)


@flow(
    name="watch-deadlines",
    description="提醒将到期的确认、检查、公示和列异移交，只读。",
    flow_run_name=run_name("期限提醒"),
)
async def watch_deadlines(campaign: str | None = None) -> dict[str, object]:
    """The watch as a flow; without `campaign`, over every campaign."""
    return await run_stage(STAGE, campaign)
