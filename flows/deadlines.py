"""watch-deadlines: warns of confirmations, visits, publications and hand-offs that come due; reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from prefect import flow

from flows.artifacts import table
from flows.publishing import unpublished
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.visits import visits_of
from ledger.campaigns import stages
from ledger.confirmations import dispatches
from rules.deadlines import Deadline, confirmation_deadline, publication_deadline, working_days_left
from rules.disposals import abnormal_list_proposals
from schemas.campaign import Campaign

SOON_WORKING_DAYS = 5


@dataclass(frozen=True)
class Due:
    """Something with a legal date. `left`: working days until then, negative when it has passed."""

    what: str
    subject: str
    on: date
    left: int
    provisional: bool


def due_dates(site: Site, campaign: Campaign) -> list[Due]:
    """Everything of the campaign that is open and has a legal date, nearest first."""
    return sorted(_all_due(site, campaign), key=lambda due: (due.on, due.what, due.subject))


def _all_due(site: Site, campaign: Campaign) -> Iterator[Due]:
    today = site.now().date()
    with site.ledger.read() as tx:
        known = stages(tx, campaign.task_id)
        sent = dispatches(tx, campaign.task_id)
    if sent and "confirm" in known and known["confirm"].state != "done":
        limit = confirmation_deadline(max(sent.values()), campaign.confirm_working_days)
        yield _due("部门确认", known["confirm"].waiting_for or "", limit, today)
    visits = visits_of(site, campaign)
    for form in visits.not_visited(today, campaign):
        yield _due("现场检查（时限已过）", form.ent_name, Deadline(campaign.ends_on, False), today)
    for one in unpublished(site, campaign, visits):
        if one.completed_at is not None:
            last = publication_deadline(one.completed_at, campaign.publish_working_days)
            yield _due("公示", one.ent_name, last, today)
    for proposal in abnormal_list_proposals(visits.results):
        if proposal.closed:
            continue
        yield _due("移交列入经营异常名录", proposal.uscc, proposal.deadline, today)


def _due(what: str, subject: str, limit: Deadline, today: date) -> Due:
    return Due(what, subject, limit.on, working_days_left(today, limit), limit.provisional)


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
