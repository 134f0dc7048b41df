"""Inspectors who meet the same object again: teams dealt to the objects of each round anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from draw.audit.distributions import Floats
from draw.audit.fair import Ints, at_least, at_most
from draw.audit.listing import Visit
from draw.audit.outcome import Outcome

DEALT = 20_000


def recurring(visits: Sequence[Visit], seed: int) -> Outcome | None:
    """Whether pairs of inspector and object recur more, or less, than if teams were dealt by lot.

    Who went, how often, with whom, and which objects were visited stay as they are; only which of a round's
    teams went to which of its objects is dealt, 20,000 times.  None without an object that was visited twice.
    """
    table = _Table(visits)
    if not len(table.first) or len(table.common) < 2:
        return None
    observed = table.meetings(table.teams)
    dealt = table.dealt(seed)
    p = min(1.0, 2 * min(at_least(dealt, observed), at_most(dealt, observed)))
    facts = {
        "again": observed,
        "expected": float(dealt.mean()),
        "revisits": len(table.first),
        "visits": len(visits),
    }
    return Outcome("pairs", p, "simulated", facts)


def recurring_power(visits: Sequence[Visit], seed: int, level: float, trials: int) -> int:
    """In how many of `trials` the test notices that half of the objects keep their former team."""
    table = _Table(visits)
    dealt = table.dealt(seed)
    rng = np.random.default_rng([seed, 6])
    return sum(2 * at_least(dealt, table.meetings(table.kept(rng))) <= level for _ in range(trials))


class _Table:
    """Visits as numbers: whose team went to which visit, and which visits are of one object."""

    def __init__(self, visits: Sequence[Visit]) -> None:
        numbers: dict[frozenset[str], int] = {}
        rounds: dict[str, list[int]] = defaultdict(list)
        objects: dict[str, list[int]] = defaultdict(list)
        for index, visit in enumerate(visits):
            rounds[visit.round].append(index)
            objects[visit.object_id].append(index)
        self.teams = np.array(
            [numbers.setdefault(one.inspectors, len(numbers)) for one in visits], dtype=np.int64
        )
        self.rounds = list(rounds.values())
        self.pairs = [pair for same in objects.values() for pair in combinations(same, 2)]
        self.first = np.array([pair[0] for pair in self.pairs], dtype=np.int64)
        self.second = np.array([pair[1] for pair in self.pairs], dtype=np.int64)
        people = {person: i for i, person in enumerate(sorted({p for team in numbers for p in team}))}
        member = np.zeros((len(numbers), len(people)), dtype=np.int64)
        for team, index in numbers.items():
            member[index, [people[person] for person in team]] = 1
        self.common = member @ member.T

    def meetings(self, teams: Ints) -> int:
        """Pairs of inspector and object that recur, if these teams went to the visits."""
        return int(self.common[teams[self.first], teams[self.second]].sum())

    def dealt(self, seed: int) -> Floats:
        """The same for teams dealt to the visits of each round by lot, sorted."""
        rng = np.random.default_rng([seed, 4])
        sums: list[Floats] = []
        batch = max(1, min(DEALT, 2_000_000 // max(len(self.teams), len(self.first))))
        for start in range(0, DEALT, batch):
            table = np.tile(self.teams, (min(batch, DEALT - start), 1))
            for places in self.rounds:
                table[:, places] = rng.permuted(table[:, places], axis=1)
            sums.append(self.common[table[:, self.first], table[:, self.second]].sum(axis=1).astype(float))
        return np.sort(np.concatenate(sums))

    def kept(self, rng: np.random.Generator) -> Ints:
        """Teams dealt by lot, but for every other object that is visited again: it gets its former team."""
        teams = self.teams.copy()
        for places in self.rounds:
            teams[places] = rng.permutation(teams[places])
        rounds = {visit: places for places in self.rounds for visit in places}
        for earlier, later in self.pairs:
            if rng.random() < 0.5:
                same = [visit for visit in rounds[later] if teams[visit] == teams[earlier]]
                if same:
                    teams[same[0]], teams[later] = teams[later], teams[same[0]]
        return teams
