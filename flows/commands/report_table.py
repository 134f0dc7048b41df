"""`drawbridge report statistics|explain`: the annex table with its variants, and what each number counts."""

from __future__ import annotations

from typing import Any

import click

from flows.command_line.command import DONE, FOUND, Command, home_option, json_option, print_json
from flows.commands.resume import settings_for
from flows.commands.summary import print_statistics
from flows.site import open_books, resolve_campaign
from flows.telling.terminal import console
from schemas.errors import DrawbridgeError

_SHOWN = 4
"""Records in a line; the rest is counted, `--json` has them all."""

year_option = click.option(
    "--year",
    type=click.IntRange(2000, 2999),
    default=None,
    metavar="年度",
    help="一个年度计划的全部任务，累计。",
)
by_option = click.option(
    "--by", type=click.Choice(["township"]), default=None, help="township：按住所所在的乡镇（街道）分列。"
)


@click.command("statistics", cls=Command, help="生成附件统计表、总结和一企一表；--year 或 --by 另存一张表。")
@click.argument("name", metavar="任务", required=False)
@year_option
@by_option
@home_option
@json_option
def statistics(name: str | None, year: int | None, by: str | None, as_json: bool) -> int:
    """Computes the annex table from the ledger alone; exit 1 if it does not add up or a paper is missing."""
    from flows.report import other_table, step

    _one_of(name, year)
    with open_books(settings_for(name) if name else None) as books:
        if name is not None:
            campaign = resolve_campaign(books.ledger, name, books.now())
            outcome = step(books, campaign) if by is None else other_table(books, campaign, None, by)
        else:
            outcome = other_table(books, None, year, by)
    if as_json:
        print_json(outcome.facts)
    else:
        out = console(to_stderr=False)
        facts: dict[str, Any] = outcome.facts
        print_statistics(out, facts["statistics"])
        for title, path in facts["paths"].items():
            out.print(f"{title}  {path}")
        for finding in facts["findings"]:
            out.print(f"[red]· {finding}[/red]")
    return FOUND if outcome.facts["findings"] else DONE


@click.command("explain", cls=Command, help="统计表里的一个数是怎样数出来的：列出它依据的每条记录。")
@click.argument("words", metavar="[任务] 格", nargs=-1, required=True)
@year_option
@by_option
@home_option
@json_option
def explain(words: tuple[str, ...], year: int | None, by: str | None, as_json: bool) -> int:
    """Lists what a number counts. Raises DrawbridgeError DB-REPORT-001 for a cell that is not there."""
    from flows.paper.annex import campaign_annex, explained, explanation_line, year_annex

    if len(words) != (2 if year is None else 1):
        raise DrawbridgeError(
            "DB-CLI-001",
            detail="要写任务和格（如 B5、随机抽查企业）；有 --year 时只写格",
            command="drawbridge report explain",
        )
    name, cell = words[0] if year is None else None, words[-1]
    with open_books(settings_for(name) if name else None) as books:
        if name is not None:
            campaign = resolve_campaign(books.ledger, name, books.now())
            annex = campaign_annex(books, campaign, by, to_explain=True)
        else:
            annex = year_annex(books, int(year or 0), by, to_explain=True)
        facts = explained(annex, cell)
    if as_json:
        print_json(facts)
        return DONE
    out = console(to_stderr=False)
    out.print(explanation_line(facts), markup=False)
    for number, one in enumerate(facts["counted"], 1):
        told = [_told(record) for record in one["records"][:_SHOWN]]
        more = len(one["records"]) - len(told)
        told += [f"另 {more} 条"] if more else []
        out.print(f"{number:>4}. {one['what']}", markup=False, highlight=False, soft_wrap=True)
        for line in told:
            out.print(f"      {line}", markup=False, highlight=False, style="dim", soft_wrap=True)
    return DONE


def _one_of(name: str | None, year: int | None) -> None:
    if (name is None) == (year is None):
        raise DrawbridgeError(
            "DB-CLI-001", detail="任务和 --year 要写一个，且只写一个", command="drawbridge report statistics"
        )


def _told(record: dict[str, Any]) -> str:
    parts = [f"{record['record']} {record['id']}"]
    if "result" in record:
        parts += [record["item"], record["result"], record["disposal"]]
        parts += [
            text
            for key, text in (
                ("guided", "行政指导"),
                ("questions_answered", "现场解答"),
                ("order_lapsed", "责令期满"),
            )
            if record[key]
        ]
        parts.append(f"{record['completed_on']} 完成")
    elif "department" in record:
        parts.append(record["department"])
    return "，".join(parts)
