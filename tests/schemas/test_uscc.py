"""The unified social credit code, judged by an implementation of other people's."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as judge

from schemas.errors import DrawbridgeError
from schemas.uscc import ALPHABET, check_character, is_market_entity, is_valid, normalise
from tests.factories import code

_BODIES = st.text(ALPHABET, min_size=17, max_size=17)
_NARROW_TO_WIDE = {ord(c): chr(ord(c) + 0xFEE0) for c in ALPHABET + ALPHABET.lower()}


@given(st.integers(0, 10**6))
def test_generated_codes_are_right_by_the_standard(seed: int) -> None:
    made = code(random.Random(seed))
    assert is_valid(made)
    assert judge.is_valid(made)


@given(_BODIES, st.sampled_from(ALPHABET))
def test_the_check_character_is_the_judges(body: str, last: str) -> None:
    assert check_character(body) == judge.calc_check_digit(body)
    assert is_valid(body + last) is (last == judge.calc_check_digit(body))


@pytest.mark.parametrize(
    ("write", "repairs"),
    [
        (lambda c: c, ()),
        (str.lower, ("小写字母",)),
        (lambda c: f"\u3000{c} ", ("首尾空白",)),
        (lambda c: f"\ufeff{c}\r\n", ("首尾空白",)),
        (lambda c: c.translate(_NARROW_TO_WIDE), ("全角字符",)),
        (lambda c: f" {c.lower().translate(_NARROW_TO_WIDE)}", ("首尾空白", "全角字符", "小写字母")),
    ],
)
def test_what_typing_does_to_a_code_is_repaired_and_noted(write: object, repairs: tuple[str, ...]) -> None:
    made = "91130534ABCDEFGH1" + check_character("91130534ABCDEFGH1")
    found = normalise(write(made))
    assert (found.code, found.repairs) == (made, repairs)


RIGHT = code(random.Random(1))
REFUSED = [
    (None, "DB-CODE-001"),
    ("  \u3000", "DB-CODE-001"),
    ("130534000012345", "DB-CODE-002"),
    ("9.1469E+17", "DB-CODE-003"),
    ("911305340000000000.0", "DB-CODE-003"),
    (RIGHT[:17], "DB-CODE-004"),
    (RIGHT + "0", "DB-CODE-004"),
    (f"{RIGHT[:9]} {RIGHT[9:]}", "DB-CODE-004"),
    (f"{RIGHT[:8]}O{RIGHT[9:]}", "DB-CODE-005"),
    (RIGHT[:17] + ALPHABET[(ALPHABET.index(RIGHT[17]) + 1) % 31], "DB-CODE-006"),
]


@pytest.mark.parametrize(("raw", "error"), REFUSED)
def test_nothing_else_is_guessed(raw: str | None, error: str) -> None:
    with pytest.raises(DrawbridgeError) as refused:
        normalise(raw)
    assert refused.value.code == error


@given(st.text(max_size=25))
def test_no_text_breaks_it(raw: str) -> None:
    with suppress(DrawbridgeError):
        assert is_valid(normalise(raw).code)


def test_market_entities_are_registered_by_department_nine() -> None:
    chance = random.Random(5)
    assert is_market_entity(code(chance, department="91"))
    assert not is_market_entity(code(chance, department="12"))
