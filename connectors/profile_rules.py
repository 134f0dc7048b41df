"""What both outside systems have in a profile: paths, limits, meanings of codes, what a write can do."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from connectors.profile_fields import PLACEHOLDERS
from connectors.protocols import Capability
from schemas.record import Record

Seconds = Annotated[float, Field(gt=0)]
Positive = Annotated[int, Field(ge=1)]


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
        raise ValueError("路径须以一个 / 开头，不写主机名")
    if "?" in path and not all("=" in pair for pair in path.partition("?")[2].split("&")):
        raise ValueError("? 后面须是 名称=值，以 & 隔开")
    return path


EndpointPath = Annotated[str, AfterValidator(_relative_path)]


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


class Endpoints(Record):
    """Paths that name just what is filled in (`PLACEHOLDERS`); a `?` begins fixed parameters."""

    @model_validator(mode="after")
    def _placeholders_fit(self) -> Self:
        for name, path in self.model_dump(exclude_none=True).items():
            wanted = PLACEHOLDERS.get(name)
            try:
                found = {part for _, part, _, _ in Formatter().parse(path) if part is not None}
            except ValueError:
                found = {"?"}
            if found != ({wanted} if wanted else set()):
                said = f"须有 {{{wanted}}}，且不能有别的花括号" if wanted else "不能有花括号"
                raise PydanticCustomError("profile_place", "{said}", {"where": name, "said": said})
        return self


def same_keys(where: str, given: Mapping[str, object], wanted: frozenset[str]) -> None:
    """Raises what `mistakes_of` takes apart again, so that all that is missing or unknown is said at once."""
    missing, unknown = sorted(wanted - set(given)), sorted(set(given) - wanted)
    if missing or unknown:
        raise PydanticCustomError(
            "profile_keys",
            "{where}: 缺少 {missing}，多出 {unknown}",
            {"where": where, "missing": missing, "unknown": unknown},
        )


def misplaced(where: str, said: str) -> PydanticCustomError:
    """One mistake at a dotted place below the model that raises it."""
    return PydanticCustomError("profile_place", "{said}", {"where": where, "said": said})
