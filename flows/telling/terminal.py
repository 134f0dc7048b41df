"""The terminal's side of a run: stage by stage, bars where it takes long, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

# Two columns to a Chinese character: titles of four characters line up.
_TITLE_COLUMNS = 10


NARROWEST = 80
"""Columns that a table takes at least, if it needs them."""


class _Terminal(Console):
    """Leaves a closed pipe to `flows.command_line.command`; rich would end with the code for findings."""

    def on_broken_pipe(self) -> None:
        """Somebody read enough, such as `head -1`."""
        raise BrokenPipeError


def console(*, to_stderr: bool) -> Console:
    """A console that obeys NO_COLOR and prints plain lines where there is no terminal."""
    return _Terminal(stderr=to_stderr, highlight=False, soft_wrap=True)


def folding_table(*titles: str) -> Table:
    """A table without lines whose cells go on in the next line: nothing of them is left out."""
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def print_table(out: Console, table: Table) -> None:
    """Prints a table; in a narrower terminal as for 80 columns.

    A line that the terminal breaks can be read; a number in two pieces is read wrongly.
    """
    if out.width < NARROWEST:
        wanted = out.measure(table, options=out.options.update(width=NARROWEST)).maximum
        table.width = min(wanted, NARROWEST)
    out.print(table)


class TerminalReporter:
    """Hears a run and draws it. Use as a context manager."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )
        self._task = self._progress.add_task("", total=None, visible=False, note="")
        self._said_waiting = ""

    def __enter__(self) -> TerminalReporter:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def stage_started(self, title: str) -> None:
        """See `flows.telling.reporting.Reporter`."""
        self._progress.reset(self._task, description=title, visible=True, note="")
        self._progress.update(self._task, total=None)

    def progress(self, done: int, total: int) -> None:
        """See `flows.telling.reporting.Reporter`."""
        self._progress.update(self._task, completed=done, total=total)

    def waiting(self, text: str) -> None:
        """See `flows.telling.reporting.Reporter`."""
        self._progress.update(self._task, note=f"等待 {text}")
        self._said_waiting = text

    def stage_ended(self, title: str, line: str, seconds: float, *, done: bool) -> None:
        """See `flows.telling.reporting.Reporter`."""
        self._progress.update(self._task, visible=False)
        padding = " " * max(1, _TITLE_COLUMNS - 2 * len(title))
        mark = "[green]✓[/green]" if done else "[yellow]…[/yellow]"
        took = f"{seconds:.1f} 秒" if seconds >= 0.05 else ""
        self._out.print(f" {mark} {title}{padding} {line}  [dim]{took}[/dim]")


@contextmanager
def spinning(out: Console, text: str) -> Iterator[None]:
    """Shows that something goes on, where there is a terminal to show it on."""
    if not out.is_terminal:
        yield
        return
    with out.status(text):
        yield
