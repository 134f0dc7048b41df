"""The audit as Markdown in both languages, and as plain data for `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from documents.draw_audit import words
from documents.draw_audit.verdict import explanation, method_text, verdict
from documents.draw_audit.words import EN, QUESTIONS, ZH
from documents.markdown import cell
from draw.audit.judgement import Judged, Judgement

_TITLE = ("抽取随机性审计", "Statistical audit of a draw")
_HARD = ("硬性核查", "Hard checks")
_TESTS = ("检验", "Tests")
_POWER = ("能发现什么", "What would have been noticed")
_METHOD = ("说明", "Method")
_HARD_HEAD = (("核查", "结果", "说明"), ("check", "result", "detail"))
_TEST_HEAD = (
    ("检验", "看到的", "p", "校正后", "结论"),
    ("test", "seen", "p", "adjusted", "verdict"),
)
_NOT_MADE = ("数据不足，未做：", "Too little to go by for: ")


def result_text(test: Judged, language: int) -> str:
    """One word or two on a test."""
    return (("单凭随机很难出现", "hardly chance") if test.flagged else ("与随机相符", "compatible"))[language]


def markdown(judgement: Judgement) -> str:
    """The report: Chinese first, then English."""
    return "\n".join([*_section(judgement, ZH), "---", "", *_section(judgement, EN)])


def _section(judgement: Judgement, language: int) -> list[str]:
    lines = [f"# {_TITLE[language]}", "", f"**{cell(verdict(judgement, language))}**", ""]
    design = words.design_text(judgement, language)
    lines += [design[0].upper() + design[1:] + ("。", ".")[language]]
    lines += [explanation(judgement, language), "", f"## {_HARD[language]}", ""]
    lines += _table(_HARD_HEAD[language], [words.hard_line(one, language) for one in judgement.hard])
    lines += ["", f"## {_TESTS[language]}", ""]
    rows = [
        (
            QUESTIONS[test.outcome.test].name[language],
            words.seen(test.outcome, judgement, language),
            words.p_text(test.outcome.p),
            words.p_text(test.adjusted),
            result_text(test, language),
        )
        for test in judgement.tests
    ]
    lines += _table(_TEST_HEAD[language], rows)
    if judgement.not_made:
        names = [QUESTIONS[name].name[language] for name in judgement.not_made]
        lines += ["", _NOT_MADE[language] + ("、", ", ")[language].join(names) + ("。", ".")[language]]
    lines += ["", f"## {_POWER[language]}", ""]
    for test in judgement.tests:
        question = QUESTIONS[test.outcome.test]
        power = words.power_text(test, judgement, language)
        mark, end = ("：", "。") if language == ZH else (": ", "? ")
        lines.append(f"- {question.name[language]}{mark}{question.asks[language]}{end}{power}")
    return [*lines, "", f"## {_METHOD[language]}", "", method_text(judgement, language), ""]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(cell(text) for text in row) + " |" for row in rows]


def data(judgement: Judgement) -> dict[str, Any]:
    """The report as one JSON document; `tests[].p` and `adjusted` as numbers, the words in both languages."""
    return {
        "compatible": judgement.compatible,
        "verdict": {"zh": verdict(judgement, ZH), "en": verdict(judgement, EN)},
        "eligible": judgement.series.size,
        "draws": [
            {"name": name, "drawn": len(draw)}
            for name, draw in zip(judgement.names, judgement.series.draws, strict=True)
        ],
        "stratified": judgement.stratified,
        "level": judgement.level,
        "seed": judgement.seed,
        "simulated": judgement.simulated,
        "hard": [
            {
                "check": one.check,
                "name": words.HARD[one.check][ZH],
                "state": one.state,
                "faults": one.faults,
                "examples": [list(example) for example in one.examples],
            }
            for one in judgement.hard
        ],
        "tests": [_test(test, judgement) for test in judgement.tests],
        "not_made": list(judgement.not_made),
    }


def _test(test: Judged, judgement: Judgement) -> dict[str, Any]:
    return {
        "test": test.outcome.test,
        "name": QUESTIONS[test.outcome.test].name[ZH],
        "p": test.outcome.p,
        "method": test.outcome.method,
        "adjusted": test.adjusted,
        "flagged": test.flagged,
        "facts": dict(test.outcome.facts),
        "seen": {
            "zh": words.seen(test.outcome, judgement, ZH),
            "en": words.seen(test.outcome, judgement, EN),
        },
        "power": test.power._asdict() if test.power else None,
    }
