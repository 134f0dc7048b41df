"""Random small draws of both stages against brute force that knows nothing of the code (§3, §4).

1,500 of each here; all 10,000 with DRAWBRIDGE_SCALE=full.  A failure names the number of its
instance, which makes it again.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from draw.canonical import canonical
from draw.certificate import objects_of_next_stage
from draw.compute import InspectorFiles, compute_inspectors, compute_objects
from draw.frozen import Department, freeze_inspectors, freeze_objects
from draw.matching import first_matching
from draw.objects import Objection
from draw.substitutes import SeatObjection
from tests.draw.brute_force import assign, inspectors_stage, objects_stage, seats_by_adams, seed_of
from tests.draw.vectors import DECISION, VECTORS, files_of

COUNT = 10_000 if os.environ.get("DRAWBRIDGE_SCALE") == "full" else 1_500
V1, V2 = VECTORS["V1"], VECTORS["V2"]
SALT = "5a" * 32


def values_of(vector: dict[str, Any], number: int) -> dict[str, str]:
    """The vector's values with another public number for each instance, so that each has its own seed."""
    values = dict(vector["values"])
    for one in vector["commitment"]["contributors"]:
        if one["kind"] == "public":
            values[one["id"]] = " ".join(f"{number:014d}"[place : place + 2] for place in range(0, 14, 2))
    return values


def seed_for(commitment: bytes, values: dict[str, str]) -> bytes:
    contributors = json.loads(commitment)["contributors"]
    return seed_of(commitment, [values[one["id"]] for one in contributors])


# --- stage `inspectors` -------------------------------------------------------------------------------


class Visits(NamedTuple):
    objects: list[str]
    departments: list[tuple[str, int]]
    rosters: dict[str, list[str]]
    forbidden: list[tuple[str, str]]
    groups: int


# Most objects for a number of groups: all assignments are enumerated.
MOST = {1: 8, 2: 8, 3: 6, 4: 5, 5: 4}


def visits(number: int) -> Visits:
    """An instance: from nobody barred to almost everybody, few spare inspectors or none."""
    chance = random.Random(number)
    groups = chance.randint(1, 5)
    # Departments, ids and visits beyond ASCII and beyond U+FFFF: order is by bytes.
    departments = [("SW", 2), ("应急", chance.choice([2, 3])), ("C-1", 2)][: chance.choice([1, 1, 2, 3])]
    rosters = {
        code: chance.sample(
            [f"{code}{n:02d}" for n in range(20)] + [f"{code}𠮷{n}" for n in range(4)] + [f"{code}～"],
            team * groups + chance.choice([0, 1, 2, 4]),
        )
        for code, team in departments
    }
    objects = chance.sample(
        [f"91130534{n:010d}" for n in range(9)] + ["Z𠮷-18", "Z～01", "清水保〔2023〕7号"],
        chance.randint(0, MOST[groups]),
    )
    forbidden = []
    density = chance.choice([0.0, 0.1, 0.3, 0.6])
    # A few inspectors who may go almost nowhere leave their groups with too few visits: relaxation.
    unwanted = {
        one
        for roster in rosters.values()
        for one in roster
        if density and chance.random() < chance.choice([0, 0.3])
    }
    for visit in objects:
        own = 1.0 if chance.random() < 0.15 else density
        for code, team in departments:
            barred = [one for one in rosters[code] if chance.random() < (0.9 if one in unwanted else own)]
            forbidden += [(visit, one) for one in barred[: len(rosters[code]) - team]]
    return Visits(objects, departments, rosters, forbidden, groups)


def leaving(drawn: dict[str, Any], rosters: dict[str, list[str]], number: int) -> list[tuple[str, str, str]]:
    """Up to six seats to fill again, each of somebody who is there when it is decided."""
    chance = random.Random(number)
    there = {
        (visit, code): list(drawn["teams"][str(group)][code])
        for visit, group in drawn["assignment"]
        for code in rosters
    }
    for seat in [*drawn["substitutes"], *drawn["seat_replacements"]]:
        team = there[seat["object_id"], seat["department"]]
        team[team.index(seat["replaced"])] = seat["by"]
    asked: list[tuple[str, str, str]] = []
    for visit, code in chance.choices(sorted(there), k=chance.randint(0, 6)) if there else ():
        left = [one for one in there[visit, code] if (visit, code, one) not in asked]
        if left:
            asked.append((visit, code, chance.choice(left)))
    return asked


