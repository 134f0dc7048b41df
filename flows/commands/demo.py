"""`drawbridge demo`: the notice's whole procedure in a fresh folder, with its own mock and Prefect server."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

import click

from flows.command_line.command import Command, json_option
from flows.commands.run import begin_with_own_mock, exit_code, run_and_print
from flows.service.home import Home
from flows.service.own_mock import MockInput
from flows.telling.terminal import console
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_OBJECTS = 120
_PLANS = {"ours": "qinghe-2024-22.yaml", "platform": "qinghe-2024-22-platform.yaml"}
# Settings of an installation have no say in the demo.
_NOT_HERE = ("PLATFORM_URL", "PUBLICITY_URL", "APP_KEY", "APP_SECRET", "DATABASE_URL", "CLOCK_URL", "SOURCE")


@click.command("demo", cls=Command, help="演示：用模拟平台把通知规定的全过程走一遍，每次都在新的目录里。")
@click.option("--objects", type=click.IntRange(5, 5000), default=_OBJECTS, help="模拟名录的对象数。")
@click.option("--seed", type=int, default=1, help="模拟平台的随机种子（不影响抽取本身）。")
@click.option(
    "--variant",
    type=click.Choice(list(_PLANS)),
    default="ours",
    help="ours：我方抽取和推送；platform：平台办理、我方核验（通知规定的做法）。",
)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=None, help="目录放在哪里。")
@click.option("--no-prefect", is_flag=True, help="不经 Prefect。")
@json_option
def demo(objects: int, seed: int, variant: str, into: Path | None, no_prefect: bool, as_json: bool) -> int:
    """Runs one campaign from the directory to the statistics table."""
    for name in _NOT_HERE:
        os.environ.pop(f"DRAWBRIDGE_{name}", None)
    os.environ.pop("PREFECT_API_URL", None)
    plan = Path("campaigns") / _PLANS[variant]
    if not plan.is_file():
        raise DrawbridgeError("DB-CLI-002", name=plan)
    folder = _fresh_folder(into or Path(os.environ.get("DRAWBRIDGE_HOME", "var")))
    os.environ["DRAWBRIDGE_HOME"] = str(folder)
    home = Home(folder)
    out = console(to_stderr=as_json)
    if variant == "ours":
        out.print("演示“我方抽取、推送一企一表、推送公示”的做法；通知规定由平台办理、我方核验：")
        out.print("[dim]  drawbridge demo --variant platform[/dim]")
    with home.in_use():
        mock = begin_with_own_mock(
            home, MockInput(plan, None, "enterprises", seed, objects, "certified"), "max"
        )
        summary = run_and_print(str(plan), home, mock, as_json=as_json, with_prefect=not no_prefect)
    return exit_code(summary)


def _fresh_folder(parent: Path) -> Path:
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}-", dir=parent))
    except OSError as error:
        raise DrawbridgeError("DB-CLI-004", path=parent, detail=problem(error)) from error
