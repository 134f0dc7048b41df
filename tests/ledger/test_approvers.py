"""Approvers and their one-time codes: the standard's own values, and everything that is not a good code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.approvers import WRONG_CODES, approvers, code_at, dismiss, enrol, try_code
from ledger.audit import events, verify_audit
from ledger.engine import Ledger
from schemas.errors import DrawbridgeError

SECRET = b"12345678901234567890"
NOW = datetime(2024, 5, 28, 1, 0, tzinfo=UTC)


@pytest.fixture
def enrolled(ledger: Ledger) -> Ledger:
    with ledger.write() as tx:
        address = enrol(tx, "A01", "办公室主任", SECRET, NOW)
    assert address.startswith("otpauth://totp/drawbridge:A01?")
    return ledger


def tried(ledger: Ledger, code: str, at: datetime = NOW, who: str = "A01") -> str:
    with ledger.write() as tx:
        return try_code(tx, who, code, at)[0]


def test_codes_are_those_of_rfc_6238_appendix_b() -> None:
    # The standard prints eight digits; devices show the last six.
    printed = {59: "94287082", 1111111109: "07081804", 1234567890: "89005924", 20000000000: "65353130"}
    for second, eight in printed.items():
        assert code_at(SECRET, datetime.fromtimestamp(second, UTC)) == eight[2:]


def test_a_code_is_good_once_within_its_half_minute_and_the_ones_beside_it(enrolled: Ledger) -> None:
    code = code_at(SECRET, NOW)
    assert tried(enrolled, code, NOW + timedelta(seconds=31)) == "good"
    assert tried(enrolled, code, NOW + timedelta(seconds=32)) == "used"
    assert tried(enrolled, code_at(SECRET, NOW - timedelta(minutes=2))) == "wrong"
    assert tried(enrolled, code_at(SECRET, NOW + timedelta(minutes=2))) == "wrong"


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "０１２３４５", "1234567"])
def test_what_is_no_code_is_wrong(enrolled: Ledger, code: str) -> None:
    assert tried(enrolled, code) == "wrong"


def test_after_five_wrong_codes_a_good_one_waits_ten_minutes(enrolled: Ledger) -> None:
    for _ in range(WRONG_CODES):
        assert tried(enrolled, "not it") == "wrong"
    assert tried(enrolled, code_at(SECRET, NOW)) == "resting"
    later = NOW + timedelta(minutes=10, seconds=1)
    assert tried(enrolled, code_at(SECRET, later), later) == "good"


def test_who_left_approves_no_more_and_the_number_stays_taken(enrolled: Ledger) -> None:
    with enrolled.write() as tx:
        dismiss(tx, "A01", NOW)
    assert tried(enrolled, code_at(SECRET, NOW)) == "unknown"
    with enrolled.write() as tx, pytest.raises(DrawbridgeError) as taken:
        enrol(tx, "A01", "另一人", SECRET, NOW)
    assert taken.value.code == "DB-APPROVER-001"
    with enrolled.write() as tx, pytest.raises(DrawbridgeError) as unknown:
        dismiss(tx, "A02", NOW)
    assert unknown.value.code == "DB-APPROVER-002"
    with enrolled.read() as tx:
        assert [(one.approver_id, one.left_at) for one in approvers(tx)] == [("A01", NOW)]


def test_the_audit_chain_holds_it_and_no_secret(enrolled: Ledger) -> None:
    tried(enrolled, "000000")
    with enrolled.read() as tx:
        assert [event.kind for event in events(tx)] == ["approver-enrolled", "code-refused"]
        assert SECRET.decode() not in str(list(events(tx)))
    assert verify_audit(enrolled.engine).broken_at is None
