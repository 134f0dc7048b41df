"""Request signatures: HMAC (RFC 2104) or a plain digest over a text with the secret in it.

Digests: SM3 (GB/T 32905-2016, GM/T 0004-2012), SHA-256 (FIPS 180-4), and MD5 (RFC 1321) for gateways that ask
for nothing better; collisions of MD5 forge no text with an unknown secret, but what protects there is TLS.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from connectors.profile_signature import Hash, SignatureRule
from schemas.errors import DrawbridgeError

_HASHES: dict[str, type[hashes.SM3] | type[hashes.SHA256] | type[hashes.MD5]] = {
    "sm3": hashes.SM3,
    "sha256": hashes.SHA256,
    "md5": hashes.MD5,
}


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
    """Path with its query as it is sent and signed: sorted by name, then value; RFC 3986, a blank is %20.

    What a path brings along behind a `?` is sorted in.
    """
    path, _, fixed = path.partition("?")
    pairs = sorted([*parse_qsl(fixed, keep_blank_values=True), *query.items()])
    if not pairs:
        return path
    return path + "?" + "&".join(f"{quote(k, safe='-._~')}={quote(v, safe='-._~')}" for k, v in pairs)


def with_parameters(target: str, parameters: Mapping[str, str]) -> str:
    """A target with more parameters behind those that it has."""
    more = request_target("", parameters)[1:]
    return f"{target}{'&' if '?' in target else '?'}{more}"


def string_to_sign(
    rule: SignatureRule,
    method: str,
    target: str,
    timestamp: str,
    nonce: str,
    body: bytes,
    app_key: str = "",
    secret: str = "",
) -> bytes:
    """The bytes that the signature covers, in the order of the profile."""
    path, _, query = target.partition("?")
    values = {
        "method": method.encode(),
        "target": target.encode(),
        "path": path.encode(),
        "query": query.encode(),
        "timestamp": timestamp.encode(),
        "nonce": nonce.encode(),
        "app_key": app_key.encode(),
        "secret": secret.encode(),
        "body": body,
    }
    if "body_digest" in rule.parts:
        values["body_digest"] = digest_hex(rule.body_digest, body).encode()
    return rule.separator.encode().join(values[part] for part in rule.parts)


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
    """The headers of a request.

    `at_s`: seconds since 1970 as the other side's clock says; `nonce` is used once.
    """
    timestamp = rule.timestamp(at_s)
    data = string_to_sign(rule, method, target, timestamp, nonce, body, app_key, secret)
    signed = hmac_hex(rule.hash, secret.encode(), data) if rule.is_keyed else digest_hex(rule.hash, data)
    headers = {
        rule.app_key_header: app_key,
        rule.timestamp_header: timestamp,
        rule.signature_header: signed.upper() if rule.letters == "upper" else signed,
    }
    if rule.nonce_header is not None:
        headers[rule.nonce_header] = nonce
    return headers
