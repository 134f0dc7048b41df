"""confirm-entities: the departments compare and confirm; accepted objections are replaced by reserves."""

from __future__ import annotations

from prefect import flow

from draw.certificate import parse_certificate, standing_objects
from draw.compute import correct_objects
from draw.frozen import ELIGIBLE
from draw.objects import Objection
from flows.alerts import look_after_failure
from flows.decisions.answers import answers_on, outcome_of
from flows.drawing.ceremony import time_text
from flows.drawing.certificates import publish_certificates
from flows.drawing.platform_draw import confirm_platform_objects
from flows.kill_points import reach
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.stage_names import TITLES
from ledger.confirmations import (
    Replacement,
    record_replacements,
)
from ledger.draws import RecordedRound, record_correction, round_in_force
from rules.confirmation import Decision
from schemas.campaign import Campaign
from schemas.codes import DrawMode

_DECIDED_BY = "县领导小组办公室"


def step(site: Site, campaign: Campaign) -> Outcome:
    """Takes the answers that have come in; silence never confirms."""
    if campaign.draw is DrawMode.VERIFY:
        return confirm_platform_objects(site, campaign)
    with site.ledger.read() as tx:
        round_ = round_in_force(tx, campaign.task_id, "objects")
    if round_ is None or round_.certificate is None:
        return Outcome(False, "尚未抽取", waiting_for="抽取对象")
    document = parse_certificate(round_.certificate, "objects")
    drawn = [object_id for object_id, _ in standing_objects(document)]
    if document["replacements"]:  # which only certificates show to the departments
        publish_certificates(site, campaign, "objects")
    decision = answers_on(site, campaign, drawn)
    if not decision.open and decision.to_replace:
        _replace(site, campaign, round_, decision)
        return step(site, campaign)
    if not decision.open:
        publish_certificates(site, campaign, "objects")
    return outcome_of(site, campaign, drawn, decision, len(document["replacements"]))


def _replace(site: Site, campaign: Campaign, round_: RecordedRound, decision: Decision) -> None:
    """One batch: every accepted objection, replaced by the next reserves in a correcting certificate."""
    now = site.now()
    batch = [
        Objection(object_id, reason, _DECIDED_BY, time_text(now)) for object_id, reason in decision.to_replace
    ]
    certificate = correct_objects(round_.certificate or b"", round_.files[ELIGIBLE], batch)
    added = [
        entry
        for entry in parse_certificate(certificate, "objects")["replacements"]
        if entry["object_id"] in {objection.object_id for objection in batch}
    ]
    with site.ledger.write() as tx:
        record_replacements(
            tx,
            campaign.task_id,
            max(entry["batch"] for entry in added),
            [
                Replacement(e["batch"], e["object_id"], e["by"], e["reason"], e["decided_by"], now)
                for e in added
            ],
            now,
        )
        record_correction(tx, round_, certificate, now)
    reach("D-batch")


STAGE = Stage("confirm", TITLES["confirm"], step, after="draw")


@flow(
    name="confirm-entities",
    description="收集各部门一个工作日内的比对和确认；异议成立的由候补依次递补，再由各部门确认。",
    flow_run_name=run_name("部门确认"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def confirm_entities(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is."""
    return await run_stage(STAGE, campaign)
