"""What operators do about publications: resolve, withdraw, correct; two people each, by what is on record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.acting import publication_text, record_request
from flows.decisions.deciding import campaign_called
from flows.decisions.todo_forms import ActForm
from flows.exchange.publishing import standing_of
from mock_platform.shanghai_time import wire_time
from mock_platform.simulator import Setting, Simulator
from schemas.errors import DrawbridgeError
from tests.end_to_end.approvers import WallClock, enrol
from tests.end_to_end.installation import PLAN, PROJECT, TASK, Installation, MockProcess

RUN = ("run", PLAN, "--no-prefect", "--json", "--max-wait", "0.5")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(Setting(PLAN, objects=20, seed=3)) as running:
        yield running


@pytest.fixture
def mock(simulator: Simulator) -> MockProcess:
    return MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)


@pytest.fixture
def here(mock: MockProcess, tmp_path: Path) -> Installation:
    setting = Setting(PLAN)
    keys = {"DRAWBRIDGE_APP_KEY": setting.key, "DRAWBRIDGE_APP_SECRET": setting.secret}
    patience = {"DRAWBRIDGE_MAX_WAIT_S": "0.5"}
    return Installation(tmp_path / "home", mock.settings(TASK) | keys | patience)


def published(simulator: Simulator) -> list[dict[str, Any]]:
    return [record for record in simulator.world.records.values() if record["state"] == "accepted"]


def test_an_outcome_that_nobody_can_find_out_is_resolved_by_two_people(
    simulator: Simulator, mock: MockProcess, here: Installation, wall: WallClock, tmp_path: Path
) -> None:
    text = (PROJECT / "connectors" / "profiles" / "hebei.toml").read_text("utf-8")
    head, _, tail = text.partition("[publicity.capability.record]")
    blind = tail.replace("= true", "= false", 2).replace("batch_size = 20", "batch_size = 1", 1)
    profile = tmp_path / "blind.toml"
    profile.write_text(head + "[publicity.capability.record]" + blind, "utf-8")
    here.environment["DRAWBRIDGE_PROFILE"] = str(profile)
    mock.post("faults", {"name": "reply_lost_after_commit", "endpoint": "postSpotchecks", "calls": [1]})

    waiting = here.call(*RUN)
    assert waiting.code == 3, waiting.err
    status = here.call("publish", "status", TASK, "--json")
    assert status.code == 1
    unclear = status.document["unclear"]
    assert len(unclear) == len(simulator.world.records)  # one reply is lost, the others say "pending"
    assert [evidence["sends"] for evidence in unclear.values()] == [1] * len(unclear)
    assert len(mock.writes("postSpotchecks")) == len(unclear)  # nothing was sent again

    one, two = enrol(here, "A01", "经办", wall), enrol(here, "A02", "复核", wall)
    resolve = ("publish", "resolve", TASK, "--reason", "电话核实", "--found", "已公示", "--json")
    refused = here.call(*resolve, "--enterprise", next(iter(unclear)), "--by", "A01", "--code", "0")
    assert "DB-ACT-008" in refused.err
    for uscc, evidence in unclear.items():
        receipt = simulator.world.records[evidence["record"]]["receiptNo"]
        asked = here.call(*resolve, "--enterprise", uscc, "--receipt", receipt, *one.options())
        assert asked.code == 0, asked.err
        number = asked.document["act"]
        assert here.call("publish", "status", TASK, "--json").document["acts"][0]["act"] == number
        allowed = here.call("publish", "allow", TASK, number, *two.options())
        assert allowed.code == 0, allowed.err

    before = len(mock.writes())
    done = here.call(*RUN)
    assert done.code == 0, done.err
    assert (done.document["publication"]["missing"], done.document["publication"]["doubled"]) == (0, 0)
    assert len(mock.writes()) == before


def test_what_is_published_is_withdrawn_until_it_is_collected_and_corrected_afterwards(
    simulator: Simulator, mock: MockProcess, here: Installation, wall: WallClock
) -> None:
    done = here.call(*RUN)
    assert done.code == 0, done.err
    total = done.document["publication"]
    one, two = enrol(here, "A01", "经办", wall), enrol(here, "A02", "复核", wall)
    fresh, collected = published(simulator)[:2]
    fresh["collected"], collected["collected"] = False, True

    def decided(act: str, record: dict[str, Any]) -> None:
        options = ("--enterprise", record["uniscid"], "--reason", "公示有误", "--json")
        asked = here.call("publish", act, TASK, *options, *one.options())
        assert asked.code == 0, asked.err
        allowed = here.call("publish", "allow", TASK, asked.document["act"], *two.options())
        assert allowed.code == 0, allowed.err
        ran = here.call(*RUN)
        assert ran.code == 0, ran.document["findings"]

    decided("withdraw", fresh)
    assert simulator.world.records[fresh["recordId"]]["state"] == "withdrawn"
    after = here.call("reconcile", TASK, "--json")
    assert after.code == 0, after.err
    assert after.document["published"] == total["published"] - 1
    assert after.document["withheld"] == total["withheld"] + 1

    decided("withdraw", collected)  # the exchange refuses: what is collected can only be corrected
    assert simulator.world.records[collected["recordId"]]["state"] == "accepted"
    after = here.call("reconcile", TASK, "--json")
    assert after.document["published"] == total["published"] - 1
    unchanged = here.call(
        "publish", "correct", TASK, "--enterprise", collected["uniscid"], "--reason", "更正", *one.options()
    )
    assert "DB-ACT-006" in unchanged.err


def test_a_correction_is_a_new_version_of_what_the_results_say_now(
    simulator: Simulator, mock: MockProcess, here: Installation, wall: WallClock
) -> None:
    assert here.call(*RUN).code == 0
    one, two = enrol(here, "A01", "经办", wall), enrol(here, "A02", "复核", wall)
    codes = {row["uniscid"] for row in published(simulator)}
    result = next(
        row for row in simulator.world.results.values() if row["uniscid"] in codes and row["problem"]
    )
    record = next(row for row in published(simulator) if row["uniscid"] == result["uniscid"])
    with simulator.world.lock:
        later = wire_time(simulator.world.now() + timedelta(minutes=1))
        result |= {"resultCode": "1", "problem": None, "disposal": "0", "guided": False, "transfer": None}
        result |= {"version": result["version"] + 1, "updatedAt": later}
    before = len(mock.writes())
    correct = (
        "publish",
        "correct",
        TASK,
        "--enterprise",
        record["uniscid"],
        "--reason",
        "录入有误",
        "--json",
    )
    asked = here.call(*correct, *one.options())
    assert asked.code == 0, asked.err
    assert "DB-ACT-004" in here.call("publish", "allow", TASK, asked.document["act"], *one.options()).err
    assert here.call("publish", "retry", TASK).code in (0, 3)
    assert len(mock.writes()) == before  # asked for is not allowed
    assert here.call("publish", "allow", TASK, asked.document["act"], *two.options()).code == 0
    assert "DB-ACT-003" in here.call("publish", "allow", TASK, asked.document["act"], *two.options()).err
    sent = here.call("publish", "retry", TASK, "--json")
    assert sent.document["writes"] == 1, sent.err
    held = simulator.world.records[record["recordId"]]
    assert (held["version"], held["operation"], held["state"]) == (2, "U", "accepted")
    assert here.call("reconcile", TASK, "--json").code == 0
    assert here.call("audit", "verify").code == 0


def test_what_a_restored_ledger_forgot_is_taken_over_and_not_sent_again(
    simulator: Simulator, mock: MockProcess, here: Installation, wall: WallClock
) -> None:
    mock.post("people", {"act": "never-review"})
    assert here.call(*RUN).code == 3
    one, two = enrol(here, "A01", "经办", wall), enrol(here, "A02", "复核", wall)
    ledger, backup = here.home / "ledger.sqlite3", here.home / "backup.sqlite3"
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(backup)) as copy:
        source.backup(copy)
    assert here.call("approve", TASK, "--all", "--role", "领导小组办公室").code == 0
    assert here.call(*RUN).code == 0
    sent = len(mock.writes("postSpotchecks"))
    for left in here.home.glob("ledger.sqlite3*"):
        left.unlink()
    backup.rename(ledger)

    looked = here.call("reconcile", TASK, "--json")
    assert looked.document["unexpected"] == sent
    for record in published(simulator):
        found = ("--enterprise", record["uniscid"], "--receipt", record["receiptNo"])
        take_over = ("publish", "take-over", TASK, *found, "--reason", "恢复备份", "--json")
        asked = here.call(*take_over, *one.options())
        assert asked.code == 0, asked.err
        assert here.call("publish", "allow", TASK, asked.document["act"], *two.options()).code == 0
    done = here.call(*RUN)
    assert done.code == 0, done.err
    assert done.document["publication"]["published"] == sent
    assert len(mock.writes("postSpotchecks")) == sent
    assert here.call("audit", "verify").code == 0


def test_the_form_in_the_ui_asks_for_the_same(
    simulator: Simulator, mock: MockProcess, here: Installation, wall: WallClock
) -> None:
    assert here.call(*RUN).code == 0
    one, two = enrol(here, "A01", "经办", wall), enrol(here, "A02", "复核", wall)
    record = published(simulator)[0]
    record["collected"] = False
    with here.site() as site:
        campaign = campaign_called(site, TASK)
        shown = publication_text(site, campaign, standing_of(site, campaign))
        assert f"已公示 {len(published(simulator))}" in shown
        wrong = ActForm(
            act="撤回",
            enterprise=record["uniscid"],
            receipt="R1",
            reason="公示有误",
            approver="A01",
            code="0",
        )
        with pytest.raises(DrawbridgeError, match="DB-ACT-008"):
            record_request(site, campaign, wrong)
        with pytest.raises(DrawbridgeError, match="DB-APPROVER"):
            record_request(site, campaign, wrong.model_copy(update={"receipt": ""}))
        right = wrong.model_copy(
            update={"receipt": " ", "enterprise": f"{record['uniscid']} ", "code": one.code()}
        )
        said = record_request(site, campaign, right)
        assert "编号 1" in said
        assert "| 1 | 撤回 |" in publication_text(site, campaign, standing_of(site, campaign))
    assert here.call("publish", "allow", TASK, 1, *two.options()).code == 0
    assert here.call(*RUN).code == 0
    assert simulator.world.records[record["recordId"]]["state"] == "withdrawn"
