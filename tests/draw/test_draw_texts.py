"""Texts, ratios, times and patterns: what is taken as it is, what is refused (§1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw import public_number, text
from schemas.errors import DrawbridgeError, catalogue


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(DrawbridgeError) as refusal:
        action()
    for language in (refusal.value.zh, refusal.value.act, refusal.value.en):
        assert language
    return refusal.value.code


@pytest.mark.parametrize("value", ["P01", "清水保〔2023〕7号", "Z𠮷-18", "a b", "Z～01", "é"])
def test_texts_are_taken_as_they_are(value: str) -> None:
    assert text.check_text(value, "object_id") is value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("\u3000清河", "DB-DRAW-002"),
        ("清河\u00a0", "DB-DRAW-002"),
        ("a\nb", "DB-DRAW-004"),
        ("a\x00b", "DB-DRAW-004"),
        ("\u0378", "DB-DRAW-004"),  # not assigned
        ("\ud800", "DB-DRAW-004"),  # half a character
        ("a\u2029b", "DB-DRAW-004"),
        ("\u1100\u1161", "DB-DRAW-003"),  # a syllable in two parts
    ],
    ids=ascii,
)
def test_texts_refused(value: str, code: str) -> None:
    assert code_of(lambda: text.check_text(value, "name")) == code


def test_ids_are_measured_in_bytes() -> None:
    assert text.check_object_id("河" * 21 + "x")
    assert code_of(lambda: text.check_object_id("河" * 22)) == "DB-DRAW-005"


@pytest.mark.parametrize("code", ["SW", "应急", "a-b_1", "㐀", "𠮷"])
def test_department_codes(code: str) -> None:
    assert text.check_department_code(code) == code


@pytest.mark.parametrize("code", ["a/b", "..", "S W", "Ａ", "SW.txt", "Ä"])
def test_department_codes_that_are_no_file_names(code: str) -> None:
    assert code_of(lambda: text.check_department_code(code)) == "DB-DRAW-009"


@given(st.integers(1, 999_999), st.booleans())
def test_ratios_are_exact(millionths: int, short: bool) -> None:
    written = f"0.{millionths:06d}"
    written = written.rstrip("0") if short else written
    assert Fraction(text.parse_ratio(written), text.RATIO_UNIT) == Fraction(written)


@pytest.mark.parametrize(
    "value",
    [
        "2024-05-28T09:00:00Z",
        "2024-05-28 09:00:00+08:00",
        "2024-02-30T09:00:00+08:00",
        "2024-05-28T24:00:00+08:00",
        "2024-05-28T09:00+08:00",
        "2024-05-28T09:00:00.0+08:00",
        "2024-05-28T09:00:00+08:00\n",
    ],
)
def test_times_refused(value: str) -> None:
    assert code_of(lambda: text.parse_time(value, "frozen_at")) == "DB-DRAW-007"


def test_times_compare_across_zones() -> None:
    assert text.parse_time("2024-05-29T17:00:00+08:00", "") == text.parse_time(
        "2024-05-29T09:00:00+00:00", ""
    )


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "^$", "[0-9]", "^[0-9]", "[0-9]$"),
        *("^[0-9]+$", "^[0-9]*$", "^[0-9]?$", "^[0-9]|1$", "^\\d{2}$", "^[1-9]$", "^a$", "^１$"),
        *("^[0-9]{0}$", "^[0-9]{1,2}$", "^[0-9]{x}$", "^[0-9]{2", "^[0-9]{2}{3}$", "^{2}$", "^({2})$"),
        *("^([0-9]$", "^[0-9])$", "^()$"),
        *("^1  2$", "^ 1$", "^1 $", "^( 1){2}$", "^1( ){2}1$", "^(1 )( 1)$"),
        *("^[0-9]{9999}$", "^([0-9]{999}){999}$", "^(([0-9]{4000})( [0-9]{4000}))$"),
    ],
    ids=ascii,
)
def test_patterns_refused(pattern: str) -> None:
    assert code_of(lambda: public_number.check_pattern(pattern)) == "DB-DRAW-013"


@pytest.mark.parametrize(
    "pattern",
    ["^[0-9]{2}( [0-9]{2}){6}$", "^[0-9]$", "^12 [0-9]{3}$", "^(1[0-9]){2} ([0-9] ([0-9]){2})$", "^7{3}$"],
)
@given(st.text(alphabet="0127 ", max_size=24), st.data())
def test_patterns_mean_what_regular_expressions_mean(pattern: str, value: str, data: st.DataObject) -> None:
    fitting = data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)).rstrip("\n")
    for candidate in (value, fitting, fitting + " ", fitting + "\n", fitting[:-1]):
        assert public_number.fits(pattern, candidate) == bool(
            re.fullmatch(pattern[1:-1], candidate, re.ASCII)
        )


def test_every_code_has_three_texts_without_exclamation() -> None:
    own = {code: entry for code, entry in catalogue().items() if code.startswith("DB-DRAW-")}
    assert len(own) > 60
    for entry in own.values():
        for words in (entry.zh, entry.act, entry.en):
            assert words
            assert "!" not in words
            assert "！" not in words
