"""Which public numbers a plan may name, and how their results are written."""

from __future__ import annotations

import re
from math import comb

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from draw.public_number import check_pattern, fits
from rules.public_numbers import ENOUGH_VALUES, NUMBER_KINDS, is_pattern, kind_of
from schemas.errors import DrawbridgeError

# An invented result of each lottery, written as its format says.
RESULTS = {
    "双色球2024061": "01 06 10 21 22 33 07",
    "大乐透24061": "03 09 17 25 35 02 12",
    "排列524061": "4 0 9 9 1",
    "福彩3D2024061": "0 7 7",
}


@pytest.mark.parametrize(("number_id", "result"), RESULTS.items())
def test_each_known_lottery_by_its_issue(number_id: str, result: str) -> None:
    kind = kind_of(number_id)
    assert kind is not None
    assert number_id.startswith(kind.name)
    assert fits(kind.pattern, result)
    assert not fits(kind.pattern, result + " 1")
    assert not fits(kind.pattern, result.replace(" ", "  ", 1))


def test_every_lottery_has_its_example() -> None:
    assert {kind.name for kind in NUMBER_KINDS} == {kind_of(number_id).name for number_id in RESULTS}


@pytest.mark.parametrize(
    "number_id",
    [
        "",
        "双色球",
        "双色球24061",  # two digits for the year belong to the sports lottery
        "大乐透2024061",
        "双色球20240611",
        "双色球２０２４０６１",
        " 双色球2024061",
        "双色球1924061",
        "七星彩24061",
    ],
)
def test_what_is_no_issue_of_a_known_lottery(number_id: str) -> None:
    assert kind_of(number_id) is None


def test_how_many_results_each_has() -> None:
    values = {kind.name: kind.values for kind in NUMBER_KINDS}
    assert values == {
        "双色球": comb(33, 6) * 16,
        "大乐透": comb(35, 5) * comb(12, 2),
        "排列5": 10**5,
        "福彩3D": 10**3,
    }
    assert {name for name, count in values.items() if count >= ENOUGH_VALUES} == {"双色球", "大乐透"}


@pytest.mark.parametrize(
    "pattern",
    ["^[0-9]{3}$", "^[0-9]{2}( [0-9]{2}){6}$", "^1$", "^20[0-9]{5}$", "^(([0-9]){2} ){3}7$", "^[0-9]{4096}$"],
)
def test_a_pattern_of_the_plans_own(pattern: str) -> None:
    assert is_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "[0-9]{3}",
        "^$",
        "^[0-9]{3}",
        "^[0-9]+$",
        "^[1-6]$",
        "^\\d{3}$",
        "^[0-9]{1,3}$",
        "^[0-9]{0}$",
        "^[0-9]{4097}$",
        "^([0-9]{9999}){9999}$",
        "^[0-9]{2}{2}$",
        "^([0-9]$",
        "^()$",
        "^ [0-9]$",
        "^[0-9]  [0-9]$",
        "^1-2$",
        "^１$",
        "^[0-9]$\n",
        "^D$",
    ],
)
def test_what_is_no_pattern(pattern: str) -> None:
    assert not is_pattern(pattern)


_PIECES = ["0", "7", " ", "[0-9]", "(", ")", "{2}", "{3}", "{0}", "{64}", "[", "]", "-", "{", "}", "1"]


def accepted_by_the_draw(pattern: str) -> bool:
    try:
        check_pattern(pattern)
    except DrawbridgeError:
        return False
    return True


@given(st.lists(st.sampled_from(_PIECES), max_size=9).map(lambda pieces: f"^{''.join(pieces)}$"))
@example("^(0{2}){3}$")
@example("^({3}0)$")
@example("^0 {2}1$")
@example("^(0 ){2}1$")
@example("^((0){64}){64}$")
@example("^((0){64}){65}$")
def test_a_pattern_that_the_plan_may_have_is_one_that_the_draw_takes(pattern: str) -> None:
    assert is_pattern(pattern) is accepted_by_the_draw(pattern)


@given(st.from_regex(re.compile(r"\A[0-9]{2}( [0-9]{2}){6}\Z", re.ASCII)))
def test_a_pattern_means_what_it_means_to_a_regular_expression(value: str) -> None:
    assert fits("^[0-9]{2}( [0-9]{2}){6}$", value)
