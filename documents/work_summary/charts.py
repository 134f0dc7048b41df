"""The charts of a work summary, as PNG: readable without colour, Chinese from the papers' fonts."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.font_manager import FontPath, FontProperties
from matplotlib.ticker import MaxNLocator

from documents.paper.fonts import find_faces
from documents.paper.press import PressSettings
from rules.campaign_summary import CampaignSummary, Passage, is_problem

_WIDTH, _DPI = 6.1, 200  # inches: the text's width on A4 with the margins of official documents
_BAR = 0.34
_GAP = 0.16
_INCHES = 0.52  # to one unit across the bars
# Told apart by lightness and hatching, since most of these are printed in black and white.
_FILLS = (
    ("#1F4E79", ""),
    ("#9DC3E6", "///"),
    ("#595959", ""),
    ("#BFBFBF", "\\\\\\"),
    ("#DEEBF7", ""),
    ("#7F7F7F", "..."),
    ("#2E75B6", "xx"),
    ("#F2F2F2", "///"),
)
_LABEL_LIMIT = 18


class Chart(NamedTuple):
    """A picture with its caption and what it shows in one sentence, for readers who do not see it."""

    caption: str
    description: str
    png: bytes


def draw_charts(summary: CampaignSummary, settings: PressSettings | None = None) -> dict[str, Chart]:
    """The charts for which there is something to show, by key: results, items, disposals, timeline.

    Raises DrawbridgeError DB-PAPER-001 if the fonts are not there.
    """
    settings = settings or PressSettings()
    face = find_faces([settings.families[-1]], settings.fonts)[0]
    font = FontProperties(fname=FontPath(str(face.path), face.number), size=9)
    makers = {"results": _results, "items": _items, "disposals": _disposals, "timeline": _timeline}
    return {key: chart for key, make in makers.items() if (chart := make(summary, font)) is not None}


def _results(summary: CampaignSummary, font: FontProperties) -> Chart | None:
    """Results by code, a bar for each department."""
    codes = list(summary.results)
    if not codes:
        return None
    series = {one.name: [one.results.get(code, 0) for code in codes] for one in summary.departments}
    figure = _bars([code.label for code in codes], series, font, "项")
    told = "；".join(f"{code.label} {count} 项" for code, count in summary.results.items())
    return Chart("各部门检查结果（项）", f"{told}。", _png(figure))


def _items(summary: CampaignSummary, font: FontProperties) -> Chart | None:
    """Findings by item, one above the other by kind."""
    found = [one for one in summary.items if one.found]
    if not found:
        return None
    codes = [code for code in summary.results if is_problem(code)]
    series = {code.label: [one.problems.get(code, 0) for one in found] for code in codes}
    figure = _stacked([one.name for one in found], series, font, "项")
    told = "；".join(f"{one.name} {one.found} 项" for one in found)
    return Chart("按检查事项的问题（项）", f"{told}。", _png(figure))


def _disposals(summary: CampaignSummary, font: FontProperties) -> Chart | None:
    """What followed, in findings."""
    if not summary.disposals:
        return None
    labels = [one.label for one in summary.disposals]
    figure = _bars(labels, {"问题": list(summary.disposals.values())}, font, "项")
    told = "；".join(f"{one.label} {count} 项" for one, count in summary.disposals.items())
    return Chart("问题的处理（项）", f"{told}。", _png(figure))


def _timeline(summary: CampaignSummary, font: FontProperties) -> Chart | None:
    """Enterprises completed, entered and public by day, beside those whose limit was reached by then."""
    passages = summary.passages
    if not passages:
        return None
    lines = {
        "检查完成": [one.completed_on for one in passages],
        "结果录入": [one.entered_on for one in passages],
        "公示": [one.published_on for one in passages if one.published_on is not None],
        "公示期限": [one.limit for one in passages if not one.withheld],
    }
    figure = Figure(figsize=(_WIDTH, 3.0), dpi=_DPI, layout="constrained")
    axes: Any = figure.add_subplot()
    styles = (("#595959", ":"), ("#2E75B6", "--"), ("#1F4E79", "-"), ("#C00000", "-."))
    first = min(one.completed_on for one in passages) - timedelta(days=1)
    last = max(max(days) for days in lines.values() if days) + timedelta(days=1)
    for (name, days), (colour, style) in zip(lines.items(), styles, strict=True):
        if days:
            x, y = _steps(days, first, last)
            axes.step(x, y, where="post", label=name, color=colour, linestyle=style, linewidth=1.6)
    axes.set_ylabel("累计户数", fontproperties=font)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    _dates(axes, first, last)
    _plain(axes, font)
    figure.legend(prop=font, frameon=False, loc="outside lower center", ncols=len(lines))
    return Chart("检查完成、录入、公示的进度与公示期限（累计户数）", _told_days(passages), _png(figure))


def _steps(days: Sequence[date], first: date, last: date) -> tuple[list[date], list[int]]:
    counts = {day: days.count(day) for day in sorted(set(days))}
    return [first, *counts, last], [0, *accumulate(counts.values()), len(days)]


def _told_days(passages: Sequence[Passage]) -> str:
    public = [one.published_on for one in passages if one.published_on is not None]
    told = f"最早完成 {passages[0].completed_on}，最晚完成 {max(one.completed_on for one in passages)}"
    if public:
        told += f"；已公示 {len(public)} 户，最晚 {max(public)}"
    return f"{told}；最早的公示期限 {min(one.limit for one in passages)}。"


def _bars(
    labels: Sequence[str], series: Mapping[str, Sequence[int]], font: FontProperties, unit: str
) -> Figure:
    height = _BAR * len(series)
    figure = Figure(
        figsize=(_WIDTH, 0.6 + _INCHES * (_GAP + height) * len(labels) + 0.3 * (len(series) > 1)),
        dpi=_DPI,
        layout="constrained",
    )
    axes = figure.add_subplot()
    for number, ((name, values), (colour, hatch)) in enumerate(zip(series.items(), _FILLS, strict=False)):
        places = [place + (number - (len(series) - 1) / 2) * _BAR for place in _places(labels, height)]
        drawn = axes.barh(
            places,
            values,
            _BAR * 0.92,
            label=name,
            color=colour,
            hatch=hatch,
            edgecolor="#262626",
            linewidth=0.5,
        )
        axes.bar_label(drawn, labels=[str(value) for value in values], padding=2, fontproperties=font)
    axes.set_yticks(_places(labels, height), [_folded(label) for label in labels])
    _across(axes, font, unit, legend=len(series) > 1)
    return figure


def _stacked(
    labels: Sequence[str], series: Mapping[str, Sequence[int]], font: FontProperties, unit: str
) -> Figure:
    figure = Figure(
        figsize=(_WIDTH, 0.7 + 0.5 * len(labels) + 0.13 * len(series)), dpi=_DPI, layout="constrained"
    )
    axes = figure.add_subplot()
    before = [0] * len(labels)
    for (name, values), (colour, hatch) in zip(series.items(), _FILLS, strict=False):
        drawn = axes.barh(
            range(len(labels)), values, 0.55, left=before, label=name, color=colour, hatch=hatch,
            edgecolor="#262626", linewidth=0.5,
        )  # fmt: skip
        shown = [str(value) if value else "" for value in values]
        for text in axes.bar_label(drawn, labels=shown, label_type="center", fontproperties=font):
            text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})
        before = [left + value for left, value in zip(before, values, strict=True)]
    axes.set_yticks(range(len(labels)), [_folded(label) for label in labels])
    _across(axes, font, unit, legend=True)
    return figure


def _places(labels: Sequence[str], height: float) -> list[float]:
    return [place * (height + _GAP) for place in range(len(labels))]


def _across(axes: Any, font: FontProperties, unit: str, *, legend: bool) -> None:
    axes.invert_yaxis()
    axes.set_xlabel(unit, fontproperties=font)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.use_sticky_edges = False  # a bar of nothing would hold the right edge to its place
    axes.margins(x=0.08, y=0.04)
    axes.set_xlim(left=0)
    _plain(axes, font)
    if legend:
        axes.figure.legend(prop=font, frameon=False, loc="outside lower center", ncols=2)


def _plain(axes: Any, font: FontProperties) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font)


def _dates(axes: Any, first: date, last: date) -> None:
    """Seven days of the calendar at most, written as people write them."""
    step = max(1, -(-(last - first).days // 6))
    days = [first + timedelta(days=place) for place in range(0, (last - first).days + 1, step)]
    axes.set_xticks(days, [f"{day.month}月{day.day}日" for day in days])


def _folded(label: str) -> str:
    """A long name in two lines or three; what is longer still is cut, the table has it whole."""
    parts = [
        label[start : start + _LABEL_LIMIT // 2 + 2] for start in range(0, len(label), _LABEL_LIMIT // 2 + 2)
    ]
    return "\n".join(parts[:3]) + ("…" if len(parts) > 3 else "")


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
