"""一企一表: one inspection form per enterprise and campaign."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.record import Record


class FormObject(Record):
    """A drawn object that the form covers."""

    object_id: str
    name: str


class FormItem(Record):
    """An item to be inspected, with what the enterprise must provide."""

    item_code: str
    item_name: str
    dept_code: str
    materials: tuple[str, ...] = ()


class FormInspector(Record):
    """A member of the inspection team. `name` is personal data."""

    inspector_id: str
    name: str
    dept_code: str
    cert_no: str


class InspectionForm(Record):
    """One enterprise, its drawn objects, its items and its team; `leader` is an inspector id."""

    form_no: Annotated[str, Field(min_length=1, max_length=40)]
    task_id: str
    uscc: str
    ent_name: str
    address: str | None = None
    objects: Annotated[tuple[FormObject, ...], Field(min_length=1)]
    items: Annotated[tuple[FormItem, ...], Field(min_length=1)]
    group: Annotated[int, Field(ge=1)]
    leader: str
    inspectors: Annotated[tuple[FormInspector, ...], Field(min_length=2)]
    version: int = 1
