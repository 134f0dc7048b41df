"""`drawbridge draw`: the draw as people hold it, compute it, check it and question it."""

from __future__ import annotations

import click

from flows.command_line.lazy_group import LazyGroup

_HERE = "flows.commands.draw"
_COMMANDS = {
    "seal": (f"{_HERE}.parts:seal", "部门：封存一个随机数，只交出封存。"),
    "reveal": (f"{_HERE}.parts:reveal", "部门：看过承诺书之后揭示自己的随机数。"),
    "take": (f"{_HERE}.parts:take", "登记部门交来的封存或揭示文书。"),
    "public-number": (f"{_HERE}.numbers:public_number", "登记公共随机数及其来源。"),
    "show": (f"{_HERE}.show:show", "查看抽取停在哪一步，等待谁。"),
    "abandon": (f"{_HERE}.rounds:abandon", "公共随机数一直没有公布：作废本轮。"),
    "again": (f"{_HERE}.rounds:again", "申请另抽一轮，写明理由。"),
    "allow-again": (f"{_HERE}.rounds:allow_again", "由第二人批准另抽一轮。"),
    "replace-inspector": (f"{_HERE}.seats:replace_inspector", "为一户更换一名执法检查人员。"),
    "compute": (f"{_HERE}.compute:compute", "用文件计算证书，不需要数据库。"),
    "merge": ("flows.commands.draw.shards:merge", "把分片计算的结果合并成证书。"),
    "verify": (f"{_HERE}.verify:verify", "重新计算证书，逐项核验。"),
    "prove": (f"{_HERE}.proofs:prove", "证明一个对象在或不在名单中。"),
    "audit": ("flows.commands.draw.audit:audit", "审计别人做的抽取：硬性核查，再看是否与随机相符。"),
    "check-proof": (f"{_HERE}.proofs:check", "不用名单，核对这样的证明。"),
}


@click.group("draw", cls=LazyGroup, table=_COMMANDS, help="随机抽取：封存、揭示、计算、核验、证明、审计。")
def draw() -> None:
    """The group; its commands are imported when they are called."""
