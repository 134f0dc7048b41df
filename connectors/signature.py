"""Request signatures: HMAC-SM3 (GB/T 32905-2016, GM/T 0004-2012) or HMAC-SHA256 (RFC 2104, FIPS 180-4)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from connectors.profile import SignatureRule
from schemas.errors import DrawbridgeError

Hash = Literal["sm3", "sha256"]

_HASHES: dict[str, type[hashes.SM3] | type[hashes.SHA256]] = {"sm3": hashes.SM3, "sha256": hashes.SHA256}


def digest_hex(name: Hash, data: bytes) -> str:
    """Lower-case hex digest. Raises DB-PROFILE-006 if neither library has the hash."""
    try:
        digest = hashes.Hash(_HASHES[name]())
        digest.update(data)
        return digest.finalize().hex()
    except UnsupportedAlgorithm:
        return hashlib.new(_available(name), data).hexdigest()


def hmac_hex(name: Hash, secret: bytes, data: bytes) -> str:
    """Lower-case hex HMAC. Raises DB-PROFILE-006 if neither library has the hash."""
    try:
        code = HMAC(secret, _HASHES[name]())
        code.update(data)
        return code.finalize().hex()
    except UnsupportedAlgorithm:
        return hmac.new(secret, data, _available(name)).hexdigest()


def _available(name: Hash) -> str:
    if name not in hashlib.algorithms_available:
        raise DrawbridgeError("DB-PROFILE-006", algorithm=name)
    return name


def request_target(path: str, query: Mapping[str, str]) -> str:
    """Path with its query as it is sent and signed: sorted by name, then value; RFC 3986, a blank is %20."""
    if not query:
        return path
    pairs = sorted(query.items())
    return path + "?" + "&".join(f"{quote(k, safe='-._~')}={quote(v, safe='-._~')}" for k, v in pairs)


def string_to_sign(
    rule: SignatureRule, method: str, target: str, timestamp: str, nonce: str, body: bytes, app_key: str = ""
) -> bytes:
    """The bytes that the signature covers, in the order of the profile."""
    values = {
        "method": method,
        "target": target,
        "timestamp": timestamp,
        "nonce": nonce,
        "app_key": app_key,
        "body_digest": digest_hex(rule.body_digest, body),
    }
    return rule.separator.join(values[part] for part in rule.parts).encode("utf-8")


def signed_headers(
    rule: SignatureRule,
    *,
    app_key: str,
    secret: str,
    method: str,
    target: str,
    body: bytes,
    at_s: float,
    nonce: str,
) -> dict[str, str]:
    """The four headers. `at_s`: seconds since 1970 as the other side's clock says; `nonce` is used once."""
    timestamp = str(int(at_s * 1000) if rule.timestamp_unit == "ms" else int(at_s))
    data = string_to_sign(rule, method, target, timestamp, nonce, body, app_key)
    name: Hash = "sm3" if rule.algorithm == "hmac-sm3" else "sha256"
    return {
        rule.app_key_header: app_key,
        rule.timestamp_header: timestamp,
        rule.nonce_header: nonce,
        rule.signature_header: hmac_hex(name, secret.encode("utf-8"), data),
    }
