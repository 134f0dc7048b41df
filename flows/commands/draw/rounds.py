"""`drawbridge draw abandon | again | allow-again`: a round ends without a draw, another begins."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from draw.commitment import parse_commitment
from draw.reveal import build_abandonment
from flows.command_line.command import DONE, Command, home_option, json_option, print_json
from flows.commands.deciders import decided_by
from flows.decisions.approving import approver_options
from flows.drawing.ceremony import time_text
from flows.drawing.redraw import allow_round, ended_round, reopen
from flows.telling.terminal import console
from ledger.draws import record_abandonment, round_in_force
from ledger.leaves import ask_leave
from ledger.texts import digest_of
from rules.public_numbers import kind_of
from schemas.campaign import PublicNumber
from schemas.errors import DrawbridgeError

stage_option = click.option(
    "--stage",
    type=click.Choice(["objects", "inspectors"]),
    default="objects",
    show_default=True,
    help="objects：抽取对象；inspectors：抽取人员。",
)

_SHANGHAI = ZoneInfo("Asia/Shanghai")


@click.command("again", cls=Command, help="申请另抽一轮。上一轮须已作废，或已抽取而结果尚未使用。")
@click.argument("name", metavar="任务")
@stage_option
@click.option("--reason", required=True, help="理由，写入承诺书，对各方公开。")
@click.option("--number", default=None, help="计划中没有更晚的公共随机数时：期号，如 双色球2024070。")
@click.option(
    "--announced", type=click.DateTime(["%Y-%m-%d %H:%M"]), default=None, help="其公布时间（北京时间）。"
)
@approver_options
@home_option
@json_option
def again(
    name: str,
    stage: str,
    reason: str,
    number: str | None,
    announced: datetime | None,
    approver_id: str,
    code: str,
    as_json: bool,
) -> int:
    """One person asks; nothing happens until another allows it."""
    with decided_by(name, approver_id, code) as (books, campaign, role), books.ledger.write() as tx:
        ended = ended_round(tx, campaign, stage)
        leave = ask_leave(
            tx,
            campaign.task_id,
            stage,
            ended.round_no + 1,
            previous=digest_of(ended.ended_by or b""),
            reason=reason,
            public_number=_public_number(number, announced),
            asked_by=approver_id,
            asked_role=role,
            now=books.now(),
        )
    facts = {"task_id": campaign.task_id, "stage": stage, "round": leave.round_no, "previous": leave.previous}
    if as_json:
        print_json(facts)
    else:
        out = console(to_stderr=False)
        out.print(f"已申请阶段 {stage} 第 {leave.round_no} 轮：{reason}")
        out.print(
            f"请另一位审批人执行：drawbridge draw allow-again {campaign.task_id} --stage {stage} --by 编号"
        )
    return DONE


@click.command("allow-again", cls=Command, help="批准另抽一轮；不能与申请人为同一人。")
@click.argument("name", metavar="任务")
@stage_option
@approver_options
@home_option
@json_option
def allow_again(name: str, stage: str, approver_id: str, code: str, as_json: bool) -> int:
    """The second person; the next run freezes anew and asks the departments for new parts."""
    with decided_by(name, approver_id, code) as (books, campaign, role):
        leave = allow_round(books, campaign, stage, approver_id, role)
    if as_json:
        print_json({"task_id": campaign.task_id, "stage": stage, "round": leave.round_no, "allowed_by": role})
    else:
        console(to_stderr=False).print(
            f"已批准阶段 {stage} 第 {leave.round_no} 轮；重新运行即从冻结名单开始，各部门须重新封存。"
        )
    return DONE


@click.command("abandon", cls=Command, help="作废本轮：揭示已经结束，而公布方一直没有公布公共随机数。")
@click.argument("name", metavar="任务")
@stage_option
@click.option("--reason", required=True, help="理由，写入作废文书。")
@approver_options
@home_option
@json_option
def abandon(name: str, stage: str, reason: str, approver_id: str, code: str, as_json: bool) -> int:
    """Only a number that its publisher never gave ends a closed round (draw-spec.md §2)."""
    with decided_by(name, approver_id, code) as (books, campaign, _), books.ledger.write() as tx:
        round_ = round_in_force(tx, campaign.task_id, stage)
        if round_ is None:
            raise DrawbridgeError("DB-CEREMONY-014", stage=stage)
        sealed = {
            one["id"]
            for one in parse_commitment(round_.commitment)["contributors"]
            if one["kind"] == "sealed"
        }
        if set(round_.values) - sealed:
            raise DrawbridgeError("DB-LEDGER-035", stage=stage, round=round_.round_no)
        at = books.now()
        document = build_abandonment(round_.commitment, round_.values, reason=reason, at=time_text(at))
        record_abandonment(tx, round_, document, at)
        reopen(tx, campaign, stage, "另抽一轮", at)
    if as_json:
        print_json({"task_id": campaign.task_id, "stage": stage, "abandonment": digest_of(document)})
    else:
        console(to_stderr=False).print(f"已作废阶段 {stage} 第 {round_.round_no} 轮：{reason}")
    return DONE


def _public_number(number: str | None, announced: datetime | None) -> str | None:
    if number is None and announced is None:
        return None
    kind = kind_of(number or "")
    if kind is None or announced is None or number is None:
        raise DrawbridgeError("DB-CEREMONY-026", number=number or "-")
    at = announced.replace(tzinfo=_SHANGHAI)
    return PublicNumber(
        id=number, announced_at=at, format=kind.format, pattern=kind.pattern
    ).model_dump_json()
