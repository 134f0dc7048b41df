"""A plan file's bytes as a YAML tree; what is no YAML is told in the words of who typed it."""

from __future__ import annotations

import codecs
import re

import yaml

from schemas.errors import DrawbridgeError

LARGEST = 1_000_000
"""Bytes; a plan of a hundred departments has a tenth of this."""

# Beginnings of what PyYAML says -> what it mostly comes from.
_PROBLEMS = (
    ("found character '\\t'", "用了制表符（Tab），请改为空格"),
    ("found a tab character", "用了制表符（Tab），请改为空格"),
    ("found character", "值的第一个字符是符号，请给整个值加引号"),
    ("mapping values are not allowed", "一行里有两个冒号，或缩进与上一行不齐；含冒号的值请加引号"),
    ("could not find expected ':'", "缺少冒号，冒号后面要有空格"),
    ("expected <block end>", "缩进与同一层的其他行不齐"),
    ("expected ',' or", "括号没有闭合，或两项之间缺少逗号"),
    ("while parsing a flow", "括号没有闭合，或两项之间缺少逗号"),
    ("did not find expected", "括号或引号没有闭合"),
    ("found unexpected end of stream", "引号没有闭合"),
    ("found unexpected document", "引号没有闭合"),
    ("expected alphabetic or numeric", "值以 * 或 & 开头，请给整个值加引号"),
    ("found undefined alias", "用 * 引用了没有定义的内容；值以 * 开头请加引号"),
    ("found duplicate anchor", "用 & 定义的名称有重复"),
    ("but found another document", "一个文件里有两份计划（---）"),
    ("sequence entries are not allowed", "列表的“-”要另起一行"),
)
_WIDE_COLON = re.compile(r"^\s*(?:- *)?[^\s:：{}\[\]]{1,12}：")


def plan_tree(raw: bytes | str, name: str) -> yaml.Node:
    """The tree of a plan file; `name` is how errors call it. Nothing in it is built or expanded.

    Raises DrawbridgeError DB-PLAN-001 (encoding), -002 (no YAML, empty, too large) with the line.
    """
    if len(raw) > LARGEST:
        raise _refused(name, 1, f"文件超过 {LARGEST // 1000} KB，不是抽查计划")
    text = raw if isinstance(raw, str) else decoded(raw, name)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        raise _refused(name, text.count("\n", 0, error.position) + 1, "含有控制字符") from None
    except RecursionError:
        raise _refused(name, 1, "层次过多") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise _refused(name, line, _in_words(error, text, line)) from None
    if root is None:
        raise _refused(name, 1, "空文件")
    if isinstance(root, yaml.ScalarNode) and (wide := _wide_colon(text)):
        raise _refused(name, wide, _WIDE)
    return root


def decoded(raw: bytes, name: str) -> str:
    """The text of a plan file: UTF-8 with or without its mark, GB18030, or UTF-16 with its mark.

    Raises DrawbridgeError DB-PLAN-001.
    """
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DrawbridgeError("DB-PLAN-001", file=name)


_WIDE = "冒号要用半角（:），后面留一个空格"


def _in_words(error: yaml.YAMLError, text: str, line: int) -> str:
    lines = text.splitlines()
    near = lines[max(0, line - 2) : line]
    if any(_WIDE_COLON.match(one) for one in near):
        return _WIDE
    said = f"{getattr(error, 'problem', None) or ''}"
    told = next((words for start, words in _PROBLEMS if said.startswith(start)), None)
    if told is None and "\t" in "".join(near):
        return _PROBLEMS[0][1]
    return told or "写法不对"


def _wide_colon(text: str) -> int | None:
    """The first line whose key is followed by a full-width colon, from 1."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if _WIDE_COLON.match(line)), None)


def _refused(name: str, line: int, detail: str) -> DrawbridgeError:
    return DrawbridgeError("DB-PLAN-002", file=name, line=line, detail=detail)
