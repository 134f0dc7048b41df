"""`drawbridge campaign`: which campaigns there are, and how far one is."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from flows.command_line import DONE, FOUND, Group, home_option, json_option, print_json
from flows.site import find_plan, open_books, read_plan
from flows.stage_names import TITLES, state_name
from flows.terminal import console
from ledger.campaigns import StageRow, campaign_of, campaigns, stages
from schemas.campaign import Campaign
from schemas.errors import DrawbridgeError


@click.group("campaign", cls=Group, help="抽查任务：列出、查看。")
def campaign() -> None:
    """The group."""


@campaign.command("list", help="列出台账里的任务和 campaigns 文件夹里的计划。")
@home_option
@json_option
def list_campaigns(as_json: bool) -> int:
    """Every campaign of the ledger and every plan file of the folder."""
    with open_books() as books, books.ledger.read() as tx:
        rows = [_facts(one, stages(tx, one.task_id)) for one in campaigns(tx)]
    known = {row["task_id"] for row in rows}
    problems = []
    for path in sorted(Path("campaigns").glob("*.y*ml")):
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
        shown = Table("任务编号", "简称", "环节", "状态", "等待", box=None, pad_edge=False)
        for row in rows:
            shown.add_row(
                *(str(row[key] or "") for key in ("task_id", "short_name", "stage", "state", "waiting_for"))
            )
        console(to_stderr=False).print(shown if rows else "还没有任务，campaigns 文件夹里也没有计划。")
        for problem in problems:
            click.echo(problem["error"], err=True)
    return FOUND if problems else DONE


@campaign.command("show", help="查看一个任务：各环节到哪一步，等待谁。")
@click.argument("name", metavar="任务")
@home_option
@json_option
def show(name: str, as_json: bool) -> int:
    """One campaign, stage by stage. Raises DrawbridgeError DB-CLI-002 if there is none."""
    with open_books() as books, books.ledger.read() as tx:
        found = campaign_of(tx, name)
        rows = stages(tx, found.task_id) if found else {}
    if found is None:
        path = find_plan(name)
        if path is None:
            raise DrawbridgeError("DB-CLI-002", name=name)
        found = read_plan(path)
        with open_books() as books, books.ledger.read() as tx:
            rows = stages(tx, found.task_id)
    if as_json:
        listed = {
            key: {"state": row.state, "waiting_for": row.waiting_for, "failed": row.failed, **row.facts}
            for key, row in rows.items()
        }
        print_json({"campaign": found.model_dump(mode="json"), "stages": listed})
        return DONE
    out = console(to_stderr=False)
    out.print(f"{found.name}（{found.document_no or found.task_id}）")
    out.print(
        f"时限 {found.starts_on} 至 {found.ends_on}  部门 {'、'.join(d.name for d in found.departments)}"
    )
    shown = Table("环节", "状态", "等待或原因", box=None, pad_edge=False)
    for key, title in TITLES.items():
        row = rows.get(key)
        state = state_name(row.state if row else None)
        shown.add_row(title, state, (row.failed or row.waiting_for or "") if row else "")
    out.print(shown)
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
