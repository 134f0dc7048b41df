"""The credit publicity system in a profile: its exchange and its public view."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from connectors.profile_fields import PUBLICITY_FIELDS
from connectors.profile_rules import (
    ChannelRule,
    EndpointPath,
    Endpoints,
    Limits,
    Meaning,
    Positive,
    same_keys,
)
from connectors.profile_signature import SignatureRule
from schemas.record import Record


class PublicityEndpoints(Endpoints):
    """Paths of the publicity system; `{batch_no}`, `{record_id}` and `{prip_id}` are filled in.

    `public_page`: an enterprise's page as people read it, for links; None: it has no fixed address.
    """

    spotchecks: EndpointPath
    receipt: EndpointPath
    held: EndpointPath
    public_rows: EndpointPath
    public_page: EndpointPath | None = None


class PublicPaging(Record):
    """Rows asked for at once in the public view, and where to stop."""

    length: Positive
    max_pages: Positive


class PublicEnterpriseRule(Record):
    """Where the public view says who an enterprise is today, and the names of what it says."""

    path: EndpointPath
    uscc: str
    ent_name: str
    reg_state: str


class PublicityCapabilities(Record):
    """One rule per kind of write."""

    record: ChannelRule


class PublicityProfile(Record):
    """The credit publicity system: its exchange and its public view.

    `published_on`: the member of the public view's rows with the day a record appeared; None: it has none.
    `date_format`: how the public view writes days that are no numbers; None: as `[clock]` says.
    """

    sender: Annotated[str, Field(min_length=1, max_length=64)]
    receiver: Annotated[str, Field(min_length=1, max_length=64)]
    signature: SignatureRule
    limits: Limits
    endpoints: PublicityEndpoints
    codes: Annotated[dict[str, Meaning], Field(min_length=1)]
    capability: PublicityCapabilities
    paging: PublicPaging
    fields: dict[str, str]
    published_on: str | None = None
    date_format: str | None = None
    enterprise: PublicEnterpriseRule | None = None

    @model_validator(mode="after")
    def _every_field_is_named(self) -> Self:
        same_keys("fields", self.fields, PUBLICITY_FIELDS)
        return self