def compare_visits(number: int) -> Counter[str]:
    """Asserts that brute force finds what the instance's certificate says; returns what occurred in it."""
    given = visits(number)
    frozen = freeze_inspectors(
        given.objects,
        [Department(*one) for one in given.departments],
        given.groups,
        given.rosters,
        [(visit, one, "relative") for visit, one in given.forbidden],
        roster_salts=dict.fromkeys(given.rosters, SALT),
        forbidden_salt=SALT,
    )
    commitment = canonical(
        {
            **V2["commitment"],
            "objects": frozen.objects,
            "departments": [
                {"code": code, "team": team, "roster": frozen.rosters[code]}
                for code, team in given.departments
            ],
            "forbidden": frozen.forbidden,
            "groups": frozen.groups,
        }
    )
    values = values_of(V2, number)
    files = InspectorFiles(
        frozen.files["objects.txt"],
        frozen.files["forbidden.tsv"],
        {code: frozen.files[f"roster-{code}.txt"] for code in given.rosters},
    )
    first = json.loads(compute_inspectors(commitment, values, files))
    asked = leaving(first, given.rosters, number)
    found = first
    if asked:
        seats = [SeatObjection(*one, **DECISION) for one in asked]
        found = json.loads(compute_inspectors(commitment, values, files, seats))
    wanted = inspectors_stage(seed_for(commitment, values), *given, asked)
    wanted["seat_replacements"] = [
        {"object_id": visit, "group": group, "department": code, "replaced": one, "by": by, **DECISION}
        for visit, group, code, one, by in wanted["seat_replacements"]
    ]
    assert {member: found[member] for member in wanted} == wanted, f"instance {number}"
    return Counter(
        {
            "nothing barred": not wanted["barred"] and bool(given.objects),
            "relaxed": wanted["relax"] > 0,
            "relaxed twice": wanted["relax"] > 1,
            "substitutes": bool(wanted["substitutes"]),
            "relaxed with substitutes": bool(wanted["relax"] and wanted["substitutes"]),
            "seats filled again": any(seat["by"] for seat in wanted["seat_replacements"]),
            "seats with nobody left": any(seat["by"] is None for seat in wanted["seat_replacements"]),
            "more groups than objects": 0 < len(given.objects) < given.groups,
            "no object": not given.objects,
        }
    )


def compare(numbers: Iterable[int], one: Any) -> Counter[str]:
    return sum((one(number) for number in numbers), Counter())


