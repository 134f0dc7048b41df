"""Objects to groups: of all balanced assignments the lexicographically first (§4.3).

The order of objects and each object's order of groups are given; what is looked
for is the one assignment in which the first object has the best group that leaves
the rest possible, then the second, and so on.

Any feasible assignment that prefers differently for one object differs from the
present one by cycles; one of them moves that object, and carrying out this one alone
keeps every load within bounds.  So it is enough to hold one feasible assignment
and, object by object, to look for a way that makes room in a better group (one
search per object, since groups found to be dead ends stay dead ends for it).

Sets of groups are whole numbers used as bit sets: bit g−1 stands for group g.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple


class Matching(NamedTuple):
    """`group[i]` (from 1) of the i-th object, and by how much the loads had to be relaxed."""

    group: list[int]
    relax: int


class _Move(NamedTuple):
    """In a search: the groups newly reached from `source` by moving `item` (−1: by using slack)."""

    reached: int
    source: int
    item: int


_SLACK = -1  # stands for "one more here, one fewer there", within the bounds of both loads


class _Assignment:
    """One assignment and its loads; fixed objects count but move no more.  Groups count from 0 in here."""

    def __init__(self, allowed: Sequence[int], groups: int) -> None:
        self.allowed = allowed
        self.groups = groups
        self.group: list[int] = []
        self.free: list[dict[int, None]] = [{} for _ in range(groups)]  # dicts: sets in a fixed order
        self.load = [0] * groups
        at_load = [(1 << groups) - 1]  # groups by load
        for item, mask in enumerate(allowed):
            level = 0
            while not mask & at_load[level]:
                level += 1
            group = _lowest(mask & at_load[level])
            at_load[level] ^= 1 << group
            if level + 1 == len(at_load):
                at_load.append(0)
            at_load[level + 1] |= 1 << group
            self.group.append(group)
            self.free[group][item] = None
            self.load[group] += 1

    def loaded(self, least: int, most: int) -> int:
        """Bit set of the groups whose load is from `least` to `most`."""
        return _set_of(group for group, load in enumerate(self.load) if least <= load <= most)

    def put(self, item: int, group: int) -> None:
        """Move a free object to another group, both loads changing."""
        old = self.group[item]
        del self.free[old][item]
        self.free[group][item] = None
        self.group[item] = group
        self.load[old] -= 1
        self.load[group] += 1

    def search(
        self, sources: int, goals: int, take: int = 0, give: int = 0, dead: int = 0
    ) -> tuple[list[_Move], int, int]:
        """Reach a goal from a source by moving free objects from group to group.

        Where a group of `take` (it may end with one object more) is reached,
        every group of `give` (it may end with one fewer) is reached too.  Groups of
        `dead` are not entered.  Returns the moves made, the goal reached (or −1)
        and all groups seen.
        """
        moves, seen, frontier, slack_used = [_Move(sources, _SLACK, -1)], sources | dead, sources, False
        if sources & goals:
            return moves, _lowest(sources & goals), seen
        while frontier:
            source = _lowest(frontier)
            frontier &= frontier - 1
            if not slack_used and take >> source & 1:
                slack_used = True
                reached = give & ~seen
                if reached:
                    moves.append(_Move(reached, source, -1))
                    seen |= reached
                    frontier |= reached
                    if reached & goals:
                        return moves, _lowest(reached & goals), seen
            for item in self.free[source]:
                reached = self.allowed[item] & ~seen
                if reached:
                    moves.append(_Move(reached, source, item))
                    seen |= reached
                    frontier |= reached
                    if reached & goals:
                        return moves, _lowest(reached & goals), seen
        return moves, -1, seen

    def carry_out(self, moves: Sequence[_Move], goal: int) -> list[int]:
        """Move the objects on the way that led to the goal; returns the groups on it."""
        node, way = goal, [goal]
        for reached, source, item in reversed(moves):
            if reached >> node & 1:
                if item >= 0:
                    self.put(item, node)
                if source == _SLACK:
                    break
                node = source
                way.append(node)
        return way


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _set_of(groups: Iterable[int]) -> int:
    return sum(1 << group for group in groups)


def _members(bits: int) -> list[int]:
    """The groups of a bit set, from 1, rising."""
    return [group for group, bit in enumerate(reversed(f"{bits:b}"), 1) if bit == "1"]


def _balance(state: _Assignment) -> None:
    """Make the greatest load as small and the smallest as great as can be.

    While a group of the greatest load can pass an object on, over others, to one with
    at least two fewer, it does; the same the other way round for the smallest load.
    When no such way is left, the groups reached hold, in every assignment,
    at least (at most) so many objects that no greatest (smallest) load is better.
    """
    while True:
        top = max(state.load)
        moves, goal, _ = state.search(state.loaded(top, top), state.loaded(0, top - 2))
        if goal < 0:
            break
        state.carry_out(moves, goal)
    while True:
        low = min(state.load)
        moves, goal, _ = state.search(state.loaded(low + 2, len(state.group)), state.loaded(low, low))
        if goal < 0:
            break
        state.carry_out(moves, goal)


def first_matching(
    allowed: Sequence[int], groups: int, preferred: Callable[[int, Sequence[int]], Sequence[int]]
) -> Matching:
    """The lexicographically first assignment with every load in [max(0, ⌊n/G⌋−t), ⌈n/G⌉+t], t least.

    `allowed[i]` is the bit set of the groups that are not barred for the i-th
    object (bit g−1: group g), never empty; `preferred(i, some_groups)` puts those
    groups in the i-th object's order.  Objects barred everywhere are not part of it.
    """
    if not allowed:
        return Matching([], 0)
    state = _Assignment(allowed, groups)
    _balance(state)
    floor, ceiling = len(allowed) // groups, -(-len(allowed) // groups)
    relax = max(0, max(state.load) - ceiling, floor - min(state.load))
    least, most = max(0, floor - relax), ceiling + relax

    take, give = state.loaded(0, most - 1), state.loaded(least + 1, len(allowed))
    idle = _set_of(group for group in range(groups) if not state.free[group])  # no free object
    for item, mask in enumerate(allowed):
        present = state.group[item]
        del state.free[present][item]  # from here on it is not moved to make room for others
        # Groups that are full of fixed objects stay closed: no need to rank them.
        candidates = mask & (~idle | take | 1 << present)
        dead, changed = 0, list[int]()
        for group in preferred(item, _members(candidates)):
            wanted = group - 1
            if dead >> wanted & 1:
                continue
            moves, goal, seen = state.search(1 << wanted, 1 << present, take, give, dead)
            if goal >= 0:
                changed = state.carry_out(moves, goal)
                state.load[present] -= 1
                state.load[wanted] += 1
                state.group[item] = wanted
                break
            dead = seen
        for group in (present, *changed):
            bit, load = 1 << group, state.load[group]
            idle = idle & ~bit if state.free[group] else idle | bit
            take = take | bit if load < most else take & ~bit
            give = give | bit if load > least else give & ~bit
    return Matching([group + 1 for group in state.group], relax)
