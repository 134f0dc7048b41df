"""The board of a campaign in a terminal: the same facts as the page in the UI, in 80 columns or more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from flows.board.facts import Board, Limit, StageLine
from flows.board.matters import Matter
from flows.board.page import first_limits, folded, heading, moment, since_text
from flows.telling.stage_names import state_name
from flows.telling.terminal import NARROWEST, print_table

_MARKS = {"done": "[green]✓[/green]", "waiting": "[yellow]…[/yellow]", "failed": "[red]![/red]", "open": "▸"}
# Columns that mark, title, state and what is waited for take beside the numbers.
_BESIDE = 48
_COLOURS = {"waiting": "yellow", "failed": "red"}


def print_board(out: Console, board: Board, folder: Path) -> None:
    """Prints the board. `folder` is where the campaign's files are."""
    out.print(f"[bold]{escape(board.name)}[/bold]")
    for part in heading(board):
        out.print(escape(part))
    out.print()
    print_table(out, _stages(board, max(out.width, NARROWEST)))
    out.print()
    _print_matters(out, board)
    if board.limits:
        out.print()
        shown, rest = first_limits(board.limits)
        print_table(out, _limits(shown))
        if rest:
            out.print(rest)
    if board.papers:
        out.print()
        out.print(f"文件  {escape(str(folder))}")
        out.print(Columns([paper.name for paper in board.papers], padding=(0, 2)))


def _stages(board: Board, width: int) -> Table:
    shown = Table(box=None, pad_edge=False)
    shown.add_column("")
    shown.add_column("环节", no_wrap=True)
    shown.add_column("状态", no_wrap=True)
    shown.add_column("数量", overflow="fold")
    shown.add_column("等待", overflow="fold")
    for line in board.stages:
        shown.add_row(
            _MARKS.get(line.state or "", "[dim]·[/dim]"),
            line.title,
            Text(state_name(line.state), style=_COLOURS.get(line.state or "", "")),
            "\n".join(folded(line.counts, max(30, width - _BESIDE))),
            "" if line.state == "done" else _waiting(line),
        )
    return shown


def _waiting(line: StageLine) -> str:
    waiting = line.failed or line.waiting_for or ""
    since = f"\n自 {moment(line.since)}" if line.since is not None else ""
    return escape(waiting + since) if waiting else ""


def _print_matters(out: Console, board: Board) -> None:
    if not board.matters:
        out.print("[green]没有未决事项。[/green]" if board.current is None else "现在没有需要办理的事项。")
        return
    out.print(f"[bold]未决事项 {len(board.matters)} 项[/bold]")
    for number, matter in enumerate(board.matters, 1):
        colour = "yellow" if matter.urgent else "dim"
        out.print(f"{number:2d} [{colour}]{escape(_matter(matter))}[/{colour}]")
        if matter.press is None:
            out.print("   线下办理，结果由平台归集")
        else:
            out.print(f"   {escape(matter.press.command)}")
            out.print(f"   [dim]界面：{escape(matter.press.button)}[/dim]")


def _matter(matter: Matter) -> str:
    manual = f"（手册 {matter.code}）" if matter.code else ""
    return f"{matter.what}{manual}  等待：{matter.turn}{since_text(matter.since)}"


def _limits(limits: Sequence[Limit]) -> Table:
    shown = Table(box=None, pad_edge=False)
    shown.add_column("法定期限", no_wrap=True)
    shown.add_column("未结", justify="right")
    shown.add_column("到期", no_wrap=True)
    shown.add_column("剩余", no_wrap=True)
    for limit in limits:
        on = f"{limit.on}{'（暂定）' if limit.provisional else ''}"
        left = Text(limit.left_text, style="bold red" if limit.near else "")
        shown.add_row(limit.what, str(limit.how_many), on, left)
    return shown
