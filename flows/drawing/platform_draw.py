"""Verify mode: the platform draws, matches and confirms; we check, and stop if it does not hold.

What was judged is kept as it was received together with the judgement.  With certificates
published the draw is computed again; without, the hard checks of draw-spec.md §7.1 remain.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from connectors.protocols import PlatformDraw
from documents.whole_file import write_whole
from draw.canonical import digest, parse_document
from draw.certificate import parse_certificate, standing_objects
from draw.check import Certified, HardCheck, Visit, check_drawn_objects, check_visits
from draw.frozen import EligibleObject, freeze_objects
from flows.decisions.answers import answers_on, outcome_of
from flows.drawing.eligible import eligible_now
from flows.drawing.platform_audit import audit_platform_draw
from flows.site import Site
from flows.stage import Outcome
from flows.telling.artifacts import table
from ledger.directory import inspectors
from ledger.platform_draws import eligible_kept, keep_eligible, record_platform_draw
from rules.eligibility import overall_ratio, strata_for
from rules.inspectors import eligible_inspectors, forbidden_pairs
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError
from verifier.recompute import Evidence, Row, verify_certificate


class Check(NamedTuple):
    """One line of the judgement, whichever room it comes from."""

    name: str
    state: str
    detail: str


_STATES = {"ok": "相符", "failed": "不符", "not checked": "未核", "noted": "请平台说明"}


def verify_objects(site: Site, campaign: Campaign) -> Outcome:
    """Judges the drawn objects. Raises DrawbridgeError DB-RUN-009 if the draw does not hold."""
    drawn = site.connections.platform.draw(campaign.task_id)
    if drawn is None or not drawn.objects:
        return Outcome(False, "平台尚未抽取", waiting_for="平台抽取对象")
    eligible = _eligible(site, campaign)
    checks = object_checks(campaign, drawn, eligible)
    certificate = _certificate(drawn, "objects")
    audited = None if certificate is not None else audit_platform_draw(site, campaign, drawn, eligible)
    if audited is not None:
        state = "ok" if audited.compatible else "not checked" if audited.compatible is None else "noted"
        checks.append(Check("统计检验：与随机抽取是否相符", state, audited.sentence))
    report = _judged(site, campaign, drawn, checks, "核验结论-对象.md")
    with site.ledger.write() as tx:
        keep_eligible(tx, campaign.task_id, _frozen(campaign, eligible), site.now())
    facts: dict[str, object] = {
        "mode": "verify",
        "eligible": len(eligible),
        "drawn": len(drawn.objects) - len(drawn.replaces),
        "certificate": str(report),
        "digest": digest(certificate) if certificate is not None else digest(body_of(drawn)),
        "certified": certificate is not None,
        "checks": {check.name: check.state for check in checks},
        "findings": [f"{check.name}：{check.detail}" for check in checks if check.state == "noted"],
    }
    how = "按证书重算相符" if certificate is not None else "硬性核查通过（平台未公开证书，无法重算）"
    line = f"核验平台抽取：{len(eligible)} 中抽 {facts['drawn']}，{how}"
    return Outcome(True, line, facts, report=_table(checks))


def confirm_platform_objects(site: Site, campaign: Campaign) -> Outcome:
    """Follows the departments' answers; objections are replaced by the platform, and judged again."""
    drawn = site.connections.platform.draw(campaign.task_id)
    if drawn is None:
        return Outcome(False, "平台尚未抽取", waiting_for="平台抽取对象")
    checks = object_checks(campaign, drawn, _eligible(site, campaign))
    _judged(site, campaign, drawn, checks, "核验结论-递补.md")
    standing = standing_of_platform(drawn)
    decision = answers_on(site, campaign, [object_id for object_id, _ in standing])
    outcome = outcome_of(site, campaign, [o for o, _ in standing], decision, len(drawn.replaces))
    if decision.to_replace and outcome.waiting_for is None:
        return Outcome(False, outcome.line, outcome.facts, "平台递补异议成立的对象", outcome.report)
    return outcome


