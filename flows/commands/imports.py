"""`drawbridge import`: lists and entry sheets, with every refused row or cell in a workbook."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from connectors.profile import Profile, load_profile
from connectors.protocols import Page, RefusedRow
from connectors.spreadsheets import Import, import_entities, import_inspectors, import_items
from documents.entry_sheet.columns import COLUMN
from documents.quarantine import write_quarantine
from flows.command_line.command import (
    DONE,
    FOUND,
    REFUSED,
    Command,
    Group,
    home_option,
    json_option,
    print_json,
)
from flows.commands.resume import settings_for
from flows.decisions.entering import Taken, take_entry_sheet
from flows.site import IMPORTED, OfflineBooks, open_books, plans_of, resolve_campaign
from flows.telling.terminal import console, spinning
from ledger.campaigns import campaigns
from ledger.directory import latest_snapshot
from ledger.sync import abandon_sync, begin_sync, commit_page, complete_sync
from rules.directory_gate import shrinks_too_much
from schemas.errors import DrawbridgeError

_FILE = click.Path(path_type=Path)
Reader = Callable[[Path, Profile, OfflineBooks], Import[Any]]


@click.group(
    "import",
    cls=Group,
    help="导入名录和清单（.csv、.xlsx、.xls），不合格的行写入隔离表；导入部门的结果录入表。",
)
def import_() -> None:
    """The group."""


@import_.command("entities", cls=Command, help="导入抽查对象名录。")
@click.argument("file", type=_FILE, metavar="文件")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["enterprises", "projects"]),
    default="enterprises",
    help="每一行是企业，还是按一企一项目处理。",
)
@home_option
@json_option
def entities(file: Path, kind: str, as_json: bool) -> int:
    """Imports objects; their key is the USCC, or the project's number."""
    as_projects = kind == "projects"
    return _import(
        file,
        "object",
        lambda path, profile, _: import_entities(path, profile, as_projects=as_projects),
        as_json,
    )


@import_.command("inspectors", cls=Command, help="导入执法检查人员名录。")
@click.argument("file", type=_FILE, metavar="文件")
@home_option
@json_option
def inspectors(file: Path, as_json: bool) -> int:
    """Imports the roster."""
    return _import(file, "inspector", _with_departments(import_inspectors), as_json)


@import_.command("items", cls=Command, help="导入随机抽查事项清单。")
@click.argument("file", type=_FILE, metavar="文件")
@home_option
@json_option
def items(file: Path, as_json: bool) -> int:
    """Imports the catalogue of items."""
    return _import(file, "item", _with_departments(import_items), as_json)


_RESULTS_HELP = """导入部门填好的结果录入表（由 drawbridge export entry-sheet 生成）。

整张表要么全部导入，要么一行也不导入：有一处填错，就把每一处写成批注标在副本里（原文件不动），退出码 2；
改正副本后再导入。没有填的行不算结果，可以下次再填。同一张表再次导入，什么也不变；内容改过的，记为新的一版。
已经公示的结果改动时须写明 --correct 理由，再按更正程序审批。"""


@import_.command("results", cls=Command, help=_RESULTS_HELP)
@click.argument("file", type=_FILE, metavar="文件")
@click.argument("task", metavar="任务")
@click.option("--department", "code", default=None, metavar="代码", help="核对是不是这个部门的表。")
@click.option(
    "--correct", "correction", default=None, metavar="理由", help="更正已公示的结果；理由写入审计链。"
)
@home_option
@json_option
def results(file: Path, task: str, code: str | None, correction: str | None, as_json: bool) -> int:
    """Imports a department's entry sheet, whole or not at all; exit 2 if cells must be mended."""
    with open_books(settings_for(task)) as books:
        campaign = resolve_campaign(books.ledger, task, books.now())
        with spinning(console(to_stderr=True), f"读取 {file.name}"):
            taken = take_entry_sheet(books, campaign, file, dept_code=code, correction=correction)
    if as_json:
        print_json(_told(file, taken))
    else:
        _print_taken(file, taken)
    return REFUSED if taken.marked is not None else DONE


def _told(file: Path, taken: Taken) -> dict[str, Any]:
    places = [
        {
            "row": mark.row_no,
            "column": COLUMN[mark.column].title,
            "code": mark.error.code,
            "zh": mark.error.zh,
        }
        for mark in taken.judged.marks
    ]
    facts: dict[str, Any] = {
        "department": taken.department.name,
        "added": taken.outcome.added,
        "changed": taken.outcome.changed,
        "unchanged": taken.judged.unchanged,
        "blank": taken.judged.blank,
        "fresh": taken.judged.fresh,
        "marks": places,
        "marked_file": str(taken.marked) if taken.marked else None,
        "notices": [f"{notice.zh}（{notice.code}）" for notice in taken.notices],
    }
    if taken.marked is not None:
        refused = _refused(file, taken, taken.marked)
        facts["error"] = {"code": refused.code, "zh": refused.zh, "act": refused.act, "en": refused.en}
    return facts


def _refused(file: Path, taken: Taken, marked: Path) -> DrawbridgeError:
    return DrawbridgeError("DB-ENTRY-006", path=file, marks=len(taken.judged.marks), marked=marked)


