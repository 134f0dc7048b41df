"""The frozen lists: what is written, and what a reader refuses (§1, §2)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draw import merkle
from draw.frozen import (
    Department,
    freeze_inspectors,
    freeze_objects,
    read_eligible,
    read_forbidden,
    read_objects,
    read_roster,
    scan_eligible,
)
from draw.lines import read_lines
from schemas.errors import DrawbridgeError

SALT = "5a" * 32
U = "911305340000000001"


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(DrawbridgeError) as refusal:
        action()
    assert str(refusal.value)
    assert refusal.value.en
    return refusal.value.code


def test_rows_are_sorted_by_their_utf8_bytes() -> None:
    # U+FF5E sorts before U+20BB7 in UTF-8, after it in UTF-16.
    ids = ["Z𠮷-18", "Z～01", "Z1", "清水保〔2023〕7号", "a", "Z-1"]
    data = freeze_objects([(one, "A", U) for one in ids], "A").files["eligible.tsv"]
    written = [line.split(b"\t")[0] for line in data.splitlines()]
    assert written == sorted(one.encode() for one in ids)
    assert written[3].decode() == "Z～01" or written[2].decode() == "Z～01"
    assert [row.object_id for row in read_eligible(data)] == [one.decode() for one in written]


def test_an_empty_list_is_an_empty_file() -> None:
    frozen = freeze_objects([], "AB")
    assert frozen.files == {"eligible.tsv": b""}
    assert (frozen.count, frozen.sizes) == (0, {"A": 0, "B": 0})
    assert frozen.root == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (f"P1\tA\t{U}\r\n", "DB-DRAW-030"),
        (f"P1\tA\t{U}", "DB-DRAW-031"),
        (f"P1\tA\t{U}\n\nP2\tA\t{U}\n", "DB-DRAW-032"),
        ("\n", "DB-DRAW-032"),
        ("P1\tA\n", "DB-DRAW-033"),
        (f"P1\tA\t{U}\tx\n", "DB-DRAW-033"),
        (f"P2\tA\t{U}\nP1\tA\t{U}\n", "DB-DRAW-034"),
        (f"P1\tA\t{U}\nP1\tA\t{U}2\n", "DB-DRAW-035"),
        (f"P1\tB\t{U}\n", "DB-DRAW-041"),
        (f"\ufeffP1\tA\t{U}\n", "DB-DRAW-004"),
        (f"P1 \tA\t{U}\n", "DB-DRAW-002"),
        (f"\tA\t{U}\n", "DB-DRAW-001"),
        ("P1\tA\t\n", "DB-DRAW-001"),
        (f"{'x' * 65}\tA\t{U}\n", "DB-DRAW-005"),
        (f"P1\tA\t{'9' * 65}\n", "DB-DRAW-005"),
        (f"e\u0301\tA\t{U}\n", "DB-DRAW-003"),
    ],
    ids=ascii,
)
def test_eligible_refused(data: str, code: str) -> None:
    assert code_of(lambda: scan_eligible(data.encode(), "A")) == code


def test_a_refusal_names_file_and_line() -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        scan_eligible(f"P1\tA\t{U}\nP2\tA\t{U}\r\n".encode(), "A")
    assert "eligible.tsv 第 2 行" in str(refusal.value)


def test_eligible_that_is_not_utf8() -> None:
    assert code_of(lambda: scan_eligible("清河\tA\t1\n".encode("gb18030"), "A")) == "DB-DRAW-020"


def test_a_file_and_its_bytes_read_alike(tmp_path: Path) -> None:
    rows = [
        (f"清水保〔2023〕{n}号" if n % 3 else f"P{n:06d}", "AB"[n % 2], f"9{n:017d}") for n in range(40_000)
    ]
    frozen = freeze_objects(rows, "AB")
    path = tmp_path / "eligible.tsv"
    path.write_bytes(frozen.files["eligible.tsv"])
    assert path.stat().st_size > 1 << 20  # more than one block
    assert scan_eligible(path, "AB") == scan_eligible(frozen.files["eligible.tsv"], "AB")
    assert frozen.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_carriage_return_in_a_later_block_is_found_in_its_line(tmp_path: Path) -> None:
    lines = [b"%09d" % n for n in range(150_000)]
    lines[140_000] += b"\r"
    path = tmp_path / "objects.txt"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.raises(DrawbridgeError) as refusal:
        list(read_lines(path, "objects.txt"))
    assert (refusal.value.code, refusal.value.facts["line"]) == ("DB-DRAW-030", 140_001)


def test_a_missing_file() -> None:
    assert code_of(lambda: scan_eligible(Path("no/such/file"), "A")) == "DB-DRAW-028"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", "DB-DRAW-036"),
        ("SW01\nSW02\n", "DB-DRAW-036"),
        (f"salt {SALT}\nSW01\n", "DB-DRAW-036"),
        (f"salt\t{SALT.upper()}\nSW01\n", "DB-DRAW-036"),
        (f"salt\t{SALT}0\nSW01\n", "DB-DRAW-036"),
        (f"salt\t{SALT}\nSW02\nSW01\n", "DB-DRAW-034"),
        (f"salt\t{SALT}\nSW01\nSW01\n", "DB-DRAW-035"),
        (f"salt\t{SALT}\nSW01", "DB-DRAW-031"),
        (f"salt\t{SALT}\nSW 01\t\n", "DB-DRAW-004"),
    ],
    ids=ascii,
)
def test_rosters_refused(data: str, code: str) -> None:
    assert code_of(lambda: read_roster(data.encode(), "SW")) == code


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["a\tSW01"], "DB-DRAW-033"),
        (["a\tSW01\trelative", "a\tSW01\tinterest"], "DB-DRAW-037"),
        (["b\tSW01\trelative", "a\tSW01\trelative"], "DB-DRAW-034"),
        (["a\tSW02\trelative", "a\tSW01\trelative"], "DB-DRAW-034"),
        (["a\tSW01\t"], "DB-DRAW-001"),
    ],
)
def test_forbidden_refused(lines: list[str], code: str) -> None:
    data = "".join(line + "\n" for line in [f"salt\t{SALT}", *lines]).encode()
    assert code_of(lambda: read_forbidden(data)) == code


def test_objects_refused() -> None:
    assert code_of(lambda: read_objects(b"b\na\n")) == "DB-DRAW-034"
    assert code_of(lambda: read_objects(b"a\na\n")) == "DB-DRAW-035"


def freeze(**changes: Any) -> object:
    arguments: dict[str, Any] = {
        "objects": ["o1", "o2"],
        "departments": [Department("SW", 2), Department("SC", 2)],
        "groups": 2,
        "rosters": {"SW": ["a", "b", "c", "d", "e"], "SC": ["p", "q", "r", "s"]},
        "forbidden": [("o1", "a", "relative")],
        "roster_salts": {"SW": SALT, "SC": SALT},
        "forbidden_salt": SALT,
        **changes,
    }
    return freeze_inspectors(**arguments)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"objects": ["o1", "o1"]}, "DB-DRAW-035"),
        ({"rosters": {"SW": list("abcd"), "SC": list("pqrsa")}}, "DB-DRAW-044"),
        ({"rosters": {"SW": list("abcd"), "SC": list("pqr")}}, "DB-DRAW-045"),
        ({"rosters": {"SW": list("abcd")}}, "DB-DRAW-047"),
        ({"rosters": {"SW": list("abcd"), "SC": list("pqrs"), "CG": ["x"]}}, "DB-DRAW-048"),
        ({"rosters": {"SW": list("abcda"), "SC": list("pqrs")}}, "DB-DRAW-035"),
        ({"forbidden": [("o3", "a", "relative")]}, "DB-DRAW-042"),
        ({"forbidden": [("o1", "z", "relative")]}, "DB-DRAW-043"),
        ({"forbidden": [("o1", "a", "relative"), ("o1", "a", "interest")]}, "DB-DRAW-037"),
        ({"forbidden": [("o1", one, "interest") for one in "pqr"]}, "DB-DRAW-046"),
        ({"roster_salts": {"SW": SALT}}, "DB-DRAW-008"),
        ({"forbidden_salt": "00"}, "DB-DRAW-008"),
    ],
)
def test_freezes_refused(changes: dict[str, Any], code: str) -> None:
    assert freeze()
    assert code_of(lambda: freeze(**changes)) == code


def test_a_stage_whose_draw_may_just_not_fail() -> None:
    assert freeze(forbidden=[("o1", one, "interest") for one in "pq"])


# --- Merkle tree ----------------------------------------------------------------------------------------


def slow_root(lines: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1 as it is written: split at the largest power of two below n."""
    if not lines:
        return hashlib.sha256(b"").digest()
    if len(lines) == 1:
        return hashlib.sha256(b"\0" + lines[0]).digest()
    k = 1
    while k * 2 < len(lines):
        k *= 2
    return hashlib.sha256(b"\1" + slow_root(lines[:k]) + slow_root(lines[k:])).digest()


