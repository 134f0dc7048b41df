"""Which drawn objects a department objects to, and why: a few, one for a reason that replaces nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mock_platform.intentions import change_state

if TYPE_CHECKING:
    from mock_platform.world import Row, World

_REASONS = {
    "1": "注销登记通知书（{year}）注字第{number:04d}号",
    "4": "迁移登记通知书（{year}）迁字第{number:04d}号",
    "5": "水土保持设施验收报备证明（{year}）第{number:04d}号，项目已验收并移交，不再属于本次抽查范围",
    "9": "该单位近期正在办理变更登记，建议调整检查时间",
}
_STATE_AFTER = {"1": "2", "4": "5"}


def objections_for(world: World, objects: list[str]) -> dict[str, Row]:
    """object id -> {deptCode, reason, evidence}; from three objects on one replaces and one does not.

    Deregistration and removal are raised by the last department (market regulation in the
    plan), the other reasons by the lead.  Only owners with one drawn object are objected to.
    """
    owners = Counter(_owner(world, object_id) for object_id in objects)
    single = [object_id for object_id in objects if owners[_owner(world, object_id)] == 1]
    rng = world.chance("objections", len(objects))
    chosen = rng.sample(sorted(single), min(len(single), _how_many(len(objects))))
    lead, last = world.plan.departments[0].code, world.plan.departments[-1].code
    found = {}
    for place, object_id in enumerate(chosen):
        reason = ("1", "9", "5", "4")[place % 4]
        evidence = _REASONS[reason].format(year=world.plan.starts_on.year, number=rng.randint(1, 999))
        found[object_id] = {
            "deptCode": last if reason in "14" else lead,
            "reason": reason,
            "evidence": evidence,
        }
        if reason in _STATE_AFTER:
            change_state(world, _owner(world, object_id), _STATE_AFTER[reason])
    return found


def _how_many(drawn: int) -> int:
    return 0 if drawn < 2 else 2 if drawn < 30 else 3 + drawn // 100


def _owner(world: World, object_id: str) -> str:
    rows = world.drawn["objects"]
    return str(next(row["uniscid"] for row in rows if row["objectId"] == object_id))
