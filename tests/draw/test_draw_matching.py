"""The matching against brute force, and that it stays fast (§4.3)."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from draw.matching import Matching, first_matching

Lists = list[list[int]]
"""For each object the groups that it may have, in its order."""


def brute_force(lists: Lists, groups: int) -> Matching:
    """Every assignment in lexicographic order of preference; the first one within the least bounds."""
    count = len(lists)
    floor, ceiling = count // groups, -(-count // groups)
    for relax in itertools.count():
        low, high = max(0, floor - relax), ceiling + relax
        for chosen in itertools.product(*lists):
            loads = [chosen.count(group) for group in range(1, groups + 1)]
            if all(low <= load <= high for load in loads):
                return Matching(list(chosen), relax)
    raise AssertionError


def match(lists: Lists, groups: int) -> Matching:
    def preferred(item: int, some: Iterable[int]) -> Sequence[int]:
        return sorted(some, key=lists[item].index)

    return first_matching([sum(1 << g - 1 for g in one) for one in lists], groups, preferred)


@st.composite
def instances(draw: st.DrawFn) -> tuple[Lists, int]:
    groups = draw(st.integers(1, 4))
    one = st.permutations(range(1, groups + 1)).flatmap(
        lambda order: st.integers(1, groups).map(lambda length: list(order[:length]))
    )
    return draw(st.lists(one, max_size=7)), groups


@settings(max_examples=600, deadline=None)
@given(instances())
@example(([[1, 2], [1, 2], [1]], 2))  # the first two must leave room
@example(([[1], [1], [1], [1, 2]], 2))  # relaxation
@example(([[1], [1], [1, 2], [2, 3]], 3))  # a lower bound that decides
@example(([[2], [1]], 4))  # more groups than objects
def test_the_lexicographically_first(instance: tuple[Lists, int]) -> None:
    lists, groups = instance
    assert match(lists, groups) == (brute_force(lists, groups) if lists else Matching([], 0))


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_scarce_choices_need_relaxation(width: int) -> None:
    """Random instances with `width` of five groups each, where greed and luck do not suffice."""
    chance = random.Random(width)
    for _ in range(60):
        lists = [chance.sample(range(1, 6), width) for _ in range(6)]
        assert match(lists, 5) == brute_force(lists, 5)


def test_many_objects_keep_the_bounds_and_nobody_could_do_better_alone() -> None:
    chance = random.Random(1)
    lists = [chance.sample(range(1, 71), chance.randint(5, 70)) for _ in range(400)]
    found = match(lists, 70)
    loads = [found.group.count(group) for group in range(1, 71)]
    assert found.relax == 0
    assert set(loads) <= {5, 6}
    assert all(group in one for group, one in zip(found.group, lists, strict=True))
    first_choice = [one[0] for one in lists]
    assert found.group[0] == first_choice[0]


def seconds(count: int, groups: int, barred: float) -> float:
    chance = random.Random(7)
    everywhere = (1 << groups) - 1
    allowed = []
    for _ in range(count):
        mask = everywhere
        for group in range(groups):
            if chance.random() < barred:
                mask &= ~(1 << group)
        allowed.append(mask or 1)
    orders = [list(range(1, groups + 1)) for _ in range(16)]
    for order in orders:
        chance.shuffle(order)
    ranks = [{group: place for place, group in enumerate(order)} for order in orders]
    start = time.perf_counter()
    first_matching(allowed, groups, lambda item, some: sorted(some, key=ranks[item % 16].__getitem__))
    return time.perf_counter() - start


@pytest.mark.parametrize("barred", [0.0, 0.1, 0.9, 0.97])
def test_400_objects_and_70_groups_take_well_under_a_second(barred: float) -> None:
    assert seconds(400, 70, barred) < 1.0


def test_popular_groups_are_no_trap() -> None:
    """All objects want the same groups in the same order: the most tries that an object can need."""
    groups, count = 100, 1_000
    allowed = [(1 << groups) - 1] * count
    start = time.perf_counter()
    found = first_matching(allowed, groups, lambda item, some: sorted(some))
    assert found.group == [1 + item // 10 for item in range(count)]
    assert time.perf_counter() - start < 2.0
