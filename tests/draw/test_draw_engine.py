"""However a list is read, in parts, on all cores or in machine code: the same answer, the same refusals."""

from __future__ import annotations

import hashlib
import json
import random
import string
from itertools import pairwise
from pathlib import Path

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from draw import canonical as documents
from draw import lines
from draw.canonical import canonical
from draw.compute import compute_inspectors, compute_objects
from draw.frozen import Department, ForbiddenPair, check_stage, scan_eligible
from draw.merkle import merkle_root
from draw.parts import EVERYTHING, Part, Question, joined, read_part, root_of
from draw.reading import Answer, Reader, Request, first_question, read_twice
from flows.drawing import list_reader
from flows.drawing.list_reader import reader_for
from schemas.errors import DrawbridgeError
from tests.draw.lists import FAULTS, NAMES, STRATA, VALUES, commitment, eligible, plain
from tests.draw.vectors import VECTORS, batches, files_of, inspector_files

# The compiled engine is an extra; where it is not installed, only the plain one is to be tested.
needs_compiled = pytest.mark.skipif(not list_reader.has_compiled(), reason="numba is not installed")

REQUEST = Request(STRATA, "0.1", bytes(range(32)), 0)
# V6 is about codes that are not at hand everywhere.
OBJECT_VECTORS = [
    name for name, vector in VECTORS.items() if vector["stage"] == "objects" and "files" in vector
]


def question(share: int = 8) -> Question:
    """Keeps every ticket below 1/share."""
    return Question(REQUEST.seed, dict.fromkeys(NAMES, EVERYTHING // share))


def cut(data: bytes, places: list[int]) -> list[tuple[bytes, int]]:
    """The list cut before these lines: blocks with the index of their first line."""
    lines = data.splitlines(keepends=True)
    edges = [0, *sorted(place % (len(lines) + 1) for place in places), len(lines)]
    return [(b"".join(lines[low:high]), low) for low, high in pairwise(edges)]


# --- parts ----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 70), st.lists(st.integers(0, 200), max_size=6), st.integers(0, 9))
def test_parts_cut_anywhere_join_into_the_whole(count: int, places: list[int], chance: int) -> None:
    data = eligible(count, chance)
    whole = joined((read_part(block, start, question()) for block, start in cut(data, places)), question())
    assert whole == read_part(data, 0, question())
    assert root_of(whole) == merkle_root(data.splitlines())


def test_parts_that_are_no_neighbours_do_not_join() -> None:
    data = eligible(50)
    first, _, third = (read_part(block, start, question()) for block, start in cut(data, [20, 40]))
    with pytest.raises(ValueError, match="does not follow"):
        joined([first, third], question())


def test_a_part_between_others_has_ever_larger_then_ever_smaller_subtrees() -> None:
    part = read_part(b"".join(plain(13)), 3, question())
    assert [size for size, _ in part.subtrees] == [1, 4, 8]
    assert [size for size, _ in read_part(b"".join(plain(9)), 7, question()).subtrees] == [1, 8]


# --- machine code ---------------------------------------------------------------------------------------


@needs_compiled
def test_many_hashes_side_by_side_are_those_of_the_standard_library() -> None:
    import numpy as np

    from draw.compiled.sha256 import digest_at, digest_each, node_each

    dice = random.Random(1)
    texts = [dice.randbytes(size) for size in [*range(200), *(dice.randrange(130) for _ in range(300))]]
    room = np.frombuffer(bytes(64) + b"".join(texts) + bytes(64), np.uint8)
    lengths = np.array([len(text) for text in texts], np.int32)
    begins = (64 + np.cumsum(lengths) - lengths).astype(np.int32)
    head = dice.randbytes(32)
    for before in (b"", head):
        found = digest_each(room, begins, lengths, np.frombuffer(before, ">u4").astype(np.uint32), 0xFFFFFFFF)
        digests = [digest_at(found, index) for index in range(len(texts))]
        assert digests == [hashlib.sha256(before + text).digest() for text in texts]
    nodes = node_each(found, 1, 200)
    for index in range(200):
        left, right = digests[1 + 2 * index : 3 + 2 * index]
        assert digest_at(nodes, index) == hashlib.sha256(b"\x01" + left + right).digest()


def compiled_part(block: bytes, start: int, asked: Question) -> Part:
    from draw.compiled.block import read_block

    return read_block(block, start, asked)


@needs_compiled
@pytest.mark.parametrize("start", [0, 1, 6, 1 << 20, (1 << 40) + 5])
@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 900])
def test_a_block_in_machine_code(count: int, start: int) -> None:
    for data in (eligible(count, count), eligible(count, count, odd=()), b"".join(plain(count))):
        for share in (1, 8, 1 << 63):
            assert compiled_part(data, start, question(share)) == read_part(data, start, question(share))


