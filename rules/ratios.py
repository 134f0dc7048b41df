"""Ratios, numbers and frequencies as people write them in plans (domain reference R6-ex).

What can be read in one way only is read; anything else is refused with what may stand there.
No float takes part: `2.5%` is the decimal fraction `0.025`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from schemas.campaign import Ratio
from schemas.errors import DrawbridgeError

# Signs with one meaning, after full width has become half width (NFKC) and blanks are gone.
_SAME = str.maketrans({"≥": ">=", "≧": ">=", "；": ";", "，": ",", "、": ",", "。": "", "〉": ">", "＝": "="})

_AT_LEAST = r"(?P<at_least>各?不低于|各?不少于|各?不小于|至少|>=|=>)?"
_NUMBER = r"(?P<number>[0-9]{1,7}(\.[0-9]{1,9})?)"
_COUNT = r"(?P<count>[0-9]{1,7})"

_CHINESE_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2}

Reading = dict[str, object]


def parse_ratio(raw: str | None) -> Ratio:
    """What a written ratio says; `raw` is kept as it stands.

    A blank says nothing (all members None).  Understood, alone or joined by a comma, a
    semicolon or brackets: a share (`5%`, `≥20%`, `不低于10%`, `各不低于3%`, `百分之十`, `5‰`,
    `0.1`), a number of objects (`7户`, `不少于20户`), inspections a year (`=1`, `>=1`,
    `3次/年`, `每年2次`, `不少于4次`).  A remark in brackets after a number of objects is left
    in `raw` (`1户(实际以…为准。)`).

    Raises DrawbridgeError DB-RATIO-001 unreadable (`一成`, `5%-10%`, `1`), -002 a share that is
    0 or more than 1, -003 a share finer than six decimals, -004 the same thing said twice.
    """
    text = raw or ""
    said: Reading = {}
    for part in _parts(text):
        reading = _read(part, text)
        if said.keys() & reading.keys() - {"at_least"}:
            raise DrawbridgeError("DB-RATIO-004", value=_shown(text))
        said |= reading
    return Ratio.model_validate({"raw": text} | said)


def parse_frequency_cap(raw: str) -> int:
    """Most inspections of one object in a year: `2`, `2次`, `2次/年`, `每年2次`, `不超过2次/年`.

    Raises DrawbridgeError DB-RATIO-005 if it is anything else or 0.
    """
    text = _plain(raw)
    match = re.fullmatch(r"(每年)?(不超过|不多于|最多|至多|<=|≤|=)?(每年)?([0-9]{1,3})(次)?(/年|每年)?", text)
    if match is None or int(match[4]) == 0:
        raise DrawbridgeError("DB-RATIO-005", value=_shown(raw))
    return int(match[4])


def share_text(share: Fraction) -> str | None:
    """A share in (0, 1] as draw-spec §1 writes ratios, or None if six decimals do not hold it."""
    millionths = share * 1_000_000
    if millionths.denominator != 1:
        return None
    if millionths == 1_000_000:
        return "1"
    return "0." + f"{millionths.numerator:06d}".rstrip("0")


def share_for(minimum: int, size: int) -> str:
    """The smallest ratio of six decimals whose share of `size` objects, rounded up, is `minimum`.

    For a plan that asks for a number of objects besides a ratio.  "1" if there are not that
    many.  `minimum` and `size` from 1, `size` up to a million.
    """
    if minimum >= size:
        return "1"
    millionths = (minimum - 1) * 1_000_000 // size + 1
    return "0." + f"{millionths:06d}".rstrip("0")


def _percent(match: re.Match[str], raw: str) -> Reading:
    return _share(Fraction(Decimal(match["number"])) / 100, match, raw)


def _per_mille(match: re.Match[str], raw: str) -> Reading:
    return _share(Fraction(Decimal(match["number"])) / 1000, match, raw)


def _decimal(match: re.Match[str], raw: str) -> Reading:
    return _share(Fraction(Decimal(match["number"])), match, raw)


def _hundredths(match: re.Match[str], raw: str) -> Reading:
    value = _chinese_number(match["words"])
    if value is None:
        raise DrawbridgeError("DB-RATIO-001", value=_shown(raw))
    return _share(Fraction(value, 100), match, raw)


def _share(share: Fraction, match: re.Match[str], raw: str) -> Reading:
    if not 0 < share <= 1:
        raise DrawbridgeError("DB-RATIO-002", value=_shown(raw))
    text = share_text(share)
    if text is None:
        raise DrawbridgeError("DB-RATIO-003", value=_shown(raw))
    return {"share": text} | ({"at_least": True} if match["at_least"] else {})


def _objects(match: re.Match[str], raw: str) -> Reading:
    return {"minimum": int(match["count"])}


def _exactly(match: re.Match[str], raw: str) -> Reading:
    return {"per_year": int(match["count"]), "per_year_exact": True}


def _times(match: re.Match[str], raw: str) -> Reading:
    return {"per_year": int(match["count"]), "per_year_exact": not match["at_least"]}


# One line a way of writing; the first that fits the whole part reads it.
_READINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], str], Reading]], ...] = (
    (re.compile(rf"{_AT_LEAST}{_NUMBER}%"), _percent),
    (re.compile(rf"{_AT_LEAST}{_NUMBER}‰"), _per_mille),
    (re.compile(rf"{_AT_LEAST}(?P<number>0\.[0-9]{{1,9}})"), _decimal),
    (re.compile(rf"{_AT_LEAST}百分之(?P<words>[零一二两三四五六七八九十百]{{1,3}})"), _hundredths),
    (re.compile(rf"{_AT_LEAST}{_COUNT}[户家个]"), _objects),
    (re.compile(rf"(每年)?{_AT_LEAST}(每年)?{_COUNT}次(/年|每年)?"), _times),
    (re.compile(rf"={_COUNT}"), _exactly),
    (re.compile(rf"(?P<at_least>>=|=>){_COUNT}"), _times),
)


def _read(part: str, raw: str) -> Reading:
    for pattern, reader in _READINGS:
        match = pattern.fullmatch(part)
        if match:
            return reader(match, raw)
    raise DrawbridgeError("DB-RATIO-001", value=_shown(raw))


def _parts(raw: str) -> list[str]:
    """The statements of a text; a remark in brackets that follows a number of objects is none."""
    text = _plain(raw)
    outside, bracket, inside = text.partition("(")
    parts = [part for part in re.split("[,;]", outside) if part]
    if not bracket:
        return parts
    if not inside.endswith(")") or not parts or "(" in inside or ")" in inside[:-1]:
        raise DrawbridgeError("DB-RATIO-001", value=_shown(raw))
    inside = inside[:-1]
    if re.fullmatch(r"(实际)?以.+", inside) and re.search(r"[0-9][户家个]$", outside):
        return parts
    return parts + [part for part in re.split("[,;]", inside) if part]


def _plain(raw: str) -> str:
    narrow = unicodedata.normalize("NFKC", raw.translate(_SAME))
    return "".join(narrow.split()).replace("\ufeff", "")


def _chinese_number(words: str) -> int | None:
    """一 to 九十九, and 百 or 一百; None for anything else."""
    if words in ("百", "一百"):
        return 100
    tens, ten, ones = words.rpartition("十")
    if ten and tens != "零" and ones != "零":
        tens_value = _CHINESE_DIGITS.get(tens) if tens else 1
        ones_value = _CHINESE_DIGITS.get(ones) if ones else 0
        return None if tens_value is None or ones_value is None else tens_value * 10 + ones_value
    return _CHINESE_DIGITS.get(words)


def _shown(raw: str) -> str:
    """What stands there, short enough for one line."""
    line = " ".join(raw.split())
    return line if len(line) <= 40 else line[:39] + "…"
