"""A whole campaign with marked people and secrets, through Prefect; then every place is searched for them.

The last stage fails with an error that nobody foresaw and that quotes the roster: what Prefect keeps of an
error is searched too.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from mock_platform.simulator import Setting, Simulator
from tests.end_to_end.installation import PLAN, PROJECT, TASK, Installation, Ran
from tests.security.canaries import (
    ALERT_TOKEN,
    DATABASE_PASSWORD,
    PEOPLE,
    SECRET,
    SECRETS,
    found_in,
    mark,
    open_to_others,
    search,
)

QUOTES = "金丝雀001 1390000"
FAILS_AT_LAST = f"""
import os
import flows.service.prefect_server as server
from flows.cli import main

start = server.start_prefect

def quote(*arguments):
    raise ValueError("{QUOTES}" + "0001, {SECRET}")

def start_and_break(home, port=None):
    environment = start(home, port)
    os.environ.update(environment)  # Prefect reads its settings when it is imported
    import flows.report
    flows.report.campaign_annex = quote
    return environment

server.start_prefect = start_and_break
main()
"""

# Where personal data has to be, by the path: the ledger; papers that a person signs or files.
PLACES = {
    r"ledger\.sqlite3(-wal|-shm)?$": {"name", "mobile", "certificate", "representative", "telephone"},
    rf"{TASK}/一企一表\.xlsx$": {"name", "certificate"},
    rf"{TASK}/分组名册\.xlsx$": {"name", "certificate"},
    rf"{TASK}/隔离行-执法检查人员\.xlsx$": {"name", "mobile", "certificate"},
    rf"{TASK}/隔离行-抽查对象\.xlsx$": {"representative", "telephone"},
}


@dataclass
class Run:
    """What one run left behind."""

    here: Installation
    tmp: Path
    ran: Ran

    def search(self, marks: dict[str, str]) -> dict[str, set[str]]:
        return search([self.here.home, self.tmp], marks)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("canaries")
    tmp = folder / "tmp"
    tmp.mkdir()
    setting = Setting(PLAN, objects=24, seed=3, key="canary", secret=SECRET)
    with Simulator(setting) as simulator:
        mark(simulator.world)
        here = Installation(
            folder / "home",
            {
                "DRAWBRIDGE_PLATFORM_URL": simulator.platform_url,
                "DRAWBRIDGE_PUBLICITY_URL": simulator.publicity_url,
                "DRAWBRIDGE_CLOCK_URL": simulator.control_url,
                "DRAWBRIDGE_APP_KEY": setting.key,
                "DRAWBRIDGE_APP_SECRET": SECRET,
                "DRAWBRIDGE_ALERT_URLS": f"json://127.0.0.1:9/{ALERT_TOKEN}",
                "DRAWBRIDGE_MAX_WAIT_S": "60",
                "DRAWBRIDGE_POLL_S": "0.02",
                "TMPDIR": str(tmp),
            },
        )
        command = [sys.executable, "-c", FAILS_AT_LAST, "run", str(PLAN), "--json", "--traceback"]
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=here.settings(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        yield Run(here, tmp, Ran(done.returncode, done.stdout, done.stderr))


def test_the_run_went_as_far_as_it_was_meant_to(run: Run) -> None:
    assert run.ran.code == 2, run.ran.err
    assert run.ran.document["error"]["code"] == "DB-CLI-005"
    stages = run.here.call("campaign", "show", TASK, "--json").document["stages"]
    assert stages["publish"]["state"] == "done"
    assert stages["report"]["state"] == "failed"


def test_people_are_where_they_have_to_be_and_nowhere_else(run: Run) -> None:
    assert run.here.call("run", PLAN, "--no-prefect").code in (0, 1)  # the last stage too, with its papers
    found = run.search(PEOPLE)
    assert found["ledger.sqlite3"] == set(PEOPLE), "the marks were not taken over"
    for path, held in found.items():
        allowed = set().union(*(what for place, what in PLACES.items() if re.match(place, path)))
        assert held <= allowed, f"{path}: {held - allowed}"


def test_secrets_are_nowhere(run: Run) -> None:
    assert run.search(SECRETS) == {}


def test_what_prefect_keeps_of_a_failure_quotes_nothing(run: Run) -> None:
    """The search above finds bytes; this says that the failure was really recorded there."""
    with closing(sqlite3.connect(run.here.home / "prefect" / "prefect.db")) as prefect:
        told = [
            text for (text,) in prefect.execute("SELECT message FROM flow_run_state WHERE type = 'FAILED'")
        ]
        logged = [text for (text,) in prefect.execute("SELECT message FROM log")]
    assert any("DB-CLI-005" in text for text in told)
    assert any("DB-CLI-005" in text for text in logged)
    assert not [text for text in [*told, *logged] if QUOTES in text or SECRET in text]


def test_the_terminal_and_the_traceback_quote_nothing(run: Run) -> None:
    assert "kept_safe.py" in run.ran.err, "--traceback says where"
    assert found_in((run.ran.out + run.ran.err).encode(), PEOPLE | SECRETS) == set()


@pytest.mark.parametrize(
    "command",
    [
        ("doctor",),
        ("doctor", "--json"),
        ("campaign", "show", TASK, "--json"),
        ("publish", "status", TASK, "--json"),
        ("push", "status", TASK, "--json"),
        ("audit", "verify", "--json"),
        ("draw", "show", TASK),
    ],
    ids=" ".join,
)
def test_what_commands_print_holds_neither(run: Run, command: tuple[str, ...]) -> None:
    address = {"DRAWBRIDGE_DATABASE_URL": f"postgresql://u:{DATABASE_PASSWORD}@127.0.0.1:9/x"}
    for more in ({}, address):
        ran = run.here.call(*command, more=more)
        assert found_in((ran.out + ran.err).encode(), PEOPLE | SECRETS) == set()


def test_nobody_else_on_the_machine_can_read_it(run: Run) -> None:
    """The folder is closed; inside it, what is meant for others is open for whoever it is copied to."""
    open_ones = [Path(path) for path in open_to_others(run.here.home)]
    assert run.here.home not in open_ones
    closed = ("ledger.sqlite3", "prefect", "logs", "prefect-server.log")
    assert [path for path in open_ones if path.relative_to(run.here.home).parts[0] in closed] == []
