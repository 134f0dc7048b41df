"""Plan and campaign: what a person wrote down that shall be inspected."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Annotated

from pydantic import Field, model_validator

from schemas.codes import DepartmentRole, DrawMode, FormMode, ObjectKind, PublicationMode, RiskGrade, TaskType
from schemas.item import InspectionItem
from schemas.record import Record


class Ratio(Record):
    """A ratio as written, and what it says. None: it does not say.

    `share` is an exact decimal fraction in draw-spec form (`"0.1"`); `minimum` a number of
    objects; `per_year` inspections of one object a year, at least or exactly as `per_year_exact` says.
    """

    raw: str
    share: Annotated[str, Field(pattern=r"^(1|0\.[0-9]{1,6})$")] | None = None
    at_least: bool = False
    minimum: Annotated[int, Field(ge=0)] | None = None
    per_year: Annotated[int, Field(ge=0)] | None = None
    per_year_exact: bool = False

    @property
    def fraction(self) -> Fraction | None:
        """`share` as an exact number."""
        return None if self.share is None else Fraction(self.share)


class Department(Record):
    """A participating department: `team` certified inspectors of it go to each object."""

    code: Annotated[str, Field(min_length=1, max_length=32)]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: DepartmentRole
    team: Annotated[int, Field(ge=2)] = 2
    items: Annotated[tuple[str, ...], Field(min_length=1)]


class PublicNumber(Record):
    """A number that nobody here controls, such as a named issue of a state lottery.

    `announced_at` carries its zone; `format` and `pattern` as draw-spec.md §2.
    """

    id: Annotated[str, Field(min_length=1, max_length=64)]
    announced_at: datetime
    format: str
    pattern: str


class Plan(Record):
    """The annual plan that a campaign belongs to (domain reference §2.6)."""

    plan_id: Annotated[str, Field(pattern=r"^[0-9]{14}$")]
    name: Annotated[str, Field(min_length=1, max_length=1000)]


class Campaign(Record):
    """One inspection task with its plan, as the plan file says (campaigns/*.yaml).

    Dates are Asia/Shanghai dates.  Exactly one department leads, it comes first.
    """

    task_id: Annotated[str, Field(pattern=r"^[0-9]{18}$")]
    name: Annotated[str, Field(min_length=1, max_length=1000)]
    short_name: Annotated[str, Field(min_length=1, max_length=40)]
    document_no: str | None = None
    plan: Plan
    task_type: TaskType = TaskType.UNDIRECTED
    adm_code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    adm_name: str | None = None
    starts_on: date
    ends_on: date
    object_kind: ObjectKind
    tags: tuple[str, ...] = ()
    ratio: Ratio
    risk_ratios: dict[RiskGrade, Ratio] = Field(default_factory=dict)
    frequency_cap: Annotated[int, Field(ge=1)] | None = None
    departments: Annotated[tuple[Department, ...], Field(min_length=1)]
    items: tuple[InspectionItem, ...] = ()
    confirm_working_days: Annotated[int, Field(ge=1)] = 1
    entry_working_days: Annotated[int, Field(ge=1)] = 20
    publish_working_days: Annotated[int, Field(ge=1)] = 20
    reveal_working_days: Annotated[int, Field(ge=0)] = 1
    per_group: Annotated[int, Field(ge=1)] | None = None
    groups: Annotated[int, Field(ge=1)] | None = None
    draw: DrawMode
    forms: FormMode
    publication: PublicationMode
    public_numbers: tuple[PublicNumber, ...] = ()

    @model_validator(mode="after")
    def _lead_comes_first(self) -> Campaign:
        roles = [department.role for department in self.departments]
        if roles.count(DepartmentRole.LEAD) != 1 or roles[0] is not DepartmentRole.LEAD:
            raise ValueError("exactly one department leads, and it is listed first")
        if (self.per_group is None) == (self.groups is None):
            raise ValueError("state either per_group or groups")
        return self

    @property
    def lead(self) -> Department:
        """The department that leads (牵头部门)."""
        return self.departments[0]

    def group_count(self, enterprises: int) -> int:
        """Number of groups for that many enterprises, at least one."""
        if self.per_group is not None:
            return max(1, -(-enterprises // self.per_group))
        return self.groups or 1
