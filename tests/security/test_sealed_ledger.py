"""Personal data in a ledger that has keys: of no use without them, and to the program the same as before."""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import sqlalchemy as sa

import flows.assign
from connectors.protocols import Page, RefusedRow
from ledger.approvers import code_at, dismiss, enrol, try_code
from ledger.audit import events, verify_audit
from ledger.directory import inspectors, latest_snapshot, quarantined
from ledger.encrypted import KEY_BYTES, NO_KEYS, Keys
from ledger.engine import Ledger, open_ledger
from ledger.moving import move
from ledger.retention import NOTHING, erase, overdue
from ledger.sealing import outdated, reseal
from ledger.sync import begin_sync, commit_page, complete_sync
from ledger.tables import dir_row, quarantine
from ledger.texts import digest_of, text_of
from mock_platform.simulator import Setting, Simulator
from schemas.errors import DrawbridgeError
from schemas.inspector import Inspector
from tests.end_to_end.installation import PLAN, TASK, Installation, Ran
from tests.security.canaries import PEOPLE, SECRET, found_in, mark, search

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SOURCE = "spreadsheets"
OLD = Keys({"2025": secrets.token_bytes(KEY_BYTES)})
NEW = Keys({"2026": secrets.token_bytes(KEY_BYTES), **OLD.by_name})
ONLY_NEW = Keys({"2026": NEW.by_name["2026"]})
PERSON = "金丝雀"
REFUSED: dict[str, object] = {"name": "金丝雀丁", "mobile": "13900000004"}


def person(number: int, name: str = PERSON) -> Inspector:
    return Inspector(
        inspector_id=f"SW{number:04d}", name=f"{name}{number}", dept_code="SW", mobile="13900000001"
    )


def take(ledger: Ledger, rows: Sequence[Inspector], at: datetime = NOW) -> None:
    """One pass over a roster that holds these people, and a row that is refused."""
    refused = [RefusedRow(4, "DB-INPUT-020", "证件有效期不是日期", REFUSED)]
    page = Page(1, len(rows) + 1, None, rows, refused, 0, digest_of(str(rows)))
    with ledger.write() as tx:
        sync = begin_sync(tx, SOURCE, "inspector", at)
        commit_page(tx, sync, page, at)
        complete_sync(tx, sync, at)


def roster(ledger: Ledger) -> list[Inspector]:
    with ledger.read() as tx:
        return inspectors(tx, SOURCE)


def stored(ledger: Ledger, column: sa.Column[Any] = dir_row.c.body) -> list[str]:
    with ledger.read() as tx:
        return list(tx.scalars(sa.select(sa.type_coerce(column, sa.Text))))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("empty_postgres_url"))
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@contextmanager
def opened(url: str, keys: Keys = NO_KEYS) -> Iterator[Ledger]:
    ledger = open_ledger(url, keys)
    try:
        yield ledger
    finally:
        ledger.close()


def test_what_is_written_is_sealed_and_read_as_before(url: str) -> None:
    with opened(url, OLD) as ledger:
        take(ledger, [person(1), person(2)])
        assert roster(ledger) == [person(1), person(2)]
        held = stored(ledger) + stored(ledger, quarantine.c.raw)
        assert len(held) == 3
        assert not [one for one in held if PERSON in one or "13900000" in one]
        with ledger.read() as tx:
            assert [row.raw for row in quarantined(tx, SOURCE, "inspector")] == [REFUSED]


def test_without_keys_nothing_changes_and_digests_are_the_same_with_them(tmp_path: Path) -> None:
    digests = []
    for name, keys in (("plain", NO_KEYS), ("sealed", OLD)):
        with opened(f"sqlite:///{tmp_path / name}", keys) as ledger:
            take(ledger, [person(1)])
            with ledger.read() as tx:
                snapshot = latest_snapshot(tx, SOURCE, "inspector")
                rows = list(tx.scalars(sa.select(dir_row.c.digest)))
                rows += tx.scalars(sa.select(quarantine.c.raw_digest))
                kinds = {event.kind for event in events(tx)}
            assert snapshot is not None
            digests.append((snapshot.digest, rows))
            assert (stored(ledger) == [text_of(person(1))]) is (keys is NO_KEYS)
            assert ("key-taken" in kinds) is (keys is OLD)
    assert digests[0] == digests[1]


def test_rows_from_before_stay_readable_and_are_sealed_when_they_change(url: str) -> None:
    with opened(url) as ledger:
        take(ledger, [person(1), person(2)])
    with opened(url, OLD) as ledger:
        assert roster(ledger) == [person(1), person(2)]
        take(ledger, [person(1), person(2, "白玉兰")])
        assert sorted(PERSON in one for one in stored(ledger)) == [False, True]
        assert roster(ledger) == [person(1), person(2, "白玉兰")]


