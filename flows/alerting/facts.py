"""The facts that alerts follow from, out of the ledger: counts, codes and dates, nothing personal."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from flows.deadlines import due_dates
from flows.site import Site
from flows.telling.stage_names import TITLES
from ledger.audit import verify_audit
from ledger.campaigns import campaigns, stages
from ledger.figures import last_answers, parked_figures
from rules import alerts as rules
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

log = logging.getLogger("drawbridge.alerts")

# Kind of item in the outbox -> how people call it.
_KINDS = {
    "record": "公示",
    "form": "一企一表",
    "draw": "抽取文件",
    "confirmation": "确认意见",
    "materials": "抽取材料",
}


def gather(
    site: Site,
    limits: Sequence[rules.OpenDeadline],
    uncounted: Sequence[rules.Uncounted] = (),
    *,
    with_chain: bool,
) -> rules.Facts:
    """The facts that alerts follow from, out of the ledger."""
    with site.ledger.read() as tx:
        names = {campaign.task_id: campaign.short_name for campaign in campaigns(tx)}
        parked = [
            rules.ParkedBatch(
                row.task_id,
                names.get(row.task_id, row.task_id),
                _KINDS.get(row.kind, row.kind),
                row.batch_no,
                row.how_many,
            )
            for row in parked_figures(tx)
        ]
        stopped = [
            rules.StoppedStage(task_id, name, row.stage, TITLES.get(row.stage, row.stage), row.failed)
            for task_id, name in names.items()
            for row in stages(tx, task_id).values()
            if row.failed is not None
        ]
        failing = [
            rules.FailingSystem(answer.code.split("-")[1], answer.code, answer.at)
            for answer in last_answers(tx)
            if answer.code is not None and rules.is_no_answer(answer.code)
        ]
    return rules.Facts(limits, uncounted, parked, stopped, failing, _chain(site) if with_chain else None)


def all_deadlines(site: Site) -> tuple[list[rules.OpenDeadline], list[rules.Uncounted]]:
    """The open deadlines of all campaigns, and the campaigns whose deadlines cannot be computed.

    Whatever is wrong with one campaign must not keep the others from being watched.
    """
    with site.ledger.read() as tx:
        known = campaigns(tx)
    found: list[rules.OpenDeadline] = []
    uncounted: list[rules.Uncounted] = []
    for campaign in known:
        try:
            found += open_deadlines(site, campaign)
        except Exception as error:
            cause = error.code if isinstance(error, DrawbridgeError) else type(error).__name__
            log.warning("%s：期限算不出来", campaign.task_id, exc_info=True)
            uncounted.append(rules.Uncounted(campaign.task_id, campaign.short_name, cause))
    return found, uncounted


def open_deadlines(site: Site, campaign: Campaign) -> list[rules.OpenDeadline]:
    """What is open and has a legal date, counted by kind and day; names of enterprises stay behind."""
    listed = due_dates(site, campaign)
    left = {(due.what, due.on): due.left for due in listed}
    return [
        rules.OpenDeadline(campaign.task_id, campaign.short_name, what, on, left[what, on], count)
        for (what, on), count in Counter((due.what, due.on) for due in listed).items()
    ]


def _chain(site: Site) -> list[rules.BrokenChain]:
    verdict = verify_audit(site.ledger.engine)
    if verdict.broken_at is None:
        return []
    return [rules.BrokenChain(verdict.broken_at, verdict.reason or "")]
