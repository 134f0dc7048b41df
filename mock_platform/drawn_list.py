"""The list of drawn objects, which comes before its certificate: checked, and sent out."""

from __future__ import annotations

from mock_platform.canonical_json import strict_json
from mock_platform.departments import SPEC, plan_dispatch
from mock_platform.draw_certificate import known_owners
from mock_platform.refusal import require
from mock_platform.shanghai_time import wire_time
from mock_platform.world import Row, World


def check_list(world: World, body: Row, document: Row) -> None:
    """The reveal is closed, the public number announced, every object in the directory. Raises Refusal 96."""
    stage, round_no = body["stage"], body["round"]
    require(stage == "objects", "只有对象抽取先送抽中名单")
    members = {"spec", "commitment_digest", "certificate_digest", "drawn"}
    require(set(document) == members and document["spec"] == SPEC, "抽中名单的项目不全或有多余")
    held = world.documents.get(f"{stage}/{round_no}/commitment")
    closing = world.documents.get(f"{stage}/{round_no}/closing")
    require(held is not None and document["commitment_digest"] == held["digest"], "承诺摘要与平台所存不符")
    require(
        closing is not None and "abandoned" not in strict_json(closing["document"]), "揭示尚未截止或已作废"
    )
    owners = known_owners(world)
    ids = [one["object_id"] for one in document["drawn"]]
    require(ids == sorted(set(ids), key=lambda one: str(one).encode()), "抽中对象重复或次序不对")
    for one in document["drawn"]:
        require(set(one) == {"object_id", "uscc"}, "抽中对象的项目不全或有多余")
        require(one["uscc"] in owners.get(one["object_id"], ()), "抽中对象不在名录库中，或建设单位不符")


def announced(world: World, stage: str, round_no: int) -> set[str]:
    """Digests of the certificates that lists have announced."""
    prefix = f"{stage}/{round_no}/list/"
    return {
        strict_json(held["document"])["certificate_digest"]
        for key, held in world.documents.items()
        if key.startswith(prefix)
    }


def dispatch_list(world: World, body: Row, document: Row) -> None:
    """The drawn objects go to the departments; the certificate may only add to them."""
    world.drawn["objects"] = [
        {
            "objectId": one["object_id"],
            "uniscid": one["uscc"],
            "stratum": None,
            "replaces": None,
            "replacedBy": None,
        }
        for one in document["drawn"]
    ]
    world.drawn["by"], world.drawn["at"] = "client", wire_time(world.now())
    plan_dispatch(world, [one["object_id"] for one in document["drawn"]])
