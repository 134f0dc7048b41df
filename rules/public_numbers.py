"""Public numbers that a plan may name: state lotteries, and how their results are written.

A draw takes one number that nobody here controls (draw-spec.md §2).  Alone it has to have a
million likely values or more; with fewer it depends on at least one honest department.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ENOUGH_VALUES = 1_000_000


@dataclass(frozen=True)
class NumberKind:
    """A lottery: how an issue is named and its result written.

    `issue` describes the issue's digits (a four- or two-digit year and a running number);
    `format` and `pattern` as draw-spec.md §2; `values`: number of different results.
    """

    name: str
    issue: re.Pattern[str]
    format: str
    pattern: str
    values: int


# Issues of the welfare lottery (福彩) carry a four-digit year, of the sports lottery (体彩) two digits.
_LONG = re.compile(r"20[0-9]{5}")
_SHORT = re.compile(r"[0-9]{5}")

_LONGEST = 4096
_REPEATED = re.compile(
    r"(?:(?P<one>[D0-9 ])(?=\{)|\((?P<group>[D0-9 ]+)\))(?:\{(?P<count>[1-9][0-9]{0,3})\})?"
)

NUMBER_KINDS: tuple[NumberKind, ...] = (
    NumberKind(
        "双色球", _LONG, "红球升序六个，蓝球一个，两位数字，单个空格", r"^[0-9]{2}( [0-9]{2}){6}$", 17_721_088
    ),
    NumberKind(
        "大乐透",
        _SHORT,
        "前区升序五个，后区升序两个，两位数字，单个空格",
        r"^[0-9]{2}( [0-9]{2}){6}$",
        21_425_712,
    ),
    NumberKind("排列5", _SHORT, "五个数字，按开奖次序，单个空格", r"^[0-9]( [0-9]){4}$", 100_000),
    NumberKind("福彩3D", _LONG, "三个数字，按开奖次序，单个空格", r"^[0-9]( [0-9]){2}$", 1_000),
)


def kind_of(number_id: str) -> NumberKind | None:
    """The kind that an id such as `双色球2024061` names with a well-formed issue, or None."""
    for kind in NUMBER_KINDS:
        if number_id.startswith(kind.name) and kind.issue.fullmatch(number_id.removeprefix(kind.name)):
            return kind
    return None


def is_pattern(pattern: str) -> bool:
    """Whether a pattern of the plan's own keeps to draw-spec.md §2, so that the draw will accept it.

    `^` to `$`, with ASCII digits, single blanks, `[0-9]`, `{n}` and `( … )`: it describes texts of one
    length, from 1 to 4,096 characters, without a blank at either end.
    """
    if not re.fullmatch(r"\^[0-9 \[\]\-{}()]+\$", pattern) or "}{" in pattern:
        return False
    # Written out with one character for each position, the innermost repetition first; D is any digit.
    written, before = pattern[1:-1].replace("[0-9]", "D"), ""
    while written != before:
        if len(written) > _LONGEST:
            return False
        before, written = written, _REPEATED.sub(_written_out, written, count=1)
    return (
        re.fullmatch("[D0-9 ]+", written) is not None and "  " not in written and written == written.strip()
    )


def _written_out(match: re.Match[str]) -> str:
    unit = match["one"] or match["group"]
    # One position too many is as good as a million: refused either way.
    return (unit * min(int(match["count"] or 1), _LONGEST + 1))[: _LONGEST + 1]
