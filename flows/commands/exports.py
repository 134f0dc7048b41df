"""`drawbridge export`: lists as workbooks, and the sheets that departments fill in."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from connectors.profile import Profile, load_profile
from documents.campaign_lists import (
    RECONCILIATION_COLUMNS,
    RESULT_COLUMNS,
    TASK_COLUMNS,
    Reconciled,
    reconciliation_rows,
    result_rows,
    task_rows,
)
from documents.directory_lists import inspector_columns, item_columns, object_columns
from documents.list_workbook import ListColumn, Value, write_list
from documents.whole_file import PRIVATE
from flows.command_line.command import DONE, Command, Group, home_option, json_option, print_json
from flows.commands.resume import settings_for
from flows.decisions.entering import entered_by_sheet, write_entry_sheet
from flows.exchange.findings import FINDINGS
from flows.exchange.publishing import STATES, last_day, standing_of
from flows.paper.visits import visits_of
from flows.site import OfflineBooks, open_books, resolve_campaign
from flows.telling.terminal import console, spinning
from ledger.directory import each_object, inspectors, items
from ledger.reconciliations import last_run
from schemas.campaign import Campaign
from schemas.codes import ObjectKind
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

Table = tuple[Sequence[ListColumn], Iterable[Sequence[Value]]]

_HELP = """由台账导出为 .xlsx：表头冻结、可筛选，代码和证号按文本保存，任何内容都不会变成公式。

