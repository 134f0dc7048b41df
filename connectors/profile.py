"""The interface profile: every name, code, path and habit of the outside systems, in one file per province.

Binding to another province means writing another TOML file (docs/profiles.md), not code.
The tables are read here once and turned into typed, frozen settings; nothing else in this
room spells a name of an outside system.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from connectors.profile_clock import Clock
from connectors.profile_fields import CODE_TABLES, PLATFORM_FIELDS, TEXT_LISTS
from connectors.profile_mistakes import NO_CODE, Mistake, mistakes_of
from connectors.profile_publicity import PublicityProfile
from connectors.profile_rules import (
    ChannelRule,
    EndpointPath,
    Endpoints,
    Limits,
    Meaning,
    Positive,
    misplaced,
    same_keys,
)
from connectors.profile_signature import SignatureRule
from schemas.errors import DrawbridgeError
from schemas.record import Record

Names = str | tuple[str, ...]

FLAT = "."
"""In place of a member's name: what it would hold lies in the row itself."""
MAY_LIE_FLAT = frozenset({("result", "review"), ("result", "transfer")})


class PlatformEndpoints(Endpoints):
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
    """Parameter and member names of paged answers, and the page size that we ask for.

    `first`: the number of the first page, or of the first row.  `snapshot` None: the system promises none,
    and whatever is drawn from is read twice.
    """

    style: Literal["page", "offset"]
    first: Annotated[int, Field(ge=0, le=1)] | None = None
    page: str
    size: str
    page_size: Positive
    total: str
    rows: str
    snapshot: str | None = None
    updated_since: str
    stage: str
    round: str
    max_pages: Positive

    @model_validator(mode="after")
    def _parameters_differ(self) -> Self:
        asked = [self.page, self.size, self.updated_since, self.snapshot or "", self.stage, self.round]
        if len(set(asked)) != len(asked) or self.total == self.rows:
            raise ValueError("参数名不能相同，total 与 rows 不能相同")
        return self

    def position(self, page_no: int) -> int:
        """What page `page_no`, which counts from 1, is called: its number, or the rows before it."""
        if self.style == "page":
            return page_no - 1 + (1 if self.first is None else self.first)
        return (page_no - 1) * self.page_size + (self.first or 0)

    def page_at(self, position: int) -> int:
        """The page, counted from 1, that such a position lies in."""
        if self.style == "page":
            return position + 1 - (1 if self.first is None else self.first)
        return (position - (self.first or 0)) // self.page_size + 1

    def query(self, page_no: int) -> dict[str, str]:
        """Parameters of page `page_no`, which counts from 1."""
        return {self.page: str(self.position(page_no)), self.size: str(self.page_size)}


class PlatformCapabilities(Record):
    """One rule per kind of write."""

    form: ChannelRule
    draw: ChannelRule
    confirmation: ChannelRule
    materials: ChannelRule


