"""The interface profile: every name, code, path and habit of the outside systems, in one file per province.

Binding to another province means writing another TOML file (docs/profiles.md), not code.
The tables are read here once and turned into typed, frozen settings; nothing else in this
room spells a name of an outside system.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, model_validator

from connectors.profile_fields import CODE_TABLES, PLATFORM_FIELDS, PUBLICITY_FIELDS
from connectors.protocols import Capability
from schemas.errors import DrawbridgeError
from schemas.record import Record

Seconds = Annotated[float, Field(gt=0)]
Positive = Annotated[int, Field(ge=1)]
Names = str | tuple[str, ...]


class Meaning(StrEnum):
    """What an answer code of an outside system means for us."""

    OK = "ok"
    SIGNATURE = "signature"
    THROTTLED = "throttled"
    NOT_FOUND = "not_found"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    SYSTEM_ERROR = "system_error"


def _relative_path(path: str) -> str:
    if not path.startswith("/") or path.startswith("//") or "://" in path:
        raise ValueError("a path begins with one / and names no host")
    return path


EndpointPath = Annotated[str, AfterValidator(_relative_path)]


class SignatureRule(Record):
    """How requests are signed. `window_s`: how far the other side lets the clocks differ."""

    algorithm: Literal["hmac-sm3", "hmac-sha256"]
    body_digest: Literal["sm3", "sha256"]
    parts: Annotated[
        tuple[Literal["method", "target", "timestamp", "nonce", "body_digest", "app_key"], ...],
        Field(min_length=1),
    ]
    separator: str
    app_key_header: str
    timestamp_header: str
    nonce_header: str
    signature_header: str
    timestamp_unit: Literal["ms", "s"]
    window_s: Seconds


class Limits(Record):
    """What one client may cost: seconds per phase and in all, decompressed bytes, requests, attempts."""

    connect_s: Seconds
    read_s: Seconds
    write_s: Seconds
    total_s: Seconds
    decoded_bytes: Positive
    concurrency: Positive
    requests_per_s: Seconds
    burst: Positive
    attempts: Positive
    backoff_s: Seconds
    backoff_cap_s: Seconds
    retry_after_floor_s: Seconds
    retry_after_cap_s: Seconds
    patience_s: Seconds


class ChannelRule(Record):
    """What a system can do about a write whose outcome is unknown, and how much goes into one message.

    `key_life_s`: for how long it recognises a repetition; absent: for ever.
    """

    dedupes: bool
    can_query: bool
    settle_reads: Positive
    settle_window_s: Annotated[float, Field(ge=0)]
    batch_size: Positive
    key_life_s: Seconds | None = None

    def capability(self, at_once: int = 1) -> Capability:
        """The same for `delivery`; `at_once`: messages that may be sent side by side."""
        return Capability(
            self.dedupes, self.can_query, self.settle_reads, self.settle_window_s, self.key_life_s, at_once
        )


class Clock(Record):
    """How an outside system writes times: wall-clock time of `zone`, in these strptime formats."""

    zone: str
    time_format: str
    date_format: str

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone as an object."""
        return ZoneInfo(self.zone)

    def read_time(self, text: str) -> datetime:
        """Aware UTC time; raises ValueError if it is not written that way."""
        return datetime.strptime(text, self.time_format).replace(tzinfo=self.zone_info).astimezone(UTC)

    def write_time(self, at: datetime) -> str:
        """`at` is aware."""
        return at.astimezone(self.zone_info).strftime(self.time_format)

    def read_date(self, text: str) -> date:
        """Raises ValueError if it is not written that way."""
        return datetime.strptime(text, self.date_format).replace(tzinfo=self.zone_info).date()


class PlatformEndpoints(Record):
    """Paths of the provincial platform; `{task_id}` and `{batch_no}` are filled in."""

    objects: EndpointPath
    inspectors: EndpointPath
    items: EndpointPath
    materials: EndpointPath
    seals: EndpointPath
    reveals: EndpointPath
    commitment: EndpointPath
    closing: EndpointPath
    draw: EndpointPath
    confirmations: EndpointPath
    forms: EndpointPath
    batch: EndpointPath
    results: EndpointPath


class Envelope(Record):
    """Member names of the wrapper round every answer."""

    code: str
    message: str
    request_id: str
    data: str


class Paging(Record):
    """Parameter and member names of paged answers, and the page size that we ask for."""

    style: Literal["page", "offset"]
    page: str
    size: str
    page_size: Positive
    total: str
    rows: str
    snapshot: str
    updated_since: str
    stage: str
    round: str
    max_pages: Positive

    def query(self, page_no: int) -> dict[str, str]:
        """Parameters of page `page_no`, which counts from 1."""
        position = page_no if self.style == "page" else (page_no - 1) * self.page_size
        return {self.page: str(position), self.size: str(self.page_size)}


class PlatformCapabilities(Record):
    """One rule per kind of write."""

    form: ChannelRule
    draw: ChannelRule
    confirmation: ChannelRule
    materials: ChannelRule


