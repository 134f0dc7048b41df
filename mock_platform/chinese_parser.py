"""argparse in Chinese: its headings, its own lines of help, and what is wrong with a command line.

>>> parser = ChineseParser(prog="mock", description="模拟平台。")
>>> parser.add_argument("--port", type=int, help="端口")
>>> parser.format_usage()
'用法：mock [-h] [--port PORT]\n'
"""

from __future__ import annotations

import argparse
import errno
import re
import sqlite3
import ssl
import unicodedata
from typing import Any, NoReturn

import yaml

_NARROWEST = 20
# What stays together on a line: a word of Latin letters, or one character with the marks that follow it.
_PIECE = re.compile(r"\s+|[!-~]+[，。；：、）…]*|[^\s!-~][，。；：、）…]*")

# argparse's sentence about a command line -> ours; what the groups hold is names of options and choices.
_FAULTS = (
    (re.compile(r"the following arguments are required: (.*)"), r"缺少选项 \1"),
    (re.compile(r"unrecognized arguments: (.*)"), r"没有这样的选项或参数：\1"),
    (re.compile(r"ambiguous option: (\S+) could match (.*)"), r"选项 \1 不止一个：\2"),
    (re.compile(r"expected (?:one argument|at least one argument|\d+ arguments?)"), "后面缺少值"),
    (re.compile(r"ignored explicit argument .*"), "后面不写值"),
    (re.compile(r"not allowed with argument (.*)"), r"不能与 \1 同时给出"),
    (re.compile(r"invalid choice: (.*) \(choose from (.*)\)"), r"的值 \1 不对，可以写 \2"),
    (re.compile(r"invalid int value: (.*)"), r"的值 \1 不对，应为整数"),
    (re.compile(r"invalid \S+ value: (.*)"), r"的值 \1 不对"),
)


class ChineseHelp(argparse.HelpFormatter):
    """argparse's help with Chinese headings, on lines where a Chinese character is two columns wide."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """Adds the usage line."""
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _lines(text, width)

    def _format_action(self, action: argparse.Action) -> str:
        written, head = super()._format_action(action), self._format_action_invocation(action)
        return written.replace(head + " " * (_columns(head) - len(head)), head, 1)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in _lines(text, width - len(indent)))


class ChineseParser(argparse.ArgumentParser):
    """A parser that speaks Chinese; a wrong command line ends the process with 2 and one sentence."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": ChineseHelp, "add_help": False, **given})
        self._positionals.title, self._optionals.title = "参数", "选项"
        self.add_argument("-h", "--help", action="help", help="显示本说明")

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where the help is."""
        self.exit(2, f"{self.prog}：{in_chinese(message)}。用法见 {self.prog} --help\n")


def in_chinese(message: str) -> str:
    """What argparse found wrong, in Chinese; words of ours in it stay as they are."""
    option, rest = "", message
    if named := re.fullmatch(r"argument (\S+): (.*)", message, re.DOTALL):
        option, rest = f"选项 {named[1].rpartition('/')[2]} ", named[2]
    for pattern, words in _FAULTS:
        if pattern.fullmatch(rest):
            return option + pattern.sub(words, rest)
    return option + rest


# What the operating system says most often when the mock cannot be started.
_PROBLEMS = {
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EISDIR: "这是文件夹，不是文件",
    errno.ENOTDIR: "路径中有一段不是文件夹",
    errno.EACCES: "没有权限",
    errno.ENOSPC: "磁盘空间不足",
    errno.EADDRINUSE: "端口已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
}


def why(error: Exception) -> str:
    """Why the mock was not started, on one line."""
    match error:
        case UnicodeDecodeError():
            return "文件不是 UTF-8 文字"
        case ssl.SSLError():
            return "证书和密钥读不懂，或不是一对"
        case sqlite3.Error():
            return "状态文件打不开，或不是模拟平台的状态"
        case OSError() if error.errno in _PROBLEMS:
            return _PROBLEMS[error.errno] + (f"：{error.filename}" if error.filename else "")
        case yaml.MarkedYAMLError() if error.problem_mark is not None:
            return f"计划文件第 {error.problem_mark.line + 1} 行读不懂"
        case ValueError() if str(error):
            return str(error)
        case KeyError():
            return f"计划里缺少 {error}"
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _lines(text: str, width: int) -> list[str]:
    lines = [""]
    for piece in _PIECE.findall(text):
        if lines[-1] and _columns(lines[-1] + piece.rstrip()) > max(width, _NARROWEST):
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
