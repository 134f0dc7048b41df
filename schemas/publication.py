"""What goes to the credit publicity system, and what comes back."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.codes import RegistrationState
from schemas.record import Record


class PublicationDetail(Record):
    """One line of the details: one result per item."""

    seq_no: Annotated[int, Field(ge=1)]
    item_name: str
    result_name: str


class PublicationRecord(Record):
    """One record per enterprise and task (domain reference §6 point 12).

    `authority`: legal names, the lead's first, joined by 、; `completed_on`: latest
    completion among the departments, a Shanghai date.
    """

    record_id: Annotated[str, Field(min_length=1, max_length=64)]
    version: Annotated[int, Field(ge=1)] = 1
    operation: Literal["I", "U", "D"] = "I"
    prip_id: str | None
    uscc: str
    ent_name: str
    plan_id: str
    plan_name: str
    task_id: str
    task_name: str
    task_type: str
    authority: str
    completed_on: date
    details: Annotated[tuple[PublicationDetail, ...], Field(min_length=1)]


class ReplyState(StrEnum):
    """What a system said of one row."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "pending"


class RowReply(Record):
    """A system's answer on one row; `key` is our business key in that message."""

    key: str
    state: ReplyState
    code: str | None = None
    text: str | None = None
    receipt_no: str | None = None


class Receipt(Record):
    """A system's answer on one batch. `digest`: SHA-256 of the bytes it received; `received_at` is UTC."""

    batch_no: str
    digest: str
    received_at: datetime | None = None
    rows: tuple[RowReply, ...]


class PublicRow(Record):
    """One record as the public sees it. `published_on`: since when, in Shanghai; None: it does not say."""

    prip_id: str
    plan_id: str
    plan_name: str
    task_id: str
    task_name: str
    task_type: str
    authority: str
    completed_on: date
    details: tuple[PublicationDetail, ...]
    published_on: date | None = None


class PublicEnterprise(Record):
    """Who an enterprise is today, as the public sees it."""

    prip_id: str
    uscc: str
    ent_name: str
    reg_state: RegistrationState
