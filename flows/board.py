"""The board of a campaign in the UI: how far each stage is, what is open, and whose turn it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flows.artifacts import table, write_artifact
from flows.deadlines import SOON_WORKING_DAYS, Due, due_dates
from flows.publish import STATES
from flows.publishing import Standing, standing_of
from flows.site import Site
from flows.stage import Stage
from flows.stage_names import state_name
from flows.visits import visits_of
from ledger.campaigns import StageRow, stages
from schemas.campaign import Campaign


def write_board(site: Site, campaign: Campaign, all_stages: Sequence[Stage]) -> None:
    """Writes the board as an artifact of the flow run under way."""
    text = board_text(site, campaign, all_stages)
    write_artifact(f"board-{campaign.task_id}", text, f"总览 · {campaign.short_name}")


def board_text(site: Site, campaign: Campaign, all_stages: Sequence[Stage]) -> str:
    """The board in Markdown."""
    with site.ledger.read() as tx:
        known = stages(tx, campaign.task_id)
    standing = standing_of(site, campaign, visits_of(site, campaign))
    parts = [
        f"# {campaign.name}",
        _whose_turn(known, all_stages),
        table(("环节", "状态", "等待"), _stage_rows(known, all_stages)),
        _open_records(standing),
        _near(due_dates(site, campaign)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _whose_turn(known: dict[str, StageRow], all_stages: Sequence[Stage]) -> str:
    for stage in all_stages:
        row = known.get(stage.key)
        if row is None or row.state != "done":
            if row is not None and row.failed:
                return f"> **停止：{stage.title}（{row.failed}）**，处理办法见该环节的运行日志。"
            waiting = row.waiting_for if row is not None else None
            return f"> **等待：{waiting or stage.title}**（{stage.title}）"
    return "> **已全部完成**，没有未决事项。"


def _stage_rows(
    known: dict[str, StageRow], all_stages: Sequence[Stage]
) -> Iterable[tuple[str, str, str | None]]:
    for stage in all_stages:
        row = known.get(stage.key)
        yield (
            stage.title,
            state_name(row.state if row else None),
            row.waiting_for if row else None,
        )


def _open_records(standing: Sequence[Standing]) -> str:
    rows = [
        (one.ent_name, STATES[one.state], one.reason)
        for one in standing
        if one.record is not None and not one.settled
    ]
    return f"未公示 {len(rows)} 户\n\n" + table(("企业", "情况", "原因"), rows) if rows else ""


def _near(listed: Sequence[Due]) -> str:
    near = [due for due in listed if due.left < SOON_WORKING_DAYS]
    if not near:
        return ""
    rows = [(due.what, due.subject, due.on, due.left, "🔴") for due in near]
    return "将到期\n\n" + table(("事项", "对象", "期限", "剩余工作日", ""), rows)
