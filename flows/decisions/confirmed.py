"""What the departments' answers on record come to."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.confirmations import RecordedConfirmation
from rules.confirmation import Decision, decide_confirmations
from schemas.campaign import Campaign


def decision_on(
    campaign: Campaign, drawn: Sequence[str], recorded: Sequence[RecordedConfirmation]
) -> Decision:
    """Of the drawn objects: the platform's answers and those that were entered here, by the rules."""
    return decide_confirmations(
        drawn,
        [department.code for department in campaign.departments],
        [row.confirmation for row in recorded if row.origin == "platform"],
        [row.confirmation for row in recorded if row.origin == "local"],
    )
