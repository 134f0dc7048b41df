"""`drawbridge doctor`: exit 0 only if all is well, and every line that is not says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, TASK, Installation

NOBODY = "http://127.0.0.1:9"

WRONG = [
    ({"DRAWBRIDGE_PROFILE": "no-such-profile"}, "接口配置", "DB-PROFILE-001"),
    ({"DRAWBRIDGE_DATABASE_URL": "sqlite:////no/such/folder/x.db"}, "台账", "DB-LEDGER-003"),
    ({"DRAWBRIDGE_DATABASE_URL": "mysql://user@host/x"}, "台账", "DB-LEDGER-001"),
    ({"DRAWBRIDGE_DATABASE_URL": "postgresql://u:p@127.0.0.1:9/x"}, "台账", "DB-LEDGER-009"),
    ({"DRAWBRIDGE_PLATFORM_URL": NOBODY}, "平台", "DB-SET-002"),
    ({"PREFECT_API_URL": f"{NOBODY}/api"}, "Prefect", "没有应答"),
    ({"DRAWBRIDGE_FONT_FAMILIES": "没有的字体"}, "文书字体", "DB-PAPER-001"),
]


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "home")


def wrong(document: dict[str, Any]) -> dict[str, str]:
    """What is not well: subject → what was found."""
    found = [one for one in document["findings"] if not one["ok"]]
    assert all(one["act"] for one in found), found
    return {one["subject"]: one["found"] for one in found}


@pytest.mark.parametrize(("settings", "subject", "says"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_found(
    here: Installation, settings: dict[str, str], subject: str, says: str
) -> None:
    ran = here.call("doctor", "--json", more=settings)
    assert ran.code == 1, ran.err
    assert not ran.document["ok"]
    assert says in wrong(ran.document)[subject]
    assert "u:p@" not in ran.out


def test_both_systems_are_looked_for(here: Installation) -> None:
    keys = {"DRAWBRIDGE_APP_KEY": "k", "DRAWBRIDGE_APP_SECRET": "s"}
    urls = {"DRAWBRIDGE_PLATFORM_URL": NOBODY, "DRAWBRIDGE_PUBLICITY_URL": NOBODY}
    ran = here.call("doctor", "--json", more=urls | keys)
    assert ran.code == 1
    found = wrong(ran.document)
    assert "DB-PLATFORM-001" in found["平台"]
    assert "DB-PUBLICITY-001" in found["公示系统"]


def test_a_setting_that_cannot_be_read_is_refused(here: Installation) -> None:
    ran = here.call("doctor", more={"DRAWBRIDGE_POLL_S": "soon"})
    assert ran.code == 2
    assert "DRAWBRIDGE_POLL_S" in ran.err


def test_only_the_secret_can_be_in_a_file_and_only_it_is_said_to(here: Installation) -> None:
    ran = here.call("doctor", "--json", more={"DRAWBRIDGE_PLATFORM_URL": NOBODY})
    (act,) = [one["act"] for one in ran.document["findings"] if one["subject"] == "平台"]
    assert "PUBLICITY_URL_FILE" not in act
    assert "DRAWBRIDGE_APP_SECRET_FILE" in act


@pytest.fixture
def platform() -> Iterator[dict[str, str]]:
    setting = Setting(PLAN, objects=20)
    with Simulator(setting) as simulator:
        yield {
            "DRAWBRIDGE_PLATFORM_URL": simulator.platform_url,
            "DRAWBRIDGE_PUBLICITY_URL": simulator.publicity_url,
            "DRAWBRIDGE_APP_KEY": setting.key,
            "DRAWBRIDGE_APP_SECRET": setting.secret,
            "DRAWBRIDGE_SOURCE": f"test-{TASK}",
            "DRAWBRIDGE_CLOCK_URL": simulator.control_url,
        }


def test_an_installation_with_a_platform_is_well(here: Installation, platform: dict[str, str]) -> None:
    assert here.call("approver", "add", "A01", "--role", "主任").code == 0
    ran = here.call("doctor", "--json", more=platform)
    assert (ran.code, wrong(ran.document)) == (0, {})
    subjects = {one["subject"] for one in ran.document["findings"]}
    assert {"审计链", "接口配置", "平台", "公示系统", "时钟"} <= subjects
    assert platform["DRAWBRIDGE_APP_SECRET"] not in ran.out


def test_a_wrong_secret_is_found_on_both_systems(here: Installation, platform: dict[str, str]) -> None:
    ran = here.call("doctor", "--json", more={**platform, "DRAWBRIDGE_APP_SECRET": "of somebody else"})
    assert ran.code == 1
    assert {"平台", "公示系统"} <= set(wrong(ran.document))


def changed(here: Installation, *statements: str) -> None:
    """The ledger after somebody got at its file."""
    assert here.call("approver", "add", "A01", "--role", "主任").code == 0
    with closing(sqlite3.connect(here.home / "ledger.sqlite3")) as ledger:
        for (name,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            ledger.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            ledger.execute(statement)
        ledger.commit()


def test_a_broken_chain_is_found_and_nothing_is_run_on_it(here: Installation) -> None:
    changed(here, "UPDATE audit_event SET subject = 'another'")
    ran = here.call("doctor", "--json")
    assert ran.code == 1
    assert "DB-ALERT-014" in wrong(ran.document)["审计链"]
    refused = here.call("run", PLAN, "--no-prefect")
    assert refused.code == 2
    assert "DB-ALERT-014" in refused.err
    assert here.call("audit", "verify").code == 1


def test_a_ledger_without_its_tables_is_damaged(here: Installation) -> None:
    changed(here, "DROP TABLE audit_event")
    ran = here.call("audit", "verify")
    assert ran.code == 2
    assert "DB-LEDGER-008" in ran.err
    assert "DB-LEDGER-008" in wrong(here.call("doctor", "--json").document)["审计链"]


def test_a_ledger_with_a_torn_page_is_damaged(here: Installation) -> None:
    changed(here, "PRAGMA wal_checkpoint(TRUNCATE)")
    path = here.home / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as ledger:
        (page,) = ledger.execute("SELECT rootpage FROM sqlite_master WHERE name = 'audit_event'").fetchone()
        (size,) = ledger.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    ran = here.call("audit", "verify")
    assert ran.code == 2
    assert "DB-LEDGER-008" in ran.err
