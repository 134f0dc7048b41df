"""Personal data whose time is over: gone from the database's own bytes, and the chain says so."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.protocols import Page, RefusedRow
from ledger.audit import events, verify_audit
from ledger.directory import inspectors, quarantined
from ledger.engine import Ledger, open_ledger
from ledger.retention import Erased, erase, overdue
from ledger.sync import begin_sync, commit_page, complete_sync
from schemas.inspector import Inspector
from tests.end_to_end.installation import Installation

NOW = datetime.now(UTC)
LONG_AGO, RECENTLY = NOW - timedelta(days=800), NOW - timedelta(days=20)
YEAR_AGO = NOW - timedelta(days=365)
SOURCE = "spreadsheets"
LEFT, LEFT_LATELY, STAYS, REFUSED = "金丝雀甲", "金丝雀乙", "白玉兰丙", "金丝雀丁"
NAMES = (LEFT, LEFT_LATELY, STAYS)


def take(ledger: Ledger, names: Sequence[str], at: datetime, refused: Sequence[RefusedRow] = ()) -> None:
    """One pass over a roster that holds these people."""
    rows = [
        Inspector(inspector_id=f"SW{NAMES.index(name)}", name=name, dept_code="SW", mobile="13900000001")
        for name in names
    ]
    page = Page(1, len(rows) + len(refused), None, rows, refused, 0, "0" * 64)
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "inspector", at)
        commit_page(tx, sync, page, at)
        complete_sync(tx, sync, at)


def fill(ledger: Ledger) -> None:
    """One left two years ago, one three weeks ago, one is there; a row was refused two years ago."""
    refused = [
        RefusedRow(4, "DB-INPUT-020", "证件有效期不是日期", {"name": REFUSED, "mobile": "13900000004"})
    ]
    take(ledger, NAMES, LONG_AGO - timedelta(days=1), refused)
    take(ledger, (LEFT_LATELY, STAYS), LONG_AGO)
    take(ledger, (STAYS,), RECENTLY)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("empty_postgres_url"))
    opened = open_ledger(url)
    fill(opened)
    yield opened
    opened.close()


def test_what_is_over_is_erased_and_the_rest_stays(ledger: Ledger) -> None:
    with ledger.read() as tx:
        assert overdue(tx, YEAR_AGO) == Erased(1, 1, 0)
        assert overdue(tx, LONG_AGO - timedelta(days=9)) == Erased(0, 0, 0)
    with ledger.write() as tx:
        assert erase(tx, YEAR_AGO, NOW) == Erased(1, 1, 0)
    with ledger.read() as tx:
        assert [one.name for one in inspectors(tx, SOURCE)] == [STAYS]
        assert overdue(tx, NOW) == Erased(0, 1, 0), "who left lately is still there"
        assert LEFT not in str(quarantined(tx, SOURCE, "inspector"))
        (told,) = events(tx, kind="personal-data-erased")
    assert {key: told.facts[key] for key in ("refused", "inspectors", "objects")} == {
        "refused": 1,
        "inspectors": 1,
        "objects": 0,
    }
    assert verify_audit(ledger.engine).broken_at is None


def test_a_second_time_there_is_nothing_and_nothing_is_said(ledger: Ledger) -> None:
    for _ in range(2):
        with ledger.write() as tx:
            erase(tx, YEAR_AGO, NOW)
    with ledger.read() as tx:
        assert len(events(tx, kind="personal-data-erased")) == 1


def test_who_comes_back_is_a_new_row(ledger: Ledger) -> None:
    with ledger.write() as tx:
        erase(tx, YEAR_AGO, NOW)
    take(ledger, NAMES, NOW)
    with ledger.read() as tx:
        assert [one.name for one in inspectors(tx, SOURCE)] == list(NAMES)


def test_the_command_leaves_nothing_of_it_in_the_folder(installation: Installation) -> None:
    home = installation.home
    folder = home / "130534202405281001"
    folder.mkdir(parents=True)
    opened = open_ledger(f"sqlite:///{home / 'ledger.sqlite3'}")
    fill(opened)
    opened.close()
    for name, at in (("隔离行-抽查对象.xlsx", LONG_AGO), ("隔离行-执法检查人员.xlsx", RECENTLY)):
        (folder / name).write_text(REFUSED if at is LONG_AGO else "")
        os.utime(folder / name, (at.timestamp(), at.timestamp()))

    looked = installation.call("forget", "--dry-run", "--json")
    assert looked.code == 0, looked.err
    assert not looked.document["erased"]
    assert LEFT.encode() in held(home)

    ran = installation.call("forget", "--json")
    assert ran.code == 0, ran.err
    counts = {"refused": 1, "inspectors": 1, "objects": 0, "workbooks": 1}
    assert {key: ran.document[key] for key in counts} == counts
    for erased in (LEFT, REFUSED):
        assert erased.encode() not in held(home), "still in the database's free pages, its journal or a file"
    assert STAYS.encode() in held(home)
    again = installation.call("forget", "--json").document
    assert not any(again[key] for key in counts)
    with closing(open_ledger(f"sqlite:///{home / 'ledger.sqlite3'}")) as ledger, ledger.read() as tx:
        (told,) = events(tx, kind="personal-data-erased")
    assert {key: told.facts[key] for key in counts} == counts
    assert json.loads(installation.call("audit", "verify", "--json").out)["broken_at"] is None


def test_less_than_a_month_is_refused(installation: Installation) -> None:
    assert installation.call("forget", "--older-than", "29").code == 2


def held(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
