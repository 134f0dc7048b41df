"""Stage `objects` against a slow reference, in shards, and with what is easily got wrong (§3)."""

from __future__ import annotations

import hashlib
import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draw import objects
from draw.canonical import canonical, digest
from draw.certificate import objects_of_next_stage, standing_objects
from draw.compute import compute_objects, correct_objects
from draw.frozen import freeze_objects
from draw.objects import Objection
from schemas.errors import DrawbridgeError
from tests.draw.vectors import DECISION, VECTORS, batches, compute, files_of

V1: dict[str, Any] = VECTORS["V1"]
RATIOS = st.integers(1, 1_000_000).map(lambda n: "1" if n == 1_000_000 else f"0.{n:06d}")


# --- seats ----------------------------------------------------------------------------------------------


def slow_seats(strata: list[tuple[str, str, int]], ratio: str) -> list[int]:
    shares = [Fraction(share) for _, share, _ in strata]
    sizes = [size for _, _, size in strata]
    drawn = [math.ceil(share * size) for share, size in zip(shares, sizes, strict=True)]
    while sum(drawn) < math.ceil(Fraction(ratio) * sum(sizes)):
        eager = [(shares[h] * sizes[h] / drawn[h], -h) for h in range(len(strata)) if drawn[h] < sizes[h]]
        drawn[-max(eager)[1]] += 1
    return drawn


@given(st.lists(st.tuples(RATIOS, st.integers(0, 60)), min_size=1, max_size=6), RATIOS)
def test_seats_are_those_of_exact_fractions(strata: list[tuple[str, int]], ratio: str) -> None:
    listed = [(str(h), share, size) for h, (share, size) in enumerate(strata)]
    found = objects.seats(listed, ratio)
    assert [seat.drawn for seat in found] == slow_seats(listed, ratio)
    for seat in found:
        assert seat.minimum <= seat.drawn <= seat.size


def test_the_first_listed_wins_among_equals() -> None:
    listed = [("a", "0.1", 10), ("b", "0.1", 10), ("c", "0.1", 10)]
    assert [seat.drawn for seat in objects.seats(listed, "0.15")] == [2, 2, 1]
    assert [seat.name for seat in objects.seats(listed[::-1], "0.15") if seat.drawn == 2] == ["c", "b"]


@pytest.mark.parametrize(
    ("ratio", "size", "least"), [("0.07", 100, 7), ("0.14", 50, 7), ("0.28", 25, 7), ("0.1", 408, 41)]
)
def test_ratios_that_binary_fractions_round_up(ratio: str, size: int, least: int) -> None:
    assert objects.at_least(ratio, size) == least


# --- tickets and shards ---------------------------------------------------------------------------------

LISTS = st.dictionaries(st.integers(0, 400), st.sampled_from("ABC"), max_size=120)
SEED = hashlib.sha256(b"a seed").digest()


def lines_of(strata: dict[int, str]) -> list[bytes]:
    return [f"P{n:04d}\t{stratum}\t9{n:017d}".encode() for n, stratum in sorted(strata.items())]


@given(LISTS, st.lists(st.integers(0, 30), min_size=3, max_size=3), st.integers(1, 5))
def test_shards_draw_apart_and_merge_to_the_same(
    strata: dict[int, str], kept: list[int], shards: int
) -> None:
    lines, keep = lines_of(strata), dict(zip("ABC", kept, strict=True))
    whole = objects.lowest_tickets(lines, SEED, keep)
    parts = [objects.lowest_tickets(lines[shard::shards], SEED, keep) for shard in range(shards)]
    assert objects.merge_shards(parts, keep) == whole


