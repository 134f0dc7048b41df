"""Tests of who is drawn: tenths of the list, remainders of the position, classes of a trait.

Each partition of the list gives a quadratic form of (drawn - expected) by class, with the exact covariance of
fair draws: Pearson's chi-squared with the finite population correction, strata included.  The most unusual of
a test's partitions counts; its p-value comes from simulated series, or, for more than fifty draws, from the
chi-squared law.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.special import chdtrc

from draw.audit.distributions import Floats
from draw.audit.fair import RESAMPLED, FairDraws, Ints, Partition, at_least
from draw.audit.listing import Listing, Series
from draw.audit.outcome import Method, Outcome

TENTHS, REMAINDERS, ISSUER = "tenths", "remainders", "issuer"
Small = np.ndarray[tuple[int, ...], np.dtype[np.int32]]
DIVISORS = (*range(2, 13), 16, 20, 25, 30, 50, 64, 100)
"""Remainders looked at: small numbers, and the lengths of pages that lists are shown in."""

SPARSE = 3.0
"""A class with fewer expected in the whole series goes to the others."""

OTHERS = "*"
_CODE_LENGTH, _ISSUER_LENGTH = 18, 8


def partitions_of(listing: Listing, series: Series) -> list[Partition]:
    """All divisions of the list that this series is large enough for."""
    places = np.arange(series.size)
    found = []
    if series.total >= SPARSE * 10:
        tenths = places * 10 // series.size
        found.append(Partition(TENTHS, TENTHS, tuple(str(n + 1) for n in range(10)), tenths))
    for divisor in DIVISORS:
        if series.total >= SPARSE * divisor and series.size >= 2 * divisor:
            names = tuple(str(n) for n in range(divisor))
            found.append(Partition(REMAINDERS, str(divisor), names, places % divisor))
    traits = dict(listing.traits)
    if all(len(one) == _CODE_LENGTH for one in listing.ids):
        # GB 32100: the office that registered it and its district.
        traits[ISSUER] = [one[:_ISSUER_LENGTH] for one in listing.ids]
    for name, classes in traits.items():
        partition = _by_class(name, classes, series)
        if partition is not None:
            found.append(partition)
    return found


def _by_class(name: str, classes: Sequence[str], series: Series) -> Partition | None:
    """A trait's classes, the sparse ones together; None if fewer than two are left."""
    labels, of = np.unique(np.array(classes, dtype=object).astype(str), return_inverse=True)
    expected = np.bincount(of, weights=_expected_by_place(series))
    order = [int(i) for i in np.argsort(-expected, kind="stable") if expected[i] >= SPARSE][:40]
    sparse = [i for i in range(len(labels)) if i not in order]
    if sparse and expected[sparse].sum() < SPARSE and order:
        sparse.append(order.pop())
    if len(order) + bool(sparse) < 2:
        return None
    order.sort(key=lambda index: _natural(str(labels[index])))
    number = np.full(len(labels), len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    names = tuple(str(labels[i]) for i in order) + ((OTHERS,) if sparse else ())
    return Partition(name, name, names, number[of])


def _natural(label: str) -> tuple[float, str]:
    """Labels that begin with a number in its order, before the others in theirs."""
    found = re.match(r"\d+(?:\.\d+)?", label)
    return (float(found.group()) if found else math.inf), label


def _expected_by_place(series: Series) -> Floats:
    rates = np.zeros(len(series.stratum_sizes))
    for draw in series.draws:
        rates += np.array(series.counts(draw)) / np.array(series.stratum_sizes)
    result: Floats = rates[series.strata]
    return result


def coverage(series: Series, fair: FairDraws, kind: str) -> Outcome | None:
    """The test of one kind of partition; None if the series is too small for any."""
    design = (kind, *(series.counts(draw) for draw in series.draws))
    usable = fair.once(("forms", *design), lambda: _forms(series, fair, kind))
    if not usable:
        return None
    places = np.concatenate(series.draws)
    drawn = [form.partition.count(places) for form, _ in usable]
    scores = [form.score(observed)[0] for (form, _), observed in zip(usable, drawn, strict=True)]
    worst = int(np.argmax(scores))
    method: Method = "simulated" if len(series.draws) <= RESAMPLED else "chi-squared"
    if method == "simulated":
        null = fair.once(("coverage", *design), lambda: _simulated(series, fair, usable))
        p = at_least(null, scores[worst])
    else:
        p = min(1.0, len(usable) * min(form.tail(n) for (form, _), n in zip(usable, drawn, strict=True)))
    (form, _), observed = usable[worst], drawn[worst]
    far = int(np.argmax(np.abs(observed - form.mean) / np.maximum(form.deviation, 1e-9)))
    facts: dict[str, object] = {
        "kind": kind,
        "partition": form.partition.label,
        "class": form.partition.classes[far],
        "drawn": int(observed[far]),
        "expected": float(form.mean[far]),
        "classes": list(form.partition.classes),
        "observed": [int(n) for n in observed],
        "means": [float(n) for n in form.mean],
        "deviations": [float(n) for n in form.deviation],
    }
    return Outcome(kind, p, method, facts)


def _forms(series: Series, fair: FairDraws, kind: str) -> list[tuple[_Form, slice]]:
    places = _columns(fair.partitions)
    chosen = [(one, place) for one, place in zip(fair.partitions, places, strict=True) if one.kind == kind]
    forms = [(_Form(series, partition), place) for partition, place in chosen]
    return [(form, place) for form, place in forms if form.freedom > 0]


def _columns(partitions: Sequence[Partition]) -> list[slice]:
    ends = np.cumsum([0, *(len(partition.classes) for partition in partitions)])
    return [slice(int(a), int(b)) for a, b in pairwise(ends)]


class _Form:
    """Expected numbers by class over the series, their covariance, and the quadratic form that it gives."""

    def __init__(self, series: Series, partition: Partition) -> None:
        width = len(partition.classes)
        self.partition = partition
        self.mean = np.zeros(width)
        covariance = np.zeros((width, width))
        for stratum, total in enumerate(series.stratum_sizes):
            inside = partition.of[series.strata == stratum]
            share = np.bincount(inside, minlength=width) / total
            spread = np.diag(share) - np.outer(share, share)
            for n in (series.counts(draw)[stratum] for draw in series.draws):
                self.mean += n * share
                if total > 1:
                    covariance += n * (total - n) / (total - 1) * spread
        self.deviation: Floats = np.sqrt(np.diag(covariance))
        values, vectors = np.linalg.eigh(covariance)
        kept = values > 1e-9 * max(float(values.max()), 1e-12)
        self.freedom = int(kept.sum()) if values.max() > 1e-12 else 0
        self._whitened = vectors[:, kept] / np.sqrt(values[kept])

    def square(self, observed: Ints | Small) -> Floats:
        """The quadratic form for each row of observed numbers."""
        distance = (np.atleast_2d(observed).astype(float) - self.mean) @ self._whitened
        squares: Floats = (distance**2).sum(axis=1)
        return squares

    def score(self, observed: Ints | Small) -> Floats:
        """The same on a scale that partitions of different sizes share (Wilson and Hilferty 1931)."""
        unit = 2 / (9 * self.freedom)
        scores: Floats = (np.cbrt(self.square(observed) / self.freedom) - (1 - unit)) / np.sqrt(unit)
        return scores

    def tail(self, observed: Ints | Small) -> float:
        """The chance of so great a form by the chi-squared law."""
        return float(chdtrc(self.freedom, self.square(observed)[0]))


def _simulated(series: Series, fair: FairDraws, usable: Sequence[tuple[_Form, slice]]) -> Floats:
    """The greatest score in each of many fair series: sums of simulated draws."""
    rng = np.random.default_rng([fair.seed, 3])
    best = np.full(fair.count, -np.inf)
    orders = [rng.permutation(fair.count) for _ in series.draws[1:]]
    references = [fair.reference(series.counts(draw)).tally for draw in series.draws]
    for form, place in usable:
        total = references[0][:, place].astype(np.int64)
        for order, reference in zip(orders, references[1:], strict=True):
            total += reference[order, place]
        best = np.maximum(best, form.score(total))
    return np.sort(best)
