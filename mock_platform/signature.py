"""Request signatures: the contract's, HMAC-SM3 (GB/T 32905-2016), and whatever a dialect asks for instead."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mock_platform.refusal import Refusal, require

WINDOW_S = 300
_NONCE = re.compile(r"[A-Za-z0-9-]{16,64}")


def signed_target(target: str) -> str:
    """Path and query as they are signed: parameters sorted by name, then value, encoded as sent."""
    path, _, query = target.partition("?")
    if not query:
        return path
    pairs = sorted(tuple(part.partition("=")[::2]) for part in query.split("&"))
    return path + "?" + "&".join(f"{name}={value}" for name, value in pairs)


def signature(secret: bytes, method: str, target: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Lower-case hex HMAC-SM3 of the contract's string to sign."""
    digest = hashlib.new("sm3", body).hexdigest()
    text = "\n".join([method, signed_target(target), timestamp, nonce, digest])
    return hmac.new(secret, text.encode("utf-8"), "sm3").hexdigest()


@dataclass(frozen=True)
class Scheme:
    """How requests are signed. `headers`: of key, time, nonce and signature, in lower case.

    `moment`: the time's header as seconds since 1970; raises ValueError.  `sign` takes key, secret, method,
    target, time and nonce as sent, and the body.
    """

    headers: tuple[str, str, str, str]
    moment: Callable[[str], float]
    sign: Callable[[str, bytes, str, str, str, str, bytes], str]


def _milliseconds(text: str) -> float:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise ValueError(text)
    return int(text) / 1000


CONTRACT = Scheme(
    ("x-app-key", "x-timestamp", "x-nonce", "x-signature"),
    _milliseconds,
    lambda _, secret, method, target, timestamp, nonce, body: signature(
        secret, method, target, timestamp, nonce, body
    ),
)


class Gate:
    """Lets requests in: key, timestamp within ±300 s of wall time, each nonce once, signature.

    `nonces` maps what was seen to its wall time in seconds; `fresh`: those not kept in the state yet.
    """

    def __init__(self, key: str, secret: str, scheme: Scheme = CONTRACT) -> None:
        self.key, self._secret, self._scheme = key, secret.encode("utf-8"), scheme
        self.nonces: dict[str, float] = {}
        self.fresh: list[str] = []
        self._swept = 0.0

    def admit(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, now: float | None = None
    ) -> None:
        """Raises Refusal 41 for whatever is wrong with the four headers. `now`: seconds since 1970."""
        key, timestamp, nonce, given = (headers.get(name, "") for name in self._scheme.headers)
        require(all((key, timestamp, nonce, given)), "缺少签名头", "41")
        require(key == self.key, "应用标识未登记", "41")
        try:
            at = self._scheme.moment(timestamp)
        except ValueError:
            raise Refusal("41", "时间戳格式不对") from None
        now = time.time() if now is None else now
        require(abs(now - at) <= WINDOW_S, "时间戳超出允许的范围", "41")
        require(_NONCE.fullmatch(nonce) is not None, "随机串格式不对", "41")
        wanted = self._scheme.sign(key, self._secret, method, target, timestamp, nonce, body)
        require(hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")), "签名不符", "41")
        self._sweep(now)
        if nonce in self.nonces:
            raise Refusal("41", "随机串已使用过")
        self.nonces[nonce] = now
        self.fresh.append(nonce)

    def _sweep(self, now: float) -> None:
        if now - self._swept > WINDOW_S:
            self._swept = now
            self.nonces = {nonce: at for nonce, at in self.nonces.items() if now - at <= 2 * WINDOW_S}
