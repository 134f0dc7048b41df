"""The documents of our draw, as the platform takes them in: commitment, closing or abandonment, certificate.

The platform holds what the departments sealed and opened, so that it can check what a
document says of them; it does not have the frozen files.  Nothing is taken that is not the
canonical text of draw-spec.md, in its order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mock_platform.canonical_json import canonical, sha256_hex, strict_json
from mock_platform.departments import SPEC, plan_dispatch, plan_reveals
from mock_platform.draw_certificate import check_inspectors, check_objects, take_inspectors, take_objects
from mock_platform.draw_in_force import objects_file
from mock_platform.drawn_list import announced, check_list, dispatch_list
from mock_platform.refusal import Refusal, require
from mock_platform.shanghai_time import wire_time
from mock_platform.world import Row, World

_BOTH = {
    "spec",
    "hash",
    "stage",
    "campaign",
    "round",
    "previous",
    "reason",
    "approved_by",
    "frozen_at",
    "reveal_by",
    "contributors",
}
_OF_STAGE = {
    "objects": {"eligible", "ratio", "strata"},
    "inspectors": {"objects_certificate", "objects", "departments", "forbidden", "groups"},
}
_CLOSING = {"spec", "commitment_digest", "contributions"}
_ABANDONMENT = _CLOSING | {"abandoned", "commitment", "withheld", "reason", "at"}


def take_commitment(world: World, body: Row, raw: bytes) -> Row:
    """`postCommitment`. 49: another one is stored; 96: it is not what the departments sealed for."""
    key = f"{body['stage']}/{body['round']}/commitment"
    return _take(world, "postCommitment", key, body, raw, _check_commitment, _after_commitment)


def take_closing(world: World, body: Row, raw: bytes) -> Row:
    """`postClosing`. An abandonment may follow a closing whose public number never came."""
    key = f"{body['stage']}/{body['round']}/closing"
    held = world.documents.get(key)
    if held is not None and held["digest"] != body["digest"] and '"abandoned":true' in body["document"]:
        key = f"{body['stage']}/{body['round']}/abandonment"
    return _take(world, "postClosing", key, body, raw, _check_closing, lambda *_: None)


def take_certificate(world: World, body: Row, raw: bytes) -> Row:
    """`postDraw`. The list of drawn objects, then the certificate that it announced.

    A certificate with `corrects` follows the one that it corrects; the chain never forks.
    """
    if '"certificate_digest":' in body["document"] and '"seed":' not in body["document"]:
        key = f"{body['stage']}/{body['round']}/list/{body['digest']}"
        return _take(world, "postDraw", key, body, raw, check_list, dispatch_list)
    chain = certificates(world, body["stage"], body["round"])
    for held in chain:
        if held["digest"] == body["digest"]:
            return _answer(held, replayed=True)
    key = f"{body['stage']}/{body['round']}/certificate/{len(chain) + 1:03d}"
    return _take(world, "postDraw", key, body, raw, _check_certificate, _after_certificate)


def certificates(world: World, stage: str, round_no: int) -> list[Row]:
    """The chain of certificates of one stage and round, oldest first."""
    prefix = f"{stage}/{round_no}/certificate/"
    return [world.documents[key] for key in sorted(world.documents) if key.startswith(prefix)]


# --- taking ---------------------------------------------------------------------------------

Check = Callable[[World, Row, Row], None]


def _take(world: World, endpoint: str, key: str, body: Row, raw: bytes, check: Check, then: Check) -> Row:
    require(not world.plan.platform_draws, "本任务由平台抽取，不接收外部抽取文件")
    held = world.documents.get(key)
    if held is not None:
        if held["digest"] == body["digest"]:
            return _answer(held, replayed=True)
        raise Refusal("49", "同一阶段、同一轮次已有另一份文件")
    require(sha256_hex(body["document"].encode("utf-8")) == body["digest"], "文件摘要不符")
    document = strict_json(body["document"])
    require(isinstance(document, dict), "文件不是一个对象")
    require(canonical(document) == body["document"], "文件不是规范形式（RFC 8785）")
    check(world, body, document)
    stored = {
        "stage": body["stage"],
        "round": body["round"],
        "document": body["document"],
        "digest": body["digest"],
        "bodyDigest": sha256_hex(raw),
        "receivedAt": wire_time(world.now()),
        "receiptNo": world.receipt_no(),
    }
    world.documents[key] = stored
    world.note_write(endpoint, key, stored["bodyDigest"], None, documentDigest=body["digest"])
    then(world, body, document)
    return _answer(stored, replayed=False)


def _answer(stored: Row, *, replayed: bool) -> Row:
    return {
        "digest": stored["bodyDigest"],
        "receivedAt": stored["receivedAt"],
        "receiptNo": stored["receiptNo"],
        "replayed": replayed,
    }


# --- commitment -----------------------------------------------------------------------------


def _check_commitment(world: World, body: Row, document: Row) -> None:
    stage, round_no = body["stage"], body["round"]
    require(set(document) == _BOTH | _OF_STAGE[stage], "承诺文件的项目不全或有多余")
    require(document["spec"] == SPEC and document["hash"] == "sha256", "承诺文件的规格不对")
    require(document["stage"] == stage and document["round"] == round_no, "承诺文件的阶段或轮次与报文不一致")
    require(document["campaign"] == world.plan.task_id, "承诺文件不属于本任务")
    reveal_by = moment(document["reveal_by"])
    moment(document["frozen_at"])
    require(reveal_by > world.now(), "揭示截止时间已过")
    _check_round(world, stage, round_no, document)
    _check_contributors(world, stage, round_no, document, reveal_by)
    if stage == "inspectors":
        _check_second_stage(world, document)


def _check_round(world: World, stage: str, round_no: int, document: Row) -> None:
    reasons = [document["previous"], document["reason"], document["approved_by"]]
    if round_no == 1:
        require(reasons == [None, None, None], "第一轮不应有前一轮、理由和批准")
        return
    require(all(isinstance(reason, str) and reason for reason in reasons), "重新抽取须写明前一轮、理由和批准")
    ends = [f"{stage}/{round_no - 1}/{name}" for name in ("closing", "abandonment")]
    known = {world.documents[key]["digest"] for key in ends if key in world.documents}
    known |= {held["digest"] for held in certificates(world, stage, round_no - 1)[-1:]}
    require(document["previous"] in known, "前一轮的摘要与平台所存不符")


def _check_contributors(world: World, stage: str, round_no: int, document: Row, reveal_by: datetime) -> None:
    contributors = document["contributors"]
    require(
        isinstance(contributors, list) and all(isinstance(one, dict) for one in contributors),
        "贡献方格式不对",
    )
    sealed = {one["id"]: one.get("commitment") for one in contributors if one.get("kind") == "sealed"}
    public = [one for one in contributors if one.get("kind") == "public"]
    require(
        len(sealed) + len(public) == len(contributors) and bool(sealed) and bool(public),
        "贡献方种类不对或缺少",
    )
    prefix = f"{stage}/{round_no}/"
    held = {
        row["contributor"]: row["commitment"] for key, row in world.seals.items() if key.startswith(prefix)
    }
    # A department may have handed its seal in at the office instead.
    require(all(sealed.get(name) == value for name, value in held.items()), "封存值与各部门所交的不一致")
    for one in public:
        require({"id", "kind", "not_before", "format", "pattern"} == set(one), "公共随机数的项目不全或有多余")
        require(moment(one["not_before"]) > reveal_by, "公共随机数须在揭示截止之后公布")
        announced = next((number.announced for number in world.plan.numbers if number.id == one["id"]), None)
        require(
            announced is None or announced == moment(one["not_before"]), "公共随机数的公布时间与计划不一致"
        )


def _check_second_stage(world: World, document: Row) -> None:
    chain = _last_chain(world, "objects")
    require(bool(chain), "对象尚未抽取")
    require(document["objects_certificate"] == chain[-1]["digest"], "引用的对象抽取证书不是现行的一份")
    count, digest = objects_file(world)
    require(document["objects"] == {"count": count, "sha256": digest}, "检查对象清单与对象抽取证书不一致")
    codes = [department.code for department in world.plan.departments]
    require([one.get("code") for one in document["departments"]] == codes, "部门与计划不一致")


def _last_chain(world: World, stage: str) -> list[Row]:
    rounds = [
        held["round"]
        for key, held in world.documents.items()
        if key.startswith(f"{stage}/") and "/certificate/" in key
    ]
    return certificates(world, stage, max(rounds)) if rounds else []


def _after_commitment(world: World, body: Row, document: Row) -> None:
    plan_reveals(world, body["stage"], body["round"], moment(document["reveal_by"]))


# --- closing --------------------------------------------------------------------------------


def _check_closing(world: World, body: Row, document: Row) -> None:
    commitment = stored_commitment(world, body)
    held = world.documents[f"{body['stage']}/{body['round']}/commitment"]
    require(document.get("spec") == SPEC, "文件的规格不对")
    require(document.get("commitment_digest") == held["digest"], "承诺摘要与平台所存不符")
    revealed = revealed_values(world, body["stage"], body["round"])
    revealed |= opened_elsewhere(world, body, document, commitment)
    sealed = [one["id"] for one in commitment["contributors"] if one["kind"] == "sealed"]
    opened = [{"id": name, "value": revealed[name]} for name in sealed if name in revealed]
    require(document.get("contributions") == opened, "所列的揭示值与各部门所交的不一致")
    withheld = [name for name in sealed if name not in revealed]
    if "abandoned" in document:
        _check_abandonment(world, document, commitment, withheld)
        return
    require(set(document) == _CLOSING, "截止文件的项目不全或有多余")
    require(not withheld, "尚有部门未揭示，不能截止")
    for one in commitment["contributors"]:
        if one["kind"] == "public":
            require(world.now() < moment(one["not_before"]), "公共随机数公布之后才收到截止文件")


def _check_abandonment(world: World, document: Row, commitment: Row, withheld: list[str]) -> None:
    require(set(document) == _ABANDONMENT and document["abandoned"] is True, "作废文件的项目不全或有多余")
    require(document["commitment"] == commitment, "作废文件所附的承诺文件不同")
    unannounced = [
        one["id"]
        for one in commitment["contributors"]
        if one["kind"] == "public" and one["id"] not in world.numbers
    ]
    require(document["withheld"] == (withheld or unannounced), "未揭示的部门与平台所存不符")
    require(isinstance(document["reason"], str) and bool(document["reason"]), "作废须写明理由")
    moment(document["at"])
    if withheld:
        require(world.now() > moment(commitment["reveal_by"]), "揭示截止之前不能以未揭示为由作废")


# --- certificate ----------------------------------------------------------------------------


def _check_certificate(world: World, body: Row, document: Row) -> None:
    stage, round_no = body["stage"], body["round"]
    commitment = stored_commitment(world, body)
    held = world.documents[f"{stage}/{round_no}/commitment"]
    require(f"{stage}/{round_no}/closing" in world.documents, "揭示尚未截止")
    closing = strict_json(world.documents[f"{stage}/{round_no}/closing"]["document"])
    require("abandoned" not in closing, "本轮已作废")
    require(document.get("spec") == SPEC, "证书的规格不对")
    require(document.get("commitment") == commitment, "证书所附的承诺文件与平台所存不同")
    require(document.get("commitment_digest") == held["digest"], "证书的承诺摘要不符")
    chain = certificates(world, stage, round_no)
    last = chain[-1]["digest"] if chain else None
    named = announced(world, stage, round_no)
    require(not named or bool(chain) or body["digest"] in named, "证书与抽中名单中预告的摘要不符")
    if document.get("corrects") != last:
        raise Refusal("49" if document.get("corrects") is None else "96", "更正所指的证书不是现行的一份")
    _check_contributions(world, body, document, commitment)
    require(document.get("seed") == seed_of(held["digest"], document["contributions"]), "种子算不出来")
    (check_objects if stage == "objects" else check_inspectors)(world, document)


def _check_contributions(world: World, body: Row, document: Row, commitment: Row) -> None:
    known = revealed_values(world, body["stage"], body["round"])
    known |= {number["id"]: number["value"] for number in world.numbers.values()}
    given: Any = document.get("contributions")
    require(isinstance(given, list) and all(isinstance(one, dict) for one in given), "证书的贡献值格式不对")
    ids = [one["id"] for one in commitment["contributors"]]
    require([one.get("id") for one in given] == ids, "证书的贡献值不全或次序不对")
    for one in given:
        silent = world.intends("never-announce", one["id"])  # then people took it from its publisher
        listed = one["id"] in known or any(number.id == one["id"] for number in world.plan.numbers)
        listed = listed and not silent
        require(not listed or known.get(one["id"]) == one.get("value"), f"{one['id']} 的值与所公布的不一致")


def _after_certificate(world: World, body: Row, document: Row) -> None:
    if body["stage"] == "objects":
        fresh = take_objects(world, document)
        plan_dispatch(world, fresh)
    else:
        take_inspectors(world, document)


# --- shared ---------------------------------------------------------------------------------


def stored_commitment(world: World, body: Row) -> Row:
    """The commitment of that stage and round. Raises Refusal 96 before there is one."""
    held = world.documents.get(f"{body['stage']}/{body['round']}/commitment")
    if held is None:
        raise Refusal("96", "该阶段、该轮次还没有承诺文件")
    document: Row = strict_json(held["document"])
    return document


def revealed_values(world: World, stage: str, round_no: int) -> dict[str, str]:
    """department's name -> value, of those that revealed."""
    prefix = f"{stage}/{round_no}/"
    rows = [row for key, row in world.seals.items() if key.startswith(prefix) and row["revealedAt"]]
    return {row["contributor"]: row["value"] for row in rows}


