"""One form per enterprise (一企一表), from the certificates, the directory and the departments' materials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from draw.certificate import parse_certificate, standing_objects, teams_of_visits
from draw.commitment import Document
from flows.drawing.certificates import certificate_in_force
from flows.site import Site
from ledger.directory import inspectors, items, materials_of, objects
from rules.whitelist import items_for
from schemas.campaign import Campaign
from schemas.directory import Entity, ProjectObject
from schemas.errors import DrawbridgeError
from schemas.form import FormInspector, FormItem, FormObject, InspectionForm
from schemas.inspector import Inspector
from schemas.item import InspectionItem, Materials

AnyObject = Entity | ProjectObject


class LeftOut(NamedTuple):
    """An item of the campaign that is not inspected at an enterprise, and why."""

    ent_name: str
    item_name: str
    reason: str


def make_forms(
    site: Site, campaign: Campaign, assignment: Document
) -> tuple[list[InspectionForm], list[LeftOut]]:
    """The forms of all enterprises of the assignment, numbered in its order, and what is on none of them.

    Raises DrawbridgeError DB-RUN-017 if a drawn object has left the directory since.
    """
    drawn = standing_objects(parse_certificate(certificate_in_force(site, campaign, "objects"), "objects"))
    with site.ledger.read() as tx:
        directory = {row.object_id: row for row in objects(tx, site.source)}
        roster = {person.inspector_id: person for person in inspectors(tx, site.source)}
        catalogue = items(tx, site.source)
        handed_in = materials_of(tx, campaign.task_id)
    by_owner: dict[str, list[AnyObject]] = {}
    for object_id, uscc in drawn:
        if object_id not in directory:
            raise DrawbridgeError("DB-RUN-017", object_id=object_id)
        by_owner.setdefault(uscc, []).append(directory[object_id])
    teams = teams_of_visits(assignment)
    forms: list[InspectionForm] = []
    left_out: list[LeftOut] = []
    for number, (uscc, group) in enumerate(assignment["assignment"], 1):
        owned = by_owner[uscc]
        listed = items_for(owned[0], campaign, catalogue)
        forms.append(
            form_of(
                campaign,
                owned,
                number=number,
                group=group,
                team=teams[uscc],
                roster=roster,
                items=listed.items,
                materials=handed_in,
            )
        )
        left_out += [LeftOut(owned[0].ent_name, item.item_name, reason) for item, reason in listed.left_out]
    return forms, left_out


def as_versions(made: list[InspectionForm], known: list[InspectionForm]) -> list[InspectionForm]:
    """The forms as they go on record: an enterprise keeps its number, and what changed is a new version."""
    before = {form.uscc: form for form in known}
    found = []
    for form in made:
        old = before.get(form.uscc)
        if old is None:
            found.append(form)
            continue
        same = form.model_copy(update={"form_no": old.form_no, "version": old.version})
        found.append(same if same == old else same.model_copy(update={"version": old.version + 1}))
    return found


def form_of(
    campaign: Campaign,
    owned: list[AnyObject],
    *,
    number: int,
    group: int,
    team: Mapping[str, list[str]],
    roster: Mapping[str, Inspector],
    items: Iterable[InspectionItem],
    materials: Iterable[Materials],
) -> InspectionForm:
    """One enterprise's form: all its drawn objects, its items, and the team of its group."""
    owner = owned[0]
    members = [roster[inspector] for ids in team.values() for inspector in ids]
    asked = {entry.dept_code: entry.materials for entry in materials}
    return InspectionForm(
        form_no=f"{campaign.task_id}{number:04d}",
        task_id=campaign.task_id,
        uscc=owner.uscc,
        ent_name=owner.ent_name,
        address=owner.address,
        objects=tuple(
            FormObject(object_id=o.object_id, name=getattr(o, "project_name", o.ent_name)) for o in owned
        ),
        items=tuple(
            FormItem(
                item_code=item.item_code,
                item_name=item.item_name,
                dept_code=item.dept_code,
                materials=item.materials or asked.get(item.dept_code, ()),
            )
            for item in items
        ),
        group=group,
        leader=members[0].inspector_id,
        inspectors=tuple(
            FormInspector(
                inspector_id=person.inspector_id,
                name=person.name,
                dept_code=person.dept_code,
                cert_no=person.cert_no or "",
            )
            for person in members
        ),
    )
