"""What a campaign of thousands would feel: how often ledger, clock and files are asked, not how fast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from prefect.client.schemas import FlowRun
from prefect.context import FlowRunContext

from flows.assign import _left_out
from flows.batch_tasks import in_task
from flows.board.counts import Known
from flows.board.facts import board_of
from flows.collect import _record_reviews
from flows.exchange.publishing import APPROVAL, standing_of
from flows.paper.forms import LeftOut
from flows.paper.papers import write_papers
from flows.paper.visits import visits_of
from ledger.approvals import approvals
from ledger.audit import verify_audit
from ledger.forms import record_forms
from ledger.results import record_results
from schemas.codes import ReviewOpinion
from schemas.result import ItemResult, Review
from tests.flows.alert_site import LAST_DAY, Clock, Desk, desk, visited
from tests.ledger.samples import TASK, campaign, form, later, result

MANY = 450  # two and a quarter transactions of opinions


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("DRAWBRIDGE_PAPERS", "none")
    with desk(tmp_path / "home", LAST_DAY - timedelta(days=5)) as one:
        yield one


@contextmanager
def statements(desk_: Desk) -> Iterator[list[str]]:
    """What is said to the database, commits among it."""
    said: list[str] = []
    engine = desk_.site.ledger.engine

    def hear(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(statement)

    def hear_commit(connection: object) -> None:
        said.append("COMMIT")

    sa.event.listen(engine, "before_cursor_execute", hear)
    sa.event.listen(engine, "commit", hear_commit)
    try:
        yield said
    finally:
        sa.event.remove(engine, "before_cursor_execute", hear)
        sa.event.remove(engine, "commit", hear_commit)


class CountedClock(Clock):
    """A clock that knows how often it was looked at."""

    looks = 0

    def now(self) -> datetime:
        self.looks += 1
        return self.at


def reviewed(number: int) -> ItemResult:
    opinion = Review(opinion=ReviewOpinion.APPROVED, by_role="县领导小组办公室", at=later(30))
    return result(number, minute=30, version=2).model_copy(update={"review": opinion})


def test_opinions_are_recorded_many_at_once_and_each_of_them(opened: Desk) -> None:
    visited(opened.site, MANY)
    with opened.site.ledger.write() as tx:
        record_results(tx, TASK, [reviewed(number) for number in range(1, MANY + 1)], [], later(31))
    clock = CountedClock(opened.clock.at)
    site = replace(opened.site, connections=replace(opened.site.connections, clock=clock))
    with statements(opened) as said:
        _record_reviews(site, campaign(), visits_of(site, campaign()))
    wrote = [one for one in said if one == "BEGIN IMMEDIATE"]
    assert len(wrote) == 3 == clock.looks
    with site.ledger.read() as tx:
        found = approvals(tx, TASK, APPROVAL)
    assert len(found) == MANY
    assert {(row.decision, row.by_role, row.source) for row in found} == {
        ("approved", "县领导小组办公室", "platform")
    }
    assert verify_audit(site.ledger.engine).broken_at is None
    with statements(opened) as said:  # the same again is no news
        _record_reviews(site, campaign(), visits_of(site, campaign()))
    assert "BEGIN IMMEDIATE" not in said


def directory_reads(said: list[str]) -> int:
    return sum("FROM dir_row" in one for one in said)


def test_a_board_looks_at_the_directory_once_and_not_before_there_is_a_result(opened: Desk) -> None:
    with opened.site.ledger.write() as tx:
        record_forms(tx, TASK, [form(1), form(2)], later(0))
    with statements(opened) as said:
        board_of(opened.site, campaign())
    assert directory_reads(said) == 0
    visited(opened.site)
    with statements(opened) as said:
        board = board_of(opened.site, campaign())
    assert directory_reads(said) == 1
    assert sum("FROM result \n" in f"{one} \n" for one in said) == 1
    # And it says the same as each part of it, asked for by itself.
    assert {limit.what: limit.how_many for limit in board.limits} == {"公示": 3}
    assert "公示审批 3 户" in {matter.what for matter in board.matters}


def test_a_look_reads_what_it_is_asked_for_and_keeps_it(opened: Desk) -> None:
    visited(opened.site)
    with statements(opened) as said:
        known = Known(opened.site, campaign())
        assert not said
        assert known.rows == {}
        assert not any("result" in one for one in said)
        assert [one.state for one in known.standing] == ["unreviewed"] * 3
        read = len(said)
        assert list(known.standing) == standing_of(opened.site, campaign(), known.visits)
        assert len(said) > read
        read = len(said)
        assert known.in_state("unreviewed") == 3
        assert len(said) == read


def test_the_workbook_is_written_again_only_where_forms_changed(opened: Desk) -> None:
    visited(opened.site)
    path = write_papers(opened.site, campaign()).paths["一企一表"]
    path.write_bytes(b"filled in by somebody")
    write_papers(opened.site, campaign())
    assert path.read_bytes() == b"filled in by somebody"
    with opened.site.ledger.write() as tx:
        record_forms(tx, TASK, [form(1, version=2, address="清河县新址")], later(2))
    write_papers(opened.site, campaign())
    written = path.read_bytes()
    assert written.startswith(b"PK")
    path.unlink()
    assert write_papers(opened.site, campaign()).paths["一企一表"].read_bytes().startswith(b"PK")


def test_what_is_left_out_is_named_or_counted() -> None:
    few = [LeftOut(f"企业{number}", "登记事项检查", "非市场主体") for number in range(200)]
    assert _left_out(few).count("企业1") > 100
    many = [*few, LeftOut("企业200", "公示信息检查", "非市场主体")]
    assert [line.replace(" ", "") for line in _left_out(many).splitlines()[2:]] == [
        "|登记事项检查|非市场主体|200|",
        "|公示信息检查|非市场主体|1|",
    ]


def test_of_hundreds_of_batches_the_first_are_task_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[str] = []

    def as_task(name: str, **settings: object) -> object:
        began.append(name)
        return lambda batch: batch

    monkeypatch.setattr("flows.batch_tasks.task", as_task)
    done: list[int] = []
    for _ in range(2):  # each flow run has its own
        run = FlowRun(flow_id=uuid4(), id=uuid4())
        with FlowRunContext.model_construct(flow_run=run):  # type: ignore[call-arg]  # as much as is asked
            done += [in_task("pull-object", partial(int, number)) for number in range(120)]
            in_task("push-forms", list)
    assert done == [*range(120)] * 2
    assert began == [*["pull-object"] * 50, "push-forms"] * 2
