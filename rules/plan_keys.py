"""The keys of a plan file: canonical name -> (Chinese key, English alias)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    """The keys that one mapping of the file may have."""

    table: Mapping[str, tuple[str, str]]

    def canonical(self, written: str) -> str | None:
        """The canonical name of a key as written; None: there is no such key here."""
        for name, spellings in self.table.items():
            if written in spellings:
                return name
        return None

    def shown(self, name: str) -> str:
        """How people write a key."""
        return self.table[name][0]

    def nearest(self, written: str) -> str | None:
        """The key (in Chinese) whose spelling is nearest to what was written; None if none is near."""
        spellings = {
            spelling: chinese for chinese, alias in self.table.values() for spelling in (chinese, alias)
        }
        found = difflib.get_close_matches(written.strip().lower(), spellings, n=1, cutoff=0.5)
        return spellings[found[0]] if found else None

    def names(self) -> list[str]:
        """All keys as people write them."""
        return [chinese for chinese, _ in self.table.values()]


CAMPAIGN = Keys(
    {
        "name": ("名称", "name"),
        "short_name": ("简称", "short_name"),
        "document_no": ("文号", "document_no"),
        "plan": ("计划", "plan"),
        "task_id": ("任务编号", "task_id"),
        "task_type": ("类型", "type"),
        "place": ("区划", "division"),
        "window": ("时间", "window"),
        "objects": ("对象", "objects"),
        "ratios": ("比例", "ratio"),
        "frequency_cap": ("频次上限", "frequency_cap"),
        "departments": ("部门", "departments"),
        "items": ("事项清单", "catalogue"),
        "limits": ("期限", "limits"),
        "groups": ("组", "groups"),
        "draw": ("抽取", "draw"),
        "forms": ("表单", "forms"),
        "publication": ("公示", "publication"),
    }
)
PLAN = Keys({"id": ("编号", "id"), "name": ("名称", "name")})
PLACE = Keys({"code": ("代码", "code"), "name": ("名称", "name")})
WINDOW = Keys({"from": ("自", "from"), "to": ("至", "to")})
OBJECTS = Keys({"kind": ("类型", "type"), "tags": ("标签", "tags")})
RATIOS = Keys({"overall": ("总体", "overall"), "risk": ("风险", "risk")})
DEPARTMENT = Keys(
    {
        "code": ("代码", "code"),
        "name": ("名称", "name"),
        "role": ("角色", "role"),
        "team": ("人数", "team"),
        "items": ("事项", "items"),
    }
)
ITEM = Keys(
    {
        "name": ("名称", "name"),
        "code": ("编码", "code"),
        "kind": ("类别", "kind"),
        "basis": ("依据", "legal_basis"),
        "content": ("内容", "content"),
        "materials": ("材料", "materials"),
    }
)
LIMITS = Keys(
    {
        "reveal": ("揭示工作日", "reveal"),
        "confirm": ("确认工作日", "confirm"),
        "entry": ("录入工作日", "entry"),
        "publish": ("公示工作日", "publish"),
    }
)
GROUPS = Keys({"per_group": ("每组户数", "per_group"), "count": ("组数", "count")})
NUMBER = Keys(
    {
        "id": ("名称", "name"),
        "announced": ("公布", "announced"),
        "format": ("格式", "format"),
        "pattern": ("样式", "pattern"),
    }
)
DRAW = Keys({"mode": ("方式", "mode"), "public_numbers": ("公共随机数", "public_numbers")})
FORMS = Keys({"mode": ("方式", "mode")})
PUBLICATION = Keys({"mode": ("方式", "mode")})

SECTIONS: Mapping[str, Keys] = {
    "最外层": CAMPAIGN,
    "计划": PLAN,
    "区划": PLACE,
    "时间": WINDOW,
    "对象": OBJECTS,
    "比例": RATIOS,
    "部门": DEPARTMENT,
    "事项清单": ITEM,
    "期限": LIMITS,
    "组": GROUPS,
    "抽取": DRAW,
    "公共随机数": NUMBER,
    "表单": FORMS,
    "公示": PUBLICATION,
}
"""Where each set of keys belongs, as people call the place."""


def places_of(written: str) -> list[str]:
    """The places that have such a key."""
    return [place for place, keys in SECTIONS.items() if keys.canonical(written) is not None]
