"""reconcile-publication: compares what we hold published with what the exchange and the public page show."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from prefect import flow

from delivery.reconcile import NOTHING, Finding, record_reconciliation, standing_versions
from flows.alerts import look_after_failure
from flows.exchange.comparing import Seen, directory_of, exchange_findings, public_view
from flows.exchange.delivering import items_of
from flows.exchange.findings import FINDINGS
from flows.exchange.ledger_mark import observe
from flows.exchange.publishing import RECORD, Standing, standing_of
from flows.exchange.restored import note_compared
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.artifacts import table
from flows.telling.reporting import reporter
from flows.telling.shown_names import shown_name
from flows.telling.stage_names import TITLES
from schemas.campaign import Campaign
from schemas.codes import PublicationMode

_PUSH = PublicationMode.PUSH


def step(site: Site, campaign: Campaign) -> Outcome:
    """Looks at every enterprise; a finding is shown and recorded, never corrected by itself."""
    doubts = observe(site.home, site.ledger) if campaign.publication is _PUSH else ()
    standing = standing_of(site, campaign)
    findings, seen = _compared(site, campaign, standing)
    counts = _counts(standing, findings, seen)
    compared = {one.record.record_id for one in standing if one.record is not None}
    with site.ledger.write() as tx:
        record_reconciliation(tx, campaign.task_id, counts, findings, site.now())
        if doubts and not counts["unexpected"]:
            note_compared(tx, campaign, doubts, compared, site)
    open_ = [one for one in standing if not one.settled]
    waited_for = {finding.key for finding in findings if finding.kind == "missing"}
    waiting = None
    if waited_for:
        waiting = f"公示系统展示 {len(waited_for)} 户的记录"
    elif open_:
        waiting = f"公示 {len(open_)} 户"
    facts: dict[str, object] = {
        "mode": campaign.publication.value,
        **counts,
        "withheld_reasons": _reasons(standing, "withheld") | _reasons(standing, "withdrawn"),
        "rejected_reasons": _reasons(standing, "rejected"),
        "findings": [f"{one.key} {FINDINGS[one.kind].title}" for one in findings if one.kind != "missing"],
        "proposals": [_proposal(one) for one in findings],
    }
    line = (
        f"应公示 {counts['due']} = 已公示 {counts['published']} + 不予公示 {counts['withheld']}"
        f" + 被退回 {counts['rejected']}；缺失 {counts['missing']} 重复 {counts['doubled']}"
    )
    others = {
        FINDINGS[kind].title: counts[kind]
        for kind in FINDINGS
        if kind not in ("missing", "doubled") and counts[kind]
    }
    if others:
        line += "；" + " ".join(f"{title} {count}" for title, count in others.items())
    return Outcome(waiting is None, line, facts, waiting, _report(standing, findings))


def _compared(
    site: Site, campaign: Campaign, standing: Sequence[Standing]
) -> tuple[list[Finding], dict[str, Seen]]:
    """All findings, and what the public sees by the enterprise's code; the same finding is given once."""
    items = items_of(site, campaign, RECORD)
    versions, directory = standing_versions(items), directory_of(site)
    keys = {one.record.record_id for one in standing if one.record is not None}
    found = exchange_findings(site, campaign, items, keys) if campaign.publication is _PUSH else []
    seen: dict[str, Seen] = {}
    for number, one in enumerate(standing, 1):
        known = NOTHING if one.record is None else versions.get(one.record.record_id, NOTHING)
        seen[one.uscc] = public_view(site, campaign, one, known, directory)
        found.extend(seen[one.uscc].findings)
        reporter().progress(number, len(standing))
    return _each_once(found), seen


def _each_once(found: Sequence[Finding]) -> list[Finding]:
    """What the exchange and the public page show alike is one finding, with the facts of both."""
    facts: dict[tuple[str, str], dict[str, Any]] = {}
    for one in found:
        facts.setdefault((one.kind, one.key), {}).update(one.facts)
    return [Finding(kind, key, facts[kind, key]) for kind, key in sorted(facts)]


def _counts(
    standing: Sequence[Standing], findings: Sequence[Finding], seen: Mapping[str, Seen]
) -> dict[str, int]:
    """due = published + withheld + rejected + open; each kind of finding by how many records it concerns.

    `in_time`: records that the public sees, and that appeared within their legal time.
    """
    states = Counter(one.state for one in standing)
    keys = {kind: {finding.key for finding in findings if finding.kind == kind} for kind in FINDINGS}
    awaited_and_seen = sum(
        1
        for one in standing
        if one.state == "awaited" and one.record is not None and one.record.record_id not in keys["missing"]
    )
    in_time = sum(
        1
        for one in standing
        if one.record is not None
        and seen[one.uscc].published_on is not None
        and one.record.record_id not in keys["late"]
    )
    return {
        "due": len(standing),
        "published": states["published"] + awaited_and_seen,
        "withheld": states["withheld"] + states["withdrawn"],
        "rejected": states["rejected"],
        "open": sum(1 for one in standing if not one.settled),
        "in_time": in_time,
        **{kind: len(found) for kind, found in keys.items()},
    }


def _reasons(standing: Sequence[Standing], state: str) -> dict[str, int]:
    unsaid = "已撤回" if state == "withdrawn" else "未注明"
    return dict(Counter(one.reason or unsaid for one in standing if one.state == state))


def _proposal(finding: Finding) -> dict[str, Any]:
    wording = FINDINGS[finding.kind]
    return {
        "kind": finding.kind,
        "record": finding.key,
        "title": wording.title,
        "act": wording.act,
        "facts": dict(finding.facts),
    }


def _report(standing: Sequence[Standing], findings: Sequence[Finding]) -> str:
    """A row per finding, then what is proposed for each kind of them."""
    names = {
        one.record.record_id: shown_name(one.uscc, one.ent_name) for one in standing if one.record is not None
    }
    if not findings:
        return "逐户比对公示页面和交换记录，未见差异。"
    # A changed name of a sole trader is a person's before and after: the finding says that it changed.
    nameless = {key for key, name in names.items() if name in key}
    rows = [
        (
            names.get(one.key, ""),
            one.key,
            FINDINGS[one.kind].title,
            "" if one.kind == "name-changed" and one.key in nameless else _shown(one.facts),
        )
        for one in findings
    ]
    kinds = [kind for kind in FINDINGS if any(one.kind == kind for one in findings)]
    acts = "\n".join(f"- **{FINDINGS[kind].title}**：{FINDINGS[kind].act}" for kind in kinds)
    return f"{table(('企业', '记录', '情况', '依据'), rows)}\n\n{acts}"


def _shown(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), ensure_ascii=False, sort_keys=True) if facts else ""


STAGE = Stage("reconcile", TITLES["reconcile"], step, after="push")


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
