"""Documents are exactly the RFC 8785 bytes of their JSON (§1).

`canonical` writes them; `parse_document` reads them and refuses whatever would
come out differently if it were written again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import rfc8785

from schemas.errors import DrawbridgeError

Source = Path | bytes
"""A file, or the bytes that would stand in it."""


def canonical(document: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value, without a final line feed."""
    return rfc8785.dumps(document)


def digest(data: bytes) -> str:
    """SHA-256 of the bytes, as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def read_source(source: Source, name: str) -> bytes:
    """The bytes of a file or the bytes themselves; refuses what cannot be read (DB-DRAW-028)."""
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise DrawbridgeError("DB-DRAW-028", name=name, path=str(source), problem=error.strerror) from None


def parse_json(data: bytes, name: str) -> Any:
    """A JSON value, strictly: UTF-8 (DB-DRAW-020), well formed (021), no member twice (022).

    `NaN`, `Infinity` and a byte order mark are refused as not well formed.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DrawbridgeError("DB-DRAW-020", name=name, position=error.start + 1) from None

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for member, value in pairs:
            if member in members:
                raise DrawbridgeError("DB-DRAW-022", name=name, member=ascii(member)[1:-1])
            members[member] = value
        return members

    def never(constant: str) -> Any:
        raise ValueError(constant)

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=never)
    except json.JSONDecodeError as error:
        raise DrawbridgeError("DB-DRAW-021", name=name, line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        raise DrawbridgeError("DB-DRAW-021", name=name, line=1, column=1) from None


def parse_document(data: bytes, name: str) -> Any:
    """The JSON value of a document of the protocol.

    Refuses like `parse_json`, and bytes that are not the canonical ones,
    a final line feed included (DB-DRAW-026).
    """
    document = parse_json(data, name)
    try:
        again = canonical(document)
    except (rfc8785.CanonicalizationError, RecursionError):
        raise DrawbridgeError("DB-DRAW-026", name=name) from None
    if again != data:
        raise DrawbridgeError("DB-DRAW-026", name=name)
    return document