def slow_path(index: int, lines: list[bytes]) -> list[str]:
    """RFC 9162 §2.1.3.1 as it is written."""
    if len(lines) == 1:
        return []
    k = 1
    while k * 2 < len(lines):
        k *= 2
    if index < k:
        return [*slow_path(index, lines[:k]), slow_root(lines[k:]).hex()]
    return [*slow_path(index - k, lines[k:]), slow_root(lines[:k]).hex()]


@given(st.integers(1, 70), st.data())
def test_merkle_as_the_rfc_writes_it(count: int, data: st.DataObject) -> None:
    lines = [b"%d" % n for n in range(count)]
    root = merkle.merkle_root(lines)
    assert root == slow_root(lines).hex()
    index = data.draw(st.integers(0, count - 1))
    path = merkle.inclusion_path(lines, index)
    assert path == slow_path(index, lines)
    assert merkle.root_from_path(lines[index], index, count, path) == root


@given(st.integers(2, 40), st.data())
def test_a_wrong_proof_leads_elsewhere(count: int, data: st.DataObject) -> None:
    lines = [b"%d" % n for n in range(count)]
    index = data.draw(st.integers(0, count - 1))
    path, root = merkle.inclusion_path(lines, index), merkle.merkle_root(lines)
    assert merkle.root_from_path(b"x", index, count, path) != root
    assert merkle.root_from_path(lines[index], index, count, path[:-1]) != root
    assert merkle.root_from_path(lines[index], index, count, [*path, path[-1]]) != root
    assert merkle.root_from_path(lines[index], count, count, path) is None
