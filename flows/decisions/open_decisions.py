"""What of a campaign waits for a person's decision, as the ledger has it.

The forms of the UI, the board and the command line all go by this list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flows.decisions.operating import ACTS
from flows.exchange.publishing import Standing, standing_of
from flows.site import Books
from flows.telling.shown_names import name_and_code
from ledger.acts import acts
from ledger.campaigns import stages
from ledger.draws import round_in_force
from ledger.leaves import leave_for
from schemas.campaign import Campaign


@dataclass(frozen=True)
class Todo:
    """One open decision. `key` tells it from others of the campaign; `lines` are what to look at before."""

    kind: str
    key: str
    title: str
    lines: tuple[str, ...]

    def tag(self, campaign: Campaign) -> str:
        """What marks the run that waits for it."""
        return f"待办:{campaign.task_id}:{self.kind}:{self.key}"


def todos(site: Books, campaign: Campaign, standing: Sequence[Standing] | None = None) -> list[Todo]:
    """Everything that waits for a person's decision here, as the ledger has it.

    `standing`: how the records stand, where that has been looked up.
    """
    if standing is None:
        standing = standing_of(site, campaign)
    return [*_publications(standing), *(todo for find in _FIND for todo in find(site, campaign))]


def _publications(standing: Sequence[Standing]) -> Iterator[Todo]:
    unreviewed = [one for one in standing if one.state == "unreviewed"]
    if unreviewed:
        lines = tuple(name_and_code(one.uscc, one.ent_name) for one in unreviewed)
        yield Todo("publication", "all", f"公示审批 {len(unreviewed)} 户", lines)
    for one in standing:
        if one.state == "parked":
            lines = (name_and_code(one.uscc, one.ent_name), one.reason or "")
            yield Todo("resolve", one.uscc, f"核定结果不明 {one.uscc}", lines)


def _confirmations(site: Books, campaign: Campaign) -> Iterator[Todo]:
    with site.ledger.read() as tx:
        row = stages(tx, campaign.task_id).get("confirm")
    if row is not None and row.state == "waiting" and row.facts.get("open"):
        yield Todo("confirm", "all", "部门确认", (row.waiting_for or "",))


def _acts(site: Books, campaign: Campaign) -> Iterator[Todo]:
    with site.ledger.read() as tx:
        open_ = [act for act in acts(tx, campaign.task_id) if act.allowed_by is None]
        rounds = [
            leave
            for stage in ("objects", "inspectors")
            if (round_ := round_in_force(tx, campaign.task_id, stage)) is not None
            and (leave := leave_for(tx, campaign.task_id, stage, round_.round_no + 1)) is not None
            and leave.allowed_by is None
        ]
    for act in open_:
        lines = (f"{ACTS[act.kind]} {act.key}", f"申请：{act.asked_role}", f"理由：{act.reason}")
        yield Todo("act", str(act.act_no), f"第二人审批 编号 {act.act_no}", lines)
    for leave in rounds:
        lines = (
            f"阶段 {leave.stage} 第 {leave.round_no} 轮",
            f"申请：{leave.asked_role}",
            f"理由：{leave.reason}",
        )
        yield Todo("round", leave.stage, f"批准另抽一轮 {leave.stage}", lines)


_FIND: tuple[Callable[[Books, Campaign], Iterator[Todo]], ...] = (_confirmations, _acts)