@pytest.mark.timeout(1200)
def test_visits_equal_all_assignments_enumerated() -> None:
    seen = compare(range(COUNT), compare_visits)
    print(f"\n{COUNT} instances, of these {dict(sorted(seen.items()))}")
    assert all(seen[kind] >= COUNT // 100 for kind in seen)
    assert len(seen) == 9


def compare_matching(number: int) -> Counter[str]:
    """The matching by itself, on lists that need relaxation more often than real recusals make them."""
    chance = random.Random(number)
    groups = chance.randint(1, 5)
    width = chance.randint(1, groups)
    lists = [chance.sample(range(1, groups + 1), width) for _ in range(chance.randint(0, MOST[groups]))]
    shunned = chance.sample(range(1, groups + 1), chance.randint(0, groups - 1))
    for own in lists:
        for group in shunned:
            if len(own) > 1 and group in own and chance.random() < 0.8:
                own.remove(group)
    allowed = [sum(1 << group - 1 for group in own) for own in lists]
    found = first_matching(allowed, groups, lambda item, some: sorted(some, key=lists[item].index))
    wanted, relax = assign(lists, groups)
    assert (found.group, found.relax) == (wanted, relax), f"instance {number}"
    return Counter({f"relax {relax}": 1})


def test_matching_equals_all_assignments_enumerated() -> None:
    seen = compare(range(COUNT), compare_matching)
    print(f"\n{COUNT} instances, of these {dict(sorted(seen.items()))}")
    assert all(seen[f"relax {t}"] >= COUNT // 200 for t in range(4))


# --- stage `objects` ----------------------------------------------------------------------------------


class Drawn(NamedTuple):
    rows: list[tuple[str, str, str]]
    strata: list[tuple[str, str]]
    ratio: str


def lists(number: int) -> Drawn:
    """Up to 45 objects in up to five strata, some of them empty; ratios that binary fractions get wrong."""
    chance = random.Random(number)
    names = ["A", "乙", "𠮷", "～", "B"][: chance.randint(1, 5)]
    written = ["1", "0.07", "0.14", "0.28", "0.1", "0.100", "0.000001", "0.999999", "0.333333", "0.5"]
    ids = [f"P{n:02d}" for n in range(50)] + ["Z𠮷-18", "Z～01", "清水保〔2023〕7号"]
    chosen = chance.sample(ids, chance.choice([0, 1, 5, 12, 25, 45]))
    rows = [
        (one, chance.choice(names), f"9113053400000000{place // 2:02d}") for place, one in enumerate(chosen)
    ]
    return Drawn(rows, [(name, chance.choice(written)) for name in names], chance.choice(written))


def compare_lists(number: int) -> Counter[str]:
    """Computes the instance's certificate, two or three batches included, against the oracle."""
    given, chance = lists(number), random.Random(number)
    frozen = freeze_objects(given.rows, [name for name, _ in given.strata])
    commitment = canonical(
        {
            **V1["commitment"],
            "eligible": {"count": frozen.count, "sha256": frozen.sha256, "root": frozen.root},
            "strata": [{"name": name, "ratio": ratio} for name, ratio in given.strata],
            "ratio": given.ratio,
        }
    )
    values = values_of(V1, number)
    seed = seed_for(commitment, values)
    batches: list[list[str]] = []
    for _ in range(chance.choice([1, 2, 2, 3])):
        wanted = objects_stage(seed, *given, batches)
        standing = [winner["object_id"] for winner in wanted["winners"]]
        for gone, by, _, _ in wanted["replacements"]:
            standing.remove(gone)
            standing += [by] if by else []
        batches.append(chance.sample(standing, chance.randint(0, len(standing))))
    wanted = objects_stage(seed, *given, batches)
    asked = [[Objection(one, **DECISION) for one in batch] for batch in batches]
    found = json.loads(compute_objects(commitment, values, frozen.files["eligible.tsv"], asked))
    recorded = wanted["replacements"]
    wanted["replacements"] = [
        {"object_id": gone, "by": by, "uscc": uscc, "batch": batch, **DECISION}
        for gone, by, uscc, batch in recorded
    ]
    assert {member: found[member] for member in wanted} == wanted, f"instance {number}"
    stratum = {row[0]: row[1] for row in given.rows}
    return Counter(
        {
            "seats beyond the minima": any(s["drawn"] > s["minimum"] for s in wanted["strata"]),
            "a stratum drawn whole": any(0 < s["size"] == s["drawn"] for s in wanted["strata"]),
            "an empty stratum": any(s["size"] == 0 for s in wanted["strata"]),
            "replaced within the stratum": any(
                by and stratum[gone] == stratum[by] for gone, by, *_ in recorded
            ),
            "replaced over the strata": any(by and stratum[gone] != stratum[by] for gone, by, *_ in recorded),
            "nobody left": any(by is None for _, by, _, _ in recorded),
            "a replacement replaced": bool({g for g, *_ in recorded} & {by for _, by, _, _ in recorded}),
            "more than ten used": any(len(queue) > 10 for queue in wanted["reserves"].values()),
        }
    )


@pytest.mark.timeout(1200)
def test_objects_and_replacements_equal_the_oracle() -> None:
    seen = compare(range(COUNT), compare_lists)
    print(f"\n{COUNT} instances, of these {dict(sorted(seen.items()))}")
    assert all(seen[kind] >= COUNT // 100 for kind in seen)
    assert len(seen) == 8


def test_enterprises_of_the_next_stage_come_by_their_utf8_bytes() -> None:
    """U+FF5E before U+20BB7, which UTF-16 has the other way round."""
    owners = ["Z𠮷-18", "Z～01", "Z1"]
    winners = [{"object_id": one, "uscc": one} for one in owners]
    found = objects_of_next_stage({"winners": winners, "replacements": []})
    assert found == sorted(owners, key=str.encode) == ["Z1", "Z～01", "Z𠮷-18"]


# --- the oracle itself, by what the specification prints ------------------------------------------------


def test_the_oracle_agrees_with_the_vectors() -> None:
    """Otherwise code and oracle could be wrong together: the vectors came with the specification."""
    for name in ("V1", "V8", "V11"):
        vector, expected = VECTORS[name], VECTORS[name]["expect"]
        rows: list[Any] = [tuple(line.split("\t")) for line in vector["files"]["eligible.tsv"].splitlines()]
        promised = vector["commitment"]
        found = objects_stage(
            seed_for(canonical(promised), vector["values"]),
            rows,
            [(stratum["name"], stratum["ratio"]) for stratum in promised["strata"]],
            promised["ratio"],
            vector.get("replace", []),
        )
        assert [winner["object_id"] for winner in found["winners"]] == expected["winners"]
        assert (found["strata"], found["reserves"]) == (expected["strata"], expected["reserves"])
        wanted = [tuple(r[m] for m in ("object_id", "by", "uscc", "batch")) for r in expected["replacements"]]
        assert found["replacements"] == wanted
    for name in ("V2", "V3", "V4", "V5", "V7", "V13", "V14"):
        vector, promised = VECTORS[name], VECTORS[name]["commitment"]
        files = {file: data.decode().splitlines() for file, data in files_of(vector).items()}
        found = inspectors_stage(
            seed_for(canonical(promised), vector["values"]),
            files["objects.txt"],
            [(one["code"], one["team"]) for one in promised["departments"]],
            {one["code"]: files[f"roster-{one['code']}.txt"][1:] for one in promised["departments"]},
            [(line.split("\t")[0], line.split("\t")[1]) for line in files["forbidden.tsv"][1:]],
            promised["groups"],
        )
        expected = {member: found[member] for member in found if member in vector["expect"]}
        assert expected == {member: vector["expect"][member] for member in expected}
        assert len(expected) >= 3


def test_the_oracle_tells_adams_from_webster_and_d_hondt() -> None:
    """One seat beyond the minima 1 and 4: Adams 1/1 > 3.5/4, Webster 1/1.5 < 3.5/4.5, D'Hondt 1/2 < 3.5/5."""
    seated = seats_by_adams([("a", "0.05", 20), ("b", "0.05", 70)], "0.06")
    assert [(seat["minimum"], seat["drawn"]) for seat in seated] == [(1, 2), (4, 4)]
