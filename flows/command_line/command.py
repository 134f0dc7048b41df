"""How `drawbridge` speaks: Chinese help, one JSON document, one sentence per error, exit codes.

Exit codes: 0 done; 1 done, and something was found that needs attention (findings, broken chain,
problems of the installation); 2 refused, with a `DB-…` code; 3 waiting for people; 130 interrupted.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

import click

from flows.command_line.click_in_chinese import ChineseHelp, in_chinese
from flows.telling.unexpected import causes_of, unexpected
from schemas.errors import DrawbridgeError

DONE, FOUND, REFUSED, WAITING, INTERRUPTED = 0, 1, 2, 3, 130

click.Context.formatter_class = ChineseHelp

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@contextmanager
def _closed_output_raised() -> Iterator[None]:
    """click ends with the code for findings where nobody reads any more; it lets pass what has no number."""
    try:
        yield
    except BrokenPipeError as error:
        raise BrokenPipeError from error


class Group(click.Group):
    """A group of commands whose `--help` line is Chinese, and which leaves a closed output to its caller."""

    def make_context(self, *given: Any, **more: Any) -> click.Context:
        """The context of a call; it prints the help, if that is what was asked for."""
        with _closed_output_raised():
            return super().make_context(*given, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Carries out the command."""
        with _closed_output_raised():
            return super().invoke(ctx)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The help option."""
        return _chinese(super().get_help_option(ctx))


class Command(click.Command):
    """A command whose `--help` line is Chinese, and which takes no argument that says nothing."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Raises click.UsageError for an argument that is blank, too long, or begins with a wide dash.

        A blank one is mostly a variable that was not set, and would be taken for a folder or a name.
        """
        for argument in args:
            fault = _fault(argument)
            if fault is not None and not (self.blank_is_an_answer and not argument.strip()):
                raise click.UsageError(fault, ctx)
        return super().parse_args(ctx, args)

    blank_is_an_answer = False

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The help option."""
        return _chinese(super().get_help_option(ctx))


Group.command_class = Command
Group.group_class = type


_LONGEST_ARGUMENT = 4096  # of a path, on Linux
_WIDE_DASHES = "—–－﹣−―"


def _fault(argument: str) -> str | None:
    if not argument.strip():
        return "有一处参数或选项的值是空的"
    if len(argument) > _LONGEST_ARGUMENT:
        return f"有一处参数超过 {_LONGEST_ARGUMENT} 个字符"
    if argument[0] in _WIDE_DASHES:
        name = argument.strip(_WIDE_DASHES + "-")[:20]
        return f"“{argument[:20]}”前面的横线不是半角的减号，选项写成 --{name}"
    return None


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
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup leaves it ignored
        signal.signal(signal.SIGHUP, _interrupt)
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
    except BrokenPipeError:  # somebody read enough, such as `head -1`
        sys.stderr.close()
        sys.exit(INTERRUPTED)
    except (click.Abort, KeyboardInterrupt) as ended:
        if not _is_unanswered(ended):
            tell_interrupted()
            sys.exit(INTERRUPTED)
        _refuse(DrawbridgeError("DB-CLI-001", detail=_UNANSWERED, command=_command(arguments)), as_json)
    except Exception as error:
        if "--traceback" in arguments:
            _print_places(error)
        _refuse(_refusal(error, arguments), as_json)
    sys.exit(code if isinstance(code, int) else DONE)


def _refusal(error: Exception, arguments: Sequence[str]) -> DrawbridgeError:
    """What to tell people of an error."""
    match error:
        case DrawbridgeError():
            return error
        case click.ClickException():
            context = getattr(error, "ctx", None)
            path = context.command_path if context is not None else "drawbridge"
            return DrawbridgeError("DB-CLI-001", detail=in_chinese(error), command=path)
        case UnicodeEncodeError() if any(map(_has_stray_bytes, arguments)):
            detail = "有一处参数不是 UTF-8 文字"
            return DrawbridgeError("DB-CLI-001", detail=detail, command=_command(arguments))
    return unexpected(error)


def _has_stray_bytes(argument: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in argument)


_UNANSWERED = "还有问题没有回答，输入就结束了；没有终端时请用选项给出"


def _is_unanswered(ended: BaseException) -> bool:
    """Whether a question was asked where nobody answers: the end of the input, not Ctrl-C."""
    return isinstance(ended, click.Abort) and isinstance(ended.__context__, EOFError)


def _command(arguments: Sequence[str]) -> str:
    """The command of a command line, for a reference to its help."""
    words = itertools.takewhile(lambda word: re.fullmatch("[a-z-]+", word) and word[0] != "-", arguments)
    return " ".join(("drawbridge", *itertools.islice(words, 2)))


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """SIGTERM and a closed terminal end a command as Ctrl-C does: what it started is ended with it."""
    raise KeyboardInterrupt


def _print_places(error: BaseException) -> None:
    """`--traceback`: kinds of errors and places in the source, the first cause first.

    Their texts are left out, since they may quote what was read, and what is printed here is handed on.
    """
    for one in causes_of(error):
        click.echo("".join(traceback.format_tb(one.__traceback__)) + type(one).__name__, err=True)


def tell_interrupted() -> None:
    """Says that a command was interrupted, and what with it."""
    with suppress(OSError):
        click.echo("\n已中断；已完成的步骤都在台账里，重新运行即可继续。", err=True)


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
