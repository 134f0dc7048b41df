"""Classes of objects from what a list says of them: days and amounts in fifths, words as they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

UNKNOWN = "?"
FIFTHS = 5
_DAY = re.compile(r"(\d{4})\D{0,2}(\d{1,2})\D{0,2}(\d{1,2})")
_AMOUNT = re.compile(r"^\D{0,4}(\d[\d,]*(?:\.\d+)?)")


def by_day(texts: Sequence[str]) -> list[str]:
    """Fifths by date, named by the years they span; what holds no date is a class of its own."""
    days = [_day(text) for text in texts]
    return _fifths(days, [str(day // 10_000) if day is not None else "" for day in days])


def by_size(texts: Sequence[str]) -> list[str]:
    """Words (大型, 小型) as they stand; where most begin with a number (capital, staff), fifths."""
    amounts = [_amount(text) for text in texts]
    given = [text for text in texts if text.strip()]
    if 2 * sum(amount is not None for amount in amounts) <= len(given):
        return by_word(texts)
    return _fifths(amounts, [f"{amount:g}" if amount is not None else "" for amount in amounts])


def by_word(texts: Sequence[str]) -> list[str]:
    """Each text a class, empty ones unknown."""
    return [" ".join(text.split()) or UNKNOWN for text in texts]


def _day(text: str) -> int | None:
    found = _DAY.search(text)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups())
    return year * 10_000 + month * 100 + day if 1 <= month <= 12 and 1 <= day <= 31 else None


def _amount(text: str) -> float | None:
    found = _AMOUNT.match(text.strip())
    return float(found.group(1).replace(",", "")) if found else None


def _fifths(values: Sequence[float | None], names: Sequence[str]) -> list[str]:
    """Five classes of about equal size, equal values in one class, named by their least and greatest."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return [UNKNOWN] * len(values)
    cuts = sorted({known[len(known) * part // FIFTHS] for part in range(1, FIFTHS)} - {known[0]})
    classes = [None if value is None else sum(value >= cut for cut in cuts) for value in values]
    spans: dict[int, tuple[str, str]] = {}
    for number in sorted({one for one in classes if one is not None}):
        inside = [
            (v, n) for v, n, c in zip(values, names, classes, strict=True) if c == number and v is not None
        ]
        spans[number] = (min(inside)[1], max(inside)[1])
    labels = {n: low if low == high else f"{low}–{high}" for n, (low, high) in spans.items()}
    # Two fifths may span the same years.
    shown = {
        n: label if list(labels.values()).count(label) == 1 else f"{label} ({n + 1})"
        for n, label in labels.items()
    }
    return [UNKNOWN if one is None else shown[one] for one in classes]
