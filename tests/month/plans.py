"""Three campaigns of three counties under one office, overlapping: who draws and who publishes differs.

| county | draw | forms | publication | begins |
|---|---|---|---|---|
| 清河县 | ours, held with the departments | pushed | pushed | 2 September 2024 |
| 南宫市 | ours | pushed | pushed | 5 September |
| 沙河市 | the platform's, verified | checked | fed by the platform, checked | 11 September |

In between lie the Mid-Autumn and National Day holidays with their worked weekend days (14 and 29 September,
12 October).  Departments and items are the counties' own, as one directory holds all three.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

FIRST_DAY, LAST_DAY = date(2024, 9, 2), date(2024, 11, 8)
OBJECTS = 24
"""Construction projects of each county: so few that their directory is in order (mock_platform.directory)."""

# Which days of the week (Monday is 0) a lottery is drawn, and when.
_LOTTERIES = {
    "双色球": ((1, 3, 6), time(21, 15), "2024{:03d}"),
    "大乐透": ((0, 2, 5), time(21, 25), "24{:03d}"),
}


@dataclass(frozen=True)
class Department:
    """A department of one county; the first of a county leads."""

    code: str
    name: str
    item: str


@dataclass(frozen=True)
class County:
    """One campaign: number, short name, window, and who does what."""

    task_id: str
    division: str
    name: str
    starts_on: date
    ends_on: date
    departments: tuple[Department, Department]
    lottery: str
    leads: bool
    """Whether the platform leads: draws, makes the forms, feeds the publicity system."""
    seed: int

    @property
    def short_name(self) -> str:
        return f"{self.name}秋季"


COUNTIES = (
    County(
        "130534202409021001",
        "130534",
        "清河县",
        date(2024, 9, 2),
        date(2024, 9, 30),
        (
            Department("QS", "清河县水务局", "生产建设项目水土保持审批的后续监管"),
            Department("QC", "清河县市场监督管理局", "登记事项检查"),
        ),
        "双色球",
        False,
        7,
    ),
    County(
        "130581202409051001",
        "130581",
        "南宫市",
        date(2024, 9, 5),
        date(2024, 10, 15),
        (
            Department("NY", "南宫市应急管理局", "安全生产责任制落实检查"),
            Department("NC", "南宫市市场监督管理局", "公示信息检查"),
        ),
        "大乐透",
        False,
        8,
    ),
    County(
        "130582202409111001",
        "130582",
        "沙河市",
        date(2024, 9, 11),
        date(2024, 10, 18),
        (
            Department("SJ", "沙河市住房和城乡建设局", "施工现场质量安全检查"),
            Department("SC", "沙河市市场监督管理局", "年度报告公示检查"),
        ),
        "双色球",
        True,
        9,
    ),
)


def write_plan(county: County, folder: Path) -> Path:
    """The county's plan as a file that pipeline and platform read, each for itself."""
    path = folder / f"{county.task_id}.yaml"
    path.write_text(plan_text(county), "utf-8")
    return path


def plan_text(county: County) -> str:
    """The plan as a person would write it."""
    lines = [
        f"名称: 2024年{county.name}秋季部门联合抽查",
        f"简称: {county.short_name}",
        f'计划: {{编号: "{county.division}20241009", 名称: 2024年度{county.name}联合抽查计划}}',
        f'任务编号: "{county.task_id}"',
        "类型: 不定向",
        f'区划: {{代码: "{county.division}", 名称: {county.name}}}',
        f"时间: {{自: {county.starts_on}, 至: {county.ends_on}}}",
        "对象: {类型: 生产建设项目, 标签: [生产建设项目]}",
        "比例: {总体: 不低于30%}",
        "部门:",
    ]
    for place, department in enumerate(county.departments):
        role = "协同" if place else "牵头"
        lines.append(
            f"  - {{代码: {department.code}, 名称: {department.name}, 角色: {role}, 人数: 2,"
            f" 事项: [{department.item}]}}"
        )
    lines.append("事项清单:")
    for department in county.departments:
        lines.append(f"  - {{名称: {department.item}, 编码: {department.code}-01, 类别: 一般检查事项,")
        lines.append("     依据: [抽查事项清单所列依据], 材料: [营业执照]}")
    lines += ["期限: {揭示工作日: 1, 确认工作日: 1, 录入工作日: 20, 公示工作日: 20}", "组: {每组户数: 3}"]
    if county.leads:
        lines += ["抽取: {方式: 核验平台抽取}", "表单: {方式: 核对}", "公示: {方式: 核对}"]
    else:
        lines += ["抽取:", "  方式: 自行抽取", "  公共随机数:"]
        lines += [f"    - {{名称: {name}, 公布: {at:%Y-%m-%d %H:%M}}}" for name, at in issues(county)]
        lines += ["表单: {方式: 推送}", "公示: {方式: 推送}"]
    return "\n".join(lines) + "\n"


def issues(county: County) -> list[tuple[str, datetime]]:
    """The issues of the county's lottery in the first four weeks of its window."""
    weekdays, hour, number = _LOTTERIES[county.lottery]
    days = [county.starts_on + timedelta(days=n) for n in range(28)]
    drawn = [day for day in days if day.weekday() in weekdays]
    return [
        (county.lottery + number.format(100 + place), datetime.combine(day, hour))
        for place, day in enumerate(drawn)
    ]
