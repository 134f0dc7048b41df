"""`drawbridge campaign new|check|import`: plan files asked for, looked through, and made from a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from documents.whole_file import write_whole
from flows.command_line.command import DONE, FOUND, REFUSED, Command, json_option, print_json
from flows.command_line.plan_import import QUARANTINE, REPORT, STATES, import_plans
from flows.telling.terminal import console
from rules.plan_answers import DEPARTMENT, QUESTIONS, Question, document_of, is_asked
from rules.plan_file import check_plan
from rules.plan_notices import plan_notices
from rules.plan_rows import Known
from rules.plan_writer import plan_text
from schemas.codes import ObjectKind
from schemas.errors import DrawbridgeError
from schemas.system_errors import problem

_NEW = "drawbridge campaign new"
_MOST_DEPARTMENTS = 30
Asked = Callable[[Question, str | None], str]


@click.command("check", cls=Command, help="检查计划文件：列出每一处错误的行、项和可以写的内容，不登记。")
@click.argument("files", metavar="文件", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def check(files: tuple[Path, ...], as_json: bool) -> int:
    """Looks through plan files; exit 2 if one cannot be used. Raises DrawbridgeError DB-CLI-003."""
    found = []
    for path in files:
        campaign, problems = check_plan(_read(path), str(path))
        found.append(
            {
                "file": str(path),
                "ok": campaign is not None,
                "problems": [
                    {
                        "code": one.code,
                        "line": one.facts.get("line"),
                        "zh": one.zh,
                        "act": one.act,
                        "en": one.en,
                    }
                    for one in sorted(problems, key=_line)
                ],
                "notices": plan_notices(campaign) if campaign is not None else [],
            }
        )
    if as_json:
        print_json({"files": found})
    else:
        _print_checked(found)
    return DONE if all(one["ok"] for one in found) else REFUSED


def _line(one: DrawbridgeError) -> int:
    return int(str(one.facts.get("line", 0)))


def _print_checked(found: list[dict[str, Any]]) -> None:
    out = console(to_stderr=False)
    for one in found:
        for trouble in one["problems"]:
            text = f"· {trouble['zh']}{trouble['act']}（{trouble['code']}）"
            out.print(text, markup=False, highlight=False, soft_wrap=True)
        if one["ok"]:
            out.print(f"✓ {one['file']} 可以使用", markup=False, highlight=False, soft_wrap=True)
        else:
            count = len(one["problems"])
            out.print(f"✗ {one['file']} 有 {count} 处错误", markup=False, highlight=False, soft_wrap=True)
        for notice in one["notices"]:
            out.print(f"  提示：{notice}", markup=False, highlight=False, soft_wrap=True)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for question in reversed(QUESTIONS):
        name = f"--{question.key}"
        command = click.option(name, question.key.replace("-", "_"), help=question.words)(command)
    return command


class _Asking(Command):
    """A command whose answers may be blank: no document number, no risk grades."""

    blank_is_an_answer = True


@click.command(
    "new", cls=_Asking, help="新建计划文件：逐项提问；给出选项的不问，--yes 时一概不问，取默认值。"
)
@click.argument("path", metavar="[文件]", required=False, type=click.Path(dir_okay=False, path_type=Path))
@_options
@click.option(
    "--dept",
    "departments",
    multiple=True,
    metavar="代码=全称:事项、事项",
    help="一个部门，可重复，牵头部门在前；人数写在代码后面，如 SW*3=…。",
)
@click.option("--yes", is_flag=True, help="不提问：没有给出的取默认值，没有默认值的报错。")
@json_option
def new(
    path: Path | None, departments: tuple[str, ...], yes: bool, as_json: bool, **options: str | None
) -> int:
    """Asks and writes a plan file that `check` accepts; never overwrites one.

    Raises DrawbridgeError DB-CLI-001 for an answer that is missing or wrong where nothing is asked,
    DB-CLI-004 if the file is there, DB-PLAN-… for what the answers contradict.
    """
    if path is not None:
        _refuse_to_overwrite(path)
    asked: Asked = _given_only if yes else _ask
    answers: dict[str, str] = {}
    for question in QUESTIONS:
        if is_asked(question, answers):
            given = options[question.key.replace("-", "_")]
            default = _not_taken(question.key, question.default(answers))
            answers[question.key] = _answer(question, given, default, asked)
    listed = [_department(text) for text in departments]
    if not listed and not yes:
        listed = _ask_departments()
    if not listed:
        raise DrawbridgeError("DB-CLI-001", detail="缺少选项 --dept", command=_NEW)
    path = path or Path("campaigns") / f"{_file_name(answers['short-name'])}.yaml"
    text = plan_text(
        document_of(answers, listed), ["由 drawbridge campaign new 写出，见 docs/plan-file.md。"]
    )
    campaign, problems = check_plan(text, path.name)
    if campaign is None:
        raise problems[0]
    _refuse_to_overwrite(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DrawbridgeError("DB-CLI-004", path=path.parent, detail=problem(error)) from error
    write_whole(path, text.encode("utf-8"))
    notices = plan_notices(campaign)
    if as_json:
        print_json({"file": str(path), "task_id": campaign.task_id, "notices": notices})
        return DONE
    _print_checked([{"file": str(path), "ok": True, "problems": [], "notices": notices}])
    return DONE


def _not_taken(key: str, number: str | None) -> str | None:
    """The next task number of the day that no plan in the folder has; other defaults as they are."""
    if key != "task-id" or number is None:
        return number
    taken = {
        found
        for path in Path("campaigns").glob("*.y*ml")
        for found in re.findall(r"[0-9]{18}", path.read_text("utf-8", "replace"))
    }
    stem, serial = number[:-3], int(number[-3:])
    return next((one for n in range(serial, 1000) if (one := f"{stem}{n:03d}") not in taken), number)


def _answer(question: Question, given: str | None, default: str | None, asked: Asked) -> str:
    if given is None:
        return asked(question, default)
    fault = question.fault(given.strip())
    if fault is not None:
        raise DrawbridgeError("DB-CLI-001", detail=f"--{question.key} {fault}", command=_NEW)
    return given.strip()


def _given_only(question: Question, default: str | None) -> str:
    if default is None:
        raise DrawbridgeError("DB-CLI-001", detail=f"缺少选项 --{question.key}", command=_NEW)
    return default


def _ask(question: Question, default: str | None) -> str:
    """Asks until the answer may stand; questions go to standard error, so that --json stays one document."""
    hint = f"（{question.hint}）" if question.hint else ""
    while True:
        answer = str(
            click.prompt(f"{question.words}{hint}", default=default, show_default=bool(default), err=True)
        )
        fault = question.fault(answer.strip())
        if fault is None:
            return answer.strip()
        click.echo(f"  “{answer.strip()[:40]}”不行：{fault}", err=True)


def _ask_departments() -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    while len(found) < _MOST_DEPARTMENTS:
        click.echo("牵头部门：" if not found else f"第 {len(found)} 个协同部门：", err=True)
        one: dict[str, str] = {}
        for question in DEPARTMENT:
            one[question.key] = _ask(question, question.default(one))
        found.append(one)
        if not click.confirm("还有协同部门吗", default=len(found) < 2, err=True):
            break
    return found


def _department(written: str) -> dict[str, str]:
    """`SW*3=清河县水务局:事项、事项`."""
    left, _, items = written.replace("：", ":").partition(":")
    code, equals, name = left.partition("=")
    code, _, team = code.partition("*")
    one = {"code": code.strip(), "name": name.strip(), "team": team.strip() or "2", "items": items.strip()}
    faults = [f"{q.words}：{fault}" for q in DEPARTMENT if (fault := q.fault(one[q.key])) is not None]
    if not equals or faults:
        detail = f"--dept “{written[:40]}”{faults[0] if equals else '缺少等号'}"
        raise DrawbridgeError("DB-CLI-001", detail=detail, command=_NEW)
    return one


@click.command("import", cls=Command, help="把公布的年度抽查计划表（.csv、.xlsx、.xls）逐行写成计划文件。")
@click.argument("source", metavar="计划表", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--into",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="写到哪个文件夹。",
)
@click.option("--division", default=None, metavar="6位代码", help="行政区划代码，表上没有。")
@click.option("--division-name", default=None, help="行政区划名称，如 清河县。")
@click.option("--year", type=click.IntRange(2000, 2999), default=None, help="年度，表上没有写时用。")
@click.option(
    "--objects",
    type=click.Choice([one.label for one in ObjectKind]),
    default=None,
    help="表上没有写时的抽查对象。",
)
@click.option(
    "--dept", "departments", multiple=True, metavar="名称=代码", help="部门在平台上的代码，可重复。"
)
@click.option("--per-group", type=click.IntRange(1), default=6, help="每组户数。")
@json_option
def import_table(
    source: Path,
    folder: Path,
    division: str | None,
    division_name: str | None,
    year: int | None,
    objects: str | None,
    departments: tuple[str, ...],
    per_group: int,
    as_json: bool,
) -> int:
    """Writes a plan file for each line; exit 2 if lines were quarantined, 1 if some are to be completed."""
    if division is not None and not (division.isdigit() and len(division) == 6 and division.isascii()):
        raise DrawbridgeError(
            "DB-CLI-001", detail="--division 应为 6 位数字", command="drawbridge campaign import"
        )
    codes = dict(text.partition("=")[::2] for text in departments)
    kind = ObjectKind.from_label(objects) if objects else None
    result = import_plans(source, folder, Known(division, division_name, year, kind, codes, per_group))
    facts = {**result.facts(), "report": str(folder / REPORT)}
    if result.quarantined:
        facts["quarantine_file"] = str(folder / QUARANTINE)
    if as_json:
        print_json(facts)
    else:
        out = console(to_stderr=False)
        out.print(
            f"读入 {facts['read']} 行（编码 {facts['encoding']}）= 可用 {facts['complete']}"
            f" + 待补 {facts['draft']} + 隔离 {facts['quarantined']}",
            highlight=False,
        )
        for one in result.imported:
            told = "；".join([*one.read.doubts, *(f"缺{name}" for name in one.read.missing)])
            line = f"{one.path.name}  {STATES[one.state]}  {told}"
            out.print(line, markup=False, highlight=False, soft_wrap=True)
        for row in result.quarantined:
            out.print(f"第 {row.row_no} 行隔离：{row.reason}（{row.code}）", markup=False, soft_wrap=True)
        out.print(f"导入报告  {facts['report']}", markup=False, soft_wrap=True)
    if result.quarantined:
        return REFUSED
    return FOUND if facts["draft"] else DONE


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DrawbridgeError("DB-CLI-003", path=path, detail=problem(error, reading=True)) from error


def _refuse_to_overwrite(path: Path) -> None:
    if path.exists():
        raise DrawbridgeError("DB-CLI-004", path=path, detail="该位置已有同名的文件")


def _file_name(short_name: str) -> str:
    return "".join(
        "_" if character in '/\\:*?"<>|' or ord(character) < 0x20 else character for character in short_name
    )


COMMANDS = (new, check, import_table)
