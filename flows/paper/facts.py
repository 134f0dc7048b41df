"""What the papers of a campaign say, read from the ledger: forms, owners, results, both draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from documents.paper.draw_record import HeldDraw, Step
from documents.paper.forms import Owner, in_visiting_order, in_words
from documents.paper.slips import Draw, read_draw
from draw.canonical import digest
from draw.certificate import parse_certificate
from draw.commitment import Document, parse_commitment
from draw.frozen import ELIGIBLE
from flows.drawing.certificates import STAGE_NAMES, published_certificate
from flows.site import SHANGHAI, Books
from ledger.audit import events
from ledger.directory import inspectors, items, materials_of, objects
from ledger.draws import RecordedRound, round_in_force
from ledger.forms import forms as recorded_forms
from ledger.results import results
from rules.visits import by_enterprise, standing_results
from schemas.campaign import Campaign
from schemas.codes import ObjectKind
from schemas.directory import Entity
from schemas.form import InspectionForm
from schemas.item import InspectionItem
from schemas.result import ItemResult

# What the audit chain calls a step of a draw -> what the record calls it, and which fact fixes it.
_STEPS = {
    "draw-committed": ("封存名单，公布承诺书", "commitment"),
    "draw-sealed": ("收到密封的数", None),
    "draw-revealed": ("揭示密封的数", "value"),
    "public-number": ("登记公共随机数", None),
    "public-number-corrected": ("更正公共随机数", None),
    "draw-closed": ("揭示截止，结束揭示", "document"),
    "draw-abandoned": ("本轮作废", "document"),
    "drawn": ("计算，形成抽取证书", "certificate"),
    "draw-corrected": ("形成更正证书", "certificate"),
    "redraw-asked": ("申请重新抽取", None),
    "redraw-allowed": ("批准重新抽取", None),
}


@dataclass(frozen=True)
class Papers:
    """What there is to print of a campaign; `forms` in visiting order, by USCC `owners` and `results`."""

    forms: list[InspectionForm]
    owners: Mapping[str, Owner]
    results: Mapping[str, list[ItemResult]]
    items: Mapping[str, InspectionItem]
    mobiles: Mapping[str, str | None]


def papers_of(site: Books, campaign: Campaign) -> Papers:
    """Reads forms, results, directory and roster."""
    with site.ledger.read() as tx:
        forms = recorded_forms(tx, campaign.task_id)
        grouped = by_enterprise(results(tx, campaign.task_id))
        catalogue = {item.item_code: item for item in items(tx, site.source)}
        people = {person.inspector_id: person.mobile for person in inspectors(tx, site.source)}
        entities = objects(tx, site.source) if campaign.object_kind is ObjectKind.ENTERPRISE else []
    wanted = {form.uscc for form in forms}
    return Papers(
        in_visiting_order(forms),
        {
            row.uscc: Owner(row.legal_rep, row.tel, row.ent_type)
            for row in entities
            if isinstance(row, Entity) and row.uscc in wanted
        },
        {form.uscc: list(standing_results(form, grouped.get(form.uscc, [])).values()) for form in forms},
        catalogue,
        people,
    )


def items_handed_in(site: Books, campaign: Campaign) -> list[InspectionItem]:
    """The catalogue's items that the campaign inspects or that its departments handed in (notice 五(三)1)."""
    with site.ledger.read() as tx:
        catalogue = items(tx, site.source)
        codes = {code for entry in materials_of(tx, campaign.task_id) for code in entry.item_codes}
    named = {ref for department in campaign.departments for ref in department.items} | codes
    return [item for item in catalogue if item.item_code in named or item.item_name in named]


def public_draw(site: Books, campaign: Campaign) -> Draw | None:
    """The draw of the objects, once its certificate is public: before, its seed orders the reserves."""
    round_ = _round(site, campaign, "objects")
    if round_ is None or round_.certificate is None:
        return None
    if published_certificate(site, campaign, round_) is None:
        return None
    return read_draw(round_.certificate, round_.files[ELIGIBLE])


def held_draws(site: Books, campaign: Campaign) -> list[HeldDraw]:
    """Both draws as far as they were held by us; without a public certificate, without its values."""
    found = []
    for stage, name in STAGE_NAMES.items():
        round_ = _round(site, campaign, stage)
        if round_ is None:
            continue
        shown = published_certificate(site, campaign, round_) is not None
        certificate = parse_certificate(round_.certificate) if shown and round_.certificate else None
        found.append(
            HeldDraw(
                f"{name}抽取",
                round_.round_no,
                parse_commitment(round_.commitment),
                certificate,
                None if round_.certificate is None else digest(round_.certificate),
                _steps(site, round_, shown=shown),
                _names(site, certificate) if stage == "objects" else {},
            )
        )
    return found


def _round(site: Books, campaign: Campaign, stage: str) -> RecordedRound | None:
    with site.ledger.read() as tx:
        return round_in_force(tx, campaign.task_id, stage)


def _steps(site: Books, round_: RecordedRound, *, shown: bool) -> list[Step]:
    with site.ledger.read() as tx:
        told = [event for event in events(tx, round_.subject) if event.kind in _STEPS]
    found = []
    for event in told:
        text, fact = _STEPS[event.kind]
        who = event.facts.get("contributor") or event.facts.get("number")
        if event.kind.startswith("public-number") and shown:
            who = f"{who} {event.facts['value']}"
        found.append(
            Step(
                _moment(event.at), f"{text}：{who}" if who else text, event.facts.get(fact) if fact else None
            )
        )
    return found


def _names(site: Books, certificate: Document | None) -> dict[str, str]:
    """Object id -> name, of the drawn objects and of those that came in the place of one."""
    if certificate is None:
        return {}
    drawn = {w["object_id"] for w in certificate["winners"]} | {r["by"] for r in certificate["replacements"]}
    with site.ledger.read() as tx:
        directory = objects(tx, site.source)
    return {o.object_id: getattr(o, "project_name", o.ent_name) for o in directory if o.object_id in drawn}


def _moment(at: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    return f"{in_words(local.date())}{local:%H:%M}"
