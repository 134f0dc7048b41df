"""What was found: visit, result per item, disposal, transfer decision, review."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field, model_validator

from schemas.codes import (
    CheckMethod,
    Disposal,
    DisposalState,
    RegistrationState,
    ResultCode,
    ReviewOpinion,
    SignatureState,
)
from schemas.inspector import Expert
from schemas.record import Record

NOT_A_PROBLEM = (ResultCode.NO_PROBLEM, ResultCode.NO_SUCH_ACTIVITY)


class TransferDecision(Record):
    """The leading group's decision on a problem lead (notice 五(四)2-3)."""

    decided_on: date
    decision: str
    recipient: str
    receipt: str | None = None


class Visit(Record):
    """One department's visit. Times are UTC; `documents` are papers of other bodies relied on."""

    agreed_on: date | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    methods: tuple[CheckMethod, ...] = ()
    cert_shown: bool | None = None
    signature: SignatureState
    refusal_note: str | None = None
    experts: tuple[Expert, ...] = ()
    documents: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _refusal_is_noted(self) -> Visit:
        if self.signature is SignatureState.REFUSED and not self.refusal_note:
            raise ValueError("a refusal to sign needs its note")
        return self


class Review(Record):
    """结果公示审批意见 on an enterprise's result. `by_role` is a role, `at` is UTC."""

    opinion: ReviewOpinion = ReviewOpinion.PENDING
    basis: str | None = None
    by_role: str | None = None
    at: datetime | None = None


class ItemResult(Record):
    """The result of one item at one enterprise, as one department entered it.

    `completed_at`, `entered_at` and `updated_at` are UTC; `subject_state` is what the
    inspectors met (closed, moved …), kept apart from the result.
    """

    result_id: str
    task_id: str
    uscc: str
    item_code: str
    item_name: str
    dept_code: str
    code: ResultCode
    problem: str | None = None
    disposal: Disposal = Disposal.NONE
    disposal_state: DisposalState = DisposalState.CLOSED
    order_lapsed: bool = False
    subject_state: RegistrationState | None = None
    completed_at: datetime
    entered_at: datetime
    guided: bool = False
    questions_answered: bool = False
    inspectors: tuple[str, ...] = Field(default=())
    visit: Visit
    transfer: TransferDecision | None = None
    review: Review = Review()
    version: int = 1
    updated_at: datetime

    @model_validator(mode="after")
    def _problem_is_described(self) -> ItemResult:
        if self.is_problem and not self.problem:
            raise ValueError("a problem needs its description")
        return self

    @property
    def is_problem(self) -> bool:
        """Codes 2-6 and 8 are problems (domain reference §2.2)."""
        return self.code not in NOT_A_PROBLEM
