"""Another round of a draw: what must hold before one, the second person's leave, and what it opens again."""

from __future__ import annotations

from datetime import datetime

from flows.drawing.correcting import refuse_if_in_use
from flows.site import Books
from ledger.campaigns import reopen_stages
from ledger.draws import RecordedRound, round_in_force
from ledger.engine import Transaction
from ledger.leaves import Leave, allow_leave
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

# Stages whose results a new draw takes away, where they are done already.
_FOLLOWING = {"objects": ("draw", "confirm"), "inspectors": ("assign",)}


def allow_round(books: Books, campaign: Campaign, stage: str, by: str, role: str) -> Leave:
    """The second person allows the round that another asked for; the next run freezes anew.

    Raises as `ended_round` and `ledger.leaves.allow_leave` do.
    """
    with books.ledger.write() as tx:
        ended = ended_round(tx, campaign, stage)
        leave = allow_leave(
            tx,
            campaign.task_id,
            stage,
            ended.round_no + 1,
            allowed_by=by,
            allowed_role=role,
            now=books.now(),
        )
        reopen(tx, campaign, stage, f"第 {leave.round_no} 轮抽取", books.now())
    return leave


def reopen(tx: Transaction, campaign: Campaign, stage: str, waiting_for: str, now: datetime) -> None:
    """The stages of the campaign that rest on this draw are open again, where they were begun."""
    reopen_stages(tx, campaign.task_id, _FOLLOWING[stage], waiting_for, now)


def ended_round(tx: Transaction, campaign: Campaign, stage: str) -> RecordedRound:
    """The round that another may follow. Raises DrawbridgeError DB-CEREMONY-014, -023 or -024."""
    round_ = round_in_force(tx, campaign.task_id, stage)
    if round_ is None:
        raise DrawbridgeError("DB-CEREMONY-014", stage=stage)
    if not round_.is_over:
        raise DrawbridgeError("DB-CEREMONY-023", stage=stage, round=round_.round_no)
    if round_.certificate is not None:
        refuse_if_in_use(tx, campaign, stage)
    return round_
