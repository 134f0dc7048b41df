"""Logs are JSON, one object a line, with campaign, batch and record; one of them follows the audit chain."""

from __future__ import annotations

import json
import logging
import logging.handlers
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.deliver import Hooks, deliver
from delivery.queue import Due, enqueue
from flows.service.home import Home
from flows.telling.logs import bound, log_as_json, write_events
from ledger.audit import append
from ledger.campaigns import register_campaign
from ledger.engine import Ledger, open_ledger
from schemas.errors import DrawbridgeError
from tests.delivery.system import FakeClock, System
from tests.ledger.samples import NOW, TASK, campaign, later

WRITE = """
import sys
from pathlib import Path

from flows.service.home import Home
from flows.telling.logs import write_events
from ledger.engine import open_ledger

write_events(open_ledger(sys.argv[1]), Home(Path(sys.argv[2])))
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    with opened.write() as tx:
        register_campaign(tx, campaign(), NOW)
    yield opened
    opened.close()


@pytest.fixture
def log(home: Home) -> Iterator[logging.Logger]:
    log_as_json(home)
    yield logging.getLogger("drawbridge.test")
    for name in ("drawbridge", "prefect.flow_runs", "prefect.task_runs"):
        for handler in list(logging.getLogger(name).handlers):
            if isinstance(handler, logging.handlers.WatchedFileHandler):
                logging.getLogger(name).removeHandler(handler)
                handler.close()


def lines(home: Home, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home.root / "logs" / name).read_text("utf-8").splitlines()]


def test_a_line_carries_what_is_bound_around_it(home: Home, log: logging.Logger) -> None:
    with bound(campaign=TASK, stage="publish"):
        with bound(batch="B1", record="R1"):
            log.info("已报送 %s 条", 3)
        log.warning("等待")
    log.info("此外")
    first, second, third = lines(home, "run.jsonl")
    assert (first["campaign"], first["stage"], first["batch"], first["record"]) == (
        TASK,
        "publish",
        "B1",
        "R1",
    )
    assert (first["message"], first["level"]) == ("已报送 3 条", "INFO")
    assert (second["campaign"], second["level"]) == (TASK, "WARNING")
    assert "batch" not in second
    assert "campaign" not in third


def test_the_run_that_prefect_names_is_named(home: Home, log: logging.Logger) -> None:
    extra = {"flow_run_id": "1-2", "flow_run_name": "公示 · 清河2024-22", "flow_name": "publish-results"}
    record = logging.makeLogRecord({"name": "prefect.flow_runs", "msg": "完成", **extra})
    for handler in logging.getLogger("prefect.flow_runs").handlers:
        if isinstance(handler, logging.handlers.WatchedFileHandler):  # the others ask for a server
            handler.handle(record)
    (line,) = lines(home, "run.jsonl")
    assert (line["flow_run"], line["flow"], line["flow_run_id"]) == (
        "公示 · 清河2024-22",
        "publish-results",
        "1-2",
    )


def test_an_error_of_ours_is_a_code_with_facts(home: Home, log: logging.Logger) -> None:
    try:
        raise DrawbridgeError("DB-RUN-006", task_id=TASK)
    except DrawbridgeError:
        log.exception("没有完成")
    (line,) = lines(home, "run.jsonl")
    assert (line["code"], line["facts"]) == ("DB-RUN-006", {"task_id": TASK})


def test_the_text_of_any_other_error_stays_out(home: Home, log: logging.Logger) -> None:
    try:
        raise ValueError("电话 13900000000 不对")
    except ValueError as error:
        log.exception("运行中断：%r", error)
    (line,) = lines(home, "run.jsonl")
    assert "13900000000" not in json.dumps(line)
    assert (line["message"], line["error"]) == ("运行中断：ValueError", "ValueError")
    assert line["places"][-1].startswith("test_logs.py:")


def test_the_same_folder_is_opened_once_and_a_file_moved_away_is_begun_anew(
    home: Home, log: logging.Logger
) -> None:
    path = log_as_json(home)
    log.info("一")
    path.rename(path.with_suffix(".1"))
    log.info("二")
    assert [line["message"] for line in lines(home, "run.jsonl")] == ["二"]


def test_every_record_of_a_delivery_has_lines_with_campaign_and_batch(home: Home, ledger: Ledger) -> None:
    system = System(FakeClock())
    with ledger.write() as tx:
        due = [Due(f"R{n}", 1, f'{{"n":{n}}}', None) for n in (1, 2, 3)]
        enqueue(tx, system.kind, TASK, due, NOW, approved=True)
    hooks = Hooks(lambda point: None, lambda records: None)
    deliver(ledger, system, TASK, owner="test:1", clock=system.clock, hooks=hooks, now=lambda: NOW)
    write_events(ledger, home)
    found = lines(home, "events.jsonl")
    for record in ("R1", "R2", "R3"):
        told = [line for line in found if line.get("record") == record and "batch" in line]
        assert [line["event"] for line in told] == ["intent", "answered"]
        assert {line["campaign"] for line in told} == {TASK}
        assert len({line["batch"] for line in told}) == 1
        assert told[-1]["state"] == "accepted"
    registered = next(line for line in found if line["event"] == "campaign-registered")
    assert registered["campaign"] == TASK


def test_the_events_log_goes_on_where_it_stopped(home: Home, ledger: Ledger) -> None:
    assert write_events(ledger, home) == 1
    assert write_events(ledger, home) == 0
    for number in range(3):
        with ledger.write() as tx:
            append(tx, "stage", TASK, {"n": number}, later(number))
    assert write_events(ledger, home) == 3
    path = home.root / "logs" / "events.jsonl"
    path.rename(path.with_suffix(".1"))  # as logrotate does
    with ledger.write() as tx:
        append(tx, "stage", TASK, {"n": 3}, later(3))
    assert write_events(ledger, home) == 1
    assert [line["seq"] for line in lines(home, "events.jsonl")] == [5]


@pytest.mark.parametrize("written", [0.0, 0.3, 0.6, 0.99])
def test_what_a_kill_left_half_written_is_written_whole_again(
    home: Home, ledger: Ledger, written: float
) -> None:
    """The lines of one event are cut somewhere, as a kill cuts them before the number is noted."""
    write_events(ledger, home)
    path, mark = (home.root / "logs" / name for name in ("events.jsonl", "events.seq"))
    before, noted = path.read_bytes(), mark.read_text()
    rows = [[f"R{number}", 1, "accepted", "回执"] for number in range(2_000)]  # more than one look backwards
    with ledger.write() as tx:
        append(tx, "answered", "record/B1", {"act": "send", "items": rows}, later(1))
    write_events(ledger, home)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(before) + int(written * (len(whole) - len(before)))])
    mark.write_text(noted)
    assert write_events(ledger, home) == 1
    assert path.read_bytes() == whole


def test_without_its_note_the_log_goes_on_from_its_last_line(home: Home, ledger: Ledger) -> None:
    for number in range(3):
        with ledger.write() as tx:
            append(tx, "stage", TASK, {"n": number}, later(number))
    write_events(ledger, home)
    (home.root / "logs" / "events.seq").unlink()
    with ledger.write() as tx:
        append(tx, "stage", TASK, {"n": 3}, later(3))
    write_events(ledger, home)
    assert [line["seq"] for line in lines(home, "events.jsonl")] == [1, 2, 3, 4, 5]


def test_several_processes_at_once_write_every_event_once(home: Home, ledger: Ledger, tmp_path: Path) -> None:
    for number in range(30):
        with ledger.write() as tx:
            append(tx, "stage", TASK, {"n": number}, later(number))
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    command = [sys.executable, "-c", WRITE, url, str(home.root)]
    writers = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert [line["seq"] for line in lines(home, "events.jsonl")] == list(range(1, 32))
