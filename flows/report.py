"""report-statistics: the annex table, the summary and the open lists; a pure function of the ledger."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from documents.campaign_report import write_report
from documents.statistics_table import write_statistics
from draw.certificate import parse_certificate
from draw.frozen import read_roster, rosters_of
from draw.public_form import public_form
from flows.alerts import look_after_failure
from flows.artifacts import table
from flows.certificates import certificate_name, keep_document
from flows.papers import write_papers
from flows.site import Books
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.stage_names import TITLES
from flows.visits import Visits, visits_of
from ledger.draws import round_in_force
from rules.disposals import abnormal_list_proposals, open_cases, referrals
from rules.statistics import COLUMNS, annex_table, cross_foot
from schemas.campaign import Campaign


def step(site: Books, campaign: Campaign) -> Outcome:
    """Computes the table, checks its cross-foot, and writes the papers."""
    visits = visits_of(site, campaign)
    annex = annex_table(campaign, list(visits.forms.values()), visits.results, _substitutes(site, campaign))
    findings = cross_foot(annex)
    rows = [{key: row[key] for key in COLUMNS} for row in annex.rows]
    folder = site.home.campaign_folder(campaign.task_id)
    workbook, _ = write_statistics(folder, campaign, rows)
    markdown = table(tuple(COLUMNS.values()), [tuple(row.values()) for row in rows])
    summary = folder / "总结.md"
    write_report(summary, campaign, [("统计表", markdown), *_lists(visits)])
    paths = {
        **_certificates(site, campaign, visits),
        "一企一表": write_papers(site, campaign),
        "统计表": workbook,
        "总结": summary,
    }
    facts: dict[str, object] = {
        "statistics": {"rows": rows, "cross_foot": findings},
        "paths": {title: str(path) for title, path in paths.items() if path.exists()},
        "findings": [f"统计表勾稽不符：{finding}" for finding in findings],
    }
    line = f"统计表 {len(rows)} 行，勾稽{'相符' if not findings else f'不符 {len(findings)} 处'}"
    return Outcome(True, line, facts, None, markdown)


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


def _substitutes(site: Books, campaign: Campaign) -> dict[str, list[str]]:
    """Inspectors drawn as substitutes, by department: they count as drawn (domain reference §6 point 15)."""
    with site.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, "inspectors")
    found: dict[str, list[str]] = {}
    if round_ is not None and round_.certificate is not None:
        document = parse_certificate(round_.certificate, "inspectors")
        for seat in [*document["substitutes"], *document["seat_replacements"]]:
            if seat["by"] is not None:
                found.setdefault(seat["department"], []).append(seat["by"])
        for team in document["teams"].values():
            for code, members in team.items():
                found.setdefault(code, []).extend(members)
    return found


def _lists(visits: Visits) -> list[tuple[str, str]]:
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
    sections = (
        ("建议列入经营异常名录（由登记机关决定）", ("企业", "代码", "事由", "期限"), proposals),
        ("线索移送", ("企业", "代码", "事项", "去向", "状态"), transfers),
        ("待后续处理", ("企业", "代码", "事项", "结果", "等待"), pending),
    )
    return [(title, table(head, rows) if rows else "无。") for title, head, rows in sections]


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