@needs_compiled
@pytest.mark.parametrize("name", OBJECT_VECTORS)
def test_the_vectors_in_machine_code(name: str) -> None:
    vector = VECTORS[name]
    document, data = canonical(vector["commitment"]), files_of(vector)["eligible.tsv"]
    arguments = (document, vector["values"], data, batches(vector))
    assert compute_objects(*arguments, read=reader_for("compiled")) == compute_objects(*arguments)


# --- readers --------------------------------------------------------------------------------------------


def readers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Reader]:
    """All ways to read, as if every list were a large one."""
    monkeypatch.setattr(list_reader, "_PROCESSES_FROM_BYTES", 0)
    ways: dict[str, Reader] = {"pure": reader_for("pure", workers=1)}
    if list_reader.has_compiled():
        ways["compiled"] = reader_for("compiled")
    return ways


def answers(data: bytes | Path, monkeypatch: pytest.MonkeyPatch) -> list[Answer | tuple[str, object]]:
    """What each way answers, or the refusal."""
    found: list[Answer | tuple[str, object]] = []
    for read in (read_twice, *readers(monkeypatch).values()):
        try:
            found.append(read(data, REQUEST))
        except DrawbridgeError as error:
            found.append((error.code, error.facts))
    return found


@pytest.mark.parametrize("block_bytes", [700, 1 << 20])
@pytest.mark.parametrize("count", [0, 1, 1_000])
def test_every_reader_gives_the_same_answer(
    count: int, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_BLOCK_BYTES", block_bytes)
    plainly, *others = answers(eligible(count), monkeypatch)
    assert isinstance(plainly, Answer)
    assert all(other == plainly for other in others)


def test_on_processes_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(list_reader, "_PROCESSES_FROM_BYTES", 0)
    path = tmp_path / "eligible.tsv"
    path.write_bytes(eligible(30_000))
    heard: list[tuple[int, int]] = []
    read = reader_for("pure", lambda done, total: heard.append((done, total)), workers=2)
    assert read(path, REQUEST) == read_twice(path, REQUEST)
    assert heard[-1] == (path.stat().st_size, path.stat().st_size)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_reader_names_the_same_fault(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    added, code = FAULTS[fault]
    given = plain(1_000)
    data = b"".join([*given[:701], added, *given[701:]])
    plainly, *others = answers(data, monkeypatch)
    assert isinstance(plainly, tuple)
    assert plainly[0] == code
    assert "702" in str(plainly[1])  # the line, wherever the fact is called so
    assert all(other == plainly for other in others)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"".join(plain(5))[:-1], "DB-DRAW-031"),
        (b"".join(plain(5)) + b"x" * (3 << 20), "DB-DRAW-027"),
        (b"x" * (3 << 20) + b"\n", "DB-DRAW-027"),
        (Path("no such file"), "DB-DRAW-028"),
    ],
)
def test_ends_lines_without_end_and_no_file(
    data: bytes | Path, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plainly, *others = answers(data, monkeypatch)
    assert isinstance(plainly, tuple)
    assert plainly[0] == code
    assert all(other == plainly for other in others)


@pytest.mark.parametrize("first_bound", [0, EVERYTHING // 50])
def test_a_bound_that_was_too_low_is_a_second_reading_and_no_other_result(
    first_bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, readings = eligible(2_000), list[Question]()

    def too_low(source: object, request: Request) -> Question:
        return Question(request.seed, dict.fromkeys(NAMES, first_bound))

    def noted(block: bytes, start: int, asked: Question) -> Part:
        readings.append(asked)
        return read_part(block, start, asked)

    monkeypatch.setattr(list_reader, "first_question", too_low)
    monkeypatch.setattr(list_reader, "_PROCESSES_FROM_BYTES", 0)
    monkeypatch.setattr(list_reader, "read_part", noted)
    assert reader_for("pure", workers=1)(data, REQUEST) == read_twice(data, REQUEST)
    assert len(readings) > 1


def test_of_a_large_list_little_more_than_what_is_drawn_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "eligible.tsv"
    path.write_bytes(eligible(150_000))
    asked = first_question(path, REQUEST)
    whole = scan_eligible(path, NAMES)
    for name, needed in REQUEST.keep(whole.sizes).items():
        kept = asked.bounds[name] * whole.sizes[name] // EVERYTHING
        assert needed <= kept <= needed * 1.3 + 200


def test_an_engine_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_reader, "has_compiled", lambda: False)
    with pytest.raises(DrawbridgeError) as refused:
        reader_for("compiled")
    assert refused.value.code == "DB-DRAW-095"
    data = eligible(10)
    document = commitment(data)
    assert compute_objects(document, VALUES, data, read=reader_for()) == compute_objects(
        document, VALUES, data
    )


# --- documents ------------------------------------------------------------------------------------------

NAME = st.text(
    st.sampled_from(string.ascii_letters + 'é甲\ud7ff\ue000\uffff𠮷\U0010ffff"\\\n\x7f'), max_size=4
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 53) + 1, (1 << 53) - 1) | st.floats(-1e9, 1e9) | NAME,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(VALUE)
@example({"\ue000": 1, "𠮷": 2})  # sorts otherwise by UTF-16 unit
@example({"a": [1.0, -0.0, 1e21, {"b": "\x00\x1f\x7f\u2028"}]})
def test_canonical_bytes_are_those_of_the_other_writer(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1 << 53, {"a": [-(1 << 53)]}, float("nan"), "\ud800"])
def test_what_the_other_writer_refuses_is_refused(value: object) -> None:
    with pytest.raises(rfc8785.CanonicalizationError):
        canonical(value)


def test_a_document_beyond_the_limit_is_refused_in_memory_too() -> None:
    with pytest.raises(DrawbridgeError) as refused:
        documents.read_source(bytes(documents.DOCUMENT_LIMIT_BYTES + 1), "certificate")
    assert refused.value.code == "DB-DRAW-090"
    assert documents.read_source(b"{}", "certificate") == b"{}"


# --- an object that too few may visit -------------------------------------------------------------------


def test_the_refusal_counts_recusals_by_reason_and_names_nobody() -> None:
    vector = VECTORS["V10"]
    files = inspector_files(files_of(vector))
    with pytest.raises(DrawbridgeError) as refused:
        compute_inspectors(canonical(vector["commitment"]), vector["values"], files)
    facts = refused.value.facts
    assert refused.value.code == "DB-DRAW-046"
    assert (facts["department"], facts["free"], facts["team"], facts["more"]) == ("SC", 1, 2, 1)
    assert facts["barred"] == 5
    assert sum(int(one.split(" ")[1]) for one in str(facts["reasons"]).split("、")) == 5
    told = json.dumps([refused.value.zh, refused.value.act, refused.value.en], ensure_ascii=False)
    assert "SC0" not in told


def test_lifting_or_adding_as_many_as_it_says_is_enough() -> None:
    departments, roster = [Department("SW", 2)], list("abcd")
    barred = [ForbiddenPair("o", one, "relative") for one in "abc"] + [ForbiddenPair("o", "d", "request")]
    with pytest.raises(DrawbridgeError) as refused:
        check_stage(["o"], departments, 1, {"SW": roster}, barred)
    assert refused.value.facts["reasons"] == "relative 3、request 1"
    more = refused.value.facts["more"]
    assert isinstance(more, int)
    check_stage(["o"], departments, 1, {"SW": roster}, barred[more:])
    check_stage(["o"], departments, 1, {"SW": [*roster, *"efgh"[:more]]}, barred)
    with pytest.raises(DrawbridgeError):
        check_stage(["o"], departments, 1, {"SW": roster}, barred[more - 1 :])
