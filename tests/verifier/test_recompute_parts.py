"""The computations of the recomputing verifier, each against a slower or another way to the same result."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from draw.canonical import canonical as canonical_of_the_draw
from draw.merkle import merkle_root
from draw.objects import seats
from draw.public_number import check_pattern
from schemas.errors import DrawbridgeError
from tests.verifier import corpus
from tests.verifier.recomputed import evidence_of
from verifier.recompute import Row, in_chinese, lists, verify_certificate
from verifier.recompute.document import canonical, parse, read_document
from verifier.recompute.matching import first_assignment
from verifier.recompute.merkle import BlockTree
from verifier.recompute.seats import Stratum, drawn, minima
from verifier.recompute.table import Unfit, compare, failed, not_checked
from verifier.recompute.writing import moment, pattern_fits, ratio

# --- matching ---------------------------------------------------------------------------------------------


def all_tried(allowed: list[int], groups: int, lists_: list[list[int]]) -> tuple[list[int], int]:
    """The first of all assignments, in the order of the objects' lists, that is balanced."""
    count = len(allowed)
    for relax in itertools.count() if count else ():
        least, most = max(0, count // groups - relax), -(-count // groups) + relax
        open_to = [[g for g in own if may >> g & 1] for own, may in zip(lists_, allowed, strict=True)]
        for choice in itertools.product(*open_to):
            loads = [choice.count(g) for g in range(groups)]
            if min(loads) >= least and max(loads) <= most:
                return list(choice), relax
    return [], 0


def test_the_matching_is_the_first_of_all_that_are_balanced() -> None:
    chance, relaxed = random.Random(41), 0
    for _ in range(1500):
        groups, count, share = chance.randint(1, 4), chance.randint(0, 6), chance.choice([0.2, 0.5, 0.8])
        allowed = [
            sum((chance.random() < share) << g for g in range(groups)) or 1 << chance.randrange(groups)
            for _ in range(count)
        ]
        orders = [chance.sample(range(groups), groups) for _ in allowed]

        def best(place: int, some: int, orders: list[list[int]] = orders) -> int:
            return next(g for g in orders[place] if some >> g & 1)

        found = first_assignment(allowed, groups, best)
        assert found == all_tried(allowed, groups, orders), (allowed, orders)
        relaxed += found[1] > 0
    assert relaxed > 100


# --- seats ------------------------------------------------------------------------------------------------


def test_seats_are_those_that_are_given_out_one_by_one() -> None:
    chance = random.Random(7)
    for _ in range(1500):
        strata = [
            (str(h), chance.choice(["1", "0.5", "0.1", "0.000001", "0.333333"]), chance.randint(0, 60))
            for h in range(chance.randint(0, 6))
        ]
        share = chance.choice(["1", "0.9", "0.5", "0.1", "0.000001"])
        own = [Stratum(Fraction(one), size) for _, one, size in strata]
        one_by_one = seats(strata, share)
        assert minima(own) == [one.minimum for one in one_by_one]
        assert drawn(own, Fraction(share)) == [one.drawn for one in one_by_one]


def test_the_first_listed_among_equals() -> None:
    equal = [Stratum(Fraction("0.000001"), 10)] * 3
    assert drawn(equal, Fraction("0.166666")) == [2, 2, 1]


def test_seats_of_sizes_that_nobody_has_cost_nothing() -> None:
    large = [Stratum(Fraction("0.000001"), 2**53 - 9), Stratum(Fraction("0.000002"), 2**52)]
    assert sum(drawn(large, Fraction("0.9"))) == -(-9 * (2**53 - 9 + 2**52) // 10)


# --- lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 4095, 4096, 4097, 12_289, 20_000])
def test_the_root_in_blocks_is_the_root(count: int) -> None:
    leaves = [b"%d" % number for number in range(count)]
    tree = BlockTree()
    for start in range(0, count, 1000):
        tree.add(leaves[start : start + 1000])
    assert tree.root() == merkle_root(leaves)


def eligible(count: int) -> bytes:
    return b"".join(b"%08d\tA\tU%d\n" % (number, number) for number in range(count))


def test_a_list_longer_than_a_block_is_read_from_its_file(tmp_path: Path) -> None:
    data = eligible(120_000)
    assert len(data) > 2 * 2**20
    (tmp_path / "eligible.tsv").write_bytes(data)
    heard: list[int] = []
    found = lists.scan_eligible(tmp_path / "eligible.tsv", ["A", "B"], heard.append)
    assert (found.lines, found.sizes) == (120_000, {"A": 120_000, "B": 0})
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert found.root == merkle_root(data.split(b"\n")[:-1])
    assert heard[-1] == 120_000
    assert len(heard) > 2


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a\tA\tu", "a line feed at the end of every line"),
        (b"a\tA\tu\r\n", "lines that end in LF"),
        (b"a\tA\tu\n\nb\tA\tu\n", "none empty"),
        (b"\na\tA\tu\n", "none empty"),
        (b"a\tA\t\xff\n", "UTF-8"),
        (b"a\tA\n", "three columns"),
        (b"a\tA\tu\tv\n", "three columns"),
        (b"a\t\tu\n", "three columns, none empty"),
        (b"\tA\tu\n", "an id of 1 to 64 bytes"),
        (b"a\tA\t" + b"u" * 65 + b"\n", "an id of 1 to 64 bytes"),
        (b"b\tA\tu\na\tA\tu\n", "ids that rise"),
        (b"a\tA\tu\na\tA\tu\n", "ids that rise"),
        (b"a\tC\tu\n", "a stratum that is listed"),
        (b"a\tA\t" + b"u" * 3_000_000, "lines of at most"),
    ],
)
def test_what_a_list_must_not_have(data: bytes, expected: str) -> None:
    with pytest.raises(Unfit) as unfit:
        lists.scan_eligible(data, ["A", "B"])
    assert expected in str(unfit.value.expected)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for read in (lambda: lists.scan_eligible(tmp_path, ["A"]), lambda: read_document(tmp_path / "none")):
        with pytest.raises(DrawbridgeError) as refusal:
            read()
        assert refusal.value.code == "DB-VERIFY-003"