def test_an_old_key_can_go_after_everything_was_sealed_anew(url: str) -> None:
    secret = b"canary-of-a-device-1"
    with opened(url) as ledger:
        take(ledger, [person(number) for number in range(1_200)])  # more than one slice
    with opened(url, OLD) as ledger:
        take(ledger, [person(number, "白玉兰" if number < 3 else PERSON) for number in range(1_200)])
        with ledger.write() as tx:
            enrol(tx, "A01", "主任", secret, NOW)
    with pytest.raises(DrawbridgeError, match="DB-LEDGER-011") as caught:
        open_ledger(url, ONLY_NEW)
    assert caught.value.facts["key"] == "2025"
    with opened(url, NEW) as ledger:
        with ledger.read() as tx:
            before = inspectors(tx, SOURCE)
            due = outdated(tx)
        assert due == {"approver.code_secret": 1, "dir_row.body": 1_200, "quarantine.raw": 2}
        assert reseal(ledger, NOW) == due
        with ledger.read() as tx:
            assert outdated(tx) == {}
    with opened(url, ONLY_NEW) as ledger:
        assert roster(ledger) == before
        with ledger.write() as tx:
            at = NOW + timedelta(minutes=1)
            assert try_code(tx, "A01", code_at(secret, at), at)[0] == "good"
            (told,) = events(tx, kind="resealed")
        assert told.facts["values"] == due
        assert verify_audit(ledger.engine).broken_at is None
    for keys in (OLD, NO_KEYS):
        with pytest.raises(DrawbridgeError, match="DB-LEDGER-011"):
            open_ledger(url, keys)


@pytest.mark.postgres
def test_it_is_moved_as_it_is_stored_and_needs_its_key_there(tmp_path: Path, empty_postgres_url: str) -> None:
    with opened(f"sqlite:///{tmp_path / 'ledger.db'}", OLD) as ledger:
        take(ledger, [person(1)])
        before = stored(ledger)
    move(f"sqlite:///{tmp_path / 'ledger.db'}", empty_postgres_url, NOW)
    with opened(empty_postgres_url, OLD) as ledger:
        assert stored(ledger) == before
        assert roster(ledger) == [person(1)]
    with pytest.raises(DrawbridgeError, match="DB-LEDGER-011"):
        open_ledger(empty_postgres_url)


def test_who_only_reads_adds_nothing_to_the_chain(url: str) -> None:
    """A backup reads the chain of its copy: with one more event it would be another chain."""
    open_ledger(url).close()
    with opened(url, OLD) as ledger:
        assert roster(ledger) == []
        with ledger.read() as tx:
            assert events(tx) == []
        for _ in range(2):
            take(ledger, [person(1)])
    with opened(url, OLD) as ledger:
        take(ledger, [person(2)])
        with ledger.read() as tx:
            assert [event.kind for event in events(tx)].count("key-taken") == 1
            assert events(tx)[0].kind == "key-taken"


def test_a_write_that_is_undone_has_not_taken_the_key(url: str) -> None:
    with opened(url, OLD) as ledger:
        with pytest.raises(DrawbridgeError, match="DB-APPROVER-002"), ledger.write() as tx:
            dismiss(tx, "nobody", NOW)
        with ledger.read() as tx:
            assert events(tx) == []
        take(ledger, [person(1)])
        with ledger.read() as tx:
            assert events(tx)[0].kind == "key-taken"


def test_a_file_of_keys_beside_the_ledger_is_found(installation: Installation, key_file: Path) -> None:
    installation.home.mkdir()
    beside = installation.home / "keys"
    beside.write_bytes(key_file.read_bytes())
    looked = installation.call("doctor", "--json", more={"DRAWBRIDGE_KEY_FILE": str(beside)})
    (found,) = [one for one in looked.document["findings"] if one["subject"] == "密钥"]
    assert not found["ok"]
    assert found["act"]


def test_what_was_erased_stays_erased_under_keys(url: str) -> None:
    with opened(url, OLD) as ledger:
        take(ledger, [person(1)])
        with ledger.write() as tx:
            assert erase(tx, NOW + timedelta(days=1), NOW).refused == 1
        reseal(ledger, NOW)
        assert stored(ledger, quarantine.c.raw) == [NOTHING]
        with ledger.read() as tx:
            assert overdue(tx, NOW + timedelta(days=1)).refused == 0


