"""`drawbridge run`: one campaign, from its first open stage to the statistics table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
from click.core import ParameterSource

from flows.audit_check import refuse_a_broken_chain
from flows.command_line.command import (
    DONE,
    FOUND,
    REFUSED,
    WAITING,
    Command,
    home_option,
    json_option,
    print_json,
    tell_refusal,
)
from flows.commands.resume import task_id_of
from flows.service.home import Home, end_leftovers, is_running
from flows.service.own_mock import (
    LOCAL_POLL_S,
    LOCAL_WAIT_S,
    MockInput,
    OwnMock,
    has_mock,
    living,
    resume_mock,
    start_mock,
)
from flows.settings import Settings, load_settings
from flows.site import find_plan, plan_file_at, read_plan, require_platform
from flows.telling.terminal import TerminalReporter, console
from schemas.errors import DrawbridgeError

_PLATFORM_DRAWS = (
    "certified",
    "honest",
    "not-eligible",
    "duplicate",
    "too-few",
    "uncertified-inspector",
    "one-person-team",
    "forbidden-pair",
    "with-replacement",
    "head",
    "fixed-step",
    "block",
    "head-biased",
    "favoured-tenth",
    "redrawn",
    "damaged",
)


@click.command(
    "run", cls=Command, help="执行一次抽查任务：“计划”是计划文件、任务编号或简称。重复执行只做未完成的部分。"
)
@click.argument("plan", metavar="计划")
@click.option(
    "--entities", type=click.Path(path_type=Path), help="名录文件，喂给本机模拟平台（已设置平台时不可用）。"
)
@click.option(
    "--entities-as",
    type=click.Choice(["enterprises", "projects"]),
    default="enterprises",
    help="名录文件中的每一行是企业，还是按一企一项目处理。",
)
@click.option("--seed", type=int, default=1, help="本机模拟平台的随机种子（不影响抽取本身）。")
@click.option("--speed", default="max", help="模拟平台的时间倍率，max 为最快。", hidden=True)
@click.option(
    "--platform-draw",
    type=click.Choice(_PLATFORM_DRAWS),
    default="certified",
    metavar="抽法",
    help=f"平台自行抽取时，模拟平台怎样抽取（用于演示核验）：{'、'.join(_PLATFORM_DRAWS)}。",
)
@click.option(
    "--max-wait",
    type=click.FloatRange(min=0),
    default=None,
    help="没有进展时最多等待多少秒（默认取设置，模拟平台为 300）。",
)
@click.option("--resync", is_flag=True, help="先重新拉取名录（已冻结的抽取不受影响）。")
@click.option("--no-prefect", is_flag=True, help="不经 Prefect，直接在本进程执行同样的步骤。")
@home_option
@json_option
@click.option("--traceback", is_flag=True, hidden=True)
@click.pass_context
def run(
    context: click.Context,
    plan: str,
    entities: Path | None,
    entities_as: str,
    seed: int,
    speed: str,
    platform_draw: str,
    max_wait: float | None,
    resync: bool,
    no_prefect: bool,
    as_json: bool,
    traceback: bool,
) -> int:
    """Runs a campaign and prints what happened."""
    settings = load_settings()
    folder = Home(settings.home)
    with folder.in_use():
        refuse_a_broken_chain()
        mock = None
        begun = None if settings.platform_url is not None else _begun_with_a_mock(plan, folder, settings)
        if begun is not None:
            mock = resume_mock(folder, begun, entities, _typed(context, _OF_THE_MOCK))
            _point_at(mock, begun)
        elif settings.platform_url is None:
            given = MockInput(_plan_file(plan), entities, entities_as, seed, None, platform_draw)
            mock = begin_with_own_mock(folder, given, speed)
        elif entities is not None:
            raise DrawbridgeError("DB-RUN-001", path=entities)
        elif unused := _typed(context, _OF_THE_MOCK):
            options = "、".join(f"--{name.replace('_', '-')}" for name in unused)
            raise DrawbridgeError("DB-RUN-035", options=options)
        else:
            require_platform(settings)  # before half a minute is spent on starting Prefect
        if max_wait is not None:
            os.environ["DRAWBRIDGE_MAX_WAIT_S"] = str(max_wait)
        summary = run_and_print(
            plan, folder, mock, as_json=as_json, with_prefect=not no_prefect, resync=resync
        )
    return exit_code(summary)


# Options that say how a mock of our own is.
_OF_THE_MOCK = ("entities_as", "seed", "platform_draw")


def _typed(context: click.Context, names: Sequence[str]) -> dict[str, object]:
    """Those of the options that stand in the command line, with their values."""
    typed = ParameterSource.COMMANDLINE
    return {name: context.params[name] for name in names if context.get_parameter_source(name) is typed}


def run_and_print(
    plan: str,
    home: Home,
    mock: OwnMock | None,
    *,
    as_json: bool,
    with_prefect: bool,
    resync: bool = False,
) -> dict[str, object]:
    """Runs the campaign with the settings in the environment, prints and returns its summary."""
    own_server = with_prefect and "PREFECT_API_URL" not in os.environ
    if own_server:
        from flows.service.prefect_server import start_prefect

        os.environ.update(start_prefect(home))
        # What a person must know of an error is said once, by the command.
        os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    # Prefect reads its settings when it is imported: only now.
    from flows.command_line.ending import ended_in_order
    from flows.command_line.run_once import run_once
    from flows.commands.summary import judge, print_heading, print_summary

    out = console(to_stderr=as_json)
    settings: Settings = load_settings()
    print_heading(out, plan, settings, mock)
    watch = _server_watched(home, as_json) if own_server else nullcontext()
    with TerminalReporter(out) as listener, watch, nullcontext() if mock is None else living(home, mock):
        summary = ended_in_order(
            lambda: run_once(plan, listener, with_prefect=with_prefect, resync=resync),
            lambda: end_leftovers(home, at_once=True),
        )
        if mock is not None:
            summary = judge(summary, mock)
    if as_json:
        print_json(summary)
    else:
        print_summary(out, summary)
    return summary


def _server_watched(home: Home, as_json: bool) -> AbstractContextManager[None]:
    """Ends this process with DB-RUN-031 when the server that it started is dead.

    At once, in the middle of whatever a thread of the run is doing: the ledger holds what was done, as
    after a power cut.
    """
    from flows.command_line.ending import is_asked
    from flows.service.prefect_server import server_log
    from flows.service.server_gone import watched

    def leave() -> None:
        if is_asked():  # then it is this very process that ends the server
            return
        end_leftovers(home)
        tell_refusal(DrawbridgeError("DB-RUN-031", log=server_log(home)), as_json)
        os._exit(REFUSED)

    return watched(lambda: is_running(home, "prefect-server"), leave)


def exit_code(summary: Mapping[str, object]) -> int:
    """3 while somebody is waited for, 1 if something was found, 0 if all is done."""
    if summary["waiting_for"]:
        return WAITING
    return FOUND if summary["findings"] else DONE


def _begun_with_a_mock(plan: str, home: Home, settings: Settings) -> str | None:
    """The number of the campaign that was begun here with a mock of its own, where `plan` is its number or
    short name; None for a file, whose content must then be what it was begun with.
    """
    if plan_file_at(plan) is not None:
        return None
    task_id = task_id_of(plan, settings)
    return task_id if has_mock(home, task_id) else None


def _plan_file(plan: str) -> Path:
    path = find_plan(plan)
    if path is None:
        raise DrawbridgeError("DB-CLI-002", name=plan)
    return path


def begin_with_own_mock(home: Home, given: MockInput, speed: str) -> OwnMock:
    """Starts the mock on its state and points the settings at it."""
    task_id = read_plan(given.plan_file).task_id
    mock = start_mock(home, task_id, given, speed)
    _point_at(mock, task_id)
    return mock


def _point_at(mock: OwnMock, task_id: str) -> None:
    os.environ.update(mock.environment(task_id))
    os.environ.setdefault("DRAWBRIDGE_MAX_WAIT_S", str(LOCAL_WAIT_S))
    os.environ.setdefault("DRAWBRIDGE_POLL_S", str(LOCAL_POLL_S))
