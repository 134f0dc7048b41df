"""People are told once of each thing that is wrong, once more when it comes back, and each morning of all."""

from __future__ import annotations

import asyncio
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.campaign_clock import WallClock
from flows.alerts import look_after_failure, raise_alert, send_alerts
from flows.site import SHANGHAI
from ledger.alerts import alert_history, alerts_in_force, tellings
from ledger.approvals import record_approval
from ledger.audit import events, verify_audit
from ledger.confirmations import record_dispatch
from ledger.leases import acquire
from ledger.messages import add_messages, log_answer, new_message, set_message
from ledger.outbox import add_items, outbox_items, set_items
from tests.flows.alert_receiver import Receiver, receiver
from tests.flows.alert_site import LAST_DAY, Desk, desk, visited
from tests.ledger.samples import TASK, campaign, uscc

PROJECT = Path(__file__).resolve().parents[2]
# A Friday, half an hour before the digest.
EARLY = datetime(2026, 12, 11, 8, 0, tzinfo=SHANGHAI)


@pytest.fixture
def got() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


@pytest.fixture
def opened(tmp_path: Path, got: Receiver) -> Iterator[Desk]:
    with desk(tmp_path / "home", EARLY) as one:
        visited(one.site)
        one.addresses = [got.robot]
        yield one


def headings(got: Receiver) -> list[str]:
    """What was told, without the digests."""
    first = [text.splitlines()[0].removeprefix("【双随机】") for text in got.texts]
    return [heading for heading in first if not heading.startswith("每日摘要")]


def digests(got: Receiver) -> list[str]:
    return [text for text in got.texts if text.startswith("【双随机】每日摘要")]


def withhold_all(opened: Desk) -> None:
    with opened.site.ledger.write() as tx:
        for number in (1, 2, 3):
            record_approval(
                tx,
                TASK,
                "publication",
                f"{TASK}-{uscc(number)}",
                "withheld",
                by_role="分管领导",
                reason="依法不予公示",
                at=opened.clock.at,
                source="local",
                now=opened.clock.at,
            )


def park(opened: Desk, batch: str, keys: list[str], kind: str = "record") -> None:
    """Records of one message whose outcome nobody can find out."""
    at = opened.clock.at
    with opened.site.ledger.write() as tx:
        add_items(tx, kind, TASK, "ready", [(key, 1, "{}", None) for key in keys], at)
        message = new_message(batch, kind, TASK, "publicity", b"x", at, at)
        add_messages(tx, [(message, [(k, 1) for k in keys])])
        items = outbox_items(tx, kind, TASK, keys)
        set_items(tx, items, state="parked", batch_no=batch, code="DB-DELIVERY-020")
        set_message(tx, batch, state="parked")


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_deadline_in_danger_is_told_once_and_once_more_when_it_has_passed(
    tmp_path: Path, got: Receiver, request: pytest.FixtureRequest, database: str
) -> None:
    url = None if database == "sqlite" else str(request.getfixturevalue("empty_postgres_url"))
    with desk(tmp_path / "home", EARLY, url) as opened:
        visited(opened.site)
        opened.addresses = [got.robot]
        told: list[tuple[int, str]] = []
        for day in range(-6, 3):
            for minute in (0, 10):
                before = len(headings(got))
                opened.look(LAST_DAY + timedelta(days=day, minutes=minute))
                told += [(day, heading) for heading in headings(got)[before:]]
        # 22 December is a Tuesday: on Friday the 18th two working days are left.
        assert told == [(-4, "期限告急"), (1, "已过期限")]
        assert "公示 3 项" in next(text for text in got.texts if "期限告急" in text.splitlines()[0])
        withhold_all(opened)
        assert opened.look().over == 1
        with opened.site.ledger.read() as tx:
            assert alerts_in_force(tx) == []
            assert {one.kind: one.over_at is not None for one in alert_history(tx, TASK)} == {
                "deadline": True,
                "overdue": True,
            }
        assert verify_audit(opened.site.ledger.engine).broken_at is None


