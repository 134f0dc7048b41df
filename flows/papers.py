"""The forms on paper (一企一表), which the inspectors take along."""

from __future__ import annotations

from pathlib import Path

from documents.inspection_forms import write_inspection_forms
from flows.site import Books
from ledger.forms import forms
from schemas.campaign import Campaign


def write_papers(site: Books, campaign: Campaign) -> Path:
    """Writes the recorded forms, one sheet each; the same forms make the same file."""
    with site.ledger.read() as tx:
        recorded = forms(tx, campaign.task_id)
    path = site.home.campaign_folder(campaign.task_id) / "一企一表.xlsx"
    write_inspection_forms(path, campaign, recorded)
    return path
