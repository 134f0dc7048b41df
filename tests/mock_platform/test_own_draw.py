"""The mock draws by code of its own, a second implementation: the published vectors."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from mock_platform.canonical_json import sha256_hex
from mock_platform.draw_intake import seed_of
from mock_platform.own_certificates import merkle_root, shown_reserves
from mock_platform.own_draw import draw_inspectors, draw_objects, replace
from tests.mock_platform.office import Row

PUBLISHED = json.loads((Path(__file__).parents[1] / "draw" / "draw-vectors.json").read_text("utf-8"))
VECTORS = {vector["name"]: vector for vector in PUBLISHED["vectors"]}
OBJECTS = [name for name, one in VECTORS.items() if one["stage"] == "objects" and "files" in one]
INSPECTORS = [
    name for name, one in VECTORS.items() if one["stage"] == "inspectors" and "refused" not in one["expect"]
]


def lines_of(vector: Row, name: str) -> list[list[str]]:
    """The lines of a frozen file in columns, without its salt."""
    lines = [line.split("\t") for line in vector["files"][name].splitlines()]
    return [columns for columns in lines if columns[0] != "salt"]


@pytest.mark.parametrize("name", OBJECTS)
def test_stage_objects_as_published(name: str) -> None:
    vector, expected = VECTORS[name], VECTORS[name]["expect"]
    commitment = vector["commitment"]
    eligible = [(a, b, c) for a, b, c in lines_of(vector, "eligible.tsv")]
    strata = [(one["name"], Fraction(one["ratio"])) for one in commitment["strata"]]
    found = draw_objects(eligible, Fraction(commitment["ratio"]), strata, expected["seed"])
    assert found["strata"] == expected["strata"]
    assert [one["object_id"] for one in found["winners"]] == expected["winners"]
    assert {one["object_id"]: one["ticket"] for one in found["winners"]} == expected["tickets"]

    strata_of = {one["object_id"]: one["stratum"] for one in found["winners"]}
    used = set(expected["winners"])
    pairs = [pair for batch in vector["replace"] for pair in replace(found, batch, strata_of, used)]
    assert pairs == [(one["object_id"], one["by"]) for one in expected["replacements"]]
    assert shown_reserves(found["reserves"], used) == expected["reserves"]
    assert (
        merkle_root(vector["files"]["eligible.tsv"].encode().split(b"\n")[:-1])
        == (commitment["eligible"]["root"])
    )


@pytest.mark.parametrize("name", INSPECTORS)
def test_stage_inspectors_as_published(name: str) -> None:
    vector, expected = VECTORS[name], VECTORS[name]["expect"]
    departments = vector["commitment"]["departments"]
    found = draw_inspectors(
        [code for [code] in lines_of(vector, "objects.txt")],
        {
            one["code"]: [person for [person] in lines_of(vector, f"roster-{one['code']}.txt")]
            for one in departments
        },
        {one["code"]: one["team"] for one in departments},
        vector["commitment"]["groups"],
        {(code, person) for code, person, _ in lines_of(vector, "forbidden.tsv")},
        expected["seed"],
    )
    members = [member for member in found if member in expected]
    assert {"teams", "assignment"} <= set(members)
    assert {member: found[member] for member in members} == {member: expected[member] for member in members}


@pytest.mark.parametrize("name", [*OBJECTS, *INSPECTORS])
def test_the_seed_as_published(name: str) -> None:
    vector = VECTORS[name]
    text = json.dumps(vector["commitment"], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    values = [
        {"id": one["id"], "value": vector["values"][one["id"]]}
        for one in vector["commitment"]["contributors"]
    ]
    assert seed_of(sha256_hex(text.encode()), values) == vector["expect"]["seed"]
