"""What click says of itself, in Chinese: the help of a command, and what is wrong with a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click
from rich.cells import cell_len

_HEADINGS = {"Options": "选项", "Commands": "命令", "Arguments": "参数"}
# What click writes beside an option -> how people read it.
_KINDS = (
    (re.compile(r"\bINTEGER RANGE\b|\bINTEGER\b"), "整数"),
    (re.compile(r"\bFLOAT RANGE\b|\bFLOAT\b"), "数"),
    (re.compile(r"\bTEXT\b"), "文字"),
    (re.compile(r"\bDIRECTORY\b"), "文件夹"),
    (re.compile(r"\bFILE\b|\bPATH\b"), "文件"),
    (re.compile(r"\[%Y-.*\]"), "日期时间"),
)
_EXTRAS = (
    (re.compile(r"^required$"), "必填"),
    (re.compile(r"^default: (.*)$"), r"默认 \1"),
    (re.compile(r"^x>=(\S+)$"), r"不小于 \1"),
    (re.compile(r"^x<=(\S+)$"), r"不大于 \1"),
    (re.compile(r"^(\S+?)<=x<=(\S+)$"), r"\1 至 \2"),
)
# All that click adds at the end of a help text, in one pair of brackets.
_ADDED = re.compile(r"\[((?:required|default: |x[<>]=|\S+<=x<=)[^\]]*)\]$")


class ChineseHelp(click.HelpFormatter):
    """click's help with Chinese headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Writes the usage line."""
        super().write_usage(
            prog, args.replace("COMMAND [ARGS]...", "命令 …").replace("[OPTIONS]", "[选项]"), "用法："
        )

    def write_heading(self, heading: str) -> None:
        """Writes a section's heading."""
        super().write_heading(_HEADINGS.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Writes a list of options or commands; a Chinese character is two columns wide."""
        listed = [(_replaced(first, _KINDS), _ADDED.sub(_extras, second)) for first, second in rows]
        second_at = min(max(cell_len(first) for first, _ in listed), col_max) + col_spacing
        for first, second in listed:
            begun = f"{'':>{self.current_indent}}{first}"
            lines = _lines(second, max(self.width - second_at - self.current_indent, _NARROWEST))
            if cell_len(first) <= second_at - col_spacing:
                self.write(f"{begun}{' ' * (second_at - cell_len(first))}{lines.pop(0)}\n")
            else:
                self.write(f"{begun}\n")
            for line in lines:
                self.write(f"{'':>{self.current_indent + second_at}}{line}\n")


_NARROWEST = 10
# What stays together on a line: a word of Latin letters, or one character with the marks that follow it.
_PIECE = re.compile(r" +|［[^］]*］|[!-~]+[，。；：、）》”’？］]*|[^ !-~][，。；：、）》”’？］]*")


def _lines(text: str, width: int) -> list[str]:
    """The text in lines of so many columns; what does not go into one has a line of its own."""
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def _replaced(text: str, table: Iterable[tuple[re.Pattern[str], str]]) -> str:
    for pattern, words in table:
        text = pattern.sub(words, text)
    return text


def _extras(added: re.Match[str]) -> str:
    return "［" + "；".join(_replaced(one, _EXTRAS) for one in added[1].split("; ")) + "］"


def in_chinese(error: click.ClickException) -> str:
    """What click found wrong, in Chinese and without quoting more than the option's name."""
    match error:
        case click.exceptions.NoSuchOption():
            near = f"，是不是 {'、'.join(error.possibilities)}" if error.possibilities else ""
            return f"没有选项 {error.option_name}{near}"
        case click.exceptions.BadOptionUsage():
            has_value = "does not take" in error.message
            return f"选项 {error.option_name} 后面{'不写' if has_value else '缺少'}值"
        case click.exceptions.MissingParameter():
            return f"缺少{_parameter(error).rstrip()}"
        case click.exceptions.BadParameter():
            return f"{_parameter(error)}的值不对{_what_may_stand(error)}"
        case click.exceptions.FileError():
            return f"文件打不开：{error.ui_filename}"
    message = error.format_message()
    if message.startswith("No such command"):
        return f"没有命令 {message.split(chr(39))[1]}"
    if "unexpected extra argument" in message:
        return "参数太多"
    if message.startswith("Missing command"):
        return "缺少命令"
    return message.rstrip(".")


# How click's sentence about a path ends -> what is so.
_PATHS = (
    ("is a file.", "这是文件，不是文件夹"),
    ("is a directory.", "这是文件夹，不是文件"),
    ("is not readable.", "没有读取权限"),
    ("is not writable.", "没有写入权限"),
    ("does not exist.", "没有这个文件或文件夹"),
)


def _what_may_stand(error: click.exceptions.BadParameter) -> str:
    """What may be written there, as far as the parameter's type says so."""
    match error.param.type if error.param is not None else None:
        case click.Path():
            return next((f"：{words}" for end, words in _PATHS if error.message.endswith(end)), "")
        case click.Choice() as choice:
            return f"，可以写 {'、'.join(map(str, choice.choices))}"
        case click.IntRange() as numbers:
            return f"，应为{_range(numbers)}整数"
        case click.FloatRange() as numbers:
            return f"，应为{_range(numbers)}数"
        case click.DateTime():
            return "，应为日期时间，如 2024-05-30T21:15"
        case click.types.IntParamType():
            return "，应为整数"
        case click.types.FloatParamType():
            return "，应为数"
    return ""


def _range(numbers: click.IntRange | click.FloatRange) -> str:
    if numbers.min is None or numbers.max is None:
        return "" if numbers.min is None else f"不小于 {numbers.min} 的"
    return f" {numbers.min} 至 {numbers.max} 的"


def _parameter(error: click.exceptions.BadParameter) -> str:
    if error.param is None:
        return error.param_hint if isinstance(error.param_hint, str) else "参数"
    if isinstance(error.param, click.Option):
        return f"选项 {error.param.opts[0]} "
    return f"参数 {error.param.human_readable_name} "
