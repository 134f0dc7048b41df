"""What is known of the visits of a campaign: forms, results, reviews, and what is still missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flows.site import Books
from ledger.forms import forms as recorded_forms
from ledger.results import refused_results, results
from rules.publication import completion
from rules.visits import by_enterprise as grouped
from rules.visits import not_visited, review_of
from schemas.campaign import Campaign
from schemas.form import InspectionForm
from schemas.result import ItemResult, Review


@dataclass(frozen=True)
class Visits:
    """Forms by USCC, results newest each; `complete` maps the USCC to the time of completion (UTC).

    `reviews` are the reviewer's opinions on the platform on complete results; `refused` counts rows
    of results that could not be read.
    """

    forms: dict[str, InspectionForm]
    results: list[ItemResult]
    by_enterprise: dict[str, list[ItemResult]]
    complete: dict[str, datetime]
    reviews: dict[str, Review]
    refused: int

    def not_visited(self, today: date, campaign: Campaign) -> list[InspectionForm]:
        """Enterprises without complete results although the campaign's window is over."""
        return not_visited(campaign, list(self.forms.values()), self.results, today)


def visits_of(site: Books, campaign: Campaign) -> Visits:
    """Reads the ledger; one pass over the campaign's results."""
    with site.ledger.read() as tx:
        forms = {form.uscc: form for form in recorded_forms(tx, campaign.task_id)}
        rows = results(tx, campaign.task_id)
        refused = refused_results(tx, campaign.task_id)
    by_enterprise = grouped(rows)
    ended = ((uscc, completion(form, by_enterprise.get(uscc, ()))) for uscc, form in forms.items())
    complete = {uscc: at for uscc, at in ended if at is not None}
    reviews = {uscc: review_of(by_enterprise[uscc]) for uscc in complete}
    return Visits(forms, rows, by_enterprise, complete, reviews, len(refused))
