"""The picture at the top of the board: the nine stages as a road, and the legal dates on a line of time.

Measured in Chromium on the pages of Prefect 3.8: Mermaid stays a block of code, inline SVG loses its shapes
and HTML its colours, while an image by `data:` address is shown, SVG included.  So the picture is an SVG in
such an address.  An image knows nothing of the page's theme: it has a ground of its own.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import date, timedelta
from html import escape

from flows.board.facts import Board, Limit, StageLine
from flows.telling.stage_names import state_name

_WIDTH, _ROAD_Y, _TIME_Y = 760, 46, 158
_GREEN, _AMBER, _RED, _BLUE, _GREY, _INK = "#2b8a3e", "#e67700", "#c92a2a", "#1c6fb8", "#ced4da", "#212529"

COLOURS = {"done": _GREEN, "waiting": _AMBER, "failed": _RED, "open": _BLUE, None: _GREY}
_MARKS = {"done": "✓", "waiting": "…", "failed": "!", "open": "▸", None: ""}


def picture(board: Board) -> str:
    """The board's SVG, for people who see; `alt_text` says the same to the others."""
    shown = [limit for limit in board.limits if _is_on_the_line(board, limit)]
    height = _TIME_Y + 50
    ground = f'<rect width="{_WIDTH}" height="{height}" rx="8" fill="#f8f9fa"/>'
    return _svg(_WIDTH, height, "".join((ground, *_road(board), *_time(board, shown))))


def image(svg: str, alt: str) -> str:
    """Markdown for an SVG, whole in the page's own text."""
    return f"![{alt}](data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8')).decode('ascii')})"


def alt_text(board: Board) -> str:
    """The picture in one sentence."""
    return "，".join(f"{line.title}{state_name(line.state)}" for line in board.stages)


def badge(text: str, colour: str = _RED) -> str:
    """A short text on a coloured ground, as Markdown: the pages show no colour any other way."""
    width = 16 + sum(13 if ord(letter) > 0x2E7F else 8 for letter in text)
    ground = f'<rect width="{width}" height="22" rx="4" fill="{colour}"/>'
    words = (
        f'<text x="{width / 2}" y="16" font-size="13" fill="#fff" text-anchor="middle">{escape(text)}</text>'
    )
    return image(_svg(width, 22, ground + words), text)


def _svg(width: int, height: int, inside: str) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">{inside}</svg>'


def _road(board: Board) -> Iterator[str]:
    step = _WIDTH / len(board.stages)
    for number, line in enumerate(board.stages):
        x = step * (number + 0.5)
        colour = COLOURS.get(line.state, _BLUE)
        if number:
            before = board.stages[number - 1]
            done = _GREEN if before.state == "done" else _GREY
            yield _line(x - step + 17, x - 17, _ROAD_Y, done, 4)
        yield f'<circle cx="{x}" cy="{_ROAD_Y}" r="17" fill="{colour}"/>'
        yield _text(x, _ROAD_Y + 7, _MARKS.get(line.state, ""), 19, "#fff", weight="bold")
        heavy = "bold" if line is board.current else "normal"
        yield _text(x, _ROAD_Y + 38, line.title, 14, _INK, weight=heavy)
        yield _text(x, _ROAD_Y + 57, _progress(line), 12, "#495057")


def _progress(line: StageLine) -> str:
    if line.failed is not None:
        return line.failed
    if not line.counts:
        return ""
    first = line.counts[0]
    return f"{first.value}{'' if first.of is None else f'/{first.of}'} {first.unit}".strip()


def _is_on_the_line(board: Board, limit: Limit) -> bool:
    begin, end = _span(board)
    return begin <= limit.on <= end


def _span(board: Board) -> tuple[date, date]:
    """From the first day of the window to the last thing that matters, a little room after it."""
    last = max([board.ends_on, board.as_of.date(), *(limit.on for limit in board.limits)])
    return board.starts_on, min(last, board.starts_on + timedelta(days=400))


def _time(board: Board, limits: list[Limit]) -> Iterator[str]:
    begin, end = _span(board)
    days = max(1, (end - begin).days)

    def x(on: date) -> float:
        return 40 + (_WIDTH - 80) * min(max((on - begin).days / days, 0), 1)

    yield _line(40, _WIDTH - 40, _TIME_Y, _GREY, 4)
    yield _line(x(board.starts_on), x(board.ends_on), _TIME_Y, "#74a9cf", 8)
    yield _text(x(board.starts_on), _TIME_Y + 26, f"{board.starts_on:%m-%d}", 12, "#495057")
    yield _text(x(board.ends_on), _TIME_Y + 26, f"检查期止 {board.ends_on:%m-%d}", 12, "#495057", end=True)
    for on in sorted({limit.on for limit in limits}):
        near = any(limit.near for limit in limits if limit.on == on)
        colour = _RED if near else _BLUE
        yield f'<rect x="{x(on) - 2:.1f}" y="{_TIME_Y - 11}" width="4" height="22" fill="{colour}"/>'
    if begin <= board.as_of.date() <= end:
        today = x(board.as_of.date())
        yield f'<path d="M{today - 7} {_TIME_Y - 20}h14l-7 13z" fill="{_INK}"/>'
        yield _text(today, _TIME_Y - 25, f"今天 {board.as_of:%m-%d}", 12, _INK)


def _line(x1: float, x2: float, y: int, colour: str, width: int) -> str:
    ends = f'x1="{x1:.1f}" y1="{y}" x2="{x2:.1f}" y2="{y}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"/>'


def _text(
    x: float, y: float, text: str, size: int, colour: str, *, weight: str = "normal", end: bool = False
) -> str:
    x = min(max(x, 30), _WIDTH - 30) if not end else min(x, _WIDTH - 40)
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" fill="{colour}" font-weight="{weight}"'
        f' text-anchor="{"end" if end else "middle"}">{escape(text)}</text>'
    )