def test_a_confirmation_is_told_of_on_the_morning_of_its_last_day(opened: Desk, got: Receiver) -> None:
    thursday = datetime(2026, 11, 26, 15, 0, tzinfo=SHANGHAI)
    withhold_all(opened)
    with opened.site.ledger.write() as tx:
        record_dispatch(tx, TASK, 1, thursday, thursday)
    opened.stop(None, "confirm")
    opened.look(thursday)
    assert headings(got) == []
    opened.look(thursday.replace(day=27, hour=8))
    assert headings(got) == ["期限告急"]


def test_a_parked_batch_a_failed_draw_and_a_dead_platform_are_told_at_once(
    opened: Desk, got: Receiver
) -> None:
    opened.look()
    park(opened, f"{TASK}-1", ["a", "b"])
    opened.stop("DB-RUN-009", "draw")
    opened.stop("DB-PLATFORM-001", "collect")
    opened.stop("DB-PLATFORM-003", "confirm")
    for _ in range(3):
        opened.look()
    assert sorted(headings(got)) == ["抽取核验未通过", "系统连接不上", "结果不明，待人工核定"]
    parked = next(text for text in got.texts if "结果不明" in text)
    assert parked.splitlines()[1:] == [
        f"测试：公示 2 条结果不明，待人工核定（批次 {TASK}-1）。",
        "系统不会重发；请向对方核实后由两人核定，见手册 DB-DELIVERY-020 至 025。",
        next(line for line in parked.splitlines() if line.startswith("编号 A")),
    ]


def test_what_comes_back_is_told_again_and_says_so(opened: Desk, got: Receiver) -> None:
    for code in ("DB-PLATFORM-001", None, None, "DB-PLATFORM-001", "DB-PLATFORM-001"):
        opened.stop(code)
        opened.look()
    assert headings(got) == ["系统连接不上", "系统连接不上（第 2 次）"]


def test_a_publicity_system_that_has_not_answered_for_a_while_is_told_of(opened: Desk, got: Receiver) -> None:
    at = opened.clock.at
    with opened.site.ledger.write() as tx:
        message = new_message("B1", "record", TASK, "publicity", b"x", at, at)
        add_messages(tx, [(message, [("a", 1)])])
        log_answer(tx, "B1", "send", "not-sent", "DB-PUBLICITY-001", "", at)
    opened.look(at + timedelta(minutes=5))
    assert headings(got) == []
    opened.look(at + timedelta(minutes=15))
    assert headings(got) == ["系统连接不上"]
    with opened.site.ledger.write() as tx:
        log_answer(tx, "B1", "send", "receipt", None, "", at + timedelta(minutes=16))
        set_message(tx, "B1", state="done")
    assert opened.look(at + timedelta(minutes=20)).over == 1


def test_a_broken_audit_chain_is_told_of_and_a_look_without_it_does_not_end_the_alert(
    opened: Desk, got: Receiver
) -> None:
    with sqlite3.connect(opened.site.settings.home / "ledger.sqlite3") as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute('UPDATE audit_event SET facts = \'{"digest":"other"}\' WHERE seq_no = 1')
    database.close()
    opened.look()
    opened.look(with_chain=False)
    opened.look()
    assert headings(got) == ["审计链异常"]
    assert "第 1 条" in got.texts[0]


def test_other_stops_wait_for_the_digest(opened: Desk, got: Receiver) -> None:
    opened.stop("DB-RUN-010", "push")
    opened.look()
    assert got.texts == []
    opened.look(EARLY.replace(hour=8, minute=30))
    (digest,) = digests(got)
    assert "派发表单：停止（DB-RUN-010）" in digest
    assert "环节停止：测试：派发表单停止（DB-RUN-010）。" in digest