@pytest.mark.parametrize(
    "keys",
    [NO_KEYS, Keys({"2025": secrets.token_bytes(KEY_BYTES)}), ONLY_NEW],
    ids=["none", "another of that name", "another name"],
)
def test_without_its_key_a_ledger_is_not_opened_and_not_changed(tmp_path: Path, keys: Keys) -> None:
    path = tmp_path / "ledger.db"
    with opened(f"sqlite:///{path}", OLD) as ledger:
        take(ledger, [person(1)])
    before = path.read_bytes()
    with pytest.raises(DrawbridgeError, match="DB-LEDGER-011"):
        open_ledger(f"sqlite:///{path}", keys)
    assert path.read_bytes() == before


@pytest.mark.parametrize("change", ["'sealed:'", "substr(body, 1, length(body) - 8)", "'sealed:!' || body"])
def test_a_value_that_was_changed_does_not_open(tmp_path: Path, change: str) -> None:
    with opened(f"sqlite:///{tmp_path / 'ledger.db'}", OLD) as ledger:
        take(ledger, [person(1)])
        with ledger.write() as tx:
            tx.execute(sa.text(f"UPDATE dir_row SET body = {change}"))  # noqa: S608
        with pytest.raises(DrawbridgeError, match="DB-LEDGER-012"):
            roster(ledger)


def test_a_value_of_another_column_does_not_open(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path / 'ledger.db'}", OLD) as ledger:
        take(ledger, [person(1)])
        with ledger.write() as tx:
            tx.execute(sa.text("UPDATE quarantine SET raw = (SELECT body FROM dir_row)"))
        with pytest.raises(DrawbridgeError, match="DB-LEDGER-012"), ledger.read() as tx:
            quarantined(tx, SOURCE, "inspector")


PEOPLE_OF_A_PROVINCE = 5_000  # five transactions of `keys apply`


def test_sealing_anew_that_is_killed_goes_on_and_loses_nobody(
    installation: Installation, tmp_path: Path
) -> None:
    """A key is changed for another one; the process that does it is killed twice on its way."""
    place = installation.home / "ledger.sqlite3"
    installation.home.mkdir()
    with opened(f"sqlite:///{place}", OLD) as ledger:
        take(ledger, [person(number) for number in range(PEOPLE_OF_A_PROVINCE)])
        before = roster(ledger)
    keys = tmp_path / "keys"
    write = "".join(f"{name} {base64.b64encode(key).decode()}\n" for name, key in NEW.by_name.items())
    keys.write_text(write)
    installation.environment["DRAWBRIDGE_KEY_FILE"] = str(keys)

    left = [PEOPLE_OF_A_PROVINCE]
    for _ in range(2):
        process = installation.start("keys", "apply")
        left.append(_killed_on_its_way(process, place, left[-1]))
    assert 0 < left[2] < left[1] < left[0]
    with opened(f"sqlite:///{place}", NEW) as ledger:
        assert roster(ledger) == before
    due = installation.call("keys", "status", "--json").document["values"]["dir_row.body"]
    assert due == left[-1]

    done = installation.call("keys", "apply", "--json")
    assert done.document["values"]["dir_row.body"] == due
    assert installation.call("keys", "status", "--json").document["total"] == 0
    assert installation.call("audit", "verify", "--json").document["broken_at"] is None
    with opened(f"sqlite:///{place}", ONLY_NEW) as ledger:
        assert roster(ledger) == before


def _killed_on_its_way(process: subprocess.Popen[str], place: Path, before: int) -> int:
    """Kills it once it has sealed some more rows with the new key; returns how many are left."""
    while _left(place) >= before:
        assert process.poll() is None, process.communicate()
    process.kill()
    assert process.communicate(timeout=30)[0] == ""  # it had not come to its end
    return _left(place)


def _left(place: Path) -> int:
    """Rows of the roster that still need the old key."""
    with closing(sqlite3.connect(place, timeout=30)) as database:
        return sum(not NEW.is_current_text(body) for (body,) in database.execute("SELECT body FROM dir_row"))


class SameSalts:
    """Chance of which nothing is left: two campaigns with the same directories are drawn alike."""

    @staticmethod
    def token_hex(size: int) -> str:
        return "5a" * size


@dataclass
class Campaign:
    """A campaign that was run, and what the mock took in."""

    here: Installation
    ran: Ran
    accepted: list[tuple[str, str, int]]

    def told(self) -> object:
        """What the run says of itself, wherever its folder is."""
        return json.loads(self.ran.out.replace(str(self.here.home), "HOME"))

    def digests(self) -> list[tuple[str, str]]:
        """What was made for the other systems: key, and digest of the plain text."""
        with closing(sqlite3.connect(self.here.home / "ledger.sqlite3")) as ledger:
            return sorted(
                ledger.execute("SELECT item_key, payload_digest FROM delivery_item WHERE kind <> 'draw'")
            )

    def in_ledger(self) -> set[str]:
        """What of people stands in the ledger's file and its journal."""
        files = self.here.home.glob("ledger.sqlite3*")
        return set().union(*(found_in(path.read_bytes(), PEOPLE) for path in files))


