"""`drawbridge draw replace-inspector`: somebody cannot go; who goes instead is fixed by the seed."""

from __future__ import annotations

import click

from draw.substitutes import SeatObjection
from flows.command_line.command import DONE, Command, home_option, json_option, print_json
from flows.commands.resume import settings_for
from flows.decisions.approving import approver_options, role_of
from flows.decisions.deciding import campaign_called
from flows.drawing.ceremony import time_text
from flows.drawing.correcting import corrected_by_seat, refuse_if_visited
from flows.drawing.redraw import reopen
from flows.paper.visits import visits_of
from flows.site import open_books
from flows.telling.terminal import console
from ledger.campaigns import reopen_stages
from ledger.draws import record_correction, round_in_force
from schemas.errors import DrawbridgeError


@click.command("replace-inspector", cls=Command, help="为一户更换一名执法检查人员；谁来接替由种子决定。")
@click.argument("name", metavar="任务")
@click.option("--object", "object_id", required=True, metavar="代码", help="企业的统一社会信用代码。")
@click.option("--department", required=True, metavar="代码", help="部门代码，如 SW。")
@click.option("--inspector", required=True, metavar="编号", help="不能前往的执法检查人员编号。")
@click.option("--reason", required=True, help="理由，如“回避：近亲属”“病假”（不写姓名）。")
@approver_options
@home_option
@json_option
def replace_inspector(
    name: str,
    object_id: str,
    department: str,
    inspector: str,
    reason: str,
    approver_id: str,
    code: str,
    as_json: bool,
) -> int:
    """A correcting certificate; the next run makes the form anew and sends its new version."""
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        visits = visits_of(books, campaign)
        refuse_if_visited(visits.forms.get(object_id), visits.by_enterprise.get(object_id, []), object_id)
        role = role_of(books.ledger, approver_id, code)
        with books.ledger.write() as tx:
            round_ = round_in_force(tx, campaign.task_id, "inspectors")
            if round_ is None or round_.certificate is None:
                raise DrawbridgeError("DB-CEREMONY-031")
            now = books.now()
            objection = SeatObjection(object_id, department, inspector, reason, role, time_text(now))
            certificate, by = corrected_by_seat(round_, objection)
            record_correction(tx, round_, certificate, now)
            reopen(tx, campaign, "inspectors", "按换人更新一企一表", now)
            reopen_stages(tx, campaign.task_id, ("push",), "派发换人后的一企一表", now)
    if as_json:
        print_json({"task_id": campaign.task_id, "object": object_id, "replaced": inspector, "by": by})
        return DONE
    out = console(to_stderr=False)
    if by is None:
        out.print(str(DrawbridgeError("DB-CEREMONY-030", object_id=object_id, department=department)))
    out.print(f"{object_id}：{inspector} 由 {by or '无人'} 接替；重新运行即更新并派发一企一表。")
    return DONE
