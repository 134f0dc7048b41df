"""执法检查人员名录库."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.codes import InspectorRole, InspectorStatus
from schemas.record import Record


class Inspector(Record):
    """One person of a department's roster. `name` and `mobile` are personal data.

    `recusals` holds the USCC of each enterprise that the person must not inspect (回避,
    行政处罚法 §43) with the reason's code.
    """

    inspector_id: Annotated[str, Field(min_length=1, max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=50)]
    dept_code: str
    cert_no: str | None = None
    cert_type: str | None = None
    cert_valid_from: date | None = None
    cert_valid_to: date | None = None
    item_scope: tuple[str, ...] = ()
    role: InspectorRole = InspectorRole.OFFICER
    status: InspectorStatus = InspectorStatus.ON_DUTY
    leave_from: date | None = None
    leave_to: date | None = None
    mobile: str | None = None
    recusals: tuple[tuple[str, str], ...] = ()


class Expert(Record):
    """A professional sent by the inspectors' own unit to help (notice 五(一)3); not one of the two."""

    name: str
    role: str
