"""The lexicographically first balanced assignment (§4.3), by flow between kinds of objects and groups.

Objects that may go to the same groups are of one kind.  A flow says how many objects of each kind go to each
group; every group's load lies between a least and a most.  First some flow within the bounds is found.  Then
the objects are settled in their order: an object may go to a group if the flow can be changed, within the
bounds and with everything settled left alone, so that one unit of its kind goes there.  That is so where the
group leads, by moves of single units, to a group that has a unit of the kind already; one search backwards
from those groups finds all of them at once, and the object takes the best of its list among them.

The bounds are one more node in this search: a group below its most may take a unit without giving one on, a
group above its least may give one without getting one.

Sets of groups are integers, bit g-1 for group g.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

Best = Callable[[int, int], int]
"""The best group (from 0) of an object (its place in the order) in a set of groups."""


def first_assignment(allowed: Sequence[int], groups: int, best: Best) -> tuple[list[int], int]:
    """The group (from 0) of each object and the relaxation.

    `allowed` are the groups that each object may go to, none of them empty, objects in their order.
    """
    if not allowed:
        return [], 0
    flow = _Flow(allowed, groups)
    settled = []
    for place, kind in enumerate(allowed):
        choices = flow.choices(kind)
        group = best(place, choices)
        flow.settle(kind, group)
        settled.append(group)
    return settled, flow.relax


class _Flow:
    """Units by kind and group, loads with what is settled, and the bounds of the loads.

    After `_search`, `_way` says for each group found how a unit gets on from there: (kind, next group), or
    (0, group) where the load of this group grows and the load of that one falls, or None where the search
    began.
    """

    def __init__(self, allowed: Sequence[int], groups: int) -> None:
        self._groups = groups
        self._units: dict[int, Counter[int]] = {}
        self._where: dict[int, int] = {}  # kind -> the groups where it has units
        self._loads = [0] * groups
        self._way: dict[int, tuple[int, int] | None] = {}
        for kind, count in Counter(allowed).items():
            self._units[kind], self._where[kind] = Counter(), 0
            open_to = list(_members(kind))
            for _ in range(count):
                lightest = min(open_to, key=self._loads.__getitem__)
                self._put(kind, lightest)
                self._loads[lightest] += 1
        self.relax = 0
        floor, ceiling = len(allowed) // groups, -(-len(allowed) // groups)
        self._least, self._most = floor, ceiling
        while not self._balanced():
            self.relax += 1
            self._least, self._most = max(0, floor - self.relax), ceiling + self.relax

    def choices(self, kind: int) -> int:
        """The groups that the next object of this kind may be settled in."""
        return self._search(self._where[kind], bounds=True) & kind

    def settle(self, kind: int, group: int) -> None:
        """Settles an object of this kind in one of its choices, as the last search found them.

        Its unit comes to this group and is no longer moved; one goes on from here, and the last one to get
        on is taken for it where the search began.  So loads stay as they are but where a bound has been
        used.
        """
        self._take(kind, self._move_along(group))

    # --- the search -----------------------------------------------------------------------------------------

    def _search(self, start: int, *, bounds: bool) -> int:
        """All groups from which a unit can be passed on, move by move, to one of `start`."""
        found, front = start, start
        self._way = dict.fromkeys(_members(start))
        kinds = [kind for kind, where in self._where.items() if where]
        while front:
            new = 0
            rest = []
            for kind in kinds:
                into = kind & front
                if not into:
                    rest.append(kind)
                    continue
                fresh = self._where[kind] & ~found & ~new
                for group in _members(fresh):
                    self._way[group] = (kind, _lowest(into))
                new |= fresh
            kinds = rest
            if bounds:
                giving = next((group for group in _members(front) if self._loads[group] > self._least), None)
                if giving is not None:
                    bounds = False
                    for group in range(self._groups):
                        if not (found | new) >> group & 1 and self._loads[group] < self._most:
                            self._way[group] = (0, giving)
                            new |= 1 << group
            found |= new
            front = new
        return found

    def _move_along(self, group: int) -> int:
        """Passes a unit on from this group to where the search began; returns the group where it ends."""
        while (step := self._way[group]) is not None:
            kind, onward = step
            if kind:
                self._take(kind, group)
                self._put(kind, onward)
            else:
                self._loads[group] += 1
                self._loads[onward] -= 1
            group = onward
        return group

    # --- a first flow ---------------------------------------------------------------------------------------

    def _balanced(self) -> bool:
        """Brings all loads within the bounds; False if that cannot be done."""
        for group in range(self._groups):
            while self._loads[group] > self._most:
                if not self._pass_on(group):
                    return False
        for group in range(self._groups):
            while self._loads[group] < self._least:
                if not self._draw_in(group):
                    return False
        return True

    def _pass_on(self, group: int) -> bool:
        """Moves one unit of load from this group to one that is below the most, over as many as it takes."""
        below = sum(1 << other for other, load in enumerate(self._loads) if load < self._most)
        self._search(below, bounds=False)
        if group not in self._way:
            return False
        end = self._move_along(group)
        self._loads[group] -= 1
        self._loads[end] += 1
        return True

    def _draw_in(self, group: int) -> bool:
        """Moves one unit of load into this group from one that is above the least."""
        self._search(1 << group, bounds=False)
        giver = next((other for other in self._way if self._loads[other] > self._least), None)
        if giver is None:
            return False
        self._move_along(giver)
        self._loads[giver] -= 1
        self._loads[group] += 1
        return True

    # --- units ----------------------------------------------------------------------------------------------

    def _put(self, kind: int, group: int) -> None:
        self._units[kind][group] += 1
        self._where[kind] |= 1 << group

    def _take(self, kind: int, group: int) -> None:
        self._units[kind][group] -= 1
        if not self._units[kind][group]:
            self._where[kind] &= ~(1 << group)


def _members(groups: int) -> Iterator[int]:
    while groups:
        lowest = groups & -groups
        yield lowest.bit_length() - 1
        groups ^= lowest


def _lowest(groups: int) -> int:
    return (groups & -groups).bit_length() - 1
