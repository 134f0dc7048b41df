"""Named defects are pointed out by the test that is there for them; fair draws are not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from draw.audit.coverage import partitions_of
from draw.audit.fair import FairDraws, at_least, at_most
from draw.audit.judgement import Judgement, holm, judge, outcomes, prepare
from draw.audit.listing import Drawn, Listing, Visit, place
from draw.audit.traits import by_day, by_size, by_word

SIZE, DRAWN = 408, 41
IDS = [f"E{n:03}" for n in range(SIZE)]
TOWNS = [f"镇{n}" for n in np.random.default_rng(1).integers(0, 8, SIZE)]
Places = Sequence[int]


_SIMULATED: dict[tuple[object, ...], FairDraws] = {}


def judged(
    *draws: object, listing: Listing | None = None, visits: Sequence[Visit] = (), power: bool = False
) -> Judgement:
    """The report on draws given as places; reports of one design share 5,000 simulated draws."""
    named = [
        Drawn(f"{n + 1}", [IDS[int(place) % SIZE] for place in np.asarray(draw)])
        for n, draw in enumerate(draws)
    ]
    of = listing or Listing(IDS)
    series = place(of, named)
    design = (tuple(of.ids), of.strata is None, *of.traits, *(series.counts(draw) for draw in series.draws))
    if design not in _SIMULATED:
        _SIMULATED[design] = prepare(of, series, most=5_000)
    return judge(of, named, visits=visits, with_power=power, fair=_SIMULATED[design])


def flagged(judgement: Judgement) -> set[str]:
    return {test.outcome.test for test in judgement.unlikely}


def fair(seed: int, count: int = 1) -> list[object]:
    rng = np.random.default_rng(seed)
    return [rng.choice(SIZE, DRAWN, replace=False) for _ in range(count)]


def slipping(start: int) -> list[int]:
    places, at = list[int](), start
    for _ in range(DRAWN):
        places.append(at)
        at += 9 + ((at + 9) // 50 > at // 50)
    return places


SINGLE: dict[str, tuple[Callable[[int], object], str]] = {
    "step 9": (lambda s: s % 9 + 9 * np.arange(DRAWN), "step"),
    "step 9.95": (lambda s: (s % 9 + np.arange(DRAWN) * SIZE / DRAWN).astype(int), "step"),
    "step with slips at pages": (lambda s: slipping(s % 9), "step"),
    "step 100 over the end": (lambda s: (s + 100 * np.arange(DRAWN)) % SIZE, "step"),
    "step 1: a block": (lambda s: (s + np.arange(DRAWN)) % SIZE, "step"),
    "block": (lambda s: (s + np.arange(DRAWN)) % SIZE, "segment"),
    "first of the list": (lambda s: np.arange(DRAWN), "segment"),
    "last of the list": (lambda s: SIZE - 1 - np.arange(DRAWN), "trend"),
    "first half": (lambda s: np.random.default_rng(s).choice(SIZE // 2, DRAWN, replace=False), "segment"),
    "every other": (
        lambda s: 2 * np.random.default_rng(s).choice(SIZE // 2, DRAWN, replace=False),
        "remainders",
    ),
    "one per stretch": (
        lambda s: (np.arange(DRAWN) * SIZE // DRAWN) + np.random.default_rng(s).integers(0, 9, DRAWN),
        "evenness",
    ),
}


@pytest.mark.parametrize("name", SINGLE)
def test_one_draw_with_a_defect_is_enough(name: str) -> None:
    make, test = SINGLE[name]
    for seed in (3, 130):
        assert test in flagged(judged(make(seed)))


def test_a_fixed_step_is_named_with_its_distance_and_its_draw() -> None:
    judgement = judged(*fair(1, 2), 4 + 9 * np.arange(DRAWN))
    (step,) = (test.outcome for test in judgement.unlikely if test.outcome.test == "step")
    assert (step.facts["distance"], step.facts["width"], step.facts["pairs"]) == (9, 1, 40)
    assert step.facts["draw"] == 2
    assert step.method == "bound"


def test_fair_draws_are_compatible() -> None:
    assert judged(*fair(7)).compatible
    assert judged(*fair(8, 12)).compatible


SERIES: dict[str, tuple[int, Callable[[np.random.Generator, int], list[object]], str]] = {
    "a scattered tenth never": (
        30,
        lambda rng, m: _from(rng, rng.permutation(SIZE)[SIZE // 10 :], m),
        "untouched",
    ),
    "the end of the list never": (12, lambda rng, m: _from(rng, np.arange(SIZE - 13), m), "never_reached"),
    "a township never": (
        8,
        lambda rng, m: _from(rng, np.array([n for n in range(SIZE) if TOWNS[n] != "镇0"]), m),
        "township",
    ),
    "who was drawn last time is left out": (6, lambda rng, m: _rotated(rng, m), "repeats"),
    "always from the same half": (
        8,
        lambda rng, m: _from(rng, rng.permutation(SIZE)[: SIZE // 2], m),
        "favour",
    ),
    "the head has double chances": (20, lambda rng, m: _headed(rng, m), "trend"),
}


def _from(
    rng: np.random.Generator, places: Places | np.ndarray[tuple[int, ...], np.dtype[np.int64]], count: int
) -> list[object]:
    return [rng.choice(places, DRAWN, replace=False) for _ in range(count)]


def _rotated(rng: np.random.Generator, count: int) -> list[object]:
    draws: list[object] = []
    last: set[int] = set()
    for _ in range(count):
        drawn = rng.choice([n for n in range(SIZE) if n not in last], DRAWN, replace=False)
        last = set(drawn.tolist())
        draws.append(drawn)
    return draws


def _headed(rng: np.random.Generator, count: int) -> list[object]:
    weights = np.where(np.arange(SIZE) < SIZE // 4, 2.0, 1.0)
    return [rng.choice(SIZE, DRAWN, replace=False, p=weights / weights.sum()) for _ in range(count)]


@pytest.mark.parametrize("name", SERIES)
def test_a_series_with_a_defect_is_pointed_out(name: str) -> None:
    count, make, test = SERIES[name]
    listing = Listing(IDS, traits={"township": TOWNS})
    assert test in flagged(judged(*make(np.random.default_rng(5), count), listing=listing))


def test_strata_with_their_own_ratios_are_no_defect() -> None:
    """Grade D, at the head of the list, draws half; without knowing of the strata that looks like a bias."""
    rng = np.random.default_rng(6)
    strata = ["D" if n < 40 else "A" for n in range(SIZE)]
    draws = [
        np.concatenate([rng.choice(40, 20, replace=False), 40 + rng.choice(SIZE - 40, 21, replace=False)])
        for _ in range(3)
    ]
    assert judged(*draws, listing=Listing(IDS, strata)).compatible
    assert {"trend", "tenths"} <= flagged(judged(*draws))


def test_more_than_fifty_draws_are_judged_by_limiting_laws() -> None:
    rng = np.random.default_rng(9)
    listing = Listing(IDS[:200], traits={"township": TOWNS[:200]})
    fair_draws = [rng.choice(200, 20, replace=False) for _ in range(60)]
    judgement = judged(*fair_draws, listing=listing)
    assert judgement.compatible
    assert {test.outcome.method for test in judgement.tests} >= {"chi-squared", "normal", "exact", "fitted"}
    skewed = [rng.choice(np.r_[0:199, 0:20] % 180, 20) for _ in range(60)]
    assert "tenths" in flagged(judged(*(np.unique(one) for one in skewed), listing=listing))


def test_the_same_files_give_the_same_report() -> None:
    one, other = (judge(Listing(IDS[:60]), [Drawn("a", IDS[5:20]), Drawn("b", IDS[9:24])]) for _ in range(2))
    assert [test.outcome for test in one.tests] == [test.outcome for test in other.tests]
    assert [test.power for test in one.tests] == [test.power for test in other.tests]


def test_power_says_what_one_draw_of_41_of_408_can_and_cannot_show() -> None:
    powers = {test.outcome.test: test.power for test in judged(*fair(11), power=True).tests}
    assert powers["step"] is not None
    assert powers["tenths"] is not None
    assert (powers["step"].noticed, powers["step"].draws) == (100, 1)
    assert powers["tenths"].noticed < 20


def visits(keep: bool) -> list[Visit]:
    rng = np.random.default_rng(12)
    teams = [frozenset({f"P{2 * n}", f"P{2 * n + 1}"}) for n in range(6)]
    dealt = {n: teams[int(rng.integers(6))] for n in range(40)}
    return [
        Visit(f"{turn}", IDS[n], dealt[n] if keep else teams[int(rng.integers(6))])
        for turn in range(4)
        for n in range(40)
    ]


def test_inspectors_who_always_go_to_the_same_objects_are_pointed_out() -> None:
    assert "pairs" in flagged(judged(*fair(13), visits=visits(keep=True), power=True))
    unrelated = judged(*fair(13), visits=visits(keep=False))
    assert "pairs" in {test.outcome.test for test in unrelated.tests}
    assert unrelated.compatible


def test_one_round_of_visits_says_nothing_about_pairs() -> None:
    assert "pairs" in judged(*fair(13), visits=visits(keep=True)[:40]).not_made


def test_everything_drawn_leaves_nothing_to_test() -> None:
    judgement = judge(Listing(IDS[:12]), [Drawn("all", IDS[:12])], with_power=False)
    assert judgement.compatible
    assert not judgement.tests


def test_a_tiny_draw_says_what_could_not_be_tested() -> None:
    judgement = judge(Listing(IDS[:6]), [Drawn("two", IDS[:2])])
    assert judgement.compatible
    assert {"step", "tenths", "remainders", "evenness"} <= set(judgement.not_made)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]


def test_a_simulated_p_is_never_below_what_was_simulated() -> None:
    reference = np.arange(1_000.0)
    assert at_least(reference, 5_000) == pytest.approx(0.003, abs=1e-4)
    assert 0.1 < at_least(reference, 900) < 0.13
    assert at_most(reference, -1) == pytest.approx(0.003, abs=1e-4)
    assert at_least(reference, -1) == 1


def test_few_of_two_hundred_fair_reports_raise_a_false_alarm() -> None:
    """At 1 % ten or more of 200 would come up once in 20,000 times; bench/audit_power.py measures more."""
    rng = np.random.default_rng(14)
    listing = Listing(IDS, traits={"township": TOWNS})
    alarms, yardstick = 0, None
    for _ in range(200):
        draws = [Drawn(f"{n}", [IDS[p] for p in rng.choice(SIZE, DRAWN, replace=False)]) for n in range(3)]
        series = place(listing, draws)
        yardstick = yardstick or prepare(listing, series, most=20_000)
        found = outcomes(listing, series, yardstick).values()
        alarms += min(holm([one.p for one in found if one is not None])) <= 0.01
    assert alarms < 10


def test_sparse_classes_are_taken_together() -> None:
    towns = ["大"] * 300 + ["小"] * 100 + [f"村{n}" for n in range(8)]
    listing = Listing(IDS, traits={"township": towns})
    series = place(listing, [Drawn("a", IDS[:DRAWN])])
    (partition,) = (one for one in partitions_of(listing, series) if one.kind == "township")
    assert partition.classes == ("大", "*")


def test_days_and_amounts_are_cut_into_fifths() -> None:
    days = by_day([f"{1990 + n}-05-01" for n in range(20)] + ["N/A", "1999年3月8日", "2024/13/40"])
    assert days[0] == days[3] == "1990–1993"
    assert days[20] == days[22] == "?"
    assert days[21] == days[9]
    assert by_size(["1,198(万元人民币)", "30万人民币", "N/A"])[2] == "?"
    assert by_size(["大型", "小型", "", "小型"]) == ["大型", "小型", "?", "小型"]
    assert by_word([" 葛仙庄镇 ", ""]) == ["葛仙庄镇", "?"]


def test_whoever_does_not_audit_loads_no_numpy() -> None:
    code = (
        "import sys, draw, draw.audit, draw.compute, flows.commands.draw.audit;"
        "sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    )
    project = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=project, check=False).returncode == 0
