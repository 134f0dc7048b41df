"""Campaigns, what each was begun with, and where its stages stand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ledger.audit import append
from ledger.engine import Transaction
from ledger.tables import campaign, campaign_input, stage
from ledger.texts import digest_of, json_text, text_of
from schemas.campaign import Campaign


@dataclass(frozen=True)
class StageRow:
    """Where a stage stands: `state` open, waiting, done or failed (`failed`: the code). Times are UTC."""

    stage: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    facts: Mapping[str, Any]
    waiting_for: str | None
    failed: str | None


def register_campaign(tx: Transaction, plan: Campaign, now: datetime) -> Campaign:
    """Records a campaign with its plan, or returns what is recorded under its task id.

    A plan is never exchanged: the caller compares.
    """
    recorded = _by_task_id(tx, plan.task_id)
    if recorded is not None:
        return recorded
    body = text_of(plan)
    tx.execute(
        campaign.insert(),
        {
            "task_id": plan.task_id,
            "short_name": plan.short_name,
            "body": body,
            "digest": digest_of(body),
            "created_at": now,
        },
    )
    append(tx, "campaign-registered", plan.task_id, {"digest": digest_of(body)}, now)
    return plan


def campaign_of(tx: Transaction, name: str) -> Campaign | None:
    """The campaign with this task id, or the newest with this short name."""
    found = _by_task_id(tx, name)
    if found is not None:
        return found
    query = sa.select(campaign.c.body).where(campaign.c.short_name == name)
    body = tx.scalar(query.order_by(campaign.c.created_at.desc(), campaign.c.task_id).limit(1))
    return None if body is None else Campaign.model_validate_json(body)


def campaigns(tx: Transaction) -> list[Campaign]:
    """All campaigns, by task id."""
    bodies = tx.scalars(sa.select(campaign.c.body).order_by(campaign.c.task_id))
    return [Campaign.model_validate_json(body) for body in bodies]


def record_input(tx: Transaction, task_id: str, what: str, digest: str, now: datetime) -> str:
    """Records what a campaign is begun with, such as a file's digest; returns what was recorded first."""
    query = sa.select(campaign_input.c.digest).where(
        campaign_input.c.task_id == task_id, campaign_input.c.what == what
    )
    recorded: str | None = tx.scalar(query)
    if recorded is not None:
        return recorded
    tx.execute(
        campaign_input.insert(), {"task_id": task_id, "what": what, "digest": digest, "created_at": now}
    )
    append(tx, "input-recorded", task_id, {"what": what, "digest": digest}, now)
    return digest


def record_stage(
    tx: Transaction,
    task_id: str,
    name: str,
    *,
    done: bool,
    facts: Mapping[str, Any],
    waiting_for: str | None,
    now: datetime,
    failed: str | None = None,
) -> None:
    """Records where a stage stands. The audit chain is told when the state changes, not whenever it is asked.

    `facts` is JSON without personal data; `failed` the code of the error that ended it for now.
    """
    state = "failed" if failed else "done" if done else "waiting" if waiting_for else "open"
    recorded = stages(tx, task_id).get(name)
    values = {
        "state": state,
        "facts": json_text(facts),
        "waiting_for": waiting_for,
        "failed": failed,
        "closed_at": _closed_at(recorded, done, now),
    }
    if recorded is None:
        tx.execute(stage.insert(), {"task_id": task_id, "stage": name, "opened_at": now, **values})
    elif _is_news(recorded, values):
        tx.execute(stage.update().where(stage.c.task_id == task_id, stage.c.stage == name), values)
    if recorded is None or (recorded.state, recorded.failed) != (state, failed):
        told = {"stage": name, "state": state} | ({"failed": failed} if failed else {})
        append(tx, "stage", task_id, told, now)


def stages(tx: Transaction, task_id: str) -> dict[str, StageRow]:
    """The stages of a campaign that were begun, by name, in the order they were opened."""
    query = sa.select(stage).where(stage.c.task_id == task_id).order_by(stage.c.opened_at, stage.c.stage)
    return {
        row.stage: StageRow(
            row.stage,
            row.state,
            row.opened_at,
            row.closed_at,
            json.loads(row.facts),
            row.waiting_for,
            row.failed,
        )
        for row in tx.execute(query)
    }


def _by_task_id(tx: Transaction, task_id: str) -> Campaign | None:
    body = tx.scalar(sa.select(campaign.c.body).where(campaign.c.task_id == task_id))
    return None if body is None else Campaign.model_validate_json(body)


def reopen_stages(
    tx: Transaction,
    task_id: str,
    names: Iterable[str],
    waiting_for: str,
    now: datetime,
    *,
    keep_facts: bool = False,
) -> None:
    """Opens stages again, where they were begun: what they rest on has changed.

    `keep_facts`: what they found still holds and is only added to.
    """
    known = stages(tx, task_id)
    for name in names:
        if name in known:
            facts = known[name].facts if keep_facts else {}
            record_stage(tx, task_id, name, done=False, facts=facts, waiting_for=waiting_for, now=now)


def _closed_at(recorded: StageRow | None, done: bool, now: datetime) -> datetime | None:
    if not done:
        return None
    return recorded.closed_at if recorded is not None and recorded.state == "done" else now


def _is_news(recorded: StageRow, values: Mapping[str, Any]) -> bool:
    return (recorded.state, json_text(recorded.facts), recorded.waiting_for, recorded.failed) != (
        values["state"],
        values["facts"],
        values["waiting_for"],
        values["failed"],
    )