def test_what_is_kept_are_the_lowest_also_of_a_long_list() -> None:
    lines = [f"P{n:05d}\tA\t9{n:017d}".encode() for n in range(20_000)]
    kept = objects.lowest_tickets(lines, SEED, {"A": 300})["A"]
    prefix = hashlib.sha256(b"drawbridge-draw/1/object\x00" + SEED).digest()
    tickets = {line[:6].decode(): hashlib.sha256(prefix + line[:6]).digest() for line in lines}
    assert [ticket.object_id for ticket in kept] == sorted(tickets, key=lambda one: tickets[one])[:300]


def test_a_ticket_is_a_big_endian_number() -> None:
    found = json.loads(compute(V1))["winners"]
    numbers = [int.from_bytes(bytes.fromhex(winner["ticket"]), "big") for winner in found]
    little = [int.from_bytes(bytes.fromhex(winner["ticket"]), "little") for winner in found]
    assert numbers == sorted(numbers)
    assert little != sorted(little)


# --- the whole stage against a reference that knows nothing of the code -----------------------------------


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def slow_stage(vector: dict[str, Any], rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    """§2 and §3 again, with sorting and fractions only; fills every list whole."""
    commitment, name = vector["commitment"], b"drawbridge-draw/1"
    values = [vector["values"][c["id"]].encode() for c in commitment["contributors"]]
    seed = sha(name + b"/seed\0" + sha(canonical(commitment)) + b"".join(map(sha, values)))
    object_key = sha(name + b"/object\0" + seed)

    def rank(row: tuple[str, str, str]) -> tuple[int, bytes]:
        return int(sha(object_key + row[0].encode()).hex(), 16), row[0].encode()

    listed = [(s["name"], s["ratio"], sum(r[1] == s["name"] for r in rows)) for s in commitment["strata"]]
    drawn = dict(zip([s[0] for s in listed], slow_seats(listed, commitment["ratio"]), strict=True))
    queues = {name: sorted((r for r in rows if r[1] == name), key=rank) for name in drawn}
    winners = sorted((r for name, queue in queues.items() for r in queue[: drawn[name]]), key=rank)
    reserves = {name: queue[drawn[name] :] for name, queue in queues.items()}
    unused = {name: list(queue) for name, queue in reserves.items()}
    stratum_of, row_of = {r[0]: r[1] for r in winners}, {r[0]: r for r in rows}
    replaced: list[tuple[str, str | None, int]] = []
    for number, batch in enumerate(vector["replace"], 1):
        for gone in sorted(batch, key=lambda one: rank(row_of[one])):
            stratum = stratum_of[gone]
            heads = unused[stratum][:1] or sorted((q[0] for q in unused.values() if q), key=rank)[:1]
            for head in heads:
                unused[head[1]].remove(head)
                stratum_of[head[0]] = stratum
            replaced.append((gone, heads[0][0] if heads else None, number))
    return {
        "seed": seed.hex(),
        "winners": [r[0] for r in winners],
        "reserves": {
            name: [r[0] for r in queue[: max(10, len(queue) - len(unused[name]))]]
            for name, queue in reserves.items()
        },
        "replacements": replaced,
    }


def found_in(certificate: bytes) -> dict[str, Any]:
    found = json.loads(certificate)
    return {
        "seed": found["seed"],
        "winners": [winner["object_id"] for winner in found["winners"]],
        "reserves": found["reserves"],
        "replacements": [(r["object_id"], r["by"], r["batch"]) for r in found["replacements"]],
    }


@pytest.mark.parametrize("name", ["V1", "V8", "V11"])
def test_the_reference_agrees_with_the_vectors(name: str) -> None:
    rows = [tuple(line.split("\t")) for line in VECTORS[name]["files"]["eligible.tsv"].splitlines()]
    assert found_in(compute(VECTORS[name])) == slow_stage(VECTORS[name], rows)  # type: ignore[arg-type]


def vector_of(rows: list[tuple[str, str, str]], strata: list[dict[str, str]], ratio: str) -> dict[str, Any]:
    frozen = freeze_objects(rows, [s["name"] for s in strata])
    eligible = {"count": frozen.count, "sha256": frozen.sha256, "root": frozen.root}
    return {
        "stage": "objects",
        "commitment": {**V1["commitment"], "eligible": eligible, "strata": strata, "ratio": ratio},
        "values": V1["values"],
        "files": {"eligible.tsv": frozen.files["eligible.tsv"].decode()},
        "replace": [],
    }


def test_a_county_of_408_the_twin_of_v6() -> None:
    """408 codes of our own making, in strata by their 17th character as in V6."""
    alphabet, device = "0123456789ABCDEFGHJKLMNPQRTUWXY", "0123456708FU"  # nine A, two B, no C, one D
    codes = [f"91130534{n * 7919:08d}{device[n % 12]}{n % 10}" for n in range(408)]
    rows = [(code, "ABCD"[alphabet.index(code[16]) // 8], code) for code in codes]
    vector = vector_of(rows, VECTORS["V6"]["commitment"]["strata"], "0.1")
    certificate = compute(vector)
    assert found_in(certificate) == slow_stage(vector, rows)
    assert json.loads(certificate)["strata"] == [
        {"name": "A", "size": 306, "minimum": 16, "drawn": 23},
        {"name": "B", "size": 68, "minimum": 6, "drawn": 8},
        {"name": "C", "size": 0, "minimum": 0, "drawn": 0},
        {"name": "D", "size": 34, "minimum": 7, "drawn": 10},
    ]


@settings(max_examples=60, deadline=None)
@given(LISTS, RATIOS, st.lists(RATIOS, min_size=3, max_size=3), st.data())
def test_any_list_with_any_objections(
    strata: dict[int, str], ratio: str, shares: list[str], data: st.DataObject
) -> None:
    rows = [(f"P{n:04d}", stratum, f"9{n // 3:017d}") for n, stratum in strata.items()]
    listed = [{"name": name, "ratio": share} for name, share in zip("ABC", shares, strict=True)]
    vector = vector_of(rows, listed, ratio)
    for _ in range(3):
        found = json.loads(compute(vector))
        standing = sorted(object_id for object_id, _ in standing_objects(found))
        chosen = data.draw(st.sets(st.sampled_from(standing), max_size=25) if standing else st.just(set()))
        vector["replace"].append(sorted(chosen, key=lambda one: hashlib.md5(one.encode()).digest()))  # noqa: S324
    certificate = compute(vector)
    assert found_in(certificate) == slow_stage(vector, rows)
    found = json.loads(certificate)
    owners = {row[0]: row[2] for row in rows}
    assert objects_of_next_stage(found) == sorted({owners[one] for one, _ in standing_objects(found)})


def test_a_replacement_whose_enterprise_is_not_named_leads_nowhere() -> None:
    certificate = json.loads(canonical(V1["certificate"]))
    certificate["replacements"][0]["uscc"] = None
    assert certificate["replacements"][0]["by"]
    with pytest.raises(DrawbridgeError, match="DB-DRAW-025"):
        objects_of_next_stage(certificate)


# --- files, corrections, refusals -----------------------------------------------------------------------


def test_from_a_file_as_from_bytes(tmp_path: Path) -> None:
    path = tmp_path / "eligible.tsv"
    path.write_bytes(files_of(V1)["eligible.tsv"])
    found = compute_objects(canonical(V1["commitment"]), V1["values"], path, batches(V1))
    assert found == canonical(V1["certificate"])


def test_batches_as_corrections_lead_to_the_same_objects() -> None:
    eligible = files_of(V1)["eligible.tsv"]
    first = compute_objects(canonical(V1["commitment"]), V1["values"], eligible)
    one, two = batches(V1)
    second = correct_objects(first, eligible, one)
    third = correct_objects(second, eligible, two)
    whole = V1["certificate"]
    assert json.loads(third) == {**whole, "corrects": digest(second)}
    assert json.loads(second)["corrects"] == digest(first)
    with pytest.raises(DrawbridgeError, match="DB-DRAW-085"):
        correct_objects(third, eligible)


def test_a_public_number_that_was_copied_wrongly_is_put_right() -> None:
    eligible = files_of(V1)["eligible.tsv"]
    wrong = {**V1["values"], "双色球2024061": "03 08 17 21 26 32 12"}
    first = compute_objects(canonical(V1["commitment"]), wrong, eligible)
    right = {"双色球2024061": V1["values"]["双色球2024061"]}
    second = json.loads(correct_objects(first, eligible, values=right))
    assert second["seed"] == V1["expect"]["seed"]
    assert second["corrects"] == digest(first)
    assert json.loads(first)["seed"] != second["seed"]


@pytest.mark.parametrize(
    ("replace", "code"),
    [
        ([["P03"]], "DB-DRAW-080"),  # a reserve
        ([["P99"]], "DB-DRAW-080"),
        ([["P04"], ["P04"]], "DB-DRAW-080"),  # replaced before
        ([["P04", "P04"]], "DB-DRAW-081"),
        ([["P04", "P02"]], "DB-DRAW-080"),  # P02 comes in by this very batch
    ],
)
def test_objections_refused(replace: list[list[str]], code: str) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        compute({**V1, "replace": replace})
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [("count", 11, "DB-DRAW-038"), ("sha256", "00" * 32, "DB-DRAW-039"), ("root", "00" * 32, "DB-DRAW-040")],
)
def test_another_list_than_the_committed_one(member: str, value: object, code: str) -> None:
    commitment = {**V1["commitment"], "eligible": {**V1["commitment"]["eligible"], member: value}}
    with pytest.raises(DrawbridgeError) as refusal:
        compute({**V1, "commitment": commitment, "replace": []})
    assert refusal.value.code == code


def test_an_objection_is_recorded_as_it_was_decided() -> None:
    objection = Objection("P05", "迁出", "协调小组", "2024-06-03T09:30:00+08:00")
    found = json.loads(
        compute_objects(
            canonical(V1["commitment"]), V1["values"], files_of(V1)["eligible.tsv"], [[objection]]
        )
    )["replacements"]
    assert found == [
        {
            "object_id": "P05",
            "by": "P06",
            "uscc": "911305340000000006",
            "batch": 1,
            "reason": "迁出",
            "decided_by": "协调小组",
            "at": "2024-06-03T09:30:00+08:00",
        }
    ]
    assert DECISION["decided_by"] != "协调小组"


# --- what a mutant would get wrong ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["values"].update({"双色球2024061": "03 08 17 21 26 32 12"}),
        lambda v: v["commitment"]["strata"].reverse(),
        lambda v: v["commitment"].update(frozen_at="2024-05-28T09:00:00+09:00"),
        lambda v: v["commitment"]["contributors"].reverse(),
    ],
    ids=["public number", "order of strata", "moment of the freeze", "order of contributors"],
)
def test_everything_in_the_commitment_and_every_value_moves_the_seed(change: Any) -> None:
    vector = json.loads(json.dumps({**V1, "replace": []}))
    change(vector)
    found = json.loads(compute(vector))
    assert found["seed"] != V1["expect"]["seed"]
    assert found["winners"] != V1["certificate"]["winners"]


def test_equal_chances_within_a_stratum() -> None:
    """600 draws of 3 out of 12: no object is out of line by 4.5 standard deviations."""
    won = dict.fromkeys((f"P{n:02d}" for n in range(12)), 0)
    lines = [f"{one}\tA\t{one}".encode() for one in won]
    for number in range(600):
        seed = hashlib.sha256(b"%d" % number).digest()
        for ticket in objects.lowest_tickets(lines, seed, {"A": 3})["A"]:
            won[ticket.object_id] += 1
    deviation = math.sqrt(600 * 0.25 * 0.75)
    assert all(abs(times - 150) < 4.5 * deviation for times in won.values())