class PlatformProfile(Record):
    """The provincial platform. `ignored_columns` of its lists are known and not used.

    `read_method` POST: what would be a query is sent as a JSON object.
    `text_lists`: what parts the texts of a list that is written as one text; None: lists are lists.
    """

    feeds_publicity: bool
    read_method: Literal["GET", "POST"] = "GET"
    text_lists: Annotated[str, Field(min_length=1, max_length=4)] | None = None
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
        same_keys("fields", self.fields, frozenset(PLATFORM_FIELDS))
        for kind, names in PLATFORM_FIELDS.items():
            same_keys(f"fields.{kind}", self.fields[kind], names)
            for field, name in self.fields[kind].items():
                if FLAT in ((name,) if isinstance(name, str) else name) and (kind, field) not in MAY_LIE_FLAT:
                    raise misplaced(f"fields.{kind}.{field}", "不能写作 .")
        return self

    def name(self, kind: str, field: str) -> str:
        """The platform's name of our `field` in rows of `kind`: the first one, which we write too."""
        names = self.fields[kind][field]
        return names if isinstance(names, str) else names[0]

    def value(self, kind: str, field: str, row: Mapping[str, object]) -> object:
        """What a row holds for our `field`: of several names the first that is not empty; None: nothing."""
        names = self.fields[kind][field]
        if isinstance(names, str):
            value = row if names == FLAT else row.get(names)
        else:
            value = next((row[n] for n in names if row.get(n) not in (None, "", [])), None)
        if self.text_lists is not None and isinstance(value, str) and field in TEXT_LISTS:
            return [text for part in value.split(self.text_lists) if (text := part.strip())]
        return value

    def listed(self, texts: tuple[str, ...]) -> list[str] | str:
        """A list of texts as the platform wants it. Raises DB-INPUT-040 if one holds what parts them."""
        if self.text_lists is None:
            return list(texts)
        if any(self.text_lists in text for text in texts):
            raise DrawbridgeError("DB-INPUT-040", detail=f"text_lists {self.text_lists}")
        return self.text_lists.join(texts)

    def ours(self, kind: str, row: Mapping[str, object]) -> dict[str, object]:
        """The whole row by our field names."""
        plain, others = self._plain[kind]
        get = row.get
        found: dict[str, object] = {field: get(name) for field, name in plain}
        for field in others:
            found[field] = self.value(kind, field, row)
        return found

    @cached_property
    def _plain(self) -> dict[str, tuple[list[tuple[str, str]], list[str]]]:
        """Of each kind of row the fields that one member holds as it is, with its name, and all others."""
        found = {}
        for kind, names in self.fields.items():
            plain = [
                (field, name)
                for field, name in names.items()
                if isinstance(name, str)
                and name != FLAT
                and (self.text_lists is None or field not in TEXT_LISTS)
            ]
            taken = {field for field, _ in plain}
            found[kind] = plain, [field for field in names if field not in taken]
        return found


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
                raise ValueError(f"必需的列 {name} 没有列名")
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

    @field_validator("spreadsheets", mode="before")
    @classmethod
    def _headings_are_there(cls, given: object) -> object:
        if isinstance(given, str):
            raise ValueError(f"没有名为 {given[:40]} 的自带接口配置")
        return given

    @model_validator(mode="after")
    def _code_tables_are_whole(self) -> Self:
        same_keys("codes", self.codes, frozenset(CODE_TABLES))
        for table, given in self.codes.items():
            members = CODE_TABLES[table]
            values = {str(member.value) for member in members or ()}
            for written, ours in given.items():
                if values and ours not in values:
                    raise misplaced(f"codes.{table}.{written}", NO_CODE.format(code=ours))
        return self

    def ours(self, table: str, theirs: object) -> str | None:
        """Our code for what a system or a sheet wrote, be it a number; None: the table does not know it."""
        if isinstance(theirs, int) and not isinstance(theirs, bool):
            theirs = str(theirs)
        return self.codes[table].get(theirs) if isinstance(theirs, str) else None

    def theirs(self, table: str, ours: str) -> str:
        """How the platform writes our code: the table's first entry. Raises DB-PROFILE-005 without one."""
        for text, code in self.codes[table].items():
            if code == ours:
                return text
        raise DrawbridgeError("DB-PROFILE-005", name=self.name, table=table, value=ours)


def load_profile(name_or_path: str | Path) -> Profile:
    """The profile of that name among those that ship, or of that path (with a `/`, or ending in .toml).

    Raises DrawbridgeError: DB-PROFILE-001 not there, -002 unreadable, -003 no TOML, -004 a member that is
    missing, unknown or wrong (the first is named by its line and place; `check_profile` lists all).
    """
    text = profile_text(name_or_path)
    document = _document(str(name_or_path), text)
    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        found = mistakes_of(error, document, text)
        first = found[0]
        raise DrawbridgeError(
            "DB-PROFILE-004",
            name=name_or_path,
            line=first.line,
            where=first.where,
            detail=first.what,
            count=len(found),
        ) from None


def check_profile(name_or_path: str | Path) -> tuple[Profile | None, list[Mistake]]:
    """The profile if it can be used, and everything that is wrong in its file, in the order of its lines.

    Raises DrawbridgeError DB-PROFILE-001 to -003.
    """
    text = profile_text(name_or_path)
    document = _document(str(name_or_path), text)
    try:
        return Profile.model_validate(document), []
    except ValidationError as error:
        return None, mistakes_of(error, document, text)


def profile_text(name_or_path: str | Path) -> str:
    """The text of a profile's file. Raises DrawbridgeError DB-PROFILE-001, -002."""
    text_path = str(name_or_path)
    if text_path.endswith(".toml") or "/" in text_path:
        source = Path(text_path)
    else:
        source = Path(str(files("connectors") / "profiles" / f"{text_path}.toml"))
    if not source.is_file():
        raise DrawbridgeError("DB-PROFILE-001", name=text_path, known="、".join(profile_names()))
    try:
        return source.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DrawbridgeError("DB-PROFILE-002", name=text_path, detail=type(error).__name__) from error


def _document(name: str, text: str) -> dict[str, Any]:
    """The tables of a profile; headings that are said to be another profile's are taken from there."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DrawbridgeError("DB-PROFILE-003", name=name, detail=str(error)) from error
    other = document.get("spreadsheets")
    if isinstance(other, str) and other in profile_names():
        document["spreadsheets"] = _document(other, profile_text(other)).get("spreadsheets")
    return document


def profile_names() -> list[str]:
    """Names of the profiles that ship, sorted."""
    folder = files("connectors") / "profiles"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))
