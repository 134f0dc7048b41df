"""`drawbridge ledger move`: the ledger goes to another database, and is used there alone from then on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from delivery.owner import is_gone
from flows.command_line.command import DONE, Command, Group, home_option, json_option, print_json
from flows.service.home import Home
from flows.settings import LEDGER_FILE, load_settings
from ledger.moving import Move, move

_REMOVED = "请去掉设置 DRAWBRIDGE_DATABASE_URL"
_SET = "请把 DRAWBRIDGE_DATABASE_URL 设为上面这个地址"
_FOR_THE_SERVICE = "，账号换成服务用的账号（见 docs/install.zh.md）"


@click.group("ledger", cls=Group, help="台账所在的数据库。")
def ledger() -> None:
    """The group."""


@ledger.command("move", cls=Command, help="把台账整个搬到另一个空的数据库；原来的从此停用。先停止服务。")
@click.option(
    "--to",
    "target",
    required=True,
    metavar="地址",
    help="postgresql://账号@主机/库名 或 sqlite:///路径；密码用环境变量 PGPASSWORD。",
)
@home_option
@json_option
def move_ledger(target: str, as_json: bool) -> int:
    """Moves the ledger of the settings. Raises DrawbridgeError DB-RUN-002 while a run holds the folder, and
    as `ledger.moving.move`.
    """
    settings = load_settings()
    home = Home(settings.home)
    with home.in_use():
        moved = move(settings.ledger_url, target, datetime.now(UTC), is_gone)
    set_to = _settings(target, home)
    if as_json:
        facts = {"from": moved.source, "to": moved.target, "tables": moved.tables, "settings": set_to}
        print_json({**facts, "head": f"{moved.head.seq}:{moved.head.digest}"})
        return DONE
    for line in _told(moved, set_to):
        click.echo(line)
    return DONE


def _settings(target: str, home: Home) -> str:
    if not target.startswith("sqlite"):
        return _SET + _FOR_THE_SERVICE
    return _REMOVED if _file(target) == _file(f"sqlite:///{home.root / LEDGER_FILE}") else _SET


def _file(address: str) -> Path:
    return Path(address.partition(":///")[2]).resolve()


def _told(moved: Move, set_to: str) -> list[str]:
    rows = sum(moved.tables.values())
    copied = f"{len(moved.tables)} 张表，{rows} 行，逐行核对一致，审计链完好"
    return [
        f"台账已搬到 {moved.target}：{copied if rows else '早先已经搬完，这次补记'}。",
        f"下一步：{set_to}，执行 drawbridge doctor，再启动服务。",
        f"搬走时的审计链头：{moved.head.seq}:{moved.head.digest}",
        f"原来的台账 {moved.source} 已停用，程序不再打开它。里面有个人信息，请与备份一样保管，到期销毁。",
    ]