# --- documents --------------------------------------------------------------------------------------------


def test_a_gigabyte_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "CERT.json"
    with path.open("wb") as file:
        file.truncate(2**30)  # a file with a hole: no byte of it is on the disk
    with pytest.raises(DrawbridgeError) as refusal:
        read_document(path)
    assert refusal.value.code == "DB-VERIFY-004"


def test_members_stand_in_the_order_of_utf_16() -> None:
    value = {"ﬀ": 1, "𠮷": {"b\n\u007f": [None, True, "\u2028"], "a": 0}, "é": '\u0001\\"/'}
    data = canonical(value)
    assert data == canonical_of_the_draw(value)
    assert data.index("𠮷".encode()) < data.index("ﬀ".encode())
    assert canonical(parse(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        *(b'{"a":1,"a":1}', b'{"b":1,"a":1}', b"[1.0]", b"[1e2]", b"[-0]", b"[01]", b"[1 ]", b" []", b"[]\n"),
        *(b"\xef\xbb\xbf[]", b'["\xe4"]', b'["\\ud800"]', b'["\\u0041"]', b"[NaN]", b"[" * 50_000, b""),
        *(b"[" + b"1" * 6000 + b"]", b'["\\/"]', "[]".encode("utf-16")),
    ],
)
def test_bytes_that_are_not_the_one_form(data: bytes) -> None:
    with pytest.raises(Unfit):
        parse(data)


# --- how things are written -------------------------------------------------------------------------------


def test_moments_are_as_far_apart_as_the_calendar_says() -> None:
    chance, first = random.Random(3), "0001-01-01T00:00:00+00:00"
    start = datetime.fromisoformat(first)
    for _ in range(2000):
        month, day = chance.randint(1, 12), chance.randint(1, 31)
        year = chance.choice([1, 4, 100, 400, 1900, 2000, 2024, 2026, 9999])
        clock = f"{chance.randint(0, 24):02d}:{chance.randint(0, 60):02d}:{chance.randint(0, 60):02d}"
        offset = f"{chance.choice('+-')}{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}"
        text = f"{year:04d}-{month:02d}-{day:02d}T{clock}{offset}"
        try:
            expected = (datetime.fromisoformat(text) - start).total_seconds() if clock[:2] != "24" else None
        except ValueError:
            expected = None
        try:
            found: int | None = moment(text) - moment(first)
        except Unfit:
            found = None
        assert found == expected, text


