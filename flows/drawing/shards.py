"""Shards of a draw as bytes: one shard computed, all shards merged into the certificate.

The commands (`draw_shards_commands`) and the Dask flow (`dask_draw`) both end here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from draw.canonical import Source, digest
from draw.commitment import parse_commitment
from draw.compute import compute_objects
from draw.parts import EVERYTHING, Question
from draw.reading import Answer, Request, first_question, request_of
from draw.reveal import contributions_in_order
from draw.seed import draw_seed
from draw.shards import Shard, lines_of_shard, merge_shards, parse_shard, write_shard
from flows.drawing.list_reader import Engine, Progress, read_lines_of
from schemas.errors import DrawbridgeError

SHARDS_LIMIT = 10_000


def shard_named(value: str) -> tuple[int, int]:
    """Index and number of shards from `1/2`. Raises DrawbridgeError DB-DRAW-096 for anything else."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})", value, re.ASCII)
    if found is None or not int(found[1]) <= int(found[2]) <= SHARDS_LIMIT:
        raise DrawbridgeError("DB-DRAW-096", value=value, limit=SHARDS_LIMIT)
    return int(found[1]), int(found[2])


def compute_shard(
    commitment: bytes,
    contributions: Mapping[str, str],
    eligible: Source,
    index: int,
    of: int,
    *,
    keep: int = 1,
    engine: Engine = "auto",
    progress: Progress | None = None,
    workers: int | None = None,
) -> bytes:
    """The file of shard `index` of `of` (see `draw.shards`).

    `keep` is how many times as many tickets as should suffice are kept.  Refuses commitment, values
    and lines as `compute.compute_objects` does; what only the whole list shows is refused by the merge.
    """
    promised = parse_commitment(commitment, "objects")
    given = contributions_in_order(promised, contributions)
    seed = draw_seed(digest(commitment), [entry["value"] for entry in given])
    suggested = first_question(eligible, request_of(promised, seed, 0))
    question = Question(
        seed, {name: min(EVERYTHING, bound * keep) for name, bound in suggested.bounds.items()}
    )
    first, end = lines_of_shard(index, of, promised["eligible"]["count"])
    part, sha256 = read_lines_of(
        eligible,
        question,
        first,
        None if index == of else end,
        whole_digest=index == 1,
        engine=engine,
        progress=progress,
        workers=workers,
    )
    return write_shard(Shard(index, of, digest(commitment), sha256, question, part))


def merge_into_certificate(
    commitment: bytes, contributions: Mapping[str, str], shards: Sequence[tuple[str, bytes]]
) -> bytes:
    """The canonical certificate of stage `objects`, byte for byte the one computed from the list.

    `shards` are `(name, file)` in any order.  Refuses as `compute.compute_objects` and
    `shards.merge_shards` do.
    """
    promised = parse_commitment(commitment, "objects")
    read = [parse_shard(data, name) for name, data in shards]

    def merged(eligible: Source, request: Request) -> Answer:
        return merge_shards(read, digest(commitment), promised["eligible"]["count"], request)

    return compute_objects(commitment, contributions, b"", read=merged)
