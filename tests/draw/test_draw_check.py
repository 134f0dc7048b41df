"""Hard checks of a draw that the platform made (§7.1): fair ones pass, each fault is named."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from draw.check import Certified, Visit, check_drawn_objects, check_forms, check_visits
from draw.frozen import EligibleObject

LIST = [EligibleObject(f"P{n:02d}", "高" if n < 5 else "低", f"U{n:02d}") for n in range(40)]
STRATA = [("高", "0.4"), ("低", "0.1")]
DRAWN = [(f"P{n:02d}", f"U{n:02d}") for n in (0, 1, 7, 8, 9, 10)]
DAY = date(2024, 6, 3)
ROSTERS = {
    "SW": [Certified(f"SW{n}", date(2020, 1, 1), date(2026, 1, 1)) for n in range(6)],
    "SC": [Certified(f"SC{n}", date(2020, 1, 1), date(2024, 6, 3)) for n in range(6)],
}
VISITS = [
    Visit("U00", "1", {"SW": ["SW0", "SW1"], "SC": ["SC0", "SC1"]}),
    Visit("U01", "1", {"SW": ["SW0", "SW1"], "SC": ["SC0", "SC1"]}),
    Visit("U07", "2", {"SW": ["SW2", "SW3"], "SC": ["SC2", "SC3", "SC4"]}),
]


def failed_objects(drawn: list[tuple[str, str]], ratio: str = "0.15") -> dict[str, tuple[str, ...]]:
    rows = check_drawn_objects(drawn, LIST, STRATA, ratio)
    return {row.check: row.examples for row in rows if row.state == "failed"}


def test_a_draw_with_nothing_wrong() -> None:
    assert failed_objects(DRAWN) == {}


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ([*DRAWN, ("P99", "U99")], {"subset": ("P99",)}),
        ([*DRAWN, DRAWN[0]], {"once": ("P00 ×2",)}),
        ([*DRAWN[:-1], ("P10", "U11")], {"owners": ("P10: U10 / U11",)}),
        ([*DRAWN[1:], ("P11", "U11")], {"ratios": ("高: 1 < 2 (0.4 × 5)",)}),
        (DRAWN[:-1], {"ratios": ("低: 3 < 4 (0.1 × 35)",), "total": ("5 < 6 (0.15 × 40)",)}),
        ([*DRAWN[1:], ("P02", "U02")], {}),
        (
            [*DRAWN[1:], DRAWN[1]],  # the number is right, the objects are not
            {"once": ("P01 ×2",), "ratios": ("高: 1 < 2 (0.4 × 5)",), "total": ("5 < 6 (0.15 × 40)",)},
        ),
    ],
)
def test_faults_of_the_drawn_objects(drawn: Any, expected: dict[str, tuple[str, ...]]) -> None:
    assert failed_objects(drawn) == expected


def test_a_stratum_without_a_ratio_is_said() -> None:
    rows = check_drawn_objects(DRAWN, LIST, STRATA[:1], "0.15")
    assert {row.check: row.examples for row in rows if row.state == "failed"} == {"ratios": ("低: ?",)}


def failed_visits(visits: list[Visit], **options: Any) -> dict[str, tuple[str, ...]]:
    arguments: dict[str, Any] = {
        "objects": {"U00", "U01", "U07"},
        "departments": [("SW", 2), ("SC", 2)],
        "rosters": ROSTERS,
        "forbidden": [("U00", "SW5")],
        "on": DAY,
        "most_per_group": 2,
        **options,
    }
    return {row.check: row.examples for row in check_visits(visits, **arguments) if row.state == "failed"}


def team(*members: str) -> list[Visit]:
    return [Visit("U00", "1", {"SW": list(members), "SC": ["SC0", "SC1"]}), *VISITS[1:]]


@pytest.mark.parametrize(
    ("visits", "options", "expected"),
    [
        (VISITS, {}, {}),
        (VISITS[:-1], {}, {"visited": ("U07 ×0",)}),
        ([*VISITS, Visit("U00", "3", VISITS[0].team)], {}, {"visited": ("U00 ×2",)}),
        ([*VISITS, Visit("U39", "3", VISITS[0].team)], {}, {"visited": ("U39 ×1",)}),
        (team("SW0"), {}, {"team_size": ("U00 SW: 1 < 2",)}),
        (team("SW0"), {"departments": [("SW", 1), ("SC", 2)]}, {"team_size": ("U00 SW: 1 < 2",)}),
        (team("SW0", "SW0"), {}, {"team_size": ("U00 SW: 1 < 2",), "team_once": ("U00: SW0 ×2",)}),
        (team(), {}, {"team_size": ("U00 SW: 0 < 2",)}),
        (team("SW0", "SW9"), {}, {"roster": ("U00 SW: SW9",)}),
        (team("SW0", "SC2"), {}, {"roster": ("U00 SW: SC2",)}),
        (team("SW0", "SW5"), {}, {"forbidden": ("U00 SW: SW5",)}),
        (VISITS, {"most_per_group": 1}, {"loads": ("1: 2 > 1",)}),
    ],
)
def test_faults_of_visits(visits: list[Visit], options: Any, expected: dict[str, tuple[str, ...]]) -> None:
    assert failed_visits(visits, **options) == expected


def test_certificates_are_valid_on_their_last_day_and_not_the_day_after() -> None:
    assert failed_visits(VISITS, on=date(2024, 6, 3)) == {}
    assert set(failed_visits(VISITS, on=date(2024, 6, 4))) == {"certified"}


def test_more_faults_than_are_shown_are_counted() -> None:
    rows = check_drawn_objects([(f"X{n}", "U") for n in range(30)], LIST, STRATA, "0.1")
    row = next(row for row in rows if row.check == "subset")
    assert (row.faults, len(row.examples)) == (30, 5)


def test_loads_stay_open_without_groups() -> None:
    visits = [Visit(visit.object_id, None, visit.team) for visit in VISITS]
    rows = check_visits(visits, {"U00", "U01", "U07"}, [("SW", 2)], ROSTERS, [], DAY, 2)
    assert [(row.check, row.missing) for row in rows if row.state == "not checked"] == [("loads", "groups")]


def test_one_form_per_enterprise() -> None:
    assert check_forms(["U00", "U01"], {"U00", "U01"}).state == "ok"
    found = check_forms(["U00", "U00", "U39"], {"U00", "U01"})
    assert (found.state, found.examples) == ("failed", ("U00 ×2", "U01 ×0", "U39 ×1"))
