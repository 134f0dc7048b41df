"""`drawbridge forget`: erases personal data whose time is over, and says so in the chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from flows.command_line.command import DONE, Command, home_option, json_option, print_json
from flows.service.home import Home
from flows.site import open_books
from ledger.retention import erase, overdue, settle
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_KEPT_DAYS = 365
_LEAST_DAYS = 30


@click.command(
    "forget", cls=Command, help="清除到期的个人信息：已离开名录的人员和企业、被隔离的行和隔离清单。"
)
@click.option(
    "--older-than",
    "days",
    type=click.IntRange(_LEAST_DAYS),
    default=_KEPT_DAYS,
    show_default=True,
    metavar="天数",
    help=f"离开名录或被隔离超过多少天的，至少 {_LEAST_DAYS}。",
)
@click.option("--dry-run", is_flag=True, help="只列出有多少，不清除。")
@home_option
@json_option
def forget(days: int, dry_run: bool, as_json: bool) -> int:
    """Erases, or with `--dry-run` counts. Forms, results and publications are an archive and stay."""
    now = datetime.now(UTC)
    before = now - timedelta(days=days)
    with open_books() as books:
        workbooks = list(_workbooks(books.home, before))
        if dry_run:
            with books.ledger.read() as tx:
                found = overdue(tx, before)
        else:
            with books.ledger.write() as tx:
                found = erase(tx, before, now, len(workbooks))
            settle(books.ledger)
            _remove(workbooks)
    counts = {**asdict(found), "workbooks": len(workbooks)}
    if as_json:
        print_json({"before": before, "erased": not dry_run, **counts})
        return DONE
    click.echo(
        f"{'到期未清除' if dry_run else '已清除'}：被隔离的行 {found.refused}，离开名录的人员 "
        f"{found.inspectors}、抽查对象 {found.objects}，隔离清单文件 {len(workbooks)} 个。"
        + ("" if dry_run else "已记入审计链。" if any(asdict(found).values()) or workbooks else "")
    )
    return DONE


def _workbooks(home: Home, before: datetime) -> Iterator[Path]:
    """Workbooks of refused rows that were written before."""
    for path in sorted(home.root.glob("*/隔离行-*.xlsx")):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < before:
            yield path


def _remove(paths: list[Path]) -> None:
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise DrawbridgeError("DB-CLI-004", path=path, detail=problem(error)) from error
