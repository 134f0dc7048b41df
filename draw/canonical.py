"""Documents are exactly the RFC 8785 bytes of their JSON (§1).

`canonical` writes them; `parse_document` reads them and refuses whatever would
come out differently if it were written again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import rfc8785

from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

Source = Path | bytes
"""A file, or the bytes that would stand in it."""


DOCUMENT_LIMIT_BYTES = 64 << 20
"""No document of the protocol is larger; lists have no limit."""

_EXACT = (1 << 53) - 1  # the largest whole number that every JSON reader keeps


def canonical(document: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value, without a final line feed."""
    if _is_plain(document):
        try:
            return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        except UnicodeEncodeError:  # half a character, which the other writer refuses by its own error
            pass
    return rfc8785.dumps(document)


def _is_plain(value: Any) -> bool:
    """Whether the standard library writes the same bytes, which it does much faster.

    It does where nothing is a float or beyond 2^53, and where member names sort alike by code
    point and by UTF-16 unit, which they do below U+D800.
    """
    if isinstance(value, dict):
        for name in value:
            if type(name) is not str or not (name.isascii() or max(name) < "\ud800"):
                return False
        return _are_plain(value.values())
    if isinstance(value, list | tuple):
        return _are_plain(value)
    return (
        value is None or isinstance(value, str | bool) or (type(value) is int and -_EXACT <= value <= _EXACT)
    )


def _are_plain(values: Iterable[Any]) -> bool:
    """Of many; texts are passed over without a call, since nearly all of a certificate is texts."""
    return not any(type(value) is not str and not _is_plain(value) for value in values)


def digest(data: bytes) -> str:
    """SHA-256 of the bytes, as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def read_source(source: Source, name: str) -> bytes:
    """The bytes of a document, or of the file that holds it.

    Refuses what cannot be read (DB-DRAW-028) and, without reading it to its end, what is larger than
    any document of the protocol (090).
    """
    if isinstance(source, bytes):
        data = source
    else:
        try:
            with source.open("rb") as file:
                data = file.read(DOCUMENT_LIMIT_BYTES + 1)
        except OSError as error:
            raise DrawbridgeError(
                "DB-DRAW-028", name=name, path=str(source), problem=problem(error, reading=True)
            ) from None
    if len(data) > DOCUMENT_LIMIT_BYTES:
        raise DrawbridgeError("DB-DRAW-090", name=name, limit=DOCUMENT_LIMIT_BYTES >> 20)
    return data


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
