"""The terminal's side of a run: stage by stage, bars where it takes long, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

# Two columns to a Chinese character: titles of four characters line up.
_TITLE_COLUMNS = 10


def console(*, to_stderr: bool) -> Console:
    """A console that obeys NO_COLOR and prints plain lines where there is no terminal."""
    return Console(stderr=to_stderr, highlight=False, soft_wrap=True)


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
        """See `flows.reporting.Reporter`."""
        self._progress.reset(self._task, description=title, visible=True, note="")
        self._progress.update(self._task, total=None)

    def progress(self, done: int, total: int) -> None:
        """See `flows.reporting.Reporter`."""
        self._progress.update(self._task, completed=done, total=total)

    def waiting(self, text: str) -> None:
        """See `flows.reporting.Reporter`."""
        self._progress.update(self._task, note=f"等待 {text}")
        self._said_waiting = text

    def stage_ended(self, title: str, line: str, seconds: float, *, done: bool) -> None:
        """See `flows.reporting.Reporter`."""
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