def test_one_digest_on_each_working_day_from_its_hour_on(opened: Desk, got: Receiver) -> None:
    days = {}
    for day in range(8):  # Friday to Friday
        for hour, minute in ((7, 0), (8, 29), (8, 30), (8, 40), (18, 0)):
            before = len(digests(got))
            opened.look(EARLY.replace(hour=hour, minute=minute) + timedelta(days=day))
            if len(digests(got)) > before:
                days[day] = (hour, minute)
    assert days == dict.fromkeys((0, 3, 4, 5, 6, 7), (8, 30))
    assert len(digests(got)) == 6
    assert "没有未结事项" in digests(got)[0]  # silence would not be good news
    assert "公示 3 项，2026年12月22日（剩 5 个工作日）" in digests(got)[2]


def test_a_digest_whose_hour_was_missed_comes_later_the_same_day(opened: Desk, got: Receiver) -> None:
    opened.look(EARLY.replace(hour=16))
    assert len(digests(got)) == 1


def test_a_digest_says_what_is_over_since_the_last(opened: Desk, got: Receiver) -> None:
    opened.stop("DB-RUN-009", "draw")
    opened.look(EARLY.replace(hour=9))
    opened.stop(None, "draw")
    opened.look(EARLY.replace(hour=10))
    opened.look(EARLY.replace(hour=9) + timedelta(days=3))
    first, second = digests(got)
    assert "未解除的提醒 1 件" in first
    assert "上次摘要以来解除 1 件：A1" in second


def test_a_killed_look_loses_nothing_and_repeats_at_most_the_text_in_hand(
    tmp_path: Path, opened: Desk, got: Receiver
) -> None:
    opened.stop("DB-RUN-009", "draw")
    opened.stop("DB-PLATFORM-001", "collect")
    opened.site.ledger.close()
    got.silent.set()
    module = "tests.flows.alert_site"
    command = [sys.executable, "-m", module, str(tmp_path / "home"), EARLY.isoformat(), got.robot]
    child = subprocess.Popen(command, cwd=PROJECT)
    got.wait_for(1)
    child.send_signal(signal.SIGKILL)
    child.wait(30)
    got.silent.clear()
    with opened.site.ledger.read() as tx:
        assert [one.state for one in tellings(tx, ["alert/1", "alert/2"]).values()] == ["sending"]
    for _ in range(3):
        opened.look()
    numbers = [re.findall(r"编号 (A\d+)", text)[0] for text in got.texts]
    assert sorted(numbers) == ["A1", "A1", "A2"]
    assert got.texts[0] == got.texts[1]  # the same number and words: recognised as a repetition


def test_a_channel_that_is_down_keeps_no_other_from_being_told_and_is_told_later(
    opened: Desk, got: Receiver
) -> None:
    with receiver() as second:
        down = f"http://127.0.0.1:{second.port}/cgi-bin/webhook/send?key=K"
        opened.addresses = [down, got.robot]
        second.answers = [b"<html>" for _ in range(2)]
        opened.stop("DB-RUN-009", "draw")
        told = opened.look()
        assert (told.sent, told.failed) == (1, 1)
        assert opened.look(EARLY + timedelta(minutes=4)).failed == 0  # not asked again so soon
        assert opened.look(EARLY + timedelta(minutes=6)).failed == 1
        opened.look(EARLY + timedelta(minutes=30))  # the digest, to both
        assert "1 条提醒尚未送达渠道 wecom-" in digests(got)[0]
        assert len(headings(got)) == 1
        assert [text.splitlines()[0] for text in second.texts[2:]] == [
            "【双随机】抽取核验未通过",
            "【双随机】每日摘要 2026年12月11日",
        ]


def test_a_refused_text_is_not_taken_for_told(opened: Desk, got: Receiver) -> None:
    got.answers = [{"errcode": 310000, "errmsg": "sign not match"}]
    opened.stop("DB-RUN-009", "draw")
    assert (opened.look().sent, opened.look(EARLY + timedelta(minutes=6)).sent) == (0, 1)
    with opened.site.ledger.read() as tx:
        told = [(event.kind, event.facts.get("code")) for event in events(tx, subject="alerts")]
    assert told == [("alert-failed", "DB-ALERT-004"), ("alert-sent", None)]


