"""`python -m draw.compiled`: compiles for the processor at hand, once; numba keeps what it compiled."""

from __future__ import annotations

from draw.compiled.block import read_block
from draw.parts import EVERYTHING, Question

read_block(b"a\tA\ta\nb\tA\tb\n", 0, Question(bytes(32), {"A": EVERYTHING}))
