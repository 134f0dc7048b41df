"""An audit of 1,000 draws of 400 out of 12,000 against scipy's permutation test on the same draws.

    python -m bench.audit_speed [small|full]

The peer answers one question of the audit's thirteen: whether the drawn places lie nearer to the head of the
list, by `scipy.stats.permutation_test` with the difference of means, vectorised.  It is given as many
permutations as the audit simulates fair draws, and as many of the draws as the scale says, since all would
take most of an hour; both are compared in draws per second.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import stats

from draw.audit.judgement import judge
from draw.audit.listing import Drawn, Listing

Floats = npt.NDArray[np.float64]
SEED = 12
SIZE, DRAWN = 12_000, 400
DRAWS = {"small": 1_000, "full": 1_000}
PEER_DRAWS = {"small": 2, "full": 10}
TARGET = 1.0


def _difference(one: Floats, other: Floats, axis: int = -1) -> Floats:
    result: Floats = one.mean(axis=axis) - other.mean(axis=axis)
    return result


def run(scale: str) -> Iterator[dict[str, object]]:
    """One line: draws per second of the audit, with power statements and without, and of the peer."""
    rng = np.random.default_rng(SEED)
    places = [rng.choice(SIZE, DRAWN, replace=False) for _ in range(DRAWS[scale])]
    ids = [f"object-{n:05}" for n in range(SIZE)]
    listing = Listing(ids, traits={"township": [str(n) for n in rng.integers(0, 12, SIZE)]})
    draws = [Drawn(f"{n}", [ids[place] for place in draw]) for n, draw in enumerate(places)]

    seconds, simulated = {}, 0
    for with_power in (True, False):
        start = time.perf_counter()
        simulated = judge(listing, draws, with_power=with_power).simulated
        seconds[with_power] = time.perf_counter() - start

    start = time.perf_counter()
    for draw in places[: PEER_DRAWS[scale]]:
        drawn = np.zeros(SIZE, dtype=bool)
        drawn[draw] = True
        stats.permutation_test(
            (np.flatnonzero(drawn).astype(float), np.flatnonzero(~drawn).astype(float)),
            _difference,
            permutation_type="independent",
            n_resamples=simulated,
            vectorized=True,
            batch=100,
            rng=rng,
        )
    peer = PEER_DRAWS[scale] / (time.perf_counter() - start)

    used = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    for name, with_power in (("audit.speed", True), ("audit.speed, without power statements", False)):
        ours = DRAWS[scale] / seconds[with_power]
        yield {
            "name": name,
            "size": DRAWS[scale],
            "ours": round(ours, 2),
            "peers": {f"scipy permutation_test, {simulated} permutations": round(peer, 4)},
            "limit": None,
            "ratio": round(ours / peer, 2),
            "target": TARGET,
            "met": ours / peer >= TARGET,
            "rss_mb": used,
        }


if __name__ == "__main__":
    for figure in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(figure, ensure_ascii=False), flush=True)
