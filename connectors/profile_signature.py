"""How requests are signed, as a profile says it: what is covered, by which algorithm, in which headers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from schemas.record import Record

Hash = Literal["sm3", "sha256", "md5"]
Part = Literal[
    "method", "target", "path", "query", "timestamp", "nonce", "body", "body_digest", "app_key", "secret"
]


class SignatureRule(Record):
    """How requests are signed. `window_s`: how far the other side lets the clocks differ.

    An `hmac-…` algorithm is keyed with the secret; any other one is the plain digest of a text that holds
    the secret among its `parts`, as older gateways want it.  `place` query: key, time, nonce and signature
    are parameters by the names of their headers, and the signature covers the target without them.
    """

    algorithm: Literal["hmac-sm3", "hmac-sha256", "hmac-md5", "sm3", "sha256", "md5"]
    body_digest: Hash
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    separator: str
    letters: Literal["lower", "upper"] = "lower"
    place: Literal["headers", "query"] = "headers"
    app_key_header: str
    timestamp_header: str
    nonce_header: str | None = None
    signature_header: str
    timestamp_unit: Literal["ms", "s", "text"]
    timestamp_format: str | None = None
    timestamp_zone: str = "Asia/Shanghai"
    window_s: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.is_keyed == ("secret" in self.parts):
            raise ValueError("hmac 算法的 parts 不写 secret，其他算法的 parts 须有 secret")
        if ("nonce" in self.parts) != (self.nonce_header is not None):
            raise ValueError("parts 中的 nonce 与 nonce_header 须同时有或同时没有")
        if "timestamp" not in self.parts:
            raise ValueError("parts 须有 timestamp，否则截获的请求可以重放")
        if (self.timestamp_unit == "text") != (self.timestamp_format is not None):
            raise ValueError("timestamp_unit 为 text 时须有 timestamp_format，否则不写")
        names = [n.lower() for n in self.headers if n is not None]
        if len(set(names)) != len(names):
            raise ValueError("各个请求头（参数）的名称不能相同")
        return self

    @property
    def is_keyed(self) -> bool:
        """Whether the secret is the key of an HMAC and not part of the text."""
        return self.algorithm.startswith("hmac-")

    @property
    def hash(self) -> Hash:
        """The digest algorithm that the signature is made with."""
        names: dict[str, Hash] = {"sm3": "sm3", "sha256": "sha256", "md5": "md5"}
        return names[self.algorithm.removeprefix("hmac-")]

    @property
    def headers(self) -> tuple[str | None, ...]:
        """The names of the headers, of key, time, nonce and signature."""
        return self.app_key_header, self.timestamp_header, self.nonce_header, self.signature_header

    def timestamp(self, at_s: float) -> str:
        """A moment (seconds since 1970) as the header holds it."""
        if self.timestamp_format is not None:
            return datetime.fromtimestamp(at_s, ZoneInfo(self.timestamp_zone)).strftime(self.timestamp_format)
        return str(int(at_s * 1000) if self.timestamp_unit == "ms" else int(at_s))
