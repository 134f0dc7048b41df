"""The command `drawbridge`: a table of commands, each imported when it is called.

Importing them all would cost every `--help` the time that Prefect takes to load, and Prefect reads
its settings when it is loaded.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from flows.command_line.command import CONTEXT, run_command_line
from flows.command_line.lazy_group import LazyGroup

# Command -> where it is, what it is for.
_COMMANDS = {
    "demo": ("flows.commands.demo:demo", "演示：用模拟平台把通知规定的全过程走一遍。"),
    "run": ("flows.commands.run:run", "执行一次抽查任务，从第一个未完成的环节继续。"),
    "campaign": ("flows.commands.campaigns:campaign", "抽查任务：列出、查看，新建、检查、导入计划。"),
    "import": ("flows.commands.imports:import_", "导入名录和清单（.csv、.xlsx、.xls）。"),
    "export": ("flows.commands.exports:export", "导出名录、任务、结果和部门结果录入表（.xlsx）。"),
    "confirm": ("flows.commands.decisions:confirm", "代部门登记比对和确认意见。"),
    "approve": ("flows.commands.decisions:approve", "登记公示审批意见。"),
    "draw": ("flows.commands.draw:draw", "随机抽取：封存、揭示、公共随机数、计算、核验、证明、审计。"),
    "approver": ("flows.commands.approvers:approver", "审批人和动态码：登记、列出、停用。"),
    "push": ("flows.commands.push:push", "一企一表派发：查看、继续派发、核定结果不明的。"),
    "publish": ("flows.commands.publish:publish", "公示：查看、继续报送、核定、撤回、更正。"),
    "reconcile": ("flows.commands.books:reconcile", "逐户逐项核对公示，列出建议。只读。"),
    "report": ("flows.commands.books:report", "由台账生成统计表、总结和各种文书。"),
    "audit": ("flows.commands.books:audit", "核验台账的审计链。"),
    "ledger": ("flows.commands.moving:ledger", "台账所在的数据库：搬到另一个数据库。"),
    "forget": ("flows.commands.forget:forget", "清除到期的个人信息，记入审计链。"),
    "keys": ("flows.commands.keys:keys", "台账的密钥：查看还有多少内容待加密，全部改用第一个密钥。"),
    "mock": ("flows.commands.services:mock", "单独启动模拟平台和模拟公示系统。"),
    "serve": ("flows.commands.services:serve", "启动服务和界面，部署各流程。"),
    "profile": ("flows.commands.profiles:profile", "接口配置：列出自带的，逐行检查一个文件。"),
    "doctor": ("flows.commands.doctor:doctor", "检查安装是否正常，并说明怎么办。"),
}


@click.group(
    cls=LazyGroup,
    table=_COMMANDS,
    context_settings=CONTEXT,
    help="“双随机、一公开”抽查的全流程：名录、抽取、确认、匹配、一企一表、结果、公示、核对、统计。",
    epilog="退出码：0 完成；1 有需要处理的情况；2 不能执行（见 DB- 代码）；3 等待各方办理；130 被中断。",
)
@click.version_option(
    None, "--version", package_name="drawbridge", message="%(prog)s %(version)s", help="显示版本。"
)
def drawbridge() -> None:
    """The root of all commands."""


def main() -> NoReturn:
    """Entry point of the installed command.

    What it makes, and what it starts makes, is the owner's alone: the ledger holds a roster, Prefect's
    database the operators' words.  What is meant for others is given its own mode (`documents.whole_file`).
    """
    os.umask(0o077)
    run_command_line(drawbridge, sys.argv[1:])
