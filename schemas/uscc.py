"""The unified social credit code (统一社会信用代码), GB 32100-2015."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from schemas.errors import DrawbridgeError

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # digits and letters without I O S V Z
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
# What each character adds at each place: a look-up where millions of codes are checked.
_ADDS = tuple({c: value * weight % 31 for c, value in _VALUE.items()} for weight in _WEIGHTS)


@dataclass(frozen=True)
class NormalisedCode:
    """A valid code and the names of the repairs that made it so (empty: none)."""

    code: str
    repairs: tuple[str, ...]


def check_character(body: str) -> str:
    """The 18th character for the 17 before it (GB 32100-2015, 5.2: weights 3^i mod 31)."""
    total = sum([adds[character] for character, adds in zip(body, _ADDS, strict=True)])
    return ALPHABET[(31 - total % 31) % 31]


def is_valid(code: str) -> bool:
    """Whether `code` is 18 characters of the alphabet with a right check character."""
    try:
        return len(code) == 18 and check_character(code[:17]) == code[17]
    except KeyError:  # a character outside the alphabet
        return False


def normalise(raw: str | None) -> NormalisedCode:
    """Reads a code as people write it: blanks around it, full width and lower case are repaired.

    Nothing else is: a 15-digit registration number, a code that a spreadsheet turned into
    a number, a wrong length, letter or check character is refused, never padded or guessed.

    Raises DrawbridgeError: DB-CODE-001 empty, -002 fifteen digits, -003 a spreadsheet's number,
    -004 length, -005 character outside the alphabet, -006 check character.
    """
    text = raw or ""
    repairs: list[str] = []
    stripped = text.strip(" \t\r\n\u3000\u00a0\ufeff")
    if stripped != text:
        repairs.append("首尾空白")
    narrow = "".join(_half_width(character) for character in stripped)
    if narrow != stripped:
        repairs.append("全角字符")
    code = narrow.upper()
    if code != narrow:
        repairs.append("小写字母")
    if not code:
        raise DrawbridgeError("DB-CODE-001")
    if len(code) == 15 and code.isascii() and code.isdigit():
        raise DrawbridgeError("DB-CODE-002")
    if _is_spreadsheet_number(code):
        raise DrawbridgeError("DB-CODE-003")
    if len(code) != 18:
        raise DrawbridgeError("DB-CODE-004", length=len(code))
    wrong = next((position for position, c in enumerate(code, 1) if c not in _VALUE), None)
    if wrong is not None:
        raise DrawbridgeError("DB-CODE-005", position=wrong)
    if check_character(code[:17]) != code[17]:
        raise DrawbridgeError("DB-CODE-006")
    return NormalisedCode(code, tuple(repairs))


def is_market_entity(code: str) -> bool:
    """Whether the code belongs to a market entity (市场主体): registering department 9.

    Offices and institutions (机关, 事业单位) have codes that begin otherwise.
    """
    return code.startswith("9")


def _half_width(character: str) -> str:
    return unicodedata.normalize("NFKC", character) if "\uff01" <= character <= "\uff5e" else character


def _is_spreadsheet_number(code: str) -> bool:
    """9.1469E+17, 914690000000000000.0: digits are lost, and different firms collide."""
    if "E+" not in code and "." not in code:
        return False
    try:
        float(code)
    except ValueError:
        return False
    return True
