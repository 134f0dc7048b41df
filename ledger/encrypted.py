"""Bytes that the ledger holds sealed: of no use to whoever has it, or a backup of it, without the key.

AES-256-GCM (NIST SP 800-38D) with a nonce of its own for each value.  What is authenticated along with it is
the place: `table.column`, of approvers' secrets `/row` too, so that a sealed value moved elsewhere does not
open there.  Keys have names; the first of the file seals, all of them open, and what was sealed by an older
one, or not at all, is sealed anew when it is next written (all at once: `ledger.sealing`).
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import DrawbridgeError

KEY_BYTES = 32
_NONCE_BYTES = 12
_MARK = b"\x00sealed1"
_TEXT_MARK = "sealed:"  # no JSON text begins so (RFC 8259 §2)
_LINE = re.compile(r"([A-Za-z0-9_-]{1,40})\s+(\S+)")


@dataclass(frozen=True)
class Keys:
    """Keys by name, the one that seals first; without any, what is sealed here stays as it is."""

    by_name: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @cached_property
    def _ciphers(self) -> dict[str, AESGCM]:
        return {name: AESGCM(key) for name, key in self.by_name.items()}

    def seal(self, place: str, plain: bytes) -> bytes:
        """The value for `place`, sealed by the first key; as it is without keys."""
        if not self.by_name:
            return plain
        name, cipher = next(iter(self._ciphers.items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = cipher.encrypt(nonce, plain, place.encode())
        return _MARK + bytes([len(name)]) + name.encode("ascii") + nonce + sealed

    def unseal(self, place: str, stored: bytes, code: str = "DB-APPROVER-021") -> bytes:
        """What was sealed; a value that was not sealed as it is.

        Raises DrawbridgeError, by `code`, if its key is not there, or if it was changed or moved.
        """
        if not stored.startswith(_MARK):
            return stored
        name, rest = _parts(stored)
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise DrawbridgeError(code, key=name)
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise DrawbridgeError(code, key=name) from None

    def is_current(self, stored: bytes) -> bool:
        """Whether a value is as `seal` would leave it now."""
        if not self.by_name:
            return True
        return stored.startswith(_MARK) and _parts(stored)[0] == next(iter(self.by_name))

    def seal_text(self, place: str, plain: str) -> str:
        """As `seal`, for a column of text: what is sealed stands there as `sealed:` and base64."""
        if not self.by_name:
            return plain
        return _TEXT_MARK + base64.b64encode(self.seal(place, plain.encode())).decode("ascii")

    def unseal_text(self, place: str, stored: str, code: str = "DB-APPROVER-021") -> str:
        """As `unseal`, for a column of text."""
        if not stored.startswith(_TEXT_MARK):
            return stored
        return self.unseal(place, _bytes_of(stored), code).decode()

    def is_current_text(self, stored: str) -> bool:
        """As `is_current`, for a column of text."""
        if not self.by_name:
            return True
        return stored.startswith(_TEXT_MARK) and self.is_current(_bytes_of(stored))


NO_KEYS = Keys()


def read_keys(path: Path | None) -> Keys:
    """The keys of a file: a name and 32 bytes in base64 a line, `#` before a remark. None: no keys.

    Raises DrawbridgeError DB-APPROVER-020 if it cannot be read or is no such file; nothing of it is quoted.
    """
    if path is None:
        return NO_KEYS
    found: dict[str, bytes] = {}
    try:
        for line in path.read_text("ascii").splitlines():
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            match = _LINE.fullmatch(line.strip())
            key = base64.b64decode(match[2], validate=True) if match else b""
            if match is None or len(key) != KEY_BYTES or match[1] in found:
                raise DrawbridgeError("DB-APPROVER-020", path=path)
            found[match[1]] = key
    except (OSError, UnicodeDecodeError, binascii.Error):
        raise DrawbridgeError("DB-APPROVER-020", path=path) from None
    if not found:
        raise DrawbridgeError("DB-APPROVER-020", path=path)
    return Keys(found)


def _bytes_of(stored: str) -> bytes:
    """The sealed bytes in a sealed text; of one that was changed, bytes that do not open."""
    try:
        found = binascii.a2b_base64(stored[len(_TEXT_MARK) :], strict_mode=True)
    except ValueError:
        found = b""
    return found if found.startswith(_MARK) and len(found) > len(_MARK) else _MARK + b"\x00"


def _parts(stored: bytes) -> tuple[str, bytes]:
    start = len(_MARK) + 1
    end = start + sum(stored[len(_MARK) : start])  # one byte, or none of what was cut off
    return stored[start:end].decode("ascii", "replace"), stored[end:]
