"""Certificates that are right, with everything that belongs to them."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from draw.canonical import canonical, digest
from draw.certificate import objects_of_next_stage, standing_objects
from draw.commitment import Public, Round, Sealed, build_inspectors_commitment, build_objects_commitment
from draw.compute import (
    compute_inspectors,
    compute_objects,
    correct_inspectors,
    correct_objects,
    seat_objections_of,
)
from draw.frozen import Department, freeze_inspectors, freeze_objects, read_roster
from draw.objects import Objection
from draw.public_form import public_form
from draw.reveal import build_abandonment
from draw.seed import seal
from draw.substitutes import SeatObjection
from tests.draw.vectors import DECISION, VECTORS, batches, compute, files_of, inspector_files


@dataclass(frozen=True)
class Case:
    """A certificate with everything that a verifier can be given beside it.

    `files`: frozen files by "eligible", "objects", "forbidden", "roster-<code>"; `before`:
    documents before; `kept`: digests that others kept, by "commitment", "closing", "certificate".
    """

    name: str
    certificate: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    before: tuple[bytes, ...] = ()
    kept: dict[str, str] = field(default_factory=dict)


# --- honest -----------------------------------------------------------------------------------------------

_KEY_OF_FILE = {"eligible.tsv": "eligible", "objects.txt": "objects", "forbidden.tsv": "forbidden"}
_BY_HAND = ("V1", "V2", "V3", "V4", "V5", "V7", "V8", "V9", "V11", "V12", "V13", "V14")
_SMALL = (
    *("V1 corrected", "V1 second round", "V2", "V4", "V14", "V12 seats again", "generated"),
    *("V12 public form", "V2 public form, second round"),
)


@cache
def _honest() -> tuple[Case, ...]:
    cases = [_of_vector(name) for name in _BY_HAND]
    return (*cases, *_objects_corrected(), _second_round(), _generated(), *_seats(), *_public_forms())


def honest() -> list[Case]:
    """Certificates that are right, of both stages and in public form, with all evidence that they have."""
    return list(_honest())


def small() -> list[Case]:
    """Those of the honest cases that `tampered` is meant for: together they have every member filled."""
    return [case for case in honest() if case.name in _SMALL]


def named(name: str) -> Case:
    """The honest case with this name."""
    return next(case for case in honest() if case.name == name)


def _case(name: str, certificate: bytes, files: dict[str, bytes], *before: bytes) -> Case:
    document = json.loads(certificate)
    sealed = {one["id"] for one in document["commitment"]["contributors"] if one["kind"] == "sealed"}
    closing = {
        "spec": document["spec"],
        "commitment_digest": document["commitment_digest"],
        "contributions": [one for one in document["contributions"] if one["id"] in sealed],
    }
    kept = {
        "commitment": document["commitment_digest"],
        "closing": digest(canonical(closing)),
        "certificate": document.get("full") or digest(certificate),
    }
    keyed = {_KEY_OF_FILE.get(file, file.removesuffix(".txt")): data for file, data in files.items()}
    return Case(name, certificate, keyed, before, kept)


def _of_vector(name: str) -> Case:
    """A vector; where it visits what V1 drew, with V1 before it."""
    files, first = files_of(VECTORS[name]), compute(VECTORS["V1"])
    visits = objects_of_next_stage(json.loads(first))
    before = (first,) if files.get("objects.txt", b"").decode().split() == visits else ()
    return _case(name, compute(VECTORS[name]), files, *before)


def _objects_corrected() -> list[Case]:
    """V1 as it comes about: drawn, one batch of objections, another one; and a number copied wrongly."""
    vector, files = VECTORS["V1"], files_of(VECTORS["V1"])
    eligible = files["eligible.tsv"]
    drawn = compute({**vector, "replace": []})
    one, two = batches(vector)
    second = correct_objects(drawn, eligible, one)
    third = correct_objects(second, eligible, two)
    renumbered = correct_objects(drawn, eligible, values={"双色球2024061": "03 08 17 21 26 32 12"})
    return [
        _case("V1 drawn", drawn, files),
        _case("V1 corrected", third, files, second),
        _case("V1 renumbered", renumbered, files, drawn),
    ]


def _again(former: bytes, ended: bytes, values: dict[str, str]) -> bytes:
    """The commitment of another round, everything else being as in `former`, a commitment."""
    commitment = json.loads(former)
    commitment.update(
        round=2, previous=digest(ended), reason="名单有误\n重新抽取", approved_by="领导小组办公室"
    )
    for one in commitment["contributors"]:
        if one["kind"] == "sealed":
            stage, campaign = commitment["stage"], commitment["campaign"]
            one["commitment"] = seal(campaign, stage, 2, one["id"], values[one["id"]])
    return canonical(commitment)


def _other_values(vector: dict[str, Any]) -> dict[str, str]:
    """The public values of a vector with other sealed ones."""
    sealed = [one["id"] for one in vector["commitment"]["contributors"] if one["kind"] == "sealed"]
    return {**vector["values"], **{one: f"{number:064x}" for number, one in enumerate(sealed, 7)}}


def _second_round() -> Case:
    """V1 again, its first round having been abandoned; of three batches of objections two are empty."""
    vector, files = VECTORS["V1"], files_of(VECTORS["V1"])
    former, values = canonical(vector["commitment"]), _other_values(vector)
    ended = build_abandonment(former, {}, reason="到期未揭示", at="2024-05-29T17:00:00+08:00")
    commitment = _again(former, ended, values)
    drawn = compute_objects(commitment, values, files["eligible.tsv"])
    out = [winner["object_id"] for winner in json.loads(drawn)["winners"][:2]]
    late: list[list[Objection]] = [[], [], [Objection(object_id, **DECISION) for object_id in out]]
    certificate = compute_objects(commitment, values, files["eligible.tsv"], late)
    return _case("V1 second round", certificate, files, ended)


def _generated() -> Case:
    """Thirty objects of six strata, one empty; ids of one to four bytes a character; three batches."""
    chance = random.Random(4)
    names = ["甲", "𠮷", "ﬀ", "D", "E é", "空"]
    rows = [
        (
            f"{chance.choice(['企', 'ä', '𠮷', 'Z', 'ﬀ'])}{number:02d}",
            chance.choice(names[:5]),
            f"O{number // 2:02d}",
        )
        for number in range(30)
    ]
    frozen = freeze_objects(rows, names)
    value, campaign = "ab" * 32, "生成的计划"
    commitment = build_objects_commitment(
        frozen,
        campaign=campaign,
        ratio="0.3",
        strata=list(zip(names, ["0.5", "0.07", "0.1", "0.000001", "0.29", "1"], strict=True)),
        frozen_at="2024-05-28T09:00:00+08:00",
        reveal_by="2024-05-29T23:30:00-01:00",
        contributors=[
            Public("期", "2024-05-30T08:31:00+08:00", "两组数字", "^(([0-9]{2}) ){3}7[0-9]$"),
            Sealed("甲局", seal(campaign, "objects", 1, "甲局", value)),
        ],
        round_=Round(),
    )
    values = {"甲局": value, "期": "01 22 33 79"}
    eligible = frozen.files["eligible.tsv"]
    decided: list[list[Objection]] = []
    for count in (3, 0, 5):
        drawn = json.loads(compute_objects(commitment, values, eligible, decided))
        gone = {one["object_id"] for one in drawn["replacements"]}
        there = [one["object_id"] for one in drawn["winners"]] + [one["by"] for one in drawn["replacements"]]
        standing = [object_id for object_id in there if object_id not in gone]
        decided.append([Objection(object_id, **DECISION) for object_id in chance.sample(standing, count)])
    return _case("generated", compute_objects(commitment, values, eligible, decided), frozen.files)


def _team_in_place(certificate: dict[str, Any], object_id: str, code: str) -> list[str]:
    """Who of a department visits an object, later changes carried out."""
    group = dict(certificate["assignment"])[object_id]
    team = list(certificate["teams"][str(group)][code])
    for seat in certificate["substitutes"] + certificate["seat_replacements"]:
        if (seat["object_id"], seat["department"]) == (object_id, code):
            team.remove(seat["replaced"])
            team += [seat["by"]] if seat["by"] else []
    return team


def _objecting(certificate: bytes, files: dict[str, bytes], visits: list[tuple[str, str]]) -> bytes:
    """The certificate with one seat replacement after another, each for the first who stands there."""
    document = json.loads(certificate)
    objections = seat_objections_of(document)
    for object_id, code in visits:
        team = _team_in_place(document, object_id, code)
        if not team:
            continue
        member = team[0]
        objections.append(SeatObjection(object_id, code, member, **DECISION))
        document = json.loads(
            compute_inspectors(
                canonical(document["commitment"]),
                {one["id"]: one["value"] for one in document["contributions"]},
                inspector_files(files),
                objections,
            )
        )
    return canonical(document)


@cache
def _seats() -> tuple[Case, Case]:
    """V12 with one seat replacement and then two more; V2 until nobody of a department is left."""
    files = files_of(VECTORS["V12"])
    plain = compute(VECTORS["V12"])
    document = json.loads(plain)
    ids = [object_id for object_id, _ in document["assignment"]]
    barred = document["substitutes"][0]["object_id"]
    first = _objecting(plain, files, [(ids[0], "SW")])
    later = _objecting(first, files, [(ids[-1], "SC"), (barred, "SW")])
    second = correct_inspectors(first, inspector_files(files), seat_objections_of(json.loads(later))[1:])
    files_2 = files_of(VECTORS["V2"])
    plain_2 = compute(VECTORS["V2"])
    one = json.loads(plain_2)["assignment"][2][0]
    dry = _objecting(plain_2, files_2, [(one, "SW")] * 7)
    return (
        _case("V12 seats again", second, files, first),
        _case("V2 nobody left", dry, files_2, compute(VECTORS["V1"])),
    )


def _salts(files: dict[str, bytes]) -> dict[str, str]:
    return {code: read_roster(data, code).salt for code, data in inspector_files(files).rosters.items()}


def _public_forms() -> list[Case]:
    """Public forms: of a certificate with substitutes and seat replacements, of one without, of round 2."""
    again, _ = _seats()
    files = files_of(VECTORS["V12"])
    cases = [_public("V12 public form", again.certificate, files)]
    vector, files = VECTORS["V2"], files_of(VECTORS["V2"])
    former, values = canonical(vector["commitment"]), _other_values(vector)
    ended = compute(vector)
    second = compute_inspectors(_again(former, ended, values), values, inspector_files(files))
    cases.append(_public("V2 public form, second round", second, files, ended))
    cases.append(_case("V2 second round", second, files, ended, compute(VECTORS["V1"])))
    return cases


def _public(name: str, full: bytes, files: dict[str, bytes], *before: bytes) -> Case:
    rosters = {file: data for file, data in files.items() if file.startswith("roster-")}
    return _case(name, public_form(full, _salts(files)), rosters, full, *before)


# --- by chance --------------------------------------------------------------------------------------------


def at_random(number: int) -> Case:
    """A certificate of lists and objections that `number` is the seed of; an odd one is of inspectors."""
    return _inspectors_at_random(number) if number % 2 else _objects_at_random(number)


_FROZEN_AT, _REVEAL_BY = "2024-05-28T09:00:00+08:00", "2024-05-29T17:00:00+08:00"


def _contributors(stage: str, number: int) -> tuple[list[Sealed | Public], dict[str, str]]:
    values = {"甲局": f"{number:064x}", "乙局": f"{number:063x}1", "期": f"{number % 100:02d}"}
    sealed = [Sealed(one, seal("随机", stage, 1, one, values[one])) for one in ("甲局", "乙局")]
    return [*sealed, Public("期", "2024-05-30T21:15:00+08:00", "两位数字", "^[0-9]{2}$")], values


def _objects_at_random(number: int) -> Case:
    chance = random.Random(number)
    names = [f"层{h}" for h in range(chance.randint(1, 5))]
    rows = [(f"P{n:03d}", chance.choice(names), f"O{n // 3:03d}") for n in range(chance.randint(0, 80))]
    ratios = [chance.choice(["0.05", "0.1", "0.333333", "0.5", "1"]) for _ in names]
    frozen = freeze_objects(rows, names)
    contributors, values = _contributors("objects", number)
    commitment = build_objects_commitment(
        frozen,
        campaign="随机",
        ratio=chance.choice(["0.1", "0.4", "0.9"]),
        strata=list(zip(names, ratios, strict=True)),
        contributors=contributors,
        frozen_at=_FROZEN_AT,
        reveal_by=_REVEAL_BY,
    )
    eligible = frozen.files["eligible.tsv"]
    decided: list[list[Objection]] = []
    certificate = compute_objects(commitment, values, eligible, decided)
    for _ in range(chance.randint(0, 3)):
        standing = [object_id for object_id, _ in standing_objects(json.loads(certificate))]
        out = chance.sample(standing, chance.randint(0, len(standing)))
        decided.append([Objection(object_id, **DECISION) for object_id in out])
        certificate = compute_objects(commitment, values, eligible, decided)
    return _case(f"at random {number}", certificate, frozen.files)


def _inspectors_at_random(number: int) -> Case:
    chance = random.Random(number)
    groups, objects = chance.randint(1, 5), [f"E{n:02d}" for n in range(chance.randint(0, 14))]
    departments = [Department(code, chance.randint(2, 3)) for code in chance.sample(["SW", "市", "C-1"], 2)]
    rosters = {
        code: [f"{code}{n:02d}" for n in range(team * (groups + 1) + chance.randint(0, 3))]
        for code, team in departments
    }
    share = chance.choice([0.02, 0.2, 0.5])
    forbidden = [
        (one, inspector, "relative")
        for one in objects
        for code, team in departments
        for inspector in chance.sample(rosters[code], len(rosters[code]) - team)
        if chance.random() < share
    ]
    salts = {code: f"{number:062x}{place:02x}" for place, (code, _) in enumerate(departments)}
    frozen = freeze_inspectors(
        objects, departments, groups, rosters, forbidden, roster_salts=salts, forbidden_salt="f" * 64
    )
    contributors, values = _contributors("inspectors", number)
    commitment = build_inspectors_commitment(
        frozen,
        campaign="随机",
        objects_certificate="0" * 64,
        contributors=contributors,
        frozen_at=_FROZEN_AT,
        reveal_by=_REVEAL_BY,
    )
    certificate = compute_inspectors(commitment, values, inspector_files(frozen.files))
    if objects:
        visits = [
            (chance.choice(objects), chance.choice(departments).code) for _ in range(chance.randint(0, 4))
        ]
        certificate = _objecting(certificate, frozen.files, visits)
    return _case(f"at random {number}", certificate, frozen.files)
