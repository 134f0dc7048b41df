"""collect-results: pulls results, validates them, records reviews, raises disposals and referrals."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from prefect import flow

from connectors.paging import walk_results
from flows.alerts import look_after_failure
from flows.batch_tasks import in_task
from flows.exchange.publishing import APPROVAL, Standing, records_of, standing_of
from flows.kill_points import reach
from flows.paper.visits import Visits, visits_of
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.artifacts import table
from flows.telling.stage_names import TITLES
from ledger.approvals import Decision, approvals, record_approval
from ledger.results import record_results, result_cursor_of
from rules.deadlines import publication_deadline, working_days_left
from rules.disposals import referrals
from rules.visits import findings
from schemas.campaign import Campaign
from schemas.codes import ReviewOpinion, SignatureState
from schemas.publication import PublicationRecord
from schemas.result import Review

# A result whose legal time runs out in fewer working days is published before the others are awaited.
_URGENT_WORKING_DAYS = 10
# Opinions in one transaction: others who write wait for their turn meanwhile.
_AT_ONCE = 200
_DECISIONS: dict[ReviewOpinion, Decision] = {
    ReviewOpinion.APPROVED: "approved",
    ReviewOpinion.WITHHELD: "withheld",
    ReviewOpinion.RETURNED: "returned",
}


def step(site: Site, campaign: Campaign) -> Outcome:
    """Pulls what changed since the last page that was committed."""
    in_task("collect-results", lambda: _pull(site, campaign))
    visits = visits_of(site, campaign)
    _record_reviews(site, campaign, visits)
    standing = standing_of(site, campaign, visits)
    undecided = [one for one in standing if one.state in ("unreviewed", "returned")]
    done = len(visits.complete) == len(visits.forms) and not undecided
    codes: Counter[str] = Counter(result.code.label for result in visits.results)
    line = f"{len(visits.complete)}/{len(visits.forms)} 户结果齐全"
    remarks = findings(campaign, list(visits.forms.values()), visits.results)
    waiting = None
    if not done:
        open_forms = len(visits.forms) - len(visits.complete)
        waiting = f"检查和录入 {open_forms} 户" if open_forms else f"审核 {len(undecided)} 户"
    facts: dict[str, object] = {
        "enterprises": len(visits.forms),
        "complete": len(visits.complete),
        "results": len(visits.results),
        "refused_rows": visits.refused,
        "unreviewed": len(undecided),
        "overdue_visits": [form.uscc for form in visits.not_visited(site.now().date(), campaign)],
        "by_result": dict(codes),
        "refused_to_sign": sum(1 for row in visits.results if row.visit.signature is SignatureState.REFUSED),
        "referrals": len(referrals(visits.results)),
        "findings": sorted({error.code for error in remarks}),
    }
    report = table(("检查结果", "项"), codes.most_common())
    if remarks:
        report += "\n\n需要核对：\n\n" + "\n".join(f"- {error.zh}（{error.code}）" for error in remarks)
    return Outcome(done, line, facts, waiting, report, wake=_urgent(site, campaign, standing))


def _pull(site: Site, campaign: Campaign) -> int:
    with site.ledger.read() as tx:
        cursor = result_cursor_of(tx, campaign.task_id)
    read = 0
    for page in walk_results(site.connections.platform, campaign.task_id, cursor):
        reach("C2")
        with site.ledger.write() as tx:
            record_results(
                tx,
                campaign.task_id,
                page.rows,
                [(page.page_no, row) for row in page.refused],
                site.now(),
            )
        reach("C3")
        read += page.read
    return read


def _record_reviews(site: Site, campaign: Campaign, visits: Visits) -> None:
    """The reviewer's opinion on the platform counts as an approval, with role, reason and time."""
    records = records_of(site, campaign, visits)
    with site.ledger.read() as tx:
        decided_at = {row.subject_key: row.at for row in approvals(tx, campaign.task_id, APPROVAL)}
    news: list[tuple[Decision, datetime, Review, PublicationRecord]] = []
    for uscc, review in visits.reviews.items():
        decision, record = _DECISIONS.get(review.opinion), records[uscc]
        known = decided_at.get(record.record_id)
        # An opinion on an earlier version says nothing about a result that changed since.
        if decision is None or review.at is None or (known is not None and known >= review.at):
            continue
        news.append((decision, review.at, review, record))
    for start in range(0, len(news), _AT_ONCE):
        now = site.now()
        with site.ledger.write() as tx:
            for decision, at, review, record in news[start : start + _AT_ONCE]:
                record_approval(
                    tx,
                    campaign.task_id,
                    APPROVAL,
                    record.record_id,
                    decision,
                    by_role=review.by_role or "平台审核人",
                    reason=review.basis,
                    at=at,
                    source="platform",
                    now=now,
                    subject_version=record.version,
                )


def _urgent(site: Site, campaign: Campaign, standing: list[Standing]) -> bool:
    """Whether something may be published now and its legal time is nearly over."""
    today = site.now().date()
    return any(
        working_days_left(today, publication_deadline(one.completed_at, campaign.publish_working_days))
        < _URGENT_WORKING_DAYS
        for one in standing
        if one.state == "ready" and one.completed_at is not None
    )


STAGE = Stage("collect", TITLES["collect"], step, after="push")


@flow(
    name="collect-results",
    description="拉取抽查结果并校验，记录审核意见，提出处置、移送和列入异常名录的建议。",
    flow_run_name=run_name("归集结果"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def collect_results(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is."""
    return await run_stage(STAGE, campaign)
