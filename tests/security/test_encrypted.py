"""The approvers' secrets in the ledger: sealed, opened with the key alone, sealed anew with a newer one."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.approvers import code_at, enrol, try_code
from ledger.encrypted import KEY_BYTES, NO_KEYS, Keys, read_keys
from ledger.engine import Ledger, open_ledger
from ledger.tables import approver
from ledger.types import give_keys
from schemas.errors import DrawbridgeError
from tests.end_to_end.approvers import enrol as enrol_by_command
from tests.end_to_end.installation import Installation

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECRET = b"canary-of-a-device-1"
OLD = Keys({"2025": secrets.token_bytes(KEY_BYTES)})
NEW = Keys({"2026": secrets.token_bytes(KEY_BYTES), **OLD.by_name})


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    opened.close()


def stored(ledger: Ledger, who: str = "A01") -> bytes:
    with ledger.read() as tx:
        kept: bytes = tx.scalar(sa.select(approver.c.code_secret).where(approver.c.approver_id == who)) or b""
        return kept


def tried(ledger: Ledger, keys: Keys, minutes: int) -> str:
    at = NOW + timedelta(minutes=minutes)
    with ledger.write() as tx:
        give_keys(tx.dialect, keys)
        return try_code(tx, "A01", code_at(SECRET, at), at)[0]


def test_what_is_stored_is_not_the_secret_and_differs_each_time(ledger: Ledger) -> None:
    with ledger.write() as tx:
        give_keys(tx.dialect, OLD)
        enrol(tx, "A01", "主任", SECRET, NOW)
        enrol(tx, "A02", "主任", SECRET, NOW)
    assert SECRET not in stored(ledger)
    assert stored(ledger)[-36:] != stored(ledger, "A02")[-36:]
    assert tried(ledger, OLD, 1) == "good"


def test_without_the_key_or_in_another_row_it_does_not_open(ledger: Ledger) -> None:
    with ledger.write() as tx:
        give_keys(tx.dialect, OLD)
        enrol(tx, "A01", "主任", SECRET, NOW)
        enrol(tx, "A02", "主任", b"another secret of 20", NOW)
    other = Keys({"2025": secrets.token_bytes(KEY_BYTES)})
    for keys in (NO_KEYS, other, Keys({"2024": OLD.by_name["2025"]})):
        with pytest.raises(DrawbridgeError, match="DB-APPROVER-021"):
            tried(ledger, keys, 1)
    moved = stored(ledger, "A02")
    with ledger.write() as tx:
        tx.execute(approver.update().where(approver.c.approver_id == "A01").values(code_secret=moved))
    with pytest.raises(DrawbridgeError, match="DB-APPROVER-021"):
        tried(ledger, OLD, 1)


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b[:9]])
def test_what_was_changed_does_not_open(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(DrawbridgeError, match="DB-APPROVER-021"):
        OLD.unseal("a", change(OLD.seal("a", SECRET)))


@pytest.mark.parametrize("before", [NO_KEYS, OLD], ids=["not sealed", "an older key"])
def test_a_good_code_seals_anew(ledger: Ledger, before: Keys) -> None:
    with ledger.write() as tx:
        give_keys(tx.dialect, before)
        enrol(tx, "A01", "主任", SECRET, NOW)
    assert tried(ledger, NEW, 1) == "good"
    assert NEW.is_current(stored(ledger))
    assert tried(ledger, Keys({"2026": NEW.by_name["2026"]}), 2) == "good"


LINE = base64.b64encode(bytes(KEY_BYTES)).decode()


@pytest.mark.parametrize(
    "text", ["", "# none\n", LINE, f"a {LINE[:-8]}\n", f"a {LINE}\na {LINE}\n", "a ???\n", f"键 {LINE}\n"]
)
def test_a_file_that_is_none_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text, "utf-8")
    with pytest.raises(DrawbridgeError, match="DB-APPROVER-020") as caught:
        read_keys(path)
    assert LINE[:12] not in str(caught.value)


def test_an_installation_with_a_key_file_seals(installation: Installation, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(
        f"# made by openssl rand -base64 32\n2026 {base64.b64encode(bytes(range(32))).decode()}\n"
    )
    installation.environment["DRAWBRIDGE_KEY_FILE"] = str(keys)
    device = enrol_by_command(installation, "A01", "主任")
    enrol_by_command(installation, "A02", "副主任")
    files = [path.read_bytes() for path in installation.home.rglob("*") if path.is_file()]
    assert not any(device.secret in data for data in files)
    third = installation.call("approver", "add", "A03", "--role", "科长", *device.options())
    assert third.code == 0, third.err
    keys.unlink()
    refused = installation.call("approver", "add", "A04", "--role", "科长", *device.options(), "--json")
    assert refused.document["error"]["code"] == "DB-APPROVER-020"
