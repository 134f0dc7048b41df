"""A row of the table in Chinese, for people; `Row.text` is the same in the words that verifiers share."""

from __future__ import annotations

import re

from verifier.recompute.table import Row

# Phrases of what was expected or found -> how people read them; the longer one first.
_PHRASES = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"canonical JSON \(RFC 8785\)", "规范形式的 JSON（RFC 8785）"),
        (r"another form from byte (\d+) on", r"自第 \1 字节起形式不同"),
        (r".* at line (\d+) column (\d+)$", r"第 \1 行第 \2 个字符处不是 JSON"),
        (r"lines of at most (\d+) bytes", r"每行不超过 \1 字节"),
        (r"a longer line (\d+)", r"第 \1 行更长"),
        (r"at most (\d+) bytes", r"不超过 \1 字节"),
        (r"an id of 1 to (\d+) bytes", r"1 至 \1 字节的编号"),
        (r"\b(\d+) bytes", r"\1 字节"),
        (r"\b(\d+) entries", r"\1 项"),
        (r"\b(\d+) objects", r"\1 个对象"),
        (r"\b(\d+) lines", r"\1 行"),
        (r"\b(\d+) columns", r"\1 列"),
        (r"as it was read before", "与先前读到的一致"),
        (r"another file", "另一份文件"),
        (r"\bafter (winners\[\d+\])", r"排在 \1 之后"),
        (r"^before it$", "排在它之前"),
        (r"(\d+) of stratum (.+)$", r"\2 层 \1 户"),
        (r"a line feed at the end of every line", "每行末尾有换行符"),
        (r"none at the end of line (\d+)", r"第 \1 行末尾没有"),
        (r"lines that end in LF, none empty", "各行以 LF 结尾，没有空行"),
        (r"three columns, none empty", "三列，都不空"),
        (r"one column", "一列"),
        (r"ids that rise", "编号依次递增"),
        (r"^one that does not$", "有一个不是"),
        (r"a stratum that is listed", "列出的层"),
        (r"salt and 64 hex digits in the first line", "首行为盐和 64 位十六进制数字"),
        (r"^something else$", "不是"),
        (r"^several$", "多列"),
        (r"inspectors of no other roster", "不在其他名录中的人员"),
        (r"^one of (.+)$", r"有 \1 中的一人"),
        (r"an object of (\S+)", r"\1 中的对象"),
        (r"an inspector of a roster", "名录中的人员"),
        (r"(\d+) inspectors of (\S+) who may visit it", r"\2 可以检查它的人员 \1 名"),
        (r"group (\d+) with its departments", r"第 \1 组及其部门"),
        (r"another in the full certificate", "与完整证书不同"),
        (r"a seat of the team in the full certificate", "完整证书中该组的席位"),
        (r"(\S+) later than (\S+)", r"\1 晚于 \2"),
        (r"an object that is visited, with its group", "受检对象及其组"),
        (r"an object that stands, once in a batch", "仍然有效的对象，一批中只有一次"),
        (r"somebody on the team", "组内人员"),
        (r" a department$", " 一个部门"),
        (r"a batch from (\d+) on", r"不小于 \1 的批次"),
        (r"(\S+) of round (\d+)", r"第 \2 轮的 \1"),
        (r"winners of listed strata", "抽中对象都属于列出的层"),
        (r"departments of the commitment", "承诺书中的部门"),
        (r"one that is (\S+)", r"有一个为 \1"),
        (r"at least one", "至少一个"),
        (r"its name", "名称合乎规定"),
        (r"each (\S+) once", r"每个 \1 一次"),
        (r"each member once", "每个成员一次"),
        (r"a member twice", "有成员重复"),
        (r"^one twice$", "有重复"),
        (r" a list$", " 为列表"),
        (r" an object$", " 为对象结构"),
        (r"whole numbers, few levels", "整数，层级不多"),
        (r"whole numbers", "整数"),
        (r"whole characters", "完整的字符"),
        (r"half of a surrogate pair", "半个代理对"),
        (r"a value with single blanks between digits", "数字之间各隔一个空格"),
        (r"a time YYYY", "时间 YYYY"),
        (r"a ratio", "比例"),
        (r"a pattern from \^ to \$", "从 ^ 到 $ 的格式"),
        (r"a day and an hour that exist", "存在的日期和时刻"),
        (
            r"brackets and counts that fit, a value of at most 4096 characters",
            "括号和次数合理，不超过 4096 字",
        ),
        (r"^byte (\d+)$", r"第 \1 字节处不是"),
        (r"^line (\d+)$", r"第 \1 行不是"),
        (r"^none$|\b(?:nothing|null)$", "无"),
        (r"^another$", "不同"),
        (r"^maximum recursion depth.*", "层级过多"),
        (r"^Exceeds the limit.*", "数字过长"),
        (r"^no value$", "没有公布值"),
        (r"^no (\S+)$", r"没有 \1"),
        (r" text$", " 文字"),
        (r" time$", " 时间"),
        (r" reason$", " 理由"),
        (r" from (\d+)$", r" 不小于 \1"),
        (r"^an object$", "对象结构"),
        (r"^a list$", "列表"),
        (r"^text$", "文字"),
        (r"^true or false$", "是否值"),
        (r"^a number$", "数字"),
    )
)
_MISSING = (
    ("the committed files", "与承诺书一致的文件"),
    ("the committed ", "与承诺书一致的 "),
    ("corrected certificate", "被更正的证书"),
    ("stage objects", "对象阶段"),
)

# A frozen file that was not given -> the option that it is given with.
_OPTIONS = tuple(
    (re.compile(rf"(?<!committed ){pattern}"), option)
    for pattern, option in (
        (r"eligible\.tsv", "--eligible"),
        (r"objects\.txt", "--objects"),
        (r"forbidden\.tsv", "--forbidden"),
        (r"roster-([^、]+)\.txt", r"--roster \1=…"),
    )
)


def in_chinese(row: Row) -> str:
    """The row's result: 相符, 不符 with both values, or 未核 with what was not given."""
    if row.state == "failed":
        return f"不符：应为 {_phrase(row.expected)}，实为 {_phrase(row.found)}"
    if row.state == "not checked":
        missing = re.sub(r"\(round (\d+)\)", r"（第 \1 轮）", row.missing)
        for file, option in _OPTIONS:
            missing = file.sub(option, missing)
        for words, ours in _MISSING:
            missing = missing.replace(f"({words})", f"（{ours}）").replace(words, ours)
        return f"未核：没有给出 {missing}"
    return "相符"


def _phrase(text: str) -> str:
    for pattern, words in _PHRASES:
        text = pattern.sub(words, text, count=1)
    return text
