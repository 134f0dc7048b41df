"""What no fair draw can do, and what is refused before anything is judged."""

from __future__ import annotations

import pytest

from draw.audit.hard import Finding, hard_checks
from draw.audit.judgement import judge
from draw.audit.listing import Drawn, Listing, place
from schemas.errors import DrawbridgeError

LIST = Listing([f"E{n:02}" for n in range(20)])


def found(check: str, *draws: Drawn, ratio: str | None = None, minimum: int | None = None) -> Finding:
    checks = {one.check: one for one in hard_checks(LIST, draws, ratio=ratio, minimum=minimum)}
    assert list(checks) == ["inside", "once", "count", "serial"]
    return checks[check]


def test_an_object_from_outside_the_list_is_named_with_its_draw() -> None:
    one = found("inside", Drawn("三月", ["E01", "X99"]), Drawn("四月", ["E02"]))
    assert (one.state, one.faults, one.examples) == ("failed", 1, (("三月", "X99"),))


def test_an_object_twice_in_one_draw_is_a_draw_with_replacement() -> None:
    assert found("once", Drawn("a", ["E01", "E02", "E01", "E01"])).faults == 2
    assert found("once", Drawn("a", ["E01"]), Drawn("b", ["E01"])).state == "ok"


@pytest.mark.parametrize(
    ("ratio", "minimum", "state"),
    [
        (None, None, "not checked"),
        ("0.1", None, "ok"),
        ("0.101", None, "failed"),
        (None, 3, "failed"),
        ("1", 2, "failed"),
    ],
)
def test_the_number_drawn_is_held_to_the_ratio_rounded_up(
    ratio: str | None, minimum: int | None, state: str
) -> None:
    assert found("count", Drawn("a", ["E01", "E02"]), ratio=ratio, minimum=minimum).state == state


def test_second_mentions_and_strangers_do_not_count_towards_the_ratio() -> None:
    assert found("count", Drawn("a", ["E01", "E01", "X"]), minimum=2).state == "failed"


@pytest.mark.parametrize(
    ("serials", "state", "missing"),
    [
        ((3, 4, 5), "ok", ()),
        ((3, 6, 4), "failed", ("5",)),
        ((3, 4, 4), "failed", ("4",)),
        ((3, None, 4), "not checked", ()),
    ],
)
def test_a_number_that_skips_is_a_draw_that_vanished(
    serials: tuple[int | None, ...], state: str, missing: tuple[str, ...]
) -> None:
    one = found("serial", *(Drawn(f"{n}", [f"E{n:02}"], serial) for n, serial in enumerate(serials)))
    assert one.state == state
    assert tuple(what for _, what in one.examples) == missing


@pytest.mark.parametrize(
    ("code", "ids", "draws"),
    [
        ("DB-CHANCE-001", ["E01"], [["E01"]]),
        ("DB-CHANCE-002", ["E01", "E02", "E01"], [["E01"]]),
        ("DB-CHANCE-003", ["E01", "E02"], []),
        ("DB-CHANCE-003", ["E01", "E02"], [["E01"], []]),
        ("DB-CHANCE-004", ["E01", "E02"], [["F01", "F02"]]),
        ("DB-CHANCE-005", ["E01", "E02"], [["E01", "E02", "E01"]]),
    ],
)
def test_what_cannot_be_judged_is_refused(code: str, ids: list[str], draws: list[list[str]]) -> None:
    with pytest.raises(DrawbridgeError) as refused:
        place(Listing(ids), [Drawn("a", drawn) for drawn in draws])
    assert refused.value.code == code


def test_the_second_of_two_is_the_one_that_is_named() -> None:
    with pytest.raises(DrawbridgeError) as refused:
        place(Listing(["A", "B", "C", "B"]), [Drawn("a", ["A"])])
    assert refused.value.facts == {"object_id": "B", "line": 4}


@pytest.mark.parametrize("level", [0.0, -0.01, 0.3, 1.0])
def test_a_level_beyond_reason_is_refused(level: float) -> None:
    with pytest.raises(DrawbridgeError) as refused:
        judge(LIST, [Drawn("a", ["E01"])], level=level)
    assert refused.value.code == "DB-CHANCE-008"
