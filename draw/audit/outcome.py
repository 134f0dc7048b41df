"""What one test says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Method = Literal["exact", "bound", "simulated", "normal", "chi-squared", "fitted"]
"""How p was found: a formula; an upper bound; fair draws by the thousand; the normal or chi-squared law; a
gamma law with the exact first three moments."""


class Outcome(NamedTuple):
    """A test's p-value: how often fair draws look at least as unusual. `facts`: what was seen, for words."""

    test: str
    p: float
    method: Method
    facts: Mapping[str, object]
