"""The command `drawbridge`: a table of commands, each imported when it is called.

Importing them all would cost every `--help` the time that Prefect takes to load, and Prefect reads
its settings when it is loaded.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from flows.command_line import CONTEXT, Group, run_command_line

# Command -> where it is, what it is for.
_COMMANDS = {
    "demo": ("flows.commands.demo:demo", "演示：用模拟平台把通知规定的全过程走一遍。"),
    "run": ("flows.commands.run:run", "执行一次抽查任务，从第一个未完成的环节继续。"),
    "campaign": ("flows.commands.campaigns:campaign", "抽查任务：列出、查看。"),
    "import": ("flows.commands.imports:import_", "导入名录和清单（.csv、.xlsx、.xls）。"),
    "confirm": ("flows.commands.decisions:confirm", "代部门登记比对和确认意见。"),
    "approve": ("flows.commands.decisions:approve", "登记公示审批意见。"),
    "draw": ("flows.draw_commands:draw", "随机抽取：用文件计算或核验，不需要数据库。"),
    "reconcile": ("flows.commands.books:reconcile", "逐户核对公示：不缺、不重、内容一致。"),
    "report": ("flows.commands.books:report", "由台账生成报表。"),
    "audit": ("flows.commands.books:audit", "核验台账的审计链。"),
    "mock": ("flows.commands.services:mock", "单独启动模拟平台和模拟公示系统。"),
    "serve": ("flows.commands.services:serve", "启动服务和界面，部署各流程。"),
    "doctor": ("flows.commands.doctor:doctor", "检查安装是否正常，并说明怎么办。"),
}


class LazyGroup(Group):
    """A group whose commands are named in a table and imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the table's order."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands in the help, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])


@click.group(
    cls=LazyGroup,
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
    """Entry point of the installed command."""
    run_command_line(drawbridge, sys.argv[1:])
