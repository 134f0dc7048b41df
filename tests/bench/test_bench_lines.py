"""The benchmarks print what they promise; how fast anything is, is no matter for tests."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from contextlib import nullcontext
from typing import Any

import pytest

from bench import __main__ as program
from bench.figure import Timing, figure

KEYS = {"name", "size", "ours", "peers", "limit", "ratio", "target", "met", "rss_mb"}


def tiny(name: str, monkeypatch: pytest.MonkeyPatch, sizes: Any) -> list[dict[str, Any]]:
    """The lines of a benchmark at a size that takes no time, as they come out of JSON."""
    module = importlib.import_module(f"bench.{name}")
    monkeypatch.setattr(module, "SIZES", {"small": sizes})
    monkeypatch.setattr(module, "ROUNDS", {"small": 1})
    return [json.loads(json.dumps(line)) for line in module.run("small")]


@pytest.mark.parametrize(
    ("name", "sizes", "needs"),
    [
        ("draw_objects", (3_000,), "duckdb"),
        ("merkle", 3_000, "numba"),
        ("shards", 3_000, "prefect"),
        ("single_file_verifier", (3_000,), "prefect"),
    ],
)
def test_lines_have_their_form(name: str, sizes: Any, needs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(needs)
    if name == "draw_objects":
        monkeypatch.setattr("bench.draw_objects.openssl_per_s", lambda: 1e6)
        monkeypatch.setattr("bench.draw_objects.hashes_per_s", lambda: 1e6)
    lines = tiny(name, monkeypatch, sizes)
    assert lines
    for line in lines:
        assert set(line) >= KEYS
        assert isinstance(line["name"], str)
        assert isinstance(line["peers"], dict)
        assert isinstance(line["met"], bool)
        assert line["size"] == 3_000
        assert line["ours"] > 0
        assert line["rss_mb"] > 0


@pytest.mark.parametrize(
    ("name", "sizes", "count"),
    [
        ("delivery", ((20, 10),), 3),
        ("delivery_intent", ((1, 3), (5, 2)), 2),
        ("delivery_xml", 20, 2),
    ],
)
def test_the_lines_of_delivery_have_their_form(
    name: str, sizes: Any, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.delivery.TARGETS", {10: 0.5})
    monkeypatch.setattr("bench.delivery.FAR", {"small": 4})
    monkeypatch.setattr("bench.delivery_intent.postgres_url", lambda folder: nullcontext())
    lines = tiny(name, monkeypatch, sizes)
    assert len(lines) == count
    for line in lines:
        assert set(line) >= KEYS
        assert line["name"].startswith("delivery.")
        assert line["ours"] > 0
        assert line["ratio"] > 0
        assert all(value > 0 for value in line["peers"].values())


def test_sharded_and_unsharded_are_compared_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = tiny("shards", monkeypatch, 3_000)
    assert line["identical"] is True
    monkeypatch.setattr("bench.shards.sharded", lambda made, of: b"another")
    (line,) = tiny("shards", monkeypatch, 3_000)
    assert (line["identical"], line["met"]) == (False, False)


def test_a_target_is_a_floor_or_a_ceiling() -> None:
    assert figure("a", 1, 2.0, 1.3, 1.2)["met"] is True
    assert figure("a", 1, 2.0, 1.1, 1.2)["met"] is False
    assert figure("a", 1, 2.0, 1.1, 1.2, at_most=True)["met"] is True
    assert figure("a", 1, 2.0, 1.3, 1.2, at_most=True)["met"] is False


def test_contestants_take_turns() -> None:
    order: list[str] = []
    Timing({"ours": lambda: order.append("ours"), "peer": lambda: order.append("peer")}, 3)
    assert order == ["ours", "peer"] * 3


def test_every_benchmark_has_a_run_of_its_own() -> None:
    for name in program.BENCHMARKS:
        assert importlib.util.find_spec(f"bench.{name}") is not None, name
    assert program.main(["no such"]) == 2


def test_one_that_breaks_is_named_and_the_exit_status_says_so(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    line = {**figure("a", 1, 2.0, 1.3, 1.2), "peers": {"other": 3}}

    def lines_of(name: str) -> Any:
        yield line
        if name == "merkle":
            raise subprocess.CalledProcessError(1, [sys.executable])

    monkeypatch.setattr(program, "lines_of", lines_of)
    assert program.main(["shards"]) == 0
    assert program.main(["merkle", "shards"]) == 1
    shown = capfd.readouterr()
    assert "merkle" in shown.err
    assert "other 3" in shown.err
