"""`drawbridge report forms|slips|letters|groups|templates`: the papers of a campaign as PDF."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from documents.paper.letters import CORRECT_WITHIN_DAYS
from documents.paper.press import TEMPLATES
from flows.command_line.command import DONE, Command, home_option, json_option, print_json
from flows.commands.resume import settings_for
from flows.paper.papers import (
    FORMS,
    GROUPS,
    LETTERS,
    SLIPS,
    TITLES,
    destroy_groups,
    print_papers,
    write_workbook,
)
from flows.site import OfflineBooks, open_books, resolve_campaign
from flows.telling.terminal import console
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_NAME = click.argument("name", metavar="任务")


@click.command("forms", cls=Command, help="打印一企一表：每户一份 PDF，并按组合订（按检查次序）。")
@_NAME
@click.option("--filled", is_flag=True, help="已录入的结果一并填在表上，另存一个文件夹。")
@click.option("--xlsx", is_flag=True, help="另写一份 Excel 工作簿。")
@home_option
@json_option
def forms(name: str, filled: bool, xlsx: bool, as_json: bool) -> int:
    """Prints the forms."""

    def more(books: OfflineBooks, campaign: Campaign) -> dict[str, Path]:
        return {"一企一表（Excel）": write_workbook(books, campaign)} if xlsx else {}

    return _print(name, FORMS, as_json, more, filled=filled)


@click.command("slips", cls=Command, help="打印“为什么抽到我”：每户的票号、名次、证明和核验页面。")
@_NAME
@home_option
@json_option
def slips(name: str, as_json: bool) -> int:
    """Prints the slips; DB-PAPER-004 while the certificate is not public."""
    return _print(name, SLIPS, as_json)


@click.command(
    "letters",
    cls=Command,
    help="打印文书：公告、抽取记录、检查通知书和材料清单、责令改正通知书、线索移送清单。",
)
@_NAME
@click.option(
    "--correct-within",
    type=click.IntRange(1, 365),
    default=CORRECT_WITHIN_DAYS,
    metavar="天数",
    help=f"责令改正的期限（自然日，默认 {CORRECT_WITHIN_DAYS}；责令公示为 10 日）。",
)
@home_option
@json_option
def letters(name: str, correct_within: int, as_json: bool) -> int:
    """Prints the letters that there is something to say in."""
    return _print(name, LETTERS, as_json, within_days=correct_within)


@click.command("groups", cls=Command, help="打印分组名册和移交单（含电话，限制查阅，每次取用记入审计链）。")
@_NAME
@click.option("--destroy", is_flag=True, help="保存期满，销毁名册和移交单。")
@home_option
@json_option
def groups(name: str, destroy: bool, as_json: bool) -> int:
    """Prints roster and hand-over sheet, or removes them."""
    if not destroy:
        return _print(name, GROUPS, as_json)
    with open_books(settings_for(name)) as books:
        campaign = resolve_campaign(books.ledger, name, books.now())
        removed = destroy_groups(books, campaign)
    if as_json:
        print_json({"destroyed": removed})
    else:
        out = console(to_stderr=False)
        out.print(
            f"已销毁 {len(removed)} 个文件，已记入审计链。"
            if removed
            else "没有需要销毁的文件，已记入审计链。"
        )
    return DONE


@click.command("templates", cls=Command, help="把文书模板复制到文件夹，改动其中的文件即可改变文书的样子。")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="文件夹", required=False)
@home_option
def templates(folder: Path | None) -> int:
    """Copies our templates where they override ours; files that are there already stay as they are."""
    from flows.settings import load_settings

    settings = load_settings()
    into = folder or settings.templates or settings.home / "文书模板"
    out = console(to_stderr=False)
    was_there: dict[Path, bool] = {}
    try:
        into.mkdir(parents=True, exist_ok=True)
        for path in sorted(TEMPLATES.glob("*.typ")):
            copy = into / path.name
            was_there[copy] = copy.exists()
            if not was_there[copy]:
                shutil.copy(path, copy)
    except OSError as error:
        raise DrawbridgeError("DB-CLI-004", path=into, detail=problem(error)) from error
    for copy, there in was_there.items():
        out.print(f"{'已有，未改动' if there else '已复制'}  {copy}")
    out.print("只留下要改的文件：删去的文件仍用原有的模板，升级后随之更新。")
    return DONE


COMMANDS = (forms, slips, letters, groups, templates)
"""What the group `report` takes in."""

More = Callable[[OfflineBooks, Campaign], dict[str, Path]]


def _print(name: str, kind: str, as_json: bool, more: More | None = None, **options: Any) -> int:
    out = console(to_stderr=as_json)
    began = time.perf_counter()
    with open_books(settings_for(name)) as books, _bar(out, TITLES[kind]) as advance:
        campaign = resolve_campaign(books.ledger, name, books.now())
        done = print_papers(books, campaign, kind, progress=advance, **options)
        paths = done.paths | (more(books, campaign) if more is not None else {})
    seconds = time.perf_counter() - began
    if as_json:
        print_json(
            {
                "papers": done.papers,
                "anew": done.anew,
                "seconds": round(seconds, 2),
                "paths": {title: str(path) for title, path in paths.items()},
                "notes": done.notes,
            }
        )
        return DONE
    unchanged = done.papers - done.anew
    line = f"{TITLES[kind]} {done.papers} 份"
    if unchanged:
        line += f"（新印 {done.anew}，内容未变 {unchanged}）"
    out.print(f"{line}  [dim]{seconds:.1f} 秒[/dim]" if done.papers else "没有可以打印的内容。")
    for title, path in paths.items():
        out.print(f"{title}  {path}")
    for note in done.notes:
        out.print(f"[dim]{note}[/dim]")
    return DONE


@contextmanager
def _bar(out: Console, title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere."""
    columns = (TextColumn(title), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
