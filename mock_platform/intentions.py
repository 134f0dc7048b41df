"""What people can be made to do or leave undone over the control face, or by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_platform.credit_code import as_meant
from mock_platform.platform_variants import VARIANTS
from mock_platform.refusal import require
from mock_platform.shanghai_time import wire_time

if TYPE_CHECKING:
    from mock_platform.world import Row, World

ACTS: dict[str, str] = {
    "withhold-seal": "department `who` does not seal",
    "withhold-reveal": "department `who` does not open its sealed part",
    "relent": "whatever was planned for `who` so far is planned no longer",
    "never-announce": "the lottery does not announce the number `who` here: people read it elsewhere",
    "no-objections": "nobody objects",
    "confirm-late": "department `who` answers `workingDays` after the limit (2)",
    "never-confirm": "department `who` does not answer",
    "skip-visit": "the enterprise `who` is not visited",
    "enter-late": "department `who` enters its results `workingDays` after completion (limit + 3)",
    "never-review": "the reviewer does not look at the enterprise `who`",
    "withhold": "the reviewer withholds the enterprise `who`, for `basis`",
    "rename": "the enterprise `who` is registered as `name` from now on; the directory says what it said",
    "change-state": "the enterprise `who` is in registration state `state` from now on",
    "feed-late": "the enterprise `who` appears in public `days` days later (30), fed by the platform",
    "never-feed": "the enterprise `who` does not appear in public, fed by the platform",
    "platform-draw": "the platform draws as `variant`, if it has not drawn yet",
}
"""Acts and what they mean. `who` left out: every department or enterprise."""


def announce_intention(world: World, body: Row) -> None:
    """Notes an intention; `rename` and `change-state` happen at once. Raises Refusal 96."""
    act = body["act"]
    if act == "platform-draw":
        require(body.get("variant") in VARIANTS, f"没有这种抽取；有：{'、'.join(VARIANTS)}")
        world.meta["platform-draw"] = body["variant"]
    if act == "rename":
        require(isinstance(body.get("name"), str), "写明 name")
        for prip_id, row in world.enterprises.items():
            if row["uniscid"] == body.get("who"):
                row["entName"] = body["name"]
                world.enterprises.touch(prip_id)
    if act == "change-state":
        require(isinstance(body.get("state"), str), "写明 state")
        change_state(world, str(body.get("who")), body["state"])
    if act == "relent":
        for key in [key for key, one in world.intentions.items() if one.get("who") == body.get("who")]:
            del world.intentions[key]
        return
    world.meta["intentions"] = world.meta.get("intentions", len(world.intentions)) + 1
    world.intentions[f"{world.meta['intentions']:04d}"] = dict(body)


def change_state(world: World, code: str, state: str) -> None:
    """The directory's rows of an enterprise, and the register, say so from now on."""
    for index, row in enumerate(world.objects):
        if as_meant(row["ownerUniscid"] or row["uniscid"]) == code:
            row["regState"] = state
            row["updatedAt"] = wire_time(world.now())
            world.row_changed("objects", index)
    for prip_id, enterprise in world.enterprises.items():
        if enterprise["uniscid"] == code:
            enterprise["regState"] = state
            world.enterprises.touch(prip_id)
