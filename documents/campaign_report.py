"""总结 as Markdown, which opens anywhere; documents.work_summary puts its text together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from documents.markdown import cell
from documents.whole_file import PRIVATE, write_whole
from schemas.campaign import Campaign

Section = tuple[str, str]
"""A heading, and what stands beneath it as Markdown."""


def write_report(path: Path, campaign: Campaign, sections: Sequence[Section], opening: str = "") -> None:
    """Writes the summary: what was inspected, by whom, when, and the sections in their order.

    `opening` is Markdown before the first section.

    The lists of problems name enterprises before anything is decided on them, so that the file is
    readable by its owner alone (0600).  Raises DrawbridgeError DB-CLI-004.
    """
    write_whole(path, report_markdown(campaign, sections, opening).encode("utf-8"), mode=PRIVATE)


def report_markdown(campaign: Campaign, sections: Sequence[Section], opening: str = "") -> str:
    """The summary's text.  Headings are plain text, the sections' bodies and the opening Markdown."""
    parts = [f"# {cell(campaign.name)}总结", "\n".join(_facts(campaign))]
    parts += [opening] if opening else []
    parts += [f"## {cell(title)}\n\n{body.strip() or '无。'}" for title, body in sections]
    return "\n\n".join(parts) + "\n"


def _facts(campaign: Campaign) -> list[str]:
    departments = "、".join(f"{cell(one.name)}（{one.role.label}）" for one in campaign.departments)
    facts = (
        ("文号", campaign.document_no),
        ("任务编号", campaign.task_id),
        ("抽查计划", f"{campaign.plan.name}（{campaign.plan.plan_id}）"),
        ("行政区划", f"{campaign.adm_name or ''}（{campaign.adm_code}）"),
        ("抽查时间", f"{_day(campaign.starts_on)}至{_day(campaign.ends_on)}"),
        ("抽查对象", campaign.object_kind.label),
        ("抽查比例", campaign.ratio.raw),
    )
    told = [f"- {name}：{cell(value)}" for name, value in facts if value]
    return [*told, f"- 实施部门：{departments}"]


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
