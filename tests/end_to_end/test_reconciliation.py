"""Ledger, exchange and public page compared both ways: by record, by item, by name and by date; only read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from flows.exchange.findings import FINDINGS
from flows.reconcile import STAGE
from flows.site import open_site, resolve_campaign
from flows.stage import perform
from ledger.campaigns import reopen_stages
from mock_platform.intentions import announce_intention
from mock_platform.shanghai_time import add_working_days
from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, PLATFORM_PLAN, PLATFORM_TASK, TASK, Installation, MockProcess

RUN = ("--no-prefect", "--json", "--max-wait", "0.5")
AT_ONCE = {"DRAWBRIDGE_MAX_WAIT_S": "0"}
Row = dict[str, Any]


def at(simulator: Simulator, task_id: str, home: Path) -> Installation:
    mock = MockProcess(None, simulator.platform_url, simulator.publicity_url, simulator.control_url)
    keys = {
        "DRAWBRIDGE_APP_KEY": simulator.setting.key,
        "DRAWBRIDGE_APP_SECRET": simulator.setting.secret,
        "DRAWBRIDGE_MAX_WAIT_S": "0.5",
    }
    return Installation(home, mock.settings(task_id) | keys)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(Setting(PLAN, objects=20, seed=3)) as running:
        yield running


@pytest.fixture(scope="module")
def here(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A campaign that is published to the last record."""
    installation = at(simulator, TASK, tmp_path_factory.mktemp("reconciled") / "home")
    ran = installation.call("run", PLAN, *RUN)
    assert ran.code == 0, ran.err
    assert ran.document["publication"]["in_time"] == ran.document["publication"]["published"] > 2
    return installation


def published(simulator: Simulator) -> list[Row]:
    return [record for record in simulator.world.records.values() if record["shown"]]


def another_result(simulator: Simulator, record: Row) -> None:
    record["shown"] = {**record["shown"], "details": [dict(one) for one in record["shown"]["details"]]}
    record["shown"]["details"][0]["raninsCheckResName"] = "其他问题"


def item_left_out(simulator: Simulator, record: Row) -> None:
    record["shown"] = {**record["shown"], "details": record["shown"]["details"][1:]}


def another_date(simulator: Simulator, record: Row) -> None:
    record["shown"] = {**record["shown"], "insDate": "2024-06-01"}


def not_shown(simulator: Simulator, record: Row) -> None:
    record["shown"] = None


def shown_twice(simulator: Simulator, record: Row) -> None:
    simulator.world.records["copy"] = {**record, "recordId": "copy", "seq": 99_999}


def lost_in_the_exchange(simulator: Simulator, record: Row) -> None:
    record["state"] = "rejected"


def other_bytes_in_the_exchange(simulator: Simulator, record: Row) -> None:
    record["digest"] = "0" * 64


def later_version_in_the_exchange(simulator: Simulator, record: Row) -> None:
    record["version"] += 1


def another_receipt(simulator: Simulator, record: Row) -> None:
    message = simulator.world.messages[record["batchNo"]]
    message["now"] = [
        {**row, "receiptNo": "R-OTHER"} if row["recordId"] == record["recordId"] else row
        for row in message["now"]
    ]


def renamed(simulator: Simulator, record: Row) -> None:
    simulator.world.enterprises[record["pripId"]] |= {"entName": "清河县改名后有限公司"}


def revoked(simulator: Simulator, record: Row) -> None:
    simulator.world.enterprises[record["pripId"]] |= {"regState": "3"}


def another_enterprise(simulator: Simulator, record: Row) -> None:
    simulator.world.enterprises[record["pripId"]] |= {"uniscid": "91130534MA00000000"}


def shown_late(simulator: Simulator, record: Row) -> None:
    record["shown"] = {**record["shown"], "publicDate": "2024-12-31"}