class PlatformProfile(Record):
    """The provincial platform. `ignored_columns` of its lists are known and not used."""

    feeds_publicity: bool
    signature: SignatureRule
    limits: Limits
    endpoints: PlatformEndpoints
    envelope: Envelope
    codes: Annotated[dict[str, Meaning], Field(min_length=1)]
    paging: Paging
    capability: PlatformCapabilities
    ignored_columns: tuple[str, ...] = ()
    fields: dict[str, dict[str, Names]]

    @model_validator(mode="after")
    def _every_field_is_named(self) -> Self:
        for kind, names in PLATFORM_FIELDS.items():
            _same_keys(f"fields.{kind}", self.fields.get(kind, {}), names)
        _same_keys("fields", self.fields, frozenset(PLATFORM_FIELDS))
        return self

    def name(self, kind: str, field: str) -> str:
        """The platform's name of our `field` in rows of `kind`: the first one, which we write too."""
        names = self.fields[kind][field]
        return names if isinstance(names, str) else names[0]

    def value(self, kind: str, field: str, row: Mapping[str, object]) -> object:
        """What a row holds for our `field`: of several names the first that is not empty; None: nothing."""
        names = self.fields[kind][field]
        if isinstance(names, str):
            return row.get(names)
        return next((row[n] for n in names if row.get(n) not in (None, "", [])), None)

    def ours(self, kind: str, row: Mapping[str, object]) -> dict[str, object]:
        """The whole row by our field names."""
        return {field: self.value(kind, field, row) for field in self.fields[kind]}


class PublicityEndpoints(Record):
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
    enterprise: PublicEnterpriseRule | None = None

    @model_validator(mode="after")
    def _every_field_is_named(self) -> Self:
        _same_keys("fields", self.fields, PUBLICITY_FIELDS)
        return self


class PublicNumberRule(Record):
    """Where an announced public number is read; `path` None: a person types it."""

    path: EndpointPath | None = None
    id: str = "id"
    value: str = "value"


class SheetRule(Record):
    """Columns of a spreadsheet: our field -> the headers that people write for it."""

    required: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _required_columns_are_known(self) -> Self:
        for name in self.required:
            if name not in self.columns:
                raise ValueError(f"required column {name} has no header")
        return self


class Spreadsheets(Record):
    """One rule per kind of list."""

    entity: SheetRule
    inspector: SheetRule
    item: SheetRule


class Profile(Record):
    """Everything that differs from one province to the next."""

    name: str
    title: str
    clock: Clock
    platform: PlatformProfile
    publicity: PublicityProfile
    public_numbers: PublicNumberRule
    codes: dict[str, dict[str, str]]
    spreadsheets: Spreadsheets

    @model_validator(mode="after")
    def _code_tables_are_whole(self) -> Self:
        _same_keys("codes", self.codes, frozenset(CODE_TABLES))
        for table, ours in self.codes.items():
            allowed = CODE_TABLES[table]
            values = {str(member.value) for member in allowed} if allowed is not None else set()
            wrong = sorted(set(ours.values()) - values) if values else []
            if wrong:
                raise ValueError(f"codes.{table}: {wrong[0]} is no code of ours")
        return self

    def ours(self, table: str, theirs: str) -> str | None:
        """Our code for what a system or a sheet wrote; None: the table does not know it."""
        return self.codes[table].get(theirs)

    def theirs(self, table: str, ours: str) -> str:
        """How the platform writes our code: the table's first entry. Raises DB-PROFILE-005 without one."""
        for text, code in self.codes[table].items():
            if code == ours:
                return text
        raise DrawbridgeError("DB-PROFILE-005", name=self.name, table=table, value=ours)


def load_profile(name_or_path: str | Path) -> Profile:
    """The profile of that name among those that ship, or of that path (with a `/`, or ending in .toml).

    Raises DrawbridgeError: DB-PROFILE-001 not there, -002 unreadable, -003 no TOML, -004 a member that is
    missing, unknown or wrong (the first is named by its place).
    """
    text_path = str(name_or_path)
    if text_path.endswith(".toml") or "/" in text_path:
        source = Path(text_path)
    else:
        resource = files("connectors") / "profiles" / f"{text_path}.toml"
        if not resource.is_file():
            raise DrawbridgeError("DB-PROFILE-001", name=text_path, known="、".join(profile_names()))
        source = Path(str(resource))
    if not source.is_file():
        raise DrawbridgeError("DB-PROFILE-001", name=text_path, known="、".join(profile_names()))
    try:
        document = tomllib.loads(source.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise DrawbridgeError("DB-PROFILE-002", name=text_path, detail=type(error).__name__) from error
    except tomllib.TOMLDecodeError as error:
        raise DrawbridgeError("DB-PROFILE-003", name=text_path, detail=str(error)) from error
    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "profile"
        raise DrawbridgeError("DB-PROFILE-004", name=text_path, where=where, detail=first["msg"]) from None


def profile_names() -> list[str]:
    """Names of the profiles that ship, sorted."""
    folder = files("connectors") / "profiles"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def _same_keys(where: str, given: object, wanted: frozenset[str]) -> None:
    keys = set(given) if isinstance(given, dict) else set()
    missing, unknown = sorted(wanted - keys), sorted(keys - wanted)
    if missing:
        raise ValueError(f"{where}: {missing[0]} is missing")
    if unknown:
        raise ValueError(f"{where}: {unknown[0]} is unknown")
