"""The unified social credit code, GB 32100-2015, written for the mock alone (a second implementation)."""

from __future__ import annotations

import random
import unicodedata

_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def last_character(first_17: str) -> str:
    """Check character: weights 1, 3, 9 … modulo 31."""
    total, weight = 0, 1
    for letter in first_17:
        total += _LETTERS.index(letter) * weight
        weight = weight * 3 % 31
    return _LETTERS[-total % 31]


def is_right(code: str) -> bool:
    """Whether all 18 characters are of the alphabet and the last one fits."""
    return len(code) == 18 and all(c in _LETTERS for c in code) and code[17] == last_character(code[:17])


def make(rng: random.Random, kind: str, division: str) -> str:
    """A valid code that begins with `kind` (registering department and class) and a division."""
    body = kind + division + "".join(rng.choice(_LETTERS) for _ in range(9))
    return body + last_character(body)


def as_meant(raw: str | None) -> str:
    """A code without what typing does to it: blanks around, full width, lower case."""
    text = "".join(
        unicodedata.normalize("NFKC", c) if "\uff01" <= c <= "\uff5e" else c
        for c in (raw or "").strip(" \t\r\n\u3000\xa0\ufeff")
    )
    return text.upper()


def same_name(one: str | None, other: str | None) -> bool:
    """Whether two names differ in blanks around them at most."""
    return (one or "").strip(" \t\r\n\u3000\xa0") == (other or "").strip(" \t\r\n\u3000\xa0")
