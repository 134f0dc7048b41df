"""assign-inspectors: the second draw: inspectors, teams, matching; then one form per enterprise."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence

from prefect import flow

from documents.group_sheet import write_group_sheet
from draw.canonical import digest
from draw.certificate import objects_of_next_stage, parse_certificate
from draw.commitment import build_inspectors_commitment
from draw.compute import compute_inspectors
from draw.frozen import Department, freeze_inspectors
from flows.alerts import look_after_failure
from flows.drawing.ceremony import Frozen, Terms, hold
from flows.drawing.certificates import certificate_in_force, facts_of, files_of_round, publish_certificates
from flows.drawing.platform_draw import verify_inspectors
from flows.paper.forms import LeftOut, as_versions, make_forms
from flows.paper.papers import GROUPS, write_papers
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.artifacts import table
from flows.telling.stage_names import TITLES
from ledger.directory import inspectors
from ledger.forms import forms as recorded_forms
from ledger.forms import record_forms
from rules.inspectors import eligible_inspectors, forbidden_pairs
from schemas.campaign import Campaign
from schemas.codes import DrawMode
from schemas.errors import DrawbridgeError

_MOST_ROWS = 200


def step(site: Site, campaign: Campaign) -> Outcome:
    """Draws and matches once; the recorded assignment is returned ever after."""
    if campaign.draw is DrawMode.VERIFY:
        return verify_inspectors(site, campaign)
    held = hold(site, campaign, "inspectors", lambda terms: _freeze(site, campaign, terms), _compute)
    if held.certificate is None:
        return Outcome(False, "等待各方", waiting_for=held.waiting_for)
    document = parse_certificate(held.certificate, "inspectors")
    publish_certificates(site, campaign, "inspectors")
    forms, left_out = make_forms(site, campaign, document)
    with site.ledger.write() as tx:
        forms = as_versions(forms, recorded_forms(tx, campaign.task_id))
        record_forms(tx, campaign.task_id, forms, site.now())
    papers = write_papers(site, campaign, [GROUPS])
    sheet = site.home.campaign_folder(campaign.task_id) / "分组名册.xlsx"
    write_group_sheet(sheet, campaign, forms)
    people = {person for team in document["teams"].values() for ids in team.values() for person in ids}
    substitutes = len(document["substitutes"])
    facts = {
        "groups": len(document["teams"]),
        "inspectors": len(people),
        "enterprises": len(document["assignment"]),
        "relax": document["relax"],
        "substitutes": substitutes,
        "forms": len(forms),
        "items_left_out": len(left_out),
        "group_sheet": str(sheet),
        "paper_problems": papers.problems,
        **facts_of(held.certificate, document),
    }
    line = (
        f"{len(document['teams'])} 组 {len(people)} 人 {len(document['assignment'])} 户"
        f" 回避 {len(document['barred'])} 处 证书 {digest(held.certificate)[:8]}…"
        f"{' 文书没有打印' if papers.problems else ''}"
    )
    visits = Counter(str(group) for _, group in document["assignment"])
    report = table(
        ("组", "人员", "户"),
        [(group, sum(map(len, team.values())), visits[group]) for group, team in document["teams"].items()],
    )
    if left_out:
        report += "\n\n不在本户检查的事项\n\n" + _left_out(left_out)
    return Outcome(True, line, facts, report=report)


def _left_out(rows: Sequence[LeftOut]) -> str:
    """Each of them, as long as a page can be read; of more, how many there are of each item and reason."""
    if len(rows) <= _MOST_ROWS:
        return table(("企业", "事项", "原因"), rows)
    counted = Counter((row.item_name, row.reason) for row in rows)
    return table(("事项", "原因", "户"), [(*of, count) for of, count in counted.most_common()])


def _freeze(site: Site, campaign: Campaign, terms: Terms) -> Frozen:
    """Enterprises from the certificate in force, rosters and recusals from the directory."""
    before = certificate_in_force(site, campaign, "objects")
    enterprises = objects_of_next_stage(parse_certificate(before, "objects"))
    with site.ledger.read() as tx:
        everybody = inspectors(tx, site.source)
    today = site.now().date()
    rosters: dict[str, list[str]] = {}
    for department in campaign.departments:
        chosen = eligible_inspectors(everybody, department, campaign, today)
        if not chosen.eligible:
            raise DrawbridgeError("DB-RUN-013", department=department.name)
        rosters[department.code] = [person.inspector_id for person in chosen.eligible]
    in_rosters = {person for ids in rosters.values() for person in ids}
    frozen = freeze_inspectors(
        enterprises,
        [Department(department.code, department.team) for department in campaign.departments],
        campaign.group_count(len(enterprises)),
        rosters,
        forbidden_pairs([p for p in everybody if p.inspector_id in in_rosters], enterprises),
        roster_salts={code: secrets.token_hex(32) for code in rosters},
        forbidden_salt=secrets.token_hex(32),
    )
    commitment = build_inspectors_commitment(
        frozen,
        campaign=campaign.task_id,
        objects_certificate=digest(before),
        frozen_at=terms.frozen_at,
        reveal_by=terms.reveal_by,
        contributors=terms.contributors,
        round_=terms.round_,
    )
    return Frozen(frozen.files, commitment)


def _compute(commitment: bytes, values: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    return compute_inspectors(commitment, values, files_of_round(files))


STAGE = Stage("assign", TITLES["assign"], step, after="confirm")


@flow(
    name="assign-inspectors",
    description="从各部门执法检查人员名录中随机抽取人员、编组，并与抽查对象随机匹配，形成一企一表。",
    flow_run_name=run_name("匹配人员"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def assign_inspectors(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is."""
    return await run_stage(STAGE, campaign)
