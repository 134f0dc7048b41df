"""The benches of whole campaigns: what their lines are made of, and one campaign that is really run."""

from __future__ import annotations

from typing import Any

import pytest

from bench import campaign, campaign_counties
from bench.campaign_plan import code_of
from schemas.uscc import is_market_entity, is_valid
from tests.bench.test_bench_lines import KEYS, tiny


def told(drawn: int, cpu: float, wall: float) -> dict[str, Any]:
    """As `bench.campaign_run` tells of a campaign."""
    return {
        "drawn": drawn,
        "eligible": drawn * 10,
        "visited": drawn,
        "wall_s": wall,
        "cpu_s": cpu,
        "stages_cpu_wall_s": {"抽取对象": [cpu / 2, wall / 2]},
        "mock_cpu_s": 0.5,
        "server_cpu_s": 0.25,
        "rss_mb": 100,
    }


def test_the_statistics_are_duckdbs(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("duckdb")
    (line,) = tiny("statistics", monkeypatch, 600)
    assert set(line) >= KEYS
    assert line["size"] == 600
    assert line["ratio"] > 0
    monkeypatch.setattr("bench.statistics.counted_results", lambda tx, task_id: [])
    with pytest.raises(ValueError, match="not the same numbers"):
        tiny("statistics", monkeypatch, 600)


def test_what_prefect_adds_is_seconds_of_a_small_campaign_and_a_share_of_a_large_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walls = {True: iter([20.0, 40.0, 21.0, 110.0]), False: iter([10.0, 9.0, 11.0, 100.0])}
    monkeypatch.setattr(
        campaign,
        "one",
        lambda objects, with_prefect: told(objects // 10, objects / 100, next(walls[with_prefect])),
    )
    monkeypatch.setattr(campaign, "SIZES", {"small": ((400, 3), (40_000, 1))})
    small, large, growth = campaign.run("small")
    assert (small["ratio"], small["target"], small["met"]) == (11.0, 15.0, True)  # of the medians
    assert (large["ratio"], large["target"], large["met"]) == (1.1, 1.1, True)
    assert growth["ratio"] == 1.0
    assert all(set(line) >= KEYS for line in (small, large, growth))


def test_growth_is_that_of_one_doubling() -> None:
    assert campaign.growth(told(100, 1.0, 1.0), told(200, 2.4, 1.0)) == pytest.approx(1.2)
    assert campaign.growth(told(100, 1.0, 1.0), told(400, 4.0 * 1.44, 1.0)) == pytest.approx(1.2)


def test_a_county_is_run_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_counties, "OBJECTS", 40)
    assert campaign_counties.work(1, 1) == 4


def test_codes_are_valid_and_each_another() -> None:
    codes = {code_of(number) for number in (*range(500), *range(99_000_000, 99_000_500))}
    assert len(codes) == 1_000
    assert all(is_valid(code) and is_market_entity(code) for code in codes)
