"""Ratios, numbers and frequencies as people write them."""

from __future__ import annotations

import csv
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw.objects import at_least
from rules.ratios import parse_frequency_cap, parse_ratio, share_for, share_text
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
    (" \u3000", {}),
    ("0.1", {"share": "0.1"}),
    ("0.05%", {"share": "0.0005"}),
    ("10.50％", {"share": "0.105"}),
    ("百分之三十五", {"share": "0.35"}),
    ("百分之百", {"share": "1"}),
    ("各不低于3%", {"share": "0.03", "at_least": True}),
    ("不低于 10 %", {"share": "0.1", "at_least": True}),
    ("＞＝20%", {"share": "0.2", "at_least": True}),
    ("＝1", {"per_year": 1, "per_year_exact": True}),
    ("≥1", {"per_year": 1}),
    ("3次/年", {"per_year": 3, "per_year_exact": True}),
    ("每年2次", {"per_year": 2, "per_year_exact": True}),
    ("每年不少于2次", {"per_year": 2}),
    ("3%;2次/年", {"share": "0.03", "per_year": 2, "per_year_exact": True}),
    ("3%（2次/年）", {"share": "0.03", "per_year": 2, "per_year_exact": True}),
    ("10%(20户)", {"share": "0.1", "minimum": 20}),
    ("不少于20户", {"minimum": 20}),
    ("1户(实际以联合双随机牵头单位抽查数为准。)", {"minimum": 1}),
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
        ("百分之", "DB-RATIO-001"),
        ("百分之十十", "DB-RATIO-001"),
        ("10%（20户", "DB-RATIO-001"),
        ("10%（20户））", "DB-RATIO-001"),
        ("（20户）", "DB-RATIO-001"),
        ("10%（以实际为准）", "DB-RATIO-001"),
        ("-5%", "DB-RATIO-001"),
        ("1e-2", "DB-RATIO-001"),
        ("不超过10%", "DB-RATIO-001"),
        ("百分之零", "DB-RATIO-002"),
        ("1001‰", "DB-RATIO-002"),
        ("20户（30户）", "DB-RATIO-004"),
        ("=1，2次/年", "DB-RATIO-004"),
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


def test_what_was_refused_is_shown_on_one_short_line() -> None:
    with pytest.raises(DrawbridgeError) as refused:
        parse_ratio("比例\n待定" * 30)
    assert "\n" not in str(refused.value)
    assert "…" in refused.value.zh
    assert len(refused.value.zh) < 70


@given(st.integers(1, 10**6))
def test_every_share_of_six_decimals_is_read_back_exactly(millionths: int) -> None:
    share = Fraction(millionths, 10**6)
    written = share_text(share)
    assert written is not None
    assert Fraction(written) == share
    assert parse_ratio(f"{Decimal(millionths) / 10_000:f}%").share == written


@pytest.mark.parametrize("share", [Fraction(1, 3), Fraction(1, 10**7)])
def test_a_share_finer_than_a_millionth_has_no_text(share: Fraction) -> None:
    assert share_text(share) is None


@given(st.text(alphabet="0123456789%‰.次/年户不低于少每百分之十=>≥，;（）() ", max_size=14))
def test_a_text_is_read_or_refused_and_nothing_else(written: str) -> None:
    with suppress(DrawbridgeError):
        ratio = parse_ratio(written)
        assert ratio.raw == written
        assert ratio.share is None or 0 < Fraction(ratio.share) <= 1


PUBLISHED = Path(__file__).resolve().parents[3] / "shared" / "data" / "published_plans.csv"


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published plans are not beside the project")
def test_what_offices_have_published_is_understood() -> None:
    with PUBLISHED.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) >= 10
    for row in rows:
        assert parse_ratio(row["抽查比例"]).share is not None, row["抽查比例"]
        assert row["抽查频次"] == "" or parse_ratio(row["抽查频次"]).per_year is not None, row["抽查频次"]


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
