"""What an operator decides, and what a comparison with the other side finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from delivery.park import confirm_absent, confirm_delivered, parked
from delivery.reconcile import Finding, Held, compare, reconcile, record_reconciliation
from ledger.audit import events
from ledger.outbox import published_keys
from ledger.reconciliations import reconciliations
from schemas.errors import DrawbridgeError
from tests.delivery.conftest import TASK, Desk
from tests.delivery.system import START

DECIDED: dict[str, Any] = {
    "by_role": "经办",
    "second_role": "复核",
    "reason": "电话核实",
    "now": START,
    "wall": START,
}


def park(desk: Desk, stored: bool) -> None:
    desk.system.dedupes = desk.system.can_query = False
    desk.system.plan("commit_lose" if stored else "500_before")
    desk.queue(["A", "B"])
    assert desk.deliver().parked == 2


def test_the_evidence_is_shown(desk: Desk) -> None:
    park(desk, stored=True)
    with desk.ledger.read() as tx:
        entries = parked(tx, "record", TASK)
    assert [entry.item.key for entry in entries] == ["A", "B"]
    assert [(e.act, e.outcome, e.code) for e in entries[0].evidence] == [
        ("send", "unknown", "DB-PUBLICITY-004")
    ]


def test_delivered_after_all(desk: Desk) -> None:
    park(desk, stored=True)
    for key in ("A", "B", "B"):
        with desk.ledger.write() as tx:
            confirm_delivered(tx, "record", TASK, key, 1, receipt_no=f"R-{key}", **DECIDED)
    assert {item.key: item.receipt_no for item in desk.items()} == {"A": "R-A", "B": "R-B"}
    assert desk.deliver().sent == 0
    assert desk.states() == {"accepted": 2}
    with desk.ledger.read() as tx:
        decisions = events(tx, kind="operator-decided")
    assert [(d.facts["key"], d.facts["by_role"], d.facts["second_role"]) for d in decisions] == [
        ("A", "经办", "复核"),
        ("B", "经办", "复核"),
    ]


def test_absent_after_all_goes_out_under_a_new_number(desk: Desk) -> None:
    park(desk, stored=False)
    for key in ("A", "B"):
        with desk.ledger.write() as tx:
            confirm_absent(tx, "record", TASK, key, 1, **DECIDED)
    assert desk.deliver().accepted == 2
    assert len({batch_no for batch_no, _ in desk.system.sends}) == 2
    desk.check()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"second_role": "经办"}, "DB-DELIVERY-011"),
        ({"second_role": ""}, "DB-DELIVERY-011"),
        ({"reason": " "}, "DB-DELIVERY-012"),
        ({"receipt_no": ""}, "DB-DELIVERY-012"),
    ],
)
def test_two_people_and_a_reason_are_needed(sqlite_desk: Desk, change: dict[str, str], code: str) -> None:
    park(sqlite_desk, stored=True)
    arguments = {"receipt_no": "R", **DECIDED, **change}
    with pytest.raises(DrawbridgeError) as refusal, sqlite_desk.ledger.write() as tx:
        confirm_delivered(tx, "record", TASK, "A", 1, **arguments)
    assert refusal.value.code == code
    assert sqlite_desk.states() == {"parked": 2}


def test_only_what_is_parked_is_decided(sqlite_desk: Desk) -> None:
    sqlite_desk.queue(["A"])
    for decide, more, code in (
        (confirm_delivered, {"receipt_no": "R"}, "DB-DELIVERY-010"),
        (confirm_delivered, {"receipt_no": "R", "version": 9}, "DB-DELIVERY-003"),
    ):
        arguments: dict[str, Any] = {"version": 1, **DECIDED, **more}
        with pytest.raises(DrawbridgeError) as refusal, sqlite_desk.ledger.write() as tx:
            decide(tx, "record", TASK, "A", **arguments)
        assert refusal.value.code == code


def held_by(desk: Desk) -> dict[str, Held]:
    receipts = {row.key: row.receipt_no for stored in desk.system.held.values() for row in stored.rows}
    found: dict[str, Held] = {}
    for (key, version), copies in desk.system.records.items():
        found[key] = Held(version=version, copies=copies, receipt_no=receipts[key])
    return found


def test_what_agrees_gives_no_finding_and_is_recorded_once(desk: Desk) -> None:
    desk.queue(["A", "B", "C"])
    desk.deliver()
    for _ in range(2):
        assert reconcile(desk.ledger, TASK, "record", held_by(desk), now=START) == []
    with desk.ledger.read() as tx:
        (run,) = reconciliations(tx, TASK)
    assert run.counts == {"accepted": 3, "held": 3}


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda held: held.pop("A"), ("missing", "A")),
        (lambda held: held.update(A=Held(version=1, copies=2)), ("doubled", "A")),
        (lambda held: held.update(A=Held(version=3)), ("unexpected", "A")),
        (lambda held: held.update(A=Held(version=1, digest="x", receipt_no="other")), ("differing", "A")),
        (lambda held: held.update(Z=Held(version=1)), ("unexpected", "Z")),
    ],
    ids=["missing", "doubled", "later version", "other receipt", "unexpected"],
)
def test_what_does_not_agree_is_found_and_kept(
    desk: Desk, damage: Callable[[dict[str, Held]], object], expected: tuple[str, str]
) -> None:
    desk.queue(["A", "B"])
    desk.deliver()
    held = held_by(desk)
    damage(held)
    findings = reconcile(desk.ledger, TASK, "record", held, now=START)
    assert [(finding.kind, finding.key) for finding in findings] == [expected]
    with desk.ledger.read() as tx:
        (run,) = reconciliations(tx, TASK)
    assert [(kind, key) for kind, key, _ in run.findings] == [expected]
    assert run.counts[f"found_{expected[0]}"] == 1


def test_a_commit_after_the_window_is_found(sqlite_desk: Desk) -> None:
    """Nobody can prevent this double: the other side stores a message long after it denied holding it."""
    desk = sqlite_desk
    desk.system.plan("late:500")
    desk.queue(["A"])
    assert desk.until_quiet().accepted == 1
    desk.clock.advance(1000)
    desk.system.query("any")
    findings = reconcile(desk.ledger, TASK, "record", held_by(desk), now=START)
    assert findings == [Finding("doubled", "A", {"copies": 2, "proposal": "withdraw"})]
    assert desk.deliver().sent == 0  # proposed, never done by itself


def test_what_is_unknown_is_no_finding_either_way(sqlite_desk: Desk) -> None:
    park(sqlite_desk, stored=True)
    assert compare(sqlite_desk.items(), held_by(sqlite_desk)) == []
    assert compare(sqlite_desk.items(), {}) == []


def test_digests_are_compared_where_the_other_side_shows_them(sqlite_desk: Desk) -> None:
    sqlite_desk.queue(["A"])
    sqlite_desk.deliver()
    (finding,) = compare(sqlite_desk.items(), {"A": Held(digest="x")}, lambda payload: "y")
    assert finding.facts == {"digest": {"ours": "y", "theirs": "x"}}


def test_callers_may_record_findings_of_their_own(sqlite_desk: Desk) -> None:
    with sqlite_desk.ledger.write() as tx:
        first = record_reconciliation(tx, TASK, {"due": 1}, [Finding("not-held", "A")], START)
        again = record_reconciliation(tx, TASK, {"due": 1}, [Finding("not-held", "A")], START)
        second = record_reconciliation(tx, TASK, {"due": 1}, [], START)
    assert (first.run_no, again.run_no, second.run_no) == (1, 1, 2)


def test_published_are_the_enterprises_whose_record_stands(sqlite_desk: Desk) -> None:
    sqlite_desk.system.rejects = frozenset({"C"})
    sqlite_desk.queue(["A", "B", "C"])
    sqlite_desk.deliver()
    with sqlite_desk.ledger.read() as tx:
        assert published_keys(tx, TASK) == {"A", "B"}
