"""report-statistics: the annex table, the summary and the open lists; a pure function of the ledger."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from documents.paper.press import PressSettings
from documents.statistics_table import write_statistics, write_statistics_pdf
from draw.frozen import read_roster, rosters_of
from draw.public_form import public_form
from flows.alerts import look_after_failure
from flows.drawing.certificates import certificate_name, keep_document
from flows.paper.annex import Annex, campaign_annex, year_annex
from flows.paper.papers import LETTERS, SLIPS, press_settings, write_papers
from flows.paper.visits import Visits, visits_of
from flows.paper.work_summary import write_work_summary
from flows.site import Books
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.artifacts import table
from flows.telling.stage_names import TITLES
from ledger.draws import round_in_force
from rules.statistics import COLUMNS, cross_foot
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


def step(site: Books, campaign: Campaign) -> Outcome:
    """Computes the table, checks its cross-foot, and writes the papers."""
    visits = visits_of(site, campaign)
    annex = campaign_annex(site, campaign)
    findings = cross_foot(annex.table)
    folder, settings = site.home.campaign_folder(campaign.task_id), press_settings(site)
    tables, unprinted = write_tables(annex, folder, "统计表", settings)
    summary, undrawn = write_work_summary(site, campaign, visits, annex.rows, settings)
    papers = write_papers(site, campaign, [SLIPS, LETTERS])
    paths: dict[str, Path] = {
        **_certificates(site, campaign, visits),
        **papers.paths,
        **tables,
        **summary,
    }
    facts: dict[str, object] = {
        "statistics": {"rows": annex.rows, "cross_foot": findings},
        "paths": {title: str(path) for title, path in paths.items() if path.exists()},
        "findings": [
            *(f"统计表勾稽不符：{finding}" for finding in findings),
            *unprinted,
            *undrawn,
            *papers.problems,
        ],
    }
    line = f"统计表 {len(annex.rows)} 行，勾稽{'相符' if not findings else f'不符 {len(findings)} 处'}"
    return Outcome(True, line, facts, None, _markdown(annex))


def other_table(site: Books, campaign: Campaign | None, year: int | None, by: str | None) -> Outcome:
    """A variant of the table beside the annex itself: by township, or of a year (no campaign then).

    Written into the campaign's folder, a year's into the folder 年度.  Raises DrawbridgeError DB-REPORT-002.
    """
    name = "统计表" + (f"-{year}" if year else "") + ("-乡镇" if by else "")
    if campaign is not None:
        annex, folder = campaign_annex(site, campaign, by), site.home.campaign_folder(campaign.task_id)
    else:
        annex, folder = year_annex(site, year or 0, by), site.home.folder("年度")
    tables, unprinted = write_tables(annex, folder, name, press_settings(site))
    findings = cross_foot(annex.table)
    facts: dict[str, object] = {
        "statistics": {"rows": annex.rows, "cross_foot": findings, "notes": list(annex.notes)},
        "tasks": [one.campaign.task_id for one in annex.inspected],
        "paths": {title: str(path) for title, path in tables.items()},
        "findings": [*(f"统计表勾稽不符：{finding}" for finding in findings), *unprinted],
    }
    return Outcome(True, f"{name} {len(annex.rows)} 行", facts, None, _markdown(annex))


def write_tables(
    annex: Annex, folder: Path, name: str, settings: PressSettings
) -> tuple[dict[str, Path], list[str]]:
    """Writes NAME.xlsx, .md and .pdf; what could not be printed is told, the rest is there all the same."""
    rows, heading, apart = annex.rows, annex.heading, annex.by is None
    workbook, _ = write_statistics(folder, heading, rows, name=name, notes=annex.notes, apart=apart)
    paths = {"统计表": workbook}
    try:
        pdf = folder / f"{name}.pdf"
        paths["统计表（PDF）"] = write_statistics_pdf(
            pdf, heading, rows, notes=annex.notes, apart=apart, settings=settings
        )
    except DrawbridgeError as error:
        # An office without fonts, or with a template of its own that is broken, still gets its numbers.
        return paths, [f"统计表没有印成 PDF：{error}"]
    return paths, []


def _markdown(annex: Annex) -> str:
    return table(tuple(COLUMNS.values()), [tuple(row.values()) for row in annex.rows])


def _certificates(site: Books, campaign: Campaign, visits: Visits) -> dict[str, Path]:
    """The draw, its last correction, and the public form of the second draw once the visits are over."""
    with site.ledger.read() as tx:
        drawn = round_in_force(tx, campaign.task_id, "objects")
        matched = round_in_force(tx, campaign.task_id, "inspectors")
    folder = site.home.campaign_folder(campaign.task_id)
    found: dict[str, Path] = {}
    if drawn is not None and drawn.certificates:
        last = len(drawn.certificates) - 1
        found["抽取证书"] = folder / certificate_name("objects", drawn.round_no, 0)
        if last:
            found["更正证书"] = folder / certificate_name("objects", drawn.round_no, last)
    over = len(visits.complete) == len(visits.forms) or site.now().date() > campaign.ends_on
    if matched is not None and matched.certificate is not None and over:
        salts = {code: read_roster(content, code).salt for code, content in rosters_of(matched.files).items()}
        public = public_form(matched.certificate, salts)
        found["匹配证书公开版"] = keep_document(site, campaign, matched, "抽取证书-公开版", public)
    return found


STAGE = Stage("report", TITLES["report"], step, after="reconcile")


@flow(
    name="report-statistics",
    description="由台账生成附件统计表、总结和待办清单。",
    flow_run_name=run_name("统计表"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def report_statistics(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is."""
    return await run_stage(STAGE, campaign)
