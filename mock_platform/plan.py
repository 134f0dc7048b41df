"""The campaign file, read by the mock for itself: what the platform creates plan, task and people from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from mock_platform.shanghai_time import SHANGHAI

# Each key as the Chinese plan writes it, and its English alias.
_ALIAS = {
    "名称": "name", "简称": "short_name", "文号": "document_no", "计划": "plan", "编号": "id",
    "任务编号": "task_id",
    "类型": "type", "区划": "division", "代码": "code", "时间": "window", "自": "from", "至": "to",
    "对象": "objects",
    "标签": "tags", "比例": "ratio", "总体": "overall", "风险": "risk", "频次上限": "frequency_cap",
    "部门": "departments", "角色": "role", "人数": "team", "事项": "items", "事项清单": "catalogue",
    "编码": "code",
    "类别": "kind", "依据": "legal_basis", "材料": "materials", "期限": "limits", "揭示工作日": "reveal",
    "确认工作日": "confirm", "录入工作日": "entry", "公示工作日": "publish", "组": "groups",
    "每组户数": "per_group",
    "组数": "count", "抽取": "draw", "方式": "mode", "公共随机数": "public_numbers", "公布": "announced",
    "表单": "forms", "公示": "publication",
}  # fmt: skip
_LEAD = {"牵头", "lead", "1"}
_KEY_KIND = {"重点检查事项", "重点", "key", "2"}
_DIRECTED = {"定向", "directed", "1"}
_PROJECT = {"生产建设项目", "project", "2"}
_PLATFORM_DRAWS = {"核验平台抽取", "verify"}
_CHECK = {"核对", "check", "reconcile"}


@dataclass(frozen=True)
class Department:
    """A participating department and how many of its people go to each enterprise."""

    code: str
    name: str
    leads: bool
    team: int
    item_names: tuple[str, ...]


@dataclass(frozen=True)
class Number:
    """A public number, announced at that moment."""

    id: str
    announced: datetime


@dataclass(frozen=True)
class CampaignPlan:
    """What the campaign file says, as far as the outside systems have to know it."""

    plan_id: str
    plan_name: str
    task_id: str
    task_name: str
    task_type: str
    division: str
    division_name: str
    starts_on: date
    ends_on: date
    projects: bool
    tags: tuple[str, ...]
    ratio: Fraction
    least: int
    risk: dict[str, Fraction]
    checks_a_year: int | None
    departments: tuple[Department, ...]
    items: tuple[dict[str, Any], ...]
    confirm_days: int
    reveal_days: int
    entry_days: int
    per_group: int | None
    groups: int | None
    numbers: tuple[Number, ...]
    platform_draws: bool
    platform_makes_forms: bool
    platform_publishes: bool

    @property
    def lead(self) -> Department:
        """The department that leads, first in the list."""
        return self.departments[0]

    def group_count(self, enterprises: int) -> int:
        """Number of joint groups for that many enterprises."""
        if self.per_group:
            return max(1, -(-enterprises // self.per_group))
        return self.groups or 1

    @property
    def authority(self) -> str:
        """The legal names of the departments, the lead's first."""
        return "、".join(department.name for department in self.departments)


