"""抽查对象名录库: what can be drawn."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.codes import ObjectKind, RegistrationState, RiskGrade
from schemas.record import Record


class DirectoryObject(Record):
    """What both kinds of objects share.

    `object_id` is the row's key and what is drawn; `uscc` and `ent_name` are the enterprise
    under which a result will be published.  What the source does not say is None, `UNKNOWN`
    or `UNRATED`.  `adm_code` is the division (GB/T 2260) where the object lies, not the
    prefix of a code.
    """

    object_id: Annotated[str, Field(min_length=1, max_length=64)]
    uscc: Annotated[str, Field(min_length=18, max_length=18)]
    ent_name: Annotated[str, Field(min_length=1, max_length=200)]
    prip_id: Annotated[str, Field(max_length=36)] | None = None
    reg_state: RegistrationState = RegistrationState.UNKNOWN
    reg_org: Annotated[str, Field(max_length=100)] | None = None
    adm_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    address: Annotated[str, Field(max_length=400)] | None = None
    est_date: date | None = None
    risk_grade: RiskGrade = RiskGrade.UNRATED
    risk_source: str | None = None
    risk_month: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")] | None = None
    tags: tuple[str, ...] = ()
    is_valid: bool = True
    last_check_date: date | None = None
    checks_this_year: Annotated[int, Field(ge=0)] | None = None


class Entity(DirectoryObject):
    """An enterprise; `object_id` is its USCC. `legal_rep` and `tel` are personal data."""

    kind: Literal[ObjectKind.ENTERPRISE] = ObjectKind.ENTERPRISE
    reg_no: str | None = None
    ent_type: str | None = None
    industry: str | None = None
    scope: str | None = None
    legal_rep: str | None = None
    tel: str | None = None


class ProjectObject(DirectoryObject):
    """A construction project; `object_id` is its approval number, `uscc` its owner's (建设单位) code."""

    kind: Literal[ObjectKind.PROJECT] = ObjectKind.PROJECT
    project_name: Annotated[str, Field(min_length=1, max_length=200)]
    approval_no: str | None = None

    @property
    def owner_uscc(self) -> str:
        """The owner's code: the enterprise that is visited and published."""
        return self.uscc


AnyObject = Annotated[Entity | ProjectObject, Field(discriminator="kind")]
