"""Commitment, closing, abandonment: built, read back, refused (§1, §2)."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from draw.canonical import canonical, digest, parse_document, parse_json
from draw.certificate import parse_certificate
from draw.commitment import (
    Public,
    Round,
    Sealed,
    build_inspectors_commitment,
    build_objects_commitment,
    parse_commitment,
)
from draw.frozen import Department, freeze_inspectors, freeze_objects
from draw.reveal import (
    build_abandonment,
    build_closing,
    check_published,
    check_value,
    contributions_in_order,
    parse_abandonment,
    parse_closing,
    parse_contributions,
)
from draw.seed import seal
from schemas.errors import DrawbridgeError
from tests.draw.vectors import VECTORS

V1: dict[str, Any] = VECTORS["V1"]
V2: dict[str, Any] = VECTORS["V2"]
SEALED = {who: value for who, value in V1["values"].items() if who != "双色球2024061"}


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(DrawbridgeError) as refusal:
        action()
    assert str(refusal.value).endswith(f"（{refusal.value.code}）")
    assert refusal.value.en
    return refusal.value.code


def changed(document: dict[str, Any], **members: Any) -> bytes:
    return canonical({**document, **members})


# --- canonical bytes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":1}', "DB-DRAW-022"),
        (b'{"b":{"a":1,"a":2}}', "DB-DRAW-022"),
        (b'{"a":NaN}', "DB-DRAW-021"),
        (b'{"a":1', "DB-DRAW-021"),
        (b"", "DB-DRAW-021"),
        (b"[" * 100_000, "DB-DRAW-021"),
        (b"9" * 5_000, "DB-DRAW-021"),
        (b'\xef\xbb\xbf{"a":1}', "DB-DRAW-021"),
        ('{"a":"清"}'.encode("gb18030"), "DB-DRAW-020"),
        ('{"a":"清"}'.encode("utf-16"), "DB-DRAW-020"),
        (b'{"a":1}\n', "DB-DRAW-026"),
        (b'{"a": 1}', "DB-DRAW-026"),
        (b'{"b":1,"a":1}', "DB-DRAW-026"),
        (b'{"a":"\\u6e05"}', "DB-DRAW-026"),
        (b'{"a":"\\ud800"}', "DB-DRAW-026"),
        (b'{"a":1.0}', "DB-DRAW-026"),
        (b'{"a":-0}', "DB-DRAW-026"),
        (b'{"a":9007199254740993}', "DB-DRAW-026"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_documents_are_exactly_their_canonical_bytes(data: bytes, code: str) -> None:
    assert code_of(lambda: parse_document(data, "commitment")) == code


def test_member_names_sort_by_utf16_units() -> None:
    # U+FB01 comes after U+1D11E in UTF-16 (a surrogate pair) and before it in UTF-8.
    assert canonical({"\ufb01": 1, "\U0001d11e": 2}) == '{"\U0001d11e":2,"\ufb01":1}'.encode()


# --- commitment -----------------------------------------------------------------------------------------


def built_v1(**options: Any) -> bytes:
    rows = [tuple(line.split("\t")) for line in V1["files"]["eligible.tsv"].splitlines()]
    frozen = freeze_objects(reversed(rows), "ABCD")  # type: ignore[arg-type]
    document = V1["commitment"]
    public = {m: document["contributors"][2][m] for m in ("id", "not_before", "format", "pattern")}
    arguments: dict[str, Any] = {
        "campaign": document["campaign"],
        "ratio": document["ratio"],
        "strata": [(s["name"], s["ratio"]) for s in document["strata"]],
        "frozen_at": document["frozen_at"],
        "reveal_by": document["reveal_by"],
        "contributors": [
            *(
                Sealed(who, seal(document["campaign"], "objects", 1, who, value))
                for who, value in SEALED.items()
            ),
            Public(**public),
        ],
        **options,
    }
    return build_objects_commitment(frozen, **arguments)


def test_v1_from_rows_in_any_order() -> None:
    assert built_v1() == canonical(V1["commitment"])
    assert digest(built_v1()) == V1["expect"]["commitment_digest"]


def test_v2_from_lists_in_any_order() -> None:
    document, salt = V2["commitment"], "5a" * 32
    frozen = freeze_inspectors(
        reversed(V2["files"]["objects.txt"].split()),
        [Department("SW", 2), Department("SC", 2)],
        3,
        {"SC": [f"SC0{n}" for n in range(6, 0, -1)], "SW": [f"SW0{n}" for n in range(7, 0, -1)]},
        [],
        roster_salts={"SW": salt, "SC": salt},
        forbidden_salt=salt,
    )
    assert {name: data.decode() for name, data in frozen.files.items()} == V2["files"]
    public = {m: document["contributors"][2][m] for m in ("id", "not_before", "format", "pattern")}
    built = build_inspectors_commitment(
        frozen,
        campaign=document["campaign"],
        objects_certificate=V1["expect"]["certificate_digest"],
        frozen_at=document["frozen_at"],
        reveal_by=document["reveal_by"],
        contributors=[
            *(Sealed(w, seal(document["campaign"], "inspectors", 1, w, v)) for w, v in SEALED.items()),
            Public(**public),
        ],
    )
    assert built == canonical(document)


def test_a_second_round_names_the_first() -> None:
    again = Round(2, "ab" * 32, "一方未揭示", "领导小组办公室")
    document = json.loads(built_v1(round_=again))
    assert (document["round"], document["previous"], document["approved_by"]) == (
        2,
        "ab" * 32,
        "领导小组办公室",
    )
    assert parse_commitment(canonical(document), "objects") == document


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"spec": "drawbridge-draw/2"}, "DB-DRAW-012"),
        ({"hash": "sm3"}, "DB-DRAW-012"),
        ({"stage": "both"}, "DB-DRAW-012"),
        ({"stage": None}, "DB-DRAW-012"),
        ({"campaign": ""}, "DB-DRAW-001"),
        ({"campaign": 13053420240528}, "DB-DRAW-025"),
        ({"round": 0}, "DB-DRAW-011"),
        ({"round": "1"}, "DB-DRAW-025"),
        ({"round": True}, "DB-DRAW-025"),
        ({"round": 1.5}, "DB-DRAW-025"),
        ({"previous": "ab" * 32}, "DB-DRAW-056"),
        ({"reason": "x"}, "DB-DRAW-056"),
        ({"approved_by": "y"}, "DB-DRAW-056"),
        ({"round": 2, "previous": "ab" * 32, "approved_by": "y"}, "DB-DRAW-057"),
        ({"round": 2, "previous": "ab" * 32, "reason": "x"}, "DB-DRAW-057"),
        ({"round": 2, "previous": "AB" * 32, "reason": "x", "approved_by": "y"}, "DB-DRAW-008"),
        ({"frozen_at": "2024-05-28"}, "DB-DRAW-007"),
        ({"reveal_by": "2024-05-30T21:15:00+08:00"}, "DB-DRAW-055"),
        ({"reveal_by": "2024-05-30T14:15:00+01:00"}, "DB-DRAW-055"),
        ({"ratio": "0"}, "DB-DRAW-006"),
        ({"ratio": 0.5}, "DB-DRAW-025"),
        ({"ratio": "0.6", "note": "x"}, "DB-DRAW-023"),
        ({"groups": 3}, "DB-DRAW-023"),
        ({"strata": [{"name": "A"}]}, "DB-DRAW-024"),
        ({"strata": {"A": "0.1"}}, "DB-DRAW-025"),
        ({"contributors": []}, "DB-DRAW-052"),
        ({"contributors": None}, "DB-DRAW-025"),
        ({"contributors": [{"id": "a"}]}, "DB-DRAW-024"),
        ({"contributors": ["a"]}, "DB-DRAW-025"),
        ({"contributors": [{"id": "a", "kind": "secret", "commitment": "00" * 32}]}, "DB-DRAW-012"),
        ({"contributors": [{"id": "a", "kind": "sealed", "commitment": "00" * 31}]}, "DB-DRAW-008"),
        ({"contributors": [{"id": "a", "kind": "sealed", "pattern": "^1$"}]}, "DB-DRAW-023"),
        ({"eligible": {"count": -1, "sha256": "00" * 32, "root": "00" * 32}}, "DB-DRAW-011"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_commitments_refused(members: dict[str, Any], code: str) -> None:
    assert code_of(lambda: parse_commitment(changed(V1["commitment"], **members))) == code


@pytest.mark.parametrize("member", list(V1["commitment"]))
def test_every_member_of_a_commitment_is_needed(member: str) -> None:
    document = {name: value for name, value in V1["commitment"].items() if name != member}
    assert code_of(lambda: parse_commitment(canonical(document))) == "DB-DRAW-024"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.update(groups=0), "DB-DRAW-060"),
        (lambda d: d.update(departments=[]), "DB-DRAW-061"),
        (lambda d: d["departments"].append(d["departments"][0]), "DB-DRAW-058"),
        (lambda d: d["departments"][0].update(code="../x"), "DB-DRAW-009"),
        (lambda d: d["departments"][0].update(team=1), "DB-DRAW-059"),
        (lambda d: d["contributors"].append(d["contributors"][0]), "DB-DRAW-054"),
        (lambda d: d.update(objects_certificate=None), "DB-DRAW-025"),
    ],
)
def test_inspectors_commitments_refused(change: Callable[[Any], object], code: str) -> None:
    document = copy.deepcopy(V2["commitment"])
    change(document)
    assert code_of(lambda: parse_commitment(canonical(document))) == code


def test_a_commitment_of_the_other_stage_is_refused() -> None:
    assert code_of(lambda: parse_commitment(canonical(V2["commitment"]), "objects")) == "DB-DRAW-062"


def test_a_frozen_stratum_must_be_listed_in_the_commitment() -> None:
    assert code_of(lambda: built_v1(strata=[("A", "0.1"), ("B", "0.1"), ("C", "0.1")])) == "DB-DRAW-051"


# --- seals and reveal -----------------------------------------------------------------------------------


def test_a_seal_is_the_hash_of_its_parts_with_zero_bytes_between() -> None:
    value = "ab" * 32
    joined = b"drawbridge-draw/1/contribution\x00T1\x00objects\x002\x00\xe6\xb0\xb4\x00" + value.encode()
    assert seal("T1", "objects", 2, "水", value) == hashlib.sha256(joined).hexdigest()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"水务局": "0" * 63 + "2"}, "DB-DRAW-070"),
        ({"水务局": "0" * 63}, "DB-DRAW-010"),
        ({"双色球2024061": "3 8 17"}, "DB-DRAW-071"),
        ({"城管局": "00" * 32}, "DB-DRAW-074"),
    ],
)
def test_values_refused(values: dict[str, str], code: str) -> None:
    assert code_of(lambda: contributions_in_order(V1["commitment"], {**V1["values"], **values})) == code


@pytest.mark.parametrize("absent", list(V1["values"]))
def test_every_value_is_needed(absent: str) -> None:
    values = {who: value for who, value in V1["values"].items() if who != absent}
    assert code_of(lambda: contributions_in_order(V1["commitment"], values)) == "DB-DRAW-073"


def test_swapped_values_open_nothing() -> None:
    swapped = dict(zip(SEALED, reversed(SEALED.values()), strict=True))
    assert (
        code_of(lambda: contributions_in_order(V1["commitment"], {**V1["values"], **swapped}))
        == "DB-DRAW-070"
    )


def test_a_refusal_never_repeats_a_value() -> None:
    secret = "c0ffee" + "0" * 58
    with pytest.raises(DrawbridgeError) as refusal:
        check_value(V1["commitment"], "水务局", secret)
    assert "c0ffee" not in f"{refusal.value} {refusal.value.en} {refusal.value.facts}"


def test_a_public_number_before_its_time() -> None:
    early = datetime.fromisoformat("2024-05-30T13:14:59+00:00")
    assert code_of(lambda: check_published(V1["commitment"], "双色球2024061", early)) == "DB-DRAW-072"
    check_published(V1["commitment"], "双色球2024061", datetime.fromisoformat("2024-05-30T13:15:00+00:00"))
    check_published(V1["commitment"], "水务局", early)


def test_values_come_as_a_json_object_of_strings() -> None:
    assert parse_contributions('{"水务局": "00"}\n'.encode()) == {"水务局": "00"}
    assert code_of(lambda: parse_contributions(b'{"a":"1","a":"2"}')) == "DB-DRAW-022"
    assert code_of(lambda: parse_contributions(b'{"a":1}')) == "DB-DRAW-025"
    assert code_of(lambda: parse_contributions(b'["a"]')) == "DB-DRAW-025"
    assert code_of(lambda: parse_contributions("{水务局}".encode("gb18030"))) == "DB-DRAW-020"


def test_closing_holds_the_sealed_parts_in_order() -> None:
    commitment = canonical(V1["commitment"])
    closing = build_closing(commitment, dict(reversed(SEALED.items())))
    assert json.loads(closing) == {
        "spec": "drawbridge-draw/1",
        "commitment_digest": V1["expect"]["commitment_digest"],
        "contributions": [{"id": who, "value": value} for who, value in SEALED.items()],
    }
    assert parse_closing(closing, commitment) == SEALED


def test_closing_needs_every_sealed_part_and_no_public_one() -> None:
    commitment = canonical(V1["commitment"])
    assert code_of(lambda: build_closing(commitment, {"水务局": SEALED["水务局"]})) == "DB-DRAW-075"
    assert code_of(lambda: build_closing(commitment, V1["values"])) == "DB-DRAW-076"
    assert code_of(lambda: build_closing(commitment, {**SEALED, "水务局": "1" * 64})) == "DB-DRAW-070"


def test_closing_of_another_draw_or_order_is_refused() -> None:
    closing = json.loads(build_closing(canonical(V1["commitment"]), SEALED))
    other = changed(V1["commitment"], frozen_at="2024-05-28T09:00:01+08:00")
    assert code_of(lambda: parse_closing(canonical(closing), other)) == "DB-DRAW-078"
    closing["contributions"].reverse()
    assert code_of(lambda: parse_closing(canonical(closing), canonical(V1["commitment"]))) == "DB-DRAW-079"


def test_abandonment_says_who_withheld() -> None:
    commitment = canonical(V1["commitment"])
    data = build_abandonment(
        commitment, {"市场监管局": SEALED["市场监管局"]}, reason="到期未揭示", at="2024-05-29T17:00:00+08:00"
    )
    document = parse_abandonment(data)
    assert document["abandoned"] is True
    assert document["withheld"] == ["水务局"]
    assert document["commitment"] == V1["commitment"]
    assert document["contributions"] == [{"id": "市场监管局", "value": SEALED["市场监管局"]}]


def test_abandonment_for_a_number_that_was_never_published() -> None:
    data = build_abandonment(
        canonical(V1["commitment"]), SEALED, reason="该期停售", at="2024-06-02T09:00:00+08:00"
    )
    assert parse_abandonment(data)["withheld"] == ["双色球2024061"]


def test_nothing_is_abandoned_once_all_is_known() -> None:
    commitment = canonical(V1["commitment"])
    when = {"reason": "不满意", "at": "2024-06-02T09:00:00+08:00"}
    assert code_of(lambda: build_abandonment(commitment, V1["values"], **when)) == "DB-DRAW-077"
    with_number = {"水务局": SEALED["水务局"], "双色球2024061": V1["values"]["双色球2024061"]}
    assert code_of(lambda: build_abandonment(commitment, with_number, **when)) == "DB-DRAW-076"


def test_abandonment_with_changed_blame_is_refused() -> None:
    data = build_abandonment(
        canonical(V1["commitment"]), {}, reason="到期未揭示", at="2024-05-29T17:00:00+08:00"
    )
    document = {**json.loads(data), "withheld": ["水务局"]}
    assert code_of(lambda: parse_abandonment(canonical(document))) == "DB-DRAW-079"


# --- certificate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["V1", "V4"])
def test_every_member_of_a_certificate_is_needed_and_no_other(name: str) -> None:
    whole = VECTORS[name]["certificate"]
    assert parse_certificate(canonical(whole)) == whole
    for member in whole:
        less = {m: value for m, value in whole.items() if m != member}
        assert code_of(lambda less=less: parse_certificate(canonical(less))) == "DB-DRAW-024"
    assert code_of(lambda: parse_certificate(changed(whole, signature="x"))) == "DB-DRAW-023"
    other = "inspectors" if name == "V1" else "objects"
    assert code_of(lambda: parse_certificate(canonical(whole), other)) == "DB-DRAW-062"  # type: ignore[arg-type]


def test_json_that_is_no_document_may_be_laid_out() -> None:
    assert parse_json(b' {\n "a" : 1 } \n', "contributions") == {"a": 1}
