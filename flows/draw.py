"""draw-entities: freezes the eligible set and draws in public, or verifies the platform's draw."""

from __future__ import annotations

from collections.abc import Mapping

from prefect import flow

from documents.exclusions import write_exclusions
from draw.canonical import digest
from draw.certificate import parse_certificate
from draw.commitment import build_objects_commitment
from draw.compute import compute_objects
from draw.frozen import ELIGIBLE, freeze_objects
from flows.alerts import look_after_failure
from flows.drawing.ceremony import Frozen, Terms, hold
from flows.drawing.certificates import facts_of, published_certificate, recorded_round, same_seed, show_drawn
from flows.drawing.eligible import eligible_now
from flows.drawing.platform_draw import verify_objects
from flows.site import Site
from flows.stage import Outcome, Stage, run_name, run_stage
from flows.telling.artifacts import table
from flows.telling.stage_names import TITLES
from rules.eligibility import overall_ratio, strata_for
from schemas.campaign import Campaign
from schemas.codes import DrawMode


def step(site: Site, campaign: Campaign) -> Outcome:
    """Draws once: what the ledger recorded is returned ever after."""
    if campaign.draw is DrawMode.VERIFY:
        return verify_objects(site, campaign)
    held = hold(site, campaign, "objects", lambda terms: _freeze(site, campaign, terms), _compute)
    if held.certificate is None:
        return Outcome(False, "等待各方", waiting_for=held.waiting_for)
    return _drawn(site, campaign)


def _freeze(site: Site, campaign: Campaign, terms: Terms) -> Frozen:
    eligibility = eligible_now(site, campaign)
    strata = strata_for(campaign)
    frozen = freeze_objects(eligibility.eligible, [name for name, _ in strata])
    write_exclusions(site.home.campaign_folder(campaign.task_id) / "排除报告.csv", eligibility.excluded)
    commitment = build_objects_commitment(
        frozen,
        campaign=campaign.task_id,
        ratio=overall_ratio(campaign, len(eligibility.eligible)),
        strata=strata,
        frozen_at=terms.frozen_at,
        reveal_by=terms.reveal_by,
        contributors=terms.contributors,
        round_=terms.round_,
    )
    return Frozen(frozen.files, commitment)


def _compute(commitment: bytes, values: Mapping[str, str], files: Mapping[str, bytes]) -> bytes:
    return compute_objects(commitment, values, files[ELIGIBLE])


def _drawn(site: Site, campaign: Campaign) -> Outcome:
    """What was drawn: the first certificate, whatever corrections followed.

    It goes to the departments as a list; who comes next in reserve is nobody's to know yet.
    """
    round_ = recorded_round(site, campaign, "objects")
    show_drawn(site, campaign, round_)
    certificate = next(c for c in round_.certificates if same_seed(c, round_.certificates[-1]))
    path = published_certificate(site, campaign, round_)
    document = parse_certificate(certificate, "objects")
    eligible = document["commitment"]["eligible"]["count"]
    strata = " ".join(f"{s['name']} {s['drawn']}/{s['size']}" for s in document["strata"])
    drawn = len(document["winners"])
    facts = {
        "eligible": eligible,
        "drawn": drawn,
        "strata": {s["name"]: {"size": s["size"], "drawn": s["drawn"]} for s in document["strata"]},
        "certificate": None if path is None else str(path),
        **facts_of(certificate, document),
    }
    report = table(
        ("层", "对象", "至少", "抽中"),
        [(s["name"], s["size"], s["minimum"], s["drawn"]) for s in document["strata"]],
    )
    line = f"{eligible} 中抽 {drawn}（{strata}） 证书 {digest(certificate)[:8]}…"
    return Outcome(True, line, facts, report=report + f"\n\n证书摘要 `{digest(certificate)}`")


STAGE = Stage("draw", TITLES["draw"], step, after="sync")


@flow(
    name="draw-entities",
    description="冻结名单后由各部门揭示封存的随机数，连同公共随机数一起决定抽取结果；或核验平台的抽取。只抽一次。",
    flow_run_name=run_name("抽取对象"),
    on_failure=[look_after_failure],
    on_crashed=[look_after_failure],
)
async def draw_entities(campaign: str | None = None) -> dict[str, object]:
    """The stage as a flow; without `campaign`, for every campaign whose turn it is."""
    return await run_stage(STAGE, campaign)