def verify_inspectors(site: Site, campaign: Campaign) -> Outcome:
    """Judges teams and matching. Raises DrawbridgeError DB-RUN-009 if they do not hold."""
    drawn = site.connections.platform.draw(campaign.task_id)
    if drawn is None or not drawn.assignment:
        return Outcome(False, "平台尚未匹配人员", waiting_for="平台抽取和匹配人员")
    checks = object_checks(campaign, drawn, _eligible(site, campaign)) + visit_checks(site, campaign, drawn)
    report = _judged(site, campaign, drawn, checks, "核验结论-人员.md")
    certificate = _certificate(drawn, "inspectors")
    people = {person for team in drawn.teams for person, _ in team.inspectors}
    facts: dict[str, object] = {
        "mode": "verify",
        "groups": len(drawn.teams),
        "inspectors": len(people),
        "enterprises": len(drawn.assignment),
        "certificate": str(report),
        "digest": digest(certificate) if certificate is not None else digest(body_of(drawn)),
    }
    line = f"核验平台匹配：{len(drawn.teams)} 组 {len(people)} 人 {len(drawn.assignment)} 户，相符"
    return Outcome(True, line, facts, report=_table(checks))


def object_checks(campaign: Campaign, drawn: PlatformDraw, eligible: Sequence[EligibleObject]) -> list[Check]:
    """Hard checks of the objects and, where published, the computation of the certificate."""
    strata = strata_for(campaign)
    ratio = overall_ratio(campaign, len(eligible))
    pairs = [(object_id, uscc) for object_id, uscc, _ in drawn.objects]
    checks = [_hard(check) for check in check_drawn_objects(pairs, eligible, strata, ratio)]
    certificate = _certificate(drawn, "objects")
    if certificate is None:
        return checks
    source = _frozen(campaign, eligible)
    corrected = _certificates(drawn, "objects")[-2:-1]
    rows = verify_certificate(certificate, Evidence(eligible=source, before=corrected))
    return checks + [_computed(row) for row in rows] + [_same_as_certificate(certificate, drawn)]


def visit_checks(site: Site, campaign: Campaign, drawn: PlatformDraw) -> list[Check]:
    """Hard checks of teams and matching and, where published, the certificate alone.

    The frozen rosters stay with the platform: what follows from them is not checked, and says so.
    """
    with site.ledger.read() as tx:
        everybody = inspectors(tx, site.source)
    today = site.now().date()
    usccs = sorted({uscc for _, uscc in standing_of_platform(drawn)})
    rosters = {
        department.code: [
            Certified(person.inspector_id, person.cert_valid_from, person.cert_valid_to)
            for person in eligible_inspectors(everybody, department, campaign, today).eligible
            if person.cert_valid_from is not None and person.cert_valid_to is not None
        ]
        for department in campaign.departments
    }
    teams = {team.group: team for team in drawn.teams}
    visits = []
    for uscc, group in drawn.assignment:
        members: dict[str, list[str]] = {}
        for person, code in teams[group].inspectors if group in teams else ():
            members.setdefault(code, []).append(person)
        visits.append(Visit(uscc, str(group), members))
    departments = [(department.code, department.team) for department in campaign.departments]
    checks = check_visits(
        visits,
        usccs,
        departments,
        rosters,
        [(pair.uscc, pair.inspector_id) for pair in forbidden_pairs(everybody, usccs)],
        today,
        _most_per_group(campaign, len(usccs)),
    )
    found = [_hard(check) for check in checks]
    certificate = _certificate(drawn, "inspectors")
    if certificate is not None:
        stage_before = _certificates(drawn, "objects")[-1:]
        found += [_computed(row) for row in verify_certificate(certificate, Evidence(before=stage_before))]
    return found


def standing_of_platform(drawn: PlatformDraw) -> list[tuple[str, str]]:
    """`(object_id, uscc)` of the objects to inspect: those drawn, less the replaced ones."""
    gone = {replaced for replaced, _ in drawn.replaces}
    return [(object_id, uscc) for object_id, uscc, _ in drawn.objects if object_id not in gone]