def _print_taken(file: Path, taken: Taken) -> None:
    out, judged = console(to_stderr=taken.marked is not None), taken.judged
    if taken.marked is not None:
        out.print(str(_refused(file, taken, taken.marked)))
        for mark in judged.marks[:_SHOWN_MARKS]:
            out.print(
                f"· 第 {mark.row_no} 行“{COLUMN[mark.column].title}”：{mark.error.zh}（{mark.error.code}）"
            )
        if len(judged.marks) > _SHOWN_MARKS:
            out.print(f"· 另有 {len(judged.marks) - _SHOWN_MARKS} 处，见标出的文件")
        return
    outcome = taken.outcome
    out.print(
        f"{taken.department.name}：新录入 {outcome.added} 项，改动 {outcome.changed} 项，"
        f"与已录入的相同 {judged.unchanged} 项，未填 {judged.blank} 项"
    )
    if judged.fresh:
        out.print(f"本表导出之后名单新增 {judged.fresh} 项，请重新导出录入表。")
    for notice in taken.notices:
        out.print(f"[yellow]· 需要核对：{notice.zh}（{notice.code}）[/yellow]")


_SHOWN_MARKS = 20


def _with_departments(read: Callable[..., Import[Any]]) -> Reader:
    """A reader that knows the codes of the departments that tables name: those of the plans in the folder and
    of all campaigns on record, which have the last word.
    """

    def reader(file: Path, profile: Profile, books: OfflineBooks) -> Import[Any]:
        with books.ledger.read() as tx:
            known = [plan for _, plan in plans_of()] + campaigns(tx)
        codes = {one.name: one.code for campaign in known for one in campaign.departments}
        return read(file, profile, dept_codes=codes)

    return reader


def _import(file: Path, kind: str, read: Reader, as_json: bool) -> int:
    """The whole file as one snapshot of the source `spreadsheets`; exit 1 if rows were quarantined."""
    with open_books() as books:
        with spinning(console(to_stderr=True), f"读取 {file.name}"):
            found = read(file, load_profile(books.settings.profile), books)
        workbook = None
        if found.quarantined:
            stamp = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
            workbook = books.home.folder("导入") / f"隔离行-{file.stem}-{stamp}.xlsx"
            write_quarantine(workbook, [(r.row_no, r.code, r.reason, r.raw) for r in found.quarantined])
        _stop_at_the_gate(books, kind, file, found, workbook)
        _record(books, kind, file, found)
    facts = {
        "read": found.read,
        "accepted": len(found.accepted),
        "normalised": found.normalised,
        "quarantined": len(found.quarantined),
        "quarantine_file": str(workbook) if workbook else None,
        "encoding": found.encoding,
        "notes": list(found.notes),
    }
    if as_json:
        print_json(facts)
    else:
        _print(facts, found)
    return FOUND if found.quarantined else DONE


def _stop_at_the_gate(
    books: OfflineBooks, kind: str, file: Path, found: Import[Any], workbook: Path | None
) -> None:
    """A table that lost too much takes no other's place, as in `flows.sync`: mostly it is another table.

    Raises DrawbridgeError DB-INPUT-047, -048.
    """
    now = len(found.accepted)
    if not now:
        first = min(found.quarantined, key=lambda row: row.row_no)
        detail = f"第 {first.row_no} 行：{first.reason.rstrip('。')}"
        raise DrawbridgeError("DB-INPUT-047", path=file, read=found.read, detail=detail, workbook=workbook)
    with books.ledger.read() as tx:
        before = latest_snapshot(tx, IMPORTED, kind)
    percent = books.settings.directory_loss_percent
    if before is not None and shrinks_too_much(before.accepted, now, percent):
        raise DrawbridgeError("DB-INPUT-048", path=file, now=now, held=before.accepted, percent=percent)


def _record(books: OfflineBooks, kind: str, file: Path, found: Import[Any]) -> None:
    """Takes the import over as one complete pass of its own; a pass left open by a kill is given up."""
    page: Page[Any] = Page(
        page_no=1,
        total=found.read,
        snapshot=None,
        rows=found.records,
        refused=found.quarantined,
        normalised=found.normalised,
        digest=hashlib.sha256(file.read_bytes()).hexdigest(),
        notes=found.notes,
    )
    now = books.now()
    with books.ledger.write() as tx:
        sync = begin_sync(tx, IMPORTED, kind, now)
        if sync.next_page != 1:
            abandon_sync(tx, sync, "DB-CLI-005", now)
            sync = begin_sync(tx, IMPORTED, kind, now)
        commit_page(tx, sync, page, now)
        complete_sync(tx, sync, now)


_BOOKS = ("xlsx", "xls")
_SHOWN_NOTES = 5


def _print(facts: dict[str, Any], found: Import[Any]) -> None:
    kind = f"{found.encoding} 工作簿" if found.encoding in _BOOKS else f"编码 {found.encoding}"
    click.echo(
        f"读入 {facts['read']} 行（{kind}）：接受 {facts['accepted']}"
        f"（其中修整 {facts['normalised']}），隔离 {facts['quarantined']}"
    )
    for code, rows in groupby(sorted(found.quarantined, key=_by_code), key=lambda row: row.code):
        first, *more = rows
        others = f"等 {len(more) + 1} 行" if more else ""
        click.echo(f"· 隔离第{first.row_no}行{others}：{first.reason}（{code}）")
    for note in found.notes[:_SHOWN_NOTES]:
        click.echo(f"· {note}")
    if len(found.notes) > _SHOWN_NOTES:
        click.echo(f"· 另有 {len(found.notes) - _SHOWN_NOTES} 条说明，见 --json")
    if facts["quarantine_file"]:
        click.echo(f"隔离的行、原因和改正办法  {facts['quarantine_file']}")


def _by_code(row: RefusedRow) -> tuple[str, int]:
    return row.code, row.row_no
