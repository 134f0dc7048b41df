"""分组名册 with telephone numbers, and the sheet that hands it to the lead department (notice 五(三)5).

Both name people and their telephones: they belong into a folder that its owner alone can enter, and say
until when they may be kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from documents.group_sheet import leader_name, object_lines
from documents.paper.forms import campaign_facts, department_names, in_visiting_order, in_words
from schemas.campaign import Campaign
from schemas.form import FormInspector, InspectionForm

GROUPS, HANDOVER = "groups", "handover"

KEPT_AFTER_END_DAYS = 90
"""How long after the campaign's window the roster is kept; our choice."""


def kept_until(campaign: Campaign) -> date:
    """The Shanghai date on which roster and hand-over sheet have to be destroyed."""
    return campaign.ends_on + timedelta(days=KEPT_AFTER_END_DAYS)


def groups_paper(
    campaign: Campaign, forms: Sequence[InspectionForm], mobiles: Mapping[str, str | None], on: date
) -> dict[str, Any]:
    """The data of templates `groups` and `handover`: groups with people and telephones, visits in order.

    `mobiles` by inspector id; `on` is the day on the sheet.
    """
    names = department_names(campaign)
    visits = in_visiting_order(forms)
    groups: dict[int, list[InspectionForm]] = {}
    for form in visits:
        groups.setdefault(form.group, []).append(form)
    return {
        "title": f"{campaign.name}分组名册",
        "campaign": campaign_facts(campaign),
        "on": in_words(on),
        "kept_until": in_words(kept_until(campaign)),
        "people": len({person.inspector_id for form in forms for person in form.inspectors}),
        "enterprises": len(forms),
        "departments": [
            {"name": department.name, "role": department.role.label} for department in campaign.departments
        ],
        "groups": [
            {
                "number": number,
                "leader": leader_name(members[0]),
                "inspectors": [
                    {
                        "name": person.name,
                        "department": names.get(person.dept_code, person.dept_code),
                        "cert_no": person.cert_no,
                        "mobile": mobiles.get(person.inspector_id),
                        "leads": person.inspector_id == members[0].leader,
                        "only": only,
                    }
                    for person, only in _members(members)
                ],
                "visits": [
                    {
                        "place": place,
                        "ent_name": form.ent_name,
                        "uscc": form.uscc,
                        "address": form.address,
                        "objects": object_lines(form),
                    }
                    for place, form in enumerate(members, 1)
                ],
            }
            for number, members in sorted(groups.items())
        ],
    }


def _members(visits: Sequence[InspectionForm]) -> list[tuple[FormInspector, list[int]]]:
    """Each person of a group, with the visits it goes to where not to all: a substitute."""
    people: dict[str, FormInspector] = {}
    goes: dict[str, list[int]] = {}
    for place, form in enumerate(visits, 1):
        for person in form.inspectors:
            people.setdefault(person.inspector_id, person)
            goes.setdefault(person.inspector_id, []).append(place)
    return [(person, [] if len(goes[key]) == len(visits) else goes[key]) for key, person in people.items()]
