"""The work summary (总结) of a campaign from the ledger: Markdown, DOCX and the charts of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from documents.campaign_report import write_report
from documents.paper.press import PressSettings
from documents.whole_file import PRIVATE, write_whole
from documents.work_summary.blocks import Table
from documents.work_summary.content import Course, OpenLists, Stratum, work_summary
from documents.work_summary.plain import summary_sections
from flows.exchange.publishing import RECORD
from flows.paper.visits import Visits
from flows.site import Books
from ledger.accepted import accepted_at
from ledger.campaigns import stages
from rules.calendar import shanghai_date
from rules.campaign_summary import CampaignSummary, campaign_summary
from rules.disposals import abnormal_list_proposals, open_cases, referrals
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError

NAME = "总结"
StatisticsRows = Sequence[Mapping[str, str | int]]


def write_work_summary(
    site: Books, campaign: Campaign, visits: Visits, annex: StatisticsRows, settings: PressSettings
) -> tuple[dict[str, Path], list[str]]:
    """Writes 总结.md, 总结.docx and 总结-NAME.png into the campaign's folder.

    Returns their paths by title, and what is missing, in words.

    Files are readable by their owner alone (0600), since they name enterprises before anything is
    decided on them.  Raises DrawbridgeError DB-CLI-004.
    """
    # A tenth of a second each that only this needs.
    from documents.work_summary.charts import draw_charts
    from documents.work_summary.document import summary_document

    folder = site.home.campaign_folder(campaign.task_id)
    summary = summary_of(site, campaign, visits)
    today = shanghai_date(site.now())
    blocks = work_summary(summary, course_of(site, campaign), annex, open_lists(visits), today)
    charts, missing = {}, []
    try:
        charts = draw_charts(summary, settings)
    except DrawbridgeError as error:  # without fonts the text is there all the same
        missing.append(f"总结没有图：{error}")
    pictures = {key: (chart.caption, f"{NAME}-{key}.png") for key, chart in charts.items()}
    for key, chart in charts.items():
        write_whole(folder / pictures[key][1], chart.png, mode=PRIVATE)
    opening, sections = summary_sections(blocks, pictures)
    write_report(folder / f"{NAME}.md", campaign, sections, opening)
    signed = (f"{campaign.adm_name or ''}双随机一公开工作领导小组办公室", today)
    document = summary_document(f"{campaign.name}工作总结", blocks, charts, signed)
    write_whole(folder / f"{NAME}.docx", document, mode=PRIVATE)
    return {NAME: folder / f"{NAME}.md", f"{NAME}（Word）": folder / f"{NAME}.docx"}, missing


def summary_of(site: Books, campaign: Campaign, visits: Visits) -> CampaignSummary:
    """The numbers of the summary, with the day on which each enterprise became public where we know it."""
    with site.ledger.read() as tx:
        keys = accepted_at(tx, RECORD, campaign.task_id)
    published = {uscc: keys[key] for uscc in visits.forms if (key := f"{campaign.task_id}-{uscc}") in keys}
    return campaign_summary(campaign, list(visits.forms.values()), visits.results, published)


def course_of(site: Books, campaign: Campaign) -> Course:
    """What the stages recorded of draw, confirmation and publication."""
    with site.ledger.read() as tx:
        rows = stages(tx, campaign.task_id)
    facts: dict[str, Mapping[str, Any]] = {key: row.facts for key, row in rows.items()}
    draw = facts.get("draw", {})
    reconciled = facts.get("reconcile", {})
    return Course(
        eligible=draw.get("eligible"),
        drawn=draw.get("drawn"),
        strata=[
            Stratum(name, counts["size"], counts["drawn"]) for name, counts in draw.get("strata", {}).items()
        ],
        replaced=int(facts.get("confirm", {}).get("replaced") or 0),
        publication=reconciled if "due" in reconciled else None,
    )


def open_lists(visits: Visits) -> OpenLists:
    """What waits for a decision: proposals for the list, transfers, findings that are not closed."""
    names = {uscc: form.ent_name for uscc, form in visits.forms.items()}
    proposals = [
        (names.get(p.uscc, p.uscc), p.uscc, p.reason, str(p.deadline.on))
        for p in abnormal_list_proposals(visits.results)
    ]
    transfers = [
        (names.get(r.uscc, r.uscc), r.uscc, r.item_name, r.disposal.label, r.state.label)
        for r in referrals(visits.results)
    ]
    pending = [
        (names.get(r.uscc, r.uscc), r.uscc, r.item_name, r.code.label, r.awaits)
        for r in open_cases(visits.results)
    ]
    return OpenLists(
        Table("建议列入经营异常名录（由登记机关决定）", ("企业", "代码", "事由", "期限"), proposals),
        Table("线索移送", ("企业", "代码", "事项", "去向", "状态"), transfers),
        Table("待后续处理", ("企业", "代码", "事项", "结果", "等待"), pending),
    )
