"""The board: how far a campaign is, whose turn it is, what to press; on page and terminal the same."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import click
import pytest
import yaml
from lxml import etree
from rich.cells import cell_len
from rich.console import Console

from flows.board.facts import Board, as_document, board_of
from flows.board.page import board_text
from flows.board.picture import picture
from flows.board.table import print_board
from flows.cli import drawbridge
from flows.decisions.deciding import decide_publication
from flows.telling.pressing import DEPLOYMENTS, RUN_CAMPAIGN, TODOS, press_for, press_to_decide
from flows.telling.stage_names import TITLES
from ledger.campaigns import record_stage, register_campaign
from ledger.results import record_results
from tests.flows.alert_site import LAST_DAY, Desk, desk, visited
from tests.ledger.samples import TASK, campaign, form, later, result, uscc

PROJECT = Path(__file__).resolve().parents[2]
_IMAGE = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path / "home", LAST_DAY - timedelta(days=5)) as one:
        visited(one.site)
        yield one


def read_aloud(markdown: str) -> str:
    """The page with what stands in its pictures, as a reader has it before the eyes."""
    return _IMAGE.sub(lambda found: base64.b64decode(found.group(1)).decode("utf-8"), markdown)


def in_terminal(board: Board, columns: int) -> str:
    out = Console(file=StringIO(), width=columns, highlight=False, soft_wrap=True)
    print_board(out, board, Path("var") / board.task_id)
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def stage(opened: Desk, key: str, *, done: bool, waiting_for: str | None = None) -> None:
    with opened.site.ledger.write() as tx:
        record_stage(tx, TASK, key, done=done, facts={}, waiting_for=waiting_for, now=opened.clock.at)


def at_the_publication(opened: Desk) -> Board:
    """Visited, nothing reviewed: publication waits for an approver, and its legal date runs."""
    for key in ("sync", "draw", "confirm", "assign", "push"):
        stage(opened, key, done=True)
    stage(opened, "collect", done=False, waiting_for="审核 3 户")
    return board_of(opened.site, campaign())


def test_days_are_red_under_five_working_days(opened: Desk) -> None:
    stage(opened, "collect", done=False, waiting_for="审核 3 户")
    shown = []
    for days in (-7, -6, 0, 1):
        opened.clock.at = LAST_DAY + timedelta(days=days)
        board = board_of(opened.site, campaign())
        (limit,) = (limit for limit in board.limits if limit.what == "公示")
        assert limit.how_many == 3
        page = board_text(board)
        in_red = f"| ![{limit.left_text}](data:" in page
        assert in_red != (f"| {limit.left_text} |" in page)
        shown.append((limit.left, limit.near, limit.left_text, in_red))
    assert shown == [
        (5, False, "剩 5 个工作日", False),
        (4, True, "剩 4 个工作日", True),
        (0, True, "今天到期", True),
        (-1, True, "已过 1 个工作日", True),
    ]


def test_it_says_whose_turn_it_is_since_when_and_what_to_press(opened: Desk) -> None:
    board = at_the_publication(opened)
    matter = board.matters[0]
    assert (matter.what, matter.turn, matter.since) == ("公示审批 3 户", "审批人", opened.clock.at)
    assert matter.press is not None
    assert matter.press.command == f"drawbridge approve {TASK} --all --role 岗位"
    for text in (board_text(board), in_terminal(board, 80)):
        assert matter.press.command in text
        assert "Runs → 待办 · 公示审批 3 户 → Resume" in text
        assert f"自 {opened.clock.at:%Y-%m-%d %H:%M}" in text


def test_numbers_come_from_the_ledger_as_it_stands(opened: Desk) -> None:
    board = at_the_publication(opened)
    counts = {line.key: [count.text for count in line.counts] for line in board.stages}
    assert counts["assign"][0].startswith("席位 ")
    assert counts["collect"] == ["结果 3/3 项", "结果齐全 3/3 户", "待审核 3 户"]
    assert counts["publish"] == ["办结 0/3 户", "已批准 0 户", "待审核 3 户"]
    assert counts["reconcile"] == counts["report"] == []


def test_what_was_decided_since_the_last_run_is_nobodys_turn(opened: Desk) -> None:
    at_the_publication(opened)
    decide_publication(
        opened.site, campaign(), [uscc(1), uscc(2), uscc(3)], "依法不予公示", "岗位", "国家秘密"
    )
    board = board_of(opened.site, campaign())
    assert [(one.what, one.turn, one.urgent) for one in board.matters] == [
        ("归集结果", "下次运行自动继续", False)
    ]
    assert board.line("publish").counts[0].text == "办结 3/3 户"


def test_a_stopped_stage_comes_first_with_its_code(opened: Desk) -> None:
    at_the_publication(opened)
    opened.stop("DB-RUN-009", "draw")
    board = board_of(opened.site, campaign())
    assert (board.matters[0].what, board.matters[0].code) == ("抽取对象停止", "DB-RUN-009")
    assert "**等待：经办人**（抽取对象停止" in board_text(board)
    assert "DB-RUN-009" in picture(board)


def test_a_campaign_that_is_not_begun_says_how_to_begin(tmp_path: Path) -> None:
    with desk(tmp_path / "home", LAST_DAY) as opened:
        with opened.site.ledger.write() as tx:
            register_campaign(tx, campaign(), later(0))
        board = board_of(opened.site, campaign())
    assert [(matter.what, matter.urgent) for matter in board.matters] == [("同步名录尚未开始", False)]
    assert "下次运行自动继续" in board_text(board)
    assert "还没有文件" in board_text(board)


def test_legal_dates_that_cannot_be_counted_do_not_hide_the_rest(opened: Desk) -> None:
    long_ago = result(1).model_copy(update={"completed_at": datetime(2003, 5, 1, tzinfo=UTC), "version": 2})
    with opened.site.ledger.write() as tx:
        record_results(tx, TASK, [long_ago], [], later(2))
    board = at_the_publication(opened)
    assert [(one.what, one.code) for one in board.matters] == [
        ("公示审批 3 户", None),
        ("期限算不出来", "DB-DEADLINE-002"),
    ]


@pytest.mark.parametrize("columns", [80, 120])
def test_page_terminal_and_json_say_the_same(opened: Desk, columns: int) -> None:
    board = at_the_publication(opened)
    page, terminal, document = board_text(board), in_terminal(board, columns), as_document(board)
    assert [line["title"] for line in document["stages"]] == list(TITLES.values())
    for line in board.stages:
        for text in (line.title, *(count.text for count in line.counts)):
            assert text in page
            assert text in terminal
    for matter in board.matters:
        assert matter.what in page
        assert matter.what in terminal
    for limit in board.limits:
        assert limit.left_text in page
        assert limit.left_text in terminal
    table = terminal.partition("未决事项")[0]
    assert max(cell_len(line.rstrip()) for line in table.splitlines()) <= columns


def test_the_picture_is_well_formed_and_has_every_stage(opened: Desk) -> None:
    board = at_the_publication(opened)
    drawn = etree.fromstring(picture(board).encode("utf-8"))
    words = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert [word for word in words if word in TITLES.values()] == list(TITLES.values())
    fills = [circle.get("fill") for circle in drawn.iter("{http://www.w3.org/2000/svg}circle")]
    assert len(set(fills[:5])) == 1
    assert len({fills[0], fills[5], fills[8]}) == 3


def test_nothing_personal_is_in_it(opened: Desk) -> None:
    board = at_the_publication(opened)
    whole = read_aloud(board_text(board)) + in_terminal(board, 120) + str(as_document(board))
    assert "公示审批 3 户" in whole
    for number in (1, 2, 3):
        assert uscc(number) not in whole
        assert f"第{number}商贸" not in whole
    for member in form(1).inspectors:
        assert member.name not in whole
        assert member.inspector_id not in whole


# --- what is to be pressed exists ------------------------------------------------------------------------


def test_every_deployment_that_is_named_is_deployed() -> None:
    deployed = yaml.safe_load((PROJECT / "prefect.yaml").read_text("utf-8"))["deployments"]
    names = {one["name"] for one in deployed}
    assert names >= {*DEPLOYMENTS.values(), RUN_CAMPAIGN, TODOS}
    assert set(TITLES) <= set(DEPLOYMENTS)


def commands() -> list[str]:
    waits = [(key, None) for key in DEPLOYMENTS]
    waits += [("draw", "水务局 封存随机数"), ("draw", "水务局 揭示随机数（… 前）")]
    waits += [("draw", "公共随机数 双色球 公布"), ("assign", "公共随机数 双色球 公布")]
    kinds = [("publication", "all"), ("confirm", "SW"), ("resolve", "x"), ("act", "3"), ("round", "objects")]
    return [
        *(press_for(campaign(), key, waiting_for).command for key, waiting_for in waits),
        *(press_to_decide(campaign(), kind, key, "待办").command for kind, key in kinds),
    ]


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_every_command_that_is_named_exists_and_is_whole(command: str) -> None:
    program, *words = shlex.split(command)
    assert program == "drawbridge"
    found: click.Command = drawbridge
    context = click.Context(found)
    while isinstance(found, click.Group):
        step = found.get_command(context, words[0])
        assert step is not None, words[0]
        found, words = step, words[1:]
    options = {name: one for one in found.params if isinstance(one, click.Option) for name in one.opts}
    given = [word for word in words if word.startswith("--")]
    assert set(given) <= set(options)
    needed = {one.name for one in options.values() if one.required and one.prompt is None}
    assert needed <= {options[name].name for name in given}
    places = [one for one in found.params if isinstance(one, click.Argument) and one.required]
    taken = sum(1 for name in given if not options[name].is_flag)
    assert len(words) - len(given) - taken >= len(places)
