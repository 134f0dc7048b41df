"""The table that a verification ends in: one row per check (§6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

State = Literal["ok", "failed", "not checked"]

NAMES = {
    "form": "文件形式",
    "commitment_digest": "承诺书摘要",
    "files": "冻结文件摘要",
    "root": "默克尔树根",
    "seals": "密封值与密封一致",
    "public": "公共随机数合乎约定且晚于揭示",
    "seed": "种子",
    "seats": "各层名额",
    "winners": "抽中对象与票号",
    "reserves": "候补",
    "replacements": "替换",
    "stage_before": "对象与上一阶段一致",
    "teams": "检查组",
    "barred": "回避组合",
    "assignment": "匹配为字典序最先",
    "substitutes": "回避替补",
    "seat_replacements": "换人",
    "previous": "上一轮",
    "corrects": "被更正的证书",
    "kept_commitment": "承诺书与他人保存的一致",
    "kept_closing": "结束文书与他人保存的一致",
    "kept_certificate": "证书与他人保存的一致",
}
"""The checks in the order in which they are shown, with their Chinese names."""


class Row(NamedTuple):
    """One check: `expected` and `found` where it failed, `missing` where it could not be made."""

    check: str
    state: State
    expected: str = ""
    found: str = ""
    missing: str = ""

    @property
    def name(self) -> str:
        """The check in Chinese."""
        return NAMES[self.check]

    @property
    def text(self) -> str:
        """The result in the words of §6."""
        if self.state == "failed":
            return f"FAILED: expected {self.expected} … found {self.found}"
        if self.state == "not checked":
            return f"not checked: {self.missing} not given"
        return "ok"


def ok(check: str) -> Row:
    """The check was made and nothing is wrong."""
    return Row(check, "ok")


def failed(check: str, expected: object, found: object) -> Row:
    """The check was made and something is wrong."""
    return Row(check, "failed", str(expected), str(found))


def not_checked(check: str, missing: str) -> Row:
    """The check could not be made without `missing`."""
    return Row(check, "not checked", missing=missing)


def compare(check: str, expected: Any, found: Any) -> Row:
    """`ok` if both are equal, else `failed` with the first place where they differ."""
    difference = first_difference(expected, found)
    return failed(check, *difference) if difference else ok(check)


def first_difference(expected: Any, found: Any, place: str = "") -> tuple[str, str] | None:
    """Both values at the first place where two JSON values differ; None if they are equal."""
    if type(expected) is type(found):
        if isinstance(expected, Mapping):
            for member in [*expected, *(member for member in found if member not in expected)]:
                inner = f"{place}.{member}" if place else str(member)
                if member not in found:
                    return f"{inner}", f"no {inner}"
                if member not in expected:
                    return f"no {inner}", f"{inner}"
                if difference := first_difference(expected[member], found[member], inner):
                    return difference
            return None
        if isinstance(expected, Sequence) and not isinstance(expected, str):
            for index, (one, other) in enumerate(zip(expected, found, strict=False)):
                if difference := first_difference(one, other, f"{place}[{index}]"):
                    return difference
            if len(expected) != len(found):
                return f"{place} {len(expected)} entries".strip(), f"{len(found)} entries"
            return None
    if type(expected) is type(found) and expected == found:
        return None
    return f"{place} {expected}".strip(), f"{found}"
