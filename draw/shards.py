"""Shards: the list of stage `objects` read on several machines, each leaving a file; and those files merged.

Shard i of n of a list of N lines is the lines ⌊(i−1)·N/n⌋ + 1 to ⌊i·N/n⌋, the last one going on to
the end of the file.  Its file is the canonical JSON (RFC 8785) of

    spec               drawbridge-draw/1
    shard              {index, of}, index from 1
    commitment_digest  of the draw that it belongs to
    seed               of that draw
    start, count       index of its first line (from 0), and how many lines
    sha256             of the whole eligible.tsv in shard 1, which reads all of it; null in the others
    first, last        ids of its first and last line, null where it has none
    strata             [{name, size}] as the commitment lists them
    subtrees           [[leaves, hash]] of the largest perfect Merkle subtrees within it, left to right
    bounds             {stratum: 16 hex digits}: every ticket is kept whose first eight bytes are not above
    kept               the lines whose tickets are kept, as they stand in the file, each with its LF

Tickets are not written down: they follow from seed and id.  The union of all shards is the whole
list: the same root, sizes and lowest tickets, and with them the same certificate byte for byte.

A shard is as good as the machine that wrote it: a line that is left out of `kept` is not noticed by
the merge, but by whoever verifies the certificate with the list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from draw import shape
from draw.canonical import canonical, parse_document
from draw.frozen import ELIGIBLE, check_eligible_line, listed_stratum
from draw.lines import read_lines
from draw.merkle import Subtree
from draw.parts import Kept, Part, Question, enough, joined
from draw.reading import Answer, Request, answer_of
from draw.seed import key
from draw.text import SPEC, check_hex64
from schemas.errors import DrawbridgeError


@dataclass(frozen=True)
class Shard:
    """One shard: `index` (from 1) of `of`; `sha256` of the whole list in shard 1, else None."""

    index: int
    of: int
    commitment_digest: str
    sha256: str | None
    question: Question
    part: Part


def lines_of_shard(index: int, of: int, count: int) -> tuple[int, int]:
    """The lines of shard `index` of `of`: from and up to (from 0, without the last), of `count` in all."""
    return (index - 1) * count // of, index * count // of


def _bound(value: str, where: str) -> None:
    check_hex64(value.rjust(64, "0"), where)
    if len(value) != 16:
        raise DrawbridgeError("DB-DRAW-008", what=where)


def _lines(value: object, where: str) -> None:
    if not isinstance(value, str):
        raise DrawbridgeError("DB-DRAW-025", where=where, expected="string")


_FORM = shape.members(
    {
        "spec": shape.exactly(SPEC),
        "shard": shape.members({"index": shape.integer(1), "of": shape.integer(1)}),
        "commitment_digest": shape.HEX64,
        "seed": shape.HEX64,
        "start": shape.integer(0),
        "count": shape.integer(0),
        "sha256": shape.nullable(shape.HEX64),
        "first": shape.nullable(shape.OBJECT_ID),
        "last": shape.nullable(shape.OBJECT_ID),
        "strata": shape.each(shape.members({"name": shape.TEXT, "size": shape.integer(0)})),
        "subtrees": shape.each(shape.pair(shape.integer(1), shape.HEX64)),
        "bounds": shape.mapping(shape.TEXT, shape.string(_bound)),
        "kept": _lines,
    }
)


def write_shard(shard: Shard) -> bytes:
    """The file of a shard, as the module describes it."""
    part = shard.part
    kept = sorted(line for found in part.kept.values() for _, line in found)  # by id, since TAB sorts first
    return canonical(
        {
            "spec": SPEC,
            "shard": {"index": shard.index, "of": shard.of},
            "commitment_digest": shard.commitment_digest,
            "seed": shard.question.seed.hex(),
            "start": part.start,
            "count": part.count,
            "sha256": shard.sha256,
            "first": part.first.decode() or None,
            "last": part.last.decode() or None,
            "strata": [{"name": name, "size": size} for name, size in part.sizes.items()],
            "subtrees": [[subtree.size, subtree.node.hex()] for subtree in part.subtrees],
            "bounds": {name: f"{bound:016x}" for name, bound in shard.question.bounds.items()},
            "kept": b"".join(line + b"\n" for line in kept).decode(),
        }
    )


def parse_shard(data: bytes, name: str = "shard") -> Shard:
    """A shard from its file; refuses another form (DB-DRAW-020 to 026) and what contradicts itself (099)."""
    document = parse_document(data, name)
    _FORM(document, name)
    sizes = {one["name"]: one["size"] for one in document["strata"]}
    index, of, count = document["shard"]["index"], document["shard"]["of"], document["count"]
    subtrees = [Subtree(size, bytes.fromhex(node)) for size, node in document["subtrees"]]
    for member, right in (
        ("shard", index <= of),
        ("sha256", (document["sha256"] is not None) == (index == 1)),
        ("subtrees", _fit(subtrees, document["start"], count)),
        ("strata", len(sizes) == len(document["strata"]) and sum(sizes.values()) == count),
        ("bounds", set(document["bounds"]) == set(sizes)),
        ("first", (document["first"] is not None) == (count > 0)),
        ("last", (document["last"] is not None) == (count > 0)),
    ):
        if not right:
            raise DrawbridgeError("DB-DRAW-099", name=name, member=member)
    question = Question(
        bytes.fromhex(document["seed"]), {stratum: int(document["bounds"][stratum], 16) for stratum in sizes}
    )
    part = Part(
        document["start"],
        count,
        sizes,
        subtrees,
        (document["first"] or "").encode(),
        (document["last"] or "").encode(),
        _kept(document["kept"].encode(), question, name),
    )
    if any(len(found) > sizes[stratum] for stratum, found in part.kept.items()):
        raise DrawbridgeError("DB-DRAW-099", name=name, member="kept")
    return Shard(index, of, document["commitment_digest"], document["sha256"], question, part)


def _fit(subtrees: Sequence[Subtree], start: int, count: int) -> bool:
    """Whether these are perfect subtrees that stand side by side from `start` on, with `count` leaves."""
    at = start
    for size, _ in subtrees:
        if size & size - 1 or at % size:
            return False
        at += size
    return at - start == count


def _kept(lines: bytes, question: Question, name: str) -> dict[str, list[Kept]]:
    """The kept lines with their tickets, by stratum; all of them must be in order and low enough."""
    prefix = hashlib.sha256(key(question.seed, "object"))
    bounds = {stratum.encode(): bound.to_bytes(8) for stratum, bound in question.bounds.items()}
    kept = {stratum: list[Kept]() for stratum in bounds}
    last = b""
    try:
        for number, line in enumerate(read_lines(lines, ELIGIBLE), 1):
            last = check_eligible_line(line, number, last)
            stratum = listed_stratum(line, number, bounds)
            hasher = prefix.copy()
            hasher.update(last)
            ticket = hasher.digest()
            if ticket[:8] > bounds[stratum]:
                raise DrawbridgeError("DB-DRAW-099", name=name, member="kept")
            kept[stratum].append(Kept(ticket, line))
    except DrawbridgeError as error:
        raise DrawbridgeError("DB-DRAW-099", name=name, member="kept") from error
    return {stratum.decode(): found for stratum, found in kept.items()}


def merge_shards(shards: Sequence[Shard], commitment_digest: str, count: int, request: Request) -> Answer:
    """What one reader of the whole list would have answered; shards in any order.

    `count` is the committed number of lines.  Refuses a shard of another draw, or of another
    division of the list (DB-DRAW-093), one given twice (092), one missing (091), one that does not
    begin where it must (094), ids that do not rise from shard to shard (034, 035), and too few
    tickets kept (098).
    """
    names = [name for name, _ in request.strata]
    of = shards[0].of if shards else 1
    by_index: dict[int, Shard] = {}
    for shard in shards:
        for member, found, expected in (
            ("commitment_digest", shard.commitment_digest, commitment_digest),
            ("seed", shard.question.seed.hex(), request.seed.hex()),
            ("strata", "、".join(shard.question.bounds), "、".join(names)),
            ("of", shard.of, of),
        ):
            if found != expected:
                raise DrawbridgeError(
                    "DB-DRAW-093", index=shard.index, member=member, found=found, expected=expected
                )
        if shard.index in by_index:
            raise DrawbridgeError("DB-DRAW-092", index=shard.index)
        by_index[shard.index] = shard
    missing = [index for index in range(1, of + 1) if index not in by_index]
    if missing:
        raise DrawbridgeError("DB-DRAW-091", missing="、".join(map(str, missing[:20])), of=of)
    ordered = [by_index[index] for index in range(1, of + 1)]
    end = 0
    for shard in ordered:
        if shard.part.start != end:
            raise DrawbridgeError(
                "DB-DRAW-094", index=shard.index, expected=end + 1, found=shard.part.start + 1
            )
        end += shard.part.count
    bounds = {name: min(shard.question.bounds[name] for shard in ordered) for name in names}
    question = Question(request.seed, bounds)
    whole = joined((_within(shard, bounds) for shard in ordered), question)
    keep = request.keep(whole.sizes)
    if whole.count == count and not enough(whole, keep):
        short = next(name for name, size in keep.items() if len(whole.kept[name]) < size)
        raise DrawbridgeError("DB-DRAW-098", stratum=short, found=len(whole.kept[short]), needed=keep[short])
    return answer_of(whole, ordered[0].sha256 or "", request)


def _within(shard: Shard, bounds: dict[str, int]) -> Part:
    """The shard's part as it would have been under these bounds, which are not above its own."""
    if shard.question.bounds == bounds:
        return shard.part
    kept = {
        name: [one for one in shard.part.kept[name] if int.from_bytes(one.ticket[:8]) <= bound]
        for name, bound in bounds.items()
    }
    return replace(shard.part, kept=kept)