@pytest.mark.parametrize(
    "text",
    [
        *("0000-01-01T00:00:00+00:00", "2024-02-30T00:00:00+08:00", "2023-02-29T00:00:00+08:00"),
        *("2024-01-01T24:00:00+08:00", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+08:60"),
        *("2024-01-01 00:00:00+08:00", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+08:00\n"),
        "２０２４-01-01T00:00:00+08:00",
    ],
)
def test_no_moments(text: str) -> None:
    with pytest.raises(Unfit):
        moment(text)


@pytest.mark.parametrize(
    "text", ["0", "0.0", "1.0", "01", ".5", "0.1234567", "1e-1", "0,5", "０.5", "0.5\n", ""]
)
def test_no_ratios(text: str) -> None:
    with pytest.raises(Unfit):
        ratio(text)


def test_patterns_stand_for_what_they_do_in_the_draw() -> None:
    chance, kept = random.Random(5), 0
    pieces = [
        "0",
        "7",
        " ",
        "[0-9]",
        "(",
        ")",
        "{2}",
        "{3}",
        "{10}",
        "{0}",
        "{01}",
        "x",
        "^",
        "$",
        "",
        "[0-9]",
    ]
    for _ in range(6000):
        pattern = "^" + "".join(chance.choice(pieces) for _ in range(chance.randint(0, 9))) + "$"
        try:
            template: str | None = check_pattern(pattern)
        except DrawbridgeError:
            template = None
        if template is None:
            with pytest.raises(Unfit):
                pattern_fits(pattern, "0")
            continue
        kept += 1
        value = template.replace("D", "4")
        assert pattern_fits(pattern, value)
        assert not pattern_fits(pattern, value + "0")
        assert not pattern_fits(pattern, value[:-1])
        assert not pattern_fits(pattern, value[:-1] + "x")
    assert kept > 100


@pytest.mark.parametrize(
    "pattern",
    [
        "^[0-9]{4097}$",
        "^([0-9]{9999}){9999}$",
        "^" + "(" * 20_000 + "1" + ")" * 20_000 + "$",
        "^([0-9]{64}){65}$",
    ],
)
def test_patterns_that_stand_for_too_much(pattern: str) -> None:
    with pytest.raises(Unfit):
        pattern_fits(pattern, "1")


# --- rows -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "found", "text"),
    [
        ([1, [2, 3]], [1, [2, 4]], "FAILED: expected [1][1] 3 … found 4"),
        ({"a": 1}, {}, "FAILED: expected a 1 … found nothing"),
        ({}, {"a": "x"}, "FAILED: expected a nothing … found x"),
        ([1, 2], [1], "FAILED: expected 2 entries … found 1 entries"),
        ({"a": [1]}, {"a": [1, 1]}, "FAILED: expected a 1 entries … found 2 entries"),
        (None, "x", "FAILED: expected null … found x"),
        ({"a": {"b": "1"}}, {"a": {"b": 1}}, "FAILED: expected a.b 1 … found 1"),
        (1, 1, "ok"),
    ],
)
def test_a_row_names_the_first_place_that_differs(expected: object, found: object, text: str) -> None:
    assert compare("seats", expected, found).text == text


def test_a_row_is_one_short_line() -> None:
    row = failed("form", "x" * 10_000, "\x1b[2J\n\u202e" + "y" * 10_000)
    assert len(row.text) < 400
    assert row.text.isprintable()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (compare("seats", 1, 1), "相符"),
        (compare("winners", [1, 2], [1], "winners"), "不符：应为 winners 2 项，实为 1 项"),
        (compare("form", {"a": 1}, {}), "不符：应为 a 1，实为 无"),
        (failed("form", "canonical JSON (RFC 8785)", "another form from byte 7 on"),
         "不符：应为 规范形式的 JSON（RFC 8785），实为 自第 7 字节起形式不同"),
        (not_checked("previous", "--before (round 1)"), "未核：没有给出 --before （第 1 轮）"),
        (not_checked("files", "objects.txt、roster-SW.txt"), "未核：没有给出 --objects、--roster SW=…"),
        (not_checked("root", "the committed eligible.tsv"), "未核：没有给出 与承诺书一致的 eligible.tsv"),
    ],
)  # fmt: skip
def test_people_read_a_row_in_chinese(row: Row, words: str) -> None:
    assert in_chinese(row) == words


_ENGLISH = re.compile(
    r"(?<![\w.\[])(?:a|an|the|no|of|one|each|from|text|nothing|not|lines|entries)(?![\w.\]=])"
)


def test_no_row_of_an_altered_certificate_has_english_left() -> None:
    said: set[str] = set()
    for _, altered in corpus.tampered(corpus.named("V1 second round")):
        try:
            rows = verify_certificate(altered.certificate, evidence_of(altered))
        except DrawbridgeError:
            continue
        said |= {in_chinese(row) for row in rows}
    assert len(said) > 40
    assert [words for words in said if _ENGLISH.search(words)] == []
