"""The audit as one HTML page: everything inside it, nothing fetched, no script."""

from __future__ import annotations

from html import escape

from documents.draw_audit import pictures, words
from documents.draw_audit.tables import result_text
from documents.draw_audit.verdict import explanation, method_text, verdict
from documents.draw_audit.words import EN, QUESTIONS, ZH
from draw.audit.judgement import Judged, Judgement

_STYLE = """
:root { color-scheme: light;
  --ink: #1d2733; --quiet: #66717f; --rule: #d9dee4; --blue: #2b5f9e; --warn: #b3541e; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f8; color: var(--ink);
  font: 15px/1.6 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", sans-serif; }
main { max-width: 980px; margin: 0 auto; padding: 24px 28px 48px; background: #fff; }
h1 { font-size: 22px; margin: 0 0 14px; } h2 { font-size: 17px; margin: 34px 0 6px; }
small, .en { color: var(--quiet); font-size: 13px; }
h1 small, h2 small { font-weight: normal; margin-left: 8px; }
.verdict { padding: 14px 18px; border-left: 6px solid #2e7d4f; background: #edf6f0; font-size: 18px; }
.verdict.unlikely { border-color: var(--warn); background: #fbf1ea; }
.verdict p { margin: 0; } .verdict p + p { font-size: 14px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 6px 8px; border-bottom: 1px solid var(--rule); }
th { color: var(--quiet); font-weight: normal; } td.n { text-align: right; white-space: nowrap; }
td:last-child { white-space: nowrap; } tr.far td { background: #fbf1ea; }
tr.far td:last-child { color: var(--warn); }
figure { margin: 8px 0 0; } figcaption { color: var(--quiet); font-size: 13px; }
svg { display: block; width: 100%; height: auto; font-size: 12px; }
svg text { fill: var(--quiet); } .mid { text-anchor: middle; } .end { text-anchor: end; }
.grid { stroke: #eceff2; } .axis { stroke: #aab3bd; }
.tick { stroke: var(--blue); stroke-width: 1.6; fill: none; }
.band { fill: #dfe7f0; } .bar { fill: #5b86b8; } .bar.far { fill: var(--warn); }
.mean { stroke: #33475e; stroke-width: 1.5; stroke-dasharray: 4 3; }
ul { padding-left: 20px; margin: 6px 0; } li { margin: 6px 0; }
@media print { body { background: #fff; } main { padding: 0; } }
"""


def page(judgement: Judgement) -> str:
    """The whole page; Chinese first, English in small letters beside it."""
    state = "" if judgement.compatible else " unlikely"
    band = (
        f'<div class="verdict{state}"><p><b>{_e(verdict(judgement, ZH))}</b></p>'
        f"<p>{_e(explanation(judgement, ZH))}</p>"
        f'<p class="en">{_e(verdict(judgement, EN))}. {_e(explanation(judgement, EN))}</p></div>'
    )
    parts = [
        "<h1>这次抽查是不是随机的？<small>Statistical audit of a draw</small></h1>",
        band,
        _design(judgement),
        *_pictures(judgement),
        _heading("检验", "Tests"),
        _tests(judgement),
        _heading("硬性核查", "Hard checks"),
        _hard(judgement),
        _heading("能发现什么", "What would have been noticed"),
        _powers(judgement),
        _heading("说明", "Method"),
        f"<p>{_e(method_text(judgement, ZH))}</p><p class='en'>{_e(method_text(judgement, EN))}</p>",
    ]
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>抽取随机性审计</title><style>{_STYLE}</style></head><body><main>"
        + "\n".join(parts)
        + "</main></body></html>\n"
    )


def _e(text: str) -> str:
    return escape(text)


def _heading(zh: str, en: str) -> str:
    return f"<h2>{zh}<small>{en}</small></h2>"


def _design(judgement: Judgement) -> str:
    zh, en = (words.design_text(judgement, language) for language in (ZH, EN))
    return f"<p>{_e(zh)}。 <span class='en'>{_e(en)}.</span></p>"


def _pictures(judgement: Judgement) -> list[str]:
    draws = len(judgement.series.draws)
    note = f"，只画出前 {pictures.MOST_DRAWS} 次" if draws > pictures.MOST_DRAWS else ""
    parts = [
        _heading("抽中对象在名单中的位置", "Places in the list"),
        _figure(pictures.places(judgement), f"每行一次抽取，从名单之首到末尾，一条竖线一户{note}。"),
        _heading("相邻抽中对象的间隔", "Gaps"),
        _figure(
            pictures.gap_picture(judgement),
            "虚线为随机时的平均，浅色带为上下三个标准差，公正的抽取绝大多数在带内。",
        ),
    ]
    for test in judgement.tests:
        if test.outcome.test != "remainders" and "classes" in test.outcome.facts:
            name = QUESTIONS[test.outcome.test].name
            parts += [_heading(name[ZH], name[EN]), _figure(pictures.class_picture(test), "各类抽中的户次。")]
    if draws > 1:
        parts += [
            _heading("每户被抽中的次数", "Times drawn"),
            _figure(pictures.times_picture(judgement), "横轴为次数，纵轴为户数。"),
        ]
    return parts


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{_e(caption)}</figcaption></figure>"


def _tests(judgement: Judgement) -> str:
    head = "<tr><th>检验</th><th>看到的</th><th>p</th><th>校正后</th><th>结论</th></tr>"
    rows = "".join(_test(test, judgement) for test in judgement.tests)
    skipped = ""
    if judgement.not_made:
        names = "、".join(QUESTIONS[name].name[ZH] for name in judgement.not_made)
        skipped = f"<p>数据不足，未做：{_e(names)}。</p>"
    return f"<table>{head}{rows}</table>{skipped}"


def _test(test: Judged, judgement: Judgement) -> str:
    name = QUESTIONS[test.outcome.test].name
    zh, en = (words.seen(test.outcome, judgement, language) for language in (ZH, EN))
    return (
        f"<tr{' class=far' if test.flagged else ''}>"
        f"<td>{_e(name[ZH])}<br><span class='en'>{_e(name[EN])}</span></td>"
        f"<td>{_e(zh)}<br><span class='en'>{_e(en)}</span></td>"
        f"<td class='n'>{_e(words.p_text(test.outcome.p))}<br>"
        f"<span class='en'>{words.METHODS[test.outcome.method][ZH]}</span></td>"
        f"<td class='n'>{_e(words.p_text(test.adjusted))}</td><td>{result_text(test, ZH)}</td></tr>"
    )


def _hard(judgement: Judgement) -> str:
    rows = []
    for finding in judgement.hard:
        name, state, detail = words.hard_line(finding, ZH)
        english = words.HARD[finding.check][EN]
        kind = " class=far" if finding.state == "failed" else ""
        rows.append(
            f"<tr{kind}><td>{_e(name)}<br><span class='en'>{_e(english)}</span></td><td>{_e(detail)}</td>"
            f"<td>{_e(state)}</td></tr>"
        )
    return f"<table><tr><th>核查</th><th>说明</th><th>结果</th></tr>{''.join(rows)}</table>"


def _powers(judgement: Judgement) -> str:
    items = []
    for test in judgement.tests:
        question = QUESTIONS[test.outcome.test]
        zh, en = (words.power_text(test, judgement, language) for language in (ZH, EN))
        items.append(
            f"<li><b>{_e(question.name[ZH])}</b>：{_e(question.asks[ZH])}。{_e(zh)}"
            f"<br><span class='en'>{_e(question.asks[EN])}? {_e(en)}</span></li>"
        )
    return f"<ul>{''.join(items)}</ul>"
