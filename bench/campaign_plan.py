"""A campaign of a given size: the notice's plan, and so many enterprises, each of which can be drawn.

One in ten is drawn, whatever the risk grade, so that 408 enterprises make 41 visits and 40,000 make 4,000.
Names and codes are made from numbers: nobody's.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import yaml

from schemas.uscc import ALPHABET, check_character

_PROJECT = Path(__file__).resolve().parents[1]
PLAN = _PROJECT / "campaigns" / "qinghe-2024-22.yaml"
PROFILE = _PROJECT / "connectors" / "profiles" / "hebei.toml"
TASK = 130534202405281001
_HEADERS = ("企业名称", "统一社会信用代码", "住所", "登记状态", "登记机关")


def write_plan(folder: Path, number: int = 0) -> Path:
    """The plan of campaign `number`: the notice's, one in ten of everybody."""
    plan = yaml.safe_load(PLAN.read_text("utf-8"))
    plan["比例"] = {"总体": "10%"}
    plan["任务编号"], plan["简称"] = str(TASK + number), f"清河2024-{number:03d}"
    path = folder / f"plan-{number:03d}.yaml"
    path.write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def write_profile(folder: Path) -> Path:
    """The reference profile without a limit of pace, which would be all that is measured."""
    path = folder / "unpaced.toml"
    text = PROFILE.read_text("utf-8")
    path.write_text(re.sub(r"(?m)^(requests_per_s|burst) = \d+$", r"\1 = 1000000", text), "utf-8")
    return path


def write_directory(folder: Path, count: int, number: int = 0) -> Path:
    """A list of `count` enterprises, each of which may be drawn. Campaigns have enterprises of their own."""
    path = folder / f"objects-{number:03d}-{count}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(_HEADERS)
        for place in range(count):
            rows.writerow(
                (
                    f"清河县第{number * 1_000_000 + place:09d}号测试工程有限公司",
                    code_of(number * 1_000_000 + place),
                    f"清河县测试路{place}号",
                    "存续",
                    "清河县行政审批局",
                )
            )
    return path


def code_of(number: int) -> str:
    """The unified social credit code that number `number` has here."""
    digits = ""
    for _ in range(9):
        number, rest = divmod(number, len(ALPHABET))
        digits = ALPHABET[rest] + digits
    body = f"91130534{digits}"
    return body + check_character(body)
