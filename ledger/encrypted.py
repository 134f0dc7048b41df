"""Bytes that the ledger holds sealed: of no use to whoever has it, or a backup of it, without the key.

AES-256-GCM (NIST SP 800-38D) with a nonce of its own for each value.  What is authenticated along with it is
the place, `table.column/row`, so that a sealed value moved to another row does not open there.  Keys have
names; the first of the file seals, all of them open, and what was sealed by an older one, or not at all, is
sealed anew when it is next written.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import DrawbridgeError

KEY_BYTES = 32
_NONCE_BYTES = 12
_MARK = b"\x00sealed1"
_LINE = re.compile(r"([A-Za-z0-9_-]{1,40})\s+(\S+)")


@dataclass(frozen=True)
class Keys:
    """Keys by name, the one that seals first; without any, what is sealed here stays as it is."""

    by_name: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def seal(self, place: str, plain: bytes) -> bytes:
        """The value for `place`, sealed by the first key; as it is without keys."""
        if not self.by_name:
            return plain
        name, key = next(iter(self.by_name.items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, plain, place.encode())
        return _MARK + bytes([len(name)]) + name.encode("ascii") + nonce + sealed

    def unseal(self, place: str, stored: bytes) -> bytes:
        """What was sealed; a value that was not sealed as it is.

        Raises DrawbridgeError DB-APPROVER-021 if its key is not there, or if it was changed or moved.
        """
        if not stored.startswith(_MARK):
            return stored
        name, rest = _parts(stored)
        key = self.by_name.get(name)
        if key is None:
            raise DrawbridgeError("DB-APPROVER-021", key=name)
        try:
            return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise DrawbridgeError("DB-APPROVER-021", key=name) from None

    def is_current(self, stored: bytes) -> bool:
        """Whether a value is as `seal` would leave it now."""
        if not self.by_name:
            return True
        return stored.startswith(_MARK) and _parts(stored)[0] == next(iter(self.by_name))


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


def _parts(stored: bytes) -> tuple[str, bytes]:
    start = len(_MARK) + 1
    end = start + stored[len(_MARK)]
    return stored[start:end].decode("ascii", "replace"), stored[end:]
