"""`drawbridge draw audit`: whether draws that somebody else made are compatible with chance.

Exit status: 0 compatible, 1 something was pointed out or a hard check failed, 2 refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click
from rich.progress import BarColumn, Progress, TextColumn

from documents.whole_file import write_whole
from flows.command_line.command import DONE, FOUND, Command, json_option, print_json
from flows.telling.terminal import console
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

if TYPE_CHECKING:
    from draw.audit.judgement import Judgement

_FILE = click.Path(path_type=Path)
_PHASES = {"fair": "模拟公正的抽取", "power": "估计把握"}
MARKDOWN, PAGE = "抽取审计.md", "抽取审计.html"


class _Hear(Protocol):
    def __call__(self, phase: str, done: int, total: int, /) -> None: ...


@click.command(
    "audit", cls=Command, help="审计别人做的抽取：硬性核查，再看结果是否与随机相符。不指认任何人。"
)
@click.option(
    "--eligible", type=_FILE, required=True, help="抽查对象名单，按平台显示的顺序（.csv、.tsv、.xlsx）。"
)
@click.option(
    "--drawn",
    "drawn",
    type=_FILE,
    multiple=True,
    required=True,
    help="一次抽取的结果；每次抽取给一个，按先后。",
)
@click.argument("more", nargs=-1, type=_FILE, metavar="[更多抽取文件]…")
@click.option("--id", "id_column", metavar="列名", help="标识对象的列；不给则按表头辨认，没有表头用第一列。")
@click.option("--teams", type=_FILE, multiple=True, help="检查安排：对象、人员两列，多次抽取再加一列“批次”。")
@click.option("--serial", metavar="3,4,7", help="各次抽取在平台上的编号；不给则从文件名里认。")
@click.option("--ratio", metavar="0.1", help="应抽取的比例（不低于）。")
@click.option("--minimum", type=click.IntRange(1), help="每次至少应抽取的户数。")
@click.option(
    "--level", type=float, default=0.01, show_default=True, help="公正的抽取被误报的可能，每份报告。"
)
@click.option("--no-strata", is_flag=True, help="名单里的分层（风险等级）不是抽取时的分层。")
@click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), help="报告写入的文件夹。")
@json_option
def audit(
    eligible: Path,
    drawn: tuple[Path, ...],
    more: tuple[Path, ...],
    id_column: str | None,
    teams: tuple[Path, ...],
    serial: str | None,
    ratio: str | None,
    minimum: int | None,
    level: float,
    no_strata: bool,
    output: Path | None,
    as_json: bool,
) -> int:
    """Reads the lists, judges, prints the report, and writes it where asked."""
    # numpy and scipy take half a second to load, which no other command should wait for.
    from documents.draw_audit.page import page
    from documents.draw_audit.tables import data, markdown
    from draw.audit.judgement import judge
    from draw.text import parse_ratio
    from flows.drawing.audit_lists import read_lists

    if ratio is not None:
        parse_ratio(ratio)
    lists = read_lists(
        eligible,
        (*drawn, *more),
        teams=teams,
        serials=_numbers(serial) if serial is not None else None,
        id_column=id_column,
        in_strata=not no_strata,
    )
    with _progress() as hear:
        judgement = judge(
            lists.listing,
            lists.draws,
            visits=lists.visits,
            ratio=ratio,
            minimum=minimum,
            level=level,
            progress=hear,
        )
    text = markdown(judgement)
    files: dict[str, str] = {}
    if output is not None:
        files = _write(output, {MARKDOWN: text, PAGE: page(judgement)})
    if as_json:
        print_json({**data(judgement), "files": files})
    else:
        _show(judgement, text, files)
    click.get_current_context().exit(DONE if judgement.compatible else FOUND)


def _show(judgement: Judgement, text: str, files: dict[str, str]) -> None:
    if not files:
        click.echo(text)
        return
    from documents.draw_audit.verdict import explanation, verdict

    click.echo(verdict(judgement, 0))
    click.echo(explanation(judgement, 0))
    for name, path in files.items():
        click.echo(f"{name}\t{path}")


def _write(folder: Path, texts: dict[str, str]) -> dict[str, str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DrawbridgeError("DB-CLI-004", path=folder, detail=problem(error)) from error
    for name, text in texts.items():
        write_whole(folder / name, text.encode())
    return {name: str(folder / name) for name in texts}


def _numbers(text: str) -> list[int]:
    """`3,4,7` or `3-7` as numbers. Raises DrawbridgeError DB-CHANCE-012."""
    numbers: list[int] = []
    for part in re.split(r"[,，\s]+", text.strip()):
        found = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part)
        if found is None:
            raise DrawbridgeError("DB-CHANCE-012", value=text)
        first, last = int(found.group(1)), int(found.group(2) or found.group(1))
        if not first <= last < first + 100_000:
            raise DrawbridgeError("DB-CHANCE-012", value=text)
        numbers += range(first, last + 1)
    return numbers


@contextmanager
def _progress() -> Iterator[_Hear]:
    out = console(to_stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24))
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bars:
        task = bars.add_task("", total=None)

        def hear(phase: str, done: int, total: int, /) -> None:
            bars.update(task, description=_PHASES[phase], completed=done, total=total)

        yield hear
