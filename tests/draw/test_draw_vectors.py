"""Every published vector of draw-spec.md §8, byte for byte."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

from draw import certificate, merkle, text
from draw.canonical import canonical, digest
from draw.compute import compute_objects, correct_inspectors
from draw.frozen import freeze_objects
from draw.reveal import check_value
from draw.substitutes import SeatObjection
from schemas.errors import DrawbridgeError
from tests.draw.vectors import DECISION, PUBLISHED, VECTORS, compute, files_of, inspector_files

OBJECTS = [name for name, v in VECTORS.items() if v["stage"] == "objects" and "files" in v]
INSPECTORS = [
    name for name, v in VECTORS.items() if v["stage"] == "inspectors" and "refused" not in v["expect"]
]


def test_no_vector_is_left_out() -> None:
    assert {*OBJECTS, *INSPECTORS, "V6", "V10"} == set(VECTORS) == {f"V{n}" for n in range(1, 15)}


@pytest.mark.parametrize("name", OBJECTS)
def test_objects(name: str) -> None:
    vector, expected = VECTORS[name], dict(VECTORS[name]["expect"])
    data = compute(vector)
    found = json.loads(data)
    lines = files_of(vector)["eligible.tsv"].split(b"\n")[:-1]
    ids = [line.split(b"\t")[0].decode() for line in lines]
    paths = expected.pop("merkle_paths")
    assert {
        "commitment_digest": found["commitment_digest"],
        "seed": found["seed"],
        "strata": found["strata"],
        "winners": [winner["object_id"] for winner in found["winners"]],
        "tickets": {winner["object_id"]: winner["ticket"] for winner in found["winners"]},
        "reserves": found["reserves"],
        "replacements": [
            {member: entry[member] for member in ("object_id", "by", "uscc", "batch")}
            for entry in found["replacements"]
        ],
        "objects_of_next_stage": certificate.objects_of_next_stage(found),
        **({"certificate_digest": digest(data)} if "certificate_digest" in expected else {}),
    } == expected
    assert {one: merkle.inclusion_path(lines, ids.index(one)) for one in paths} == paths


@pytest.mark.parametrize("name", INSPECTORS)
def test_inspectors(name: str) -> None:
    data = compute(VECTORS[name])
    found = {**json.loads(data), "certificate_digest": digest(data)}
    expected = VECTORS[name]["expect"]
    assert {member: found[member] for member in expected} == expected


@pytest.mark.parametrize("name", ["V1", "V4"])
def test_whole_certificates(name: str) -> None:
    assert compute(VECTORS[name]) == canonical(VECTORS[name]["certificate"])


def test_seat_replacements_of_v2_at_once_and_in_two_corrections() -> None:
    vector, wanted = VECTORS["V2"], VECTORS["V2"]["seat_replacements"]
    asked = [SeatObjection(w["object_id"], w["department"], w["replaced"], **DECISION) for w in wanted]
    found = json.loads(compute(vector, asked))["seat_replacements"]
    assert [{m: entry[m] for m in wanted[0]} for entry in found] == wanted

    first = compute(vector)
    second = correct_inspectors(first, inspector_files(files_of(vector)), asked[:5])
    third = json.loads(correct_inspectors(second, inspector_files(files_of(vector)), asked[5:]))
    assert third["seat_replacements"] == found
    assert third["corrects"] == digest(second)


def test_v10_says_which_department_which_object_and_how_many_more() -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        compute(VECTORS["V10"])
    assert refusal.value.code == "DB-DRAW-046"
    assert refusal.value.facts == {
        "object_id": "911305340000000005", "department": "SC", "free": 1, "team": 2, "more": 1,
        "barred": 5, "reasons": "relative 5",
    }  # fmt: skip


# --- V6, the real codes, where they are at hand; its twin, of our own making, is in test_draw_objects.py ----

ENTERPRISES = Path(__file__).parents[2].parent / "shared" / "data" / "qinghe_enterprises.csv"


@pytest.mark.skipif(not ENTERPRISES.is_file(), reason="shared/data/qinghe_enterprises.csv is not at hand")
def test_v6_the_real_codes() -> None:
    vector, expected = VECTORS["V6"], VECTORS["V6"]["expect"]
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    with ENTERPRISES.open(encoding="utf-8", newline="") as file:
        codes = [row["统一社会信用代码"] for row in csv.DictReader(file)]
    rows = [(code, "ABCD"[alphabet.index(code[16]) // 8], code) for code in codes]
    frozen = freeze_objects(rows, "ABCD")
    assert vector["commitment"]["eligible"] == {
        "count": frozen.count, "sha256": frozen.sha256, "root": frozen.root
    }  # fmt: skip
    data = compute_objects(canonical(vector["commitment"]), vector["values"], frozen.files["eligible.tsv"])
    found = json.loads(data)
    winners = [winner["object_id"] for winner in found["winners"]]
    assert {
        "commitment_digest": found["commitment_digest"],
        "seed": found["seed"],
        "strata": found["strata"],
        "winners_count": len(winners),
        "first": winners[0],
        "last": winners[-1],
        "winners_sha256": hashlib.sha256("".join(w + "\n" for w in winners).encode()).hexdigest(),
    } == expected


# --- what must be refused -----------------------------------------------------------------------------------

REFUSED = {
    "R1": "DB-DRAW-034",
    "R2": "DB-DRAW-035",
    "R3": "DB-DRAW-030",
    "R4": "DB-DRAW-031",
    "R5": "DB-DRAW-041",
    "R6": "DB-DRAW-050",
    "R7": "DB-DRAW-055",
    "R8": "DB-DRAW-053",
    "R9": "DB-DRAW-052",
    "R10": "DB-DRAW-023",
    "R11": "DB-DRAW-057",
    "R12": "DB-DRAW-063",
    "R13": "DB-DRAW-063",
    "R14": "DB-DRAW-045",
    "R15": "DB-DRAW-059",
    "R16": "DB-DRAW-044",
    "R17": "DB-DRAW-043",
}


@pytest.mark.parametrize("case", PUBLISHED["refused_cases"], ids=lambda case: case["name"])
def test_refused_cases(case: dict[str, object]) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        compute(case)
    assert refusal.value.code == REFUSED[str(case["name"])]


RATIO = ["DB-DRAW-006"] * 13
OBJECT_ID = [
    "DB-DRAW-001",  # empty
    "DB-DRAW-002",
    "DB-DRAW-002",
    "DB-DRAW-004",  # tab
    "DB-DRAW-004",  # zero-width space
    "DB-DRAW-004",  # byte order mark
    "DB-DRAW-004",  # line separator
    "DB-DRAW-003",  # e and a combining accent
    "DB-DRAW-003",  # a compatibility ideograph
    "DB-DRAW-005",
    "DB-DRAW-004",  # private use
]


@pytest.mark.parametrize(
    ("value", "code"), list(zip(PUBLISHED["refused_text"]["ratio"], RATIO, strict=True)), ids=ascii
)
def test_refused_ratios(value: str, code: str) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        text.parse_ratio(value)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("value", "code"), list(zip(PUBLISHED["refused_text"]["object_id"], OBJECT_ID, strict=True)), ids=ascii
)
def test_refused_object_ids(value: str, code: str) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        freeze_objects([(value, "A", "911305340000000001")], "A")
    assert refusal.value.code == code


@pytest.mark.parametrize("value", PUBLISHED["refused_text"]["sealed value"])
def test_refused_sealed_values(value: str) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        check_value(VECTORS["V1"]["commitment"], "水务局", value)
    assert refusal.value.code == "DB-DRAW-010"
    assert value not in str(refusal.value)


@pytest.mark.parametrize("value", PUBLISHED["refused_text"]["public value (pattern of V1)"], ids=ascii)
def test_refused_public_values(value: str) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        check_value(VECTORS["V1"]["commitment"], "双色球2024061", value)
    assert refusal.value.code == "DB-DRAW-071"


def test_refused_text_has_no_list_that_no_test_reads() -> None:
    assert set(PUBLISHED["refused_text"]) == {
        "ratio", "object_id", "sealed value", "public value (pattern of V1)"
    }  # fmt: skip
