"""The table of `drawbridge draw verify`, row by row, and that no change goes unseen."""

from __future__ import annotations

import copy
import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from draw import certificate as certificates
from draw.canonical import canonical, digest
from draw.compute import compute_objects, correct_inspectors, correct_objects
from draw.frozen import freeze_objects
from draw.reveal import build_abandonment, build_closing
from draw.seed import seal
from draw.substitutes import SeatObjection
from schemas.errors import DrawbridgeError
from tests.draw.vectors import DECISION, VECTORS, batches, compute, files_of, inspector_files
from tests.verifier import corpus
from tests.verifier.recomputed import evidence_of, failures, held_of, states
from verifier.recompute import NAMES, Evidence, publishers_to_ask, verify_certificate

V1: dict[str, Any] = VECTORS["V1"]
V2: dict[str, Any] = VECTORS["V2"]
V12: dict[str, Any] = VECTORS["V12"]
ELIGIBLE = files_of(V1)["eligible.tsv"]
ENTERPRISES = Path(__file__).parents[2].parent / "shared" / "data" / "qinghe_enterprises.csv"

OBJECTS_ROWS = [
    "form", "commitment_digest", "files", "root", "seals", "public", "seed", "seats", "winners", "reserves",
    "replacements", "previous", "kept_commitment", "kept_closing", "kept_certificate",
]  # fmt: skip
INSPECTORS_ROWS = [
    "form", "commitment_digest", "files", "seals", "public", "seed", "stage_before", "teams", "barred",
    "assignment", "substitutes", "seat_replacements", "previous", "kept_commitment", "kept_closing",
    "kept_certificate",
]  # fmt: skip


def test_everything_at_hand_everything_ok() -> None:
    certificate = compute(V1)
    closing = build_closing(
        canonical(V1["commitment"]), {k: v for k, v in V1["values"].items() if k != "双色球2024061"}
    )
    evidence = Evidence(
        eligible=ELIGIBLE,
        commitment_digest=V1["expect"]["commitment_digest"],
        closing_digest=digest(closing),
        certificate_digest=digest(certificate),
    )
    assert states(certificate, evidence) == dict.fromkeys(OBJECTS_ROWS, "ok")


def test_the_second_stage_with_the_first_before_it() -> None:
    evidence = held_of(
        V2,
        before=[compute(V1)],
        commitment_digest=V2["expect"]["commitment_digest"],
        certificate_digest=digest(compute(V2)),
    )
    expected = {**dict.fromkeys(INSPECTORS_ROWS, "ok"), "kept_closing": "not checked"}
    assert states(compute(V2), evidence) == expected


@pytest.mark.parametrize("name", ["V1", "V8", "V11"])
def test_a_certificate_alone_shows_nothing_wrong(name: str) -> None:
    found = verify_certificate(compute(VECTORS[name]))
    assert [row.check for row in found] == OBJECTS_ROWS
    assert not [row for row in found if row.state == "failed"]
    open_rows = {row.check: row.text for row in found if row.state == "not checked"}
    assert open_rows["winners"] == "not checked: eligible.tsv not given"
    assert open_rows["kept_commitment"] == "not checked: --commitment-digest not given"
    assert set(open_rows) == set(OBJECTS_ROWS) - {
        "form", "commitment_digest", "seals", "public", "seed", "previous"
    }  # fmt: skip


def test_inspectors_alone_say_which_files_are_missing() -> None:
    found = {row.check: row.text for row in verify_certificate(compute(V2))}
    assert found["assignment"] == (
        "not checked: objects.txt、forbidden.tsv、roster-SW.txt、roster-SC.txt not given"
    )


# --- changes, each seen by the check that is meant for it ---------------------------------------------------

