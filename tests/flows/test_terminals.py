"""What a terminal does to a command: narrow ones, closed ones, Ctrl-C, and a machine that shuts down."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import psutil
import pytest
from rich.cells import cell_len

from documents.paper.press import TEMPLATES
from flows.cli import drawbridge
from tests.end_to_end.installation import PLAN, PROJECT, TASK, Installation


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "home")


def begun(installation: Installation, *more: str, until: str) -> subprocess.Popen[str]:
    """A run in a group of its own, as a shell starts it, that has printed `until`."""
    process = subprocess.Popen(
        installation.command(["run", str(PLAN), *more]),
        cwd=PROJECT,
        env=installation.settings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if until in line:
            return process
    raise AssertionError(process.communicate()[1])


def noted(installation: Installation) -> dict[str, int]:
    lines = (installation.home / "processes.jsonl").read_text("utf-8").splitlines()
    return {row["name"]: row["pid"] for row in map(json.loads, lines)}


def test_ctrl_c_is_for_the_command_alone(installation: Installation) -> None:
    process = begun(installation, "--no-prefect", until="同步名录")
    mock = noted(installation)["mock"]
    assert os.getpgid(mock) != os.getpgid(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to everybody of the group
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (130, "已中断；已完成的步骤都在台账里，重新运行即可继续。")
    assert not psutil.pid_exists(mock)
    assert installation.call("run", PLAN, "--no-prefect").code == 0


@pytest.mark.parametrize(("ended_by", "how"), [(signal.SIGTERM, ()), (signal.SIGHUP, ("--no-prefect",))])
def test_a_run_that_is_told_to_end_says_so_and_leaves_nothing_behind(
    installation: Installation, ended_by: signal.Signals, how: tuple[str, ...]
) -> None:
    process = begun(installation, *how, until="同步名录")
    started = noted(installation)
    process.send_signal(ended_by)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said.strip()) == (130, "已中断；已完成的步骤都在台账里，重新运行即可继续。")
    assert set(started) == ({"mock"} if how else {"mock", "prefect-server"})
    assert not any(map(psutil.pid_exists, started.values()))


@pytest.mark.parametrize("command", [("campaign", "show", PLAN), ("campaign", "--help"), ("keys", "status")])
def test_an_output_that_is_closed_is_no_finding(
    installation: Installation, tmp_path: Path, command: tuple[object, ...]
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"2026 {base64.b64encode(bytes(32)).decode()}\n")
    installation.environment["DRAWBRIDGE_KEY_FILE"] = str(keys)
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        installation.command(list(map(str, command))),
        cwd=PROJECT,
        env=installation.settings(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (130, "")


@pytest.mark.parametrize("columns", ["20", "40"])
def test_a_narrow_terminal_breaks_lines_and_not_numbers(installation: Installation, columns: str) -> None:
    shown = installation.call("campaign", "list", more={"COLUMNS": columns, "TERM": "dumb"})
    assert TASK in shown.out
    assert "…" not in shown.out


@pytest.mark.parametrize("command", [("draw", "public-number"), ("campaign", "import"), ("run",)])
def test_help_lines_up_and_has_no_english(installation: Installation, command: tuple[str, ...]) -> None:
    lines = installation.call(*command, "--help", more={"COLUMNS": "80"}).out.split("选项:\n")[1].splitlines()
    begins = set()
    for line in lines:
        option, gap, words = line.strip().partition("  ")
        if option.startswith("-") and words:
            begins.add(2 + cell_len(option + gap) + len(words) - len(words.lstrip()))
    assert len(begins) == 1
    assert not [line for line in lines if "TEXT" in line or "INTEGER" in line or "required" in line]
    assert max(map(cell_len, lines)) <= 82


def test_no_help_says_anything_in_english() -> None:
    texts = dict(helps(drawbridge, ("drawbridge",)))
    assert len(texts) > 60
    english = re.compile(r"\b(TEXT|INTEGER|FLOAT|FILE|PATH|RANGE|required|default|Options|Usage)\b|x[<>]=")
    assert {name: found[0] for name, text in texts.items() if (found := english.search(text))} == {}


def helps(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The help of a command and of all below it; the mock's own is argparse's."""
    with click.Context(command, info_name=" ".join(path)) as context:
        yield " ".join(path), command.get_help(context)
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                below = command.get_command(context, name)
                assert below is not None
                if name != "mock":
                    yield from helps(below, (*path, name))


def test_templates_are_all_copied_although_nobody_reads_on(
    installation: Installation, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        installation.command(["report", "templates", str(tmp_path / "templates")]),
        cwd=PROJECT,
        env=installation.settings(),
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (130, "")
    assert len(list((tmp_path / "templates").glob("*.typ"))) == len(list(TEMPLATES.glob("*.typ")))
