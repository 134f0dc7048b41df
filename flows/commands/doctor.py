"""`drawbridge doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import httpx
from rich.console import Console
from rich.table import Table

from flows.command_line import DONE, FOUND, Command, home_option, json_option, print_json
from flows.home import Home
from flows.settings import Settings, load_settings
from ledger.engine import describe_database
from schemas.errors import DrawbridgeError

_LARGEST_SKEW_S = 60
_LEAST_FREE_BYTES = 200 * 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is well, what was found, what to do."""

    subject: str
    ok: bool
    found: str
    act: str = ""


@click.command("doctor", cls=Command, help="检查安装是否正常：Python、台账、平台、时钟、字体、Prefect。")
@home_option
@json_option
def doctor(as_json: bool) -> int:
    """Looks at everything and prints one line each; exit 1 if something needs mending."""
    settings = load_settings()
    findings = [finding for look in _LOOKS for finding in look(settings)]
    if as_json:
        print_json({"ok": all(f.ok for f in findings), "findings": [asdict(f) for f in findings]})
    else:
        table = Table("", "项目", box=None, pad_edge=False)
        for heading in ("情况", "怎么办"):
            table.add_column(heading, overflow="fold")
        for finding in findings:
            mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
            table.add_row(mark, finding.subject, finding.found, finding.act)
        Console(highlight=False, soft_wrap=True).print(table)
    return DONE if all(finding.ok for finding in findings) else FOUND


def _python(_: Settings) -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return [
        Finding("Python", ok, version, "" if ok else "请安装 Python 3.11 或更新版本后重新 make install。")
    ]


def _folder(settings: Settings) -> list[Finding]:
    try:
        folder = Home(settings.home).folder()
        probe = folder / ".doctor"
        probe.write_text("")
        probe.unlink()
    except (DrawbridgeError, OSError) as error:
        return [
            Finding(
                "目录", False, f"{settings.home} 写不进去（{type(error).__name__}）", "请核对权限和磁盘。"
            )
        ]
    free = shutil.disk_usage(folder).free
    ok = free >= _LEAST_FREE_BYTES
    return [
        Finding(
            "目录",
            ok,
            f"{settings.home}，剩余 {free // 2**20} MiB",
            "" if ok else "磁盘将满，请清理后再运行。",
        )
    ]


def _database(settings: Settings) -> list[Finding]:
    try:
        state = describe_database(settings.ledger_url)
    except DrawbridgeError as error:
        return [Finding("台账", False, error.zh, error.act)]
    ok = state.is_current or state.revision is None  # the first run makes it
    return [
        Finding("台账", True, state.name),
        Finding(
            "台账版本",
            ok,
            state.revision or "尚未建立，第一次运行时自动建立",
            "" if ok else "下次运行时自动升级；升级前请先备份。",
        ),
    ]


def _platform(settings: Settings) -> list[Finding]:
    if settings.platform_url is None:
        return [Finding("平台", True, "未设置平台地址：运行时自动启动模拟平台")]
    from flows.site import open_site

    try:
        with open_site(settings) as site:
            site.connections.platform.items()
            skew = site.connections.platform.clock_skew_s()
    except DrawbridgeError as error:
        return [Finding("平台", False, error.zh, error.act)]
    ok = abs(skew) <= _LARGEST_SKEW_S
    return [
        Finding("平台", True, "可以访问，签名有效"),
        Finding(
            "时钟",
            ok,
            f"与平台相差 {skew:.0f} 秒",
            "" if ok else "请校准本机时间（NTP），相差过大时签名会被拒绝。",
        ),
    ]


def _fonts(_: Settings) -> list[Finding]:
    tool = shutil.which("fc-list")
    if tool is None:
        return [Finding("中文字体", True, "无法检查（没有 fc-list），不影响运行")]
    listed = subprocess.run([tool, ":lang=zh", "family"], capture_output=True, text=True, check=False)
    ok = bool(listed.stdout.strip())
    found = listed.stdout.splitlines()[0] if ok else "没有中文字体"
    return [
        Finding("中文字体", ok, found, "" if ok else "请安装 fonts-noto-cjk，否则浏览器和打印件可能缺字。")
    ]


def _prefect(_: Settings) -> list[Finding]:
    version = importlib.metadata.version("prefect")
    address = os.environ.get("PREFECT_API_URL")
    if address is None:
        return [Finding("Prefect", True, f"{version}，运行时自动启动本机服务")]
    try:
        ok = httpx.get(f"{address}/health", timeout=5, trust_env=False).status_code == httpx.codes.OK
    except (httpx.HTTPError, httpx.InvalidURL):
        ok = False
    found = f"{version}，{address}" + ("" if ok else " 没有应答")
    return [Finding("Prefect", ok, found, "" if ok else "请启动 drawbridge serve，或改正 PREFECT_API_URL。")]


def _plans(_: Settings) -> list[Finding]:
    from flows.site import read_plan

    findings = []
    for path in sorted(Path("campaigns").glob("*.y*ml")):
        try:
            findings.append(Finding("计划", True, f"{path}：{read_plan(path).short_name}"))
        except DrawbridgeError as error:
            findings.append(Finding("计划", False, error.zh, error.act))
    return findings


_LOOKS: tuple[Callable[[Settings], list[Finding]], ...] = (
    _python,
    _folder,
    _database,
    _platform,
    _fonts,
    _prefect,
    _plans,
)