DAMAGE: dict[str, tuple[Callable[[Simulator, Row], None], str, Callable[[Row, Row], object]]] = {
    "a result": (
        another_result,
        "differing",
        lambda record, facts: (
            facts["items"]
            == [
                {
                    "item": record["details"][0]["raninsItemName"],
                    "ours": [record["details"][0]["raninsCheckResName"]],
                    "theirs": ["其他问题"],
                }
            ]
        ),
    ),
    "an item": (item_left_out, "differing", lambda record, facts: facts["items"][0]["theirs"] == []),
    "a date": (another_date, "differing", lambda record, facts: facts == {"members": ["completed_on"]}),
    "not shown": (not_shown, "missing", lambda record, facts: facts == {}),
    "shown twice": (shown_twice, "doubled", lambda record, facts: facts == {"rows": 2}),
    "lost there": (lost_in_the_exchange, "missing", lambda record, facts: facts == {"version": 1}),
    "other bytes": (
        other_bytes_in_the_exchange,
        "differing",
        lambda record, facts: facts["digest"]["theirs"] == "0" * 64,
    ),
    "later version": (
        later_version_in_the_exchange,
        "unexpected",
        lambda record, facts: facts["version"] == {"ours": 1, "theirs": 2},
    ),
    "another receipt": (
        another_receipt,
        "differing",
        lambda record, facts: facts["receipt_no"] == {"ours": record["receiptNo"], "theirs": "R-OTHER"},
    ),
    "renamed": (
        renamed,
        "name-changed",
        lambda record, facts: facts == {"ours": record["entName"], "public": "清河县改名后有限公司"},
    ),
    "revoked": (revoked, "deregistered", lambda record, facts: facts == {"public": "吊销"}),
    "another enterprise": (
        another_enterprise,
        "differing",
        lambda record, facts: facts == {"members": ["uscc"]},
    ),
    "late": (
        shown_late,
        "late",
        lambda record, facts: facts["published_on"] == "2024-12-31" > facts["due_on"],
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_differs_is_found_by_its_kind_with_what_is_proposed(
    simulator: Simulator, here: Installation, name: str
) -> None:
    damage, kind, fits = DAMAGE[name]
    world = simulator.world
    record = published(simulator)[1]
    with world.lock:
        before = (
            dict(record),
            dict(world.enterprises[record["pripId"]]),
            dict(world.messages[record["batchNo"]]),
        )
        damage(simulator, record)
    writes = list(world.writes)
    try:
        looked = here.call("reconcile", TASK, "--json", more=AT_ONCE)
    finally:
        with world.lock:
            record.update(before[0])
            world.enterprises[record["pripId"]] = before[1]
            world.messages[record["batchNo"]] = before[2]
            world.records.pop("copy", None)
    (found,) = looked.document["proposals"]
    assert (found["kind"], found["record"]) == (kind, record["recordId"])
    assert fits(before[0], found["facts"]), found["facts"]
    assert found["act"] == FINDINGS[kind].act
    assert looked.document[kind] == 1
    assert looked.code == (3 if kind == "missing" else 1)
    assert world.writes == writes


def test_a_person_reads_what_was_found_and_what_to_do(simulator: Simulator, here: Installation) -> None:
    record = published(simulator)[1]
    with simulator.world.lock:
        register = dict(simulator.world.enterprises[record["pripId"]])
        revoked(simulator, record)
    told = here.call("reconcile", TASK)
    with simulator.world.lock:
        simulator.world.enterprises[record["pripId"]] = register
    assert told.code == 1
    text = "".join(told.out.split())
    for part in (record["recordId"], FINDINGS["deregistered"].title, FINDINGS["deregistered"].act):
        assert "".join(part.split()) in text


def test_a_look_at_a_quiet_system_is_no_event(simulator: Simulator, here: Installation) -> None:
    """Also after all that was found above: everything is as it was."""
    events = []
    for _ in range(2):
        looked = here.call("reconcile", TASK, "--json")
        assert (looked.code, looked.document["proposals"]) == (0, [])
        events.append(here.call("audit", "verify", "--json").document["events"])
    assert events[0] == events[1]


def test_the_daily_look_does_not_wait_for_the_last_record(here: Installation) -> None:
    """While publication is open for anybody, what is public already is looked at."""
    with patch.dict(os.environ, here.settings(AT_ONCE), clear=True), open_site() as site:
        campaign = resolve_campaign(site.ledger, TASK, site.now())
        with site.ledger.write() as tx:
            reopen_stages(tx, TASK, ("publish", "reconcile"), "再看一次", site.now(), keep_facts=True)
        looked = perform(site, campaign, STAGE)
    assert looked.done
    assert looked.facts["in_time"] == looked.facts["published"]


# --- the platform feeds the publicity system by itself ----------------------------------------------------


@pytest.fixture(scope="module")
def fed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, dict[str, Any]]]:
    """A campaign whose results the platform hands on by itself, and its summary."""
    with Simulator(Setting(PLATFORM_PLAN, objects=80, seed=5)) as running:
        here = at(running, PLATFORM_TASK, tmp_path_factory.mktemp("fed") / "home")
        ran = here.call("run", PLATFORM_PLAN, *RUN)
        assert ran.code == 0, ran.err
        yield running, ran.document


def test_where_the_platform_publishes_every_result_is_seen_in_time(
    fed: tuple[Simulator, dict[str, Any]],
) -> None:
    """Nothing goes out from here; what the public sees, and since when, is judged by the mock itself."""
    world, summary = fed[0].world, fed[1]
    facts = summary["publication"]
    assert (facts["mode"], summary["writes"]) == ("reconcile", 0)
    assert facts["due"] == len(world.forms) == facts["in_time"] + facts["withheld"]
    shown = {row["uniscid"]: row["shown"] for row in published(fed[0])}
    assert len(shown) == facts["in_time"] > 2
    for code, row in shown.items():
        completed = max(one["completedAt"] for one in world.results.values() if one["uniscid"] == code)[:10]
        assert completed == row["insDate"]
        assert row["publicDate"] <= str(add_working_days(date.fromisoformat(completed), 20))
    sent = {row["endpoint"] for row in world.writes}
    assert sent.isdisjoint({"postSpotchecks", "postForms", "postDraw"})


def test_where_the_platform_publishes_late_or_never_that_is_found(
    fed: tuple[Simulator, dict[str, Any]], tmp_path: Path
) -> None:
    never, late = sorted(row["uniscid"] for row in published(fed[0]))[:2]
    with Simulator(Setting(PLATFORM_PLAN, objects=80, seed=5)) as simulator:  # draws the same ones
        here = at(simulator, PLATFORM_TASK, tmp_path / "home")
        announce_intention(simulator.world, {"act": "never-feed", "who": never})
        announce_intention(simulator.world, {"act": "feed-late", "who": late, "days": 45})
        assert here.call("run", PLATFORM_PLAN, *RUN).code == 3
        simulator.world.run_until(simulator.world.now() + timedelta(days=60))
        looked = here.call("reconcile", PLATFORM_TASK, "--json", more=AT_ONCE)
        assert looked.code == 3, looked.err
        facts = looked.document
        found = {(one["kind"], one["record"].rpartition("-")[2]) for one in facts["proposals"]}
        assert found == {("missing", never), ("late", never), ("late", late)}
        assert facts["due"] == facts["in_time"] + facts["withheld"] + 2
        assert [row for row in simulator.world.writes if row["endpoint"] == "postSpotchecks"] == []