def body_of(drawn: PlatformDraw) -> bytes:
    """The platform's draw as canonical JSON, for the record."""
    content = asdict(drawn)
    content["drawn_at"] = drawn.drawn_at.isoformat() if drawn.drawn_at else None
    content["certificates"] = [certificate.decode("utf-8", "replace") for certificate in drawn.certificates]
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _eligible(site: Site, campaign: Campaign) -> Sequence[EligibleObject]:
    """Who could be drawn: as the directory had it when the draw was found to hold, until then as it is now.

    An enterprise that closed afterwards could be drawn all the same.
    """
    with site.ledger.read() as tx:
        kept = eligible_kept(tx, campaign.task_id)
    if kept is None:
        return [EligibleObject(*row) for row in eligible_now(site, campaign).eligible]
    return [EligibleObject(*line.split("\t")) for line in kept.decode().split("\n")[:-1]]


def _frozen(campaign: Campaign, eligible: Sequence[EligibleObject]) -> bytes:
    """The list as the file that a certificate commits to."""
    (source,) = freeze_objects(eligible, [name for name, _ in strata_for(campaign)]).files.values()
    return source


def _most_per_group(campaign: Campaign, enterprises: int) -> int:
    if campaign.per_group is not None:
        return campaign.per_group
    return -(-enterprises // campaign.group_count(enterprises))


def _certificates(drawn: PlatformDraw, stage: str) -> list[bytes]:
    """The certificates of a stage that the platform published; an unreadable one counts as objects'."""
    return [certificate for certificate in drawn.certificates if _stage_of(certificate) == stage]


def _certificate(drawn: PlatformDraw, stage: str) -> bytes | None:
    """The certificate in force: the last of the stage's corrections."""
    return next(reversed(_certificates(drawn, stage)), None)


def _stage_of(certificate: bytes) -> str:
    try:
        return str(parse_document(certificate, "certificate")["commitment"]["stage"])
    except (DrawbridgeError, KeyError, TypeError):
        return "objects"


def _hard(check: HardCheck) -> Check:
    detail = check.missing or "、".join(check.examples)
    return Check(check.name, check.state, detail)


def _computed(row: Row) -> Check:
    return Check(f"证书：{row.name}", row.state, "" if row.state == "ok" else row.text)


def _same_as_certificate(certificate: bytes, drawn: PlatformDraw) -> Check:
    """The list that the platform shows must be the one that its certificate fixes."""
    name = "证书：与平台公布的名单一致"
    try:
        fixed = {object_id for object_id, _ in standing_objects(parse_certificate(certificate, "objects"))}
    except DrawbridgeError as error:
        return Check(name, "failed", error.code)
    shown = {object_id for object_id, _ in standing_of_platform(drawn)}
    different = sorted(fixed ^ shown)
    return Check(name, "failed" if different else "ok", "、".join(different[:5]))


def _judged(site: Site, campaign: Campaign, drawn: PlatformDraw, checks: Sequence[Check], name: str) -> Path:
    """Keeps draw and judgement; raises DrawbridgeError DB-RUN-009 if something failed."""
    failed = [check.name for check in checks if check.state == "failed"]
    text = f"# {campaign.name}\n\n{_table(checks)}\n"
    with site.ledger.write() as tx:
        record_platform_draw(
            tx, campaign.task_id, body_of(drawn), passed=not failed, report=text, now=site.now()
        )
    path = site.home.campaign_folder(campaign.task_id) / name
    write_whole(path, text.encode("utf-8"))
    if failed:
        raise DrawbridgeError("DB-RUN-009", failed="、".join(failed), report=path)
    return path


def _table(checks: Sequence[Check]) -> str:
    return table(
        ("核查", "结论", "说明"),
        [(check.name, _STATES[check.state], check.detail) for check in checks],
    )