def opened_elsewhere(world: World, body: Row, document: Row, commitment: Row) -> dict[str, str]:
    """department's name -> value, of those who sealed at the office: what opens the seal is the value."""
    prefix = f"{body['stage']}/{body['round']}/"
    here = {row["contributor"] for key, row in world.seals.items() if key.startswith(prefix)}
    given = {one["id"]: one["value"] for one in document.get("contributions", [])}
    found = {}
    for one in commitment["contributors"]:
        if one["kind"] == "sealed" and one["id"] not in here and one["id"] in given:
            parts = [f"{SPEC}/contribution", commitment["campaign"], body["stage"], str(body["round"])]
            text = "\0".join([*parts, one["id"], given[one["id"]]])
            require(sha256_hex(text.encode("utf-8")) == one["commitment"], f"{one['id']} 的值打不开封存")
            found[one["id"]] = given[one["id"]]
    return found


def seed_of(commitment_digest: str, contributions: list[Row]) -> str:
    """The seed (draw-spec.md §2), 64 hex digits."""
    parts = [hashlib.sha256(str(one["value"]).encode("utf-8")).digest() for one in contributions]
    start = f"{SPEC}/seed".encode() + b"\0" + bytes.fromhex(commitment_digest)
    return hashlib.sha256(start + b"".join(parts)).hexdigest()


def moment(text: Any) -> datetime:
    """A time of a draw document, `YYYY-MM-DDThh:mm:ss±hh:mm`. Raises Refusal 96."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Refusal("96", "时间格式不对") from None
    require(found.tzinfo is not None and len(text) == 25, "时间格式不对")
    return found