名录、人员、事项清单的列名与导入相同，导出的表原样导入，内容不变。含人员信息的文件只有本人可读。"""


@click.group("export", cls=Group, help=_HELP)
def export() -> None:
    """The group."""


def _list_command(name: str, about: str, what: str, make: Callable[[OfflineBooks, Campaign], Table]) -> None:
    """Adds one command of the group: `export NAME 任务 [-o FILE]`."""

    @export.command(name, cls=Command, help=about)
    @click.argument("task", metavar="任务")
    @click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, dir_okay=False),
        help="写到哪个文件（默认写到该任务的目录）。",
    )
    @home_option
    @json_option
    def command(task: str, output: Path | None, as_json: bool) -> int:
        with open_books(settings_for(task)) as books:
            campaign = resolve_campaign(books.ledger, task, books.now())
            path = _target(output) or books.home.campaign_folder(campaign.task_id) / f"{what}.xlsx"
            with spinning(console(to_stderr=True), f"导出{what}"):
                columns, rows = make(books, campaign)
                some = _some(rows, what)
                kept = _kept_aside(path) if output is not None else None
                count = write_list(path, what, columns, some, mode=PRIVATE)
        return _told(path, what, count, kept, as_json)


def _target(output: Path | None) -> Path | None:
    """Where to write, if it was said. Raises DrawbridgeError DB-EXPORT-004 for another kind of file."""
    if output is not None and not output.is_dir() and output.suffix.lower() != ".xlsx":
        raise DrawbridgeError("DB-EXPORT-004", path=output)
    return output


def _kept_aside(path: Path) -> Path | None:
    """A copy of what is written over: somebody may have filled it in, or meant another file.

    Raises DrawbridgeError DB-CLI-004 if it cannot be made; the file is then left as it is.
    """
    if not path.is_file():
        return None
    try:
        changed = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
        kept = path.with_name(f"{path.stem}-原有-{changed:%Y%m%d-%H%M%S}{path.suffix}")
        shutil.copy2(path, kept)
    except OSError as error:
        raise DrawbridgeError("DB-CLI-004", path=path, detail=problem(error)) from error
    return kept


def _some(rows: Iterable[Sequence[Value]], what: str) -> Iterator[Sequence[Value]]:
    """The rows. Raises DrawbridgeError DB-EXPORT-002 if there are none: an empty list looks like a loss."""
    each = iter(rows)
    for first in each:
        return itertools.chain([first], each)
    raise DrawbridgeError("DB-EXPORT-002", what=what)


def _told(path: Path, what: str, count: int, kept: Path | None, as_json: bool) -> int:
    if as_json:
        print_json({"file": str(path), "what": what, "rows": count, "kept": str(kept) if kept else None})
    else:
        click.echo(f"已导出{what} {count} 行  {path}")
        if kept is not None:
            click.echo(f"原来的文件另存为  {kept}")
    return DONE


def _profile(books: OfflineBooks) -> Profile:
    return load_profile(books.settings.profile)


def _directory(books: OfflineBooks, campaign: Campaign) -> Table:
    """Two passes: which kinds there are decides the columns."""
    with books.ledger.read() as tx:
        kinds = frozenset[ObjectKind](one.kind for one in each_object(tx, books.source))
    columns, row = object_columns(_profile(books), kinds or frozenset({campaign.object_kind}))

    def rows() -> Iterator[list[Value]]:
        with books.ledger.read() as tx:
            yield from map(row, each_object(tx, books.source))

    return columns, rows()


def _roster(books: OfflineBooks, campaign: Campaign) -> Table:
    columns, row = inspector_columns(_profile(books))
    with books.ledger.read() as tx:
        return columns, map(row, inspectors(tx, books.source))


def _items(books: OfflineBooks, campaign: Campaign) -> Table:
    columns, row = item_columns(_profile(books))
    with books.ledger.read() as tx:
        return columns, map(row, items(tx, books.source))


def _tasks(books: OfflineBooks, campaign: Campaign) -> Table:
    return TASK_COLUMNS, task_rows(campaign, visits_of(books, campaign).forms.values())


def _results(books: OfflineBooks, campaign: Campaign) -> Table:
    visits = visits_of(books, campaign)
    return RESULT_COLUMNS, result_rows(campaign, visits.forms, visits.results, entered_by_sheet)


def _reconciliation(books: OfflineBooks, campaign: Campaign) -> Table:
    with books.ledger.read() as tx:
        run = last_run(tx, campaign.task_id)
    found: dict[str, list[str]] = {}
    for kind, key, _ in run.findings if run is not None else ():
        title = FINDINGS[kind].title if kind in FINDINGS else kind
        found.setdefault(key, []).append(title)
    rows = (
        Reconciled(
            one.ent_name,
            one.uscc,
            STATES[one.state],
            one.record.version if one.record else None,
            one.completed_at,
            last_day(campaign, one),
            one.reason,
            found.get(one.record.record_id if one.record else one.uscc, []) + found.get(one.uscc, []),
        )
        for one in standing_of(books, campaign)
    )
    return RECONCILIATION_COLUMNS, reconciliation_rows(rows)


_list_command("directory", "导出抽查对象名录。", "抽查对象名录", _directory)
_list_command("roster", "导出执法检查人员名录。", "执法检查人员名录", _roster)
_list_command("items", "导出随机抽查事项清单。", "随机抽查事项清单", _items)
_list_command("tasks", "导出检查任务：每户每个事项一行，含检查组。", "检查任务", _tasks)
_list_command("results", "导出检查结果：每户每个事项一行。", "检查结果", _results)
_list_command(
    "reconciliation", "导出公示核对表：每户一行，含最近一次核对的发现。", "公示核对", _reconciliation
)


@export.command(
    "entry-sheet",
    cls=Command,
    help="导出一个部门的结果录入表：带下拉表，手工填写后用 drawbridge import results 导入。",
)
@click.argument("task", metavar="任务")
@click.option("--department", "code", required=True, metavar="代码", help="部门代码，如 SW。")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="写到哪个文件（默认写到该任务的目录）。",
)
@home_option
@json_option
def sheet(task: str, code: str, output: Path | None, as_json: bool) -> int:
    """Makes a department's entry sheet, with what is recorded already filled in."""
    with open_books(settings_for(task)) as books:
        campaign = resolve_campaign(books.ledger, task, books.now())
        path = _target(output) or books.home.campaign_folder(campaign.task_id) / f"结果录入表-{code}.xlsx"
        kept = _kept_aside(path)
        count = write_entry_sheet(books, campaign, code, path)
    return _told(path, "结果录入表", count, kept, as_json)
