"""What of a campaign is open and has a legal date: confirmation, visit, entry, publication, hand-off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from flows.exchange.publishing import APPROVAL, Standing, standing_of
from flows.paper.visits import Visits, visits_of
from flows.site import Books
from flows.telling.shown_names import shown_name
from ledger.campaigns import stages
from ledger.confirmations import dispatches
from ledger.figures import decided_since
from ledger.reconciliations import last_run
from rules.deadlines import (
    Deadline,
    confirmation_deadline,
    entry_deadline,
    publication_deadline,
    working_days_left,
)
from rules.disposals import abnormal_list_proposals
from schemas.campaign import Campaign
from schemas.codes import PublicationMode

SOON_WORKING_DAYS = 5


@dataclass(frozen=True)
class Due:
    """Something with a legal date. `left`: working days until then, negative when it has passed."""

    what: str
    subject: str
    on: date
    left: int
    provisional: bool


def due_dates(
    site: Books,
    campaign: Campaign,
    today: date | None = None,
    known: tuple[Visits, Sequence[Standing]] | None = None,
) -> list[Due]:
    """Everything of the campaign that is open and has a legal date, nearest first.

    `today`: the Shanghai date that days are counted from, the books' own if not given; `known`: the visits
    and how the records stand, where that has been looked up.  Raises DrawbridgeError DB-DEADLINE-001, -002.
    """
    visits, standing = known or _looked_up(site, campaign)
    return sorted(
        _all_due(site, campaign, visits, standing, today or site.now().date()),
        key=lambda due: (due.on, due.what, due.subject),
    )


def _looked_up(site: Books, campaign: Campaign) -> tuple[Visits, Sequence[Standing]]:
    visits = visits_of(site, campaign)
    return visits, standing_of(site, campaign, visits)


def _all_due(
    site: Books, campaign: Campaign, visits: Visits, standing: Sequence[Standing], today: date
) -> Iterator[Due]:
    with site.ledger.read() as tx:
        known = stages(tx, campaign.task_id)
        sent = dispatches(tx, campaign.task_id)
    if sent and "confirm" in known and known["confirm"].state != "done":
        limit = confirmation_deadline(max(sent.values()), campaign.confirm_working_days)
        yield _due("部门确认", known["confirm"].waiting_for or "", limit, today)
    yield from _visits_due(campaign, visits, today)
    unpublished = [one for one in standing if one.record is not None and not one.settled]
    for one in [*unpublished, *_not_seen(site, campaign, standing)]:
        if one.completed_at is not None:
            last = publication_deadline(one.completed_at, campaign.publish_working_days)
            yield _due("公示", shown_name(one.uscc, one.ent_name), last, today)
    for proposal in abnormal_list_proposals(visits.results):
        if proposal.closed:
            continue
        yield _due("移交列入经营异常名录", proposal.uscc, proposal.deadline, today)


def _visits_due(campaign: Campaign, visits: Visits, today: date) -> Iterator[Due]:
    """Forms without all results: until the window ends while there is none, then from the first completion.

    A department that never enters its part must not stop the clock unseen: what the others completed has to
    be entered whole, and made public, within the limits that began there (domain reference §6 points 12, 13).
    """
    for uscc, form in visits.forms.items():
        if uscc in visits.complete:
            continue
        name = shown_name(uscc, form.ent_name)
        entered = visits.by_enterprise.get(uscc)
        if not entered:
            yield _due("现场检查", name, Deadline(campaign.ends_on), today)
        else:
            first = min(row.completed_at for row in entered)
            yield _due("结果录入", name, entry_deadline(first, campaign.entry_working_days), today)
            last = publication_deadline(first, campaign.publish_working_days)
            yield _due("公示", name, last, today)


def _not_seen(site: Books, campaign: Campaign, standing: Sequence[Standing]) -> list[Standing]:
    """What the platform should have brought to the public by itself, and nobody has seen there yet."""
    if campaign.publication is PublicationMode.PUSH:
        return []
    with site.ledger.read() as tx:
        looked = last_run(tx, campaign.task_id)
        approved = set() if looked is None else decided_since(tx, campaign.task_id, APPROVAL, looked.at)
    # What was approved since the last look was not looked for then.
    missing = set() if looked is None else {key for kind, key, _ in looked.findings if kind == "missing"}
    return [
        one
        for one in standing
        if one.state == "awaited"
        and one.record is not None
        and (looked is None or one.record.record_id in missing | approved)
    ]


def _due(what: str, subject: str, limit: Deadline, today: date) -> Due:
    return Due(what, subject, limit.on, working_days_left(today, limit), limit.provisional)