def run_campaign(home: Path, more: dict[str, str]) -> Campaign:
    setting = Setting(PLAN, objects=24, seed=3, key="canary", secret=SECRET)
    with Simulator(setting) as simulator:
        mark(simulator.world)
        here = Installation(
            home,
            {
                "DRAWBRIDGE_PLATFORM_URL": simulator.platform_url,
                "DRAWBRIDGE_PUBLICITY_URL": simulator.publicity_url,
                "DRAWBRIDGE_CLOCK_URL": simulator.control_url,
                "DRAWBRIDGE_APP_KEY": setting.key,
                "DRAWBRIDGE_APP_SECRET": SECRET,
                "DRAWBRIDGE_SOURCE": "canaries",
                "DRAWBRIDGE_MAX_WAIT_S": "60",
                "DRAWBRIDGE_POLL_S": "0.02",
                **more,
            },
        )
        with patch.object(flows.assign, "secrets", SameSalts):
            ran = here.call("run", PLAN, "--no-prefect", "--json")
        asked = httpx.get(f"{simulator.control_url}/control/writes", timeout=30, trust_env=False).json()
    accepted = sorted((row["endpoint"], row["key"], row["version"]) for row in asked["writes"])
    return Campaign(here, ran, accepted)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.write_text(f"2026 {base64.b64encode(bytes(range(KEY_BYTES))).decode()}\n")
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return run_campaign(tmp_path_factory.mktemp("plain") / "home", {})


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Campaign:
    return run_campaign(tmp_path_factory.mktemp("sealed") / "home", {"DRAWBRIDGE_KEY_FILE": str(key_file)})


def test_a_campaign_with_keys_leaves_nobody_in_the_ledger(sealed: Campaign) -> None:
    assert sealed.ran.code == 0, sealed.ran.err
    assert sealed.in_ledger() == set()
    exported = sealed.here.call("export", "roster", TASK, "-o", sealed.here.home / "list.xlsx")
    assert exported.code == 0, exported.err
    assert search([sealed.here.home], PEOPLE)["list.xlsx"] >= {"name", "certificate"}


def test_and_its_results_are_those_of_one_without(plain: Campaign, sealed: Campaign) -> None:
    assert sealed.told() == plain.told()
    assert sealed.accepted == plain.accepted
    assert len(sealed.accepted) > 10
    assert sealed.digests() == plain.digests()


def test_another_key_or_none_is_refused_and_the_doctor_says_so(sealed: Campaign, tmp_path: Path) -> None:
    other = tmp_path / "keys"
    other.write_text(f"2026 {base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}\n")
    alone = {"DRAWBRIDGE_PLATFORM_URL": ""}  # the mock is gone, and doctor would wait for it
    for more in ({"DRAWBRIDGE_KEY_FILE": str(other)} | alone, {"DRAWBRIDGE_KEY_FILE": ""} | alone):
        refused = sealed.here.call("campaign", "show", TASK, more=more)
        assert refused.code == 2
        assert "DB-LEDGER-011" in refused.err
        looked = sealed.here.call("doctor", "--json", more=more).document["findings"]
        (found,) = [one for one in looked if one["subject"] == "密钥"]
        assert not found["ok"]
        assert "DB-LEDGER-011" in found["found"]
    looked = sealed.here.call("doctor", "--json", more=alone).document["findings"]
    assert {"密钥": True, "审计链": True}.items() <= {one["subject"]: one["ok"] for one in looked}.items()


def test_the_command_seals_what_was_written_before_there_was_a_key(plain: Campaign, key_file: Path) -> None:
    """It changes the ledger of the campaign without keys: the last of these tests."""
    assert plain.in_ledger() == set(PEOPLE), "the marks were not taken over"
    assert "DB-LEDGER-013" in plain.here.call("keys", "apply").err
    plain.here.environment["DRAWBRIDGE_KEY_FILE"] = str(key_file)
    due = plain.here.call("keys", "status", "--json").document
    assert {"dir_row.body", "form.body", "delivery_item.payload", "delivery_batch.body"} <= due[
        "values"
    ].keys()
    done = plain.here.call("keys", "apply", "--json")
    assert done.document == due
    assert plain.in_ledger() == set(), "still in the database's free pages or its journal"
    assert "0 项" in plain.here.call("keys", "status").out
    assert json.loads(plain.here.call("audit", "verify", "--json").out)["broken_at"] is None
    exported = plain.here.call("export", "roster", TASK, "-o", plain.here.home / "list.xlsx")
    assert exported.code == 0, exported.err
    assert search([plain.here.home], PEOPLE)["list.xlsx"] >= {"name", "certificate"}
