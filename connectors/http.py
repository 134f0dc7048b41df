"""The one HTTP client: signed, limited, to one host only.

It follows no redirect, takes no proxy or certificate setting from the environment, verifies TLS
always, ends every exchange at a total deadline and reads no more than a capped number of bytes
after decompression.  `Date` headers tell how far the other clock is from ours; signed timestamps
are corrected by it.

Reads are tried again where the table of faults allows; a write is one attempt, whatever happens.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential, wait_random

from connectors import deadline
from connectors.faults import Fault, as_read_error, as_write_error
from connectors.pacing import TokenBucket, retry_after_s
from connectors.profile_rules import Limits
from connectors.profile_signature import SignatureRule
from connectors.signature import request_target, signed_headers, with_parameters
from schemas.errors import DrawbridgeError

T = TypeVar("T")

for _noisy in ("httpx", "httpcore"):
    logging.getLogger(_noisy).setLevel(logging.WARNING)
log = logging.getLogger(__name__)

SKEW_ALARM_S = 60.0
_LONGEST_TURN_S = 10.0  # who ends a run waits for it
_SKEW_NOISE_S = 2.0  # Date has whole seconds, and the way back takes time
_PACED = frozenset({"throttled", "unavailable"})
_SAYS_NOTHING = frozenset({"unknown_code", "status", "unreadable", "drift"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Answer:
    """What came back: decompressed bytes, at most the cap."""

    status: int
    content_type: str
    body: bytes


class Client:
    """One outside system over HTTP. `area` is the middle part of its error codes. Thread-safe; close it.

    Raises DrawbridgeError DB-`area`-026 for a base URL that is none, carries a password, or is not HTTPS
    (loopback excepted); -028 if the file of the certification authority cannot be used.
    """

    def __init__(
        self,
        *,
        area: str,
        base_url: str,
        app_key: str,
        app_secret: SecretStr | str,
        rule: SignatureRule,
        limits: Limits,
        ca_file: Path | None = None,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.area = area
        self._origin, self._prefix = _split_base(area, base_url)
        self._app_key = app_key
        self._secret = app_secret if isinstance(app_secret, SecretStr) else SecretStr(app_secret)
        self._rule, self._limits, self._wall, self._sleep = rule, limits, wall, sleep
        self._bucket = TokenBucket(limits.requests_per_s, limits.burst, monotonic, sleep)
        # A write waits for its turn among as many as may be sent side by side; a longer wait is the caller's.
        self._own_turn_s = min(_LONGEST_TURN_S, 1.0 + limits.concurrency / limits.requests_per_s)
        self._slots = threading.BoundedSemaphore(limits.concurrency)
        self._skew_s = 0.0
        pool = httpx.Limits(
            max_connections=limits.concurrency,
            max_keepalive_connections=limits.concurrency,
            keepalive_expiry=5,
        )
        # The transport alone: what httpx.Client puts round it (redirects, cookies, log-in, settings from the
        # environment) is what must not happen here, and it is a good part of what a request costs.
        self._http = deadline.DeadlineTransport(_tls(area, ca_file), pool)
        self._timeout = httpx.Timeout(
            connect=limits.connect_s, read=limits.read_s, write=limits.write_s, pool=limits.total_s
        ).as_dict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    @property
    def clock_skew_s(self) -> float:
        """Their wall clock minus ours, by the last `Date` header; 0 before any."""
        return self._skew_s

    def read(
        self,
        path: str,
        query: Mapping[str, str],
        interpret: Callable[[Answer], T],
        accept: str = "application/json",
        method: Literal["GET", "POST"] = "GET",
    ) -> T:
        """A question, tried again within the limits; `interpret` may raise Fault too. POST: `query` is JSON.

        Raises SystemUnreachable when the attempts are used up, NotFound, or DrawbridgeError for a refusal.
        """
        target = request_target(self._prefix + path, query if method == "GET" else {})
        body = b"" if method == "GET" else json.dumps(dict(query), separators=(",", ":")).encode()
        kind = None if method == "GET" else "application/json"
        limits = self._limits
        backoff = wait_exponential(limits.backoff_s, limits.backoff_cap_s) + wait_random(0, limits.backoff_s)

        def wait_s(state: RetryCallState) -> float:
            asked = _fault_of(state).retry_after_s
            return max(backoff(state), asked or 0.0)

        paced = 0

        def enough(state: RetryCallState) -> bool:
            nonlocal paced
            # Being asked to wait is no failure: patience ends it, not the number of attempts.
            paced += _fault_of(state).name in _PACED
            if state.attempt_number - paced >= limits.attempts:
                return True
            # A refused signature is worth one more try: the first answer told their clock.
            if _fault_of(state).name == "signature" and state.attempt_number >= 2:
                return True
            return state.idle_for + state.upcoming_sleep > limits.patience_s

        retrying = Retrying(
            stop=enough,
            wait=wait_s,
            retry=retry_if_exception(lambda error: isinstance(error, Fault) and error.kind.retryable),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(
                lambda: interpret(self._attempt(method, target, body, kind, accept, limits.patience_s))
            )
        except Fault as fault:
            raise as_read_error(self.area, fault, path) from None

    def write(self, path: str, body: bytes, content_type: str, interpret: Callable[[Answer], T]) -> T:
        """POST, once. Raises NotSent, Refused or Ambiguous, as the table of faults says."""
        target = request_target(self._prefix + path, {})
        try:
            answer = self._attempt(
                "POST", target, body, content_type, content_type.split(";")[0], self._own_turn_s
            )
            return _interpreted(answer, interpret)
        except Fault as fault:
            raise as_write_error(self.area, fault, path) from None

    def own_path(self, url: str) -> str:
        """Path and query of a link that an answer gave, if it leads to this very system.

        Raises DrawbridgeError DB-`area`-027 for another host, scheme or port.
        """
        parts = urlsplit(url)
        elsewhere = _origin_of(parts.scheme, parts.hostname, parts.port) != self._origin
        if (parts.scheme or parts.netloc) and elsewhere:
            raise DrawbridgeError(f"DB-{self.area}-027")
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        if not path.startswith("/") or path.startswith("//") or "\\" in path:
            raise DrawbridgeError(f"DB-{self.area}-027")
        return path.removeprefix(self._prefix) if self._prefix else path

    def _attempt(
        self, method: str, target: str, body: bytes, content_type: str | None, accept: str, patience_s: float
    ) -> Answer:
        missing = self._bucket.take(patience_s)
        if missing is not None:
            raise Fault("throttled", retry_after_s=missing)
        with self._slots, deadline.total_deadline(self._limits.total_s):
            began = self._wall()
            headers = signed_headers(
                self._rule,
                app_key=self._app_key,
                secret=self._secret.get_secret_value(),
                method=method,
                target=target,
                body=body,
                at_s=began + (self._skew_s if abs(self._skew_s) > _SKEW_NOISE_S else 0.0),
                nonce=secrets.token_hex(16),
            )
            if self._rule.place == "query":
                target, headers = with_parameters(target, headers), {}
            headers |= {"Accept": accept, "Accept-Encoding": "gzip", "User-Agent": "drawbridge"}
            if content_type is not None:
                headers["Content-Type"] = content_type
            try:
                return self._exchange(method, target, body, headers, began)
            except httpx.HTTPError as error:
                raise _fault_of_transport(error) from None

    def _exchange(
        self, method: str, target: str, body: bytes, headers: dict[str, str], began: float
    ) -> Answer:
        request = httpx.Request(
            method,
            _url(self._origin, target),
            headers=headers,
            content=body or None,
            extensions={"timeout": self._timeout},
        )
        with contextlib.closing(self._http.handle_request(request)) as response:
            self._measure_skew(response.headers.get("Date"), began)
            self._refuse_by_status(response)
            data = _read_capped(response, self._limits.decoded_bytes)
        return Answer(response.status_code, response.headers.get("Content-Type", ""), data)

    def _refuse_by_status(self, response: httpx.Response) -> None:
        """Statuses that decide without a look at the body; the body of other ones says more."""
        status = response.status_code
        asked = retry_after_s(
            response.headers.get("Retry-After"),
            self._wall() + self._skew_s,
            self._limits.retry_after_floor_s,
            self._limits.retry_after_cap_s,
        )
        if status == 429 or (status == 503 and asked is not None):
            if asked is not None:
                self._bucket.hold(asked)
            raise Fault("throttled" if status == 429 else "unavailable", retry_after_s=asked)
        if status == 401:  # nobody executes what nobody has let in
            raise Fault("signature", answer_code="401", answer_text="")
        if status >= 500:
            raise Fault("server_error", status=status)
        if 300 <= status < 400 or status < 200:
            raise Fault("redirect", status=status)

    def _measure_skew(self, header: str | None, began: float) -> None:
        if header is None:
            return
        now = self._wall()
        try:
            theirs = parsedate_to_datetime(header).timestamp() + 0.5
        except (TypeError, ValueError, OverflowError):
            return
        skew = theirs - (began + now) / 2
        if abs(skew) > SKEW_ALARM_S and abs(skew - self._skew_s) > SKEW_ALARM_S:
            log.warning("%s: their clock differs from ours by %.0f s", self.area, skew)
        self._skew_s = skew


def _interpreted(answer: Answer, interpret: Callable[[Answer], T]) -> T:
    """What a write's answer means; where the body does not say it, the status does as with other systems
    that take a key for repetitions (draft-ietf-httpapi-idempotency-key-header, section 2.7)."""
    try:
        return interpret(answer)
    except Fault as fault:
        if fault.name in _SAYS_NOTHING and answer.status == 409:
            raise Fault("in_flight") from None
        if fault.name in _SAYS_NOTHING and answer.status == 422:
            raise Fault("duplicate", answer_code="422", answer_text="") from None
        raise


def _fault_of(state: RetryCallState) -> Fault:
    error = None if state.outcome is None else state.outcome.exception()
    if not isinstance(error, Fault):
        raise TypeError("a retry without a fault")
    return error


def _fault_of_transport(error: httpx.HTTPError) -> Fault:
    """What never reached the other side is known not to be executed; anything later is not."""
    if isinstance(error, httpx.ConnectError):
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                return Fault("tls", detail=getattr(cause, "verify_message", None) or cause.reason or "TLS")
            cause = cause.__cause__ or cause.__context__
        return Fault("connect")
    if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
        return Fault("connect")
    if isinstance(error, httpx.TimeoutException) or deadline.passed():
        return Fault("timeout")
    return Fault("broken", detail=type(error).__name__)


def _read_capped(response: httpx.Response, cap: int) -> bytes:
    """The decompressed body; never holds more than `cap` bytes and one buffer."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise Fault("unreadable", detail=f"Content-Encoding {encoding[:20]}")
    inflate = None
    if encoding in ("gzip", "x-gzip", "deflate"):
        inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its header
    body = bytearray()
    for part in response.iter_raw():
        try:
            while part:
                body += inflate.decompress(part, cap + 1 - len(body)) if inflate else part
                if len(body) > cap:
                    raise Fault("too_large", cap=cap)
                part = inflate.unconsumed_tail if inflate else b""
        except zlib.error:
            raise Fault("unreadable", detail="gzip") from None
    if inflate and not inflate.eof:
        raise Fault("broken", detail="gzip")
    return bytes(body)


def _tls(area: str, ca_file: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise DrawbridgeError(f"DB-{area}-028", path=ca_file, detail=type(error).__name__) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


Origin = tuple[str, str, int]


@lru_cache(maxsize=64)
def _url(origin: Origin, target: str) -> httpx.URL:
    scheme, host, port = origin
    return httpx.URL(scheme=scheme, host=host, port=port, raw_path=target.encode("ascii"))


def _origin_of(scheme: str, host: str | None, port: int | None) -> Origin:
    return (scheme, (host or "").lower(), port or {"https": 443, "http": 80}.get(scheme, 0))


def _split_base(area: str, base_url: str) -> tuple[Origin, str]:
    code = f"DB-{area}-026"
    try:
        parts = urlsplit(base_url.strip())
        origin = _origin_of(parts.scheme, parts.hostname, parts.port)
    except ValueError:
        raise DrawbridgeError(code) from None
    if (
        parts.scheme not in ("http", "https")
        or not origin[1]
        or parts.username
        or parts.query
        or parts.fragment
    ):
        raise DrawbridgeError(code)
    if parts.scheme == "http" and origin[1] not in _LOOPBACK:
        raise DrawbridgeError(code)
    return origin, parts.path.rstrip("/")
