"""比对和确认: the departments' answers on the drawn objects."""

from __future__ import annotations

from datetime import datetime

from schemas.codes import ObjectionReason, Verdict
from schemas.record import Record


class Confirmation(Record):
    """One department's answer on one object. `by_role` is a role (系统管理员), `at` is UTC."""

    object_id: str
    dept_code: str
    verdict: Verdict
    reason: ObjectionReason | None = None
    evidence: str | None = None
    by_role: str
    at: datetime
