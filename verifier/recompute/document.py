"""The bytes of a document: RFC 8785 canonical JSON, digests, the size limit.

Members are put in the order of RFC 8785 §3.2.3 (UTF-16 code units) while the text is parsed, so that writing
the parsed value gives its canonical bytes.  Numbers are whole, so that §3.2.2.3 has nothing to decide.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from schemas.errors import DrawbridgeError
from schemas.system_errors import problem
from verifier.recompute.table import Unfit

LIMIT = 64 * 1024 * 1024
"""Largest document that is read, in bytes."""

Document = Mapping[str, Any]
"""A parsed document whose form has been checked."""


def read_document(path: Path) -> bytes:
    """The bytes of a certificate or another document of the protocol.

    Refuses a file that cannot be read (DB-VERIFY-003) and one of more than 64 MiB, of which no more is read
    (DB-VERIFY-004).
    """
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as error:
        raise DrawbridgeError("DB-VERIFY-003", path=str(path), problem=problem(error, reading=True)) from None
    if len(data) > LIMIT:
        raise DrawbridgeError("DB-VERIFY-004", path=str(path), limit=LIMIT // 1024**2)
    return data


def digest(data: bytes) -> str:
    """SHA-256 as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a value made of whole numbers, text, lists and mappings."""
    return _written(_in_order(value))


def parse(data: bytes) -> Any:
    """The value of a document, members in canonical order.

    Raises Unfit if the bytes are not the one form of it.
    """
    if len(data) > LIMIT:
        raise Unfit(f"at most {LIMIT} bytes", f"{len(data)} bytes")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_members,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
        again = _written(value)
    except UnicodeDecodeError as error:
        raise Unfit("UTF-8", f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise Unfit("JSON", f"{error.msg} at line {error.lineno} column {error.colno}") from None
    except UnicodeEncodeError:
        raise Unfit("whole characters", "half of a surrogate pair") from None
    except (ValueError, RecursionError) as error:
        raise Unfit("whole numbers, few levels", error) from None
    if again != data:
        place = next(
            (i for i, (one, other) in enumerate(zip(again, data, strict=False)) if one != other), len(again)
        )
        raise Unfit("canonical JSON (RFC 8785)", f"another form from byte {place} on")
    return value


def _utf16(member: str) -> bytes:
    return member.encode("utf-16-be", "surrogatepass")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(sorted(pairs, key=lambda pair: _utf16(pair[0])))
    if len(members) != len(pairs):
        raise Unfit("each member once", "a member twice")
    return members


def _in_order(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _in_order(value[name]) for name in sorted(value, key=_utf16)}
    if isinstance(value, list | tuple):
        return [_in_order(one) for one in value]
    return value


def _no_number(written: str) -> NoReturn:
    raise Unfit("whole numbers", written[:40])


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
