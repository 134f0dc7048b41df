"""Check mode: the platform makes and hands out the forms; we check that they are what the draw fixed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from draw.certificate import parse_certificate, teams_of_visits
from draw.check import check_forms
from flows.drawing.platform_draw import standing_of_platform
from flows.paper.papers import GROUPS, write_papers
from flows.site import Site
from flows.stage import Outcome
from flows.telling.artifacts import table
from ledger.directory import items
from ledger.draws import round_in_force
from ledger.forms import record_forms
from schemas.campaign import Campaign
from schemas.codes import DrawMode
from schemas.errors import DrawbridgeError
from schemas.form import InspectionForm

Team = frozenset[str]


def check_platform_forms(site: Site, campaign: Campaign) -> Outcome:
    """One form per enterprise, the campaign's items, the people of the draw.

    Raises DrawbridgeError DB-RUN-010 with what does not fit.
    """
    forms = list(site.connections.platform.forms(campaign.task_id))
    expected = expected_teams(site, campaign)
    if len(forms) < len(expected):
        return Outcome(
            False, f"平台已生成 {len(forms)}/{len(expected)} 张表", waiting_for="平台生成其余的一企一表"
        )
    with site.ledger.read() as tx:
        catalogue = {item.item_code for item in items(tx, site.source)}
    wrong = faults(campaign, forms, expected, catalogue)
    if wrong:
        raise DrawbridgeError("DB-RUN-010", detail="；".join(wrong[:3]))
    with site.ledger.write() as tx:
        record_forms(tx, campaign.task_id, forms, site.now(), origin="platform")
    papers = write_papers(site, campaign, [GROUPS])
    facts: dict[str, object] = {
        "mode": "check",
        "due": len(expected),
        "accepted": len(forms),
        "rejected": 0,
        "unknown": 0,
        "paper_problems": papers.problems,
    }
    return Outcome(
        True,
        f"核对平台的一企一表 {len(forms)}/{len(expected)}，事项和人员相符",
        facts,
        report=table(("应有", "平台已派发", "不符"), [(len(expected), len(forms), 0)]),
    )


def faults(
    campaign: Campaign, forms: Sequence[InspectionForm], expected: dict[str, Team], catalogue: set[str]
) -> list[str]:
    """What is wrong with the platform's forms, in Chinese; inspectors by their ids alone."""
    check = check_forms([form.uscc for form in forms], set(expected))
    found = [f"应每户一张：{example}" for example in check.examples]
    departments = {department.code for department in campaign.departments}
    for form in forms:
        if form.uscc not in expected:
            continue
        people = {member.inspector_id for member in form.inspectors}
        if people != expected[form.uscc]:
            found.append(f"{form.uscc} 的检查人员与抽取结果不一致")
        foreign = [
            i.item_code for i in form.items if i.item_code not in catalogue or i.dept_code not in departments
        ]
        if foreign:
            found.append(f"{form.uscc} 有清单以外的事项 {'、'.join(foreign)}")
        short = [code for code, count in Counter(m.dept_code for m in form.inspectors).items() if count < 2]
        if short:
            found.append(f"{form.uscc} 的 {'、'.join(short)} 不足两人")
    return found


def expected_teams(site: Site, campaign: Campaign) -> dict[str, Team]:
    """Who goes where by the draw in force, ours or the platform's: USCC -> inspector ids."""
    if campaign.draw is DrawMode.PERFORM:
        return _own_teams(site, campaign)
    drawn = site.connections.platform.draw(campaign.task_id)
    if drawn is None:
        return {}
    teams = {team.group: frozenset(person for person, _ in team.inspectors) for team in drawn.teams}
    standing = {uscc for _, uscc in standing_of_platform(drawn)}
    return {uscc: teams[group] for uscc, group in drawn.assignment if uscc in standing}


def _own_teams(site: Site, campaign: Campaign) -> dict[str, Team]:
    with site.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, "inspectors")
    if round_ is None or round_.certificate is None:
        return {}
    document = parse_certificate(round_.certificate, "inspectors")
    return {
        uscc: frozenset(person for ids in team.values() for person in ids)
        for uscc, team in teams_of_visits(document).items()
    }
