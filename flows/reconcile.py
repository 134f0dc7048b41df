"""reconcile-publication: compares what we hold published with what the exchange and the public page show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from prefect import flow

from delivery.reconcile import Finding, Held, compare, record_reconciliation
from flows.alerts import look_after_failure
from flows.artifacts import table
from flows.delivering import items_of
from flows.publishing import Standing, standing_of
from flows.reporting import reporter
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.stage_names import TITLES
from schemas.campaign import Campaign
from schemas.codes import PublicationMode
from schemas.publication import PublicationDetail, PublicationRecord, PublicRow

FINDINGS = {
    "missing": "应公示而未见",
    "doubled": "公示了不止一次",
    "differs": "公示内容与结果不一致",
    "unexpected": "不应公示而已公示",
}
_SHOULD_BE_SEEN = frozenset({"published", "awaited"})


def step(site: Site, campaign: Campaign) -> Outcome:
    """Looks at every enterprise; a finding is shown and recorded, never corrected by itself."""
    standing = standing_of(site, campaign)
    findings = exchange_findings(site, campaign)
    for number, one in enumerate(standing, 1):
        findings.extend(public_findings(site, campaign, one))
        reporter().progress(number, len(standing))
    counts = _counts(standing, findings)
    with site.ledger.write() as tx:
        record_reconciliation(tx, campaign.task_id, counts, findings, site.now())
    open_ = [one for one in standing if not one.settled]
    waited_for = {finding.key for finding in findings if finding.kind == "missing"}
    waiting = None
    if waited_for:
        waiting = f"公示系统展示 {len(waited_for)} 户的记录"
    elif open_:
        waiting = f"公示 {len(open_)} 户"
    serious = [finding for finding in findings if finding.kind != "missing"]
    facts: dict[str, object] = {
        "mode": campaign.publication.value,
        **counts,
        "withheld_reasons": _reasons(standing, "withheld") | _reasons(standing, "withdrawn"),
        "rejected_reasons": _reasons(standing, "rejected"),
        "findings": [f"{finding.key} {FINDINGS[finding.kind]}" for finding in serious],
    }
    line = (
        f"应公示 {counts['due']} = 已公示 {counts['published']} + 不予公示 {counts['withheld']}"
        f" + 被退回 {counts['rejected']}；缺失 {counts['missing']} 重复 {counts['doubled']}"
    )
    return Outcome(waiting is None, line, facts, waiting, _report(standing, findings))


def exchange_findings(site: Site, campaign: Campaign) -> list[Finding]:
    """What we hold accepted against what the exchange holds, in the same version."""
    if campaign.publication is not PublicationMode.PUSH:
        return []
    ours = items_of(site, campaign, "record")
    held: dict[str, Held] = {}
    for key in sorted({item.key for item in ours if item.state == "accepted"}):
        found = site.connections.publicity.held(key)
        if found is not None and found[2] != "withdrawn":
            held[key] = Held(version=found[0])
    return compare(ours, held)


def public_findings(site: Site, campaign: Campaign, one: Standing) -> list[Finding]:
    """What the public sees of one enterprise against what it should see."""
    if one.record is None or one.record.prip_id is None:
        return []
    rows = site.connections.publicity.public_rows(one.record.prip_id)
    return list(_seen_by_public(one, one.record, [row for row in rows if row.task_id == campaign.task_id]))


def _seen_by_public(one: Standing, record: PublicationRecord, rows: Sequence[PublicRow]) -> Iterable[Finding]:
    key = record.record_id
    if one.state not in _SHOULD_BE_SEEN:
        if rows:
            yield Finding("unexpected", key, {"rows": len(rows), "state": one.state})
        return
    if not rows:
        yield Finding("missing", key, {})
    elif len(rows) > 1:
        yield Finding("doubled", key, {"rows": len(rows)})
    else:
        different = differences(record, rows[0])
        if different:
            yield Finding("differs", key, {"members": different})


def differences(record: PublicationRecord, row: PublicRow) -> list[str]:
    """Names of the members in which the public row says something else than the record."""
    members = ("plan_id", "plan_name", "task_id", "task_name", "task_type", "authority", "completed_on")
    different = [name for name in members if getattr(record, name) != getattr(row, name)]

    if _results(record.details) != _results(row.details):
        different.append("details")
    return different


def _results(details: Iterable[PublicationDetail]) -> Counter[tuple[str, str]]:
    return Counter((line.item_name, line.result_name) for line in details)


def _counts(standing: Sequence[Standing], findings: Sequence[Finding]) -> dict[str, int]:
    """due = published + withheld + rejected + open; missing and doubled as the outside shows them."""
    states = Counter(one.state for one in standing)
    kinds = Counter(finding.kind for finding in findings)
    missing = {finding.key for finding in findings if finding.kind == "missing"}
    awaited_and_seen = sum(
        1
        for one in standing
        if one.state == "awaited" and one.record is not None and one.record.record_id not in missing
    )
    return {
        "due": len(standing),
        "published": states["published"] + awaited_and_seen,
        "withheld": states["withheld"] + states["withdrawn"],
        "rejected": states["rejected"],
        "open": sum(1 for one in standing if not one.settled),
        "missing": len(missing),
        "doubled": kinds["doubled"],
        "differs": kinds["differs"],
        "unexpected": kinds["unexpected"],
    }


def _reasons(standing: Sequence[Standing], state: str) -> dict[str, int]:
    unsaid = "已撤回" if state == "withdrawn" else "未注明"
    return dict(Counter(one.reason or unsaid for one in standing if one.state == state))


def _report(standing: Sequence[Standing], findings: Sequence[Finding]) -> str:
    names = {one.record.record_id: one.ent_name for one in standing if one.record is not None}
    if not findings:
        return "逐户比对公示页面和交换记录，未见差异。"
    return table(
        ("企业", "记录", "情况"),
        [
            (names.get(finding.key, ""), finding.key, FINDINGS.get(finding.kind, finding.kind))
            for finding in findings
        ],
    )


STAGE = Stage("reconcile", TITLES["reconcile"], step, after="publish")


@flow(
    name="reconcile-publication",
    description="逐户比对我方记录、交换平台和公示页面：不缺、不重、内容一致。发现问题只提示，不自动更正。",
    flow_run_name=run_name("公示核对"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def reconcile_publication(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is."""
    return await run_stage(STAGE, campaign)
