"""`drawbridge mock` and `serve`: processes that stay until they are ended."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.command_line.command import DONE, Command, home_option
from flows.commands.run import begin_with_own_mock
from flows.service.home import Home
from flows.service.own_mock import LOCAL_POLL_S, LOCAL_WAIT_S, MockInput, OwnMock
from flows.settings import load_settings
from flows.telling.terminal import console
from schemas.errors import DrawbridgeError

if TYPE_CHECKING:  # it imports Prefect, which `drawbridge mock` can do without
    from flows.service.schedules import Choice


@click.command(
    "mock",
    cls=Command,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
    help="单独启动模拟平台和模拟公示系统；选项见 drawbridge mock --help。",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def mock(arguments: tuple[str, ...]) -> int:
    """Becomes the mock's process: `python -m mock_platform` with the same arguments."""
    os.execv(sys.executable, [sys.executable, "-m", "mock_platform", *arguments])  # noqa: S606


@click.command("serve", cls=Command, help="启动服务和界面、部署各流程；未设置平台时一并启动模拟平台。")
@click.option("--port", type=click.IntRange(1, 65535), default=4200, help="界面的端口。")
@click.option("--plan", default="qinghe-2024-22", metavar="计划", help="模拟平台用哪个计划。")
@click.option("--objects", type=click.IntRange(5, 5000), default=120, help="模拟名录的对象数。")
@click.option("--seed", type=int, default=1, help="模拟平台的随机种子（不影响抽取本身）。")
@click.option(
    "--schedules",
    type=click.Choice(["kept", "on", "off"]),
    default="kept",
    help="定时运行：kept 照旧（在界面停用的仍停用），on 全部启用，off 全部停用。",
)
@home_option
def serve(port: int, plan: str, objects: int, seed: int, schedules: Choice) -> int:
    """Runs until Ctrl-C or SIGTERM."""
    from flows.service.serve import serve as serve_until_ended
    from flows.site import find_plan, read_plan

    settings = load_settings()
    folder = Home(settings.home)
    out = console(to_stderr=False)
    with folder.in_use():
        environment = {"DRAWBRIDGE_HOME": str(folder.folder().resolve())}
        own = None
        if settings.platform_url is None:
            path = find_plan(plan)
            if path is None:
                raise DrawbridgeError("DB-CLI-002", name=plan)
            own = begin_with_own_mock(
                folder, MockInput(path, None, "enterprises", seed, objects, "certified"), "max"
            )
            environment |= own.environment(read_plan(path).task_id)
            environment |= {
                "DRAWBRIDGE_MAX_WAIT_S": os.environ.get("DRAWBRIDGE_MAX_WAIT_S", str(LOCAL_WAIT_S)),
                "DRAWBRIDGE_POLL_S": os.environ.get("DRAWBRIDGE_POLL_S", str(LOCAL_POLL_S)),
            }
        out.print("正在启动 Prefect 服务、部署流程（约半分钟）……")

        def ready(address: str) -> None:
            _print_addresses(address, own)

        log = None if own is None else own.log
        serve_until_ended(folder, port, environment, Path.cwd(), schedules, ready, out.print, log)
    out.print("已全部停止。")
    return DONE


def _print_addresses(address: str, own: OwnMock | None) -> None:
    out = console(to_stderr=False)
    out.print(f"界面      {address}")
    out.print(f"部署      {address}/deployments  （“整个任务”即 run-campaign，点 Run，再点对话框中的 Run）")
    if own is not None:
        out.print(f"模拟平台  {own.platform_url}")
        out.print(f"公示页面  {own.publicity_url}/")
        out.print(f"控制台    {own.control_url}/control/writes")
    out.print("按 Ctrl-C 全部停止。")
