"""Stage `inspectors`: teams, barred visits, substitutes and seats, against a slow reference (§4)."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from draw.canonical import canonical, digest
from draw.certificate import parse_certificate, team_of_visit, teams_of_visits
from draw.compute import compute_inspectors, correct_inspectors
from draw.frozen import Department, freeze_inspectors
from draw.public_form import mask, public_form
from draw.substitutes import SeatObjection
from schemas.errors import DrawbridgeError
from tests.draw.vectors import DECISION, VECTORS, compute, files_of, inspector_files

V2: dict[str, Any] = VECTORS["V2"]
V12: dict[str, Any] = VECTORS["V12"]
SALT = "5a" * 32
NAME = b"drawbridge-draw/1"


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def slow_stage(commitment: dict[str, Any], values: dict[str, str], frozen: Any) -> dict[str, Any]:
    """§4 again, with sorting and exhaustive search only."""
    parts = [sha(values[c["id"]].encode()) for c in commitment["contributors"]]
    seed = sha(NAME + b"/seed\0" + sha(canonical(commitment)) + b"".join(parts))

    def key(label: str) -> bytes:
        return sha(NAME + b"/" + label.encode() + b"\0" + seed)

    def lines(name: str) -> list[str]:
        return frozen.files[name].decode().splitlines()  # type: ignore[no-any-return]

    groups, departments = commitment["groups"], commitment["departments"]
    rosters = {d["code"]: lines(f"roster-{d['code']}.txt")[1:] for d in departments}
    unwanted = {tuple(line.split("\t")[:2]) for line in lines("forbidden.tsv")[1:]}
    teams: dict[str, dict[str, list[str]]] = {}
    for g in range(1, groups + 1):
        teams[str(g)] = {}
        for d in departments:
            order = sorted(
                rosters[d["code"]], key=lambda i, d=d: (sha(key("inspector/" + d["code"]) + i.encode()), i)
            )
            teams[str(g)][d["code"]] = order[(g - 1) * d["team"] : g * d["team"]]
    objects = sorted(lines("objects.txt"), key=lambda o: (sha(key("object") + o.encode()), o))
    barred = [
        [o, g]
        for o in objects
        for g in range(1, groups + 1)
        if any((o, i) in unwanted for team in teams[str(g)].values() for i in team)
    ]
    lists = {
        o: sorted(
            range(1, groups + 1),
            key=lambda g, o=o: (sha(key("pair") + o.encode() + b"\0" + str(g).encode()), g),
        )
        for o in objects
    }
    open_lists = {o: [g for g in lists[o] if [o, g] not in barred] for o in objects}
    matched = [o for o in objects if open_lists[o]]
    low, high = len(matched) // groups, -(-len(matched) // groups)
    relax, group_of = next(
        (t, dict(zip(matched, chosen, strict=True)))
        for t in range(len(matched) + 1)
        for chosen in itertools.product(*(open_lists[o] for o in matched))
        if all(max(0, low - t) <= chosen.count(g) <= high + t for g in range(1, groups + 1))
    )
    substitutes = []
    for o in objects:
        if o not in group_of:
            group_of[o] = lists[o][0]
            team = teams[str(group_of[o])]
            for d in departments:
                code, there = d["code"], list(team[d["code"]])
                for member in team[code]:
                    if (o, member) in unwanted:
                        candidates = [i for i in rosters[code] if i not in there and (o, i) not in unwanted]
                        by = min(
                            candidates,
                            key=lambda i, o=o, code=code: (
                                sha(key("seat/" + code) + o.encode() + b"\0" + i.encode()), i
                            ),
                        )  # fmt: skip
                        there.append(by)
                        substitutes.append(
                            {
                                "object_id": o,
                                "group": group_of[o],
                                "department": code,
                                "replaced": member,
                                "by": by,
                            }
                        )
    return {
        "seed": seed.hex(),
        "teams": teams,
        "barred": barred,
        "assignment": [[o, group_of[o]] for o in objects],
        "relax": relax,
        "substitutes": substitutes,
        "seat_replacements": [],
    }


def commitment_for(frozen: Any) -> dict[str, Any]:
    return {
        **V2["commitment"],
        "objects": frozen.objects,
        "departments": [
            {"code": code, "team": team, "roster": frozen.rosters[code]} for code, team in frozen.departments
        ],
        "forbidden": frozen.forbidden,
        "groups": frozen.groups,
    }


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_small_stages_against_exhaustive_search(data: st.DataObject) -> None:
    groups = data.draw(st.integers(1, 3))
    departments = [Department("SW", 2), Department("应急", 3)][: data.draw(st.integers(1, 2))]
    rosters = {
        d.code: [f"{d.code}{n:02d}" for n in range(d.team * groups + data.draw(st.integers(0, 4)))]
        for d in departments
    }
    objects = [f"9113053400000000{n:02d}" for n in range(data.draw(st.integers(0, 6)))]
    everybody = [(code, one) for code, roster in rosters.items() for one in roster]
    pairs = []
    for object_id in objects:
        free = {d.code: len(rosters[d.code]) - d.team for d in departments}
        for code, one in data.draw(st.lists(st.sampled_from(everybody), unique=True, max_size=8)):
            if free[code] > 0:
                free[code] -= 1
                pairs.append((object_id, one, "relative"))
    frozen = freeze_inspectors(
        objects, departments, groups, rosters, pairs,
        roster_salts=dict.fromkeys(rosters, SALT), forbidden_salt=SALT,
    )  # fmt: skip
    commitment = commitment_for(frozen)
    data_out = compute_inspectors(canonical(commitment), V2["values"], inspector_files(frozen.files))
    found, wanted = json.loads(data_out), slow_stage(commitment, V2["values"], frozen)
    assert {member: found[member] for member in wanted} == wanted


def test_rosters_may_be_given_in_any_order_of_departments() -> None:
    files = inspector_files(files_of(V2))
    turned = type(files)(files.objects, files.forbidden, dict(reversed(files.rosters.items())))
    commitment = canonical(V2["commitment"])
    assert compute_inspectors(commitment, V2["values"], turned) == compute(V2)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.pop("roster-SC.txt"), "DB-DRAW-047"),
        (lambda f: f.update({"roster-CG.txt": f["roster-SC.txt"]}), "DB-DRAW-048"),
        (lambda f: f.update({"roster-SC.txt": f["roster-SC.txt"] + b"SC07\n"}), "DB-DRAW-038"),
        (lambda f: f.update({"roster-SC.txt": f["roster-SC.txt"].replace(b"SC06", b"SC07")}), "DB-DRAW-039"),
        (lambda f: f.update({"roster-SC.txt": f["roster-SC.txt"].replace(b"5a", b"5b")}), "DB-DRAW-039"),
        (lambda f: f.update({"objects.txt": b""}), "DB-DRAW-038"),
        (lambda f: f.update({"forbidden.tsv": f["forbidden.tsv"].replace(b"5a", b"5b")}), "DB-DRAW-039"),
    ],
)
def test_other_files_than_the_committed_ones(change: Any, code: str) -> None:
    files = files_of(V2)
    change(files)
    with pytest.raises(DrawbridgeError) as refusal:
        compute_inspectors(canonical(V2["commitment"]), V2["values"], inspector_files(files))
    assert refusal.value.code == code


# --- teams as they stand, seats -------------------------------------------------------------------------


def test_a_substitute_takes_the_place_of_the_one_replaced() -> None:
    certificate = json.loads(compute(V12))
    assert team_of_visit(certificate, "911305340000100004") == {
        "SW": ["SW04", "SW03"],
        "SC": ["SC06", "SC07", "SC08"],
    }
    assert list(team_of_visit(certificate, "911305340000100004")) == ["SW", "SC"]  # the lead first
    with pytest.raises(DrawbridgeError, match="DB-DRAW-083"):
        team_of_visit(certificate, "911305340000999999")


def test_the_teams_of_all_visits_are_those_of_each() -> None:
    certificate = json.loads(compute(V12))
    listed = [object_id for object_id, _ in certificate["assignment"]]
    assert teams_of_visits(certificate) == {one: team_of_visit(certificate, one) for one in listed}
    assert list(teams_of_visits(certificate)) == listed
    teams_of_visits(certificate)[listed[0]]["SW"].clear()
    assert teams_of_visits(certificate)[listed[0]]["SW"], "a caller's change reached the certificate"


def test_seats_until_nobody_is_left() -> None:
    object_id, asked = "911305340000000009", []
    certificate = compute(V2)
    seen = set(json.loads(certificate)["teams"]["1"]["SC"])
    standing = sorted(seen)
    while True:
        asked.append(SeatObjection(object_id, "SC", standing[0], **DECISION))
        certificate = correct_inspectors(certificate, inspector_files(files_of(V2)), [asked[-1]])
        last = json.loads(certificate)["seat_replacements"][-1]
        standing = team_of_visit(json.loads(certificate), object_id)["SC"]
        if last["by"] is None:
            break
        assert last["by"] not in seen  # nobody comes back
        seen.add(last["by"])
    assert len(seen) == 6  # the whole roster
    assert len(standing) == 1
    assert json.loads(certificate)["seat_replacements"] == json.loads(compute(V2, asked))["seat_replacements"]
    assert parse_certificate(certificate)["corrects"]


def test_a_seat_of_a_substitute_is_filled_with_nobody_who_is_barred() -> None:
    found = json.loads(compute(V12, [SeatObjection("911305340000100007", "SW", "SW08", **DECISION)]))
    last = found["seat_replacements"][-1]
    barred = {line.split("\t")[1] for line in V12["files"]["forbidden.tsv"].splitlines() if "100007" in line}
    assert last["by"] not in {"SW08", "SW06", "SW00", "SW07", *barred}
    assert last["by"] in {"SW01", "SW04"}


@pytest.mark.parametrize(
    ("objection", "code"),
    [
        (("911305340000000009", "SW", "SW07"), "DB-DRAW-082"),  # not in this team
        (("911305340000000009", "SC", "SW03"), "DB-DRAW-082"),  # another department's
        (("911305340000000099", "SW", "SW03"), "DB-DRAW-083"),
        (("911305340000000009", "CG", "SW03"), "DB-DRAW-084"),
    ],
)
def test_seat_objections_refused(objection: tuple[str, str, str], code: str) -> None:
    with pytest.raises(DrawbridgeError) as refusal:
        compute(V2, [SeatObjection(*objection, **DECISION)])
    assert refusal.value.code == code


def test_who_was_replaced_cannot_be_replaced_again() -> None:
    twice = [SeatObjection("911305340000000009", "SW", "SW03", **DECISION)] * 2
    with pytest.raises(DrawbridgeError, match="DB-DRAW-082"):
        compute(V2, twice)


# --- public form ----------------------------------------------------------------------------------------


def test_the_public_form_shows_visits_and_hides_people() -> None:
    full = compute(V12)
    shown = json.loads(public_form(full, {"SW": SALT, "SC": SALT}))
    hidden = {"barred", "assignment", "substitutes", "seat_replacements"}
    assert set(shown) == set(json.loads(full)) - hidden | {"visits", "full"}
    assert shown["full"] == digest(full)
    assert len(shown["visits"]) == 11
    visit = next(v for v in shown["visits"] if v["object_id"] == "911305340000100004")
    wanted = [mask(SALT, one) for one in ("SC06", "SC07", "SC08")]
    assert visit["team"]["SC"] == sorted(wanted)
    assert mask(SALT, "SC06") == hashlib.sha256(SALT.encode() + b"\0SC06").hexdigest()[:16]
    text = json.dumps(shown)
    assert not any(f'"{department}{n:02d}"' in text for department in ("SW", "SC") for n in range(12))
