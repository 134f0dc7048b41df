"""What one department has to enter: a row per enterprise and item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.campaign import Campaign, Department
from schemas.errors import DrawbridgeError
from schemas.form import FormInspector, InspectionForm


@dataclass(frozen=True)
class EntryRow:
    """One row as it is given. `row_id` stays the same however often the sheet is made.

    `team` are the department's own inspectors of the enterprise's group: personal data.
    """

    row_id: str
    uscc: str
    ent_name: str
    objects: str
    item_code: str
    item_name: str
    team: tuple[FormInspector, ...]

    @property
    def people(self) -> str:
        """The team as it is written into the sheet."""
        return "、".join(person_text(person) for person in self.team)


def person_text(person: FormInspector) -> str:
    """An inspector as the sheet names one: with the certificate's number, where there is one."""
    return f"{person.name}（{person.cert_no}）" if person.cert_no else person.name


def row_id(uscc: str, item_code: str) -> str:
    """The stable id of a row."""
    return f"{uscc}/{item_code}"


def department_of(campaign: Campaign, code: str) -> Department:
    """The campaign's department of that code. Raises DrawbridgeError DB-ENTRY-003."""
    for department in campaign.departments:
        if department.code == code:
            return department
    known = "、".join(f"{one.code} {one.name}" for one in campaign.departments)
    raise DrawbridgeError("DB-ENTRY-003", department=code, known=known)


def entry_rows(forms: Iterable[InspectionForm], dept_code: str) -> list[EntryRow]:
    """The department's rows: group by group, in the order of the forms and of each form's items."""
    return [
        EntryRow(
            row_id=row_id(form.uscc, item.item_code),
            uscc=form.uscc,
            ent_name=form.ent_name,
            objects="、".join(thing.name for thing in form.objects),
            item_code=item.item_code,
            item_name=item.item_name,
            team=tuple(person for person in form.inspectors if person.dept_code == dept_code),
        )
        for form in sorted(forms, key=lambda form: (form.group, form.form_no))
        for item in form.items
        if item.dept_code == dept_code
    ]
