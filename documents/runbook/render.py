"""The runbook as Markdown: whom to call, what one sees, and an entry for every code of the catalogue."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from documents.markdown import cell
from documents.runbook.advice import Advice, advice_on, area, area_of, known_areas, roles, symptoms, words_of
from schemas.errors import Entry, catalogue


@dataclass(frozen=True)
class Language:
    """One language of the runbook: its suffix in the data files and the words of its frame."""

    suffix: str
    words: str
    frame: Mapping[str, str]
    entry: Callable[[str, Entry, Advice], Iterator[str]]


def runbook(language: Language) -> str:
    """The whole runbook, one heading `### DB-…` for each code, which gives it the anchor `#db-…`."""
    by_area: dict[str, list[str]] = {key: [] for key in known_areas()}
    for code in catalogue():
        by_area.setdefault(area_of(code), []).append(code)
    areas = [key for key, codes in by_area.items() if codes]
    frame = language.frame
    lines = [frame["head"], "", *_contents(areas, by_area, language), ""]
    lines += [f"## {frame['whom']}", "", frame["whom_about"], "", *_roles(language), ""]
    lines += [f"## {frame['seen']}", "", *_symptoms(language), ""]
    for key in areas:
        texts = area(key)
        lines += [f"## {_of(texts, 'title', language)}", "", _of(texts, "about", language), ""]
        for code in by_area[key]:
            lines += [f"### {code}", "", *language.entry(code, catalogue()[code], advice_on(code)), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _of(texts: object, key: str, language: Language) -> str:
    return str(getattr(texts, key + language.suffix))


def _contents(areas: Sequence[str], by_area: Mapping[str, list[str]], language: Language) -> Iterator[str]:
    frame = language.frame
    yield f"- [{frame['whom']}](#{anchor(frame['whom'])})"
    yield f"- [{frame['seen']}](#{anchor(frame['seen'])})"
    for key in areas:
        title, codes = _of(area(key), "title", language), by_area[key]
        spans = f"{codes[0]}…{codes[-1].rpartition('-')[2]}" if len(codes) > 1 else codes[0]
        yield f"- [{title}](#{anchor(title)})  {spans}{frame['count'].format(count=len(codes))}"


def _roles(language: Language) -> Iterator[str]:
    yield language.frame["roles"]
    yield "|---|---|---|"
    for one in roles().values():
        cells = (one[key + language.suffix] for key in ("name", "answers", "bring"))
        yield "| " + " | ".join(cells) + " |"


def _symptoms(language: Language) -> Iterator[str]:
    yield language.frame["symptoms"]
    yield "|---|---|---|"
    for one in symptoms():
        codes = " ".join(f"[{code}](#{code.lower()})" for code in one["codes"])
        yield f"| {one['see' + language.suffix]} | {one['first' + language.suffix]} | {codes} |"


def anchor(heading: str) -> str:
    """The anchor that Markdown viewers give to a heading: lower case, blanks as dashes, no punctuation."""
    kept = (c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")
    return "".join(kept)


class _Word:
    """A placeholder's word; the catalogue's format of a number is not the runbook's."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __format__(self, _: str) -> str:
        return self._text


class _Words(dict[str, Any]):
    """Placeholders by name; one without a word of its own is an ellipsis."""

    def __missing__(self, _: str) -> _Word:
        return _Word("……")


def in_words(sentence: str, known: Mapping[str, str]) -> str:
    """A sentence of the catalogue with words in place of its facts, for a page that has no facts."""
    filled = {name: _Word(f"〔{word}〕") for name, word in known.items()}
    return string.Formatter().vformat(sentence, (), _Words(filled))


def _entry_zh(code: str, entry: Entry, advice: Advice) -> Iterator[str]:
    known = words_of(code, "zh")
    yield f"**{cell(in_words(entry.zh, known))}**"
    yield ""
    yield f"- 影响：{advice.effect}"
    yield from _steps("先看", advice.look)
    yield from _steps("怎么办", (cell(in_words(entry.act, known)), *advice.press))
    yield from _steps("找谁", [f"{roles()[role]['name']}（{when}）" for role, when in advice.call])


def _steps(heading: str, steps: Sequence[str]) -> Iterator[str]:
    if len(steps) == 1:
        yield f"- {heading}：{steps[0]}"
        return
    yield f"- {heading}："
    yield from (f"  {number}. {step}" for number, step in enumerate(steps, 1))


def _entry_en(code: str, entry: Entry, advice: Advice) -> Iterator[str]:
    said = in_words(entry.en, words_of(code, "en"))
    yield f"**{cell(said[0].upper() + said[1:])}**"
    yield ""
    yield f"- Look: {advice.look_en}"
    yield f"- Do: {advice.press_en}"
    yield f"- Call: {', '.join(roles()[role]['name_en'] for role, _ in advice.call)}."
    yield f"- In full, in Chinese: [{code}](runbook.md#{code.lower()})"


_HEAD_ZH = """# 操作手册

[English](runbook.en.md)

本页由 `python -m documents.runbook` 从 `schemas/errors/` 和 `documents/runbook/` 生成，请勿直接改本页。

每条提示的末尾都有代码，如“（DB-RUN-009）”。在本页搜索这个代码即可。每一条写明：影响、先看什么、怎么办、找谁。
〔〕内是提示里写出的具体内容。

先记住四句话：

1. **重新运行是安全的。** 界面上的 Retry、Run 和命令 `drawbridge run` 都只做未完成的部分，已经受理的不再报送。
2. **结果不明的不要手工补报。** 系统先查询再定，手工补录会造成重复公示。
3. **不要删改台账和证书。** 看不懂的，停下来找人。
4. **不要把姓名、身份证号、手机号写进理由、备注或群消息。** 写统一社会信用代码和提示代码就够了。

常用的看法：界面的 Runs 页看运行，点开一次运行，Artifacts 页签看说明，Logs 页签看日志；
`drawbridge campaign show 任务编号` 看任务走到哪一步；`drawbridge publish status 任务编号` 看各户公示情况；
`drawbridge doctor` 看安装是否正常。"""

_HEAD_EN = """# Runbook

[中文（完整）](runbook.md)

Printed by `python -m documents.runbook --en` from the error catalogue (`schemas/errors/`) and
`documents/runbook/`; do not edit this page. The people who operate this work in Chinese, so the Chinese
page is the full one: it has steps for single codes, this one those of each range of codes.

Four things first. Running again is safe: what was accepted is not sent again. Never enter by hand what is
unclear: the program asks before it decides. Never change the ledger or a certificate. No personal data in
reasons, notes or chats."""

LANGUAGES = {
    "zh": Language(
        "",
        "zh",
        {
            "head": _HEAD_ZH,
            "whom": "找谁",
            "whom_about": "电话由各单位填在打印件上，不写进本页。联系时说明提示代码、任务编号和发生时间。",
            "seen": "按看到的情况查",
            "roles": "| 找谁 | 管什么 | 联系前备好 |",
            "symptoms": "| 看到 | 先做 | 可能的代码 |",
            "count": "，{count} 条",
        },
        _entry_zh,
    ),
    "en": Language(
        "_en",
        "en",
        {
            "head": _HEAD_EN,
            "whom": "Whom to call",
            "whom_about": "Each office writes its telephone numbers on its printed copy.",
            "seen": "By what you see",
            "roles": "| Whom | answers for | have at hand |",
            "symptoms": "| You see | first | it may be |",
            "count": ", {count} entries",
        },
        _entry_en,
    ),
}
