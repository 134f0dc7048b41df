"""`drawbridge profile`: the interface profiles that ship, and what is wrong in one that somebody writes."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.table import Table

from connectors.profile import check_profile, load_profile, profile_names
from connectors.profile_advice import advice
from flows.command_line.command import DONE, FOUND, Command, Group, home_option, json_option, print_json
from flows.settings import load_settings
from flows.telling.terminal import console, print_table


@click.group("profile", cls=Group, help="接口配置：列出自带的，逐行检查一个文件。")
def profile() -> None:
    """The group."""


@profile.command("list", cls=Command, help="列出自带的接口配置，标出现用的一个。")
@home_option
@json_option
def list_(as_json: bool) -> int:
    """One line for each profile that ships."""
    used = load_settings().profile
    shipped = {name: load_profile(name).title for name in profile_names()}
    if as_json:
        print_json({"used": used, "profiles": shipped})
        return DONE
    table = Table("", "名称", "说明", box=None, pad_edge=False)
    for name, title in shipped.items():
        table.add_row("现用" if name == used else "", name, title)
    print_table(console(to_stderr=False), table)
    if used not in shipped:
        click.echo(f"现用的是文件 {used}")
    return DONE


@profile.command(
    "check", cls=Command, help="检查一个接口配置：写错、缺少、多余的逐行列出；不写名称时检查现用的。"
)
@click.argument("name", metavar="[名称|文件]", required=False)
@home_option
@json_option
def check(name: str | None, as_json: bool) -> int:
    """Every mistake with its line; exit 1 if there is one. Advice changes no exit code."""
    name = load_settings().profile if name is None else name
    found, mistakes = check_profile(name)
    hints = [] if found is None else advice(found)
    if as_json:
        print_json({"ok": not mistakes, "mistakes": [asdict(m) for m in mistakes], "advice": hints})
        return FOUND if mistakes else DONE
    if found is not None:
        click.echo(f"{name} 可以使用：{found.title}")
    else:
        click.echo(f"{name} 有 {len(mistakes)} 处要改正（各项说明见 docs/profiles.md）：")
        table = Table("行", box=None, pad_edge=False)
        for heading in ("位置", "问题"):
            table.add_column(heading, overflow="fold")
        for mistake in mistakes:
            table.add_row(str(mistake.line), mistake.where, mistake.what)
        print_table(console(to_stderr=False), table)
    for hint in hints:
        click.echo(f"请留意：{hint}")
    return FOUND if mistakes else DONE
