"""`drawbridge campaign`: which campaigns there are, and how far one is."""

from __future__ import annotations

import click

from flows.board.facts import as_document, board_of
from flows.board.table import print_board
from flows.campaign_time import campaign_time
from flows.command_line.command import DONE, FOUND, Group, home_option, json_option, print_json
from flows.commands import plans
from flows.commands.resume import settings_for
from flows.site import find_plan, open_books, plan_files, read_plan
from flows.telling.stage_names import TITLES, state_name
from flows.telling.terminal import console, folding_table, print_table
from ledger.campaigns import StageRow, campaign_of, campaigns, stages
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


@click.group("campaign", cls=Group, help="抽查任务：列出、查看，新建、检查、导入计划。")
def campaign() -> None:
    """The group."""


for _command in plans.COMMANDS:
    campaign.add_command(_command)


@campaign.command("list", help="列出台账里的任务和 campaigns 文件夹里的计划。")
@home_option
@json_option
def list_campaigns(as_json: bool) -> int:
    """Every campaign of the ledger and every plan file of the folder."""
    with open_books() as books, books.ledger.read() as tx:
        rows = [_facts(one, stages(tx, one.task_id)) for one in campaigns(tx)]
    known = {row["task_id"] for row in rows}
    problems = []
    for path in plan_files():
        try:
            plan = read_plan(path)
        except DrawbridgeError as error:
            problems.append({"file": str(path), "error": str(error)})
            continue
        if plan.task_id not in known:
            rows.append({**_facts(plan, {}), "file": str(path)})
    if as_json:
        print_json({"campaigns": rows, "problems": problems})
    else:
        shown = folding_table("任务编号", "简称", "环节", "状态", "等待")
        for row in rows:
            shown.add_row(
                *(str(row[key] or "") for key in ("task_id", "short_name", "stage", "state", "waiting_for"))
            )
        if rows:
            print_table(console(to_stderr=False), shown)
        else:
            click.echo("还没有任务，campaigns 文件夹里也没有计划。新建用 drawbridge campaign new。")
        for problem in problems:
            click.echo(problem["error"], err=True)
    return FOUND if problems else DONE


@campaign.command("show", help="查看一个任务：各环节到哪一步，等待谁，期限还剩几天，下一步按什么。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def show(name: str, as_json: bool) -> int:
    """The board of one campaign. Raises DrawbridgeError DB-CLI-002 if there is none."""
    with open_books(settings_for(name)) as books:
        with books.ledger.read() as tx:
            found = campaign_of(tx, name)
        if found is None:
            path = find_plan(name)
            if path is None:
                raise DrawbridgeError("DB-CLI-002", name=name)
            found = read_plan(path)
        board = board_of(books, found, campaign_time(books, found))
        with books.ledger.read() as tx:
            rows = stages(tx, found.task_id)
        folder = books.home.root / found.task_id
    if as_json:
        listed = {
            key: {"state": row.state, "waiting_for": row.waiting_for, "failed": row.failed, **row.facts}
            for key, row in rows.items()
        }
        document = as_document(board)
        print_json({"campaign": found.model_dump(mode="json"), "stages": listed, "board": document})
        return DONE
    print_board(console(to_stderr=False), board, folder)
    return DONE


def _facts(one: Campaign, rows: dict[str, StageRow]) -> dict[str, object]:
    open_ = next((key for key in TITLES if key not in rows or rows[key].state != "done"), None)
    row = rows.get(open_) if open_ else None
    return {
        "task_id": one.task_id,
        "short_name": one.short_name,
        "name": one.name,
        "stage": TITLES[open_] if open_ else "全部",
        "state": "已完成" if open_ is None else state_name(row.state if row else None),
        "waiting_for": (row.failed or row.waiting_for) if row else None,
    }
