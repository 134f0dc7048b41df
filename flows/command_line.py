"""How `drawbridge` speaks: Chinese help, one JSON document, one sentence per error, exit codes.

Exit codes: 0 done; 1 done, and something was found that needs attention (findings, broken chain,
problems of the installation); 2 refused, with a `DB-…` code; 3 waiting for people; 130 interrupted.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

import click

from flows.unexpected import causes_of, unexpected
from schemas.errors import DrawbridgeError

DONE, FOUND, REFUSED, WAITING, INTERRUPTED = 0, 1, 2, 3, 130

_HEADINGS = {"Options": "选项", "Commands": "命令", "Arguments": "参数"}


class ChineseHelp(click.HelpFormatter):
    """click's help with Chinese headings."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Writes the usage line."""
        super().write_usage(
            prog, args.replace("COMMAND [ARGS]...", "命令 …").replace("[OPTIONS]", "[选项]"), "用法："
        )

    def write_heading(self, heading: str) -> None:
        """Writes a section's heading."""
        super().write_heading(_HEADINGS.get(heading, heading))


click.Context.formatter_class = ChineseHelp

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Group(click.Group):
    """A group of commands whose `--help` line is Chinese."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The help option."""
        return _chinese(super().get_help_option(ctx))


class Command(click.Command):
    """A command whose `--help` line is Chinese."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The help option."""
        return _chinese(super().get_help_option(ctx))


Group.command_class = Command
Group.group_class = type


def _chinese(option: click.Option | None) -> click.Option | None:
    if option is not None:
        option.help = "显示本说明。"
    return option


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`: exactly one JSON document on standard output, all else on standard error."""
    return click.option("--json", "as_json", is_flag=True, help="标准输出只有一份 JSON，其余写到标准错误。")(
        function
    )


def home_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--home`: the folder of the installation, as if it were set; the command itself is not given it."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False),
        default=None,
        expose_value=False,
        callback=_set_home,
        help="台账和产出所在的目录（默认取设置 DRAWBRIDGE_HOME，即 var）。",
    )(function)


def _set_home(context: click.Context, option: click.Parameter, home: str | None) -> None:
    if home is not None:
        if not home.strip():  # it would mean the default folder, which is not what was typed
            raise click.BadParameter("empty", param=option)
        os.environ["DRAWBRIDGE_HOME"] = home


def print_json(document: object) -> None:
    """Prints the one document of a `--json` run."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def run_command_line(command: click.Command, arguments: list[str]) -> NoReturn:
    """Runs a command and ends the process with its exit code; errors become one sentence."""
    as_json = "--json" in arguments
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without these characters still gets the rest
            stream.reconfigure(errors="backslashreplace")
    try:
        code = command.main(args=arguments, prog_name="drawbridge", standalone_mode=False)
    except click.exceptions.Exit as left:
        sys.exit(left.exit_code)
    except click.exceptions.NoArgsIsHelpError as bare:
        click.echo(bare.ctx.get_help())
        sys.exit(DONE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("已中断；已完成的步骤都在台账里，重新运行即可继续。", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "drawbridge"
        _refuse(DrawbridgeError("DB-CLI-001", detail=in_chinese(error), command=path), as_json)
    except DrawbridgeError as error:
        if "--traceback" in arguments:
            _print_places(error)
        _refuse(error, as_json)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(INTERRUPTED)
    except Exception as error:
        if "--traceback" in arguments:
            _print_places(error)
        _refuse(unexpected(error), as_json)
    sys.exit(code if isinstance(code, int) else DONE)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM ends a command as Ctrl-C does: what it started is ended with it."""
    raise KeyboardInterrupt


def _print_places(error: BaseException) -> None:
    """`--traceback`: kinds of errors and places in the source, the first cause first.

    Their texts are left out, since they may quote what was read, and what is printed here is handed on.
    """
    for one in causes_of(error):
        click.echo("".join(traceback.format_tb(one.__traceback__)) + type(one).__name__, err=True)


def _refuse(error: DrawbridgeError, as_json: bool) -> NoReturn:
    tell_refusal(error, as_json)
    sys.exit(REFUSED)


def tell_refusal(error: DrawbridgeError, as_json: bool) -> None:
    """Says why a command was refused: one sentence, and with `--json` one document."""
    with suppress(OSError):
        click.echo(str(error), err=True)
    try:
        if as_json:
            print_json({"error": {"code": error.code, "zh": error.zh, "act": error.act, "en": error.en}})
        sys.stdout.flush()
    except OSError:  # what is left in its buffer would end the interpreter with a traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def in_chinese(error: click.ClickException) -> str:
    """What click found wrong, in Chinese and without quoting more than the option's name."""
    match error:
        case click.exceptions.NoSuchOption():
            return f"没有选项 {error.option_name}"
        case click.exceptions.MissingParameter():
            return f"缺少{_parameter(error)}"
        case click.exceptions.BadParameter():
            return f"{_parameter(error)}的值不对"
        case click.exceptions.FileError():
            return f"文件打不开：{error.ui_filename}"
    message = error.format_message()
    if message.startswith("No such command"):
        return f"没有命令 {message.split(chr(39))[1]}"
    if "unexpected extra argument" in message:
        return "参数太多"
    if message.startswith("Missing command"):
        return "缺少命令"
    return message.rstrip(".")


def _parameter(error: click.exceptions.BadParameter) -> str:
    if error.param is None:
        return error.param_hint if isinstance(error.param_hint, str) else "参数"
    if isinstance(error.param, click.Option):
        return f"选项 {error.param.opts[0]} "
    return f"参数 {error.param.human_readable_name} "
