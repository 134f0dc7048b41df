"""What may be written: ids, codes, names, values, ratios, times, digests (§1).

Everything is refused or left as it is, never converted: a verifier compares
bytes, and a character that looks like another one is another one.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from schemas.errors import DrawbridgeError

SPEC = "drawbridge-draw/1"
"""The name of this version; its ASCII bytes are the prefix of every hash label."""

ID_LIMIT_BYTES = 64
"""Longest object id and `uscc`, in UTF-8 bytes."""

RATIO_UNIT = 1_000_000
"""A ratio is a whole number of millionths: six decimals are the most it may have."""

# Controls, invisible formatting, surrogates, private use, unassigned, line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?", re.ASCII)
_RATIO = re.compile(r"(?:1|0\.[0-9]{1,6})", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}", re.ASCII)
_HEX64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
# CJK: unified ideographs with all extensions, compatibility ideographs, and 〇.
_DEPARTMENT = re.compile(r"[A-Za-z0-9_\-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]+")


def check_text(value: str, what: str) -> str:
    """The value itself, if it may stand as an id, code, name or value (§1).

    `what` names the field in the refusal.  Refuses empty text (DB-DRAW-001),
    white space at either end (002), text that is not NFC (003) and characters
    of the categories Cc, Cf, Cs, Co, Cn, Zl, Zp (004).
    """
    if _PLAIN.fullmatch(value):
        return value
    if not value:
        raise DrawbridgeError("DB-DRAW-001", what=what)
    for character in value:
        if unicodedata.category(character) in _REFUSED_CATEGORIES:
            raise DrawbridgeError("DB-DRAW-004", what=what, character=f"U+{ord(character):04X}")
    if value[0].isspace() or value[-1].isspace():
        raise DrawbridgeError("DB-DRAW-002", what=what)
    if not unicodedata.is_normalized("NFC", value):
        raise DrawbridgeError("DB-DRAW-003", what=what)
    return value


def check_object_id(value: str, what: str = "object_id") -> str:
    """The value itself, if it may stand as an object id or `uscc`: text of at most 64 bytes.

    Refuses like `check_text`, and longer ids with DB-DRAW-005.
    """
    check_text(value, what)
    length = len(value.encode())
    if length > ID_LIMIT_BYTES:
        raise DrawbridgeError("DB-DRAW-005", what=what, bytes=length, limit=ID_LIMIT_BYTES)
    return value


def check_department_code(value: str, what: str = "code") -> str:
    """The value itself, if it may stand in a file name: letters, digits, CJK, `-`, `_`.

    Refuses like `check_text`, and other characters with DB-DRAW-009.
    """
    check_text(value, what)
    if not _DEPARTMENT.fullmatch(value):
        raise DrawbridgeError("DB-DRAW-009", what=what, value=value)
    return value


def parse_ratio(value: str, what: str = "ratio") -> int:
    """A ratio in whole millionths, 1 to 1,000,000; exact, no float ever decides.

    Refuses anything but `1` or `0.` with one to six ASCII digits, and zero (DB-DRAW-006).
    """
    if not _RATIO.fullmatch(value):
        raise DrawbridgeError("DB-DRAW-006", what=what, value=ascii(value))
    millionths = RATIO_UNIT if value == "1" else int(value[2:].ljust(6, "0"))
    if millionths == 0:
        raise DrawbridgeError("DB-DRAW-006", what=what, value=ascii(value))
    return millionths


def parse_time(value: str, what: str) -> datetime:
    """A moment with its offset, written `YYYY-MM-DDThh:mm:ss±hh:mm`.

    Refuses other forms and days or hours that do not exist (DB-DRAW-007).
    """
    if not _TIME.fullmatch(value):
        raise DrawbridgeError("DB-DRAW-007", what=what, value=ascii(value))
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise DrawbridgeError("DB-DRAW-007", what=what, value=ascii(value)) from None


def check_hex64(value: str, what: str) -> str:
    """The value itself, if it is a digest or a salt: 64 lower-case hex digits (DB-DRAW-008)."""
    if not _HEX64.fullmatch(value):
        raise DrawbridgeError("DB-DRAW-008", what=what)
    return value


def check_sealed_value(value: str, what: str = "value") -> str:
    """The value itself, if a contributor may seal it: 64 lower-case hex digits (DB-DRAW-010).

    The refusal never repeats the value: it may still be a secret.
    """
    if not _HEX64.fullmatch(value):
        raise DrawbridgeError("DB-DRAW-010", what=what)
    return value