def read_plan(path: Path) -> CampaignPlan:
    """Reads a campaign file. Raises ValueError, OSError or yaml.YAMLError if it is none."""
    raw = _english(yaml.safe_load(path.read_text("utf-8-sig")))
    if not isinstance(raw, dict) or "departments" not in raw:
        raise ValueError(f"{path.name} 不是抽查计划")
    division = raw["division"]
    starts_on, ends_on = _day(raw["window"]["from"]), _day(raw["window"]["to"])
    departments = sorted((_department(entry) for entry in raw["departments"]), key=lambda one: not one.leads)
    plan, draw, groups, limits = (raw.get(name) or {} for name in ("plan", "draw", "groups", "limits"))
    code = str(division["code"])
    numbers = draw.get("public_numbers") or []
    return CampaignPlan(
        plan_id=str(plan.get("id") or f"{code}{starts_on.year}1001"),
        plan_name=str(plan.get("name") or raw["name"]),
        task_id=str(raw.get("task_id") or f"{code}{starts_on:%Y%m%d}1001"),
        task_name=str(raw["name"]),
        task_type="1" if str(raw.get("type")) in _DIRECTED else "2",
        division=code,
        division_name=str(division.get("name") or "本县"),
        starts_on=starts_on,
        ends_on=ends_on,
        projects=str((raw.get("objects") or {}).get("type", "生产建设项目")) in _PROJECT,
        tags=tuple((raw.get("objects") or {}).get("tags") or ()),
        ratio=_share((raw.get("ratio") or {}).get("overall", "10%")),
        least=_objects((raw.get("ratio") or {}).get("overall")),
        risk={
            str(grade): _share(text) for grade, text in ((raw.get("ratio") or {}).get("risk") or {}).items()
        },
        checks_a_year=_count(raw.get("frequency_cap")),
        departments=tuple(departments),
        items=tuple(_items(raw.get("catalogue") or [], departments)),
        confirm_days=int(limits.get("confirm", 1)),
        reveal_days=int(limits.get("reveal", 1)),
        entry_days=int(limits.get("entry", 20)),
        per_group=groups.get("per_group"),
        groups=groups.get("count"),
        numbers=tuple(Number(str(one["name"]), _moment(one["announced"])) for one in numbers),
        platform_draws=str(draw.get("mode")) in _PLATFORM_DRAWS,
        platform_makes_forms=str((raw.get("forms") or {}).get("mode")) in _CHECK,
        platform_publishes=str((raw.get("publication") or {}).get("mode")) in _CHECK,
    )


def _english(value: Any) -> Any:
    if isinstance(value, dict):
        return {_ALIAS.get(key, key): _english(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_english(member) for member in value]
    return value


def _department(entry: dict[str, Any]) -> Department:
    return Department(
        code=str(entry["code"]),
        name=str(entry["name"]),
        leads=str(entry.get("role")) in _LEAD,
        team=int(entry.get("team", 2)),
        item_names=tuple(entry.get("items") or ()),
    )


def _items(catalogue: list[dict[str, Any]], departments: list[Department]) -> list[dict[str, Any]]:
    owner = {name: department.code for department in departments for name in department.item_names}
    known = {str(entry["name"]) for entry in catalogue}
    unlisted = [{"name": name} for name in owner if name not in known]
    counters: dict[str, int] = {}
    rows = []
    for entry in [*catalogue, *unlisted]:
        department = owner.get(str(entry["name"]), departments[0].code)
        counters[department] = counters.get(department, 0) + 1
        rows.append(
            {
                "itemCode": str(entry.get("code") or f"{department}-{counters[department]:02d}"),
                "itemName": str(entry["name"]),
                "kind": "2" if str(entry.get("kind")) in _KEY_KIND else "1",
                "deptCode": department,
                "legalBasis": list(
                    entry.get("legal_basis")
                    or ["《关于在市场监管领域全面推行部门联合“双随机、一公开”监管的意见》"]
                ),
                "content": entry.get("content"),
                "materials": list(entry.get("materials") or []),
                "validFrom": None,
                "validTo": None,
                "version": "1",
            }
        )
    return rows


_SHARES = {
    r"([0-9.]+)\s*[%％]": 100,
    r"百分之\s*([0-9.]+)": 100,
    r"([0-9.]+)\s*‰": 1000,
    r"^\s*(0\.[0-9]+|1)\s*$": 1,
}
"""How a share is written -> its denominator."""

_LEAST_SHARE = Fraction(1, 1_000_000)


def _share(text: Any) -> Fraction:
    """The share that is written; where there is only a number of objects, the least there is."""
    for pattern, of in _SHARES.items():
        found = re.search(pattern, str(text))
        if found:
            return Fraction(found[1]) / of
    if _objects(text):
        return _LEAST_SHARE
    raise ValueError(f"比例“{text}”看不懂")


def _objects(text: Any) -> int:
    """How many objects at least, as `20户` says; 0 where nothing does."""
    found = re.search(r"([0-9]+)\s*[户个家]", str(text or ""))
    return int(found[1]) if found else 0


def _count(text: Any) -> int | None:
    number = re.search(r"[0-9]+", str(text or ""))
    return int(number[0]) if number else None


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
