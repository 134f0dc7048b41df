"""Shards of a list, computed apart and merged: byte for byte the unsharded certificate, or a refusal."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from draw import lines, parts
from draw.canonical import canonical, digest
from draw.compute import compute_objects
from draw.shards import lines_of_shard
from flows.commands.draw.shards import merge, write_shard_file
from flows.drawing import list_reader
from flows.drawing import shards as draw_shards
from flows.drawing.shards import compute_shard, merge_into_certificate, shard_named
from schemas.errors import DrawbridgeError
from tests.draw.lists import FAULTS, NAMES, VALUES, commitment, eligible, plain
from tests.draw.vectors import VECTORS, files_of

Files = list[tuple[str, bytes]]

LIST = eligible(400)
COMMITMENT = commitment(LIST)


def shards(of: int, data: bytes = LIST, document: bytes = COMMITMENT) -> Files:
    """All shards of a division, by name."""
    return [
        (f"{index}.json", compute_shard(document, VALUES, data, index, of, engine="pure"))
        for index in range(1, of + 1)
    ]


def refused(files: Files, document: bytes = COMMITMENT) -> DrawbridgeError:
    with pytest.raises(DrawbridgeError) as error:
        merge_into_certificate(document, VALUES, files)
    return error.value


def changed(data: bytes, change: Callable[[Any], object]) -> bytes:
    """A shard file with one thing in it changed, canonical again."""
    document = json.loads(data)
    change(document)
    return canonical(document)


# --- the union ------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(1, 9), st.integers(0, 99))
def test_the_union_is_the_unsharded_certificate(count: int, of: int, chance: int) -> None:
    data = eligible(count, chance)
    document = commitment(data)
    files = shards(of, data, document)
    random.Random(chance).shuffle(files)
    assert merge_into_certificate(document, VALUES, files) == compute_objects(document, VALUES, data)


@pytest.mark.parametrize("of", [1, 2, 3, 7])
@pytest.mark.parametrize("block_bytes", [64, 1_000, 5_000])
def test_the_file_may_come_in_blocks_of_any_size(
    block_bytes: int, of: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "eligible.tsv"
    path.write_bytes(LIST)
    expected = compute_objects(COMMITMENT, VALUES, path)
    monkeypatch.setattr(lines, "_BLOCK_BYTES", block_bytes)
    files = [
        (str(index), compute_shard(COMMITMENT, VALUES, path, index, of, engine="pure"))
        for index in range(1, of + 1)
    ]
    assert merge_into_certificate(COMMITMENT, VALUES, files) == expected


@pytest.mark.parametrize(
    "name",
    [name for name, vector in VECTORS.items() if vector["stage"] == "objects" and "files" in vector],
)
def test_the_vectors_in_shards(name: str) -> None:
    vector = VECTORS[name]
    document, data = canonical(vector["commitment"]), files_of(vector)["eligible.tsv"]
    for of in (1, 2, 3, 200):
        files = [
            (str(index), compute_shard(document, vector["values"], data, index, of))
            for index in range(1, of + 1)
        ]
        assert merge_into_certificate(document, vector["values"], files) == compute_objects(
            document, vector["values"], data
        )


def test_no_line_at_all() -> None:
    document = commitment(b"")
    assert merge_into_certificate(document, VALUES, shards(3, b"", document)) == compute_objects(
        document, VALUES, b""
    )


@pytest.mark.skipif(not list_reader.has_compiled(), reason="numba is not installed")
def test_a_shard_does_not_depend_on_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "eligible.tsv"
    path.write_bytes(LIST)
    for index, (_, file) in enumerate(shards(3), 1):
        assert compute_shard(COMMITMENT, VALUES, path, index, 3, engine="compiled") == file


def test_a_shard_says_what_it_is() -> None:
    first, second = (json.loads(file) for _, file in shards(2))
    assert (first["shard"], second["shard"]) == ({"index": 1, "of": 2}, {"index": 2, "of": 2})
    assert first["start"] == 0
    assert second["start"] == first["count"]
    assert first["sha256"] == json.loads(COMMITMENT)["eligible"]["sha256"]
    assert second["sha256"] is None  # the file's digest cannot be put together; shard 1 reads all of it
    assert first["last"] < second["first"]
    assert sum(size for size, _ in second["subtrees"]) == second["count"]


# --- what does not fit together ---------------------------------------------------------------------------


def test_a_shard_missing() -> None:
    files = shards(4)
    error = refused([files[3], files[0]])
    assert (error.code, error.facts["missing"]) == ("DB-DRAW-091", "2、3")


def test_a_shard_twice() -> None:
    files = shards(3)
    assert refused([*files, files[1]]).code == "DB-DRAW-092"


def test_a_shard_of_another_division() -> None:
    assert refused([shards(2)[0], shards(3)[1]]).code == "DB-DRAW-093"


def test_a_shard_of_another_draw() -> None:
    other = eligible(400, chance=2)
    files = [shards(2)[0], shards(2, other, commitment(other))[1]]
    assert (refused(files).code, refused(files).facts["member"]) == ("DB-DRAW-093", "commitment_digest")


def test_a_shard_of_other_values() -> None:
    values = {**VALUES, "双色球2024061": "03 08 17 21 26 32 12"}
    files = [shards(2)[0], ("2", compute_shard(COMMITMENT, values, LIST, 2, 2))]
    assert (refused(files).code, refused(files).facts["member"]) == ("DB-DRAW-093", "seed")


@pytest.mark.parametrize("moved", [-3, 3])
def test_shards_that_overlap_or_leave_a_gap(moved: int, monkeypatch: pytest.MonkeyPatch) -> None:
    files = shards(3)

    def elsewhere(index: int, of: int, count: int) -> tuple[int, int]:
        start, end = lines_of_shard(index, of, count)
        return start + moved, end

    monkeypatch.setattr(draw_shards, "lines_of_shard", elsewhere)
    error = refused([files[0], shards(3)[1], files[2]])
    assert (error.code, error.facts["index"]) == ("DB-DRAW-094", 2)


@pytest.mark.parametrize(
    ("change", "member"),
    [
        (lambda d: d["subtrees"].pop(), "subtrees"),
        (lambda d: d["subtrees"][0].__setitem__(0, 3), "subtrees"),
        (lambda d: d["strata"][0].__setitem__("size", d["strata"][0]["size"] + 1), "strata"),
        (lambda d: d["strata"].append(dict(d["strata"][0])), "strata"),
        (lambda d: d.__setitem__("sha256", None), "sha256"),
        (lambda d: d["shard"].__setitem__("index", 3), "shard"),
        (lambda d: d["bounds"].pop("B"), "bounds"),
        (lambda d: d.__setitem__("kept", d["kept"][:-1]), "kept"),
        (lambda d: d.__setitem__("kept", d["kept"].replace("\tB\t", "\tD\t")), "kept"),
        (lambda d: d.__setitem__("kept", "-\tB\tU\n" + d["kept"]), "kept"),
        (lambda d: d["strata"].reverse() or d["strata"][0].__setitem__("size", 0), "strata"),
        (lambda d: d["bounds"].__setitem__("B", "0" * 16), "kept"),
        (lambda d: d.__setitem__("first", None), "first"),
        (lambda d: d.__setitem__("last", None), "last"),
    ],
)
def test_a_shard_that_contradicts_itself(change: Callable[[Any], object], member: str) -> None:
    first, second = shards(2)
    error = refused([("1", changed(first[1], change)), second])
    assert (error.code, error.facts["member"]) == ("DB-DRAW-099", member)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{}", "DB-DRAW-024"),
        (b"\xff", "DB-DRAW-020"),
        (b"[", "DB-DRAW-021"),
        (b'{"a":1,"a":2}', "DB-DRAW-022"),
        (b"{ }", "DB-DRAW-026"),
        (shards(1)[0][1] + b"\n", "DB-DRAW-026"),
        (changed(shards(1)[0][1], lambda d: d["bounds"].__setitem__("B", "0" * 17)), "DB-DRAW-008"),
        (changed(shards(1)[0][1], lambda d: d.__setitem__("more", 1)), "DB-DRAW-023"),
    ],
)
def test_a_file_that_is_no_shard(data: bytes, code: str) -> None:
    assert refused([("1", data)]).code == code


def test_a_changed_subtree_is_another_root() -> None:
    first, second = shards(2)
    other = changed(second[1], lambda d: d["subtrees"][0].__setitem__(1, "0" * 64))
    assert refused([first, ("2", other)]).code == "DB-DRAW-040"


def test_a_list_that_is_not_the_committed_one() -> None:
    shorter, other = LIST[: LIST.rindex(b"\n", 0, -1) + 1], LIST.replace(b"\tB\t", "\t高\t".encode(), 1)
    assert refused(shards(3, shorter)).code == "DB-DRAW-038"
    assert refused(shards(3, LIST + "𠮸\tB\tU\n".encode())).code == "DB-DRAW-038"
    assert refused(shards(3, other)).code == "DB-DRAW-039"


def test_an_order_that_breaks_between_two_shards() -> None:
    lines = plain(10)
    for broken, code in (
        ([*lines[5:], *lines[:5]], "DB-DRAW-034"),
        ([*lines[:5], *lines[4:9]], "DB-DRAW-035"),
    ):
        error = refused(shards(2, b"".join(broken), document := commitment(b"".join(lines))), document)
        assert (error.code, error.facts["line"]) == (code, 6)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_by_the_shard_that_has_it(fault: str) -> None:
    added, code = FAULTS[fault]
    given = plain(1_000)
    document, data = commitment(b"".join(given)), b"".join([*given[:701], added, *given[701:]])
    with pytest.raises(DrawbridgeError) as error:
        compute_shard(document, VALUES, data, 8, 10)
    assert error.value.code == code
    assert "702" in str(error.value.facts)
    for index in (1, 7, 9, 10):
        compute_shard(document, VALUES, data, index, 10)


def test_too_few_tickets_kept_and_more_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_low(source: object, request: object) -> parts.Question:
        return parts.Question(bytes.fromhex(json.loads(shards_before)["seed"]), dict.fromkeys(NAMES, 1 << 59))

    shards_before = shards(1)[0][1]
    monkeypatch.setattr(draw_shards, "first_question", too_low)
    assert refused(shards(2)).code == "DB-DRAW-098"
    more = [(str(index), compute_shard(COMMITMENT, VALUES, LIST, index, 2, keep=32)) for index in (1, 2)]
    assert merge_into_certificate(COMMITMENT, VALUES, more) == compute_objects(COMMITMENT, VALUES, LIST)


@pytest.mark.parametrize(
    "value", ["", "1", "0/2", "3/2", "1/0", "01/2", "1/2/3", "-1/2", "１/２", "1/10001", "a/b"]
)
def test_a_shard_named_wrongly(value: str) -> None:
    with pytest.raises(DrawbridgeError) as error:
        shard_named(value)
    assert error.value.code == "DB-DRAW-096"
    assert shard_named("12/12") == (12, 12)


# --- at the terminal --------------------------------------------------------------------------------------


def merged(folder: Path, *files: Path) -> Result:
    arguments = [*files, "--commitment", folder / "C.json", "--contributions", folder / "V.json"]
    return CliRunner().invoke(merge, [str(one) for one in [*arguments, "-o", folder / "CERT.json", "--json"]])


def test_two_shards_written_and_merged(tmp_path: Path) -> None:
    (tmp_path / "C.json").write_bytes(COMMITMENT)
    (tmp_path / "V.json").write_text(json.dumps(VALUES, ensure_ascii=False), "utf-8")
    (tmp_path / "eligible.tsv").write_bytes(LIST)
    files = []
    for index in (1, 2):
        path = tmp_path / f"shard-{index}.json"
        facts = write_shard_file(COMMITMENT, VALUES, tmp_path / "eligible.tsv", f"{index}/2", path)
        assert facts["digest"] == digest(path.read_bytes())
        files.append(path)
    result = merged(tmp_path, *files)
    assert result.exit_code == 0
    written = (tmp_path / "CERT.json").read_bytes()
    assert written == compute_objects(COMMITMENT, VALUES, LIST)
    assert json.loads(result.stdout)["digest"] == digest(written)


def test_nothing_is_written_where_a_shard_is_missing(tmp_path: Path) -> None:
    (tmp_path / "C.json").write_bytes(COMMITMENT)
    (tmp_path / "V.json").write_text(json.dumps(VALUES, ensure_ascii=False), "utf-8")
    (tmp_path / "shard.json").write_bytes(shards(2)[1][1])
    result = merged(tmp_path, tmp_path / "shard.json")
    assert isinstance(result.exception, DrawbridgeError)
    assert result.exception.code == "DB-DRAW-091"
    assert {path.name for path in tmp_path.iterdir()} == {"C.json", "V.json", "shard.json"}


# --- Parquet ----------------------------------------------------------------------------------------------


def parquet(path: Path, rows: str) -> Path:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(":memory:") as engine:
        engine.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")
    return path


def test_a_parquet_list_is_the_same_list(tmp_path: Path) -> None:
    from flows.commands.draw.shards import objects_certificate

    (tmp_path / "all.tsv").write_bytes(LIST)
    columns = dict.fromkeys(("object_id", "stratum", "uscc"), "VARCHAR")
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "list [1].parquet"
    with duckdb.connect(":memory:") as engine:
        rows = engine.read_csv(
            str(tmp_path / "all.tsv"), sep="\t", header=False, quotechar="", escapechar="", columns=columns
        )
        rows.project("uscc, 1 AS more, object_id, stratum").write_parquet(str(path))
    assert objects_certificate(COMMITMENT, VALUES, path) == compute_objects(COMMITMENT, VALUES, LIST)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("SELECT 'a' AS object_id, 'B' AS stratum", "DB-DRAW-097"),
        ("SELECT 1 AS object_id, 'B' AS stratum, 'u' AS uscc", "DB-DRAW-097"),
        ("SELECT 'a' AS object_id, 'B' AS stratum, NULL::VARCHAR AS uscc", "DB-DRAW-097"),
        ("SELECT 'a\tb' AS object_id, 'B' AS stratum, 'u' AS uscc", "DB-DRAW-033"),
        ("SELECT '' AS object_id, 'B' AS stratum, 'u' AS uscc", "DB-DRAW-001"),
        ("SELECT unnest(['b', 'a']) AS object_id, 'B' AS stratum, 'u' AS uscc", "DB-DRAW-034"),
    ],
)
def test_a_parquet_list_refused(rows: str, code: str, tmp_path: Path) -> None:
    from flows.commands.draw.shards import objects_certificate

    with pytest.raises(DrawbridgeError) as error:
        objects_certificate(COMMITMENT, VALUES, parquet(tmp_path / "list.parquet", rows))
    assert error.value.code == code


def test_a_broken_parquet_file(tmp_path: Path) -> None:
    from flows.commands.draw.shards import objects_certificate

    pytest.importorskip("duckdb")
    path = tmp_path / "list.parquet"
    path.write_bytes(b"PAR1" + b"\0" * 40 + b"PAR1")
    with pytest.raises(DrawbridgeError) as error:
        objects_certificate(COMMITMENT, VALUES, path)
    assert error.value.code == "DB-DRAW-097"
    assert str(tmp_path) not in error.value.zh


# --- Dask -------------------------------------------------------------------------------------------------


def test_on_two_dask_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task by itself on the flow's own cluster; with DRAWBRIDGE_SCALE=full the flow, which takes 20 s."""
    pytest.importorskip("prefect_dask")
    from flows.drawing.dask_shards import draw_on_dask, draw_shard, local_cluster

    (tmp_path / "eligible.tsv").write_bytes(LIST)
    expected = compute_objects(COMMITMENT, VALUES, LIST)
    if os.environ.get("DRAWBRIDGE_SCALE") == "full":
        from prefect.testing.utilities import prefect_test_harness

        monkeypatch.setenv("DRAWBRIDGE_DASK_WORKERS", "2")
        (tmp_path / "C.json").write_bytes(COMMITMENT)
        (tmp_path / "V.json").write_text(json.dumps(VALUES, ensure_ascii=False), "utf-8")
        names = ("C.json", "V.json", "eligible.tsv", "CERT.json")
        with prefect_test_harness(server_startup_timeout=60):
            draw_on_dask(*(tmp_path / name for name in names))
        assert (tmp_path / "CERT.json").read_bytes() == expected
        return
    from distributed import Client, LocalCluster

    with LocalCluster(**local_cluster(2)) as cluster, Client(cluster) as client:
        coming = [
            client.submit(draw_shard.fn, COMMITMENT, VALUES, str(tmp_path / "eligible.tsv"), index, 4)
            for index in range(1, 5)
        ]
        files = [(str(index), one.result()) for index, one in enumerate(coming)]
    assert merge_into_certificate(COMMITMENT, VALUES, files) == expected