OBJECT_CHANGES: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "seed": (lambda c: c.update(seed="00" * 32), {"seed"}),
    "commitment digest": (lambda c: c.update(commitment_digest="00" * 32), {"commitment_digest"}),
    "a value": (
        lambda c: c["contributions"][0].update(value="0" * 63 + "2"),
        {"seals", "seed", "winners", "reserves", "replacements"},
    ),
    "order of values": (
        lambda c: c["contributions"].reverse(),
        {"seals", "seed", "winners", "reserves", "replacements"},
    ),
    "public number": (
        lambda c: c["contributions"][2].update(value="03 08 17 21 26 32 12"),
        {"seed", "winners", "reserves", "replacements"},
    ),
    "form of the public number": (
        lambda c: c["contributions"][2].update(value="3 8 17 21 26 32 11"),
        {"public", "seed", "winners", "reserves", "replacements"},
    ),
    "a minimum": (lambda c: c["strata"][0].update(minimum=0), {"seats"}),
    "seats moved": (lambda c: (c["strata"][0].update(drawn=2), c["strata"][1].update(drawn=1)), {"seats"}),
    "a size": (lambda c: c["strata"][0].update(size=5), {"seats"}),
    "a winner left out": (lambda c: c["winners"].pop(), {"winners"}),
    "winners in another order": (lambda c: c["winners"].reverse(), {"winners"}),
    "a ticket": (lambda c: c["winners"][0].update(ticket="00" * 32), {"winners"}),
    "an owner": (lambda c: c["winners"][0].update(uscc="911305340000000099"), {"winners"}),
    "a reserve skipped": (lambda c: c["reserves"]["A"].pop(0), {"reserves"}),
    "reserves of a stratum left out": (lambda c: c["reserves"].pop("D"), {"reserves"}),
    "another replacement": (
        lambda c: c["replacements"][0].update(by="P06", uscc="911305340000000006"), {"replacements"}
    ),
    "two batches made one": (lambda c: [r.update(batch=1) for r in c["replacements"]], {"replacements"}),
    "somebody who was not drawn is replaced": (
        lambda c: c["replacements"][0].update(object_id="P03"), {"replacements"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", OBJECT_CHANGES)
def test_a_changed_objects_certificate(change: str) -> None:
    certificate = copy.deepcopy(V1["certificate"])
    act, expected = OBJECT_CHANGES[change]
    act(certificate)
    assert failures(canonical(certificate), Evidence(eligible=ELIGIBLE)) == expected


@pytest.mark.parametrize(
    "change",
    [
        *("seed", "a value", "public number", "a minimum", "seats moved", "a size"),
        *("a winner left out", "a ticket", "winners in another order"),
    ],
)
def test_some_changes_are_seen_without_the_list(change: str) -> None:
    certificate = copy.deepcopy(V1["certificate"])
    act, expected = OBJECT_CHANGES[change]
    act(certificate)
    found = failures(canonical(certificate), Evidence())
    assert found
    assert found <= expected | {"winners"}  # without the list, seats are seen by who sits on them


INSPECTOR_CHANGES: dict[str, tuple[Callable[[Any], object], set[str]]] = {
    "team": (lambda c: c["teams"]["1"]["SW"].reverse(), {"teams"}),
    "barred": (lambda c: c["barred"].pop(), {"barred"}),
    "assignment": (
        lambda c: c["assignment"][0].__setitem__(1, c["assignment"][0][1] % 3 + 1),
        {"assignment"},
    ),
    "order": (lambda c: c["assignment"].reverse(), {"assignment"}),
    "relax": (lambda c: c.update(relax=1), {"assignment"}),
    "substitute": (lambda c: c["substitutes"][0].update(by="SC11"), {"substitutes"}),
    "seat": (lambda c: c["seat_replacements"][0].update(by=None), {"seat_replacements"}),
    "seat of nobody": (lambda c: c["seat_replacements"][0].update(replaced="SW99"), {"seat_replacements"}),
}


@pytest.mark.parametrize("change", INSPECTOR_CHANGES)
def test_a_changed_inspectors_certificate(change: str) -> None:
    seat = SeatObjection("911305340000100007", "SW", "SW08", **DECISION)
    certificate = json.loads(compute(V12, [seat]))
    assert failures(canonical(certificate), held_of(V12)) == set()
    INSPECTOR_CHANGES[change][0](certificate)
    assert failures(canonical(certificate), held_of(V12)) == INSPECTOR_CHANGES[change][1]


def test_a_failure_names_the_first_difference() -> None:
    certificate = copy.deepcopy(V1["certificate"])
    certificate["winners"][2]["uscc"] = "x"
    row = next(
        r
        for r in verify_certificate(canonical(certificate), Evidence(eligible=ELIGIBLE))
        if r.check == "winners"
    )
    assert row.text == "FAILED: expected [2].uscc 911305340000000007 … found x"


def test_reason_and_time_are_covered_by_the_kept_digest_alone() -> None:
    certificate = copy.deepcopy(V1["certificate"])
    certificate["replacements"][0]["reason"] = "迁出"
    changed = canonical(certificate)
    assert failures(changed, Evidence(eligible=ELIGIBLE)) == set()
    kept = Evidence(eligible=ELIGIBLE, certificate_digest=V1["expect"]["certificate_digest"])
    assert failures(changed, kept) == {"kept_certificate"}


def test_another_list() -> None:
    other = freeze_objects([("P01", "A", "1")], "ABCD").files["eligible.tsv"]
    found = states(compute(V1), Evidence(eligible=other))
    assert (found["files"], found["root"]) == ("failed", "failed")
    assert found["winners"] == "not checked"
    broken = states(compute(V1), Evidence(eligible=ELIGIBLE[:-1]))
    assert (broken["files"], broken["root"]) == ("failed", "not checked")


def test_another_roster() -> None:
    files = inspector_files(
        {**files_of(V2), "roster-SW.txt": files_of(V2)["roster-SW.txt"].replace(b"SW07", b"SW08")}
    )
    evidence = Evidence(objects=files.objects, forbidden=files.forbidden, rosters=files.rosters)
    found = states(compute(V2), evidence)
    assert found["files"] == "failed"
    assert found["teams"] == "not checked"


def test_a_document_of_another_form_has_one_row() -> None:
    rows = verify_certificate(canonical(V1["certificate"]) + b"\n", Evidence(eligible=ELIGIBLE))
    assert [(row.check, row.state) for row in rows] == [
        ("form", "failed"),
        ("kept_certificate", "not checked"),
    ]
    assert rows[0].text.startswith("FAILED: expected canonical JSON (RFC 8785) … found another form")
    assert publishers_to_ask(b"{}") == []


def test_a_commitment_that_makes_no_sense_fails_where_it_matters() -> None:
    certificate = copy.deepcopy(V1["certificate"])
    certificate["commitment"]["contributors"][2]["not_before"] = "2024-05-29T16:59:59+08:00"
    assert "public" in failures(canonical(certificate), Evidence())
    certificate = copy.deepcopy(V1["certificate"])
    certificate["commitment"]["strata"].append(certificate["commitment"]["strata"][0])
    assert "form" in failures(canonical(certificate), Evidence(eligible=ELIGIBLE))


def test_a_hostile_certificate_costs_nothing() -> None:
    certificate = copy.deepcopy(V1["certificate"])
    certificate["commitment"]["eligible"]["count"] = 2**53 - 1
    certificate["strata"][0]["size"] = 2**53 - 9
    assert failures(canonical(certificate), Evidence())
    other = copy.deepcopy(VECTORS["V4"]["certificate"])
    other["commitment"]["groups"] = 2**52
    assert "files" in failures(canonical(other), held_of(VECTORS["V4"]))


# --- documents before -----------------------------------------------------------------------------------


def second_round(previous: bytes) -> bytes:
    values = {"水务局": "1" * 64, "市场监管局": "2" * 64, "双色球2024061": "01 02 03 04 05 06 07"}
    commitment = copy.deepcopy(V1["commitment"])
    commitment.update(round=2, previous=digest(previous), reason="名单有误", approved_by="领导小组办公室")
    for entry in commitment["contributors"][:2]:
        entry["commitment"] = seal(commitment["campaign"], "objects", 2, entry["id"], values[entry["id"]])
    return compute_objects(canonical(commitment), values, ELIGIBLE)


def test_the_round_before() -> None:
    first = compute(V1)
    abandoned = build_abandonment(
        canonical(V1["commitment"]), {}, reason="到期未揭示", at="2024-05-29T17:00:00+08:00"
    )
    for former, other in ((first, abandoned), (abandoned, first)):
        certificate = second_round(former)
        assert states(certificate, Evidence())["previous"] == "not checked"
        assert states(certificate, Evidence(before=[former]))["previous"] == "ok"
        assert states(certificate, Evidence(before=[other]))["previous"] == "failed"
        assert states(certificate, Evidence(before=[other, former]))["previous"] == "ok"


def test_the_corrected_certificate() -> None:
    first = compute({**V1, "replace": []})
    one, two = batches(V1)
    second = correct_objects(first, ELIGIBLE, one)
    third = correct_objects(second, ELIGIBLE, two)
    assert states(third, Evidence(eligible=ELIGIBLE))["corrects"] == "not checked"
    assert failures(third, Evidence(eligible=ELIGIBLE, before=[second])) == set()
    assert failures(third, Evidence(eligible=ELIGIBLE, before=[first])) == {"corrects"}
    forged = json.loads(third)
    forged["replacements"][0]["reason"] = "迁出"
    assert failures(canonical(forged), Evidence(eligible=ELIGIBLE, before=[second])) == {"corrects"}


def test_seats_corrected_later() -> None:
    first = compute(V2)
    second = correct_inspectors(
        first, inspector_files(files_of(V2)), [SeatObjection("911305340000000009", "SW", "SW03", **DECISION)]
    )
    assert failures(second, held_of(V2, before=[compute(V1), first])) == set()


def test_another_stage_before() -> None:
    without = compute({**V1, "replace": []})
    assert failures(compute(V2), held_of(V2, before=[without])) == {"stage_before"}
    assert states(compute(V2), held_of(V2))["stage_before"] == "not checked"


def test_objects_that_do_not_follow_from_the_stage_before() -> None:
    """The commitment names the right certificate, and visits other enterprises."""
    first = compute({**V1, "replace": []})
    certificate = json.loads(compute(V2))
    certificate["commitment"]["objects_certificate"] = digest(first)
    assert (
        certificates.objects_of_next_stage(json.loads(first)) != files_of(V2)["objects.txt"].decode().split()
    )
    assert "stage_before" in failures(canonical(certificate), Evidence(before=[first]))


def test_evidence_that_belongs_to_another_certificate_is_refused() -> None:
    for certificate, evidence, code in (
        (compute(V1), held_of(V2), "DB-VERIFY-001"),
        (compute(V2), Evidence(eligible=ELIGIBLE), "DB-VERIFY-001"),
        (compute(V1), Evidence(before=[compute(V2)]), "DB-VERIFY-002"),
        (compute(V1), Evidence(before=[b"{}"]), "DB-VERIFY-002"),
    ):
        with pytest.raises(DrawbridgeError) as refusal:
            verify_certificate(certificate, evidence)
        assert refusal.value.code == code


def test_whom_to_ask_about_the_public_number() -> None:
    assert publishers_to_ask(compute(V1)) == [
        {
            "id": "双色球2024061",
            "format": "红球升序六个，蓝球一个，两位数字，单个空格",
            "not_before": "2024-05-30T21:15:00+08:00",
            "value": "03 08 17 21 26 32 11",
        }
    ]


# --- the table --------------------------------------------------------------------------------------------


def test_the_rows_are_those_of_the_page_in_its_order() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verification.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \| (\S+) \|", page, re.M) == list(NAMES.items())


def test_the_public_form_has_rows_of_its_own() -> None:
    case = corpus.named("V12 public form")
    assert list(states(case.certificate, evidence_of(case))) == [
        "form", "commitment_digest", "seals", "public", "seed", "public_form", "previous",
        "kept_commitment", "kept_closing", "kept_certificate",
    ]  # fmt: skip
    found = {row.check: row.text for row in verify_certificate(case.certificate)}
    assert found["public_form"] == (
        "not checked: --before (full certificate)、roster-SW.txt、roster-SC.txt not given"
    )


def test_a_public_form_of_a_certificate_that_does_not_hold_together() -> None:
    """The whole certificate is evidence like any other: what it says is not presumed."""
    case = corpus.named("V12 public form")
    changes: list[Callable[[Any], object]] = [
        lambda whole: whole["teams"].pop("1"),
        lambda whole: whole["teams"]["1"].update(XX=["X1"]),
        lambda whole: whole["substitutes"][0].update(replaced="X1"),
    ]
    for change in changes:
        whole = json.loads(case.before[0])
        change(whole)
        full = canonical(whole)
        form = canonical({**json.loads(case.certificate), "full": digest(full)})
        evidence = replace(evidence_of(case), before=[full], certificate_digest=None)
        assert failures(form, evidence) == {"public_form"}


def test_a_replacement_without_an_enterprise_in_the_stage_before() -> None:
    """`by` without `uscc` has the right form; whom it leads to nobody can say."""
    first = json.loads(compute(V1))
    next(entry for entry in reversed(first["replacements"]) if entry["by"])["uscc"] = None
    certificate = json.loads(compute(V2))
    certificate["commitment"]["objects_certificate"] = digest(canonical(first))
    assert "stage_before" in failures(canonical(certificate), Evidence(before=[canonical(first)]))


def test_batches_that_nobody_has_cost_nothing() -> None:
    certificate = json.loads(compute(V1))
    for number, entry in enumerate(certificate["replacements"]):
        entry["batch"] = 2**53 - 10 + number
    assert failures(canonical(certificate), Evidence(eligible=ELIGIBLE)) <= {"replacements"}
    certificate["replacements"][0]["batch"] = 2**53 - 1
    row = next(
        row
        for row in verify_certificate(canonical(certificate), Evidence(eligible=ELIGIBLE))
        if row.check == "replacements"
    )
    assert row.text == "FAILED: expected a batch from 9007199254740991 on … found 9007199254740983"


def test_a_roster_of_another_department_is_not_looked_at() -> None:
    held = held_of(V2)
    more = replace(held, rosters={**held.rosters, "XX": b"nothing of the kind"})
    assert states(compute(V2), more) == states(compute(V2), held)


def test_the_list_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "eligible.tsv").write_bytes(ELIGIBLE)
    from_file = Evidence(eligible=tmp_path / "eligible.tsv")
    assert states(compute(V1), from_file) == states(compute(V1), Evidence(eligible=ELIGIBLE))
    with pytest.raises(DrawbridgeError) as refusal:
        verify_certificate(compute(V1), Evidence(eligible=tmp_path / "none"))
    assert refusal.value.code == "DB-VERIFY-003"


# --- vectors that the corpus leaves out -------------------------------------------------------------------


@pytest.mark.skipif(not ENTERPRISES.is_file(), reason="shared/data/qinghe_enterprises.csv is not at hand")
def test_v6_the_real_codes() -> None:
    """408 enterprises; "generated" in the corpus is the twin of our own making."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    with ENTERPRISES.open(encoding="utf-8", newline="") as file:
        codes = [row["统一社会信用代码"] for row in csv.DictReader(file)]
    rows = [(code, "ABCD"[alphabet.index(code[16]) // 8], code) for code in codes]
    eligible = freeze_objects(rows, "ABCD").files["eligible.tsv"]
    vector = VECTORS["V6"]
    certificate = compute_objects(canonical(vector["commitment"]), vector["values"], eligible)
    evidence = Evidence(eligible=eligible, commitment_digest=vector["expect"]["commitment_digest"])
    assert failures(certificate, evidence) == set()


def test_v10_is_no_list_to_draw_from() -> None:
    """Whatever a certificate over these files says: somebody too few may visit makes the files fail."""
    vector = VECTORS["V10"]
    certificate = json.loads(compute(V2))
    certificate["commitment"] = vector["commitment"]
    held = held_of(vector)
    rows = {row.check: row.text for row in verify_certificate(canonical(certificate), held)}
    assert (
        rows["files"] == "FAILED: expected 911305340000000005: 2 inspectors of SC who may visit it … found 1"
    )
    assert rows["teams"] == "not checked: the committed files not given"
