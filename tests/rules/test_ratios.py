"""Ratios, numbers and frequencies as people write them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.objects import at_least
from rules.ratios import parse_frequency_cap, parse_ratio, share_for
from schemas.errors import DrawbridgeError

READ = [
    ("5%", {"share": "0.05"}),
    ("40%", {"share": "0.4"}),
    ("100%", {"share": "1"}),
    ("２．５％", {"share": "0.025"}),
    ("5‰", {"share": "0.005"}),
    ("百分之十", {"share": "0.1"}),
    ("不低于10%", {"share": "0.1", "at_least": True}),
    ("≥20%", {"share": "0.2", "at_least": True}),
    ("=1", {"per_year": 1, "per_year_exact": True}),
    (">=1", {"per_year": 1}),
    ("不少于4次", {"per_year": 4}),
    ("3%，2次/年", {"share": "0.03", "per_year": 2, "per_year_exact": True}),
    ("10%（20户）", {"share": "0.1", "minimum": 20}),
    ("7户", {"minimum": 7}),
    ("", {}),
]


@pytest.mark.parametrize(("written", "said"), READ)
def test_what_people_write(written: str, said: dict[str, object]) -> None:
    ratio = parse_ratio(written)
    nothing = {"share": None, "at_least": False, "minimum": None, "per_year": None, "per_year_exact": False}
    assert ratio.model_dump(exclude={"raw"}) == nothing | said
    assert ratio.raw == written


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("一成", "DB-RATIO-001"),
        ("5%-10%", "DB-RATIO-001"),
        ("1", "DB-RATIO-001"),
        ("0%", "DB-RATIO-002"),
        ("101%", "DB-RATIO-002"),
        ("0.00001%", "DB-RATIO-003"),
        ("5%，10%", "DB-RATIO-004"),
    ],
)
def test_what_cannot_be_read_in_one_way_is_refused(written: str, code: str) -> None:
    with pytest.raises(DrawbridgeError) as refused:
        parse_ratio(written)
    assert refused.value.code == code


@pytest.mark.parametrize("written", ["2", "2次", "2次/年", "每年2次", "不超过2次/年"])
def test_a_frequency_cap(written: str) -> None:
    assert parse_frequency_cap(written) == 2


@pytest.mark.parametrize("written", ["0次/年", "两次", "", "常常"])
def test_a_frequency_cap_that_says_nothing_is_refused(written: str) -> None:
    with pytest.raises(DrawbridgeError) as refused:
        parse_frequency_cap(written)
    assert refused.value.code == "DB-RATIO-005"


@given(st.integers(1, 10**6).flatmap(lambda size: st.tuples(st.integers(1, size), st.just(size))))
def test_a_number_of_objects_as_a_share_gives_exactly_that_number(numbers: tuple[int, int]) -> None:
    minimum, size = numbers
    share = share_for(minimum, size)
    assert at_least(share, size) == minimum
    assert 0 < Fraction(share) <= 1
