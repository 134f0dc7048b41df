"""The table that a verification ends in, and how two values are shown to differ."""

from __future__ import annotations

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
    "public_form": "公开版与完整证书一致",
    "previous": "上一轮",
    "corrects": "被更正的证书",
    "kept_commitment": "承诺书与他人保存的一致",
    "kept_closing": "结束文书与他人保存的一致",
    "kept_certificate": "证书与他人保存的一致",
}
"""The checks in the order in which they are shown, with their Chinese names."""

_SHOWN = 80
"""Longest value that a row repeats, in characters."""


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


class Unfit(Exception):
    """Something is not as it must be: what was expected, what was found; becomes a failed row."""

    def __init__(self, expected: object, found: object) -> None:
        super().__init__(expected, found)
        self.expected, self.found = expected, found


def ok(check: str) -> Row:
    """The check was made and nothing is wrong."""
    return Row(check, "ok")


def failed(check: str, expected: object, found: object) -> Row:
    """The check was made and something is wrong."""
    return Row(check, "failed", _short(expected), _short(found))


def not_checked(check: str, missing: str) -> Row:
    """The check could not be made without `missing`."""
    return Row(check, "not checked", missing=missing)


def not_fit(check: str, unfit: Unfit) -> Row:
    """The failed row of a refusal."""
    return failed(check, unfit.expected, unfit.found)


def compare(check: str, expected: Any, found: Any, place: str = "") -> Row:
    """`ok` if two JSON values are equal, else `failed` with the first place where they differ."""
    if type(expected) is type(found) and expected == found:
        return ok(check)
    steps: list[str] = [place] if place else []
    while True:
        if isinstance(expected, dict) and isinstance(found, dict):
            step = next(
                name for name in sorted({*expected, *found}) if _at(expected, name) != _at(found, name)
            )
            steps.append(f".{step}" if steps else step)
        elif isinstance(expected, list) and isinstance(found, list):
            both = zip(expected, found, strict=False)
            index = next((i for i, (one, other) in enumerate(both) if one != other), None)
            if index is None:
                where = " ".join(["".join(steps), f"{len(expected)} entries"]).strip()
                return failed(check, where, f"{len(found)} entries")
            step = index
            steps.append(f"[{index}]")
        else:
            return failed(check, f"{''.join(steps)} {_written(expected)}".strip(), _written(found))
        expected, found = _at(expected, step), _at(found, step)


_ABSENT = object()


def _at(value: Any, step: Any) -> Any:
    return value[step] if isinstance(value, list) else value.get(step, _ABSENT)


def _written(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value[:_SHOWN])) + "]"
    return "null" if value is None else str(value)


def _short(value: object) -> str:
    """One line of bounded length, without what a terminal would obey."""
    text = "".join(one if one.isprintable() else "\ufffd" for one in str(value)[: 2 * _SHOWN + 1])
    return text if len(text) <= 2 * _SHOWN else text[: 2 * _SHOWN] + "…"
