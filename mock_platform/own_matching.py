"""The lexicographically first balanced assignment (draw-spec.md §4.3), as a flow, searched step by step."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

_POOL = 0  # the node that joins all groups: what a group gives up or takes beyond an exchange


class _Flow:
    """An assignment under way: loads within [low, high], some objects fixed."""

    def __init__(self, allowed: Mapping[str, Sequence[int]], groups: int, low: int, high: int) -> None:
        self.allowed, self.groups, self.low, self.high = allowed, groups, low, high
        self.at: dict[str, int] = {}
        self.fixed: set[str] = set()
        self.members: dict[int, set[str]] = {group: set() for group in range(1, groups + 1)}

    def put(self, one: str, group: int) -> None:
        if one in self.at:
            self.members[self.at[one]].discard(one)
        self.at[one] = group
        self.members[group].add(one)

    def path(self, start: int, goal: int) -> list[tuple[str | None, int]] | None:
        """Moves (object, to group) that carry one unit from `start` to `goal`; None: there is no way.

        An object that is not fixed may move to another group it may have; through the pool,
        a group below `high` keeps one more, and a group above `low` gives one up.
        """
        came: dict[int, tuple[int, str | None]] = {start: (start, None)}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            if node == goal:
                return self._trace(came, start, goal)
            for following, mover in self._steps(node):
                if following not in came:
                    came[following] = (node, mover)
                    queue.append(following)
        return None

    def _steps(self, node: int) -> list[tuple[int, str | None]]:
        if node == _POOL:
            return [(group, None) for group, inside in self.members.items() if len(inside) > self.low]
        steps: list[tuple[int, str | None]] = []
        for one in self.members[node] - self.fixed:
            steps += [(group, one) for group in self.allowed[one] if group != node]
        if len(self.members[node]) < self.high:
            steps.append((_POOL, None))
        return steps

    @staticmethod
    def _trace(
        came: Mapping[int, tuple[int, str | None]], start: int, goal: int
    ) -> list[tuple[str | None, int]]:
        moves: list[tuple[str | None, int]] = []
        node = goal
        while node != start:
            before, mover = came[node]
            moves.append((mover, node))
            node = before
        return moves[::-1]

    def carry_out(self, moves: Sequence[tuple[str | None, int]]) -> None:
        for one, group in moves:
            if one is not None:
                self.put(one, group)


def first_assignment(
    free: Sequence[str], allowed: Mapping[str, Sequence[int]], groups: int
) -> tuple[int, dict[str, int]]:
    """`relax` and object -> group: of all balanced assignments the lexicographically first.

    `free`: objects in their order, each with at least one group; `allowed`: groups in order of preference.
    """
    if not free:
        return 0, {}
    relax = 0
    while (flow := _feasible(free, allowed, groups, relax)) is None:
        relax += 1
    for one in free:
        for group in allowed[one]:
            if _moved(flow, one, group):
                break
        flow.fixed.add(one)
    return relax, dict(flow.at)


def _feasible(
    free: Sequence[str], allowed: Mapping[str, Sequence[int]], groups: int, relax: int
) -> _Flow | None:
    low = max(0, len(free) // groups - relax)
    high = -(-len(free) // groups) + relax
    flow = _Flow(allowed, groups, 0, high)
    for one in free:
        for group in allowed[one]:
            moves = flow.path(group, _POOL)
            if moves is not None:
                flow.carry_out(moves)
                flow.put(one, group)
                break
        else:
            return None
    flow.low = low
    for group in range(1, groups + 1):
        while len(flow.members[group]) < low:
            moves = flow.path(_POOL, group)
            if moves is None:
                return None
            flow.carry_out(moves)
    return flow


def _moved(flow: _Flow, one: str, group: int) -> bool:
    """Whether the object can have that group, all fixed ones staying; if so it has it."""
    now = flow.at[one]
    if now == group:
        return True
    flow.fixed.add(one)
    moves = flow.path(group, now)
    flow.fixed.discard(one)
    if moves is None:
        return False
    flow.carry_out(moves)
    flow.put(one, group)
    return True
