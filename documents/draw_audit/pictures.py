"""Pictures of an audit as SVG: where the drawn stand, their gaps, their classes, how often each was drawn."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from documents.draw_audit.words import QUESTIONS, ZH, class_name
from draw.audit.judgement import Judged, Judgement
from draw.audit.shown import gaps, times_drawn

WIDTH = 920
BAND = 3
"""Standard deviations to either side of the mean: where nearly all bars of fair draws end."""

_LEFT, _RIGHT = 150, 20
_ROW = 22
MOST_DRAWS = 40
"""Draws whose places are shown; the others are in the tests all the same."""


def places(judgement: Judgement) -> str:
    """One line per draw: the list from its head to its end, a tick for each drawn object."""
    series = judgement.series
    shown = list(zip(judgement.names, series.draws, strict=True))[:MOST_DRAWS]
    height = 26 + _ROW * len(shown) + 22
    scale = (WIDTH - _LEFT - _RIGHT) / series.size
    parts = []
    for tenth in range(11):
        x = _LEFT + tenth / 10 * (WIDTH - _LEFT - _RIGHT)
        parts.append(_line(x, 20, x, height - 22, "grid"))
        if tenth % 2 == 0:
            parts.append(_text(x, height - 6, f"{max(1, round(series.size * tenth / 10))}", "mid"))
    for row, (name, draw) in enumerate(shown):
        y = 26 + row * _ROW
        parts.append(_text(_LEFT - 10, y + 12, _short(name), "end"))
        parts.append(_line(_LEFT, y + 15, WIDTH - _RIGHT, y + 15, "axis"))
        ticks = "".join(f"M{_LEFT + (place + 0.5) * scale:.1f} {y + 1}v14" for place in draw.tolist())
        parts.append(f'<path class="tick" d="{ticks}"/>')
    return _svg(height, parts, "抽中对象在名单中的位置")


def gap_picture(judgement: Judgement) -> str:
    """Gaps between neighbouring drawn objects: how many of each length, with what chance gives."""
    found = gaps(judgement.series)
    names = [str(a) if a == b else f"{a}–{b}" for a, b in found.classes[:-1]] + [f"≥{found.classes[-1][0]}"]
    spread = [expected**0.5 for expected in found.expected]
    marked = _flagged(judgement, "step", "segment", "evenness")
    return _bars(names, found.observed, found.expected, spread, "相邻抽中对象的间隔", marked=marked)


def class_picture(test: Judged) -> str:
    """Drawn by class, with what chance gives."""
    facts = test.outcome.facts
    names = [class_name(name, ZH) for name in _list(facts["classes"])]
    observed = [int(str(n)) for n in _list(facts["observed"])]
    means = [float(str(n)) for n in _list(facts["means"])]
    deviations = [float(str(n)) for n in _list(facts["deviations"])]
    title = QUESTIONS[test.outcome.test].name[ZH]
    return _bars(names, observed, means, deviations, title, marked=test.flagged)


def times_picture(judgement: Judgement) -> str:
    """How many objects were drawn 0, 1, 2 … times over the series."""
    observed, expected = times_drawn(judgement.series)
    size = judgement.series.size
    spread = [(mean * max(0.0, 1 - mean / size)) ** 0.5 for mean in expected]
    names = [str(n) for n in range(len(observed) - 1)] + [f"≥{len(observed) - 1}"]
    marked = _flagged(judgement, "untouched", "favour", "repeats")
    return _bars(names, observed, expected, spread, "每户被抽中的次数", marked=marked)


def _flagged(judgement: Judgement, *tests: str) -> bool:
    return any(test.outcome.test in tests for test in judgement.unlikely)


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _bars(
    names: Sequence[str],
    observed: Sequence[int],
    means: Sequence[float],
    deviations: Sequence[float],
    title: str,
    *,
    marked: bool,
) -> str:
    """Bars of what was drawn; behind them the band and the mean of chance.

    `marked`: a test pointed this out, so bars beyond the band take the other colour. Otherwise none does: one
    bar in a few hundred is beyond it by chance.
    """
    left, top, bottom = 46, 14, 210
    tops = [mean + BAND * deviation for mean, deviation in zip(means, deviations, strict=True)]
    most = max(1.0, *observed, *tops) * 1.05
    pitch = (WIDTH - left - _RIGHT) / len(names)

    def up(value: float) -> float:
        return bottom - (bottom - top) * max(0.0, value) / most

    parts = [_line(left, bottom, WIDTH - _RIGHT, bottom, "axis")]
    for mark in _marks(most):
        parts += [
            _line(left, up(mark), WIDTH - _RIGHT, up(mark), "grid"),
            _text(left - 8, up(mark) + 4, f"{mark:g}", "end"),
        ]
    every = max(1, -(-len(names) * max(len(name) for name in names) * 7 // (WIDTH - left)))
    for index, (name, count, mean, deviation) in enumerate(
        zip(names, observed, means, deviations, strict=True)
    ):
        x = left + index * pitch
        high, low = up(mean + BAND * deviation), up(mean - BAND * deviation)
        tip = f"{name}：{count}，随机约 {mean:.1f}"
        kind = "bar far" if marked and abs(count - mean) > BAND * deviation else "bar"
        width = min(pitch * 0.56, 40)
        parts.append(_box(x + pitch * 0.06, high, pitch * 0.88, low - high, "band"))
        parts.append(_box(x + (pitch - width) / 2, up(count), width, bottom - up(count), kind, tip))
        parts.append(_line(x + pitch * 0.06, up(mean), x + pitch * 0.94, up(mean), "mean"))
        if index % every == 0:
            parts.append(_text(x + pitch / 2, bottom + 16, _short(name, 12), "mid"))
    return _svg(bottom + 24, parts, title)


def _marks(most: float) -> list[float]:
    """Round numbers up the side, three to seven of them."""
    unit = 1.0
    while most / unit > 7:
        unit *= 2 if str(unit).lstrip("0.")[0] in "15" else 2.5
    return [unit * n for n in range(1, int(most / unit) + 1)]


def _short(text: str, most: int = 11) -> str:
    return text if len(text) <= most else "…" + text[1 - most :]


def _svg(height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}">'
        + "".join(parts)
        + "</svg>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, kind: str, tip: str = "") -> str:
    inside = f"<title>{escape(tip)}</title>" if tip else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(0.0, height):.1f}"'
    return f'<rect class="{kind}" {place}>{inside}</rect>'
