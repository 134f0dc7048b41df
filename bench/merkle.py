"""What the Merkle root costs: the certificate with it, and with the tree left out.

    python -m bench.merkle [small|full]

Both read and check the list, take its digest, hash the tickets and make the certificate.  The
peer hashes the same leaves and nodes in a loop of hashlib on one core.  Times: less is better.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from bench.directory import VALUES, Directory, directory
from bench.figure import Line, Timing, figure
from draw.canonical import canonical, digest
from draw.certificate import check_certificate_form
from draw.commitment import parse_commitment
from draw.compiled import block
from draw.lines import read_lines
from draw.merkle import Subtree, merkle_root
from draw.reading import request_of
from draw.reveal import contributions_in_order
from draw.seed import draw_seed
from draw.stages import drawn_objects
from flows.drawing.list_reader import reader_for

SIZES = {"small": 1_000_000, "full": 10_000_000}
ROUNDS = {"small": 7, "full": 3}
TARGET = 1.5


def certified(made: Directory) -> bytes:
    """The certificate as `compute_objects` makes it, but for the comparison with the committed root."""
    promised = parse_commitment(made.commitment, "objects")
    given = contributions_in_order(promised, VALUES)
    seed = draw_seed(digest(made.commitment), [entry["value"] for entry in given])
    request = request_of(promised, seed, 0)
    found, lowest = reader_for("compiled")(made.path, request)
    certificate = {
        "spec": promised["spec"],
        "commitment": promised,
        "commitment_digest": digest(made.commitment),
        "contributions": given,
        "seed": seed.hex(),
        "corrects": None,
        **drawn_objects(request.seats(found.sizes), lowest, []),
    }
    check_certificate_form(certificate)
    return canonical(certificate)


def without_tree(made: Directory) -> bytes:
    """The same, no leaf and no node being hashed."""
    tree_of = block.tree_of
    # One empty hash for all lines of a block: enough for the parts to be counted.
    block.tree_of = lambda text, begins, ends, start: [Subtree(len(begins), b"")]
    try:
        return certified(made)
    finally:
        block.tree_of = tree_of


def run(scale: str) -> Iterator[Line]:
    """One line: seconds with the root, and how many times those without."""
    with directory(SIZES[scale]) as made:
        assert certified(made) == without_tree(made)
        timing = Timing(
            {"ours": lambda: certified(made), "without": lambda: without_tree(made)}, ROUNDS[scale]
        )
        loop = Timing({"hashlib": lambda: merkle_root(read_lines(made.path, "eligible.tsv"))}, 1)
        timing.seconds["hashlib loop, root alone"] = loop.seconds["hashlib"]
        yield figure(
            "draw.merkle, times without",
            made.count,
            timing.median("ours"),
            timing.median("ours") / timing.median("without"),
            TARGET,
            at_most=True,
            peers={name: timing.median(name) for name in ("without", "hashlib loop, root alone")},
            timing=timing,
        )


if __name__ == "__main__":
    for line in run(sys.argv[1] if len(sys.argv) > 1 else "small"):
        print(json.dumps(line, ensure_ascii=False), flush=True)
