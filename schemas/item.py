"""随机抽查事项清单, and the materials that a department asks for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from schemas.codes import ItemKind
from schemas.record import Record


class InspectionItem(Record):
    """One item of the catalogue; without a legal basis nothing is inspected (国办发〔2015〕58号)."""

    item_code: Annotated[str, Field(min_length=1, max_length=64)]
    item_name: Annotated[str, Field(min_length=1, max_length=200)]
    kind: ItemKind
    dept_code: str
    legal_basis: Annotated[tuple[str, ...], Field(min_length=1)]
    content: str | None = None
    materials: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    version: str | None = None


class Materials(Record):
    """What a department handed in (notice 五(三)1): its items and what the inspected must provide.

    `handed_in_at` is UTC.
    """

    dept_code: str
    item_codes: tuple[str, ...]
    materials: tuple[str, ...]
    handed_in_at: datetime
