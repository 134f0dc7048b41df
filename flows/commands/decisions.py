"""`drawbridge confirm` and `approve`: what people decide here rather than on the platform."""

from __future__ import annotations

import click

from flows.command_line.command import DONE, Command, home_option, json_option, print_json
from flows.commands.resume import settings_for
from flows.decisions.deciding import (
    DECISIONS,
    REASONS,
    VERDICTS,
    answer_for_department,
    campaign_called,
    decide_publication,
)
from flows.site import open_books
from flows.telling.terminal import console
from schemas.codes import Verdict
from schemas.errors import DrawbridgeError


@click.command("confirm", cls=Command, help="代部门登记比对和确认意见（平台上已确认的不必再登记）。")
@click.argument("name", metavar="任务")
@click.option("--department", "code", required=True, metavar="代码", help="部门代码，如 SW。")
@click.option("--object", "objects", multiple=True, metavar="对象", help="抽查对象编号，可重复。")
@click.option("--all", "everything", is_flag=True, help="该部门尚未确认的全部对象。")
@click.option("--verdict", type=click.Choice(list(VERDICTS)), default=Verdict.CONFIRMED.label, help="意见。")
@click.option("--reason", type=click.Choice(list(REASONS)), default=None, help="异议理由。")
@click.option("--evidence", default=None, help="异议依据（文号或说明）。")
@click.option("--role", default="系统管理员", help="确认人的岗位（不写姓名）。")
@home_option
@json_option
def confirm(
    name: str,
    code: str,
    objects: tuple[str, ...],
    everything: bool,
    verdict: str,
    reason: str | None,
    evidence: str | None,
    role: str,
    as_json: bool,
) -> int:
    """Records answers of one department and queues them for the platform; the next run sends them."""
    if bool(objects) == everything:
        raise DrawbridgeError("DB-RUN-020", options="--object、--all")
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        department, recorded = answer_for_department(
            books, campaign, code, objects, verdict, reason, evidence, role
        )
    facts = {"task_id": campaign.task_id, "department": department.name, "recorded": recorded}
    if as_json:
        print_json(facts)
    elif recorded:
        console(to_stderr=False).print(
            f"已登记 {department.name} 对 {recorded} 个对象的意见：{verdict}；下次运行时送平台。"
        )
    else:
        console(to_stderr=False).print(f"没有等待 {department.name} 确认的对象，没有登记意见。")
    return DONE


@click.command("approve", cls=Command, help="登记公示审批意见：同意公示、依法不予公示或审核退回。")
@click.argument("name", metavar="任务")
@click.option("--enterprise", "usccs", multiple=True, metavar="代码", help="统一社会信用代码，可重复。")
@click.option("--all", "everything", is_flag=True, help="全部结果齐全且待审核的企业。")
@click.option("--decision", type=click.Choice(list(DECISIONS)), default="同意公示", help="审批意见。")
@click.option("--role", required=True, help="审批人的岗位（不写姓名）。")
@click.option("--reason", default=None, help="理由；不予公示和退回必须写明。")
@home_option
@json_option
def approve(
    name: str,
    usccs: tuple[str, ...],
    everything: bool,
    decision: str,
    role: str,
    reason: str | None,
    as_json: bool,
) -> int:
    """Records a decision on the results as they are now; a result that changes later needs another."""
    if bool(usccs) == everything:
        raise DrawbridgeError("DB-RUN-020", options="--enterprise、--all")
    with open_books(settings_for(name)) as books:
        campaign = campaign_called(books, name)
        recorded = decide_publication(books, campaign, usccs, decision, role, reason)
    facts = {"task_id": campaign.task_id, "decision": decision, "recorded": recorded}
    if as_json:
        print_json(facts)
    elif recorded:
        console(to_stderr=False).print(f"已登记 {recorded} 户：{decision}。")
    else:
        console(to_stderr=False).print("没有等待审批的企业，没有登记意见。")
    return DONE