def test_a_channel_that_is_set_up_later_is_told_what_is_still_wrong(opened: Desk, got: Receiver) -> None:
    opened.addresses = []
    opened.stop("DB-RUN-009", "draw")
    opened.look()
    opened.addresses = [got.robot]
    opened.look()
    assert headings(got) == ["抽取核验未通过"]


def test_what_is_over_before_it_could_be_told_is_not_told(opened: Desk, got: Receiver) -> None:
    got.answers = [{"errcode": 130101}]
    opened.stop("DB-RUN-009", "draw")
    opened.look()
    opened.stop(None, "draw")
    opened.look(EARLY + timedelta(minutes=10))
    assert len(headings(got)) == 1  # the one that was refused


def test_two_looks_at_once_are_one(opened: Desk, got: Receiver) -> None:
    opened.stop("DB-RUN-009", "draw")
    with opened.site.ledger.write() as tx:
        acquire(tx, "alerts", "another-host:1", opened.clock.at, 60)
    assert opened.look().busy
    assert got.texts == []
    assert not opened.look(EARLY + timedelta(minutes=2)).busy


def test_a_failure_is_told_of_from_where_it_happens_and_never_hidden_by_the_telling(
    tmp_path: Path, opened: Desk, got: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The hook opens everything itself, with the machine's clock; the campaign's dates stay where they are.
    monkeypatch.setattr(WallClock, "now", lambda _: EARLY)
    opened.stop("DB-RUN-009", "draw")
    for name, value in opened.site.settings.model_dump(exclude_none=True).items():
        if name in ("home", "platform_url", "publicity_url", "app_key"):
            monkeypatch.setenv(f"DRAWBRIDGE_{name.upper()}", str(value))
    monkeypatch.setenv("DRAWBRIDGE_APP_SECRET", "secret")
    monkeypatch.setenv("DRAWBRIDGE_ALERT_URLS", "nonsense")
    look_after_failure(None, None, None)  # the address is wrong: said in the log, raised nowhere
    assert got.texts == []
    file = tmp_path / "addresses"
    file.write_text(f"# the office's robot\n{got.robot}\n")
    monkeypatch.delenv("DRAWBRIDGE_ALERT_URLS")
    monkeypatch.setenv("DRAWBRIDGE_ALERT_URLS_FILE", str(file))
    look_after_failure(None, None, None)
    assert headings(got) == ["抽取核验未通过"]
    told = asyncio.run(send_alerts.fn())
    assert (told["raised"], told["failed"], headings(got)) == (0, 0, ["抽取核验未通过"])


def test_a_look_that_cannot_be_made_raises_nothing(opened: Desk) -> None:
    (opened.site.settings.home / "ledger.sqlite3").unlink()
    opened.site.ledger.close()
    raise_alert(opened.site)


def test_a_campaign_that_cannot_be_read_is_told_of_and_keeps_nothing_else_back(
    opened: Desk, got: Receiver
) -> None:
    opened.look(LAST_DAY)
    park(opened, f"{TASK}-1", [f"{TASK}-{uscc(1)}"])  # its payload is no record
    opened.stop("DB-RUN-009", "draw")
    told = opened.look()
    assert headings(got)[:1] == ["期限告急"]
    assert sorted(headings(got)[1:]) == ["抽取核验未通过", "期限算不出来", "结果不明，待人工核定"]
    assert told.over == 0  # the deadline was not looked at, so it is not over


def test_no_text_names_an_enterprise_or_a_person(opened: Desk, got: Receiver) -> None:
    park(opened, f"{TASK}-1", [f"{TASK}-{uscc(1)}"], "form")
    opened.stop("DB-RUN-009", "draw")
    opened.look(LAST_DAY)
    said = "".join(got.texts)
    assert len(got.texts) == 4
    for number in (1, 2, 3):
        assert uscc(number) not in said
        assert f"第{number}商贸" not in said
        assert f"检查员{number}" not in said
    assert campaign().short_name in said
